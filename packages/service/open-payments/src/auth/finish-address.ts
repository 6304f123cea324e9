import { createHash } from 'node:crypto'
import type { Finished } from '@rivulet/gnap'

/**
 * Where the person's browser goes after deciding: the client's own URI, with the reference and the hash that proves it came from here (RFC 9635, section 4.2.3),
 * or with `result`. @param grantEndpoint as wallet addresses name their authServer
 */
export function finishAddress(finished: Finished, grantEndpoint: string): string {
  const address = new URL(finished.uri)
  if (finished.type === 'accepted') {
    address.searchParams.set('hash', finishHash(finished, grantEndpoint))
    address.searchParams.set('interact_ref', finished.reference)
  } else {
    address.searchParams.set('result', finished.type === 'declined' ? 'grant_rejected' : 'grant_invalid')
  }
  return address.href
}

/** Standard base64 with padding: clients compare it as text. */
function finishHash({ clientNonce, serverNonce, reference }: Finished & { readonly type: 'accepted' }, grantEndpoint: string): string {
  return createHash('sha256').update([clientNonce, serverNonce, reference, grantEndpoint].join('\n')).digest('base64')
}
