import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { attentionIn, countedUntil, type DayAttention } from './counted.ts'

const row = (day: string, payee: string, seconds: number): DayAttention => ({ day, payee, ms: seconds * 1_000, score: BigInt(seconds) * 1_000n })
const seconds = (days: readonly DayAttention[], before: readonly DayAttention[] = []): Record<string, number> => Object.fromEntries(attentionIn(days, before).map((one) => [one.payee, one.seconds]))

describe('the attention of a period', () => {
  test('is the sum of its days', () => {
    expect(seconds([row('2027-01-31', 'mara', 10), row('2027-02-01', 'mara', 20), row('2027-02-01', 'tomas', 5)])).toEqual({ mara: 30, tomas: 5 })
  })

  test('leaves out what the period before has shared of the day on which one ends and the other begins', () => {
    const before = countedUntil([row('2027-02-10', 'mara', 50), row('2027-02-28', 'mara', 300)], Date.parse('2027-02-28T10:00:00Z'))
    expect(before).toEqual([row('2027-02-28', 'mara', 300)])
    expect(seconds([row('2027-02-28', 'mara', 300), row('2027-02-28', 'tomas', 100), row('2027-03-01', 'mara', 7)], before)).toEqual({ mara: 7, tomas: 100 })
  })

  test('counts no day for more than eight hours, at the cost of all alike', () => {
    expect(seconds([row('2027-02-01', 'pad', 54_000), row('2027-02-01', 'mara', 3_600), row('2027-02-02', 'mara', 3_600)])).toEqual({ pad: 27_000, mara: 1_800 + 3_600 })
    // The day on which the period began had seven of its hours shared already.
    expect(seconds([row('2027-02-01', 'pad', 30_000), row('2027-02-01', 'mara', 7_200)], [row('2027-02-01', 'pad', 25_200)])).toEqual({ pad: 1_440, mara: 2_160 })
  })

  test('takes nothing twice and loses nothing, wherever periods end', () => {
    const visit = fc.record({ hour: fc.integer({ min: 0, max: 24 * 20 }), payee: fc.constantFrom('a', 'b', 'c'), seconds: fc.integer({ min: 1, max: 600 }) })
    fc.assert(
      fc.property(fc.array(visit, { maxLength: 40 }), fc.array(fc.integer({ min: 0, max: 24 * 20 }), { maxLength: 4 }), (visits, ends) => {
        const startMs = Date.parse('2027-01-01T00:00:00Z')
        // What the wallet's rows say at some hour: one a day and payee.
        const at = (hour: number): DayAttention[] => {
          const rows = new Map<string, DayAttention>()
          for (const { payee, seconds: more, hour: read } of visits.filter((one) => one.hour <= hour)) {
            const day = new Date(startMs + read * 3_600_000).toISOString().slice(0, 10)
            rows.set(`${day} ${payee}`, { day, payee, ms: (rows.get(`${day} ${payee}`)?.ms ?? 0) + more * 1_000, score: 0n })
          }
          return [...rows.values()]
        }
        let before: readonly DayAttention[] = []
        let [shared, fromDay] = [0, '2027-01-01']
        for (const end of [...ends.toSorted((one, other) => one - other), 24 * 20]) {
          const days = at(end).filter(({ day }) => day >= fromDay)
          shared += attentionIn(days, before).reduce((sum, one) => sum + one.seconds, 0)
          before = countedUntil(days, startMs + end * 3_600_000)
          fromDay = new Date(startMs + end * 3_600_000 - 86_400_000).toISOString().slice(0, 10)
        }
        expect(shared).toBe(visits.reduce((sum, visit) => sum + visit.seconds, 0))
      }),
    )
  })
})
