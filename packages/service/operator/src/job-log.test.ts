import { expect, test } from 'vitest'
import { JobLog, jobsOf } from './job-log.ts'
import { linksOf } from './measured.ts'
import type { RoleReport } from './store.ts'

const report = (role: string, change: Partial<RoleReport> = {}): RoleReport => ({ processId: role, role, version: '1', startedAtMs: 0, reportedAtMs: 0, packets: 0, rejectsByCode: {}, metrics: [], jobs: [], ...change })
const linkUp = (peer: string, value: number): object => ({ name: 'rivulet_link_up', values: [{ labels: { peer }, value }] })

test('of each job the last turn of all processes is told, whatever came before it', () => {
  const [one, other] = [new JobLog(), new JobLog()]
  one.watch('mails')({ startedAtMs: 1, endedAtMs: 2, nextAtMs: 3, error: 'database-unavailable' })
  one.watch('mails')({ startedAtMs: 11, endedAtMs: 12, nextAtMs: 13, error: undefined })
  other.watch('mails')({ startedAtMs: 5, endedAtMs: 6, nextAtMs: 7, error: 'internal' })
  other.watch('books')({ startedAtMs: 5, endedAtMs: 9, nextAtMs: 19, error: undefined })
  expect(jobsOf([report('wallet', { jobs: one.list() }), report('receiver', { jobs: other.list() })])).toEqual([
    { name: 'books', startedAtMs: 5, endedAtMs: 9, nextAtMs: 19, error: null },
    { name: 'mails', startedAtMs: 11, endedAtMs: 12, nextAtMs: 13, error: null },
  ])
})

test('each wallet needs its link; a peer is connected that is connected to any receiver', () => {
  expect(linksOf([report('wallet', { metrics: [linkUp('receiver', 1)] }), report('wallet', { metrics: [linkUp('receiver', 0)] }), report('receiver', { metrics: [linkUp('eve', 0)] }), report('receiver', { metrics: [linkUp('eve', 1)] })])).toEqual([
    { peer: 'receiver', up: false }, { peer: 'eve', up: true },
  ])
})
