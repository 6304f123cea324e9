import { Fault } from '@rivulet/faults'

export type PayoutFaultCode =
  | 'request-invalid'
  | 'destination-invalid'
  | 'iban-invalid'
  | 'amount-invalid'
  | 'amount-too-small'
  | 'amount-too-large'
  | 'asset-unsupported'
  | 'rail-unknown'
  | 'method-missing'
  | 'funds-insufficient'
  | 'key-reused'
  | 'payout-unknown'
  | 'payout-state'
  | 'payee-unknown'
  | 'approver-same'
  /** Of two operators one has invited the other lately: one pair of eyes. */
  | 'approver-bound'
  | 'batch-empty'
  | 'batch-unknown'
  | 'statement-invalid'
  | 'statement-foreign'
  /** Of a line of the bank's: it needs no word, or somebody has said what it is. */
  | 'line-explained'
  /** It cannot be what was said. */
  | 'line-differs'
  /** The bank may still book it, or has booked something for it. */
  | 'payout-at-bank'
  | 'webhook-invalid'
  | 'provider-away'
  /** The operator has frozen the publisher: nothing leaves until that is taken back. */
  | 'person-frozen'

/** Every refusal of payouts; the message says what to change. */
export class PayoutFault extends Fault<PayoutFaultCode> {}
