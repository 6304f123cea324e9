import { multiplyFloor } from '@rivulet/money'
import type { GuardedFetch } from '@rivulet/outbound'
import { TestClock } from '@rivulet/time/testing'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Rates } from './rates.ts'

const silent = { info: () => undefined, warn: () => undefined, error: () => undefined }
const [eur, usd, gbp] = [{ code: 'EUR', scale: 9 }, { code: 'USD', scale: 6 }, { code: 'GBP', scale: 2 }]
const noFetch: GuardedFetch = () => Promise.reject(new Error('nothing is fetched'))
const table = { base: 'EUR', rates: { USD: '1.25', GBP: '0.8' } }

function answering(answers: readonly (string | Error)[]): { fetch: GuardedFetch; asked: () => number } {
  let asked = 0
  const fetch: GuardedFetch = (url) => {
    const answer = answers[Math.min(asked++, answers.length - 1)] ?? ''
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve({ status: 200, headers: {}, body: Buffer.from(answer), url: String(url) })
  }
  return { fetch, asked: () => asked }
}

test('a table exchanges between its currencies in every direction, with the scales of both', () => {
  using rates = new Rates({ source: table, fetch: noFetch, clock: new TestClock(), log: silent })
  const of = (units: bigint, from: typeof eur, to: typeof eur) => multiplyFloor(units, rates.rateOf(from, to) ?? { numerator: 0n, denominator: 1n })
  expect(of(1_000_000_000n, eur, usd)).toBe(1_250_000n)
  expect(of(1_250_000n, usd, eur)).toBe(1_000_000_000n)
  expect(of(1_250_000n, usd, gbp)).toBe(80n)
  expect(of(80n, gbp, usd)).toBe(1_250_000n)
  expect(of(5n, { code: 'JPY', scale: 0 }, { code: 'JPY', scale: 3 })).toBe(5_000n)
  expect(rates.rateOf(eur, { code: 'JPY', scale: 0 })).toBeUndefined()
})

test('there and back never gains a unit', () => {
  using rates = new Rates({ source: { base: 'EUR', rates: { USD: '1.2537', GBP: '0.843219' } }, fetch: noFetch, clock: new TestClock(), log: silent })
  const asset = fc.record({ code: fc.constantFrom('EUR', 'USD', 'GBP'), scale: fc.integer({ min: 0, max: 12 }) })
  fc.assert(fc.property(asset, asset, fc.bigInt(0n, 10n ** 12n), (from, to, units) => {
    const [there, back] = [rates.rateOf(from, to), rates.rateOf(to, from)]
    if (there === undefined || back === undefined) throw new Error('every rate is known')
    expect(multiplyFloor(multiplyFloor(units, there), back)).toBeLessThanOrEqual(units)
  }))
})

test('without a source only scales of one currency are exchanged', () => {
  using rates = new Rates({ source: undefined, fetch: noFetch, clock: new TestClock(), log: silent })
  expect(rates.rateOf(eur, usd)).toBeUndefined()
  expect(rates.rateOf(eur, { code: 'EUR', scale: 2 })).toEqual({ numerator: 100n, denominator: 1_000_000_000n })
})

test('fetched rates are used until they are too old, and fetched again meanwhile', async () => {
  const clock = new TestClock()
  const { fetch, asked } = answering(['{"base":"EUR","rates":{"USD":1.25}}', '{"rates":{"USD":"1.5"}}', new Error('away')])
  using rates = new Rates({ source: { base: 'EUR', url: 'https://rates.example', everyMs: 60_000, ageMsMax: 100_000 }, fetch, clock, log: silent })
  expect(rates.rateOf(eur, usd)).toBeUndefined()
  await rates.start()
  expect(multiplyFloor(1_000_000_000n, rates.rateOf(eur, usd) ?? { numerator: 0n, denominator: 1n })).toBe(1_250_000n)
  await clock.advance(60_000)
  expect(multiplyFloor(1_000_000_000n, rates.rateOf(eur, usd) ?? { numerator: 0n, denominator: 1n })).toBe(1_500_000n)
  await clock.advance(99_999)
  expect(rates.rateOf(eur, usd)).toBeDefined()
  await clock.advance(1)
  expect(rates.rateOf(eur, usd)).toBeUndefined()
  expect(asked()).toBeGreaterThan(3)
})

test.each([
  ['no JSON', 'rates'], ['another base', '{"base":"USD","rates":{"EUR":"1"}}'], ['no rates', '{"base":"EUR"}'], ['a rate of nothing', '{"rates":{"USD":"0"}}'], ['a negative rate', '{"rates":{"USD":-1}}'],
])('an answer with %s is not used, and the last rates stay', async (_what, answer) => {
  const clock = new TestClock()
  const { fetch } = answering(['{"rates":{"USD":"1.25"}}', answer])
  using rates = new Rates({ source: { base: 'EUR', url: 'https://rates.example', everyMs: 10_000, ageMsMax: 100_000 }, fetch, clock, log: silent })
  await rates.start()
  const before = rates.rateOf(eur, usd)
  await clock.advance(10_000)
  expect(rates.rateOf(eur, usd)).toEqual(before)
})

test('a table with a rate that is none is refused', () => {
  expect(() => new Rates({ source: { base: 'EUR', rates: { USD: '-1' } }, fetch: noFetch, clock: new TestClock(), log: silent })).toThrow(expect.objectContaining({ code: 'rates-unusable' }))
})
