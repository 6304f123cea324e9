import { expect, test } from 'vitest'
import type { ActivityLine } from './activity-api.ts'
import { daysOf, periodOf, spentLines, sumOf, totalsBy } from './totals.ts'

const line = (change: Partial<ActivityLine>): ActivityLine => ({ day: '2026-02-01', kind: 'reading', site: null, payee: null, amount: 0n, seconds: 0, ...change })
const lines = [
  line({ site: 'https://a.example', payee: 'https://pay.example/mara', amount: 30n, seconds: 60 }),
  line({ site: 'https://b.example', payee: 'https://pay.example/mara', amount: 5n, seconds: 10 }),
  line({ kind: 'share', payee: 'https://pay.example/tomas', amount: 100n }),
  line({ kind: 'fee', amount: 1n }),
  line({ kind: 'returned', amount: 50n }),
  line({ day: '2026-02-03', kind: 'payment', payee: 'https://pay.example/tomas', amount: 7n }),
]

test('what was given back is not spent, and each way to sum the rest comes to the same', () => {
  const spent = spentLines(lines)
  expect(sumOf(spent)).toBe(143n)
  expect(totalsBy(spent, 'payee')).toEqual([
    { name: 'https://pay.example/tomas', amount: 107n, seconds: 0 },
    { name: 'https://pay.example/mara', amount: 35n, seconds: 70 },
    { name: '', amount: 1n, seconds: 0 },
  ])
  expect([sumOf(totalsBy(spent, 'site')), sumOf(totalsBy(spent, 'payee'))]).toEqual([143n, 143n])
  const days = daysOf(spent, { from: '2026-02-01', to: '2026-02-03' })
  expect(days.map(({ day, reading, share, other }) => [day, reading, share, other])).toEqual([['2026-02-01', 35n, 100n, 1n], ['2026-02-02', 0n, 0n, 0n], ['2026-02-03', 0n, 0n, 7n]])
})

test.each([
  ['month', '2026-03-01', { from: '2026-03-01', to: '2026-03-01' }],
  ['before', '2026-03-31', { from: '2026-02-01', to: '2026-02-28' }],
  ['before', '2026-01-02', { from: '2025-12-01', to: '2025-12-31' }],
  ['week', '2026-03-02', { from: '2026-02-24', to: '2026-03-02' }],
] as const)('the period %s seen from %s', (name, today, expected) => expect(periodOf(name, today)).toEqual(expected))
