import { ErrorCode, reject, type Reply } from '@rivulet/ilp'
import type { Clock } from '@rivulet/time'
import type { Peer } from '../peer.ts'
import type { Next, Packet, Rule } from '../rule.ts'

/** Longest that an outgoing packet waits for its turn. */
const turnWaitMsMax = 1_000

/**
 * Takes no more packets from a peer than agreed (T05), and lets ours to a paced peer leave one by one: some peers break when the same number comes unevenly.
 * Each peer has one number, the moment at which its next packet is due (the generic cell rate algorithm); it goes away with the peer.
 */
export function rateLimitRule(address: string, clock: Clock): Rule {
  const dueIn = new WeakMap<Peer, number>()
  const dueOut = new WeakMap<Peer, number>()
  const busy = (whose: string): Promise<Reply> =>
    Promise.resolve(reject(ErrorCode.rateLimited, address, `more packets ${whose} than agreed; send more slowly`))

  const wait = async (waitMs: number, packet: Packet, next: Next): Promise<Reply> => {
    await clock.sleep(waitMs)
    return next(packet)
  }

  return (packet, next) => {
    const { from, to } = packet
    const nowMs = clock.monotonicMs()
    if (from.link !== undefined) {
      const spacingMs = 1_000 / from.limits.packetsPerSecondMax
      const dueMs = Math.max(dueIn.get(from) ?? nowMs, nowMs)
      if (dueMs - nowMs > spacingMs * (from.limits.packetsBurstMax - 1)) return busy(`from ${from.id}`)
      dueIn.set(from, dueMs + spacingMs)
    }
    if (to?.kind !== 'peer' || to.peer.limits.outgoingPacketsPerSecondMax === undefined) return next(packet)
    const dueMs = Math.max(dueOut.get(to.peer) ?? nowMs, nowMs)
    const waitMs = dueMs - nowMs
    if (waitMs > turnWaitMsMax) return busy(`to ${to.peer.id}`)
    dueOut.set(to.peer, dueMs + 1_000 / to.peer.limits.outgoingPacketsPerSecondMax)
    return waitMs === 0 ? next(packet) : wait(waitMs, packet, next)
  }
}
