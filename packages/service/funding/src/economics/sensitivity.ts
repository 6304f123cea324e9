import Fraction from 'fraction.js'
import { type Product, unitMargin } from './margin.ts'
import { wholeUp } from './tariff.ts'

export interface Scenario {
  readonly product: Product
  /** Visits of the period. */
  readonly visits: Fraction
  /** The part of the visits that buys, 0 to 1. */
  readonly conversion: Fraction
  /** Costs of the period that no sale changes. */
  readonly fixedCost: Fraction
}

export function profit({ product, visits, conversion, fixedCost }: Scenario): Fraction {
  return visits.mul(conversion).mul(unitMargin(product)).sub(fixedCost)
}

/** What a period leaves of what was put in. */
export interface Investment {
  /** Spent once, before the first sale. */
  readonly invested: Fraction
  /** Revenue of the period that other products lose to this one. */
  readonly cannibalised: Fraction
}

/** The gain of a period as a part of what was put in; undefined where nothing was. */
export function returnOnInvestment(scenario: Scenario, { invested, cannibalised }: Investment): Fraction | undefined {
  return invested.equals(0) ? undefined : profit(scenario).sub(cannibalised).div(invested)
}

/** The fewest periods whose gain pays what was put in; undefined when no number does. */
export function paybackPeriods(scenario: Scenario, { invested, cannibalised }: Investment): bigint | undefined {
  const gain = profit(scenario).sub(cannibalised)
  if (invested.equals(0)) return 0n
  return gain.lte(0) ? undefined : wholeUp(invested.div(gain))
}

export type Input = 'price' | 'conversion' | 'visits' | 'cost' | 'fixedCost'

/** What the profit becomes when one input alone is a fifth lower, and a fifth higher. */
export interface TornadoBar {
  readonly input: Input
  readonly lower: Fraction
  readonly higher: Fraction
}

const swing = new Fraction(1, 5)
const curvePoints = 11

/** The bars of a tornado diagram: the input that moves the profit most comes first. */
export function tornado(scenario: Scenario): readonly TornadoBar[] {
  const inputs: readonly Input[] = ['price', 'conversion', 'visits', 'cost', 'fixedCost']
  const bars = inputs.map((input) => ({
    input,
    lower: profit(scaled(scenario, input, new Fraction(1).sub(swing))),
    higher: profit(scaled(scenario, input, new Fraction(1).add(swing))),
  }))
  return bars.sort((one, other) => width(other).compare(width(one)))
}

/** A point of the break-even curve. */
export interface CurvePoint {
  readonly volume: Fraction
  readonly revenue: Fraction
  readonly costs: Fraction
  readonly profit: Fraction
}

/** Revenue and all costs at eleven volumes from none to `volumeMax` sales, evenly spaced. */
export function breakEvenCurve({ product, fixedCost }: Pick<Scenario, 'product' | 'fixedCost'>, volumeMax: Fraction): readonly CurvePoint[] {
  return Array.from({ length: curvePoints }, (_, index) => {
    const volume = volumeMax.mul(index).div(curvePoints - 1)
    const revenue = volume.mul(product.price)
    const gain = volume.mul(unitMargin(product)).sub(fixedCost)
    return { volume, revenue, costs: revenue.sub(gain), profit: gain }
  })
}

function width({ lower, higher }: TornadoBar): Fraction {
  return higher.sub(lower).abs()
}

function scaled(scenario: Scenario, input: Input, by: Fraction): Scenario {
  if (input === 'price' || input === 'cost') return { ...scenario, product: { ...scenario.product, [input]: scenario.product[input].mul(by) } }
  return { ...scenario, [input]: scenario[input].mul(by) }
}
