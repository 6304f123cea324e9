/** Paths of the sandbox's demo accounts, see apps/rivulet/src/demo.ts. */
export const demoSubscribers = ['alice', 'ben'] as const
export const demoPublishers = ['mara', 'tomas', 'ines'] as const
