/** Which message of ISO 20022 a bank takes for credit transfers. */
export const painVersions = ['pain.001.001.09', 'pain.001.001.03'] as const
export type PainVersion = (typeof painVersions)[number]
