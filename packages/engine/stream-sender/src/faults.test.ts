/** Whatever the network does, a stream never spends beyond its lease and never forgets a unit. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { FrameType } from '@rivulet/stream'
import { TestClock } from '@rivulet/time/testing'
import { StreamSender } from './sender.ts'
import { type Fate, specOf, TestPeer, Told } from './test-peer.ts'
import type { SendingStream } from './types.ts'

const fate: fc.Arbitrary<Fate> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('deliver'), afterMs: fc.integer({ min: 1, max: 4_000 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('deliver'), afterMs: fc.integer({ min: 15_000, max: 60_000 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('lose', 'lose-reply', 'closed') }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('no-answer'), delivered: fc.boolean(), afterMs: fc.nat(20_000) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('reject'), code: fc.constantFrom('T00', 'T02', 'T05', 'R00', 'F08'), afterMs: fc.nat(3_000) }) },
)
const deed = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('wait'), ms: fc.integer({ min: 100, max: 8_000 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('pause', 'resume', 'stall', 'extend', 'faster'), ms: fc.integer({ min: 0, max: 9_000 }) }) },
)

function spent({ paid, inFlight, inDoubt }: SendingStream): bigint {
  return paid + inFlight + inDoubt
}

test('paid + in flight + in doubt never exceed the lease, what was paid never shrinks, and every unit sent is paid, rejected or in doubt', async () => {
  await fc.assert(fc.asyncProperty(fc.infiniteStream(fate), fc.array(deed, { minLength: 5, maxLength: 25 }), fc.bigInt({ min: 100_000n, max: 4_000_000n }), async (fates, deeds, held) => {
    const clock = new TestClock()
    const peer = new TestPeer(clock, Buffer.alloc(32, 7))
    const told = new Told()
    let lease = { held, sequenceCeiling: 40, sendUntilMs: clock.nowMs() + 90_000 }
    const broken: string[] = []
    const sender = new StreamSender({ clock, random: () => 0.3 })
    const stream = sender.open(specOf(clock, peer, { listener: told, lease }))
    let paidBefore = 0n
    peer.fate = ({ prepare, packet }) => {
      if (spent(stream) > lease.held) broken.push(`${spent(stream)} of ${lease.held} at sequence ${packet.sequence}`)
      if (packet.sequence > lease.sequenceCeiling || prepare.expiresAtMs > lease.sendUntilMs) broken.push(`sequence ${packet.sequence} beyond the lease`)
      if (prepare.amount > 0n && packet.amount === 0n) broken.push('a minimum of 0')
      return fates.next().value
    }
    const look = () => {
      if (spent(stream) > lease.held) broken.push(`${spent(stream)} of ${lease.held}`)
      if (stream.paid < paidBefore) broken.push(`paid fell from ${paidBefore} to ${stream.paid}`)
      paidBefore = stream.paid
    }
    for (const { kind, ms } of deeds) {
      if (kind === 'pause') stream.pause()
      else if (kind === 'resume') stream.resume()
      else if (kind === 'faster') stream.setRate(100_000n + BigInt(ms))
      else if (kind === 'stall') clock.jump(ms)
      else if (kind === 'extend') {
        lease = { held: lease.held + 500_000n, sequenceCeiling: lease.sequenceCeiling + 20, sendUntilMs: lease.sendUntilMs + 30_000 }
        stream.extend(lease)
      } else await clock.advance(ms)
      look()
    }
    const closed = stream.close()
    await clock.advance(90_000)
    look()
    const counters = await closed
    expect(broken).toEqual([])
    expect(counters.inFlight).toBe(0n)
    expect(sender.size).toBe(0)
    expect(new Set(peer.seen.map(({ packet }) => packet.sequence)).size).toBe(peer.seen.length)
    const sent = peer.money.reduce((sum, { prepare }) => sum + prepare.amount, 0n)
    expect(told.fulfilledAmounts.reduce((sum, amount) => sum + amount, 0n)).toBe(stream.paid)
    expect(stream.packets).toBe(peer.money.length)
    expect(sent).toBeGreaterThanOrEqual(spent(stream))
    // What the receiver has and we do not know of is in doubt; what we think paid, it has.
    expect(peer.received).toBeGreaterThanOrEqual(stream.paid)
    expect(peer.received).toBeLessThanOrEqual(stream.paid + stream.inDoubt)
    expect(peer.framesOf(FrameType.connectionClose).length).toBeLessThanOrEqual(1)
  }), { numRuns: 40 })
})
