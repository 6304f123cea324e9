import Fraction from 'fraction.js'
import { wholeUp } from './tariff.ts'

/** One product's figures, all in one currency and excluding tax. */
export interface Product {
  readonly price: Fraction
  /** All variable costs of one sale but the creator's share. */
  readonly cost: Fraction
  /** The part of the price that goes to the creator, 0 to 1. */
  readonly creatorShare: Fraction
}

export function unitMargin({ price, cost, creatorShare }: Product): Fraction {
  return price.sub(cost).sub(creatorShare.mul(price))
}

export function marginRate(product: Product): Fraction {
  return unitMargin(product).div(product.price)
}

/** The least price at which `margin` of it remains; undefined when creator and margin together want all of it, so that no price is enough. */
export function priceForMargin({ cost, creatorShare }: Product, margin: Fraction): Fraction | undefined {
  const rest = new Fraction(1).sub(margin).sub(creatorShare)
  return rest.lte(0) ? undefined : cost.div(rest)
}

/** What remains, as a part of the cost; undefined where nothing costs anything. */
export function markUp(product: Product): Fraction | undefined {
  return product.cost.equals(0) ? undefined : unitMargin(product).div(product.cost)
}

/** The least price at which `part` of the cost remains beside it, whatever part of the price that is; undefined when the creator gets all of it. */
export function priceForMarkUp({ cost, creatorShare }: Product, part: Fraction): Fraction | undefined {
  const rest = new Fraction(1).sub(creatorShare)
  return rest.lte(0) ? undefined : cost.mul(part.add(1)).div(rest)
}

/** The highest cost of one sale at which `margin` of the price remains; undefined when none does. */
export function costForMargin({ price, creatorShare }: Product, margin: Fraction): Fraction | undefined {
  const cost = price.mul(new Fraction(1).sub(margin).sub(creatorShare))
  return cost.lt(0) ? undefined : cost
}

/** The fewest sales that pay `fixedCost` of the period and leave `margin` of the revenue, 0 for break-even; undefined when no number does. */
export function volumeForMargin(product: Product, fixedCost: Fraction, margin: Fraction): bigint | undefined {
  const each = unitMargin(product).sub(margin.mul(product.price))
  if (each.lte(0)) return fixedCost.equals(0) && each.equals(0) ? 0n : undefined
  return wholeUp(fixedCost.div(each))
}
