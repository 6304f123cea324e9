import { MoneyFault } from './amount.ts'

/** An exact fraction of units, for instance an exchange rate. Both parts are positive. */
export interface Ratio {
  readonly numerator: bigint
  readonly denominator: bigint
}

/** Quotient rounded down. Both operands are not negative, the divisor not 0. */
export function floorDivide(dividend: bigint, divisor: bigint): bigint {
  if (dividend < 0n || divisor <= 0n) throw new MoneyFault('ratio-invalid', `cannot divide ${dividend} by ${divisor}`)
  return dividend / divisor
}

/** Quotient rounded up. Both operands are not negative, the divisor not 0. */
export function ceilDivide(dividend: bigint, divisor: bigint): bigint {
  if (dividend < 0n || divisor <= 0n) throw new MoneyFault('ratio-invalid', `cannot divide ${dividend} by ${divisor}`)
  return (dividend + divisor - 1n) / divisor
}

export function multiplyFloor(units: bigint, ratio: Ratio): bigint {
  return isWhole(units, ratio) ? units : floorDivide(units * ratio.numerator, ratio.denominator)
}

export function multiplyCeil(units: bigint, ratio: Ratio): bigint {
  return isWhole(units, ratio) ? units : ceilDivide(units * ratio.numerator, ratio.denominator)
}

/** Most packets stay within one asset: nothing is to be calculated then. */
function isWhole(units: bigint, { numerator, denominator }: Ratio): boolean {
  return numerator === denominator && units >= 0n && denominator > 0n
}

/** The exact ratio of a decimal such as "1.0835". Throws `ratio-invalid` unless it is positive. */
export function ratioOfDecimal(decimal: string): Ratio {
  const match = /^([0-9]{1,18})(?:\.([0-9]{1,18}))?$/.exec(decimal)
  const numerator = match === null ? 0n : BigInt((match[1] ?? '') + (match[2] ?? ''))
  if (numerator === 0n) throw new MoneyFault('ratio-invalid', `not a positive decimal: ${JSON.stringify(decimal.slice(0, 40))}`)
  return { numerator, denominator: 10n ** BigInt(match?.[2]?.length ?? 0) }
}
