import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readingAhead, stretchedRate, stretchEveryMs } from './pace.ts'

const dayMs = 86_400_000
const hourMs = 3_600_000
const rate = 100_000n

/** A month in minutes of reading; returns what is left at the end of each day. */
function month(budget: bigint, minutesOf: (day: number) => number, knownDays = 0, knownMinutes = 0): bigint[] {
  let left = budget
  let readMs = knownMinutes * 60_000 * knownDays
  const leftAfter: bigint[] = []
  for (let day = 0; day < 30; day += 1) {
    for (let minute = 0; minute < minutesOf(day); minute += 1) {
      const now = day * dayMs + minute * 60_000
      const wanted = (stretchedRate({ left, msLeft: 30 * dayMs - now, readMs, windowMs: knownDays * dayMs + now, rate }) * BigInt(stretchEveryMs)) / 1_000n
      left -= wanted < left ? wanted : left
      readMs += 60_000
    }
    leftAfter.push(left)
  }
  return leftAfter
}

describe('a stretched rate', () => {
  test.each([
    ['spreads what is left over the hours that are expected', { left: 3_600_000_000n, msLeft: 10 * dayMs, readMs: 20 * hourMs, windowMs: 20 * dayMs, rate }, 3_600_000_000n * 1_000n * 27n / (BigInt(hourMs) * 235n)],
    ['believes in half an hour a day while nothing is known', { left: 5_000_000_000n, msLeft: 30 * dayMs, readMs: 0, windowMs: 0, rate }, 92_592n],
    ['is at most four times the plan’s', { left: 10n ** 15n, msLeft: dayMs, readMs: 0, windowMs: 28 * dayMs, rate }, 400_000n],
    ['is at least a fiftieth of it', { left: 1n, msLeft: 30 * dayMs, readMs: 300 * hourMs, windowMs: 28 * dayMs, rate }, 2_000n],
    ['of a plan of one unit is one unit', { left: 0n, msLeft: 0, readMs: 0, windowMs: 0, rate: 1n }, 1n],
  ])('%s', (_name, input, expected) => expect(stretchedRate(input)).toBe(expected))

  test('never spends more than is left before it is looked at again, but for the least rate', () => {
    const input = fc.record({ left: fc.bigInt(0n, 10n ** 15n), msLeft: fc.integer({ min: -dayMs, max: 366 * dayMs }), readMs: fc.integer({ min: 0, max: 28 * dayMs }), windowMs: fc.integer({ min: 0, max: 28 * dayMs }), rate: fc.bigInt(1n, 10n ** 9n) })
    fc.assert(
      fc.property(input, (given) => {
        const bent = stretchedRate(given)
        expect(bent >= 1n && bent * 50n >= given.rate && bent <= 4n * given.rate).toBe(true)
        const least = (given.rate + 49n) / 50n
        expect(bent === least || (bent * BigInt(stretchEveryMs)) / 1_000n <= given.left).toBe(true)
        expect(bent === least || (bent * readingAhead(given)) / 1_000n <= given.left).toBe(true)
      }),
    )
  })

  test('makes the budget last the period and leaves little of it, for whoever reads the same each day', () => {
    fc.assert(
      // Budgets that a rate between a tenth of the plan's and three times of it spends.
      fc.property(fc.integer({ min: 15, max: 240 }), fc.bigInt(10n, 300n), (minutes, percent) => {
        const budget = (BigInt(minutes) * 30n * 60n * rate * percent) / 100n
        const left = month(budget, () => minutes, 28, minutes)
        expect(left.at(-2)).toBeGreaterThan(0n)
        expect((left.at(-1) ?? 0n) * 10n < budget).toBe(true)
      }),
      { numRuns: 30 },
    )
  })

  test('never exceeds the budget, however she reads', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 600 }), { minLength: 30, maxLength: 30 }), fc.bigInt(0n, 10_000_000_000n), (minutes, budget) => {
        const left = month(budget, (day) => minutes[day] ?? 0)
        expect(left.every((units, day) => units >= 0n && units <= (left[day - 1] ?? budget))).toBe(true)
      }),
      { numRuns: 30 },
    )
  })
})
