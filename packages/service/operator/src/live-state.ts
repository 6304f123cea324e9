/** What the live page is told: pure functions from what was read to what is sent. */
import type { SendingTotals } from '@rivulet/ledger'
import { type LinkState, linksOf, type Percentiles, percentilesOf, waitingIn } from './measured.ts'
import { type Alert, alertsOf, type Safety } from './safety.ts'
import type { RoleReport } from './store.ts'

/** One stream; amounts are units as decimal strings, `rate` is a second's. */
export interface LiveStream {
  readonly id: string
  readonly payer: string
  readonly payee: string
  /** Origin of the page, null for a stream without one. */
  readonly site: string | null
  readonly rate: string
  readonly total: string
  readonly held: string
  readonly assetCode: string
  readonly assetScale: number
  readonly ageMs: number
  readonly state: 'open' | 'in-doubt' | 'closed'
}

export interface LiveFigures {
  readonly streamsOpen: number
  readonly streamsInDoubt: number
  /** Only the newest so many are listed. */
  readonly streamsListedMax: number
  /** Sum of the rates of open streams of each asset, units a second. */
  readonly flows: readonly { readonly rate: string; readonly assetCode: string; readonly assetScale: number }[]
  readonly packetsPerSecond: number
  readonly rejectsByCode: Readonly<Record<string, { readonly total: number; readonly perSecond: number }>>
  /** From the tick to the Fulfill, of the last minute. */
  readonly lateness: Percentiles | null
  /** Of a durable commit of one row, of the last minute. */
  readonly commits: Percentiles | null
  readonly links: readonly LinkState[]
  readonly safety: Safety
  readonly alerts: readonly Alert[]
  readonly processes: readonly { readonly id: string; readonly role: string; readonly version: string; readonly upMs: number }[]
}

/** Event `snapshot`: every listed stream. Event `update`: those that are new or changed, and `totals` of those of which only the total has grown. */
export interface LiveEvent extends LiveFigures {
  readonly streams: readonly LiveStream[]
  readonly totals: Readonly<Record<string, string>>
  /** Streams that are no longer listed. */
  readonly gone: readonly string[]
}

/** One reading of the database. */
export interface Reading {
  readonly streams: ReadonlyMap<string, LiveStream>
  readonly reports: readonly RoleReport[]
  readonly totals: readonly SendingTotals[]
  readonly atMs: number
  readonly safety: Safety
}

export function snapshotOf(reading: Reading, figures: LiveFigures): LiveEvent {
  return { ...figures, streams: [...reading.streams.values()], totals: {}, gone: [] }
}

export function updateOf(before: Reading, reading: Reading, figures: LiveFigures): LiveEvent {
  const streams: LiveStream[] = []
  const totals: Record<string, string> = {}
  for (const stream of reading.streams.values()) {
    const known = before.streams.get(stream.id)
    if (known === undefined || known.state !== stream.state || known.held !== stream.held || known.rate !== stream.rate) streams.push(stream)
    else if (known.total !== stream.total) totals[stream.id] = stream.total
  }
  return { ...figures, streams, totals, gone: [...before.streams.keys()].filter((id) => !reading.streams.has(id)) }
}

/** @param before an earlier reading, for what is counted by the second. @param minuteAgo what processes reported then, for what is measured over a minute */
export function figuresOf(before: Reading | undefined, reading: Reading, streamsListedMax: number, minuteAgo: readonly RoleReport[] = []): LiveFigures {
  const open = reading.totals.filter(({ state }) => state === 'open')
  const inDoubt = reading.totals.filter(({ state }) => state === 'in-doubt')
  const packets = packetFigures(before?.reports ?? [], reading.reports)
  const measures = {
    streamsOpen: sum(open.map(({ streams }) => streams)),
    streamsInDoubt: sum(inDoubt.map(({ streams }) => streams)),
    lateness: percentilesOf('rivulet_payment_lateness_seconds', reading.reports, minuteAgo),
    commits: percentilesOf('rivulet_commit_seconds', reading.reports, minuteAgo),
    links: linksOf(reading.reports),
  }
  const rejectsPerSecond = sum(Object.values(packets.rejectsByCode).map(({ perSecond }) => perSecond))
  return {
    ...measures,
    ...packets,
    safety: reading.safety,
    alerts: alertsOf(reading.safety, { ...measures, roles: reading.reports.map(({ role }) => role), packetsPerSecond: packets.packetsPerSecond, rejectsPerSecond, streamsWaiting: waitingIn('link', reading.reports) }),
    streamsListedMax,
    flows: open.map(({ rate, assetCode, assetScale }) => ({ rate: String(rate), assetCode, assetScale })),
    processes: reading.reports.map(({ processId, role, version, startedAtMs }) => ({ id: processId, role, version, upMs: Math.max(0, reading.atMs - startedAtMs) })),
  }
}

/** What grew between two reports of the same process, over the time between them: a process that is new, restarted or silent adds nothing. */
function packetFigures(before: readonly RoleReport[], now: readonly RoleReport[]): Pick<LiveFigures, 'packetsPerSecond' | 'rejectsByCode'> {
  const earlier = new Map(before.map((report) => [report.processId, report]))
  const rejectsByCode: Record<string, { total: number; perSecond: number }> = {}
  let packetsPerSecond = 0
  for (const report of now) {
    const known = earlier.get(report.processId)
    const seconds = known === undefined ? 0 : (report.reportedAtMs - known.reportedAtMs) / 1_000
    const perSecond = (count: number, countBefore: number): number => (seconds > 0 ? Math.max(0, count - countBefore) / seconds : 0)
    packetsPerSecond += perSecond(report.packets, known?.packets ?? report.packets)
    for (const [code, total] of Object.entries(report.rejectsByCode)) {
      const entry = (rejectsByCode[code] ??= { total: 0, perSecond: 0 })
      entry.total += total
      entry.perSecond += perSecond(total, known?.rejectsByCode[code] ?? 0)
    }
  }
  return { packetsPerSecond, rejectsByCode }
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0)
}
