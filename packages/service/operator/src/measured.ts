/** Percentiles and states out of what processes report of themselves, as prom-client writes it. */
import type { RoleReport } from './store.ts'

interface Sample {
  readonly metricName?: string
  readonly labels: Readonly<Record<string, string | number>>
  readonly value: number
}

interface Metric {
  readonly name: string
  readonly values: readonly Sample[]
}

/** Milliseconds; null when nothing was measured. */
export interface Percentiles {
  readonly p50: number
  readonly p95: number
  readonly p99: number
}

export interface LinkState {
  readonly peer: string
  readonly up: boolean
  /** Since when, ms since 1970, as far as a process has seen it. */
  readonly sinceMs?: number
}

/** How many were at most so late, by upper bound in seconds. */
type Buckets = ReadonlyMap<number, number>

function bucketsOf(report: RoleReport, name: string): Buckets {
  const buckets = new Map<number, number>()
  for (const { name: metricName, values } of report.metrics as readonly Metric[]) {
    for (const { metricName: ownName, labels, value } of values) {
      if ((ownName ?? metricName) !== `${name}_bucket`) continue
      const bound = labels['le'] === '+Inf' ? Number.POSITIVE_INFINITY : Number(labels['le'])
      buckets.set(bound, (buckets.get(bound) ?? 0) + value)
    }
  }
  return buckets
}

/** What a histogram of these processes counted since the reports of before; a process that was not known then counts from its start. */
export function percentilesOf(name: string, now: readonly RoleReport[], before: readonly RoleReport[] = []): Percentiles | null {
  const earlier = new Map(before.map((report) => [report.processId, bucketsOf(report, name)]))
  const counted = new Map<number, number>()
  for (const report of now) {
    const known = earlier.get(report.processId)
    for (const [bound, count] of bucketsOf(report, name)) counted.set(bound, (counted.get(bound) ?? 0) + Math.max(0, count - (known?.get(bound) ?? 0)))
  }
  const buckets = [...counted].toSorted(([one], [other]) => one - other)
  if ((buckets.at(-1)?.[1] ?? 0) === 0) return null
  return { p50: quantile(buckets, 0.5), p95: quantile(buckets, 0.95), p99: quantile(buckets, 0.99) }
}

/** As Prometheus estimates it: evenly spread within its bucket; beyond the last bound, that bound. Milliseconds. */
function quantile(buckets: readonly (readonly [number, number])[], part: number): number {
  const wanted = part * (buckets.at(-1)?.[1] ?? 0)
  let lower = 0
  let below = 0
  for (const [bound, count] of buckets) {
    if (count >= wanted) return Number.isFinite(bound) ? 1_000 * (lower + ((bound - lower) * (wanted - below)) / Math.max(1, count - below)) : 1_000 * lower
    lower = bound
    below = count
  }
  return 1_000 * lower
}

/** How much waits in the queues of that name, all processes together. */
export function waitingIn(queue: string, reports: readonly RoleReport[]): number {
  let waiting = 0
  for (const { metrics } of reports) {
    for (const { name, values } of metrics as readonly Metric[]) {
      if (name === 'rivulet_queue_length') for (const { labels, value } of values) waiting += labels['queue'] === queue ? value : 0
    }
  }
  return waiting
}

/** Links that roles hold to others. Each wallet needs its own; a peer may be connected to any one of the receivers. */
export function linksOf(reports: readonly RoleReport[]): readonly LinkState[] {
  const links = new Map<string, boolean>()
  const turned = new Map<string, number>()
  for (const report of reports) {
    for (const { name, values } of report.metrics as readonly Metric[]) {
      for (const { labels, value } of values) {
        const peer = String(labels['peer'])
        const known = links.get(peer)
        if (name === 'rivulet_link_up') links.set(peer, known === undefined ? value === 1 : report.role === 'receiver' ? known || value === 1 : known && value === 1)
        if (name === 'rivulet_link_turned_timestamp_seconds') turned.set(peer, Math.max(turned.get(peer) ?? 0, value * 1_000))
      }
    }
  }
  return Array.from(links, ([peer, up]) => ({ peer, up, ...sinceOf(turned.get(peer)) }))
}

function sinceOf(sinceMs: number | undefined): Pick<LinkState, 'sinceMs'> {
  return sinceMs === undefined ? {} : { sinceMs }
}
