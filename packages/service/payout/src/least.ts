/** How large a payout must be so that moving it is worth it: fees stay below a share of it. Pure. */
import { ceilDivide } from '@rivulet/money'
import type { RailName } from './payout.ts'
import { type PayoutFee, type PayoutTerms, stepOf } from './terms.ts'

/** Ten-thousandths of an amount: from here on a fee is worth a warning, and an alarm (as of all costs, `feeMark`). */
export const feeShare = { warned: 1_500n, alarming: 2_000n } as const

/**
 * The least amount, units, from which on neither what we keep of a payout nor what its rail costs us takes more than `share` of it; undefined when no amount is enough.
 * @param share ten-thousandths, 1 to 10,000
 */
export function leastPayout(rail: RailName, { asset, minimum, fees, costs }: PayoutTerms, share: bigint): bigint | undefined {
  const step = stepOf(rail, asset)
  let least = ceilDivide(minimum, step) * step
  for (const fee of [fees[rail], costs?.[rail]]) {
    const from = fee === undefined ? 0n : leastFor(fee, share, step)
    if (from === undefined) return undefined
    if (from > least) least = from
  }
  return least
}

/** A fee with a rate is rounded up to a step anew for each amount: the whole step is counted, so that no larger amount lies above the share again. */
function leastFor({ fixed, basisPoints }: PayoutFee, share: bigint, step: bigint): bigint | undefined {
  const rate = BigInt(basisPoints)
  if (fixed === 0n && rate === 0n) return 0n
  if (rate >= share) return undefined
  const counted = rate === 0n ? ceilDivide(fixed, step) * step : fixed + step
  return ceilDivide(counted * 10_000n, (share - rate) * step) * step
}
