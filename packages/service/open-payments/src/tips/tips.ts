/**
 * Tips: one-time payments to any pointer. A tip is an outgoing payment whose hold is durable, and which the tip's row names, before anything is sent; so whoever asks with the same key again
 * hears what became of the one payment, and never makes another.
 */
import { isFault, messageOf } from '@rivulet/faults'
import { type Id, isId, newId } from '@rivulet/ids'
import type { Asset } from '@rivulet/money'
import type { Postgres } from '@rivulet/postgres'
import type { Clock } from '@rivulet/time'
import type { HeldPayment, OutgoingPayments } from '../outgoing/outgoing-payments.ts'
import { PaymentFault } from '../payment-fault.ts'
import type { PayingAddress } from '../quotes/quotes.ts'
import { type Tip, TipFault, type TipRefusal, type TipState } from './tip.ts'
import { TipStore } from './tip-store.ts'

export interface TipsOptions {
  /** With `openPaymentsMigrations` applied. */
  readonly postgres: Postgres
  readonly clock: Clock
  readonly log: { warn(fields: object, message: string): void }
  readonly payments: Pick<OutgoingPayments, 'create' | 'get'>
  /** Of the wallet: who asks for the payments. */
  readonly publicUrl: string
  /** A fresh incoming payment of whoever this pointer means; throws Faults of the pointer and the network. Undefined: it takes none. */
  readonly incomingFor: (pointer: string) => Promise<string | undefined>
  /** Units that an incoming payment has got, when it is in these books. */
  readonly receivedOf: (incomingPayment: string) => Promise<bigint | undefined>
}

export interface TipRequest {
  readonly personId: Id<'pers'>
  readonly walletAddress: PayingAddress
  readonly key: string
  /** URL of the payment pointer. */
  readonly pointer: string
  /** Units to be taken, fee included. */
  readonly amount: bigint
}

/** Whole units of the currency. */
const tipMax = 100n
const perDayMax = 300n
const dayMs = 86_400_000
/** How long whoever asks is kept waiting for the end. */
const waitMsMax = 8_000
const lookEveryMs = 100
/** A tip that names no payment by then never will: nothing was held for it, or its hold is taken back. */
const makingMsMax = 60_000
const listedMax = 50

export class Tips {
  readonly #options: TipsOptions
  readonly #store: TipStore

  constructor(options: TipsOptions) {
    this.#options = options
    this.#store = new TipStore(options.postgres)
  }

  /** Resolves when it has ended, or after 8 s. Throws `tip-invalid`, `key-reused`, and a `TipRefusal` when nothing was paid, which stays the answer to this key. */
  async give(request: TipRequest): Promise<TipState> {
    const { personId, walletAddress, key, pointer, amount } = request
    const max = tipMax * unit(walletAddress.asset)
    if (amount < 1n || amount > max) throw new TipFault('tip-invalid', `a tip is 1 to ${max} units`)
    const nowMs = this.#options.clock.nowMs()
    const fresh: Tip = { id: newId('tip', nowMs), personId, key, pointer, amount, paymentId: undefined, incomingPayment: undefined, refusal: undefined, createdMs: nowMs }
    const tip = await this.#store.insert(fresh)
    if (tip.pointer !== pointer || tip.amount !== amount) throw new TipFault('key-reused', 'this key was used for another tip: a key names one tip for ever')
    if (tip.refusal !== undefined) throw refused(tip.refusal)
    if (tip.id !== fresh.id) return this.#awaited(tip)
    const held = await this.#hold(tip, walletAddress)
    held.start()
    return this.#awaited({ ...tip, paymentId: held.payment.id, incomingPayment: held.payment.receiver })
  }

  /** Throws `tip-unknown`. */
  async get(personId: Id<'pers'>, id: string): Promise<TipState> {
    const tip = isId('tip', id) ? await this.#store.get(personId, id) : undefined
    if (tip === undefined) throw new TipFault('tip-unknown', 'you gave no such tip')
    return this.#stateOf(tip)
  }

  /** The newest fifty. */
  async list(personId: Id<'pers'>): Promise<readonly TipState[]> {
    return Promise.all((await this.#store.list(personId, listedMax)).map((tip) => this.#stateOf(tip)))
  }

  /** Everything that makes the payment certain, and nothing that sends it. */
  async #hold(tip: Tip, walletAddress: PayingAddress): Promise<HeldPayment> {
    const { payments, publicUrl, clock } = this.#options
    const { asset } = walletAddress
    let held: HeldPayment
    try {
      const incomingPayment = await this.#options.incomingFor(tip.pointer)
      if (incomingPayment === undefined) throw new PaymentFault('receiver-invalid', 'this pointer takes no payment')
      const nowMs = clock.nowMs()
      held = await payments.create({
        walletAddress, client: publicUrl, from: { incomingPayment, debitAmount: { value: tip.amount, asset } }, metadata: { tip: tip.id }, receiverOnly: undefined,
        // A day's tips of a person count as the spending of one grant, so their limit holds however many are asked for at once.
        grantId: `grnt_${tip.personId.slice('pers_'.length)}`, intervalStartMs: nowMs - (nowMs % dayMs), limits: { debit: { value: perDayMax * unit(asset), asset }, receive: undefined },
      })
    } catch (error) {
      const refusal = refusalOf(error)
      if (refusal === undefined) throw error
      await this.#store.refuse(tip.id, refusal)
      throw refused(refusal, error)
    }
    try {
      await this.#store.pays(tip.id, held.payment.id, held.payment.receiver)
      return held
    } catch (error) {
      await held.cancel()
      throw error
    }
  }

  async #awaited(tip: Tip): Promise<TipState> {
    const { clock } = this.#options
    for (const untilMs = clock.monotonicMs() + waitMsMax; ; await clock.sleep(lookEveryMs)) {
      const state = await this.#stateOf(tip)
      if (state.state !== 'pending' || tip.paymentId === undefined || clock.monotonicMs() >= untilMs) return state
    }
  }

  async #stateOf(tip: Tip): Promise<TipState> {
    const { payments, clock } = this.#options
    const payment = tip.paymentId === undefined ? undefined : await payments.get(tip.paymentId)
    if (payment === undefined) {
      const making = tip.paymentId === undefined && tip.refusal === undefined && clock.nowMs() - tip.createdMs < makingMsMax
      return { tip, state: making ? 'pending' : 'failed', taken: 0n, fee: 0n, delivered: 0n, why: undefined }
    }
    const { state, sent, debit, send, failure } = payment
    const delivered = tip.incomingPayment === undefined ? undefined : await this.#received(tip.incomingPayment)
    return { tip, state: state === 'sending' ? 'pending' : state, taken: sent, fee: state === 'completed' ? sent - (send < sent ? send : sent) : 0n, delivered: delivered ?? (sent === 0n && state === 'failed' ? 0n : undefined), why: failure ?? (debit > sent && state === 'failed' ? 'not all of it could be sent' : undefined) }
  }

  async #received(incomingPayment: string): Promise<bigint | undefined> {
    try {
      return await this.#options.receivedOf(incomingPayment)
    } catch (error) {
      this.#options.log.warn({ error: messageOf(error) }, 'what a tip has brought cannot be read')
      return undefined
    }
  }
}

function unit({ scale }: Asset): bigint {
  return 10n ** BigInt(scale)
}

function refusalOf(error: unknown): TipRefusal | undefined {
  if (!(error instanceof PaymentFault)) return isFault(error) && error.code !== 'assertion' && error.code !== 'database-unavailable' ? 'tip-receiver-invalid' : undefined
  switch (error.code) {
    case 'amount-too-small':
      return 'tip-amount-too-small'
    case 'unauthorized':
      return isFault(error.cause, 'funds-insufficient') ? 'tip-funds-insufficient' : isFault(error.cause, 'person-frozen') ? 'tip-unavailable' : 'tip-limit-reached'
    case 'unavailable':
      return 'tip-unavailable'
    case 'payments-stopped':
      return 'tip-payments-stopped'
    case 'amount-invalid':
    case 'quote-invalid':
    case 'receiver-invalid':
    case 'request-invalid':
    case 'unknown':
      return 'tip-receiver-invalid'
  }
}

const refusalWords: Record<TipRefusal, string> = {
  'tip-receiver-invalid': 'there is nobody to be paid at this pointer, or it cannot be paid from here: check its spelling',
  'tip-amount-too-small': 'of so little nothing would arrive: give more',
  'tip-funds-insufficient': 'the budget that is left does not cover this',
  'tip-limit-reached': 'this is more than may be given in one day',
  'tip-unavailable': 'the payment could not be secured and was not made: try again with another key',
  'tip-payments-stopped': 'the operator has stopped all payments: nothing was taken, try again later with another key',
}

function refused(refusal: TipRefusal, cause?: unknown): TipFault {
  return new TipFault(refusal, refusalWords[refusal], { cause })
}
