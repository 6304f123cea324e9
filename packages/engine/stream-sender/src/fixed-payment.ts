import { assert, isFault } from '@rivulet/faults'
import type { Id } from '@rivulet/ids'
import { decodeAmountTooLarge, ErrorCode, isFulfill, type LateListener, type Link, LinkFault, PacketType, type Prepare, reject, type Reject, type Reply } from '@rivulet/ilp'
import { ceilDivide, multiplyFloor, type Ratio } from '@rivulet/money'
import { conditionOf, type Frame, FrameType, StreamErrorCode, StreamKeys, type StreamPacket } from '@rivulet/stream'
import { type Clock, type TimerWheel, WheelTimer } from '@rivulet/time'
import { backoffMs } from './pace.ts'
import type { FixedPaymentSpec, PaymentFailure, PaymentOutcome, SendingPayment } from './payment-types.ts'
import { ReceiverLimit } from './receiver-limit.ts'

const packetLifeMs = 20_000
/** The ConnectionClose is a courtesy: nobody waits for its answer. */
const closePacketLifeMs = 5_000
/** An answer may need this much longer than its packet lived; then the packet is in doubt. */
const answerGraceMs = 1_000
/** A row in doubt is settled from 5 s after its last packet may have expired; who answers later than that is still heard for a while. */
const lateAnswerMs = 30_000
/** Once one packet was fulfilled, so that a path's packet limit is learnt from one packet and not from many. */
const packetsInFlightMax = 20
/** Without one fulfilled packet for so long, though it tried, a payment gives up. */
const patienceMs = 30_000
/** How often a receiver may get less than the least before the rate counts as lost. */
const shortfallsMax = 3
const sendTimeLowMs = 10_000
const streamId = 1

const money: Frame = { type: FrameType.streamMoney, streamId, shares: 1n }
const goodbye: Frame = { type: FrameType.connectionClose, errorCode: StreamErrorCode.noError, errorMessage: '' }

export interface PaymentContext {
  readonly clock: Clock
  readonly wheel: TimerWheel
  readonly random: () => number
  /** The payment has ended and waits for nothing. */
  ended(payment: FixedPayment): void
}

interface Flight {
  readonly sequence: number
  /** Source units. */
  readonly amount: bigint
  /** What left, units of the link; 0 where the link counts in source units. */
  readonly linkAmount: bigint
  /** Destination units that the receiver must get at least. */
  readonly least: bigint
  /** Destination units that are expected at its rate. */
  readonly expected: bigint
  readonly fulfillment: Buffer
  /** Of the monotonic clock: without an answer by then it is in doubt. */
  readonly deadlineMs: number
  inDoubt: boolean
}

/** One exact amount over one STREAM connection (RFC 29): sent in packets as large as the path allows, several at once, and done when all of it is answered for. */
export class FixedPayment extends WheelTimer implements SendingPayment {
  readonly id: Id<'strm'>
  readonly done: Promise<PaymentOutcome>
  paid = 0n
  linkPaid = 0n
  delivered = 0n
  inFlight = 0n
  inDoubt = 0n
  packets = 0
  fulfilled = 0
  rejected = 0

  readonly #spec: FixedPaymentSpec
  readonly #context: PaymentContext
  readonly #link: Link
  readonly #keys: StreamKeys
  readonly #receiver: ReceiverLimit
  readonly #ended = Promise.withResolvers<PaymentOutcome>()
  #greeting: readonly Frame[] | undefined
  /** Most units that may leave in one packet: of the link where it counts in another asset, else of the source. */
  #packetUnitsMax: bigint | undefined
  /** Source units: more would bring the receiver more than it still takes. */
  #fillUnitsMax: bigint | undefined
  /** The same in units of the link, of which one source unit may be worth several. */
  #fillLeavesMax: bigint | undefined
  #window = 1
  /** Units of the link of all packets that were not rejected. */
  #linkOut = 0n
  #sequence: number
  #sendUntilMs: number
  #timeLowTold = false
  #flights: Flight[] = []
  #retryMs = 0
  #failuresInRow = 0
  #shortfalls = 0
  #troubleSinceMs: number | undefined
  #failure: PaymentFailure | undefined
  #over = false

  constructor(spec: FixedPaymentSpec, context: PaymentContext) {
    super()
    this.id = spec.id
    this.done = this.#ended.promise
    this.#spec = spec
    this.#context = context
    this.#link = spec.link
    this.#keys = new StreamKeys(spec.sharedSecret)
    this.#receiver = new ReceiverLimit(spec.exchangeRate, { block: new BigInt64Array(1), at: 0 })
    this.#packetUnitsMax = spec.packetUnitsMax
    this.#sequence = spec.sequenceFirst
    this.#sendUntilMs = spec.sendUntilMs
    this.#greeting = [
      { type: FrameType.connectionNewAddress, sourceAccount: spec.sourceAddress },
      { type: FrameType.connectionAssetDetails, assetCode: spec.sourceAsset.code, assetScale: spec.sourceAsset.scale },
      money,
    ]
    // The owner has this object in hand before it hears of it.
    queueMicrotask(() => this.#pump())
  }

  stop(): void {
    this.#fail('stopped', 'the payment was stopped')
  }

  extend(sendUntilMs: number): void {
    assert(sendUntilMs >= this.#sendUntilMs, 'the time to send only grows')
    this.#sendUntilMs = sendUntilMs
    this.#timeLowTold = false
  }

  answer(prepare: Prepare): Promise<Reply> {
    try {
      const packet = this.#keys.open(prepare.data)
      this.#heed(packet.frames)
      const data = this.#keys.seal({ type: PacketType.reject, sequence: packet.sequence, amount: prepare.amount, frames: [] })
      return Promise.resolve(reject(ErrorCode.applicationError, this.#spec.sourceAddress, '', data))
    } catch (error) {
      if (!isFault(error)) throw error
      return Promise.resolve(reject(ErrorCode.unexpectedPayment, this.#spec.sourceAddress, 'this packet belongs to no connection here'))
    }
  }

  /** The wheel calls this when a wait is over, and when an answer is overdue. */
  override fire(): void {
    const nowMs = this.#context.clock.monotonicMs()
    for (const flight of this.#flights.filter(({ deadlineMs }) => deadlineMs <= nowMs)) this.#unanswered(flight, undefined)
    this.#pump()
  }

  /** Sends what may be sent now, or ends what is over. */
  #pump(): void {
    while (this.#failure === undefined && this.#flights.length < this.#window && this.#context.clock.monotonicMs() >= this.#retryMs) {
      const amount = this.#nextAmount()
      if (amount === 0n) break
      this.#sendMoney(amount)
    }
    this.#rest()
  }

  /** Source units of the next packet, 0 when nothing more is to be sent now. */
  #nextAmount(): bigint {
    const { amount, deliver } = this.#spec
    let left = amount - this.paid - this.inFlight - this.inDoubt
    if (deliver !== undefined) {
      const cost = this.#costOf(this.#missing(deliver))
      if (cost < left) left = cost
      if (this.#fillUnitsMax !== undefined && this.#fillUnitsMax < left) left = this.#fillUnitsMax
    }
    if (left <= 0n) return 0n
    const { clock } = this.#context
    const nowMs = clock.nowMs()
    if (nowMs + packetLifeMs > this.#sendUntilMs || this.#sequence > this.#spec.sequenceCeiling) {
      if (this.#flights.length === 0) this.#fail('time-used-up', 'the time that was set aside for this payment is used up')
      return 0n
    }
    if (!this.#timeLowTold && nowMs + packetLifeMs + sendTimeLowMs > this.#sendUntilMs) {
      this.#timeLowTold = true
      this.#spec.listener.timeLow(this)
    }
    const room = this.#roomOf(deliver)
    if (room === 0n) {
      if (this.#flights.length === 0) this.#fail('receiver-full', 'the receiver accepts no more money')
      return 0n
    }
    const most = room !== undefined && room < left ? room : left
    const limit = this.#packetUnitsMax
    if (limit === undefined) return most
    const leaves = this.#leavesOf(most)
    if (leaves <= limit) return most
    // Evenly: no last packet is so small that it is lost to rounding.
    const even = ceilDivide(most, ceilDivide(leaves, limit))
    const { linkRate } = this.#spec
    if (linkRate === undefined) return even
    // As many source units as make a packet carry no more units of the link than it may, and one at least.
    const [sent, out] = deliver === undefined ? [amount - left, this.#linkOut] : [0n, 0n]
    const sourceFor = (units: bigint): bigint => ceilDivide((out + units) * linkRate.denominator, linkRate.numerator) - sent
    const fits = sourceFor(limit + 1n) - 1n
    const least = sourceFor(1n)
    const fitting = even < fits ? even : fits
    const carrying = fitting > least ? fitting : least
    return carrying < 1n ? 1n : carrying < most ? carrying : most
  }

  /** Source units that the receiver still takes. A fixed delivery fills it to the last unit. */
  #roomOf(deliver: bigint | undefined): bigint | undefined {
    const { room } = this.#receiver
    return deliver === undefined || room === undefined ? this.#receiver.units : this.#costOf(room)
  }

  /** Destination units of a fixed delivery that neither arrived nor are on their way. */
  #missing(deliver: bigint): bigint {
    const expected = this.#flights.reduce((sum, flight) => sum + flight.expected, this.delivered)
    return deliver > expected ? deliver - expected : 0n
  }

  /** Units of the link that bring `units` to the destination, whole ones. */
  #linkUnitsFor(units: bigint, linkRate: Ratio): bigint {
    const { exchangeRate } = this.#spec
    return ceilDivide(units * exchangeRate.denominator * linkRate.numerator, exchangeRate.numerator * linkRate.denominator)
  }

  /** Units that leave with a packet of `amount` source units. */
  #leavesOf(amount: bigint): bigint {
    const { linkRate, deliver } = this.#spec
    if (linkRate === undefined) return amount
    const worth = this.#linkWorthOf(amount, linkRate)
    if (deliver === undefined) return worth
    // What rounding up brought into the last packet of a fixed delivery stays here.
    const wanted = this.#linkUnitsFor(this.#missing(deliver), linkRate)
    const leaves = wanted < worth ? wanted : worth
    return this.#fillLeavesMax !== undefined && this.#fillLeavesMax < leaves ? this.#fillLeavesMax : leaves
  }

  /** Units of the link that `amount` more carries. A fixed send is rounded as a whole: what rounding took from the packets before goes with the next. */
  #linkWorthOf(amount: bigint, linkRate: Ratio): bigint {
    const { deliver } = this.#spec
    const sent = this.paid + this.inFlight + this.inDoubt
    if (deliver !== undefined && sent + amount !== this.#spec.amount) return multiplyFloor(amount, linkRate)
    const worth = multiplyFloor(sent + amount, linkRate) - this.#linkOut
    return worth > 0n ? worth : 0n
  }

  /** Source units of which `units` arrive. */
  #costOf(units: bigint): bigint {
    const { exchangeRate } = this.#spec
    const { linkRate } = this.#spec
    if (linkRate === undefined) return ceilDivide(units * exchangeRate.denominator, exchangeRate.numerator)
    return ceilDivide(this.#linkUnitsFor(units, linkRate) * linkRate.denominator, linkRate.numerator)
  }

  #sendMoney(amount: bigint): void {
    const { exchangeRate, destination, deliver, linkRate } = this.#spec
    const missing = deliver === undefined ? undefined : this.#missing(deliver)
    const leaves = this.#leavesOf(amount)
    const linkAmount = linkRate === undefined ? 0n : leaves
    const { clock } = this.#context
    const sequence = this.#sequence++
    const atRate = this.#leastFor(amount, linkAmount)
    const enough = missing !== undefined && missing < atRate ? missing : atRate
    const least = enough === 0n ? 1n : enough
    const data = this.#greeting === undefined ? this.#keys.sealMoney(PacketType.prepare, sequence, least) : this.#keys.seal({ type: PacketType.prepare, sequence, amount: least, frames: this.#greeting })
    const fulfillment = this.#keys.fulfillmentOf(data)
    const flight: Flight = { sequence, amount, linkAmount, least, expected: multiplyFloor(amount, exchangeRate), fulfillment, deadlineMs: clock.monotonicMs() + packetLifeMs + answerGraceMs, inDoubt: false }
    this.#flights.push(flight)
    this.packets += 1
    this.inFlight += amount
    this.#linkOut += linkAmount
    this.#receiver.sent(amount)
    const answered = (reply: Reply): void => this.#answered(flight, reply)
    if (leaves === 0n) {
      void Promise.resolve(reject(ErrorCode.insufficientSourceAmount, '', `${amount} units are worth less than one unit of the link`)).then(answered)
      return
    }
    const late: LateListener = { wantedUntilMs: () => this.#sendUntilMs + lateAnswerMs, hear: answered }
    void this.#link.send({ amount: leaves, expiresAtMs: clock.nowMs() + packetLifeMs, condition: conditionOf(fulfillment), destination, data, fulfillment }, late).then(
      answered,
      (error: unknown) => {
        this.#unanswered(flight, error)
        this.#pump()
      },
    )
  }

  /** Destination units that a packet must bring. Of what leaves over a link in another asset: a packet may carry a unit of it more or less than its own worth. */
  #leastFor(amount: bigint, linkAmount: bigint): bigint {
    const { rateMin, linkRate, deliver } = this.#spec
    if (linkRate === undefined || deliver !== undefined) return multiplyFloor(amount, rateMin)
    return multiplyFloor(linkAmount, { numerator: rateMin.numerator * linkRate.denominator, denominator: rateMin.denominator * linkRate.numerator })
  }

  #answered(flight: Flight, reply: Reply): void {
    if (!isFulfill(reply)) this.#rejected(flight, reply)
    else if (reply.fulfillment.equals(flight.fulfillment)) this.#paid(flight, reply.data)
    else {
      // No money is owed for a wrong preimage, but a peer that sends one is not to be believed: the amount stays reserved.
      this.#doubt(flight)
      this.#fail('receiver-misbehaved', 'a packet was fulfilled with a wrong preimage')
    }
    this.#pump()
  }

  #unanswered(flight: Flight, error: unknown): void {
    if (flight.inDoubt) return
    if (error instanceof LinkFault && error.code === 'closed') return this.#rejected(flight, reject(ErrorCode.peerUnreachable, '', error.message))
    this.#doubt(flight)
    // Nothing more is risked on a path that loses answers.
    this.#fail('receiver-unreachable', 'a packet was not answered')
  }

  #paid(flight: Flight, data: Buffer): void {
    this.#release(flight)
    this.paid += flight.amount
    this.linkPaid += flight.linkAmount
    this.fulfilled += 1
    this.#failuresInRow = 0
    this.#retryMs = 0
    this.#troubleSinceMs = undefined
    this.#fillUnitsMax = undefined
    this.#fillLeavesMax = undefined
    this.#window = packetsInFlightMax
    this.#greeting = undefined
    const answer = this.#read({ type: PacketType.fulfill, data }, flight)
    const delivered = answer?.amount ?? 0n
    this.delivered += delivered
    if (answer === undefined) this.#fail('receiver-misbehaved', 'the receiver fulfilled a packet with an answer that does not belong to it')
    else if (delivered < flight.least) this.#fail('receiver-misbehaved', `the receiver accepted ${delivered} units where ${flight.least} were the least`)
    else this.#heed(answer.frames)
    this.#spec.listener.progress(this)
  }

  #rejected(flight: Flight, reply: Reject): void {
    this.#release(flight)
    this.#linkOut -= flight.linkAmount
    this.rejected += 1
    this.#receiver.returned(flight.amount)
    this.#spec.listener.rejected(this, reply.code, reply.message)
    if (this.#failure !== undefined) return
    const said = `${reply.code}${reply.triggeredBy === '' ? '' : ` from ${reply.triggeredBy}`}${reply.message === '' ? '' : `: ${reply.message}`}`
    if (reply.code === ErrorCode.amountTooLarge) return this.#learnPacketLimit(flight, reply, said)
    if (reply.code === ErrorCode.applicationError) {
      const answer = this.#read(reply, flight)
      if (answer === undefined) return this.#fail('receiver-refused', said)
      this.#heed(answer.frames)
      if (this.#learnRoom(flight, answer)) return
      if (answer.amount < flight.least && (this.#shortfalls += 1) >= shortfallsMax) return this.#fail('rate-too-low', `the receiver would get ${answer.amount} units where ${flight.least} are the least`)
      return this.#hold(reply.code, 'receiver-refused', said)
    }
    if (reply.code.startsWith('F')) return this.#fail(reply.code === ErrorCode.unreachable ? 'receiver-unreachable' : 'receiver-refused', said)
    this.#window = Math.max(1, Math.floor(this.#window / 2))
    this.#hold(reply.code, 'receiver-unreachable', said)
  }

  #learnPacketLimit(flight: Flight, reply: Reject, said: string): void {
    const amounts = decodeAmountTooLarge(reply.data)
    const left = this.#spec.linkRate === undefined ? flight.amount : flight.linkAmount
    const told = amounts === undefined || amounts.receivedAmount === 0n ? left / 2n : (left * amounts.maximumAmount) / amounts.receivedAmount
    const limit = told < left ? told : left - 1n
    // One source unit is the least that can be sent.
    if (limit < 1n || flight.amount === 1n) return this.#fail('receiver-refused', said)
    if (this.#packetUnitsMax === undefined || limit < this.#packetUnitsMax) this.#packetUnitsMax = limit
  }

  /** A packet of a fixed delivery brought more than the receiver still takes, in whole units: whether a smaller one may fit. */
  #learnRoom(flight: Flight, answer: StreamPacket): boolean {
    if (this.#spec.deliver === undefined || answer.amount === 0n || this.#failure !== undefined) return false
    const told = answer.frames.find((frame) => frame.type === FrameType.streamMaxMoney && frame.streamId === streamId)
    if (told?.type !== FrameType.streamMaxMoney) return false
    const room = told.receiveMax - told.totalReceived
    if (room < 1n || answer.amount <= room) return false
    const fits = (flight.amount * room) / answer.amount
    const { linkRate } = this.#spec
    const unit = linkRate === undefined ? 1n : ceilDivide(linkRate.denominator, linkRate.numerator)
    this.#fillUnitsMax = fits < unit ? unit : fits
    if (linkRate === undefined) return this.#fillUnitsMax < flight.amount
    const leaves = (flight.linkAmount * room) / answer.amount
    this.#fillLeavesMax = leaves < 1n ? 1n : leaves
    return this.#fillUnitsMax < flight.amount || this.#fillLeavesMax < flight.linkAmount
  }

  /** Waits before the next packet, longer each time; gives up when patience ends. */
  #hold(code: string, reason: PaymentFailure['reason'], message: string): void {
    if (this.#failure !== undefined) return
    const nowMs = this.#context.clock.monotonicMs()
    this.#failuresInRow += 1
    this.#troubleSinceMs ??= nowMs
    if (nowMs - this.#troubleSinceMs >= patienceMs) return this.#fail(reason, `no packet was fulfilled for ${patienceMs / 1_000} s; the last answer: ${message}`)
    // A first stumble costs a fraction of a second, not a second.
    this.#retryMs = nowMs + backoffMs(this.#failuresInRow, code, this.#context.random) / 4
  }

  /** What the receiver says besides amounts: its limit, and that it closes. */
  #heed(frames: readonly Frame[]): void {
    for (const frame of frames) {
      if (frame.type === FrameType.streamMaxMoney && frame.streamId === streamId) this.#receiver.told(frame.receiveMax - frame.totalReceived, this.inFlight)
      if (frame.type === FrameType.connectionClose || (frame.type === FrameType.streamClose && frame.streamId === streamId)) {
        this.#fail('receiver-closed', frame.errorMessage === '' ? 'the receiver closed the connection' : `the receiver closed the connection: ${frame.errorMessage}`)
      }
    }
  }

  /** The STREAM packet inside a reply, unless it does not belong to this flight. */
  #read(reply: { readonly type: number; readonly data: Buffer }, flight: Flight): StreamPacket | undefined {
    try {
      const packet = this.#keys.open(reply.data)
      return packet.sequence === flight.sequence && packet.type === reply.type ? packet : undefined
    } catch (error) {
      if (isFault(error)) return undefined
      throw error
    }
  }

  #doubt(flight: Flight): void {
    this.#release(flight)
    flight.inDoubt = true
    this.inDoubt += flight.amount
  }

  /** Takes a packet off the books of what is under way. */
  #release(flight: Flight): void {
    if (flight.inDoubt) {
      flight.inDoubt = false
      this.inDoubt -= flight.amount
      return
    }
    this.inFlight -= flight.amount
    this.#flights.splice(this.#flights.indexOf(flight), 1)
  }

  /** No packet leaves any more; those on their way are waited for. */
  #fail(reason: PaymentFailure['reason'], message: string): void {
    if (this.#over) return
    this.#failure ??= { reason, message }
    this.#rest()
  }

  #rest(): void {
    if (this.#over) return
    const { wheel } = this.#context
    if (this.#flights.length > 0) {
      const overdueMs = Math.min(...this.#flights.map(({ deadlineMs }) => deadlineMs))
      return wheel.add(this, this.#failure === undefined && this.#retryMs > 0 ? Math.min(overdueMs, this.#retryMs) : overdueMs)
    }
    if (this.#failure === undefined && this.#nextAmount() > 0n) return wheel.add(this, this.#retryMs)
    if (this.#over) return
    this.#over = true
    wheel.remove(this)
    if (this.#spec.sayGoodbye && this.packets > 0) this.#sayGoodbye()
    this.#context.ended(this)
    const { paid, linkPaid, delivered, inFlight, inDoubt, packets, fulfilled, rejected } = this
    this.#ended.resolve({ paid, linkPaid, delivered, inFlight, inDoubt, packets, fulfilled, rejected, failure: this.#isComplete() ? undefined : this.#failure })
  }

  /** A receiver that closes with its last answer has all the same got everything. */
  #isComplete(): boolean {
    const { amount, deliver } = this.#spec
    return this.#failure === undefined || (this.#failure.reason === 'receiver-closed' && (deliver === undefined ? this.paid === amount : this.delivered >= deliver))
  }

  #sayGoodbye(): void {
    const { clock } = this.#context
    if (this.#sequence > this.#spec.sequenceCeiling || clock.nowMs() + closePacketLifeMs > this.#sendUntilMs) return
    const data = this.#keys.seal({ type: PacketType.prepare, sequence: this.#sequence++, amount: 0n, frames: [goodbye] })
    void this.#link
      .send({ amount: 0n, expiresAtMs: clock.nowMs() + closePacketLifeMs, condition: conditionOf(this.#keys.fulfillmentOf(data)), destination: this.#spec.destination, data })
      .catch(() => undefined)
  }
}
