import { formatAmount, parseUnits } from '@rivulet/money'
import type { Paid } from './messages.ts'

/** A `MonetizationCurrencyAmount`: `value` is a plain decimal with all places of the asset's scale. */
export interface CurrencyAmount {
  readonly currency: string
  readonly value: string
}

/** What a `MonetizationEvent` is made of. The deprecated fields tell what the receiver got, as the legacy API did; `amount` is in units. */
export interface MonetizationEventData {
  readonly amountSent: CurrencyAmount
  readonly paymentPointer: string
  readonly incomingPayment: string | null
  readonly amount: string
  readonly assetCode: string
  readonly assetScale: number
  /** STREAM receipt (RFC 39), base64. */
  readonly receipt: string | null
}

/** The event of one payment to `paymentPointer`: exact, no number ever holds the amount. Throws `amount-invalid`, `amount-too-large`. */
export function monetizationEventData(paid: Paid, paymentPointer: string): MonetizationEventData {
  const value = formatAmount(parseUnits(paid.amount), { code: paid.assetCode, scale: paid.assetScale })
  return {
    amountSent: { currency: paid.assetCode, value },
    paymentPointer,
    incomingPayment: paid.incomingPayment,
    amount: paid.received.amount,
    assetCode: paid.received.assetCode,
    assetScale: paid.received.assetScale,
    receipt: paid.receipt,
  }
}
