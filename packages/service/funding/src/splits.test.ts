import fc from 'fast-check'
import { expect, test } from 'vitest'
import { split, type SplitPart } from './splits.ts'

const parts = fc
  .uniqueArray(fc.record({ pointer: fc.integer({ min: 0, max: 99 }).map((number) => `https://wallet.test/${number}`), weight: fc.bigInt(1n, 1_000n) }), { selector: ({ pointer }) => pointer, minLength: 1, maxLength: 10 })
  .map((given) => given.map((part) => ({ ...part, owed: 0n })))

test('whatever comes in, nothing is left over and each pointer is within two units of its exact part of all of it', () => {
  fc.assert(
    fc.property(parts, fc.array(fc.bigInt(0n, 1_000_000n), { maxLength: 60 }), (given, amounts) => {
      let state: readonly SplitPart[] = given
      const whole = given.reduce((sum, { weight }) => sum + weight, 0n)
      const got = new Map<string, bigint>()
      let came = 0n
      for (const amount of amounts) {
        const step = split(state, amount)
        state = step.parts
        came += amount
        expect(step.paid.reduce((sum, one) => sum + one.amount, 0n)).toBe(amount)
        for (const { pointer, amount: units } of step.paid) got.set(pointer, (got.get(pointer) ?? 0n) + units)
        for (const { pointer, weight } of given) {
          const away = (got.get(pointer) ?? 0n) * whole - came * weight
          expect(away > -2n * whole && away < 2n * whole).toBe(true)
        }
      }
    }),
  )
})

test('a thousand single units between 3 and 1 are 750 and 250, and never far from it on the way', () => {
  let state: readonly SplitPart[] = [{ pointer: 'a', weight: 3n, owed: 0n }, { pointer: 'b', weight: 1n, owed: 0n }]
  let a = 0n
  for (let unit = 0; unit < 1_000; unit += 1) {
    const step = split(state, 1n)
    state = step.parts
    if (step.paid[0]?.pointer === 'a') a += 1n
  }
  expect([a, state.map(({ owed }) => owed)]).toEqual([750n, [0n, 0n]])
})
