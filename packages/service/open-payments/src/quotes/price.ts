/** What a payment costs and brings: pure arithmetic on what is known of the path and the receiver. */
import { amountMax, ceilDivide, floorDivide, multiplyFloor, type Ratio } from '@rivulet/money'

/** What we keep of a payment, shown as the difference between what is debited and what is sent. */
export interface FeePolicy {
  /** Units of the wallet's asset for each payment. */
  readonly fixed: bigint
  /** Of what is debited, in ten-thousandths, rounded up; 0 to 5,000. */
  readonly basisPoints: bigint
}

export const noFee: FeePolicy = { fixed: 0n, basisPoints: 0n }

/** Units of the payer for `debit`, `send`; of the receiver for `receive`. `debit - send` is the fee. */
export interface Price {
  readonly kind: 'send' | 'deliver'
  readonly debit: bigint
  readonly send: bigint
  readonly receive: bigint
}

export type PriceRefusal = 'too-small' | 'too-large'

function feeOf(debit: bigint, { fixed, basisPoints }: FeePolicy): bigint {
  return fixed + ceilDivide(debit * basisPoints, 10_000n)
}

/** The smallest debit that leaves `send` after the fee. */
function debitFor(send: bigint, fee: FeePolicy): bigint {
  let debit = floorDivide((send + fee.fixed) * 10_000n, 10_000n - fee.basisPoints)
  while (debit - feeOf(debit, fee) < send) debit += 1n
  return debit
}

/** What is promised of a way to a receiver. */
export interface Way {
  /** Destination units per source unit. */
  readonly least: Ratio
  /** Source units that are worth one unit of the first link: what is not worth whole units of it cannot be sent. */
  readonly sourceUnit: bigint
}

/** All of `debit` leaves. */
export function priceOfSend(debit: bigint, { least, sourceUnit }: Way, fee: FeePolicy): Price | PriceRefusal {
  const send = debit - feeOf(debit, fee)
  const receive = send >= sourceUnit ? multiplyFloor(send, least) : 0n
  if (receive < 1n) return 'too-small'
  return receive > amountMax ? 'too-large' : { kind: 'send', debit, send, receive }
}

/** `receive` arrives, and at most `debit` leaves. */
export function priceOfDelivery(receive: bigint, { least, sourceUnit }: Way, fee: FeePolicy): Price | PriceRefusal {
  if (receive < 1n) return 'too-small'
  // The last unit of the link may be needed whole.
  const send = ceilDivide(receive * least.denominator, least.numerator) + (sourceUnit > 1n ? sourceUnit : 0n)
  const debit = debitFor(send, fee)
  return debit > amountMax ? 'too-large' : { kind: 'deliver', debit, send, receive }
}

/** The smallest debit of which at least one unit arrives. */
export function debitMin({ least, sourceUnit }: Way, fee: FeePolicy): bigint {
  const unit = ceilDivide(least.denominator, least.numerator)
  return debitFor(unit < sourceUnit ? sourceUnit : unit, fee)
}
