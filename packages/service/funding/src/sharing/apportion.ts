import { checkAmount } from '@rivulet/money'

/** Somebody who takes part, and how much of the whole is his: any not negative integers, in one common measure. */
export interface Weight {
  /** Stable: breaks ties. */
  readonly id: string
  readonly weight: bigint
}

export interface Share {
  readonly id: string
  readonly amount: bigint
}

/**
 * Divides `amount` units by weight, exactly: each gets what lies below his part, and what is left over goes unit by unit to the largest remainders, equal ones by id
 * (largest remainder method). The shares always add up to `amount`; who has no weight gets none. Without any weight nobody gets anything: an empty list.
 */
export function apportion(amount: bigint, weights: readonly Weight[]): readonly Share[] {
  checkAmount(amount)
  const taking = weights.filter(({ weight }) => weight > 0n)
  const whole = taking.reduce((sum, { weight }) => sum + weight, 0n)
  if (whole === 0n) return []
  const shares = taking.map(({ id, weight }) => ({ id, amount: (amount * weight) / whole, remainder: (amount * weight) % whole }))
  let left = amount - shares.reduce((sum, share) => sum + share.amount, 0n)
  const byRemainder = [...shares].sort((one, other) => compare(other.remainder, one.remainder) || (one.id < other.id ? -1 : 1))
  for (const share of byRemainder) {
    if (left === 0n) break
    share.amount += 1n
    left -= 1n
  }
  return shares.map(({ id, amount: units }) => ({ id, amount: units }))
}

function compare(one: bigint, other: bigint): number {
  return one < other ? -1 : one > other ? 1 : 0
}
