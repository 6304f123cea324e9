import { type Asset, floorDivide } from '@rivulet/money'
import type { Id } from '@rivulet/ids'
import type { PeriodUnit } from './calendar.ts'
import type { PoolRule } from './pool-store.ts'

/** What a subscriber may choose. A plan never changes once somebody has it: a new price is a new plan. */
export interface Plan {
  readonly id: Id<'plan'>
  readonly name: string
  /** Units of `asset` a period, more than 0. */
  readonly price: bigint
  readonly asset: Asset
  readonly period: PeriodUnit
  /** The operator's part of the price, hundredths of a percent, 0 to 10,000. */
  readonly feeBasisPoints: number
  /** Units a second while she reads. */
  readonly rate: bigint
  /** Whether that rate stays until the budget is spent, or bends so that the budget lasts the period. She may choose otherwise. */
  readonly pacing: 'stream' | 'stretch'
  /** Whether what is left of its budgets is shared by each subscriber's own wish, or put together with the other members' and divided by the month. */
  readonly pool: 'none' | PoolRule
  /** Free days before the first charge, with the whole budget of a period. 0: none. */
  readonly trialDays: number
}

const basisPointsWhole = 10_000n

/** What a price is made of, units: the three add up to it. */
export interface PriceParts {
  readonly vat: bigint
  readonly fee: bigint
  readonly budget: bigint
}

/** The VAT that a price contains belongs to nobody here; of the rest the operator's fee is rounded down, so that the odd unit is the subscriber's. @param vatBasisPoints contained in the price, hundredths of a percent on what is without it */
export function partsOf({ price, asset, feeBasisPoints }: Pick<Plan, 'price' | 'asset' | 'feeBasisPoints'>, vatBasisPoints: number): PriceParts {
  const vat = vatOf({ total: price, asset, vatBasisPoints })
  const fee = floorDivide((price - vat) * BigInt(feeBasisPoints), basisPointsWhole)
  return { vat, fee, budget: price - vat - fee }
}

/** Units of a hundredth of a whole unit, in which VAT is declared. */
function centOf({ scale }: Asset): bigint {
  return scale > 2 ? 10n ** BigInt(scale - 2) : 1n
}

/** The VAT that is contained in a total, rounded down to hundredths of a whole unit, as it is declared. */
export function vatOf({ total, asset, vatBasisPoints }: { readonly total: bigint; readonly asset: Asset; readonly vatBasisPoints: number }): bigint {
  const contained = floorDivide(total * BigInt(vatBasisPoints), basisPointsWhole + BigInt(vatBasisPoints))
  const cent = centOf(asset)
  return floorDivide(contained, cent) * cent
}

/**
 * What of a payment is taken back with `amount` of it, `before` having been taken back earlier: the VAT in proportion to the payment and rounded down to whole cents, the fee in proportion to what remains of it beside the VAT and rounded
 * down, both over all that was. So a credit note says whole cents of VAT, no part ever gives a unit back, and taking back the whole takes back each part whole.
 */
export function partOf({ total, vat, fee, asset }: { readonly total: bigint; readonly vat: bigint; readonly fee: bigint; readonly asset: Asset }, { before, amount }: { readonly before: bigint; readonly amount: bigint }): PriceParts {
  const cent = centOf(asset)
  const partsUntil = (taken: bigint): { readonly vat: bigint; readonly fee: bigint } => {
    const vatTaken = taken === total ? vat : floorDivide(vat * taken, total * cent) * cent
    return { vat: vatTaken, fee: total === vat ? 0n : floorDivide(fee * (taken - vatTaken), total - vat) }
  }
  const [then, now] = [partsUntil(before), partsUntil(before + amount)]
  const [vatBack, feeBack] = [now.vat - then.vat, now.fee - then.fee]
  return { vat: vatBack, fee: feeBack, budget: amount - vatBack - feeBack }
}
