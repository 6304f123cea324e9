import fc from 'fast-check'
import { expect, test } from 'vitest'
import { encodeAmountTooLarge } from '@rivulet/ilp'
import type { Ratio } from '@rivulet/money'
import { FrameType, StreamErrorCode } from '@rivulet/stream'
import { TestClock } from '@rivulet/time/testing'
import type { FixedPaymentSpec, PaymentListener, PaymentOutcome, SendingPayment } from './payment-types.ts'
import { StreamSender } from './sender.ts'
import { type Fate, TestPeer } from './test-peer.ts'

const sharedSecret = Buffer.alloc(32, 7)
const one = { numerator: 1n, denominator: 1n }
const tooLarge = (received: bigint, maximum: bigint): Fate => ({ kind: 'reject', code: 'F08', data: encodeAmountTooLarge({ receivedAmount: received, maximumAmount: maximum }), afterMs: 5 })

class Told implements PaymentListener {
  readonly paid: bigint[] = []
  readonly rejections: string[] = []
  timeLowCalls = 0
  onTimeLow: (payment: SendingPayment) => void = () => {}
  progress({ paid }: SendingPayment): void {
    this.paid.push(paid)
  }
  rejected(_payment: SendingPayment, code: string): void {
    this.rejections.push(code)
  }
  timeLow(payment: SendingPayment): void {
    this.timeLowCalls += 1
    this.onTimeLow(payment)
  }
}

function house(fate?: TestPeer['fate']) {
  const clock = new TestClock()
  const peer = new TestPeer(clock, sharedSecret)
  if (fate !== undefined) peer.fate = fate
  const told = new Told()
  const sender = new StreamSender({ clock, random: () => 0.5 })
  const pay = (changes: Partial<FixedPaymentSpec> = {}): SendingPayment =>
    sender.pay({
      id: 'strm_00000000000000000000000001', link: peer, destination: 'test.receiver.token', sharedSecret, sourceAddress: 'test.wallet.pay.one', sourceAsset: { code: 'EUR', scale: 9 },
      amount: 1_000_000n, exchangeRate: one, rateMin: one, sequenceFirst: 1, sequenceCeiling: 100_000, sendUntilMs: clock.nowMs() + 60_000, sayGoodbye: false, listener: told, ...changes,
    })
  return { clock, peer, told, sender, pay }
}

async function outcomeOf(clock: TestClock, payment: SendingPayment, waitMs = 120_000): Promise<PaymentOutcome> {
  let outcome: PaymentOutcome | undefined
  void payment.done.then((ended) => { outcome = ended })
  for (let passed = 0; passed < waitMs && outcome === undefined; passed += 50) await clock.advance(50)
  if (outcome === undefined) throw new Error('the payment has not ended')
  return outcome
}

test('a small payment is one packet, with the greeting, and its minimum is the amount', async () => {
  const { clock, peer, told, sender, pay } = house()
  expect(await outcomeOf(clock, pay())).toEqual({ paid: 1_000_000n, linkPaid: 0n, delivered: 1_000_000n, inFlight: 0n, inDoubt: 0n, packets: 1, fulfilled: 1, rejected: 0, failure: undefined })
  expect(peer.seen).toHaveLength(1)
  expect(peer.seen[0]?.packet.amount).toBe(1_000_000n)
  expect(peer.framesOf(FrameType.connectionNewAddress)).toEqual([{ type: FrameType.connectionNewAddress, sourceAccount: 'test.wallet.pay.one' }])
  expect(told.paid).toEqual([1_000_000n])
  expect(sender.size).toBe(0)
})

test('a large payment learns the packet limit from one packet, then has many in flight, all of even size', async () => {
  const { clock, peer, pay } = house(({ prepare }) => (prepare.amount > 30_000n ? tooLarge(prepare.amount, 30_000n) : { kind: 'deliver', afterMs: 100 }))
  const started = clock.monotonicMs()
  const outcome = await outcomeOf(clock, pay())
  expect(outcome).toMatchObject({ paid: 1_000_000n, delivered: 1_000_000n, rejected: 1, failure: undefined })
  expect(outcome.fulfilled).toBe(34)
  const sizes = peer.money.slice(1).map(({ prepare }) => prepare.amount)
  expect(Math.max(...sizes.map(Number)) - Math.min(...sizes.map(Number))).toBeLessThan(30)
  expect(clock.monotonicMs() - started).toBeLessThan(34 * 100)
})

test('F08 without a number halves the packet until it fits', async () => {
  const { clock, pay } = house(({ prepare }) => (prepare.amount > 100_000n ? { kind: 'reject', code: 'F08', afterMs: 1 } : { kind: 'deliver', afterMs: 1 }))
  expect(await outcomeOf(clock, pay())).toMatchObject({ paid: 1_000_000n, rejected: 4, failure: undefined })
})

test('a fixed delivery stops when the receiver has got it, and never spends more than was held', async () => {
  const { clock, peer, pay } = house(({ prepare }) => (prepare.amount > 70_000n ? tooLarge(prepare.amount, 70_000n) : { kind: 'deliver', afterMs: 10 }))
  peer.convert = (amount) => (amount * 3n) / 4n
  const rate = { numerator: 3n, denominator: 4n }
  const outcome = await outcomeOf(clock, pay({ deliver: 600_000n, exchangeRate: rate, rateMin: rate, amount: 900_000n }))
  expect(outcome.failure).toBeUndefined()
  expect(outcome.delivered).toBeGreaterThanOrEqual(600_000n)
  expect(outcome.delivered).toBeLessThan(600_002n)
  expect(outcome.paid).toBeLessThan(800_020n)
})

interface Way {
  readonly toLink: Ratio
  readonly toReceiver: Ratio
  readonly isExchangedHere: boolean
  readonly deliver: bigint
  readonly packets: bigint
  readonly isProbed: boolean
}

test('a fixed delivery brings exactly what a receiver with a limit still takes, whatever the currencies and scales on the way', async () => {
  const rate = fc.record({ numerator: fc.bigInt({ min: 1n, max: 3_000n }), denominator: fc.bigInt({ min: 1n, max: 3_000n }) })
  const way = fc.record({ toLink: rate, toReceiver: rate, isExchangedHere: fc.boolean(), deliver: fc.bigInt({ min: 1n, max: 1_000_000n }), packets: fc.bigInt({ min: 1n, max: 30n }), isProbed: fc.boolean() })
  await fc.assert(fc.asyncProperty(way, bringsExactly), {
    numRuns: 150,
    // One source unit is worth several of the link, and a probe makes one of them look like less than one at the receiver.
    examples: [[{ toLink: { numerator: 28n, denominator: 6n }, toReceiver: { numerator: 1n, denominator: 1n }, isExchangedHere: true, deliver: 1n, packets: 1n, isProbed: true }]],
  })
})

async function bringsExactly({ toLink, toReceiver, isExchangedHere, deliver, packets, isProbed }: Way): Promise<void> {
  const packetMax = (deliver * toReceiver.denominator) / (toReceiver.numerator * packets) + (10n * toReceiver.denominator) / toReceiver.numerator + (2n * toLink.numerator) / toLink.denominator + 1n
  const { clock, peer, pay } = house(({ prepare }) => (prepare.amount > packetMax ? tooLarge(prepare.amount, packetMax) : { kind: 'deliver', afterMs: 10 }))
  const floor = (amount: bigint, { numerator, denominator }: { numerator: bigint; denominator: bigint }) => (amount * numerator) / denominator
  peer.convert = (amount) => floor(amount, toReceiver)
  peer.cap = deliver
  peer.capSlack = (toReceiver.numerator + toReceiver.denominator - 1n) / toReceiver.denominator
  const exact = isExchangedHere ? { numerator: toLink.numerator * toReceiver.numerator, denominator: toLink.denominator * toReceiver.denominator } : toReceiver
  // A probe rounds down.
  const exchangeRate = isProbed ? { numerator: floor(10n ** 9n, exact), denominator: 10n ** 9n } : exact
  const amount = 10n ** 15n
  const outcome = await outcomeOf(clock, pay({ amount, deliver, exchangeRate, rateMin: { numerator: 1n, denominator: 10n ** 9n }, ...(isExchangedHere && { linkRate: toLink }), sendUntilMs: clock.nowMs() + 600_000 }), 600_000)
  expect({ failure: outcome.failure, delivered: outcome.delivered, received: peer.received }).toEqual({ failure: undefined, delivered: deliver, received: deliver })
}

test('a path that brings less than the least is refused three times, then given up, and nothing is paid', async () => {
  const { clock, peer, pay } = house()
  peer.convert = (amount) => amount - 1n
  const outcome = await outcomeOf(clock, pay())
  expect(outcome).toMatchObject({ paid: 0n, inDoubt: 0n, rejected: 3, failure: { reason: 'rate-too-low' } })
  expect(peer.received).toBe(0n)
})

test('over a link of another asset the packets carry the link’s units, which are counted beside what is paid', async () => {
  const { clock, peer, pay } = house()
  peer.convert = (amount) => amount
  const rate = { numerator: 11n, denominator: 10n }
  expect(await outcomeOf(clock, pay({ linkRate: rate, exchangeRate: rate, rateMin: { numerator: 109n, denominator: 100n } }))).toMatchObject({ paid: 1_000_000n, linkPaid: 1_100_000n, delivered: 1_100_000n, failure: undefined })
  expect(peer.money.map(({ prepare }) => prepare.amount)).toEqual([1_100_000n])
})

test('a fixed send carries all that it is worth on the link, in however many packets it goes and whichever of them are tried again', async () => {
  const way = fc.record({ numerator: fc.bigInt({ min: 1n, max: 3_000n }), denominator: fc.bigInt({ min: 1n, max: 3_000n }), units: fc.bigInt({ min: 1n, max: 100_000n }), packets: fc.bigInt({ min: 1n, max: 40n }), refused: fc.array(fc.nat({ max: 60 }), { maxLength: 8 }) })
  await fc.assert(fc.asyncProperty(way, async ({ numerator, denominator, units, packets, refused }) => {
    const rate = { numerator, denominator }
    const unit = (denominator + numerator - 1n) / numerator
    const amount = units * unit + (units % unit)
    const carried = (amount * numerator) / denominator
    const packetMax = carried / packets + 2n * ((numerator + denominator - 1n) / denominator) + 1n
    let count = 0
    const { clock, peer, pay } = house(({ prepare }) => {
      if (prepare.amount > packetMax) return tooLarge(prepare.amount, packetMax)
      return refused.includes((count += 1)) ? { kind: 'reject', code: 'T00', afterMs: 7 } : { kind: 'deliver', afterMs: 5 }
    })
    peer.convert = (linked) => linked
    const outcome = await outcomeOf(clock, pay({ amount, linkRate: rate, exchangeRate: rate, rateMin: { numerator: 1n, denominator: 10n ** 12n }, sendUntilMs: clock.nowMs() + 600_000 }), 600_000)
    expect({ failure: outcome.failure, paid: outcome.paid, linkPaid: outcome.linkPaid, received: peer.received }).toEqual({ failure: undefined, paid: amount, linkPaid: carried, received: carried })
  }), { numRuns: 100, examples: [
    // What rounding took from packets before was more than the last one could carry.
    [{ numerator: 1n, denominator: 3n, units: 78n, packets: 16n, refused: [] }],
  ] })
})

test('temporary trouble is waited out, and the amount still arrives whole', async () => {
  let count = 0
  const { clock, told, pay } = house(() => ((count += 1) <= 3 ? { kind: 'reject', code: 'T00', afterMs: 5 } : { kind: 'deliver', afterMs: 5 }))
  expect(await outcomeOf(clock, pay())).toMatchObject({ paid: 1_000_000n, fulfilled: 1, rejected: 3, failure: undefined })
  expect(told.rejections).toEqual(['T00', 'T00', 'T00'])
})

test('a receiver that is away for half a minute, refuses for good or is unknown ends the payment with its word', async () => {
  for (const [code, reason] of [['T01', 'receiver-unreachable'], ['F06', 'receiver-refused'], ['F02', 'receiver-unreachable']] as const) {
    const { clock, pay } = house(() => ({ kind: 'reject', code, afterMs: 5 }))
    expect(await outcomeOf(clock, pay())).toMatchObject({ paid: 0n, inDoubt: 0n, failure: { reason, message: expect.stringContaining('said the hop') as string } })
  }
})

test('a receiver that takes no more, or closes, ends the payment with what was sent counted; closing with the last answer is no failure', async () => {
  const limit: TestPeer['fate'] = ({ prepare }) => (prepare.amount > 100_000n ? tooLarge(prepare.amount, 100_000n) : { kind: 'deliver', afterMs: 5 })
  const full = house(limit)
  full.peer.frames = () => [{ type: FrameType.streamMaxMoney, streamId: 1, receiveMax: 250_000n, totalReceived: full.peer.received }]
  expect(await outcomeOf(full.clock, full.pay())).toMatchObject({ paid: 250_000n, failure: { reason: 'receiver-full' } })
  const close = { type: FrameType.connectionClose, errorCode: StreamErrorCode.noError, errorMessage: 'enough' }
  const closing = house(limit)
  closing.peer.frames = () => [close]
  expect(await outcomeOf(closing.clock, closing.pay())).toMatchObject({ paid: 100_000n, failure: { reason: 'receiver-closed' } })
  const last = house()
  last.peer.frames = () => [close]
  expect(await outcomeOf(last.clock, last.pay())).toMatchObject({ paid: 1_000_000n, failure: undefined })
})

test('an answer that never comes is in doubt: nothing more is sent, and a fulfilment that comes late is still counted', async () => {
  const { clock, peer, told, pay } = house(() => ({ kind: 'deliver', afterMs: 30_000 }))
  const payment = pay()
  const outcome = await outcomeOf(clock, payment)
  expect(outcome).toMatchObject({ paid: 0n, inDoubt: 1_000_000n, inFlight: 0n, failure: { reason: 'receiver-unreachable' } })
  expect(peer.money).toHaveLength(1)
  await clock.advance(30_000)
  expect(payment).toMatchObject({ paid: 1_000_000n, inDoubt: 0n })
  expect(told.paid).toEqual([1_000_000n])
})

test('no packet outlives the time that was set aside; asked in time, the payment goes on', async () => {
  const slow: TestPeer['fate'] = ({ prepare }) => (prepare.amount > 20_000n ? tooLarge(prepare.amount, 20_000n) : { kind: 'deliver', afterMs: 15_000 })
  const stopped = house(slow)
  const cut = await outcomeOf(stopped.clock, stopped.pay())
  expect(cut.failure?.reason).toBe('time-used-up')
  expect(cut.paid).toBe(stopped.peer.received)
  expect(stopped.told.timeLowCalls).toBe(1)
  const extended = house(slow)
  extended.told.onTimeLow = (payment) => payment.extend(extended.clock.nowMs() + 60_000)
  expect(await outcomeOf(extended.clock, extended.pay())).toMatchObject({ paid: 1_000_000n, failure: undefined })
})

const fate: fc.Arbitrary<Fate> = fc.oneof(
  { weight: 12, arbitrary: fc.record({ kind: fc.constant('deliver'), afterMs: fc.integer({ min: 1, max: 4_000 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('lose', 'lose-reply', 'closed') }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('no-answer'), delivered: fc.boolean(), afterMs: fc.nat(20_000) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('reject'), code: fc.constantFrom('T00', 'T02', 'T04', 'R00', 'F08', 'F99'), afterMs: fc.nat(3_000) }) },
)

test('over any network, paid + in flight + in doubt never exceed the amount, an end without failure paid all of it, and what the receiver has more than was paid is in doubt', async () => {
  await fc.assert(fc.asyncProperty(fc.infiniteStream(fate), fc.bigInt({ min: 1n, max: 5_000_000n }), fc.bigInt({ min: 10_000n, max: 1_000_000n }), async (fates, amount, packetMax) => {
    const broken: string[] = []
    const { clock, peer, pay } = house()
    const payment = pay({ amount, sendUntilMs: clock.nowMs() + 600_000 })
    peer.fate = ({ prepare }) => {
      if (payment.paid + payment.inFlight + payment.inDoubt > amount) broken.push(`${payment.paid} + ${payment.inFlight} + ${payment.inDoubt} of ${amount}`)
      return prepare.amount > packetMax ? tooLarge(prepare.amount, packetMax) : fates.next().value
    }
    const outcome = await outcomeOf(clock, payment, 900_000)
    await clock.advance(60_000)
    if (outcome.failure === undefined && outcome.paid !== amount) broken.push(`ended with ${outcome.paid} of ${amount}`)
    expect(broken).toEqual([])
    expect(outcome.inFlight).toBe(0n)
    expect(peer.received).toBeGreaterThanOrEqual(payment.paid)
    expect(peer.received).toBeLessThanOrEqual(payment.paid + payment.inDoubt)
    expect(new Set(peer.seen.map(({ packet }) => packet.sequence)).size).toBe(peer.seen.length)
  }), { numRuns: 60 })
})
