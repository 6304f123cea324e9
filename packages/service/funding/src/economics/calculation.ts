/** The fee model in one question and one answer: for the command line, and for the operator's what-if. */
import Fraction from 'fraction.js'
import { z } from 'zod'
import { costForMargin, marginRate, markUp, priceForMargin, priceForMarkUp, type Product, unitMargin, volumeForMargin } from './margin.ts'
import { breakEvenCurve, paybackPeriods, profit, returnOnInvestment, tornado } from './sensitivity.ts'
import { feeMark, feeOf, feeRatio, purchasesForRatio, type Tariff } from './tariff.ts'

const decimal = z
  .string()
  .regex(/^[0-9]{1,12}(\.[0-9]{1,12})?$/, 'must be a decimal such as 0.25')
  .transform((text) => new Fraction(text))
const positive = decimal.refine((value) => value.gt(0), 'must be more than 0')
const share = decimal.refine((value) => value.lte(1), 'must be a part of one, such as 0.4 for 40 %')

/** Amounts as decimals of one currency, parts as decimals from 0 to 1. */
export const calculationInput = z.strictObject({
  price: positive,
  cost: decimal.prefault('0'),
  creatorShare: share.prefault('0'),
  targetMargin: share.prefault('0.4'),
  fixedCost: decimal.prefault('0'),
  /** What the rail takes of a charge: a part of it, and a fixed amount. */
  feeRate: share.prefault('0'),
  feeFixed: decimal.prefault('0'),
  /** How many purchases share one charge. */
  purchasesPerCharge: z.coerce.number().int().min(1).max(1_000_000).default(1),
  visits: decimal.prefault('0'),
  conversion: share.prefault('0'),
  /** What was put in once, and what other products lose to this one in a period. */
  investment: decimal.prefault('0'),
  cannibalised: decimal.prefault('0'),
})

export interface Calculation {
  readonly unitMargin: string
  readonly marginRate: string
  readonly targetMet: boolean
  /** null: no price is enough, as creator and margin together want all of it. */
  readonly priceForTarget: string | null
  readonly costForTarget: string | null
  /** The margin as a part of the cost, and the price for which that is the target: what people mean who reckon from the cost. null: nothing costs anything; at no price. */
  readonly markUp: string | null
  readonly priceForMarkUp: string | null
  readonly breakEvenVolume: string | null
  readonly targetVolume: string | null
  readonly fee: { readonly perPurchase: string; readonly ratio: string; readonly mark: string; readonly purchasesForWarning: string | null; readonly purchasesForAlarm: string | null }
  readonly profit: string
  /** What the profit, less what is cannibalised, is of the investment, and in how many periods it pays it. null: nothing was put in; in no number of periods. */
  readonly returnOnInvestment: string | null
  readonly paybackPeriods: string | null
  /** Up to twice the break-even volume or what the visits bring, whichever is more. */
  readonly curve: readonly { readonly volume: string; readonly revenue: string; readonly costs: string; readonly profit: string }[]
  readonly tornado: readonly { readonly input: string; readonly lower: string; readonly higher: string }[]
}

const decimalsShown = 9

/** The rail's fee counts as a variable cost, beside `cost`. Figures are exact until they are written, then rounded to nine decimals. */
export function calculate(input: z.output<typeof calculationInput>): Calculation {
  const { price, creatorShare, targetMargin, fixedCost, visits, conversion } = input
  const tariff: Tariff = { rate: input.feeRate, fixed: input.feeFixed }
  const purchases = BigInt(input.purchasesPerCharge)
  const perPurchase = feeOf(tariff, price.mul(purchases)).div(purchases)
  const ratio = feeRatio(tariff, price, purchases)
  const product: Product = { price, cost: input.cost.add(perPurchase), creatorShare }
  const scenario = { product, visits, conversion, fixedCost }
  const investment = { invested: input.investment, cannibalised: input.cannibalised }
  return {
    unitMargin: written(unitMargin(product)),
    marginRate: written(marginRate(product)),
    targetMet: marginRate(product).gte(targetMargin),
    priceForTarget: maybe(priceForMargin(withFeeOf({ ...product, cost: input.cost }, { tariff, purchases }), targetMargin)),
    costForTarget: maybe(costAfterFees(product, perPurchase, targetMargin)),
    markUp: maybe(markUp(product)),
    priceForMarkUp: maybe(priceForMarkUp(withFeeOf({ ...product, cost: input.cost }, { tariff, purchases }), targetMargin)),
    breakEvenVolume: count(volumeForMargin(product, fixedCost, new Fraction(0))),
    targetVolume: count(volumeForMargin(product, fixedCost, targetMargin)),
    fee: {
      perPurchase: written(perPurchase),
      ratio: written(ratio),
      mark: feeMark(ratio),
      purchasesForWarning: count(purchasesForRatio(tariff, price, new Fraction(15, 100))),
      purchasesForAlarm: count(purchasesForRatio(tariff, price, new Fraction(20, 100))),
    },
    curve: curveOf(product, input).map((point) => ({ volume: written(point.volume), revenue: written(point.revenue), costs: written(point.costs), profit: written(point.profit) })),
    profit: written(profit(scenario)),
    returnOnInvestment: maybe(returnOnInvestment(scenario, investment)),
    paybackPeriods: count(paybackPeriods(scenario, investment)),
    tornado: tornado(scenario).map(({ input: name, lower, higher }) => ({ input: name, lower: written(lower), higher: written(higher) })),
  }
}

function curveOf(product: Product, { fixedCost, visits, conversion }: z.output<typeof calculationInput>): ReturnType<typeof breakEvenCurve> {
  const even = new Fraction(2).mul(volumeForMargin(product, fixedCost, new Fraction(0)) ?? 0n)
  const sold = visits.mul(conversion)
  const most = even.gt(sold) ? even : sold
  return breakEvenCurve({ product, fixedCost }, most.gt(0) ? most : new Fraction(10))
}

/** The proportional fee grows with the price as the creator's share does; the fixed one is a cost of each purchase. */
function withFeeOf(product: Product, { tariff, purchases }: { readonly tariff: Tariff; readonly purchases: bigint }): Product {
  return { ...product, cost: product.cost.add(tariff.fixed.div(purchases)), creatorShare: product.creatorShare.add(tariff.rate) }
}

function costAfterFees(product: Product, perPurchase: Fraction, targetMargin: Fraction): Fraction | undefined {
  const cost = costForMargin(product, targetMargin)?.sub(perPurchase)
  return cost === undefined || cost.lt(0) ? undefined : cost
}

function written(value: Fraction): string {
  const text = value.round(decimalsShown).toString()
  return text === '-0' ? '0' : text
}

function maybe(value: Fraction | undefined): string | null {
  return value === undefined ? null : written(value)
}

function count(value: bigint | undefined): string | null {
  return value === undefined ? null : String(value)
}
