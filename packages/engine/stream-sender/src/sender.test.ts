import { expect, test } from 'vitest'
import { encodeAmountTooLarge, ErrorCode, isFulfill, PacketFault, PacketType, type Prepare, reject } from '@rivulet/ilp'
import { encodeReceipt, type Frame, FrameType } from '@rivulet/stream'
import { TestClock } from '@rivulet/time/testing'
import { StreamSender, StreamSenderFault } from './sender.ts'
import { specOf, TestPeer, Told } from './test-peer.ts'
import type { SendingStream, StreamSpec } from './types.ts'

const sharedSecret = Buffer.alloc(32, 7)

function open(changes: Partial<StreamSpec> = {}) {
  const clock = new TestClock()
  const peer = new TestPeer(clock, sharedSecret)
  const told = new Told()
  const sender = new StreamSender({ clock, random: () => 0.5 })
  const stream = sender.open(specOf(clock, peer, { listener: told, ...changes }))
  return { clock, peer, told, sender, stream }
}

/** A way that brings each packet up to `unitsMax` after `afterMs`, and says of a larger one that it is. */
function takesAtMost(unitsMax: bigint, afterMs: number): TestPeer['fate'] {
  return ({ prepare: { amount } }) => (amount > unitsMax ? { kind: 'reject', code: 'F08', data: encodeAmountTooLarge({ receivedAmount: amount, maximumAmount: unitsMax }), afterMs: 5 } : { kind: 'deliver', afterMs })
}

test('the first packet leaves at once, with money and the greeting; then one a second, amounts equal to rate x time', async () => {
  const { clock, peer, told, stream } = open()
  await clock.advance(10_000)
  const [first, second] = peer.money
  expect(first?.atMs).toBe(25)
  expect(first?.prepare.amount).toBe(2_500n)
  expect(first?.packet.frames.map(({ type }) => type)).toEqual([FrameType.connectionNewAddress, FrameType.connectionAssetDetails, FrameType.streamMoney])
  expect(second?.packet.frames).toEqual([{ type: FrameType.streamMoney, streamId: 1, shares: 1n }])
  expect(peer.money.slice(1).map(({ atMs }) => atMs)).toEqual([1_000, 2_000, 3_000, 4_000, 5_000, 6_000, 7_000, 8_000, 9_000, 10_000])
  expect(stream.inFlight).toBe(100_000n)
  await clock.advance(10)
  expect(stream.paid).toBe(1_000_000n)
  expect(peer.received).toBe(1_000_000n)
  expect(stream).toMatchObject({ delivered: 1_000_000n, inFlight: 0n, inDoubt: 0n, packets: 11, fulfilled: 11, rejected: 0 })
  expect(told.fulfilledAmounts.reduce((sum, amount) => sum + amount)).toBe(1_000_000n)
  expect(peer.money.every(({ prepare, packet }) => packet.amount === prepare.amount && prepare.destination === 'test.receiver.token')).toBe(true)
  expect(peer.money.map(({ packet }) => packet.sequence)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11])
})

test('the ticks of many streams are spread over the second', async () => {
  const clock = new TestClock()
  const peer = new TestPeer(clock, sharedSecret)
  const sender = new StreamSender({ clock, random: () => 0 })
  for (let index = 0; index < 200; index += 1) sender.open(specOf(clock, peer))
  await clock.advance(5_000)
  const tenths = Array.from({ length: 10 }, (_, tenth) => peer.money.filter(({ atMs }) => atMs >= 3_000 + tenth * 100 && atMs < 3_100 + tenth * 100).length)
  expect(tenths.every((count) => count >= 17 && count <= 23)).toBe(true)
  expect(clock.waiting).toBeLessThan(30)
})

test('a pause earns nothing, what was due before is not lost, and showing the page resumes at once', async () => {
  const { clock, peer, stream } = open()
  await clock.advance(3_500)
  stream.pause()
  const packets = peer.money.length
  await clock.advance(60_000)
  expect(peer.money).toHaveLength(packets)
  expect(clock.waiting).toBe(0)
  stream.resume()
  await clock.advance(100)
  expect(peer.money).toHaveLength(packets + 1)
  await clock.advance(5_400)
  await clock.advance(1_500)
  stream.pause()
  await clock.advance(100)
  const payingMs = 3_500 + 7_000
  expect(stream.paid).toBeGreaterThan(BigInt(payingMs - 1_000) * 100n)
  expect(stream.paid).toBeLessThanOrEqual(BigInt(payingMs) * 100n)
})

test('missed ticks catch up in one packet, at most five seconds worth', async () => {
  const { clock, peer } = open()
  await clock.advance(3_000)
  clock.jump(3_500)
  await clock.advance(0)
  expect(peer.money.at(-1)?.prepare.amount).toBe(350_000n)
  clock.jump(60_000)
  await clock.advance(10)
  expect(peer.money.at(-1)?.prepare.amount).toBe(500_000n)
})

test('a way that is slow carries fewer and larger packets, one at a time, and nothing is lost', async () => {
  const { clock, peer, stream } = open()
  peer.fate = () => ({ kind: 'deliver', afterMs: 2_400 })
  await clock.advance(31_000)
  expect(peer.money.length).toBeLessThanOrEqual(11)
  expect(peer.money.slice(2).map(({ prepare }) => prepare.amount)).toEqual(peer.money.slice(2).map(() => 300_000n))
  expect(stream.paid).toBeGreaterThan(31n * 100_000n - 600_000n)
  peer.fate = () => ({ kind: 'deliver', afterMs: 5 })
  await clock.advance(5_000)
  expect(peer.money.slice(-2).map(({ prepare }) => prepare.amount)).toEqual([100_000n, 100_000n])
})

test('a packet without an answer stops the next one for three seconds, and no money of them is lost', async () => {
  const { clock, peer } = open()
  await clock.advance(2_500)
  peer.fate = () => ({ kind: 'lose' })
  await clock.advance(1_000)
  peer.fate = () => ({ kind: 'deliver', afterMs: 5 })
  await clock.advance(6_000)
  expect(peer.money.map(({ prepare }) => prepare.amount).slice(-5)).toEqual([100_000n, 300_000n, 100_000n, 100_000n, 100_000n])
})

test('packets that a limit keeps small do not wait for each other', async () => {
  const { clock, peer, stream } = open()
  await clock.advance(500)
  peer.fate = takesAtMost(30_000n, 600)
  await clock.advance(20_000)
  expect(stream.paid).toBeGreaterThan(1_700_000n)
})

test('a changed rate counts from now on', async () => {
  const { clock, peer, stream } = open()
  await clock.advance(2_000)
  stream.setRate(300_000n)
  await clock.advance(2_000)
  expect(peer.money.map(({ prepare }) => prepare.amount)).toEqual([2_500n, 97_500n, 100_000n, 300_000n, 300_000n])
})

test('a temporary rejection backs off, what was rejected is due again, and a fulfilled packet ends it', async () => {
  const { clock, peer, told, stream } = open()
  await clock.advance(2_500)
  peer.fate = () => ({ kind: 'reject', code: 'T00', afterMs: 5 })
  await clock.advance(10_000)
  const tries = peer.money.filter(({ atMs }) => atMs > 2_500)
  expect(tries.length).toBeLessThanOrEqual(5)
  expect(told.rejections).toEqual(tries.map(() => 'T00'))
  peer.fate = () => ({ kind: 'deliver', afterMs: 5 })
  await clock.advance(15_000)
  expect(stream.state).toBe('paying')
  expect(peer.money.at(-1)?.prepare.amount).toBe(100_000n)
  expect(stream.paid).toBe(peer.received)
})

test('a receiver that rejects for a minute is given up, with the last answer as the reason', async () => {
  const { clock, peer, told, stream } = open()
  peer.fate = () => ({ kind: 'reject', code: 'T01', afterMs: 5 })
  await clock.advance(120_000)
  expect(told.failure?.reason).toBe('receiver-unreachable')
  expect(told.failure?.message).toMatch(/T01 from test\.hop: said the hop/)
  expect(stream).toMatchObject({ state: 'closed', paid: 0n, inFlight: 0n, inDoubt: 0n })
  expect(clock.waiting).toBe(0)
})

test.each([
  ['F02', 'receiver-unreachable'], ['F06', 'receiver-refused'], ['F00', 'receiver-refused'], ['F99', 'receiver-refused'],
] as const)('a final %s closes the stream as %s', async (code, reason) => {
  const { clock, peer, told, stream } = open()
  peer.fate = () => ({ kind: 'reject', code, afterMs: 5 })
  await clock.advance(100)
  expect(told.failure).toEqual({ reason, message: `${code} from test.hop: said the hop` })
  expect(await stream.close()).toMatchObject({ paid: 0n, rejected: 1, packets: 1 })
})

test('F08 teaches the packet limit, and smaller packets leave more often', async () => {
  const { clock, peer, stream } = open()
  await clock.advance(500)
  peer.fate = takesAtMost(30_000n, 5)
  await clock.advance(20_000)
  expect(stream.rejected).toBe(1)
  expect(stream.paid).toBeGreaterThan(1_900_000n)
  expect(peer.money.slice(3).every(({ prepare }) => prepare.amount <= 30_000n)).toBe(true)
})

test('F08 without data halves the packet, and one that allows nothing closes', async () => {
  const { clock, peer, told } = open()
  peer.fate = ({ prepare }) => (prepare.amount > 20_000n ? { kind: 'reject', code: 'F08', afterMs: 5 } : { kind: 'deliver', afterMs: 5 })
  await clock.advance(5_000)
  expect(peer.money.some(({ prepare }) => prepare.amount === 48_750n)).toBe(true)
  expect(told.fulfilledAmounts.length).toBeGreaterThan(5)
  peer.fate = ({ prepare }) => ({ kind: 'reject', code: 'F08', data: encodeAmountTooLarge({ receivedAmount: prepare.amount, maximumAmount: 0n }), afterMs: 5 })
  await clock.advance(3_000)
  expect(told.failure?.reason).toBe('receiver-refused')
})

test('a valid preimage is paid and booked whatever the reply inside says; a bad reply then closes', async () => {
  for (const twist of ['sequence', 'type', 'amount'] as const) {
    const { clock, peer, told, stream } = open()
    await clock.advance(1_500)
    peer.twist = (answer) => ({ ...answer, [twist]: twist === 'amount' ? answer.amount - 1n : answer[twist] + 1 })
    await clock.advance(1_000)
    expect(told.failure?.reason).toBe('receiver-misbehaved')
    expect(stream.paid).toBe(200_000n)
    expect(told.fulfilledAmounts).toEqual([2_500n, 97_500n, 100_000n])
  }
})

test('a receiver that says it got more than can be is paid what it was sent, not believed, and left', async () => {
  const { clock, peer, told, stream } = open()
  await clock.advance(1_500)
  peer.twist = (answer) => ({ ...answer, amount: 2n ** 64n - 1n })
  await clock.advance(1_000)
  expect(told.failure?.reason).toBe('receiver-misbehaved')
  expect(stream).toMatchObject({ paid: 200_000n, delivered: 100_000n, inFlight: 0n })
})

test('what a stream has counted is its own, however many there are, also after it has ended', async () => {
  const { clock, peer, sender } = open()
  const streams = Array.from({ length: 150 }, (_, index) => sender.open(specOf(clock, peer, { listener: new Told(), rate: 1_000n * BigInt(index + 1) })))
  await clock.advance(5_000)
  const closing = streams.map((stream) => stream.close())
  await clock.advance(5_000)
  const counted = streams.map(({ paid }) => paid)
  expect((await Promise.all(closing)).map(({ paid }) => paid)).toEqual(counted)
  const later = Array.from({ length: 150 }, () => sender.open(specOf(clock, peer, { listener: new Told() })))
  expect(later.every(({ paid, delivered, inFlight, inDoubt }) => paid + delivered + inFlight + inDoubt === 0n)).toBe(true)
  await clock.advance(3_000)
  expect(streams.map(({ paid }) => paid)).toEqual(counted)
  expect(new Set(counted).size).toBe(150)
})

test('a reply that cannot be read is paid too, and closes', async () => {
  const { clock, peer, told, stream } = open()
  const send = peer.send.bind(peer)
  peer.send = async (prepare: Prepare) => {
    const reply = await send(prepare)
    return isFulfill(reply) ? { ...reply, data: Buffer.from('nonsense') } : reply
  }
  await clock.advance(100)
  expect(told.failure?.reason).toBe('receiver-misbehaved')
  expect(stream).toMatchObject({ paid: 2_500n, delivered: 0n, inFlight: 0n })
})

test('a wrong preimage is not paid: its amount stays in doubt and the stream closes', async () => {
  const { clock, peer, told, stream } = open()
  const send = peer.send.bind(peer)
  peer.send = async (prepare: Prepare) => {
    const reply = await send(prepare)
    return isFulfill(reply) ? { ...reply, fulfillment: Buffer.alloc(32) } : reply
  }
  await clock.advance(100)
  expect(told.failure?.reason).toBe('receiver-misbehaved')
  expect(stream).toMatchObject({ paid: 0n, inFlight: 0n, inDoubt: 2_500n })
})

test('a packet without an answer stays reserved and is never sent again; a late fulfilment still is booked', async () => {
  const { clock, peer, told, stream } = open()
  await clock.advance(1_500)
  peer.fate = ({ packet }) => (packet.sequence === 3 ? { kind: 'deliver', afterMs: 40_000 } : { kind: 'deliver', afterMs: 5 })
  await clock.advance(30_000)
  expect(stream.inDoubt).toBe(100_000n)
  expect(stream.paid + stream.inDoubt).toBe(3_100_000n)
  await clock.advance(20_000)
  expect(stream.inDoubt).toBe(0n)
  expect(stream.paid).toBe(peer.received)
  expect(told.fulfilledAmounts).toHaveLength(stream.packets)
})

test('a packet whose repeat was refused stays reserved also when a later packet is answered first', async () => {
  const { clock, peer, stream } = open()
  const send = peer.send.bind(peer)
  peer.send = async (prepare) => {
    const { sequence } = peer.keys.open(prepare.data)
    if (sequence !== 3) return send(prepare)
    await send(prepare)
    const frames: Frame[] = [{ type: FrameType.streamMaxMoney, streamId: 1, receiveMax: 10n ** 12n, totalReceived: peer.received }]
    // Written now; on its way while the next packet comes and goes.
    await clock.sleep(1_500)
    return reject(ErrorCode.applicationError, 'test.receiver', '', peer.keys.seal({ type: PacketType.reject, sequence, amount: prepare.amount, frames }))
  }
  await clock.advance(20_000)
  expect(stream.inDoubt).toBe(100_000n)
  expect(stream.paid + stream.inDoubt).toBe(peer.received)
})

test.each([
  { arrived: true, inDoubt: 100_000n },
  { arrived: false, inDoubt: 0n },
])('a packet that the receiver refuses is paid again, unless its total says that a copy may have arrived ($arrived): then it stays reserved', async ({ arrived, inDoubt }) => {
  const { clock, peer, stream } = open()
  const send = peer.send.bind(peer)
  peer.send = async (prepare) => {
    const { sequence } = peer.keys.open(prepare.data)
    if (sequence !== 3) return send(prepare)
    if (arrived) await send(prepare)
    const frames: Frame[] = [{ type: FrameType.streamMaxMoney, streamId: 1, receiveMax: 10n ** 12n, totalReceived: peer.received }]
    return reject(ErrorCode.applicationError, 'test.receiver', '', peer.keys.seal({ type: PacketType.reject, sequence, amount: prepare.amount, frames }))
  }
  await clock.advance(20_000)
  expect(stream.inDoubt).toBe(inDoubt)
  expect(stream.paid + stream.inDoubt).toBe(peer.received)
  expect(stream.paid + stream.inDoubt).toBeLessThanOrEqual(2_000_000n)
})

test('a cut link leaves its packet in doubt at once, a link that is down leaves nothing in doubt', async () => {
  const { clock, peer, stream } = open()
  peer.fate = () => ({ kind: 'closed' })
  await clock.advance(200)
  expect(stream).toMatchObject({ inDoubt: 0n, inFlight: 0n, rejected: 1 })
  peer.fate = () => ({ kind: 'no-answer', delivered: true, afterMs: 50 })
  await clock.advance(1_500)
  expect(stream.inDoubt).toBe(peer.received)
  expect(stream.inDoubt).toBeGreaterThan(0n)
})

test('a receiver that answers nothing holds at most five packets, and is given up', async () => {
  const { clock, peer, told, stream } = open()
  peer.fate = () => ({ kind: 'lose' })
  await clock.advance(20_000)
  expect(peer.money).toHaveLength(5)
  await clock.advance(200_000)
  expect(told.failure).toEqual({ reason: 'receiver-unreachable', message: expect.stringMatching(/not answered/) as string })
  expect(stream.inFlight).toBe(0n)
  expect(stream.inDoubt).toBe(peer.money.reduce((sum, { prepare }) => sum + prepare.amount, 0n))
})

test('the lease is told to run low once, when less than 30 s remain, and extending it lets the stream go on', async () => {
  const { clock, peer, told, stream } = open({ lease: { held: 6_000_000n, sequenceCeiling: 10_000, sendUntilMs: Date.UTC(2027, 0) } })
  await clock.advance(29_500)
  expect(told.leaseLowCalls).toBe(0)
  await clock.advance(10_000)
  expect(told.leaseLowCalls).toBe(1)
  stream.extend({ held: 9_000_000n, sequenceCeiling: 10_000, sendUntilMs: Date.UTC(2027, 0) })
  await clock.advance(40_000)
  expect(told.leaseLowCalls).toBe(2)
  expect(stream.state).toBe('paying')
  await clock.advance(60_000)
  expect(told.failure?.reason).toBe('lease-used-up')
  expect(stream.paid).toBe(9_000_000n)
  expect(peer.received).toBe(9_000_000n)
})

test('sequences and time of the lease are kept too', async () => {
  for (const lease of [{ held: 10n ** 12n, sequenceCeiling: 50, sendUntilMs: Date.UTC(2027, 0) }, { held: 10n ** 12n, sequenceCeiling: 1_000, sendUntilMs: Date.UTC(2026, 0) + 70_000 }]) {
    const { clock, peer, told } = open({ lease })
    await clock.advance(100_000)
    expect(told.leaseLowCalls).toBe(1)
    expect(told.failure?.reason).toBe('lease-used-up')
    expect(peer.seen.every(({ prepare, packet }) => packet.sequence <= lease.sequenceCeiling && prepare.expiresAtMs <= lease.sendUntilMs)).toBe(true)
    expect(peer.money.length).toBeGreaterThan(45)
  }
})

test.each([
  ['a pause', (stream: SendingStream) => stream.pause(), (stream: SendingStream) => stream.resume()],
  ['waiting after trouble', (_stream: SendingStream, peer: TestPeer) => (peer.fate = () => ({ kind: 'reject', code: 'T01', afterMs: 5 })), (_stream: SendingStream, peer: TestPeer) => (peer.fate = () => ({ kind: 'deliver', afterMs: 5 }))],
])('a stream whose lease runs out in %s has a longer one when it goes on', async (_name, begin, end) => {
  const { clock, peer, told, stream } = open({ lease: { held: 10n ** 12n, sequenceCeiling: 1_000, sendUntilMs: Date.UTC(2026, 0) + 69_000 } })
  const leases: number[] = []
  told.onLeaseLow = (one) => void clock.sleep(3_000).then(() => {
    leases.push(clock.monotonicMs())
    one.extend({ held: 10n ** 12n, sequenceCeiling: 1_000, sendUntilMs: clock.nowMs() + 60_000 })
  })
  await clock.advance(25_000)
  expect(leases).toEqual([])
  begin(stream, peer)
  await clock.advance(29_000)
  end(stream, peer)
  const before = stream.paid
  await clock.advance(25_000)
  expect(told.failure).toBeUndefined()
  expect(stream.paid - before).toBeGreaterThan(500_000n)
  const [renewedMs = 0] = leases
  expect(peer.money.filter(({ atMs }) => atMs > 49_000 && atMs < renewedMs)).toEqual([])
})

test('a destination of lower scale gets rarer packets worth at least 100 units, and its minimum is never 0', async () => {
  const { clock, peer, stream } = open({ exchangeRate: { numerator: 1n, denominator: 10_000n }, slippage: { numerator: 1n, denominator: 100n } })
  peer.convert = (amount) => amount / 10_000n
  await clock.advance(60_000)
  expect(peer.money.length).toBeGreaterThanOrEqual(5)
  expect(peer.money.length).toBeLessThanOrEqual(6)
  expect(peer.money.every(({ prepare, packet }) => prepare.amount >= 1_000_000n && packet.amount === (prepare.amount * 99n + 999_999n) / 1_000_000n)).toBe(true)
  expect(stream.rejected).toBe(0)
  expect(stream.delivered).toBe(peer.received)
})

test('a rate that makes a packet only every now and then is refused', async () => {
  const { clock, told, peer } = open({ rate: 3n })
  await clock.advance(60_000)
  expect(told.failure?.reason).toBe('rate-too-low')
  expect(peer.seen).toEqual([])
})

test('closing stops at once, says goodbye and waits for every answer', async () => {
  const { clock, peer, told, sender, stream } = open()
  await clock.advance(2_000)
  let counters
  void stream.close().then((result) => (counters = result))
  await clock.advance(0)
  expect(counters).toBeUndefined()
  await clock.advance(20)
  expect(counters).toMatchObject({ paid: 200_000n, inFlight: 0n, packets: 3 })
  expect(peer.seen.at(-1)?.packet).toMatchObject({ amount: 0n, frames: [{ type: FrameType.connectionClose, errorCode: 1 }] })
  await clock.advance(5_000)
  expect(peer.money).toHaveLength(3)
  expect(told.failure).toBeUndefined()
  expect(sender.size).toBe(0)
  expect(clock.waiting).toBe(0)
  expect(await stream.close()).toEqual(counters)
})

test('where whoever opened it closes the connection otherwise, a stream that closes says no goodbye', async () => {
  const { clock, peer, sender, stream } = open({ sayGoodbye: false })
  await clock.advance(2_000)
  const closing = stream.close()
  await clock.advance(20)
  expect(await closing).toMatchObject({ paid: 200_000n, inFlight: 0n, packets: 3 })
  expect(peer.framesOf(FrameType.connectionClose)).toEqual([])
  expect(sender.size).toBe(0)
})

test('closing does not wait longer than the packets live', async () => {
  const { clock, peer, stream } = open()
  peer.fate = () => ({ kind: 'lose' })
  await clock.advance(100)
  const closed = stream.close()
  await clock.advance(21_000)
  expect(await closed).toMatchObject({ paid: 0n, inFlight: 0n, inDoubt: 2_500n })
})

test('disposing the sender closes all its streams', async () => {
  const { clock, peer, sender } = open()
  sender.open(specOf(clock, peer))
  await clock.advance(1_000)
  const disposed = sender[Symbol.asyncDispose]()
  await clock.advance(1_000)
  await disposed
  expect(sender.size).toBe(0)
  expect(peer.framesOf(FrameType.connectionClose)).toHaveLength(2)
  expect(clock.waiting).toBe(0)
})

test('the greeting is repeated until a packet was fulfilled', async () => {
  const { clock, peer } = open()
  peer.fate = ({ packet }) => (packet.sequence < 3 ? { kind: 'reject', code: 'T00', afterMs: 5 } : { kind: 'deliver', afterMs: 5 })
  await clock.advance(8_000)
  expect(peer.framesOf(FrameType.connectionNewAddress)).toHaveLength(3)
})

test('a receiver that closes ends the stream, in a reply or in a packet to our address', async () => {
  const closing = { type: FrameType.connectionClose, errorCode: 1, errorMessage: 'shop is closed' }
  const first = open()
  first.peer.frames = () => [closing]
  await first.clock.advance(100)
  expect(first.told.failure).toEqual({ reason: 'receiver-closed', message: 'the receiver closed the connection: shop is closed' })
  expect(first.stream.paid).toBe(2_500n)
  const second = open()
  const data = second.peer.keys.seal({ type: 12, sequence: 1, amount: 0n, frames: [closing] })
  await second.stream.answer({ amount: 0n, expiresAtMs: 0, condition: Buffer.alloc(32), destination: 'test.wallet.stream', data })
  expect(second.told.failure?.reason).toBe('receiver-closed')
})

test('probes to our address are answered with F99 and what arrived; strangers learn nothing', async () => {
  const { peer, stream } = open()
  const probe = { amount: 1_000n, expiresAtMs: 0, condition: Buffer.alloc(32), destination: 'test.wallet.stream', data: peer.keys.seal({ type: 12, sequence: 41, amount: 0n, frames: [] }) }
  const reply = await stream.answer(probe)
  expect(reply).toMatchObject({ code: 'F99', triggeredBy: 'test.wallet.stream' })
  expect(peer.keys.open(reply.data)).toEqual({ type: 14, sequence: 41, amount: 1_000n, frames: [] })
  expect(await stream.answer({ ...probe, data: Buffer.alloc(60) })).toMatchObject({ code: 'F06', data: Buffer.alloc(0) })
})

test('the receiver is never sent more than its StreamMaxMoney, and a raised limit lets the stream go on', async () => {
  const { clock, peer, stream } = open()
  let receiveMax = 350_000n
  peer.frames = () => [{ type: FrameType.streamMaxMoney, streamId: 1, receiveMax, totalReceived: peer.received }]
  await clock.advance(10_000)
  expect(peer.received).toBe(350_000n)
  expect(peer.framesOf(FrameType.streamMoneyBlocked).length).toBeGreaterThan(0)
  receiveMax = 10n ** 12n
  await clock.advance(20_000)
  expect(stream.state).toBe('paying')
  expect(stream.paid).toBeGreaterThan(1_000_000n)
  expect(stream.rejected).toBe(0)
})

test('receipts are handed on', async () => {
  const { clock, peer, told } = open()
  const receipt = encodeReceipt({ nonce: Buffer.alloc(16), streamId: 1, totalReceived: 5n }, Buffer.alloc(32))
  peer.frames = () => [{ type: FrameType.streamReceipt, streamId: 1, receipt }]
  await clock.advance(100)
  expect(told.receipts).toEqual([receipt])
})

test('a peer with a slow pace gets fewer packets from all its streams together', async () => {
  const clock = new TestClock()
  const peer = new TestPeer(clock, sharedSecret)
  const sender = new StreamSender({ clock, random: () => 0 })
  for (let index = 0; index < 40; index += 1) sender.open(specOf(clock, peer, { linkPacketsPerSecondMax: 10 }))
  await clock.advance(30_000)
  const steady = peer.money.filter(({ atMs }) => atMs >= 10_000 && atMs < 30_000)
  expect(steady.length).toBeGreaterThanOrEqual(195)
  expect(steady.length).toBeLessThanOrEqual(205)
})

test('what cannot be paid is refused before the stream opens', () => {
  const clock = new TestClock()
  const sender = new StreamSender({ clock, random: () => 0 })
  const openWith = (changes: Partial<StreamSpec>) => () => sender.open(specOf(clock, new TestPeer(clock, sharedSecret), changes))
  expect(openWith({ destination: 'nowhere' })).toThrow(StreamSenderFault)
  expect(openWith({ sourceAddress: '' })).toThrow(StreamSenderFault)
  expect(openWith({ rate: 0n })).toThrow(StreamSenderFault)
  expect(openWith({ slippage: { numerator: 1n, denominator: 1n } })).toThrow(StreamSenderFault)
  expect(openWith({ exchangeRate: { numerator: 0n, denominator: 1n } })).toThrow(StreamSenderFault)
  expect(openWith({ sequenceFirst: 0 })).toThrow(StreamSenderFault)
  expect(openWith({ sharedSecret: Buffer.alloc(16) })).toThrow(PacketFault)
  expect(sender.size).toBe(0)
})

test('over a link of another asset packets carry what the rate of the moment gives, rounded down, and each fulfilled one says what it carried', async () => {
  const carried: [bigint, bigint][] = []
  let rate = { numerator: 5n, denominator: 4_000n }
  const told = new Told()
  told.fulfilled = (_stream, { amount, linkAmount }) => void carried.push([amount, linkAmount])
  const { clock, peer, stream } = open({ listener: told, linkRate: () => rate, slippage: { numerator: 1n, denominator: 10n } })
  peer.convert = (units) => (units * rate.denominator) / rate.numerator
  await clock.advance(3_500)
  rate = { numerator: 9n, denominator: 8_000n }
  await clock.advance(3_000)
  expect(carried.length).toBeGreaterThan(5)
  expect(carried.map(([, linkAmount]) => linkAmount)).toEqual(peer.money.filter(({ atMs }) => atMs < 6_490).map(({ prepare }) => prepare.amount))
  for (const [index, [amount, linkAmount]] of carried.entries()) {
    const { numerator, denominator } = (peer.money[index]?.atMs ?? 0) <= 3_500 ? { numerator: 5n, denominator: 4_000n } : rate
    expect(linkAmount).toBe((amount * numerator) / denominator)
  }
  expect(carried.reduce((sum, [amount]) => sum + amount, 0n)).toBe(stream.paid)
})

test('no packet is so small that rounding on the link takes more than 1 % of it', async () => {
  const { clock, peer } = open({ rate: 1_000n, linkRate: () => ({ numerator: 1n, denominator: 100n }), slippage: { numerator: 1n, denominator: 50n } })
  peer.convert = (units) => units * 100n
  await clock.advance(60_000)
  expect(peer.money.length).toBeGreaterThan(3)
  expect(peer.money.every(({ prepare }) => prepare.amount >= 100n)).toBe(true)
})

test('while no rate to the link is known nothing leaves, and the stream goes on when one is', async () => {
  let rate: { numerator: bigint; denominator: bigint } | undefined = { numerator: 1n, denominator: 1n }
  const { clock, peer, told, stream } = open({ linkRate: () => rate, slippage: { numerator: 1n, denominator: 100n } })
  await clock.advance(2_500)
  const packets = peer.money.length
  rate = undefined
  await clock.advance(10_000)
  expect(peer.money).toHaveLength(packets)
  expect(told.rejections).toContain('T00')
  expect(stream.state).toBe('paying')
  rate = { numerator: 1n, denominator: 1n }
  await clock.advance(30_000)
  expect(peer.money.length).toBeGreaterThan(packets)
})
