import { expect, test } from 'vitest'
import { daysBetween, isoDay } from './days.ts'

test.each([
  ['2026-01-31', '2026-01-31', 1, { fromMs: Date.UTC(2026, 0, 31), untilMs: Date.UTC(2026, 1, 1) }],
  ['2026-01-31', '2026-02-01', 1, undefined],
  ['2026-02-01', '2026-01-31', 9, undefined],
  ['1969-12-31', '1970-01-01', 9, undefined],
  ['no day', '2026-01-31', 9, undefined],
] as const)('from %s to %s, at most %s days', (from, to, daysMax, expected) => expect(daysBetween(from, to, daysMax)).toEqual(expected === undefined ? undefined : { from, to, ...expected }))

test('a moment lies on its day in UTC', () => expect([isoDay(Date.UTC(2026, 0, 31, 23, 59)), isoDay(0)]).toEqual(['2026-01-31', '1970-01-01']))
