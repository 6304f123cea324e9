import { ErrorCode, isFulfill, reject, type Reply } from '@rivulet/ilp'
import type { Exposures } from '../exposures.ts'
import type { CreditLine } from '../peer.ts'
import { attempt, type Next, type Packet, type Rule } from '../rule.ts'

/**
 * A peer that pays us by Fulfills alone is trusted only as far as its limit: packets in flight count as if they had been fulfilled, and beyond the limit answer T04
 * until the peer settles. What we owe the next peer is counted when its Fulfill is in. Packets of our own role are backed by the ledger, not by this rule.
 */
export function balanceRule(address: string, exposures: Exposures): Rule {
  const through = (packet: Packet, next: Next, line: CreditLine): Promise<Reply> => {
    const { amount } = packet.prepare
    return attempt(packet, next).then(
      (reply) => {
        line.release(amount, isFulfill(reply))
        return reply
      },
      (error: unknown) => {
        // Without an answer we give none before the packet expires, so that the peer owes nothing for it.
        line.release(amount, false)
        throw error
      },
    )
  }
  const refused = ({ from }: Packet): Reply =>
    reject(ErrorCode.insufficientLiquidity, address, `${from.id} would owe more than ${from.limits.owedMax} units; settle, or send less at once`)

  return (packet, next) => {
    const { prepare, from } = packet
    if (from.link === undefined || prepare.amount === 0n) return next(packet)
    const line = exposures.lineOf(from)
    const reserved = line.reserve(prepare.amount)
    if (typeof reserved === 'boolean') return reserved ? through(packet, next, line) : Promise.resolve(refused(packet))
    return reserved.then((enough) => (enough ? through(packet, next, line) : refused(packet)))
  }
}
