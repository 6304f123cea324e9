import { Fault } from '@rivulet/faults'

/** Text that is not a payment pointer, nor the URL of one. The message says what is wrong with it. */
export class PointerFault extends Fault<'pointer-invalid'> {}

export interface PointerOptions {
  /** Accept http, ports and loopback hosts. For sandboxes only. Default false. */
  readonly allowLocal?: boolean
}

const pointerCharactersMax = 2048

/**
 * The URL of a payment pointer `$host/path` (RFC 26; `$host` alone means `/.well-known/pay`) or of a wallet address already written as a
 * URL, normalised. Query, fragment and user information are never accepted; http, a port and a loopback host only with `allowLocal`, where
 * `$localhost:4001/name` means http. Throws `pointer-invalid`.
 */
export function parsePointer(text: string, options: PointerOptions = {}): URL {
  const allowLocal = options.allowLocal === true
  const refuse = (why: string): never => {
    throw new PointerFault('pointer-invalid', `${JSON.stringify(text.slice(0, 100))} is not a payment pointer: ${why}`)
  }
  if (text.length > pointerCharactersMax) return refuse(`longer than ${pointerCharactersMax} characters`)
  if (text === '') return refuse('it is empty')
  // The URL parser drops tabs and newlines and takes a backslash for a slash: such text would name another host than the one that is read.
  if (/[\s\\]/.test(text) || hasControlCharacter(text)) return refuse('remove spaces, backslashes and control characters')
  const match = /^(\$|https?:\/\/)([^/?#]*)(.*)$/i.exec(text)
  if (match === null) return refuse('write $host/path or https://host/path')
  const [, prefix = '', authority = '', rest = ''] = match
  if (rest.includes('?')) return refuse('remove the query')
  if (rest.includes('#')) return refuse('remove the fragment')
  if (authority.includes('@')) return refuse('remove the user name and password')
  if (authority === '') return refuse('the host is missing')
  const url = prefix === '$' ? pointerUrl(authority, rest, allowLocal) : parseUrl(text)
  if (url === undefined) return refuse('the host is not valid')
  if (allowLocal) return url
  if (url.protocol !== 'https:') return refuse('use https')
  if (/:[0-9]*$/.test(authority)) return refuse('remove the port')
  if (isLoopback(url.hostname)) return refuse('a loopback host is accepted in a sandbox only')
  return url
}

function pointerUrl(authority: string, path: string, allowLocal: boolean): URL | undefined {
  const url = parseUrl(`https://${authority}${path === '' || path === '/' ? '/.well-known/pay' : path}`)
  // The scheme is set in the text: port 443, when written out, would be lost in a URL that was https once.
  return url !== undefined && allowLocal && isLoopback(url.hostname) ? parseUrl(`http://${authority}${url.pathname}`) : url
}

function parseUrl(text: string): URL | undefined {
  return URL.canParse(text) ? new URL(text) : undefined
}

function hasControlCharacter(text: string): boolean {
  for (const character of text) {
    const code = character.charCodeAt(0)
    if (code < 0x20 || code === 0x7f) return true
  }
  return false
}

/** Whether a URL's `hostname` names this machine: localhost and its subdomains, 127.0.0.0/8, ::1, and the unspecified addresses. */
export function isLoopback(hostname: string): boolean {
  return /^(?:(?:.+\.)?localhost\.?|127(?:\.[0-9]{1,3}){3}|0\.0\.0\.0|\[::1?\]|\[::ffff:7f[0-9a-f]{2}:[0-9a-f]{1,4}\])$/i.test(hostname)
}
