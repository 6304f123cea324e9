/** How fast a budget is spent. Pure, in integers. */
import { ceilDivide, floorDivide } from '@rivulet/money'

/** `stream`: a fixed rate until the budget is spent. `stretch`: the rate bends so that the budget lasts until the period ends. */
export type Pacing = 'stream' | 'stretch'

export interface StretchInput {
  /** Of the budget, units. */
  readonly left: bigint
  /** Until the period ends. */
  readonly msLeft: number
  /** What she has read in the last `windowMs`. */
  readonly readMs: number
  readonly windowMs: number
  /** The rate of her plan: a stretched one stays between a fiftieth and four times of it. */
  readonly rate: bigint
}

const dayMs = 86_400_000n
/** Half an hour a day, believed as much as a week of her own reading. */
const usualMsPerDay = 1_800_000n
const usualDays = 7n
/** A rate holds for at most this long before it is looked at again: no more than what is left is spent until then. */
export const stretchEveryMs = 60_000
const slowest = 50n
const fastest = 4n

/** How long she will read until the period ends if she goes on as she did, ms, rounded up. */
export function readingAhead({ msLeft, readMs, windowMs }: Pick<StretchInput, 'msLeft' | 'readMs' | 'windowMs'>): bigint {
  const left = BigInt(Math.max(0, Math.ceil(msLeft)))
  const ahead = ceilDivide((BigInt(readMs) + usualMsPerDay * usualDays) * left, BigInt(Math.max(0, Math.floor(windowMs))) + usualDays * dayMs)
  const most = ahead < left ? ahead : left
  return most > BigInt(stretchEveryMs) ? most : BigInt(stretchEveryMs)
}

/** Units a second, at least 1, rounded down: what is left lasts for the reading that is still to come. */
export function stretchedRate(input: StretchInput): bigint {
  const { left, rate } = input
  const even = floorDivide((left > 0n ? left : 0n) * 1_000n, readingAhead(input))
  const least = ceilDivide(rate, slowest)
  const most = rate * fastest
  return even < least ? least : even > most ? most : even
}
