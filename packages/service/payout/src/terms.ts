/** What the operator asks and allows of payouts: fees, limits, approvals. Pure. */
import { type Asset, ceilDivide, formatAmount } from '@rivulet/money'
import { PayoutFault } from './fault.ts'
import type { Actor, RailName } from './payout.ts'

/** What is kept of a payout: units, and ten-thousandths of its amount, rounded up to what the rail can carry. */
export interface PayoutFee {
  readonly fixed: bigint
  /** 0 to 5,000. */
  readonly basisPoints: number
}

export interface PayoutTerms {
  /** Of the installation: other assets cannot be paid out. */
  readonly asset: Asset
  /** Smallest amount of a payout, units. */
  readonly minimum: bigint
  /** Above it an operator must approve, units of what an account asks for within 24 hours. */
  readonly approvalAbove: bigint
  /** Above it two different operators must. */
  readonly fourEyesAbove: bigint
  /** After so long of nothing but failures a wallet address elsewhere is given up, for which shares of subscribers gather. */
  readonly patienceMs: number
  readonly fees: Readonly<Record<RailName, PayoutFee>>
  /** What a rail takes of us, by the operator’s tariff; rates are rounded up. */
  readonly costs?: Readonly<Partial<Record<RailName, PayoutFee>>>
}

/** Fee and what arrives of a payout, before anybody agrees to it. */
export interface PayoutPrice {
  readonly amount: bigint
  readonly fee: bigint
  readonly net: bigint
}

/** An account's requests of so long count together, so that several small ones are one large one. */
const limitsWithinMs = 24 * 3_600_000
/** A daily payout does not count the one of the day before, which may have left somewhat late. */
const scheduleLateMs = 3_600_000

/** EPC rulebook of SEPA credit transfers, AT-T002: at most 999,999,999.99. */
const bankAmountMaxWhole = 999_999_999n

/** Units of the smallest amount that a rail can carry: banks and cards count in cents, Interledger in units. */
export function stepOf(rail: RailName, { scale }: Asset): bigint {
  return rail === 'interledger' || scale <= 2 ? 1n : 10n ** BigInt(scale - 2)
}

/** Throws `amount-invalid`, `amount-too-small`, `amount-too-large`. */
export function priceOf(amount: bigint, rail: RailName, { asset, minimum, fees }: PayoutTerms): PayoutPrice {
  const step = stepOf(rail, asset)
  const written = (units: bigint): string => `${formatAmount(units, asset)} ${asset.code}`
  if (amount < 1n) throw new PayoutFault('amount-invalid', 'the amount must be more than 0')
  if (amount % step !== 0n) throw new PayoutFault('amount-invalid', `this way of paying out carries whole multiples of ${written(step)}`)
  const { fixed, basisPoints } = fees[rail]
  const fee = ceilDivide(fixed * 10_000n + amount * BigInt(basisPoints), 10_000n * step) * step
  if (amount < minimum || amount <= fee) throw new PayoutFault('amount-too-small', `the smallest payout is ${written(minimum > fee + step ? minimum : fee + step)}`)
  if (rail !== 'interledger' && amount > bankAmountMaxWhole * 10n ** BigInt(asset.scale)) throw new PayoutFault('amount-too-large', `the largest payout is ${bankAmountMaxWhole} ${asset.code}`)
  return { amount, fee, net: amount - fee }
}

/** The most of `available` that a rail can carry. */
export function wholeOf(available: bigint, rail: RailName, asset: Asset): bigint {
  const step = stepOf(rail, asset)
  return available <= 0n ? 0n : available - (available % step)
}

/** From when on an account's other requests count for one that is made now, ms since 1970. */
export function countedFromMs(nowMs: number, requestedBy: Pick<Actor, 'kind'>): number {
  return nowMs - limitsWithinMs + (requestedBy.kind === 'schedule' ? scheduleLateMs : 0)
}

/**
 * How many operators must agree. Who requests for a publisher is one pair of eyes, and never the one that approves.
 * @param amount units of this request, and of those of its account that count
 */
export function approvalsFor(amount: bigint, requestedBy: Pick<Actor, 'kind'>, { approvalAbove, fourEyesAbove }: PayoutTerms): 0 | 1 | 2 {
  if (amount > fourEyesAbove) return requestedBy.kind === 'operator' ? 1 : 2
  return amount > approvalAbove || requestedBy.kind === 'operator' ? 1 : 0
}
