/**
 * One STREAM connection that is paid from a subscriber's account: its row in the ledger (hold, lease, bookings, end) and its sender, kept in step.
 * No packet leaves that a durable hold does not cover, and nobody hears of a payment before it is durable: by its booking, or, where the receiver writes to the same books, by the credit that
 * its Fulfill proves.
 */
import { createHash } from 'node:crypto'
import { isFault, messageOf } from '@rivulet/faults'
import { type Id, newId, newSecret, type Seal } from '@rivulet/ids'
import type { Prepare, Reply } from '@rivulet/ilp'
import type { Balance, SendingStreams, StreamResume } from '@rivulet/ledger'
import type { Asset, Ratio } from '@rivulet/money'
import type { OutgoingRoute, Routing } from '@rivulet/peering'
import type { Payee } from '@rivulet/resolver'
import type { CloseReason, FulfilledPacket, Lease, SendingStream, StreamCounters, StreamListener, StreamSpec } from '@rivulet/stream-sender'
import type { Clock } from '@rivulet/time'
import type { Subscriber } from './connection.ts'
import type { Lateness } from './lateness.ts'
import type { PauseReason, StopReason } from './session.ts'

/** A pino logger has this form. */
export interface Log {
  info(details: object, message: string): void
  warn(details: object, message: string): void
  error(details: object, message: string): void
}

/** What all streams of a wallet share. */
export interface StreamDesk {
  readonly clock: Clock
  readonly log: Log
  readonly seal: Seal
  readonly ledger: { readonly sending: SendingStreams; balance(id: Id<'acct'>): Promise<Balance>; available(id: Id<'acct'>): Promise<bigint> }
  readonly sender: { open(spec: StreamSpec): SendingStream }
  readonly routing: Routing
  readonly lossAccountId: Id<'acct'>
  readonly ownerId: Id<'ownr'>
  /** The wallet's ILP address; each stream has a child of it. */
  readonly ilpAddress: string
  /** ILP address of the receiving role that writes to the same ledger, if any. */
  readonly ownReceiverAddress: string | undefined
  /** How much of a stream is held, and may be sent, ahead: milliseconds. */
  readonly leaseMs: number
  /** No packet of a connection is on its way any more, and none will follow. */
  finished(receiver: Payee): void
  /** Streams that live, by the last segment of their address. */
  readonly live: Map<string, PaidStream>
  readonly counters: { packets: number; fulfilled: number; readonly rejectsByCode: Map<string, number>; readonly lateness: Lateness }
  /** Settles when the wallet stops waiting for answers and for the database. */
  readonly givingUp: Promise<void>
}

/** One payment that is durable. Amounts in units of their side. */
export interface PaidPacket {
  /** Wallet address of the payee. */
  readonly payee: string
  readonly amount: bigint
  readonly asset: Asset
  readonly delivered: bigint
  readonly deliveredAsset: Asset
  readonly receipt: Buffer | undefined
  /** URL of the incoming payment that got it, if there is one. */
  readonly incomingPayment: string | undefined
}

export type Broken = { readonly lasting: StopReason } | { readonly passing: PauseReason }

export interface PaidStreamListener {
  opened(): void
  paid(packet: PaidPacket): void
  /** It could not be opened, or ended by itself. Not called after `close()`. */
  broken(why: Broken): void
  /** Whether bookings wait for the database: pause it then. */
  stalled(stalled: boolean): void
  /** The budget does not cover what a stream usually holds ahead: it holds little from now on, and others should not sit on more. */
  fundsShort?(): void
}

export interface PaidStreamSpec {
  readonly subscriber: Subscriber
  readonly receiver: Payee
  /** Origin of the page, if any. */
  readonly site: string | undefined
  /** Units a second. */
  readonly rate: bigint
  /** Most units that it may pay in all; without one the budget decides. */
  readonly amountMax?: bigint | undefined
  /** The budget is known to near its end: hold little from the start. */
  readonly sparing?: boolean
  readonly listener: PaidStreamListener
}

/** A route, and what may be lost on it. */
interface Way {
  readonly route: OutgoingRoute
  readonly terms: { readonly exchangeRate: Ratio; readonly slippage: Ratio }
}

interface Row {
  epoch: number
  lease: Lease
}

/** A booking that takes longer than this stalls its stream. */
const bookingMaxMs = 3_000
/** Where closing takes the total of the receiver's row, the payer's follows it: with the first packet that comes so long after the last booking, the fifth where one comes each second. */
const followingMs = 4_500
/** Only when no packet comes any more does it follow by itself. Were this as short, streams would wait for the wallet's look at all of them, and come into step: all bookings of a second at one instant of it. */
const followingAloneMs = 6_000
/** How much of the rate a stream holds ahead when the budget nears its end: streams that share the rest draw it in small draughts, evenly. */
const shortHoldMs = 5_000
/** How long it goes on so before it tries to hold the usual again. */
const sparingMs = 60_000
const retryMs = 1_000
/** Sequences that a lease allows beyond those used. */
const sequencesPerLease = 1_000
/** Never changed: what is empty is nothing that a collection of young objects copies. */
const noPackets: PaidPacket[] = []
const none: StreamCounters = { paid: 0n, delivered: 0n, inFlight: 0n, inDoubt: 0n, packets: 0, fulfilled: 0, rejected: 0 }

export class PaidStream implements StreamListener {
  readonly id: Id<'strm'>
  readonly subscriber: Subscriber
  readonly payee: string
  readonly site: string | undefined
  readonly openedAtMs: number
  readonly #desk: StreamDesk
  readonly #receiver: Payee
  readonly #listener: PaidStreamListener
  readonly #amountMax: bigint | undefined
  /** Last segment of our address of this stream: nobody can guess it. */
  readonly #segment = newSecret(18)
  readonly #opening: Promise<void>
  #rate: bigint
  #row: Row | undefined
  #stream: SendingStream | undefined
  /** What the last packet that was not paid was told. */
  lastReject: { readonly code: string; readonly message: string } | undefined
  /** Units of the link that carried it, where the link counts in another asset. */
  #linkTotal = 0n
  /** Whether the row counts what the receiver got: its word settles doubts then. */
  #expectsArrival = false
  /** What the receiver counts in. */
  readonly #deliveredAsset: Asset
  #delivered = 0n
  /** Whether its row follows that of the receiver, which is durable before a Fulfill leaves. */
  #follows = false
  /** Who is told of them once they are booked. */
  #unbooked = noPackets
  #inBooking: readonly PaidPacket[] = noPackets
  #booking = false
  /** The total that is booked or being booked. */
  #bookedTotal = 0n
  /** Who waits until nothing is being booked. */
  #idle: PromiseWithResolvers<void> | undefined
  #bookingSinceMs = 0
  #stalled = false
  #extending: Promise<void> | undefined
  #extendDue = false
  #fundsSpent = false
  /** Until then it holds little. */
  #sparingUntilMs = -Infinity
  #fenced = false
  #ending: Promise<StreamCounters> | undefined

  constructor(desk: StreamDesk, spec: PaidStreamSpec) {
    this.openedAtMs = desk.clock.nowMs()
    this.id = newId('strm', this.openedAtMs)
    this.subscriber = spec.subscriber
    this.payee = spec.receiver.paymentPointer
    this.site = spec.site
    this.#desk = desk
    this.#receiver = spec.receiver
    this.#listener = spec.listener
    this.#amountMax = spec.amountMax
    this.#rate = spec.rate
    this.#deliveredAsset = spec.receiver.asset ?? spec.subscriber.asset
    if (spec.sparing === true) this.#sparingUntilMs = desk.clock.monotonicMs() + sparingMs
    desk.live.set(this.#segment, this)
    this.#opening = this.#open()
  }

  get rate(): bigint {
    return this.#rate
  }

  /** Units that were paid. */
  get total(): bigint {
    return this.#stream?.paid ?? 0n
  }

  /** Whether the row has all that was paid. */
  get isBooked(): boolean {
    return !this.#booking && this.#bookedTotal === this.total
  }

  get held(): bigint {
    return this.#row?.lease.held ?? 0n
  }

  /** Whether it holds much more than it needs while another stream of hers finds nothing left to hold. */
  get sitsOnFunds(): boolean {
    const { paid, inFlight, inDoubt } = this.counters
    return this.held - paid - inFlight - inDoubt > this.#worth(2 * shortHoldMs)
  }

  get counters(): StreamCounters {
    return this.#stream ?? none
  }

  get state(): 'opening' | 'paying' | 'paused' | 'closing' {
    if (this.#ending !== undefined) return 'closing'
    if (this.#stream === undefined) return 'opening'
    return this.#stream.state === 'paying' ? 'paying' : 'paused'
  }

  setRate(rate: bigint): void {
    this.#rate = rate
    this.#stream?.setRate(rate)
  }

  pause(): void {
    this.#stream?.pause()
  }

  resume(): void {
    this.#stream?.resume()
  }

  /** A packet that came to our address of this stream (RFC 29: probes of the receiver); undefined before it is open. */
  answer(prepare: Prepare): Promise<Reply> | undefined {
    return this.#stream?.answer(prepare)
  }

  /** Stops at once; resolves when what was paid is posted and the rest of the hold released, or left in doubt. Never throws. Idempotent. */
  close(reason: string): Promise<StreamCounters> {
    this.#ending ??= this.#end(reason)
    return this.#ending
  }

  /**
   * Our own recovery took the row over while this stream still lives: the database was away for longer than the lease. It books what was paid under
   * the new epoch, and ends.
   */
  adopt(epoch: number): void {
    if (this.#row === undefined) return
    this.#row.epoch = epoch
    this.#breakOff({ passing: 'wallet-unavailable' })
  }

  /** Called every second by the wallet: lets its row follow, notices bookings that hang, and tries refused extensions again. */
  sweep(): void {
    if (!this.#booking) this.#book(followingAloneMs)
    else if (!this.#stalled && this.#desk.clock.monotonicMs() - this.#bookingSinceMs > bookingMaxMs) this.#stall(true)
    if (this.#extendDue && this.#ending === undefined) this.#extend()
  }

  async #open(): Promise<void> {
    // The owner has this object in hand before it hears of it.
    await Promise.resolve()
    const { clock, log } = this.#desk
    const receiverIsOurs = this.#receiverIsOurs()
    const asset = this.#receiver.asset ?? (receiverIsOurs ? this.subscriber.asset : undefined)
    if (asset === undefined) {
      this.#breakOff({ lasting: 'asset-unsupported' })
      return
    }
    const way = await this.#findWay(asset)
    if (way === undefined) return
    const { route, terms } = way
    let lease: Lease = { held: this.#holdAhead(0n), sequenceCeiling: sequencesPerLease, sendUntilMs: clock.nowMs() + this.#desk.leaseMs }
    try {
      const resume = { receiverIsOurs, ...(receiverIsOurs ? {} : this.#expected(asset, way)) }
      let opened = await this.#openRow(lease, resume, route.creditAccountId)
      if (opened === undefined) {
        this.#spare()
        const left = smaller(await this.#available(), this.#holdAhead(0n))
        this.#fundsSpent = left < this.#holdAhead(0n)
        lease = { ...lease, held: left }
        if (left > 0n) opened = await this.#openRow(lease, resume, route.creditAccountId)
      }
      if (opened === undefined) {
        this.#breakOff({ passing: 'budget-spent' })
        return
      }
      this.#row = { epoch: opened.ownerEpoch, lease }
      this.#follows = receiverIsOurs && route.linkRate === undefined
      this.#bookingSinceMs = clock.monotonicMs()
    } catch (error) {
      if (!isFault(error, 'database-unavailable')) log.error({ stream: this.id, error: messageOf(error) }, 'a stream could not be opened')
      this.#breakOff({ passing: 'wallet-unavailable' })
      return
    }
    if (this.#ending !== undefined) return
    try {
      this.#stream = this.#desk.sender.open({
        id: this.id,
        link: route.link,
        linkRate: route.linkRate,
        ...(route.packetsPerSecondMax !== undefined && { linkPacketsPerSecondMax: route.packetsPerSecondMax }),
        destination: this.#receiver.destination,
        sharedSecret: this.#receiver.sharedSecret,
        sourceAddress: `${this.#desk.ilpAddress}.${this.#segment}`,
        sourceAsset: this.subscriber.asset,
        ...terms,
        rate: this.#rate,
        lease,
        sequenceFirst: 1,
        // Closing the row of our own receiver closes its connection.
        sayGoodbye: !receiverIsOurs,
        listener: this,
      })
    } catch (error) {
      log.warn({ stream: this.id, payee: this.payee, error: messageOf(error) }, 'a receiver gave credentials that cannot be used')
      this.#breakOff({ lasting: 'receiver-misbehaved' })
      return
    }
    this.#listener.opened()
  }

  /** The route and what may be lost on it; or says why there is none. */
  async #findWay(asset: Asset): Promise<Way | undefined> {
    const { routing, log } = this.#desk
    const source = this.subscriber.asset
    let route: OutgoingRoute
    try {
      route = await routing.to(this.#receiver.destination, source)
    } catch (error) {
      const noRoute = isFault(error, 'no-route')
      log.warn({ stream: this.id, payee: this.payee, error: messageOf(error) }, 'no way to a payee was found')
      this.#breakOff(noRoute ? { lasting: 'no-route' } : { passing: 'wallet-unavailable' })
      return undefined
    }
    const same = source.code === asset.code && source.scale === asset.scale
    const exchangeRate = same ? { numerator: 1n, denominator: 1n } : routing.rateOf(source, asset)
    if (exchangeRate === undefined || (route.linkRate !== undefined && route.linkRate() === undefined)) {
      log.warn({ stream: this.id, payee: this.payee, from: source.code, to: asset.code }, 'no exchange rate is known: configure one under "exchange" in rivulet.json')
      this.#breakOff({ lasting: 'rate-unknown' })
      return undefined
    }
    // Within one asset nothing may be lost; only where somebody exchanges may rates differ and amounts be rounded.
    return { route, terms: { exchangeRate, slippage: same && route.linkRate === undefined ? { numerator: 0n, denominator: 1n } : routing.slippage } }
  }

  /** What a receiver of others gets by what it is paid, where it counts in another asset or the link does. */
  #expected(asset: Asset, { route, terms: { exchangeRate } }: Way): Pick<StreamResume, 'arrival' | 'linkPrice'> {
    const source = this.subscriber.asset
    const linkRate = route.linkRate?.()
    this.#expectsArrival = linkRate !== undefined || source.code !== asset.code || source.scale !== asset.scale
    return this.#expectsArrival ? { arrival: { asset, price: inverse(exchangeRate) }, linkPrice: linkRate && inverse(linkRate) } : {}
  }

  /** Undefined when the account has not enough for the lease. */
  async #openRow(lease: Lease, resume: Omit<StreamResume, 'destination' | 'encryptedSecret'>, creditAccountId: Id<'acct'>): Promise<{ readonly ownerEpoch: number } | undefined> {
    const { destination, sharedSecret } = this.#receiver
    try {
      return await this.#desk.ledger.sending.open({
        ...lease,
        id: this.id,
        debitAccountId: this.subscriber.accountId,
        creditAccountId,
        lossAccountId: this.#desk.lossAccountId,
        connection: createHash('sha256').update(destination).digest(),
        rate: this.#rate,
        resume: { destination, encryptedSecret: this.#desk.seal.seal(sharedSecret, this.id), ...resume },
        ownerId: this.#desk.ownerId,
        label: { payer: this.subscriber.walletAddress, payee: this.payee, ...(this.site !== undefined && { site: this.site }) },
      })
    } catch (error) {
      if (isFault(error, 'funds-insufficient')) return undefined
      throw error
    }
  }

  /** What the sender says. */
  fulfilled(_stream: SendingStream, { amount, linkAmount, delivered, receipt, latenessMs }: FulfilledPacket): void {
    const { counters } = this.#desk
    counters.packets += 1
    counters.fulfilled += 1
    counters.lateness.observe(latenessMs)
    if (linkAmount > 0n) this.#linkTotal += linkAmount
    if (this.#expectsArrival) this.#delivered += delivered
    const packet = { payee: this.payee, amount, asset: this.subscriber.asset, delivered, deliveredAsset: this.#deliveredAsset, receipt, incomingPayment: this.#receiver.incomingPayment }
    if (this.#follows) this.#listener.paid(packet)
    else if (this.#unbooked.length === 0) this.#unbooked = [packet]
    else this.#unbooked.push(packet)
    if (!this.#booking) this.#book()
  }

  rejected(_stream: SendingStream, code: string, message: string): void {
    const { counters } = this.#desk
    this.lastReject = { code, message }
    counters.packets += 1
    counters.rejectsByCode.set(code, (counters.rejectsByCode.get(code) ?? 0) + 1)
  }

  leaseLow(): void {
    this.#extend()
  }

  failed(_stream: SendingStream, reason: CloseReason, message: string): void {
    this.#desk.log.info({ stream: this.id, payee: this.payee, reason, message }, 'a stream ended by itself')
    this.#breakOff(this.#broken(reason))
  }

  /** Books the latest total until none is newer: one booking of a stream is in flight at a time. No async function where a packet passes: each would cost it 1 kB. */
  #book(afterMs = followingMs): void {
    const nowMs = this.#desk.clock.monotonicMs()
    if (this.#row === undefined || this.#bookedTotal === this.total || (this.#follows && nowMs - this.#bookingSinceMs < afterMs)) {
      this.#booking = false
      this.#idle?.resolve()
      this.#stall(false)
      return
    }
    this.#booking = true
    this.#inBooking = this.#unbooked
    this.#unbooked = noPackets
    this.#bookedTotal = this.total
    this.#bookingSinceMs = nowMs
    this.#bookTotal(this.#row, this.total, this.#linkTotal, this.#delivered)
  }

  #bookTotal(row: Row, total: bigint, linkTotal: bigint, delivered: bigint): void {
    if (this.#fenced) return this.#booked(total)
    this.#desk.ledger.sending.book(this.id, row.epoch, total, { linkTotal, delivered }).then(
      () => this.#booked(total),
      (error: unknown) => {
        if (!isFault(error, 'database-unavailable')) {
          this.#refused('booking', error)
          this.#booked(total)
          return
        }
        this.#stall(true)
        void this.#retryLater().then((again) => {
          if (!again) this.#fenced = true
          this.#bookTotal(row, total, linkTotal, delivered)
        })
      },
    )
  }

  #booked(total: bigint): void {
    if (this.#fenced) this.#desk.log.error({ stream: this.id, total: total.toString() }, 'a payment was not booked: its stream has another owner, or is settled')
    else for (const packet of this.#inBooking) this.#listener.paid(packet)
    this.#inBooking = noPackets
    this.#book()
  }

  #stall(stalled: boolean): void {
    if (this.#stalled === stalled) return
    this.#stalled = stalled
    if (stalled) this.#stream?.pause()
    this.#listener.stalled(stalled)
  }

  #extend(): void {
    this.#extending ??= this.#extendNow().finally(() => {
      this.#extending = undefined
    })
  }

  async #extendNow(): Promise<void> {
    const row = this.#row
    const stream = this.#stream
    if (row === undefined || stream === undefined || this.#ending !== undefined) return
    this.#extendDue = false
    const used = stream.paid + stream.inFlight + stream.inDoubt
    const wanted = larger(row.lease.held, this.#holdAhead(used))
    const lease: Lease = { held: wanted, sequenceCeiling: stream.packets + sequencesPerLease, sendUntilMs: Math.max(row.lease.sendUntilMs, this.#desk.clock.nowMs() + this.#desk.leaseMs) }
    try {
      const extended = await this.#extendRow(row, lease, used)
      this.#fundsSpent = extended.held < larger(row.lease.held, this.#holdAhead(used))
      row.lease = extended
      stream.extend(extended)
    } catch (error) {
      if (isFault(error, 'database-unavailable')) this.#extendDue = true
      else if (isFault(error, 'owner-fenced') || isFault(error, 'stream-closed')) this.#lost(error)
      else {
        this.#extendDue = true
        this.#desk.log.error({ stream: this.id, error: messageOf(error) }, 'a stream could not be extended')
      }
    }
  }

  /** Holds what is wanted; near the end of the budget a little, and in the end its rest. */
  async #extendRow(row: Row, lease: Lease, used: bigint): Promise<Lease> {
    const extend = async (held: bigint): Promise<Lease> => {
      const extended = { ...lease, held }
      await this.#desk.ledger.sending.extend(this.id, row.epoch, extended)
      return extended
    }
    try {
      return await extend(lease.held)
    } catch (error) {
      if (!isFault(error, 'funds-insufficient')) throw error
    }
    this.#spare()
    const rest = row.lease.held + (await this.#available())
    try {
      return await extend(larger(row.lease.held, smaller(rest, this.#holdAhead(used))))
    } catch (error) {
      if (!isFault(error, 'funds-insufficient')) throw error
      return extend(row.lease.held)
    }
  }

  /** It ended by itself: the owner is told, and the row is brought to its end. */
  #breakOff(why: Broken): void {
    if (this.#ending !== undefined) return
    this.#ending = this.#end('lasting' in why ? why.lasting : why.passing)
    this.#listener.broken(why)
  }

  #broken(reason: CloseReason): Broken {
    switch (reason) {
      case 'lease-used-up':
        if (this.#amountMax !== undefined && this.held >= this.#amountMax) return { lasting: 'stopped' }
        return { passing: this.#fundsSpent ? 'budget-spent' : 'wallet-unavailable' }
      case 'receiver-unreachable':
      case 'receiver-closed':
        return { passing: 'receiver-unreachable' }
      case 'receiver-refused':
        // Credentials age: a receiver that took money before may take it again with fresh ones.
        return this.total > 0n ? { passing: 'receiver-unreachable' } : { lasting: reason }
      case 'receiver-misbehaved':
      case 'rate-too-low':
        return { lasting: reason }
    }
  }

  #lost(error: unknown): void {
    this.#desk.log.error({ stream: this.id, error: messageOf(error) }, 'another process has taken this stream over')
    this.#fenced = true
    this.#breakOff({ passing: 'wallet-unavailable' })
  }

  async #end(reason: string): Promise<StreamCounters> {
    await Promise.race([this.#opening, this.#desk.givingUp])
    const stream = this.#stream
    const counters = stream === undefined ? none : ((await Promise.race([stream.close(), this.#desk.givingUp])) ?? snapshot(stream))
    await this.#extending
    if (this.#booking) await (this.#idle = Promise.withResolvers()).promise
    const row = this.#row
    if (row !== undefined && !this.#fenced) {
      const { sending } = this.#desk.ledger
      // Where the receiver writes to the same books its total is exact, and closing takes it.
      const inDoubt = counters.inFlight + counters.inDoubt > 0n && !this.#receiverIsOurs()
      const finish = () => (inDoubt ? sending.leaveInDoubt(this.id, row.epoch, reason) : sending.close(this.id, row.epoch, reason))
      while (!(await this.#attempt('end', finish)) && (await this.#retryLater()));
    }
    this.#desk.live.delete(this.#segment)
    if (counters.inFlight + counters.inDoubt === 0n) this.#desk.finished(this.#receiver)
    return counters
  }

  /** Whether it is settled: done, or refused for good. False when the database is away. */
  async #attempt(what: string, write: () => Promise<void>): Promise<boolean> {
    try {
      await write()
    } catch (error) {
      if (isFault(error, 'database-unavailable')) return false
      this.#refused(what, error)
    }
    return true
  }

  /** The ledger refused a write for good. */
  #refused(what: string, error: unknown): void {
    if (isFault(error, 'owner-fenced') || isFault(error, 'stream-closed')) return this.#lost(error)
    this.#desk.log.error({ stream: this.id, what, error: messageOf(error) }, 'the ledger refused a write of a stream')
    this.#fenced = true
    this.#breakOff({ passing: 'wallet-unavailable' })
  }

  /** False when the wallet gives up. */
  async #retryLater(): Promise<boolean> {
    return Promise.race([this.#desk.clock.sleep(retryMs).then(() => true), this.#desk.givingUp.then(() => false)])
  }

  #available(): Promise<bigint> {
    return this.#desk.ledger.available(this.subscriber.accountId)
  }

  /** What should be held in all when `used` is paid or on its way. */
  #holdAhead(used: bigint): bigint {
    const { clock, leaseMs } = this.#desk
    const ahead = used + this.#worth(clock.monotonicMs() < this.#sparingUntilMs ? Math.min(shortHoldMs, leaseMs) : leaseMs)
    return this.#amountMax !== undefined && this.#amountMax < ahead ? this.#amountMax : ahead
  }

  #worth(ms: number): bigint {
    return (this.#rate * BigInt(ms)) / 1_000n
  }

  /** There is not enough for the usual hold: this one holds little for a while, and others are asked to do so too. */
  #spare(): void {
    const nowMs = this.#desk.clock.monotonicMs()
    const known = nowMs < this.#sparingUntilMs
    this.#sparingUntilMs = nowMs + sparingMs
    if (!known && this.#ending === undefined) this.#listener.fundsShort?.()
  }

  #receiverIsOurs(): boolean {
    const own = this.#desk.ownReceiverAddress
    return own !== undefined && this.#receiver.destination.startsWith(`${own}.`)
  }
}

function larger(a: bigint, b: bigint): bigint {
  return a > b ? a : b
}

function smaller(a: bigint, b: bigint): bigint {
  return a < b ? a : b
}

function snapshot(stream: SendingStream): StreamCounters {
  const { paid, delivered, inFlight, inDoubt, packets, fulfilled, rejected } = stream
  return { paid, delivered, inFlight, inDoubt, packets, fulfilled, rejected }
}

function inverse({ numerator, denominator }: Ratio): Ratio {
  return { numerator: denominator, denominator: numerator }
}
