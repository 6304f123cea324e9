import { type Asset, floorDivide } from '@rivulet/money'
import type { Id } from '@rivulet/ids'
import type { PeriodUnit } from './calendar.ts'

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
  /** Free days before the first charge, with the whole budget of a period. 0: none. */
  readonly trialDays: number
}

const basisPointsWhole = 10_000n

/** The operator's fee, rounded down: the odd unit is the subscriber's. */
export function feeOfPlan({ price, feeBasisPoints }: Pick<Plan, 'price' | 'feeBasisPoints'>): bigint {
  return floorDivide(price * BigInt(feeBasisPoints), basisPointsWhole)
}
