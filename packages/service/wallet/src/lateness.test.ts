import { expect, test } from 'vitest'
import { Lateness, latenessBucketsMs } from './lateness.ts'

test('a payment falls into the first bucket whose bound it does not pass, and what passes all of them into the last', () => {
  const lateness = new Lateness()
  for (const latenessMs of [0, 5, 5.1, 100, 100.5, 9_999, 60_000]) lateness.observe(latenessMs)
  const filled = lateness.counts.flatMap((count, index) => (count === 0 ? [] : [[latenessBucketsMs[index] ?? Infinity, count]]))
  expect(filled).toEqual([[5, 2], [10, 1], [100, 1], [150, 1], [10_000, 1], [Infinity, 1]])
  expect(lateness.sumMs).toBeCloseTo(70_209.6)
})
