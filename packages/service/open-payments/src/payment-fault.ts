import { Fault } from '@rivulet/faults'
import type { AmountJson } from './amount.ts'

export type PaymentFaultCode =
  /** A field, or two together, cannot be. */
  | 'request-invalid'
  | 'amount-invalid'
  /** Nothing would arrive; `minSendAmount` is the least that brings one unit. */
  | 'amount-too-small'
  | 'quote-invalid'
  /** No such incoming payment, one that takes nothing, or one that cannot be reached. */
  | 'receiver-invalid'
  /** The grant, or the balance, does not cover it. */
  | 'unauthorized'
  | 'unknown'
  | 'unavailable'
  /** The operator has stopped everything that pays. */
  | 'payments-stopped'

/** Why a quote or an outgoing payment is not made. Messages are those that clients compare: see docs/protocols.md. */
export class PaymentFault extends Fault<PaymentFaultCode> {
  readonly minSendAmount: AmountJson | undefined

  constructor(code: PaymentFaultCode, message: string, options: ErrorOptions & { readonly minSendAmount?: AmountJson } = {}) {
    super(code, message, options)
    this.minSendAmount = options.minSendAmount
  }
}
