import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { GnapFault } from './fault.ts'
import { intervalAt, intervalEndMs } from './interval.ts'

const at = (interval: string, now: string): string | undefined => {
  const found = intervalAt(interval, Date.parse(now))
  return found === undefined ? undefined : `${new Date(found.startMs).toISOString()} ${new Date(found.endMs).toISOString()}`
}

describe('the interval that holds a moment', () => {
  test.each([
    ['R/2026-01-31T10:00:00Z/P1M', '2026-02-27T00:00:00Z', '2026-01-31T10:00:00.000Z 2026-02-28T10:00:00.000Z'],
    ['R/2026-01-31T10:00:00Z/P1M', '2026-03-01T00:00:00Z', '2026-02-28T10:00:00.000Z 2026-03-31T10:00:00.000Z'],
    ['R/2026-01-31T10:00:00Z/P1M', '2026-03-31T10:00:00Z', '2026-03-31T10:00:00.000Z 2026-04-30T10:00:00.000Z'],
    ['R/2024-02-29T00:00:00Z/P1Y', '2025-02-28T00:00:00Z', '2025-02-28T00:00:00.000Z 2026-02-28T00:00:00.000Z'],
    ['R/2024-02-29T00:00:00Z/P1Y', '2028-03-01T00:00:00Z', '2028-02-29T00:00:00.000Z 2029-02-28T00:00:00.000Z'],
    ['R/2026-11-22T11:14:43.926Z/P1M', '2026-11-22T11:14:43.926Z', '2026-11-22T11:14:43.926Z 2026-12-22T11:14:43.926Z'],
    ['R/2026-11-22T13:00:00+02:00/PT1H', '2026-11-22T12:30:00Z', '2026-11-22T12:00:00.000Z 2026-11-22T13:00:00.000Z'],
    ['R3/2026-01-01T00:00:00Z/P1W', '2026-01-21T23:59:59Z', '2026-01-15T00:00:00.000Z 2026-01-22T00:00:00.000Z'],
    ['R-1/2017-03-01T13:00:00Z/2018-05-11T15:30:00Z', '2018-05-11T15:30:00Z', '2018-05-11T15:30:00.000Z 2019-07-21T18:00:00.000Z'],
    ['R-1/P1Y2M10DT2H30M/2022-05-11T15:30:00Z', '2022-05-11T15:29:59Z', '2021-03-01T13:00:00.000Z 2022-05-11T15:30:00.000Z'],
    ['R2/P1M/2026-03-31T00:00:00Z', '2026-02-01T00:00:00Z', '2026-01-31T00:00:00.000Z 2026-02-28T00:00:00.000Z'],
    ['R/1970-01-01T00:00:00Z/PT1S', '2026-11-22T11:14:43.926Z', '2026-11-22T11:14:43.000Z 2026-11-22T11:14:44.000Z'],
  ])('%s at %s', (interval, now, expected) => expect(at(interval, now)).toBe(expected))

  test.each([
    ['R/2026-01-31T10:00:00Z/P1M', '2026-01-31T09:59:59.999Z'],
    ['R3/2026-01-01T00:00:00Z/P1W', '2026-01-22T00:00:00Z'],
    ['R0/2026-01-01T00:00:00Z/P1W', '2026-01-08T00:00:00Z'],
    ['R-1/P1M/2026-03-31T00:00:00Z', '2026-03-31T00:00:00Z'],
    ['R2/P1M/2026-03-31T00:00:00Z', '2026-01-30T23:59:59Z'],
  ])('%s holds nothing at %s', (interval, now) => expect(at(interval, now)).toBeUndefined())

  test('every moment from the start on lies in exactly one interval, and neighbours touch', () => {
    const duration = fc.record({ months: fc.integer({ min: 0, max: 30 }), days: fc.integer({ min: 0, max: 40 }), hours: fc.integer({ min: 0, max: 30 }) }).filter(({ months, days, hours }) => months + days + hours > 0)
    const start = fc.integer({ min: Date.UTC(2000, 0, 1), max: Date.UTC(2030, 0, 1) })
    fc.assert(
      fc.property(start, duration, fc.integer({ min: 0, max: 4_000_000_000_000 }), fc.boolean(), (startMs, { months, days, hours }, laterMs, backwards) => {
        const anchor = new Date(startMs).toISOString()
        const text = `P${months}M${days}DT${hours}H`
        const interval = backwards ? `R/${text}/${anchor}` : `R/${anchor}/${text}`
        const nowMs = backwards ? startMs - 1 - laterMs : startMs + laterMs
        const found = intervalAt(interval, nowMs)
        expect(found !== undefined && found.startMs <= nowMs && nowMs < found.endMs).toBe(true)
        if (found === undefined) return
        expect(intervalAt(interval, found.endMs - 1)).toEqual(found)
        expect(intervalAt(interval, found.startMs)).toEqual(found)
        expect(backwards || intervalAt(interval, found.endMs)?.startMs === found.endMs).toBe(true)
      }),
      { numRuns: 2_000 },
    )
  })
})

test.each([
  ['R12/2026-01-31T10:00:00Z/P1M', '2027-01-31T10:00:00.000Z'],
  ['R0/2026-01-01T00:00:00Z/P1W', '2026-01-08T00:00:00.000Z'],
  ['R/P1M/2026-03-31T00:00:00Z', '2026-03-31T00:00:00.000Z'],
  ['R999999/2026-01-31T10:00:00Z/P9999Y', '+275760-09-13T00:00:00.000Z'],
])('%s ends at %s', (interval, end) => expect(new Date(intervalEndMs(interval) ?? 0).toISOString()).toBe(end))

test('what repeats without number has no end', () => expect(intervalEndMs('R/2026-01-31T10:00:00Z/P1M')).toBeUndefined())

test.each([
  '', 'R', 'P1M', 'R/P1M', 'R/P1M/P1M', 'R/2026-01-31/P1M', 'R/2026-01-31T10:00:00/P1M', 'R/2026-13-31T10:00:00Z/P1M', 'R/2026-01-31T10:00:00Z/P', 'R/2026-01-31T10:00:00Z/PT', 'R/2026-01-31T10:00:00Z/P0D',
  'R/2026-01-31T10:00:00Z/2026-01-31T10:00:00Z', 'R/2026-01-31T10:00:00Z/P1M/P1M', 'R-2/2026-01-31T10:00:00Z/P1M', 'r/2026-01-31T10:00:00Z/P1M', 'R/2026-01-31T10:00:00Z/P-1M', 'R/2026-01-31T10:00:00Z/P1.5M', `R/2026-01-31T10:00:00Z/P${'1'.repeat(200)}D`,
])('%j is refused', (interval) => {
  expect(() => intervalAt(interval, 0)).toThrow(GnapFault)
  expect(() => intervalEndMs(interval)).toThrow(GnapFault)
})
