import { hash } from 'node:crypto'
import { ErrorCode, isFulfill, type Prepare, reject, type Reply } from '@rivulet/ilp'
import type { Exposures } from '../exposures.ts'
import type { Peer } from '../peer.ts'
import type { Packet, Rule } from '../rule.ts'

/**
 * The last rule: hands the packet to whom its destination names, or answers F02. A Fulfill of a peer counts only when its preimage fits the condition (F05
 * otherwise): with a false one we would have to pay the peer and could not claim the same from the sender.
 */
export function routeRule(address: string, exposures: Exposures): Rule {
  const checked = (reply: Reply, prepare: Prepare, peer: Peer): Reply => {
    if (!isFulfill(reply)) return reply
    const fits = prepare.fulfillment === undefined ? hash('sha256', reply.fulfillment, 'buffer').equals(prepare.condition) : reply.fulfillment.equals(prepare.fulfillment)
    if (!fits) {
      return reject(ErrorCode.wrongCondition, address, `${peer.id} answered with a preimage that does not fit the condition`)
    }
    if (prepare.amount > 0n) exposures.reduce(peer, prepare.amount)
    return reply
  }
  const forward = ({ prepare, late }: Packet, peer: Peer): Promise<Reply> => {
    if (peer.link === undefined) return Promise.resolve(reject(ErrorCode.unreachable, address, 'no route leads to this process itself'))
    const hears = late && { wantedUntilMs: () => late.wantedUntilMs(), hear: (reply: Reply) => late.hear(checked(reply, prepare, peer)) }
    return peer.link.send(prepare, hears).then((reply) => checked(reply, prepare, peer))
  }
  return (packet) => {
    const { prepare, from, to } = packet
    switch (to?.kind) {
      case undefined:
        return Promise.resolve(reject(ErrorCode.unreachable, address, `no route to ${prepare.destination}`))
      case 'local':
        return to.handler(prepare, from)
      case 'peer':
        return forward(packet, to.peer)
    }
  }
}
