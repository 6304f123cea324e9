import { assert, isFault } from '@rivulet/faults'
import type { Id } from '@rivulet/ids'
import { decodeAmountTooLarge, ErrorCode, isFulfill, isLinkRefusal, type LateListener, type Link, LinkFault, linkRefusals, PacketType, type Prepare, reject, type Reject, type Reply } from '@rivulet/ilp'
import { amountMax, multiplyCeil, multiplyFloor, type Ratio } from '@rivulet/money'
import { conditionOf, type Frame, FrameType, StreamErrorCode, StreamKeys, type StreamPacket } from '@rivulet/stream'
import { type Clock, type TimerWheel, WheelTimer } from '@rivulet/time'
import { Accrual, accrualCounters } from './accrual.ts'
import type { CounterBlocks } from './counter-blocks.ts'
import type { InLine, LinkShare } from './link-share.ts'
import { backoffMs, intervalMaxMs, intervalMs, msUntil, nextTickMs, packetUnitsMin } from './pace.ts'
import { ReceiverLimit } from './receiver-limit.ts'
import type { CloseReason, Lease, SendingStream, StreamCounters, StreamListener, StreamSpec } from './types.ts'

const packetLifeMs = 20_000
/** The ConnectionClose is a courtesy: nobody waits long for its answer. */
const closePacketLifeMs = 5_000
/** An answer may need this much longer than its packet lived; then the packet is in doubt. */
const answerGraceMs = 1_000
/** A stream in doubt is settled from 5 s after its last packet may have expired; its receiver may be asked first, and what comes just too late is reported. */
const lateAnswerMs = 60_000
/** More than this without an answer, and the stream waits. */
const packetsInFlightMax = 5
/** A packet waits for the answer to the one before, at most so long: what is slow gets fewer and larger packets instead of a queue, and a lost one stops nothing. */
const patienceMs = 3_000
const catchUpMs = 5_000
const leaseLowMs = 30_000
/** In time the lease is low with less than this left after the life of a packet: a lease of a minute is then renewed every 30 s, for money and time at once. */
const sendTimeLowMs = 10_000
/** A stream whose lease is used up waits for another until so long after it has asked: a slow database stops nobody. */
const leaseWaitMs = 30_000
/** Each stream is up to this much earlier, by its place in the second: streams that were opened together do not all renew at once. */
const leaseSpreadMs = 15_000
/** A fresh stream pays after this time, so that the page hears of it at once; then it keeps to its place in the second. */
const firstPacketMs = 25
/** A stream without one fulfilled packet for so long, though it tried, gives up. */
const unreachableMs = 60_000
const streamId = 1

/** Never changed: what is empty is nothing that a collection of young objects copies. */
const noFlights: Flight[] = []
const money: Frame = { type: FrameType.streamMoney, streamId, shares: 1n }
const goodbye: Frame = { type: FrameType.connectionClose, errorCode: StreamErrorCode.noError, errorMessage: '' }

/** Places of a stream's counters. Units, none of them beyond 2^62: the lease bounds what leaves, and a receiver that says it got more is not believed. */
const [paidAt, deliveredAt, inFlightAt, inDoubtAt, roomAt, accrualAt] = [0, 1, 2, 3, 4, 5]
export const countersEach = accrualAt + accrualCounters

/** What all streams of a sender share. */
export interface SenderContext {
  readonly clock: Clock
  readonly wheel: TimerWheel
  readonly random: () => number
  /** For `countersEach` of each stream. */
  readonly counters: CounterBlocks
  /** Streams that wait for their turn on a link. */
  inLine: number
  /** The stream is closed and waits for nothing. */
  ended(stream: OutgoingStream): void
}

/** A packet on its way. */
interface Flight {
  readonly sequence: number
  /** Source units; 0 for a packet that only talks. */
  readonly amount: bigint
  /** What left, units of the link; 0 where the link counts in source units. */
  readonly linkAmount: bigint
  readonly prepareAmount: bigint
  readonly fulfillment: Buffer
  /** Of the monotonic clock: without an answer by then it is in doubt. */
  readonly deadlineMs: number
  /** What the receiver had got as far as we knew when the packet left, destination units. */
  readonly deliveredBefore: bigint
  /** The instant of the tick that it pays, of the monotonic clock. */
  readonly dueMs: number
  inDoubt: boolean
}

export class OutgoingStream extends WheelTimer implements SendingStream, InLine {
  readonly id: Id<'strm'>
  state: 'paying' | 'paused' | 'closed' = 'paying'
  packets = 0
  fulfilled = 0
  rejected = 0

  readonly #context: SenderContext
  readonly #counts: BigInt64Array
  readonly #countsAt: number
  readonly #link: Link
  readonly #destination: string
  readonly #keys: StreamKeys
  readonly #listener: StreamListener
  readonly #share: LinkShare
  readonly #phase: number
  readonly #exchangeRate: Ratio
  readonly #linkRate: (() => Ratio | undefined) | undefined
  /** Exchange rate less slippage: what the receiver must get at least. */
  readonly #prepareRate: Ratio
  readonly #packetUnitsMin: bigint
  readonly #accrual: Accrual
  readonly #receiver: ReceiverLimit
  /** Who we are, for the first packets and for our answers to probes. */
  readonly #sourceAddress: string
  readonly #saysGoodbye: boolean
  #greeting: readonly Frame[] | undefined
  #rate: bigint
  /** In which the rate makes the least that a packet should bring. */
  #packetMs: number
  /** Units that the rate makes in the time in which the lease is low. */
  #leaseLowUnits: bigint
  #lease: Lease
  /** When the listener was told that the lease is low, monotonic; until it is extended. */
  #leaseLowToldMs: number | undefined
  #sequence: number
  #packetUnitsMax: bigint | undefined
  #flights = noFlights
  #sentMs = -Infinity
  /** The tick that is to be paid next; waiting after trouble does not move it. */
  #tickMs = 0
  #retryMs = 0
  #failuresInRow = 0
  /** Whether it waits for its turn on a link that takes no more now. */
  #isInLine = false
  #troubleSinceMs: number | undefined
  /** The trouble is that the receiver takes no more: over as soon as it says otherwise. */
  #blocked = false
  #closing: PromiseWithResolvers<StreamCounters> | undefined

  constructor(spec: StreamSpec, context: SenderContext, place: { readonly share: LinkShare; readonly phase: number }) {
    super()
    this.id = spec.id
    this.#context = context
    const { block, at } = context.counters.take()
    this.#counts = block
    this.#countsAt = at
    this.#link = spec.link
    this.#destination = spec.destination
    this.#keys = new StreamKeys(spec.sharedSecret)
    this.#listener = spec.listener
    this.#share = place.share
    this.#phase = place.phase
    this.#exchangeRate = spec.exchangeRate
    this.#prepareRate = {
      numerator: spec.exchangeRate.numerator * (spec.slippage.denominator - spec.slippage.numerator),
      denominator: spec.exchangeRate.denominator * spec.slippage.denominator,
    }
    this.#linkRate = spec.linkRate
    const linkRate = spec.linkRate?.()
    const unitsMin = packetUnitsMin(spec.exchangeRate)
    const linkUnitsMin = linkRate === undefined ? 0n : packetUnitsMin(linkRate)
    // Rounding on the link takes as little of a packet as rounding at the destination.
    this.#packetUnitsMin = unitsMin > linkUnitsMin ? unitsMin : linkUnitsMin
    this.#rate = spec.rate
    this.#packetMs = msUntil(this.#packetUnitsMin, spec.rate)
    this.#leaseLowUnits = this.#leaseLowAt(spec.rate)
    this.#accrual = new Accrual(spec.rate, { block, at: at + accrualAt })
    this.#receiver = new ReceiverLimit(spec.exchangeRate, { block, at: at + roomAt })
    this.#sourceAddress = spec.sourceAddress
    this.#saysGoodbye = spec.sayGoodbye !== false
    this.#greeting = [
      { type: FrameType.connectionNewAddress, sourceAccount: spec.sourceAddress },
      { type: FrameType.connectionAssetDetails, assetCode: spec.sourceAsset.code, assetScale: spec.sourceAsset.scale },
      money,
    ]
    this.#lease = spec.lease
    this.#sequence = spec.sequenceFirst
    this.#share.streams += 1
    this.#begin(context.clock.monotonicMs())
  }

  get paid(): bigint {
    return this.#count(paidAt)
  }

  get delivered(): bigint {
    return this.#count(deliveredAt)
  }

  get inFlight(): bigint {
    return this.#count(inFlightAt)
  }

  get inDoubt(): bigint {
    return this.#count(inDoubtAt)
  }

  pause(): void {
    if (this.state !== 'paying') return
    this.state = 'paused'
    this.#leaveLine()
    this.#accrual.stop(this.#context.clock.monotonicMs())
    this.#rest()
  }

  resume(): void {
    if (this.state !== 'paused') return
    this.state = 'paying'
    this.#begin(this.#context.clock.monotonicMs())
  }

  setRate(rate: bigint): void {
    assert(rate > 0n, 'the rate must be at least 1 unit a second')
    const nowMs = this.#context.clock.monotonicMs()
    this.#accrual.setRate(rate, nowMs)
    this.#rate = rate
    this.#packetMs = msUntil(this.#packetUnitsMin, rate)
    this.#leaseLowUnits = this.#leaseLowAt(rate)
    if (this.state === 'paying') this.#schedule(nowMs)
  }

  extend(lease: Lease): void {
    const { held, sequenceCeiling, sendUntilMs } = this.#lease
    assert(lease.held >= held && lease.sequenceCeiling >= sequenceCeiling && lease.sendUntilMs >= sendUntilMs && lease.held <= amountMax, 'a lease only grows, to 2^62 units at most')
    this.#lease = lease
    this.#leaseLowToldMs = undefined
  }

  close(): Promise<StreamCounters> {
    if (this.state !== 'closed') this.#shut(true)
    if (this.#flights.length === 0) return Promise.resolve(this.#counters())
    this.#closing ??= Promise.withResolvers()
    return this.#closing.promise
  }

  answer(prepare: Prepare): Promise<Reply> {
    try {
      const packet = this.#keys.open(prepare.data)
      this.#heed(packet.frames)
      const data = this.#keys.seal({ type: PacketType.reject, sequence: packet.sequence, amount: prepare.amount, frames: [] })
      return Promise.resolve(reject(ErrorCode.applicationError, this.#sourceAddress, '', data))
    } catch (error) {
      if (!isFault(error)) throw error
      return Promise.resolve(reject(ErrorCode.unexpectedPayment, this.#sourceAddress, 'this packet belongs to no connection here'))
    }
  }

  /** The wheel calls this at each tick, and when an answer is overdue. */
  override fire(): void {
    const nowMs = this.#context.clock.monotonicMs()
    this.#giveUpOverdue(nowMs)
    if (this.state !== 'paying') return this.#rest()
    if (this.#isInLine) this.#standInLine(nowMs)
    else if (nowMs >= this.#retryMs) this.#pay(nowMs)
    // What the listener was told may have ended the stream.
    if (this.#paying()) this.#schedule(nowMs)
  }

  #count(counter: number): bigint {
    return this.#counts[this.#countsAt + counter] ?? 0n
  }

  #add(counter: number, units: bigint): void {
    this.#counts[this.#countsAt + counter] = this.#count(counter) + units
  }

  #paying(): boolean {
    return this.state === 'paying'
  }

  #begin(nowMs: number): void {
    this.#accrual.start(nowMs)
    this.#tickMs = Math.max(nowMs + Math.max(firstPacketMs, Math.min(this.#packetMs, intervalMaxMs)), this.#sentMs + this.#interval())
    this.#context.wheel.add(this, Math.max(this.#tickMs, this.#retryMs))
  }

  #interval(): number {
    return intervalMs(this.#packetMs, this.#share)
  }

  #schedule(nowMs: number): void {
    const interval = this.#interval()
    const due = this.#accrual.due
    const limit = this.#packetUnitsMax
    // A packet limit below what an interval brings is met by sending more often.
    const next = limit !== undefined && due > limit ? nowMs + interval / Math.min(10, Number(due / limit) + 1) : nextTickMs(nowMs, interval, this.#phase)
    this.#tickMs = due >= this.#packetUnitsMin ? Math.min(this.#tickMs, next) : next
    this.#context.wheel.add(this, Math.max(next, this.#retryMs))
  }

  turn(): boolean {
    if (!this.#isInLine) return false
    this.#leaveLine()
    const nowMs = this.#context.clock.monotonicMs()
    const { packets } = this
    if (nowMs >= this.#retryMs) this.#pay(nowMs, true)
    if (this.#paying()) this.#schedule(nowMs)
    return this.packets > packets
  }

  /** Sends what is due, as far as lease, receiver and packet limit allow; or waits for its turn where others do. */
  #pay(nowMs: number, isItsTurn = false): void {
    if (this.#packetMs > intervalMaxMs) {
      this.#fail('rate-too-low', `at ${this.#rate} units a second a packet that is worth its rounding takes longer than ${intervalMaxMs / 1_000} s`)
      return
    }
    this.#accrual.accrue(nowMs)
    this.#accrual.forgive(Math.max(catchUpMs, this.#interval() + catchUpMs - 1_000))
    const { due } = this.#accrual
    if (due >= this.#packetUnitsMin && this.#mayFollow(due, nowMs)) {
      if (this.#share.isBusy && !isItsTurn) this.#waitForTurn(nowMs, false)
      else this.#sendDue(due, nowMs)
    }
    this.#watchLease(nowMs, 0)
  }

  #waitForTurn(nowMs: number, wasRefused: boolean): void {
    if (this.state !== 'paying') return
    const joins = !this.#isInLine
    if (joins) this.#context.inLine += 1
    this.#isInLine = true
    this.#troubleSinceMs ??= nowMs
    if (wasRefused) this.#share.refused(joins ? this : undefined, nowMs)
    else if (joins) this.#share.join(this, nowMs)
  }

  /** Its place in the line, if it has one, is nobody's from now on. */
  #leaveLine(): void {
    if (this.#isInLine) this.#context.inLine -= 1
    this.#isInLine = false
  }

  #standInLine(nowMs: number): void {
    this.#troubleSinceMs ??= nowMs
    if (nowMs - this.#troubleSinceMs >= unreachableMs && this.#share.silentMs(nowMs) >= unreachableMs) {
      this.#fail('receiver-unreachable', `no packet was answered for ${unreachableMs / 1_000} s; the last answer: ${ErrorCode.connectorBusy}, too much is under way`)
      return
    }
    this.#share.knock(nowMs)
    this.#watchLease(nowMs, 0)
  }

  /** @param aheadMs for how long it will not look again */
  #watchLease(nowMs: number, aheadMs: number): void {
    if (this.state === 'paying' && this.#leaseLowToldMs === undefined && this.#leaseIsLow(aheadMs)) this.#askForLease(nowMs)
  }

  #askForLease(nowMs: number): void {
    this.#leaseLowToldMs ??= nowMs
    this.#listener.leaseLow(this)
  }

  /** Packets that a limit keeps small follow each other without waiting. */
  #mayFollow(due: bigint, nowMs: number): boolean {
    if (this.#flights.length >= packetsInFlightMax) return false
    const isLatestAnswered = this.#flights.at(-1)?.sequence !== this.#sequence - 1
    const isLimited = this.#packetUnitsMax !== undefined && due > this.#packetUnitsMax
    return isLatestAnswered || isLimited || nowMs - this.#sentMs >= patienceMs
  }

  #sendDue(due: bigint, nowMs: number): void {
    const left = this.#lease.held - this.paid - this.inFlight - this.inDoubt
    const expiresAtMs = this.#context.clock.nowMs() + packetLifeMs
    const isOver = this.#sequence > this.#lease.sequenceCeiling || expiresAtMs > this.#lease.sendUntilMs
    if (left < this.#packetUnitsMin || isOver) {
      // It may not have looked at its lease for a while, as when it was paused: it asks before it gives up. Nor does it while the wallet owes it an answer.
      if (isOver && this.#leaseLowToldMs === undefined) return this.#askForLease(nowMs)
      if (this.#leaseLowToldMs !== undefined && nowMs - this.#leaseLowToldMs < leaseWaitMs) return
      // What is still in flight may be rejected, and is then free again.
      if (this.inFlight === 0n || left >= this.#packetUnitsMin) this.#fail('lease-used-up', 'what the wallet had set aside for this stream is used up')
      return
    }
    const room = this.#receiver.units
    if (room !== undefined && room < this.#packetUnitsMin) {
      this.#blocked = true
      this.#send({ amount: 0n, frames: [{ type: FrameType.streamMoneyBlocked, streamId, sendMax: this.delivered + multiplyFloor(due, this.#exchangeRate), totalSent: this.delivered }], lifeMs: packetLifeMs }, nowMs)
      this.#hold(nowMs, { code: ErrorCode.temporaryApplicationError, reason: 'receiver-refused', message: 'the receiver accepts no more money' })
      return
    }
    let amount = due < left ? due : left
    if (room !== undefined && room < amount) amount = room
    if (this.#packetUnitsMax !== undefined && this.#packetUnitsMax < amount) amount = this.#packetUnitsMax
    this.packets += 1
    this.#add(inFlightAt, amount)
    this.#sentMs = nowMs
    this.#accrual.sent(amount)
    this.#receiver.sent(amount)
    this.#send({ amount, frames: this.#greeting, lifeMs: packetLifeMs }, nowMs)
  }

  #send({ amount, frames, lifeMs }: { readonly amount: bigint; readonly frames: readonly Frame[] | undefined; readonly lifeMs: number }, nowMs: number): void {
    const sequence = this.#sequence++
    const least = multiplyCeil(amount, this.#prepareRate)
    const prepareAmount = amount > 0n && least === 0n ? 1n : least
    const data = frames === undefined ? this.#keys.sealMoney(PacketType.prepare, sequence, prepareAmount) : this.#keys.seal({ type: PacketType.prepare, sequence, amount: prepareAmount, frames })
    const fulfillment = this.#keys.fulfillmentOf(data)
    const linkRate = this.#linkRate?.()
    const linkAmount = linkRate === undefined ? 0n : multiplyFloor(amount, linkRate)
    const flight: Flight = { sequence, amount, linkAmount, prepareAmount, fulfillment, deadlineMs: nowMs + lifeMs + answerGraceMs, deliveredBefore: this.delivered, dueMs: this.#tickMs, inDoubt: false }
    if (this.#flights.length === 0) this.#flights = [flight]
    else this.#flights.push(flight)
    const answered = (reply: Reply): void => this.#answered(flight, reply)
    const leaves = this.#linkRate === undefined ? amount : linkAmount
    if (leaves === 0n && amount > 0n) {
      const reply = linkRate === undefined ? reject(ErrorCode.internalError, '', 'no exchange rate to the link is known now') : reject(ErrorCode.insufficientSourceAmount, '', `${amount} units are worth less than one unit of the link`)
      void Promise.resolve(reply).then(answered)
      return
    }
    const late: LateListener | undefined = amount > 0n ? { wantedUntilMs: this.#lateUntilMs, hear: answered } : undefined
    void this.#link.send({ amount: leaves, expiresAtMs: this.#context.clock.nowMs() + lifeMs, condition: conditionOf(fulfillment), destination: this.#destination, data, fulfillment }, late).then(
      answered,
      (error: unknown) => this.#unanswered(flight, error),
    )
  }

  readonly #lateUntilMs = (): number => this.#lease.sendUntilMs + lateAnswerMs

  #leaseIsLow(aheadMs: number): boolean {
    const { held, sequenceCeiling, sendUntilMs } = this.#lease
    const left = held - this.paid - this.inFlight - this.inDoubt - this.#accrual.due
    return left < this.#leaseLowUnits || sequenceCeiling - this.#sequence < leaseLowMs / 1_000 || sendUntilMs - this.#context.clock.nowMs() - aheadMs - packetLifeMs < sendTimeLowMs + this.#earlyMs
  }

  get #earlyMs(): number {
    return Math.floor(this.#phase * leaseSpreadMs)
  }

  #leaseLowAt(rate: bigint): bigint {
    return (rate * BigInt(leaseLowMs + this.#earlyMs)) / 1_000n
  }

  #answered(flight: Flight, reply: Reply): void {
    if (flight.amount === 0n) this.#heard(flight, reply)
    else if (!isFulfill(reply)) this.#rejected(flight, reply)
    else if (reply.fulfillment.equals(flight.fulfillment)) this.#paid(flight, reply.data)
    else {
      // No money is owed for a wrong preimage, but a peer that sends one is not to be believed: the amount stays reserved.
      this.#doubt(flight)
      this.#fail('receiver-misbehaved', 'a packet was fulfilled with a wrong preimage')
    }
    this.#rest()
    // Whatever came back has left room for another. Only a link of our own may let everybody wait: one receiver that is busy, or says so, is no reason for others to.
    if (this.#share.isBusy && !isLinkRefusal(reply)) this.#share.answered(this.#context.clock.monotonicMs())
  }

  #unanswered(flight: Flight, error: unknown): void {
    if (flight.inDoubt) return
    if (flight.amount === 0n) this.#doubt(flight)
    else if (error instanceof LinkFault && error.code === 'closed') this.#rejected(flight, reject(ErrorCode.peerUnreachable, '', error.message))
    else {
      this.#doubt(flight)
      this.#hold(this.#context.clock.monotonicMs(), { code: ErrorCode.peerUnreachable, reason: 'receiver-unreachable', message: 'packets were not answered' })
    }
    this.#rest()
  }

  /** The answer to a packet that only talked. */
  #heard(flight: Flight, reply: Reply): void {
    this.#release(flight)
    if (this.state !== 'closed') this.#heed(this.#read(reply, flight)?.frames ?? [])
  }

  #paid(flight: Flight, data: Buffer): void {
    this.#release(flight)
    this.#add(paidAt, flight.amount)
    this.fulfilled += 1
    this.#recovered()
    this.#greeting = undefined
    const answer = this.#read({ type: PacketType.fulfill, data }, flight)
    const isCredible = answer !== undefined && answer.amount <= amountMax - this.delivered
    const delivered = isCredible ? answer.amount : 0n
    this.#add(deliveredAt, delivered)
    this.#listener.fulfilled(this, {
      amount: flight.amount, linkAmount: flight.linkAmount, delivered, receipt: answer === undefined ? undefined : receiptOf(answer.frames), latenessMs: Math.max(0, this.#context.clock.monotonicMs() - flight.dueMs),
    })
    if (!isCredible) this.#fail('receiver-misbehaved', 'the receiver fulfilled a packet with an answer that does not belong to it, or cannot be true')
    else if (delivered < flight.prepareAmount) this.#fail('receiver-misbehaved', `the receiver accepted ${delivered} units where ${flight.prepareAmount} were the least`)
    else this.#heed(answer.frames)
  }

  #rejected(flight: Flight, reply: Reject): void {
    const answer = reply.code === ErrorCode.applicationError ? this.#read(reply, flight) : undefined
    const said = `${reply.code}${reply.triggeredBy === '' ? '' : ` from ${reply.triggeredBy}`}${reply.message === '' ? '' : `: ${reply.message}`}`
    if (answer !== undefined && this.#mayHaveArrived(flight, answer.frames)) {
      this.#doubt(flight)
      this.#heed(answer.frames)
      this.#hold(this.#context.clock.monotonicMs(), { code: reply.code, reason: 'receiver-refused', message: said })
      return
    }
    this.#release(flight)
    this.rejected += 1
    this.#accrual.returned(flight.amount)
    this.#receiver.returned(flight.amount)
    this.#listener.rejected(this, reply.code, reply.message)
    if (this.state === 'closed') return
    const nowMs = this.#context.clock.monotonicMs()
    if (reply.code === ErrorCode.amountTooLarge) this.#learnPacketLimit(flight, reply, said)
    else if (reply.code === ErrorCode.applicationError) {
      if (answer === undefined) this.#fail('receiver-refused', said)
      else {
        this.#heed(answer.frames)
        this.#hold(nowMs, { code: reply.code, reason: 'receiver-refused', message: said })
      }
    } else if (reply === linkRefusals.busy) this.#waitForTurn(nowMs, true)
    else if (reply.code.startsWith('F')) this.#fail(reply.code === ErrorCode.unreachable ? 'receiver-unreachable' : 'receiver-refused', said)
    else this.#hold(nowMs, { code: reply.code, reason: 'receiver-unreachable', message: said })
  }

  /**
   * Whether the receiver that refuses a packet has more than we knew it had when we sent it: a link may have brought it twice, and a receiver refuses the second copy. What
   * was answered since tells nothing: it may have arrived after this refusal was written.
   */
  #mayHaveArrived({ deliveredBefore }: Flight, frames: readonly Frame[]): boolean {
    return frames.some((frame) => frame.type === FrameType.streamMaxMoney && frame.streamId === streamId && frame.totalReceived > deliveredBefore)
  }

  #learnPacketLimit(flight: Flight, reply: Reject, said: string): void {
    const amounts = decodeAmountTooLarge(reply.data)
    const told = amounts === undefined || amounts.receivedAmount === 0n ? flight.amount / 2n : (flight.amount * amounts.maximumAmount) / amounts.receivedAmount
    const limit = told < flight.amount ? told : flight.amount - 1n
    if (limit < 1n) return this.#fail('receiver-refused', said)
    if (this.#packetUnitsMax === undefined || limit < this.#packetUnitsMax) this.#packetUnitsMax = limit
    if (this.state === 'paying') this.#context.wheel.add(this, 0)
  }

  /** Waits before the next try, longer each time; gives up after a minute without success. */
  #hold(nowMs: number, trouble: { readonly code: string; readonly reason: CloseReason; readonly message: string }): void {
    if (this.state === 'closed') return
    this.#failuresInRow += 1
    this.#troubleSinceMs ??= nowMs
    if (nowMs - this.#troubleSinceMs >= unreachableMs) return this.#fail(trouble.reason, `no packet was fulfilled for ${unreachableMs / 1_000} s; the last answer: ${trouble.message}`)
    const waitMs = backoffMs(this.#failuresInRow, trouble.code, this.#context.random)
    this.#retryMs = nowMs + waitMs
    if (this.state !== 'paying') return
    this.#watchLease(nowMs, waitMs)
    if (this.#paying()) this.#schedule(nowMs)
  }

  #recovered(): void {
    this.#failuresInRow = 0
    this.#retryMs = 0
    this.#troubleSinceMs = undefined
    this.#blocked = false
  }

  /** What the receiver says besides amounts: its limit, and that it closes. */
  #heed(frames: readonly Frame[]): void {
    for (const frame of frames) {
      if (frame.type === FrameType.streamMaxMoney && frame.streamId === streamId) {
        this.#receiver.told(frame.receiveMax - frame.totalReceived, this.inFlight)
        if (this.#blocked && (this.#receiver.units ?? 0n) >= this.#packetUnitsMin) {
          this.#recovered()
          if (this.state === 'paying') this.#schedule(this.#context.clock.monotonicMs())
        }
      }
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

  #giveUpOverdue(nowMs: number): void {
    if (this.#flights.length === 0) return
    const overdue = this.#flights.filter((flight) => flight.deadlineMs <= nowMs)
    for (const flight of overdue) this.#unanswered(flight, undefined)
  }

  #doubt(flight: Flight): void {
    this.#release(flight)
    flight.inDoubt = true
    this.#add(inDoubtAt, flight.amount)
  }

  /** Takes a packet off the books of what is under way. */
  #release(flight: Flight): void {
    if (flight.inDoubt) {
      this.#add(inDoubtAt, -flight.amount)
      return
    }
    this.#add(inFlightAt, -flight.amount)
    if (this.#flights.length === 1) this.#flights = noFlights
    else this.#flights.splice(this.#flights.indexOf(flight), 1)
  }

  #fail(reason: CloseReason, message: string): void {
    if (this.state === 'closed') return
    this.#shut(reason === 'lease-used-up' || reason === 'rate-too-low' || reason === 'receiver-misbehaved')
    this.#listener.failed(this, reason, message)
  }

  #shut(sayGoodbye: boolean): void {
    const nowMs = this.#context.clock.monotonicMs()
    this.state = 'closed'
    this.#leaveLine()
    this.#accrual.stop(nowMs)
    this.#share.streams -= 1
    const { sequenceCeiling, sendUntilMs } = this.#lease
    // Who may still be asked for its total is not told to forget it.
    if (sayGoodbye && this.#saysGoodbye && this.packets > 0 && this.inDoubt === 0n && this.#sequence <= sequenceCeiling && this.#context.clock.nowMs() + closePacketLifeMs <= sendUntilMs) {
      this.#send({ amount: 0n, frames: [goodbye], lifeMs: closePacketLifeMs }, nowMs)
    }
    this.#rest()
  }

  /** While not paying, the wheel only wakes us for what is overdue; closed and with nothing left to wait for, the stream ends. */
  #rest(): void {
    if (this.state === 'paying') return
    if (this.#flights.length > 0) this.#context.wheel.add(this, Math.min(...this.#flights.map((flight) => flight.deadlineMs)))
    else {
      this.#context.wheel.remove(this)
      if (this.state === 'paused') return
      this.#context.ended(this)
      this.#closing?.resolve(this.#counters())
    }
  }

  #counters(): StreamCounters {
    const { paid, delivered, inFlight, inDoubt, packets, fulfilled, rejected } = this
    return { paid, delivered, inFlight, inDoubt, packets, fulfilled, rejected }
  }
}

function receiptOf(frames: readonly Frame[]): Buffer | undefined {
  for (const frame of frames) if (frame.type === FrameType.streamReceipt && frame.streamId === streamId) return frame.receipt
  return undefined
}
