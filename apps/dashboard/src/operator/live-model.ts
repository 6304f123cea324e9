/** What the live page knows, as pure functions over the server's events: no React, no time of its own. */
import * as z from 'zod/mini'

const units = z.pipe(z.string().check(z.regex(/^[0-9]{1,20}$/)), z.transform((text: string) => BigInt(text)))

const rowSchema = z.object({
  id: z.string(),
  payer: z.string(),
  payee: z.string(),
  site: z.nullable(z.string()),
  /** Units a second. */
  rate: units,
  total: units,
  held: units,
  assetCode: z.string(),
  assetScale: z.number(),
  ageMs: z.number(),
  state: z.enum(['open', 'in-doubt', 'closed']),
})

const percentiles = z.nullable(z.object({ p50: z.number(), p95: z.number(), p99: z.number() }))
const alertCodes = ['books-wrong', 'chains-wrong', 'clearing-wrong', 'reconciliation-wrong', 'check-old', 'wallet-silent', 'receiver-silent', 'link-down', 'peer-away', 'payments-late', 'commits-slow', 'streams-waiting', 'rejects-many', 'doubts-many'] as const

/** `snapshot` and `update` have the same shape; a snapshot lists every row, an update those that are new or changed. */
export const liveEventSchema = z.object({
  streams: z.array(rowSchema),
  /** New totals of rows of which nothing else has changed. */
  totals: z.record(z.string(), units),
  /** Rows of before that are no longer listed. */
  gone: z.array(z.string()),
  streamsOpen: z.number(),
  streamsInDoubt: z.number(),
  streamsListedMax: z.number(),
  /** Sum of the rates of all open streams, units a second of each asset. */
  flows: z.array(z.object({ rate: units, assetCode: z.string(), assetScale: z.number() })),
  packetsPerSecond: z.number(),
  rejectsByCode: z.record(z.string(), z.object({ total: z.number(), perSecond: z.number() })),
  lateness: percentiles,
  commits: percentiles,
  links: z.array(z.object({ peer: z.string(), up: z.boolean() })),
  safety: z.object({
    light: z.enum(['safe', 'attention', 'danger', 'unknown']),
    checks: z.array(z.object({ name: z.enum(['books', 'chains', 'clearing', 'reconciliation']), state: z.enum(['right', 'wrong', 'old', 'unknown']), checkedAgoMs: z.nullable(z.number()), problem: z.nullable(z.string()) })),
    comparedAgoMs: z.nullable(z.number()),
  }),
  alerts: z.array(z.object({ code: z.enum(alertCodes), level: z.enum(['danger', 'warning']), about: z.string(), sinceMs: z.optional(z.number()) })),
  processes: z.array(z.object({ id: z.string(), role: z.string(), version: z.string(), upMs: z.number() })),
})
export type LiveEvent = z.infer<typeof liveEventSchema>

/** One stream; `openedAtMs` is in the browser's own time, so that ages run on between updates. */
export type LiveRow = Omit<LiveEvent['streams'][number], 'ageMs'> & { readonly openedAtMs: number; /** When its total last changed, as far as this page has seen. */ readonly grewAtMs: number }

export interface LiveModel {
  readonly rows: ReadonlyMap<string, LiveRow>
  readonly figures: Omit<LiveEvent, 'streams' | 'totals' | 'gone'>
  /** Packets a second of the last 60 updates, oldest first. */
  readonly packetHistory: readonly number[]
  /** When the last event came, ms of the browser. */
  readonly heardAtMs: number
}

const historyMax = 60

/** @param before undefined for a snapshot, which replaces everything but the history */
export function applyEvent(before: LiveModel | undefined, event: LiveEvent, kind: 'snapshot' | 'update', nowMs: number): LiveModel {
  const { streams, totals, gone, ...figures } = event
  const rows = new Map(kind === 'snapshot' ? [] : before?.rows)
  for (const id of gone) rows.delete(id)
  for (const { ageMs, ...row } of streams) {
    const known = rows.get(row.id) ?? (kind === 'snapshot' ? before?.rows.get(row.id) : undefined)
    rows.set(row.id, { ...row, openedAtMs: known?.openedAtMs ?? nowMs - ageMs, grewAtMs: known?.total === row.total ? known.grewAtMs : nowMs })
  }
  for (const [id, total] of Object.entries(totals)) {
    const row = rows.get(id)
    if (row !== undefined) rows.set(id, { ...row, total, grewAtMs: nowMs })
  }
  return { rows, figures, packetHistory: [...(before?.packetHistory ?? []), figures.packetsPerSecond].slice(-historyMax), heardAtMs: nowMs }
}

export const sortColumns = ['payer', 'payee', 'site', 'rate', 'total', 'age', 'state'] as const
export type SortColumn = (typeof sortColumns)[number]

export const viewStates = ['all', 'open', 'stalled', 'in-doubt'] as const
type ViewState = (typeof viewStates)[number]
/** An open stream is paid at least so often, unless something holds it up. */
const stalledAfterMs = 15_000

/** In which of its people and places a text is looked for. */
export const viewFields = ['any', 'payer', 'payee', 'site'] as const
type ViewField = (typeof viewFields)[number]

export interface LiveView {
  readonly text: string
  readonly field: ViewField
  readonly state: ViewState
  readonly column: SortColumn
  readonly descending: boolean
}

/** The rows that a view shows, in its order. Equal rows keep the order of their ids, so that nothing jumps between updates. */
export function rowsOf(model: LiveModel, view: LiveView, locale: string, nowMs: number): readonly LiveRow[] {
  const wanted = view.text.trim().toLocaleLowerCase(locale)
  const matches = (row: LiveRow): boolean =>
    (view.state === 'all' || (view.state === 'stalled' ? row.state === 'open' && nowMs - row.grewAtMs > stalledAfterMs : row.state === view.state)) &&
    (wanted === '' || (view.field === 'any' ? [row.payer, row.payee, row.site ?? ''] : [row[view.field] ?? '']).some((text) => text.toLocaleLowerCase(locale).includes(wanted)))
  const sign = view.descending ? -1 : 1
  const order = orderOf(view.column, new Intl.Collator(locale, { numeric: true }))
  return [...model.rows.values()].filter(matches).toSorted((a, b) => sign * order(a, b) || (a.id < b.id ? -1 : 1))
}

function orderOf(column: SortColumn, collator: Intl.Collator): (a: LiveRow, b: LiveRow) => number {
  switch (column) {
    case 'rate':
      return (a, b) => compare(a.rate, b.rate)
    case 'total':
      return (a, b) => compare(a.total, b.total)
    case 'age':
      return (a, b) => b.openedAtMs - a.openedAtMs
    case 'site':
      return (a, b) => collator.compare(a.site ?? '', b.site ?? '')
    case 'payer':
    case 'payee':
    case 'state':
      return (a, b) => collator.compare(a[column], b[column])
  }
}

function compare(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0
}
