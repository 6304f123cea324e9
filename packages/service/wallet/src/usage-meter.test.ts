import fc from 'fast-check'
import { expect, test } from 'vitest'
import { dayOf, monthOf } from './usage-meter.ts'

test('the day and the month of a moment are those of its date in UTC, in whatever order moments are asked for', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.integer({ min: -2_000_000_000_000, max: 9_000_000_000_000 }), fc.double({ min: 0, max: 9_000_000_000_000, noNaN: true }), fc.integer({ min: 0, max: 40_000 }).map((day) => day * 86_400_000 - 1)), { minLength: 1 }), (moments) => {
      for (const moment of moments) {
        const day = new Date(Math.floor(moment)).toISOString().slice(0, 10)
        expect([dayOf(moment), monthOf(moment)]).toEqual([day, `${day.slice(0, 7)}-01`])
      }
    }),
  )
})
