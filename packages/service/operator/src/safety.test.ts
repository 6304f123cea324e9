import type { VerifyReport } from '@rivulet/ledger'
import type { Reconciliation } from '@rivulet/payout'
import { describe, expect, test } from 'vitest'
import { percentilesOf } from './measured.ts'
import { alertsOf, type Measures, safetyOf } from './safety.ts'
import type { RoleReport } from './store.ts'

const nowMs = 1_800_000_000_000
const books = (problems: VerifyReport['problems'] = [], agoMs = 1_000): { report: VerifyReport; checkedAtMs: number } => ({
  report: { ok: problems.length === 0, problems, accounts: 1, transfers: 1, streamsOpen: 0, streamsInDoubt: 0, inDoubt: [], chains: 1, totals: [] }, checkedAtMs: nowMs - agoMs,
})
const reconciled = (change: Partial<Reconciliation> = {}, agoMs = 1_000): { report: Reconciliation; checkedAtMs: number } => ({ report: { ok: true, checkedMs: nowMs, clearing: [], comparisons: [], ...change }, checkedAtMs: nowMs - agoMs })
const calm: Measures = { roles: ['wallet', 'receiver'], lateness: { p50: 5, p95: 20, p99: 40 }, commits: { p50: 1, p95: 4, p99: 9 }, links: [{ peer: 'receiver', up: true }], packetsPerSecond: 100, rejectsPerSecond: 0, streamsOpen: 1_000, streamsInDoubt: 0, streamsWaiting: 0 }

describe('the light', () => {
  test('is safe only when all was checked lately and nothing was found', () => {
    const safety = safetyOf(books(), reconciled(), nowMs)
    expect(safety).toMatchObject({ light: 'safe', comparedAgoMs: null })
    expect(alertsOf(safety, calm)).toEqual([])
  })

  test.each([
    ['a counter', safetyOf(books([{ check: 'counters-equal-history', row: 'acct_1', message: 'm' }]), reconciled(), nowMs), 'danger', { code: 'books-wrong', about: 'counters-equal-history: acct_1: m' }],
    ['a broken chain', safetyOf(books([{ check: 'chains-intact', row: 'xfer_1', message: 'm' }]), reconciled(), nowMs), 'danger', { code: 'chains-wrong', about: 'chains-intact: xfer_1: m' }],
    ['money that does not leave a clearing account', safetyOf(books(), reconciled({ clearing: [{ name: 'sharing', balance: 5n, items: [], late: [], unexplained: 5n }] }), nowMs), 'attention', { code: 'clearing-wrong', about: 'sharing' }],
    ['an old proof', safetyOf(books([], 3_600_001), reconciled(), nowMs), 'attention', { code: 'check-old', about: 'books' }],
  ])('%s is seen, and said', (_what, safety, light, alert) => {
    expect(safety.light).toBe(light)
    expect(alertsOf(safety, calm)[0]).toMatchObject(alert)
  })

  test('before the first check nothing is claimed', () => expect(safetyOf(undefined, reconciled(), nowMs).light).toBe('unknown'))

  test('the age of the comparison is that of the youngest statement', () => {
    const comparisons = [{ between: ['books', 'bank'] as const, untilMs: nowMs - 9_000, lines: 1, findings: [] }, { between: ['books', 'stripe'] as const, untilMs: nowMs - 5_000, lines: 1, findings: [] }]
    expect(safetyOf(books(), reconciled({ comparisons }), nowMs).comparedAgoMs).toBe(5_000)
  })
})

test.each<[string, Partial<Measures>, string[]]>([
  ['no wallet reports', { roles: ['receiver'] }, ['wallet-silent']],
  ['nobody reports', { roles: [] }, ['wallet-silent', 'receiver-silent']],
  ['one process has all roles', { roles: ['up'] }, []],
  ['a link is down', { links: [{ peer: 'receiver', up: false }] }, ['link-down']],
  ['another operator is away', { links: [{ peer: 'eve', up: false, sinceMs: 1 }] }, ['peer-away']],
  ['payments are late', { lateness: { p50: 1, p95: 2, p99: 1_001 } }, ['payments-late']],
  ['commits are slow', { commits: { p50: 1, p95: 251, p99: 300 } }, ['commits-slow']],
  ['many streams wait for a link', { streamsWaiting: 60 }, ['streams-waiting']],
  ['some streams wait for a link for a moment', { streamsWaiting: 10 }, []],
  ['many packets are rejected', { rejectsPerSecond: 6 }, ['rejects-many']],
  ['a few packets are rejected', { rejectsPerSecond: 5 }, []],
  ['many streams are in doubt', { streamsInDoubt: 11 }, ['doubts-many']],
])('when %s, the alerts say so', (_what, change, codes) => expect(alertsOf(safetyOf(books(), reconciled(), nowMs), { ...calm, ...change }).map(({ code }) => code)).toEqual(codes))

test.each<[string, Partial<Measures>, 'warning' | 'danger']>([
  ['nothing waits for it', {}, 'warning'],
  ['something that was sent waits for its answer', { streamsInDoubt: 1 }, 'danger'],
])('another operator who is away is told with since when, and when %s it is of another weight', (_what, change, level) =>
  expect(alertsOf(safetyOf(books(), reconciled(), nowMs), { ...calm, links: [{ peer: 'eve', up: false, sinceMs: 1 }], ...change })).toEqual([{ code: 'peer-away', level, about: 'eve', sinceMs: 1 }]))

describe('percentiles', () => {
  const report = (processId: string, counts: readonly (readonly [string, number])[]): RoleReport => ({
    processId, role: 'wallet', version: '1', startedAtMs: 0, reportedAtMs: 0, packets: 0, rejectsByCode: {}, metrics: [{ name: 'lateness_bucket', values: counts.map(([le, value]) => ({ labels: { le }, value })) }], jobs: [],
  })

  test('join all processes, and lie evenly within their bucket', () => {
    const now = [report('a', [['0.1', 50], ['0.2', 100], ['+Inf', 100]]), report('b', [['0.1', 0], ['0.2', 100], ['+Inf', 100]])]
    expect(percentilesOf('lateness', now)).toEqual({ p50: expect.closeTo(133.33, 1) as number, p95: expect.closeTo(193.33, 1) as number, p99: expect.closeTo(198.67, 1) as number })
  })

  test('count only what came since before', () => {
    const before = [report('a', [['0.1', 1_000], ['0.2', 1_000], ['+Inf', 1_000]])]
    expect(percentilesOf('lateness', [report('a', [['0.1', 1_000], ['0.2', 1_010], ['+Inf', 1_010]])], before)?.p50).toBeCloseTo(150)
    expect(percentilesOf('lateness', before, before)).toBeNull()
  })

  test('beyond the last bound is that bound', () => expect(percentilesOf('lateness', [report('a', [['0.1', 0], ['+Inf', 10]])])).toEqual({ p50: 100, p95: 100, p99: 100 }))
})
