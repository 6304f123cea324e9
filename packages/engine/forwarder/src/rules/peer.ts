import { ErrorCode, reject } from '@rivulet/ilp'
import type { Rule } from '../rule.ts'
import { tooLarge } from './size.ts'

/** What one peer may ask of another: packets of its size, while it is not paused, not back to itself nor on to another operator, and nothing that is meant for the hop alone (`peer.`, RFC 15). */
export function peerRule(address: string): Rule {
  return (packet, next) => {
    const { prepare, from, to } = packet
    const pausedPeer = from.paused === true ? from : to?.kind === 'peer' && to.peer.paused === true ? to.peer : undefined
    if (pausedPeer !== undefined) return Promise.resolve(reject(ErrorCode.peerUnreachable, address, `${pausedPeer.id} is paused`))
    if (prepare.amount > from.limits.packetAmountMax) return Promise.resolve(tooLarge(address, prepare.amount, from.limits.packetAmountMax))
    if (to?.kind === 'peer') {
      if (prepare.destination.startsWith('peer.')) return Promise.resolve(reject(ErrorCode.unreachable, address, 'addresses below peer. are never forwarded'))
      if (from.external === true && to.peer.external === true) return Promise.resolve(reject(ErrorCode.unreachable, address, 'nothing is carried from one peer to another here'))
      if (to.peer === from) return Promise.resolve(reject(ErrorCode.unreachable, address, 'the packet would go back to where it came from'))
    }
    return next(packet)
  }
}
