import { describe, expect, test } from 'vitest'
import { applyEvent, type LiveEvent, liveEventSchema, type LiveView, rowsOf, type SortColumn, sortColumns } from './live-model.ts'

const figures = { streamsOpen: 2, streamsInDoubt: 0, streamsListedMax: 1_000, flows: [], packetsPerSecond: 2, rejectsByCode: {}, processes: [], lateness: null, commits: null, links: [], alerts: [], safety: { light: 'safe' as const, checks: [], comparedAgoMs: null } }
const row = (id: string, changes: Partial<LiveEvent['streams'][number]> = {}): LiveEvent['streams'][number] => ({
  id, payer: `https://w/${id}`, payee: 'https://r/ben', site: null, rate: 100n, total: 5n, held: 600n, assetCode: 'EUR', assetScale: 9, ageMs: 1_000, state: 'open', ...changes,
})
const event = (streams: LiveEvent['streams'], gone: string[] = [], totals: LiveEvent['totals'] = {}): LiveEvent => ({ ...figures, streams, totals, gone })
const view: LiveView = { text: '', field: 'any', state: 'all', column: 'payer', descending: false }

describe('the live model', () => {
  test('a snapshot replaces all rows, an update changes, adds and removes its own', () => {
    const first = applyEvent(undefined, event([row('a'), row('b')]), 'snapshot', 10_000)
    const second = applyEvent(first, event([row('b', { held: 900n }), row('c')], ['a'], { b: 9n, unknown: 1n }), 'update', 11_000)
    expect([...second.rows.values()].map(({ id, total, held }) => [id, total, held])).toEqual([['b', 9n, 900n], ['c', 5n, 600n]])
    expect([...applyEvent(second, event([row('d')]), 'snapshot', 12_000).rows.keys()]).toEqual(['d'])
  })

  test('the age of a row runs in the browser’s time and does not jump with an update', () => {
    const first = applyEvent(undefined, event([row('a')]), 'snapshot', 10_000)
    expect(applyEvent(first, event([row('a', { ageMs: 2_400 })]), 'update', 11_000).rows.get('a')?.openedAtMs).toBe(9_000)
  })

  test('an open row whose total has not grown for long is stalled, and one that grows again is not', () => {
    const first = applyEvent(undefined, event([row('a'), row('b'), row('c', { state: 'in-doubt' })]), 'snapshot', 0)
    const later = applyEvent(first, event([], [], { b: 9n }), 'update', 15_001)
    const stalled = (nowMs: number): readonly string[] => rowsOf(later, { ...view, state: 'stalled' }, 'en', nowMs).map(({ id }) => id)
    expect(stalled(15_001)).toEqual(['a'])
    expect(stalled(30_002)).toEqual(['a', 'b'])
    expect(applyEvent(later, event([row('a')]), 'snapshot', 16_000).rows.get('a')).toMatchObject({ openedAtMs: -1_000, grewAtMs: 0 })
  })

  test('the history keeps the last 60 figures', () => {
    let model = applyEvent(undefined, event([]), 'snapshot', 0)
    for (let second = 1; second <= 80; second += 1) model = applyEvent(model, { ...event([]), packetsPerSecond: second }, 'update', second * 1_000)
    expect(model.packetHistory).toEqual(Array.from({ length: 60 }, (_, index) => index + 21))
  })

  test.each([
    ['payer', ['a', 'b', 'c']], ['payee', ['c', 'a', 'b']], ['site', ['a', 'b', 'c']], ['rate', ['b', 'a', 'c']], ['total', ['c', 'b', 'a']], ['age', ['c', 'b', 'a']], ['state', ['b', 'a', 'c']],
  ] satisfies [SortColumn, string[]][])('rows are sorted by %s, and the other way round', (column, order) => {
    const rows = [
      row('a', { rate: 100n, total: 10n ** 18n, ageMs: 3_000 }),
      row('b', { rate: 2n, total: 10n ** 18n - 1n, ageMs: 2_000, state: 'in-doubt', site: 'https://a.example' }),
      row('c', { rate: 1_000n, total: 1n, ageMs: 1_000, payee: 'https://r/Ada', site: 'https://b.example' }),
    ]
    const model = applyEvent(undefined, event(rows), 'snapshot', 10_000)
    expect(sortColumns).toContain(column)
    const ids = (descending: boolean): string[] => rowsOf(model, { ...view, column, descending }, 'en', 10_000).map(({ id }) => id)
    expect(ids(false)).toEqual(order)
    expect(new Set(ids(true))).toEqual(new Set(order))
    expect(ids(true)).not.toEqual(ids(false))
  })

  test('a filter finds payer, payee and site, whatever the case; a state leaves out the others', () => {
    const model = applyEvent(undefined, event([row('a', { site: 'https://News.example' }), row('b', { state: 'in-doubt' })]), 'snapshot', 0)
    expect(rowsOf(model, { ...view, text: ' news ' }, 'en', 10_000).map(({ id }) => id)).toEqual(['a'])
    expect(rowsOf(model, { ...view, text: 'BEN' }, 'en', 10_000)).toHaveLength(2)
    expect(rowsOf(model, { ...view, text: 'ben', field: 'payee' }, 'en', 10_000)).toHaveLength(2)
    expect(rowsOf(model, { ...view, text: 'ben', field: 'payer' }, 'en', 10_000)).toEqual([])
    expect(rowsOf(model, { ...view, text: 'news', field: 'site' }, 'en', 10_000).map(({ id }) => id)).toEqual(['a'])
    expect(rowsOf(model, { ...view, state: 'in-doubt' }, 'en', 10_000).map(({ id }) => id)).toEqual(['b'])
    expect(rowsOf(model, { ...view, text: 'nobody' }, 'en', 10_000)).toEqual([])
  })
})

test('an event with an amount that is no whole number is refused', () => {
  const sent = { ...figures, gone: [], totals: {}, streams: [{ ...row('a'), rate: '100', total: '1.5', held: '600' }] }
  expect(liveEventSchema.safeParse(sent).success).toBe(false)
  expect(liveEventSchema.safeParse({ ...sent, streams: [{ ...row('a'), rate: '100', total: '15', held: '600' }] }).success).toBe(true)
})
