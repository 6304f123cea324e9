import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { scoreOf, scoreScale } from './attention-score.ts'

describe('the score of a visit', () => {
  test.each([
    [5, '1.00000'],
    [15, '1.06285'],
    [60, '1.28703'],
    [1_000, '3.15289'],
    [10_000, '8.80133'],
  ])('of %i seconds with a minimum of 5 is %s', (seconds, score) => {
    expect((Number(scoreOf(seconds, 5)) / Number(scoreScale)).toFixed(5)).toBe(score)
  })

  test('is nothing below the minimum, one point at it, and grows ever more slowly', () => {
    expect([scoreOf(7), scoreOf(8)]).toEqual([0n, scoreScale])
    fc.assert(
      fc.property(fc.integer({ min: 8, max: 100_000 }), fc.integer({ min: 1, max: 10_000 }), (seconds, more) => {
        const [first, second, third] = [scoreOf(seconds), scoreOf(seconds + more), scoreOf(seconds + 2 * more)]
        expect(second >= first && third - second <= second - first + 1n).toBe(true)
      }),
    )
  })
})
