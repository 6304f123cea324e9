import fc from 'fast-check'
import { expect, test } from 'vitest'
import { amountMax } from '@rivulet/money'
import { ReceiverLimit } from './receiver-limit.ts'

const limitOf = (): ReceiverLimit => new ReceiverLimit({ numerator: 1n, denominator: 1n }, { block: new BigInt64Array(1), at: 0 })

test('what a receiver still takes is what it said last, less what was on its way and what was sent since', () => {
  const limit = limitOf()
  limit.sent(5n)
  expect([limit.units, limit.room]).toEqual([undefined, undefined])
  limit.told(100n, 30n)
  limit.sent(20n)
  limit.returned(5n)
  expect([limit.units, limit.room]).toEqual([55n, 55n])
  limit.sent(60n)
  expect([limit.units, limit.room]).toEqual([0n, 0n])
})

test('no claim of a receiver, however large or small, turns into its opposite', () => {
  const anything = fc.bigInt({ min: -(2n ** 64n), max: 2n ** 64n })
  fc.assert(fc.property(anything, fc.array(fc.bigInt({ min: 0n, max: amountMax }), { maxLength: 4 }), (room, sent) => {
    const limit = limitOf()
    limit.told(room, 0n)
    const within = (value: bigint): bigint => (value > amountMax ? amountMax : value < -amountMax ? -amountMax : value)
    let expected = within(room)
    for (const units of sent) {
      limit.sent(units)
      expected = within(expected - units)
    }
    expect(limit.units).toBe(expected > 0n ? expected : 0n)
  }))
})
