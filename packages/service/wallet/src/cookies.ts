/** The agent's two cookies for one site. They live in the partition of that site, and no script can read them. */
import { createHash } from 'node:crypto'

export const tokenCookieLifeS = 400 * 24 * 3_600

/** Name of the cookie that holds the agent's token of a site. */
export function tokenCookie(site: string): string {
  return `rivulet-agent-${digestOf(site)}`
}

/** Name of the cookie that holds the PKCE verifier of a site while it is being connected. */
export function verifierCookie(site: string): string {
  return `rivulet-verifier-${digestOf(site)}`
}

/** One cookie of a `Cookie` header (RFC 6265, section 4.2). */
export function cookieOf(header: string | undefined, name: string): string | undefined {
  for (const pair of (header ?? '').split(';')) {
    const at = pair.indexOf('=')
    if (at > 0 && pair.slice(0, at).trim() === name) return pair.slice(at + 1).trim()
  }
  return undefined
}

/** A `Set-Cookie` header; `lifeS` 0 clears it. Secure is accepted on http://localhost, too. */
export function agentCookie(name: string, value: string, lifeS: number): string {
  return `${name}=${value}; Path=/agent; Max-Age=${lifeS}; Secure; HttpOnly; SameSite=None; Partitioned`
}

function digestOf(site: string): string {
  return createHash('sha256').update(site).digest('hex').slice(0, 16)
}
