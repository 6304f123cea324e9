import type { IncomingMessage } from 'node:http'

/**
 * The IP address that a request came from. Behind `proxyHops` proxies of our own it is what the first of them wrote into X-Forwarded-For;
 * without proxies that header is anybody's word and is not read.
 */
export function clientAddressOf(request: IncomingMessage, proxyHops: number): string {
  const peer = request.socket.remoteAddress ?? ''
  if (proxyHops === 0) return peer
  const header = request.headers['x-forwarded-for']
  const forwarded = (Array.isArray(header) ? header.join(',') : (header ?? '')).split(',').map((part) => part.trim())
  return forwarded.at(-proxyHops) ?? peer
}
