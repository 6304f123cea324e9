import { isFault, messageOf } from '@rivulet/faults'
import type { LookedUp, Payee } from '@rivulet/resolver'
import type { StreamCounters } from '@rivulet/stream-sender'
import type { Subscriber } from './connection.ts'
import { type PaidPacket, PaidStream, type StreamDesk } from './paid-stream.ts'
import { begin, hasStream, next, type PauseReason, type Permit, type SessionEffect, type SessionEvent, type SessionState, type Transition } from './session.ts'

const noCounters: StreamCounters = { paid: 0n, delivered: 0n, inFlight: 0n, inDoubt: 0n, packets: 0, fulfilled: 0, rejected: 0 }

/** Credentials older than this are not used to open a stream. */
const credentialsMaxAgeMs = 30_000

/** What the asker hears, in the words of the agent's protocol. */
export type SessionNews =
  | { readonly type: 'loaded'; readonly paymentPointer: string }
  | { readonly type: 'failed'; readonly code: string; readonly message: string }
  | { readonly type: 'paid'; readonly packet: PaidPacket }
  | { readonly type: 'paused'; readonly reason: string }
  | { readonly type: 'resumed' }
  | { readonly type: 'stopped'; readonly reason: string }

export interface SessionDesk extends StreamDesk {
  /** Whether there is somebody to pay; with SPSP the answer has credentials already. */
  lookUp(pointer: string): Promise<LookedUp>
  resolve(pointer: string): Promise<Payee>
}

export interface PaymentSessionSpec {
  /** Absolute URL of the wallet address. */
  readonly pointer: string
  /** Undefined when nobody is connected: the pointer is looked up, nothing is paid. */
  readonly subscriber: Subscriber | undefined
  readonly site: string | undefined
  readonly permit: Permit
  /** Most units that it may pay in all; without one the budget decides. */
  readonly amountMax?: bigint
  readonly hear: (news: SessionNews) => void
  readonly budgetSpent: () => void
  /** There is too little left to hold the usual. */
  readonly fundsShort?: () => void
}

/** Runs the machine of session.ts for one request: carries out its effects on the resolver and on streams, and tells the asker. */
export class PaymentSession {
  readonly pointer: string
  readonly #desk: SessionDesk
  readonly #spec: PaymentSessionSpec
  #state: SessionState
  #paymentPointer: string
  #receiver: { readonly receiver: Payee; readonly sinceMs: number } | undefined
  #stream: PaidStream | undefined
  #past: StreamCounters = noCounters
  #lastReject: PaidStream['lastReject']
  #settling: Promise<void> = Promise.resolve()

  constructor(desk: SessionDesk, spec: PaymentSessionSpec) {
    this.pointer = spec.pointer
    this.#paymentPointer = spec.pointer
    this.#desk = desk
    this.#spec = spec
    const { state, effects } = begin(spec.permit)
    this.#state = state
    this.#carryOut(effects)
  }

  /** Whether it may still pay, now or later. */
  get live(): boolean {
    return this.#state.phase.name !== 'over'
  }

  /** Whether it holds money for its receiver now. */
  get hasStream(): boolean {
    return hasStream(this.#state)
  }

  /** Gives back what it holds in advance, if that is much: others of the same budget find too little. */
  shareFunds(): void {
    if (this.#stream?.sitsOnFunds === true) this.dispatch({ type: 'share-funds' })
  }

  /** Wallet address of whom it pays; undefined until it is looked up, and when it is over. */
  get payee(): string | undefined {
    const { name } = this.#state.phase
    return name === 'resolving' || name === 'over' ? undefined : this.#paymentPointer
  }

  /** Why it does not pay now; undefined while it does, or is about to. */
  get reason(): PauseReason | undefined {
    const { phase, permit, stalled } = this.#state
    if (stalled) return 'wallet-unavailable'
    return 'reason' in permit ? permit.reason : phase.name === 'waiting' ? phase.reason : undefined
  }

  get stream(): PaidStream | undefined {
    return this.#stream
  }

  dispatch(event: SessionEvent): void {
    const { state, effects }: Transition = next(this.#state, event, this.#desk.clock.nowMs())
    this.#state = state
    this.#carryOut(effects)
  }

  /** What all its streams did. */
  get counters(): StreamCounters {
    return this.#stream === undefined ? this.#past : sum(this.#past, this.#stream.counters)
  }

  /** What the last packet that was not paid was told. */
  get lastReject(): PaidStream['lastReject'] {
    return this.#stream?.lastReject ?? this.#lastReject
  }

  /** Stops for good; resolves to what all its streams did, when the last is settled. */
  async end(): Promise<StreamCounters> {
    this.dispatch({ type: 'stop', reason: 'stopped' })
    await this.#settling
    return this.#past
  }

  #carryOut(effects: readonly SessionEffect[]): void {
    for (const effect of effects) this.#carryOutOne(effect)
  }

  #carryOutOne(effect: SessionEffect): void {
    switch (effect.type) {
      case 'resolve':
        void this.#resolve()
        return
      case 'open':
        void this.#open(effect)
        return
      case 'rate':
        this.#stream?.setRate(effect.rate)
        return
      case 'pause':
        this.#stream?.pause()
        return
      case 'resume':
        this.#stream?.resume()
        return
      case 'close':
        this.#drop(effect.reason)
        return
      case 'tell':
        this.#tell(effect)
    }
  }

  #tell(effect: SessionEffect & { readonly type: 'tell' }): void {
    if (effect.tell === 'loaded') this.#spec.hear({ type: 'loaded', paymentPointer: this.#paymentPointer })
    else if (effect.tell === 'failed') this.#spec.hear({ type: 'failed', code: effect.code, message: effect.message })
    else if (effect.tell === 'paused' || effect.tell === 'stopped') this.#spec.hear({ type: effect.tell, reason: effect.reason })
    else this.#spec.hear({ type: 'resumed' })
  }

  async #resolve(): Promise<void> {
    // The owner has this object in hand before it hears of it.
    await Promise.resolve()
    try {
      // An incoming payment is made only once something is paid: most links that are looked at never are.
      const { paymentPointer, payee } = await this.#desk.lookUp(this.pointer)
      this.#paymentPointer = paymentPointer
      if (payee !== undefined) this.#receiver = { receiver: payee, sinceMs: this.#desk.clock.nowMs() }
      this.dispatch({ type: 'resolved' })
    } catch (error) {
      const known = isFault(error)
      if (!known) this.#desk.log.error({ pointer: this.pointer, error: messageOf(error) }, 'a pointer could not be resolved')
      this.dispatch({ type: 'unresolved', code: known ? error.code : 'receiver-unreachable', message: known ? error.message : 'the wallet address could not be looked up' })
    }
  }

  async #open({ rate, after }: Extract<SessionEffect, { type: 'open' }>): Promise<void> {
    if (after === 'settled') await this.#settling
    const receiver = await this.#freshReceiver()
    const { subscriber, site } = this.#spec
    if (this.#state.phase.name !== 'opening') return
    if (receiver === undefined || subscriber === undefined) {
      this.dispatch({ type: 'broken', passing: 'receiver-unreachable' })
      return
    }
    const stream: PaidStream = new PaidStream(this.#desk, {
      subscriber,
      receiver,
      site,
      rate,
      sparing: after === 'settled',
      amountMax: this.#spec.amountMax === undefined ? undefined : this.#spec.amountMax - this.#past.paid,
      listener: {
        opened: () => this.#of(stream, { type: 'opened' }),
        paid: (packet) => {
          this.#of(stream, { type: 'paid' })
          this.#spec.hear({ type: 'paid', packet })
        },
        broken: (why) => {
          if ('passing' in why && why.passing === 'budget-spent') this.#spec.budgetSpent()
          this.#of(stream, { type: 'broken', ...why })
        },
        stalled: (stalled) => this.#of(stream, { type: 'stalled', stalled }),
        fundsShort: () => this.#spec.fundsShort?.(),
      },
    })
    this.#stream = stream
  }

  /** Only the session's own stream moves it: one that is winding down does not. */
  #of(stream: PaidStream, event: SessionEvent): void {
    if (this.#stream !== stream) return
    if (event.type === 'broken') this.#drop('broken')
    this.dispatch(event)
  }

  /** The stream winds down by itself: packets that are out may still be paid, and are told. */
  #drop(reason: string): void {
    const stream = this.#stream
    if (stream === undefined) return
    this.#stream = undefined
    const before = this.#settling
    this.#settling = stream.close(reason).then(async (counters) => {
      this.#past = sum(this.#past, counters)
      this.#lastReject = stream.lastReject ?? this.#lastReject
      await before
    })
  }

  /** Credentials are used once, and never shared between sessions. Undefined when the receiver cannot be reached. */
  async #freshReceiver(): Promise<Payee | undefined> {
    const known = this.#receiver
    this.#receiver = undefined
    if (known !== undefined && this.#desk.clock.nowMs() - known.sinceMs <= credentialsMaxAgeMs) return known.receiver
    try {
      return await this.#desk.resolve(this.pointer)
    } catch (error) {
      this.#desk.log.warn({ pointer: this.pointer, error: messageOf(error) }, 'a receiver could not be reached')
      return undefined
    }
  }
}

function sum(a: StreamCounters, b: StreamCounters): StreamCounters {
  return {
    paid: a.paid + b.paid,
    delivered: a.delivered + b.delivered,
    inFlight: a.inFlight + b.inFlight,
    inDoubt: a.inDoubt + b.inDoubt,
    packets: a.packets + b.packets,
    fulfilled: a.fulfilled + b.fulfilled,
    rejected: a.rejected + b.rejected,
  }
}
