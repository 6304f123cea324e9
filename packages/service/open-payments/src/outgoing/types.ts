import type { Id } from '@rivulet/ids'
import type { Asset } from '@rivulet/money'

/** `sending` until nothing of it is under way; then `completed`, or `failed` with what was sent counted. */
export type PaymentState = 'sending' | 'completed' | 'failed'

export interface OutgoingPayment {
  readonly id: Id<'outp'>
  readonly state: PaymentState
  readonly walletAddressId: Id<'wadr'>
  readonly walletAddress: string
  /** Debited for it. */
  readonly ledgerAccountId: Id<'acct'>
  readonly client: string
  readonly grantId: Id<'grnt'>
  /** Start of the interval of the grant's limits that it counts in; 0 without an interval. */
  readonly intervalStartMs: number
  readonly quoteId: Id<'quot'> | undefined
  /** URL of the incoming payment. */
  readonly receiver: string
  /** Units that it takes from the account when it completes: `send` and the fee. */
  readonly debit: bigint
  readonly send: bigint
  readonly asset: Asset
  readonly receive: bigint
  readonly receiveAsset: Asset
  /** Of a fixed delivery: done when so much has arrived. */
  readonly deliver: bigint | undefined
  readonly metadata: Readonly<Record<string, unknown>> | undefined
  /** Units that were taken from the account, as far as it is settled. */
  readonly sent: bigint
  /** Why it failed, for a person. */
  readonly failure: string | undefined
  readonly createdMs: number
}

/** What the access of a grant allows to be spent in the interval at hand; an amount that is not set is not limited. */
export interface SpendingLimits {
  readonly debit: { readonly value: bigint; readonly asset: Asset } | undefined
  readonly receive: { readonly value: bigint; readonly asset: Asset } | undefined
}

/** What a grant has spent in one interval, payments under way included. */
export interface Spending {
  readonly debit: bigint
  readonly asset: Asset
  /** Undefined when receivers have different assets. */
  readonly receive: bigint | undefined
  readonly receiveAsset: Asset
}

/** The stream row of a payment in the ledger: one name for both, so that either is found from the other. */
export function streamIdOf(id: Id<'outp'>): Id<'strm'> {
  return `strm_${id.slice('outp_'.length)}`
}
