import { AccountsFault } from './types.ts'

const pathCharactersMax = 40
const pathPattern = /^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$/

/** First segments that the servers use themselves. */
const reserved = new Set([
  'about', 'activity', 'addresses', 'agent', 'api', 'api-keys', 'assets', 'auth', 'confirm', 'connect', 'forgotten', 'get-started', 'grants', 'healthz', 'help', 'home', 'ilp', 'income', 'incoming-payments', 'instance', 'interact', 'jwks', 'jwks-json', 'keys', 'limits', 'live', 'mailbox', 'metrics', 'monetize-js', 'outgoing-payment-grant', 'outgoing-payments', 'payouts', 'pointers', 'privacy', 'quotes', 'readyz', 'reference', 'reset', 'revenue', 'security', 'settings', 'sign-in',
  'sign-out', 'sign-up', 'sites', 'splits', 'start', 'statements', 'static', 'subscription', 'tip', 'tips', 'webhooks',
])

/** Whether `path` has the form of a wallet address, taken or not. */
export function isPath(path: string): boolean {
  return pathPattern.test(path) && !reserved.has(path)
}

/** Returns `path` when it may name a wallet address. Throws `path-invalid`. */
export function checkPath(path: string): string {
  if (!pathPattern.test(path)) throw new AccountsFault('path-invalid', `a wallet address is 1 to ${pathCharactersMax} of a-z, 0-9 and inner hyphens: ${JSON.stringify(path.slice(0, 60))}`)
  if (reserved.has(path)) throw new AccountsFault('path-invalid', `this wallet address is reserved, choose another: ${path}`)
  return path
}

/** A path made from a name as people write it: "Zoë's Garden" becomes `zoes-garden`. Never reserved, never empty. */
export function pathOfName(name: string): string {
  const plain = name.normalize('NFKD').toLowerCase().replace(/[\p{M}'’]/gu, '').replace(/[^a-z0-9]+/g, '-')
  // Eight places are left for a suffix that makes it unique.
  const path = plain.replace(/^-+/, '').slice(0, pathCharactersMax - 8).replace(/-+$/, '')
  return path === '' || reserved.has(path) ? `wallet-${path}`.replace(/-$/, '') : path
}
