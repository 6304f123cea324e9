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
  | 'webhook-invalid'
  | 'provider-away'
  /** The operator has frozen the publisher: nothing leaves until that is taken back. */
  | 'person-frozen'

/** Every refusal of payouts; the message says what to change. */
export class PayoutFault extends Fault<PayoutFaultCode> {}
