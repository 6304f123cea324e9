import { describe, expect, test } from 'vitest'
import { figuresOf, type LiveStream, type Reading, snapshotOf, updateOf } from './live-state.ts'
import type { RoleReport } from './store.ts'

const stream = (id: string, change: Partial<LiveStream> = {}): LiveStream => ({
  id, payer: 'alice', payee: 'bob', site: null, rate: '10', total: '0', held: '600', assetCode: 'EUR', assetScale: 9, ageMs: 0, state: 'open', ...change,
})
const report = (processId: string, change: Partial<RoleReport> = {}): RoleReport => ({
  processId, role: 'wallet', version: '1', startedAtMs: 0, reportedAtMs: 10_000, packets: 0, rejectsByCode: {}, metrics: [], jobs: [], ...change,
})
const reading = (change: Partial<Reading> & { readonly list?: readonly LiveStream[] } = {}): Reading => ({
  streams: new Map((change.list ?? []).map((one) => [one.id, one])), reports: [], totals: [], atMs: 10_000, safety: { light: 'unknown', checks: [], comparedAgoMs: null }, ...change,
})
const figures = figuresOf(undefined, reading(), 1_000)

describe('an update', () => {
  test('names what is new, changed, grown and gone, and keeps silent about the rest', () => {
    const before = reading({ list: [stream('same'), stream('grown'), stream('held'), stream('doubt'), stream('gone')] })
    const now = reading({ list: [stream('same', { ageMs: 1_000 }), stream('grown', { total: '9' }), stream('held', { held: '900', total: '9' }), stream('doubt', { state: 'in-doubt' }), stream('new')] })
    const update = updateOf(before, now, figures)
    expect(update.streams.map(({ id }) => id)).toEqual(['held', 'doubt', 'new'])
    expect(update.totals).toEqual({ grown: '9' })
    expect(update.gone).toEqual(['gone'])
  })

  test('a snapshot names everything', () => expect(snapshotOf(reading({ list: [stream('a'), stream('b')] }), figures).streams).toHaveLength(2))
})

describe('packets a second', () => {
  test('are what grew over the time between two reports of one process, summed over the processes', () => {
    const before = reading({ reports: [report('a', { packets: 100 }), report('b', { packets: 5, rejectsByCode: { T00: 2 } })] })
    const now = reading({
      reports: [report('a', { packets: 300, reportedAtMs: 12_000 }), report('b', { packets: 15, reportedAtMs: 11_000, rejectsByCode: { T00: 5, F08: 1 } })],
    })
    expect(figuresOf(before, now, 1_000)).toMatchObject({ packetsPerSecond: 110, rejectsByCode: { T00: { total: 5, perSecond: 3 }, F08: { total: 1, perSecond: 1 } } })
  })

  test.each([
    ['new', []],
    ['silent since', [report('a', { packets: 100, reportedAtMs: 10_000 })]],
    ['counting from the start again', [report('a', { packets: 200, reportedAtMs: 9_000 })]],
  ])('a process that is %s adds nothing', (_why, before) => {
    expect(figuresOf(reading({ reports: before }), reading({ reports: [report('a', { packets: 100 })] }), 1_000).packetsPerSecond).toBe(0)
  })
})

test('streams are counted by state and summed by asset', () => {
  const totals = [
    { state: 'in-doubt', assetCode: 'EUR', assetScale: 9, streams: 3, rate: 30n },
    { state: 'open', assetCode: 'EUR', assetScale: 9, streams: 5_000, rate: 2n ** 70n },
    { state: 'open', assetCode: 'USD', assetScale: 2, streams: 2, rate: 1n },
  ] as const
  expect(figuresOf(undefined, reading({ totals }), 1_000)).toMatchObject({
    streamsOpen: 5_002, streamsInDoubt: 3, flows: [{ rate: String(2n ** 70n), assetCode: 'EUR', assetScale: 9 }, { rate: '1', assetCode: 'USD', assetScale: 2 }],
  })
})
