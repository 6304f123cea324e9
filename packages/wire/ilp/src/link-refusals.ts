import { ErrorCode, reject } from './error-codes.ts'
import type { Reply } from './packet.ts'

/** What a link answers, of its own, for a packet that it did not send. They are known by identity: what comes from a peer, whatever it says, is none of them. */
export const linkRefusals = {
  /** As much as the link takes waits for answers, or to be written. */
  busy: reject(ErrorCode.connectorBusy, '', 'too much waits to be sent to the peer; send more slowly'),
  notConnected: reject(ErrorCode.peerUnreachable, '', 'there is no connection to the peer'),
  expired: reject(ErrorCode.transferTimedOut, '', 'the packet had expired before it could be sent'),
} as const

const all = new Set<Reply>(Object.values(linkRefusals))

/** Whether a link of our own said so: the packet never left. */
export function isLinkRefusal(reply: Reply): boolean {
  return all.has(reply)
}
