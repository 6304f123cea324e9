import { ErrorCode, type Link, linkRefusals, type Prepare, reject, type Reply } from '@rivulet/ilp'
import { TestClock } from '@rivulet/time/testing'
import { expect, test } from 'vitest'
import { StreamSender } from './sender.ts'
import { specOf, TestPeer, Told } from './test-peer.ts'

const sharedSecret = Buffer.alloc(32, 7)
const rate = 100_000n

/** Takes so many packets at a time, as a BTP connection does, and brings one after the other. */
class NarrowLink implements Link {
  readonly #clock: TestClock
  readonly #peer: TestPeer
  readonly #packetsMax: number
  /** Milliseconds that each packet takes. */
  packetMs: number
  takes = true
  /** Destinations that answer as if the link were full. */
  readonly busyFor = new Set<string>()
  underWay = 0
  mostUnderWay = 0
  refused = 0
  #freeAtMs = 0

  constructor(clock: TestClock, { packetsMax, packetMs }: { readonly packetsMax: number; readonly packetMs: number }) {
    this.#clock = clock
    this.#peer = new TestPeer(clock, sharedSecret)
    this.#packetsMax = packetsMax
    this.packetMs = packetMs
  }

  async send(prepare: Prepare): Promise<Reply> {
    if (!this.takes || this.underWay >= this.#packetsMax) {
      this.refused += 1
      return linkRefusals.busy
    }
    this.underWay += 1
    this.mostUnderWay = Math.max(this.mostUnderWay, this.underWay)
    const nowMs = this.#clock.monotonicMs()
    this.#freeAtMs = Math.max(this.#freeAtMs, nowMs) + this.packetMs
    await this.#clock.sleep(this.#freeAtMs - nowMs)
    this.underWay -= 1
    if (this.busyFor.has(prepare.destination)) return reject(ErrorCode.connectorBusy, '', linkRefusals.busy.message)
    return this.#peer.send(prepare)
  }
}

/** Numbers that look random and are the same each time. */
function chance(): () => number {
  let state = 7
  return () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647
}

/** Streams on one link, whose wallet renews a lease of a minute half a second after it is asked. */
function crowd(streams: number, narrow: { readonly packetsMax: number; readonly packetMs: number }, destinationOf = (_index: number) => 'test.receiver.token') {
  const clock = new TestClock()
  const link = new NarrowLink(clock, narrow)
  const sender = new StreamSender({ clock, random: chance() })
  const leaseOfAMinute = () => ({ held: 10n ** 12n, sequenceCeiling: 1_000_000, sendUntilMs: clock.nowMs() + 60_000 })
  const failures: unknown[] = []
  const open = Array.from({ length: streams }, (_, index) => {
    const told = new Told()
    told.failed = (_stream, reason, message) => failures.push({ reason, message })
    told.onLeaseLow = (stream) => void clock.sleep(500).then(() => stream.state !== 'closed' && stream.extend(leaseOfAMinute()))
    return sender.open(specOf(clock, link, { listener: told, rate, lease: leaseOfAMinute(), destination: destinationOf(index) }))
  })
  return { clock, link, sender, open, failures }
}

/** What each stream paid meanwhile, the least first. */
async function paidWithin(ms: number, { clock, open }: ReturnType<typeof crowd>): Promise<bigint[]> {
  const before = open.map(({ paid }) => paid)
  await clock.advance(ms)
  return open.map(({ paid }, index) => paid - (before[index] ?? 0n)).toSorted((one, other) => (one < other ? -1 : 1))
}

test.each([
  { streams: 60, is: 'half of the packets that are due: they grow, and everything is paid', leastSeconds: 112n },
  { streams: 300, is: 'a tenth: what a stream cannot catch up is forgiven alike', leastSeconds: 50n },
])('a link takes $is; no stream gets less than the others, or ends', async ({ streams, leastSeconds }) => {
  const all = crowd(streams, { packetsMax: 20, packetMs: 33 })
  await all.clock.advance(10_000)
  const refusedBefore = all.link.refused
  const shares = await paidWithin(120_000, all)
  expect(all.failures).toEqual([])
  expect(all.sender.waiting).toBeGreaterThan(streams / 4)
  const [least = 0n, most = 0n] = [shares[0], shares.at(-1)]
  expect(least).toBeGreaterThan(rate * leastSeconds)
  expect(most * 10n).toBeLessThan(least * 13n)
  // The link is not asked for what it cannot take but for a look now and then.
  expect(all.link.refused - refusedBefore).toBeLessThan(2 * 120)
})

test('when a link is quick again every stream is back at a packet a second within seconds, and no more are under way than before', async () => {
  const all = crowd(60, { packetsMax: 20, packetMs: 33 })
  await all.clock.advance(60_000)
  all.link.packetMs = 4
  await all.clock.advance(5_000)
  const shares = await paidWithin(10_000, all)
  expect([shares[0], shares.at(-1)]).toEqual([rate * 10n, rate * 10n])
  expect(all.link.mostUnderWay).toBe(20)
  expect(all.sender.waiting).toBe(0)
})

test('a link that answers nothing for half a minute is tried now and then, and all go on when it answers; after a minute all are given up', async () => {
  const all = crowd(60, { packetsMax: 20, packetMs: 33 })
  await all.clock.advance(10_000)
  all.link.takes = false
  const refusedBefore = all.link.refused
  await all.clock.advance(30_000)
  expect(all.link.refused - refusedBefore).toBeLessThan(40 + 60)
  all.link.takes = true
  await all.clock.advance(15_000)
  expect((await paidWithin(10_000, all))[0]).toBeGreaterThan(rate * 7n)
  expect(all.failures).toEqual([])
  all.link.takes = false
  await all.clock.advance(63_000)
  expect(all.failures).toHaveLength(60)
  expect(all.failures[0]).toEqual({ reason: 'receiver-unreachable', message: expect.stringMatching(/no packet was answered for 60 s.*T03/) as string })
  expect([all.sender.size, all.sender.waiting]).toEqual([0, 0])
})

test('streams that wait may be paused, resumed and closed; whoever comes after them is served', async () => {
  const all = crowd(60, { packetsMax: 20, packetMs: 33 })
  await all.clock.advance(10_000)
  const [first, ...others] = all.open
  for (const stream of others.slice(0, 30)) void stream.close()
  expect(all.sender.waiting).toBeGreaterThan(10)
  for (const stream of others.slice(30)) stream.pause()
  expect(all.sender.waiting).toBeLessThanOrEqual(1)
  await all.clock.advance(5_000)
  const before = first?.paid ?? 0n
  await all.clock.advance(10_000)
  expect((first?.paid ?? 0n) - before).toBe(rate * 10n)
  for (const stream of others.slice(30)) stream.resume()
  await all.clock.advance(5_000)
  expect((await paidWithin(10_000, { ...all, open: others.slice(30) }))[0]).toBeGreaterThan(rate * 7n)
  expect(all.failures).toEqual([])
})

test.each([
  { packetMs: 4, is: 'takes all: the others are paid every second', least: 10n },
  { packetMs: 33, is: 'takes half: the others are paid alike', least: 8n },
])('receivers that answer T03 to everything wait by themselves, and a link that $is', async ({ packetMs, least }) => {
  const all = crowd(60, { packetsMax: 20, packetMs }, (index) => (index < 20 ? 'test.busy' : 'test.receiver.token'))
  all.link.busyFor.add('test.busy')
  await all.clock.advance(20_000)
  const shares = await paidWithin(10_000, { ...all, open: all.open.slice(20) })
  expect(shares[0]).toBeGreaterThanOrEqual(rate * least)
  expect((shares.at(-1) ?? 0n) * 10n).toBeLessThan((shares[0] ?? 0n) * 15n)
  expect(all.open.slice(0, 20).every(({ paid }) => paid === 0n)).toBe(true)
  expect(all.failures).toEqual([])
})
