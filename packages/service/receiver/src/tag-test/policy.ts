/** What a page's Content-Security-Policy lets it load (CSP level 3, section 6.7). */
import parsePolicy from 'content-security-policy-parser'

export type LoadKind = 'script' | 'frame' | 'monetization'

/** Which directive speaks for a load, the most particular first. */
const directives: Record<LoadKind, readonly string[]> = {
  script: ['script-src-elem', 'script-src', 'default-src'],
  frame: ['frame-src', 'child-src', 'default-src'],
  monetization: ['monetization-src', 'default-src'],
}

/** The directive that forbids it, as the page wrote it; undefined when the policies allow it. @param policies as headers and `<meta>` carry them: all must allow it */
export function forbiddenBy(policies: readonly string[], kind: LoadKind, { url, page, nonce }: { readonly url: URL; readonly page: URL; readonly nonce?: string | undefined }): string | undefined {
  // A header may carry several policies, parted by commas.
  for (const text of policies.flatMap((policy) => policy.split(','))) {
    const policy = parsePolicy(text)
    const name = directives[kind].find((directive) => policy.has(directive))
    const sources = name === undefined ? undefined : policy.get(name)
    if (name !== undefined && sources !== undefined && !allows(sources, { kind, url, page, nonce })) return `${name} ${sources.join(' ')}`.trim()
  }
  return undefined
}

function allows(sources: readonly string[], { kind, url, page, nonce }: { readonly kind: LoadKind; readonly url: URL; readonly page: URL; readonly nonce: string | undefined }): boolean {
  if (kind === 'script' && nonce !== undefined && sources.includes(`'nonce-${nonce}'`)) return true
  // With strict-dynamic only nonces and hashes count: hosts are passed over.
  if (kind === 'script' && sources.some((source) => source.toLowerCase() === "'strict-dynamic'")) return false
  return sources.some((source) => sourceMatches(source, url, page))
}

function sourceMatches(source: string, url: URL, page: URL): boolean {
  const lower = source.toLowerCase()
  if (lower === "'self'") return url.origin === page.origin
  if (lower === '*') return /^https?:$/.test(url.protocol)
  if (/^[a-z][a-z0-9+.-]*:$/.test(lower)) return schemeMatches(lower.slice(0, -1), url)
  const match = /^(?:([a-z][a-z0-9+.-]*):\/\/)?([^/:]+|\[[^\]]+\])(?::(\d+|\*))?(\/.*)?$/i.exec(source)
  if (match === null || source.startsWith("'")) return false
  const [, scheme, host = '', port, path] = match
  if (!schemeMatches(scheme?.toLowerCase() ?? page.protocol.slice(0, -1), url)) return false
  const name = host.toLowerCase()
  if (name.startsWith('*.') ? !url.hostname.endsWith(name.slice(1)) : name !== '*' && name !== url.hostname) return false
  const standard = url.protocol === 'https:' ? '443' : '80'
  if (port !== undefined && port !== '*' && port !== (url.port === '' ? standard : url.port)) return false
  if (port === undefined && url.port !== '' && url.port !== standard) return false
  if (path === undefined || path === '/') return true
  return path.endsWith('/') ? url.pathname.startsWith(path) : url.pathname === path
}

/** http in a policy allows https too. */
function schemeMatches(scheme: string, url: URL): boolean {
  return `${scheme}:` === url.protocol || (scheme === 'http' && url.protocol === 'https:')
}
