import Fraction from 'fraction.js'

/** What a rail takes of each charge: `rate` of its amount and `fixed`, in the currency of the price. */
export interface Tariff {
  readonly rate: Fraction
  readonly fixed: Fraction
}

/** Above these shares of the revenue fees are too high: worth a look, and worth an alarm. */
const ratioWarned = new Fraction(15, 100)
const ratioAlarming = new Fraction(20, 100)

export type FeeMark = 'fine' | 'warning' | 'alarm'

/** How a ratio of fees to revenue is judged: 15 % warns, 20 % alarms. */
export function feeMark(ratio: Fraction): FeeMark {
  return ratio.gte(ratioAlarming) ? 'alarm' : ratio.gte(ratioWarned) ? 'warning' : 'fine'
}

/** The fee of one charge. */
export function feeOf(tariff: Tariff, amount: Fraction): Fraction {
  return tariff.rate.mul(amount).add(tariff.fixed)
}

/** The part of a price that fees take when `purchases` of them share one charge. */
export function feeRatio(tariff: Tariff, price: Fraction, purchases: bigint): Fraction {
  return feeOf(tariff, price.mul(purchases)).div(price.mul(purchases))
}

/** The fewest purchases that one charge must carry so that fees take at most `ratioMax`; undefined when no number is enough. */
export function purchasesForRatio(tariff: Tariff, price: Fraction, ratioMax: Fraction): bigint | undefined {
  const slack = ratioMax.sub(tariff.rate)
  if (tariff.fixed.equals(0)) return slack.gte(0) ? 1n : undefined
  if (slack.lte(0)) return undefined
  return atLeastOne(tariff.fixed.div(price.mul(slack)))
}

/** The price at which two tariffs cost the same; undefined when one of them is always cheaper. */
export function crossover(first: Tariff, second: Tariff): Fraction | undefined {
  const rates = first.rate.sub(second.rate)
  if (rates.equals(0)) return undefined
  const price = second.fixed.sub(first.fixed).div(rates)
  return price.gt(0) ? price : undefined
}

function atLeastOne(value: Fraction): bigint {
  const whole = wholeUp(value)
  return whole < 1n ? 1n : whole
}

/** The least integer that is not below the value. */
export function wholeUp(value: Fraction): bigint {
  return value.ceil().n * value.ceil().s
}
