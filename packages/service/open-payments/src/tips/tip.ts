import { Fault } from '@rivulet/faults'
import type { Id } from '@rivulet/ids'

export type TipFaultCode =
  | 'tip-invalid'
  | 'tip-unknown'
  /** The key names another tip. */
  | 'key-reused'
  | 'too-many-requests'
  | TipRefusal

/** Why nothing was paid: it stays the answer to this key. */
export type TipRefusal = 'tip-receiver-invalid' | 'tip-amount-too-small' | 'tip-funds-insufficient' | 'tip-limit-reached' | 'tip-unavailable' | 'tip-payments-stopped'

export class TipFault extends Fault<TipFaultCode> {}

/** A one-time payment that a subscriber asked for. */
export interface Tip {
  readonly id: Id<'tip'>
  readonly personId: Id<'pers'>
  /** Hers: the same key is the same tip. */
  readonly key: string
  /** URL of the payment pointer. */
  readonly pointer: string
  /** Units that are to be taken from her, fee included. */
  readonly amount: bigint
  /** From before anything is sent. */
  readonly paymentId: Id<'outp'> | undefined
  readonly incomingPayment: string | undefined
  readonly refusal: TipRefusal | undefined
  readonly createdMs: number
}

/** What became of a tip, as far as it is certain. */
export interface TipState {
  readonly tip: Tip
  /** pending: money may still move. failed: nothing moves any more, and less than asked for has arrived; `taken` says what was paid. */
  readonly state: 'pending' | 'completed' | 'failed'
  /** Units that left her budget, fee included. */
  readonly taken: bigint
  /** Units of it that we kept. */
  readonly fee: bigint
  /** Units on the account of the receiver, where that is in these books; otherwise only its provider knows. */
  readonly delivered: bigint | undefined
  readonly why: string | undefined
}
