import { formatAmount, parseUnits } from '@rivulet/money'
import type { MonetizationEventData, Paid } from './messages.ts'

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
