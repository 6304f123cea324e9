import fc from 'fast-check'
import { expect, test } from 'vitest'
import { reduced, sharesOf } from './split.ts'

const weights = fc.array(fc.integer({ min: 1, max: 500 }), { minLength: 1, maxLength: 20 }).map(reduced)
const sumOf = (given: readonly bigint[]): bigint => given.reduce((sum, one) => sum + one, 0n)

test('whatever comes in, nothing is left over, nobody ever gives back, and each is less than one unit away from the exact part', () => {
  fc.assert(
    fc.property(weights, fc.array(fc.oneof(fc.bigInt(0n, 30n), fc.bigInt(0n, 2n ** 60n)), { maxLength: 30 }), (given, amounts) => {
      const whole = BigInt(given.reduce((sum, weight) => sum + weight, 0))
      let total = 0n
      let before = given.map(() => 0n)
      for (const amount of amounts) {
        total += amount
        const shares = sharesOf(given, total)
        expect(sumOf(shares)).toBe(total)
        for (const [index, share] of shares.entries()) {
          const away = share * whole - total * BigInt(given[index] ?? 0)
          expect(away < whole && away > -whole).toBe(true)
          expect(share >= (before[index] ?? 0n)).toBe(true)
        }
        before = [...shares]
      }
    }),
  )
})

test('every single unit of a thousand goes where the parts stay exact', () => {
  for (const given of [[3, 1], [1, 1, 1], [97, 2, 1], [5, 4, 3, 2, 1], [9_998, 1, 1]]) {
    const whole = given.reduce((sum, weight) => sum + weight, 0)
    for (let total = 1; total <= 1_000; total += 1) {
      const shares = sharesOf(given, BigInt(total))
      for (const [index, share] of shares.entries()) expect(Math.abs(Number(share) * whole - total * (given[index] ?? 0))).toBeLessThan(whole)
    }
  }
  expect(sharesOf([3, 1], 1_000n)).toEqual([750n, 250n])
})

test('weights in the same proportion are the same weights', () => expect([reduced([60, 40]), reduced([7]), reduced([2, 4, 8])]).toEqual([[3, 2], [1], [1, 2, 4]]))
