import fc from 'fast-check'
import Fraction from 'fraction.js'
import { describe, expect, test } from 'vitest'
import { calculate, calculationInput } from './calculation.ts'
import { costForMargin, marginRate, markUp, priceForMargin, priceForMarkUp, type Product, unitMargin, volumeForMargin } from './margin.ts'
import { type Input, paybackPeriods, profit, returnOnInvestment, type Scenario, tornado } from './sensitivity.ts'
import { crossover, feeMark, feeRatio, purchasesForRatio } from './tariff.ts'

const f = (text: string): Fraction => new Fraction(text)
const product = (price: string, cost: string, creatorShare = '0'): Product => ({ price: f(price), cost: f(cost), creatorShare: f(creatorShare) })
const decimals = (value: Fraction | undefined, places = 4): string | undefined => value?.round(places).toString()

describe('a purchase of 0.50 with costs of 0.10, of which 40 % shall remain', () => {
  const example = product('0.50', '0.10')

  test('leaves 0.40, which is 80 % and meets the target', () => {
    expect([decimals(unitMargin(example)), decimals(marginRate(example))]).toEqual(['0.4', '0.8'])
    expect(calculate(calculationInput.parse({ price: '0.50', cost: '0.10' })).targetMet).toBe(true)
  })

  test('would meet it down to a price of 0.1667 and up to a cost of 0.30', () => {
    expect([decimals(priceForMargin(example, f('0.4'))), decimals(costForMargin(example, f('0.4')))]).toEqual(['0.1667', '0.3'])
  })

  test('where 40 % are meant of the cost instead, as a mark-up, asks for a price of 0.14', () => {
    expect([decimals(priceForMarkUp(example, f('0.4'))), decimals(markUp(example)), decimals(markUp(product('0.14', '0.10')))]).toEqual(['0.14', '4', '0.4'])
    expect(calculate(calculationInput.parse({ price: '0.50', cost: '0.10' })).priceForMarkUp).toBe('0.14')
  })

  test('breaks even at 2,500 sales of 1,000 fixed costs, and keeps 40 % from 5,000 on', () => {
    expect([volumeForMargin(example, f('1000'), f('0')), volumeForMargin(example, f('1000'), f('0.4'))]).toEqual([2_500n, 5_000n])
  })

  test('with half for the creator leaves 30 %, and asks for a price of 1.00 or a cost of 0.05', () => {
    const shared = product('0.50', '0.10', '0.5')
    expect([unitMargin(shared), marginRate(shared), priceForMargin(shared, f('0.4')), costForMargin(shared, f('0.4'))].map((value) => decimals(value))).toEqual(['0.15', '0.3', '1', '0.05'])
  })

  test('with 70 % for the creator leaves 10 %, and no price reaches 40 %', () => {
    const shared = product('0.50', '0.10', '0.7')
    expect([decimals(marginRate(shared)), priceForMargin(shared, f('0.4')), costForMargin(shared, f('0.4'))]).toEqual(['0.1', undefined, undefined])
  })

  test('alarms when the 0.10 are all fees: 20 %; a price of 0.6667 or fees of 0.075 make it 15 %', () => {
    const ratio = example.cost.div(example.price)
    expect([decimals(ratio), feeMark(ratio), feeMark(f('0.1499')), feeMark(f('0.15'))]).toEqual(['0.2', 'alarm', 'fine', 'warning'])
    expect([decimals(example.cost.div(f('0.15'))), decimals(example.price.mul(f('0.15')))]).toEqual(['0.6667', '0.075'])
  })
})

describe('tariffs', () => {
  const card = { rate: f('0.015'), fixed: f('0.25') }
  const price = f('0.50')

  test.each([
    [1n, '0.515'],
    [3n, '0.1817'],
    [4n, '0.14'],
    [10n, '0.065'],
  ])('a card of 1.5 % + 0.25 takes, with %s purchases of 0.50 in a charge, %s', (purchases, ratio) => expect(decimals(feeRatio(card, price, purchases))).toBe(ratio))

  test('three purchases bring it below 20 %, four below 15 %', () => expect([purchasesForRatio(card, price, f('0.2')), purchasesForRatio(card, price, f('0.15'))]).toEqual([3n, 4n]))

  test.each([
    ['3.49 % + 0.49 on 0.50', { rate: f('0.0349'), fixed: f('0.49') }, '0.5', '1.0149'],
    ['a top-up of 10 by card', card, '10', '0.04'],
    ['a top-up of 5 by card', card, '5', '0.065'],
  ])('%s costs its share', (_name, tariff, amount, ratio) => expect(decimals(feeRatio(tariff, f(amount), 1n))).toBe(ratio))

  test('a store that takes only a part gains nothing by grouping', () => {
    const store = { rate: f('0.3'), fixed: f('0') }
    expect([decimals(feeRatio(store, price, 1n)), decimals(feeRatio(store, price, 100n)), purchasesForRatio(store, price, f('0.2')), purchasesForRatio(store, price, f('0.3'))]).toEqual(['0.3', '0.3', undefined, 1n])
  })

  test.each([
    ['0.15', 'warning'],
    ['0.3', 'alarm'],
  ])('a store that takes %s of a purchase is marked %s, however many are charged together', (rate, mark) => {
    expect([1n, 4n, 100n].map((purchases) => feeMark(feeRatio({ rate: f(rate), fixed: f('0') }, price, purchases)))).toEqual([mark, mark, mark])
  })

  test('a single purchase of 0.50 costs 0.2575 by card, and each of three in one charge 0.0908, of four 0.07, of ten 0.0325', () => {
    expect([1n, 3n, 4n, 10n].map((purchases) => decimals(feeRatio(card, price, purchases).mul(price)))).toEqual(['0.2575', '0.0908', '0.07', '0.0325'])
  })

  test('two tariffs meet at one price, or at none', () => {
    expect(decimals(crossover({ rate: f('0.05'), fixed: f('0.05') }, card))).toBe('5.7143')
    expect([crossover(card, card), crossover({ rate: f('0.02'), fixed: f('0.30') }, card)]).toEqual([undefined, undefined])
  })
})

describe('what moves the profit', () => {
  const base: Scenario = { product: product('0.50', '0.10'), visits: f('100000'), conversion: f('0.03'), fixedCost: f('500') }

  test('100,000 visits of which 3 % buy bring 700', () => expect(decimals(profit(base))).toBe('700'))

  test('the price moves it most', () => {
    expect(tornado(base).map(({ input, lower, higher }) => [input, decimals(lower), decimals(higher)])).toEqual([
      ['price', '400', '1000'],
      ['conversion', '460', '940'],
      ['visits', '460', '940'],
      ['fixedCost', '800', '600'],
      ['cost', '760', '640'],
    ] satisfies [Input, string, string][])
  })
})

describe('what comes back of 7,000 that were put in, at a profit of 700 a period', () => {
  const scenario: Scenario = { product: product('0.50', '0.10'), visits: f('100000'), conversion: f('0.03'), fixedCost: f('500') }
  test.each([
    ['0', '0.1', 10n],
    ['350', '0.05', 20n],
    ['699', '0.0001', 7_000n],
    ['700', '0', undefined],
    ['1400', '-0.1', undefined],
  ])('when other products lose %s', (cannibalised, part, periods) => {
    const investment = { invested: f('7000'), cannibalised: f(cannibalised) }
    expect([returnOnInvestment(scenario, investment)?.round(4).toString(), paybackPeriods(scenario, investment)]).toEqual([part, periods])
  })
  test('and of nothing that was put in nothing is said', () => expect(returnOnInvestment(scenario, { invested: f('0'), cannibalised: f('0') })).toBeUndefined())
})

describe('for any figures', () => {
  const money = fc.integer({ min: 1, max: 1_000_000 }).map((cents) => new Fraction(cents, 100))
  const part = fc.integer({ min: 0, max: 100 }).map((percent) => new Fraction(percent, 100))

  test('the break-even volume pays the fixed costs, and one sale less does not', () => {
    fc.assert(
      fc.property(money, money, part, money, (price, cost, creatorShare, fixedCost) => {
        const one = { price, cost, creatorShare }
        const volume = volumeForMargin(one, fixedCost, new Fraction(0))
        const left = (sales: bigint): Fraction => unitMargin(one).mul(sales).sub(fixedCost)
        expect(volume === undefined ? unitMargin(one).lte(0) : left(volume).gte(0) && left(volume - 1n).lt(0)).toBe(true)
      }),
    )
  })

  test('fees take less of a purchase the more of them share a charge, and the number for a ratio is the least', () => {
    fc.assert(
      fc.property(money, part, money, part, (price, rate, fixed, ratioMax) => {
        const tariff = { rate, fixed }
        expect(feeRatio(tariff, price, 2n).lt(feeRatio(tariff, price, 1n))).toBe(true)
        const least = purchasesForRatio(tariff, price, ratioMax)
        expect(least === undefined ? ratioMax.lte(rate) : feeRatio(tariff, price, least).lte(ratioMax) && (least === 1n || feeRatio(tariff, price, least - 1n).gt(ratioMax))).toBe(true)
      }),
    )
  })

  test('the profit grows with price, visits and conversion, and falls with costs', () => {
    fc.assert(
      fc.property(money, money, money, part, (price, visits, fixedCost, conversion) => {
        const base: Scenario = { product: { price, cost: price.div(2), creatorShare: new Fraction(1, 10) }, visits, conversion, fixedCost }
        for (const { input, lower, higher } of tornado(base)) expect(input === 'cost' || input === 'fixedCost' ? lower.gte(higher) : lower.lte(higher)).toBe(true)
      }),
    )
  })

  test('a price for a mark-up leaves just that part of the cost', () => {
    fc.assert(
      fc.property(money, money, part, part, (price, cost, creatorShare, wanted) => {
        const least = priceForMarkUp({ price, cost, creatorShare }, wanted)
        expect(least === undefined ? creatorShare.equals(1) : markUp({ price: least, cost, creatorShare })?.equals(wanted)).toBe(true)
      }),
    )
    expect(markUp(product('0.50', '0'))).toBeUndefined()
  })

  test('no fewer periods pay what was put in', () => {
    fc.assert(
      fc.property(money, money, money, part, (price, invested, cannibalised, conversion) => {
        const scenario: Scenario = { product: { price, cost: f('0'), creatorShare: f('0') }, visits: f('1000'), conversion, fixedCost: f('10') }
        const gain = profit(scenario).sub(cannibalised)
        const periods = paybackPeriods(scenario, { invested, cannibalised })
        expect(periods === undefined ? gain.lte(0) : gain.mul(periods).gte(invested) && gain.mul(periods - 1n).lt(invested)).toBe(true)
      }),
    )
  })

  test('a price for a margin leaves just that margin', () => {
    fc.assert(
      fc.property(money, money, part, part, (price, cost, creatorShare, margin) => {
        const least = priceForMargin({ price, cost, creatorShare }, margin)
        expect(least === undefined ? creatorShare.add(margin).gte(1) : marginRate({ price: least, cost, creatorShare }).equals(margin)).toBe(true)
      }),
    )
  })
})

describe('the calculator', () => {
  test('takes the fee of the rail as a cost of each purchase', () => {
    const answer = calculate(calculationInput.parse({ price: '0.50', feeRate: '0.015', feeFixed: '0.25', purchasesPerCharge: 4 }))
    expect(answer).toMatchObject({ returnOnInvestment: null, unitMargin: '0.43', marginRate: '0.86', fee: { perPurchase: '0.07', ratio: '0.14', mark: 'fine', purchasesForWarning: '4', purchasesForAlarm: '3' } })
  })

  test('names a price that really leaves the target, fees included', () => {
    const given = { cost: '0.10', feeRate: '0.015', feeFixed: '0.25', creatorShare: '0.2', targetMargin: '0.3' }
    const price = calculate(calculationInput.parse({ ...given, price: '1' })).priceForTarget
    expect(price).toBe('0.721649485')
    expect(Number(calculate(calculationInput.parse({ ...given, price: '0.72165' })).marginRate)).toBeCloseTo(0.3, 5)
  })

  test.each([
    ['price', { price: '0' }],
    ['price', { price: '-1' }],
    ['price', { price: '1e9' }],
    ['creatorShare', { price: '1', creatorShare: '40' }],
    ['purchasesPerCharge', { price: '1', purchasesPerCharge: 0 }],
    ['', { price: '1', colour: 'red' }],
  ])('%s out of its bounds is refused by name', (path, input) => {
    expect(calculationInput.safeParse(input).error?.issues[0]?.path.join('.')).toBe(path)
  })
})

test('the break-even curve meets its costs at the break-even volume: 1,000 of fixed cost at a margin of 0.40 are paid by 2,500 sales', () => {
  const { curve, breakEvenVolume } = calculate(calculationInput.parse({ price: '0.50', cost: '0.10', fixedCost: '1000' }))
  expect(breakEvenVolume).toBe('2500')
  expect(curve).toHaveLength(11)
  expect(curve[0]).toEqual({ volume: '0', revenue: '0', costs: '1000', profit: '-1000' })
  expect(curve[5]).toEqual({ volume: '2500', revenue: '1250', costs: '1250', profit: '0' })
  expect(curve[10]).toEqual({ volume: '5000', revenue: '2500', costs: '1500', profit: '1000' })
})
