/** Dividing an income between pointers by weight: exact over time, without chance. Pure. */
import { Fault } from '@rivulet/faults'

export type SplitFaultCode = 'split-invalid' | 'split-pointer-unknown' | 'split-asset-differs' | 'split-circular' | 'split-waiting' | 'split-unknown'
export class SplitFault extends Fault<SplitFaultCode> {}

/** Sum of the weights after they are reduced: how long the order is in which units are given out. */
export const weightsSumMax = 10_000

/** The smallest whole numbers in the same proportion. */
export function reduced(weights: readonly number[]): readonly number[] {
  const divisor = weights.reduce(greatestCommonDivisor, 0)
  return divisor === 0 ? weights : weights.map((weight) => weight / divisor)
}

/**
 * What each has got when `total` units have come in all. Always adds up to `total`, only grows with it, and is always less than one unit away from the exact part: every unit that comes goes to
 * whoever must have one soonest, of those who may have one already (the chairman assignment of Tijdeman, 1980, by earliest deadline). After each sum of the weights all parts are exact and the
 * order begins anew, so whatever pieces the money came in, the outcome is the same.
 * @param weights whole numbers of 1 or more, reduced, with a sum of at most `weightsSumMax`
 */
export function sharesOf(weights: readonly number[], total: bigint): readonly bigint[] {
  const sum = weights.reduce((all, weight) => all + weight, 0)
  const rounds = total / BigInt(sum)
  const counts = weights.map(() => 0)
  for (let unit = 1, units = Number(total % BigInt(sum)); unit <= units; unit += 1) {
    let next = -1
    let soonest = Infinity
    for (const [index, weight] of weights.entries()) {
      const count = counts[index] ?? 0
      const deadline = Math.ceil(((count + 1) * sum) / weight)
      if (count * sum < weight * unit && deadline < soonest) {
        next = index
        soonest = deadline
      }
    }
    counts[next] = (counts[next] ?? 0) + 1
  }
  return weights.map((weight, index) => rounds * BigInt(weight) + BigInt(counts[index] ?? 0))
}

function greatestCommonDivisor(one: number, other: number): number {
  return other === 0 ? one : greatestCommonDivisor(other, one % other)
}
