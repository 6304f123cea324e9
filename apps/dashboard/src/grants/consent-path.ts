/** Where clients send people to be asked. */
export const consentPrefix = '/auth/interact/'

/** Whether an address is that of a request for consent. */
export function isConsent(path: string): boolean {
  return path.startsWith(consentPrefix)
}
