import { expect, test } from 'vitest'
import { periodOf } from './period.ts'

test.each([
  ['R/2026-11-22T11:14:43.926Z/P1M', { simple: 'month' }],
  ['R12/2026-11-22T11:14:43Z/P1Y', { simple: 'year' }],
  ['R-1/P1W/2026-11-22T11:14:43Z', { simple: 'week' }],
  ['R/2026-11-22T11:14:43Z/P3M', { text: '3 months' }],
  ['R/2026-11-22T11:14:43Z/PT1M', { text: '1 minute' }],
  ['R/2026-11-22T11:14:43Z/P1DT12H', { text: '1 day, 12 hours' }],
  ['R/2026-11-22T00:00:00Z/2026-11-24T06:00:00Z', { text: '2 days 6 hr' }],
])('%s', (interval, expected) => expect(periodOf(interval, 'en')).toEqual(expected))
