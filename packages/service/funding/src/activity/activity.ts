/** What a subscriber spent, by day, site and payee: every amount is the ledger's. Of her reading only seconds are added, as they are kept for sharing. */
import type { Id } from '@rivulet/ids'
import type { Ledger, Spent } from '@rivulet/ledger'
import { Fault } from '@rivulet/faults'
import { type Days, daysBetween, isoDay } from '@rivulet/time'
import { z } from 'zod'
import type { Share } from '../sharing/apportion.ts'

export type ActivityFaultCode = 'period-invalid' | 'activity-too-long'
class ActivityFault extends Fault<ActivityFaultCode> {}

/**
 * `reading`: streamed to a page. `share`: of what was left at a period's end. `payment`: a tip, a payment that she let an application make, or a stream without a page.
 * `returned`: left her budget because its payment was disputed or given back. `other`: a correction.
 */
type ActivityKind = 'reading' | 'share' | 'payment' | 'fee' | 'returned' | 'other'

export interface ActivityLine {
  /** UTC, `2026-01-31`: the day on which the ledger booked it. */
  readonly day: string
  readonly kind: ActivityKind
  /** Origin of the page, never more of its address. */
  readonly site: string | undefined
  /** Wallet address. */
  readonly payee: string | undefined
  /** Units that left her budget. */
  readonly amount: bigint
  /** Seconds that she read. */
  readonly seconds: number
  /** Of her visits, millionths of a point: what sharing by visits divides by. */
  readonly score: bigint
}

/** How she read, as kept. */
export interface KeptReading {
  readonly day: string
  readonly site: string
  readonly payee: string
  readonly ms: number
  readonly score: bigint
}

export interface ActivitySources {
  readonly ledger: Pick<Ledger, 'spent' | 'cameBack'>
  readonly readingOf: (personId: Id<'pers'>, period: { readonly from: string; readonly to: string; readonly limit: number }) => Promise<readonly KeptReading[]>
  /** How a period's rest was shared, by the key under which it left her account. */
  readonly sharesOf: (keys: readonly string[]) => Promise<ReadonlyMap<string, readonly Share[]>>
  /** To whom these payments of hers went, where that is known better than by the incoming payment that got them. */
  readonly tippedBy: (personId: Id<'pers'>, streams: readonly Id<'strm'>[]) => Promise<ReadonlyMap<Id<'strm'>, string>>
}

const dayMs = 86_400_000
const daysMax = 400
const linesMax = 20_000
export const periodSchema = z.object({ from: z.iso.date(), to: z.iso.date() })

/** Throws `period-invalid`. */
export function periodOf(given: unknown): Days {
  const parsed = periodSchema.safeParse(given)
  if (!parsed.success) throw new ActivityFault('period-invalid', 'name the first and the last day as from=2026-01-01&to=2026-01-31')
  const days = daysBetween(parsed.data.from, parsed.data.to, daysMax)
  if (days === undefined) throw new ActivityFault('period-invalid', `activity is shown for 1 to ${daysMax} days, in their order`)
  return days
}

/** By day, the last first; what got the most comes first in a day. Throws `activity-too-long`. */
export async function activityOf(subscriber: { readonly personId: Id<'pers'>; readonly accountId: Id<'acct'> }, period: Days, { ledger, readingOf, sharesOf, tippedBy }: ActivitySources): Promise<readonly ActivityLine[]> {
  const [spent, reading] = await Promise.all([
    ledger.spent(subscriber.accountId, { fromMs: period.fromMs, untilMs: period.untilMs, limit: linesMax }),
    readingOf(subscriber.personId, { from: period.from, to: period.to, limit: linesMax + 1 }),
  ])
  if (spent === undefined || reading.length > linesMax) throw new ActivityFault('activity-too-long', `these days have more than ${linesMax} lines: choose fewer`)
  const [shares, tipped] = await Promise.all([sharesOf(spent.flatMap(({ reason, key }) => (reason === 'sharing' && key !== undefined ? [key] : []))), tippedBy(subscriber.personId, spent.flatMap(({ stream }) => stream ?? []))])
  const lines = new Map<string, ActivityLine>()
  const add = (line: ActivityLine): void => {
    const key = JSON.stringify([line.day, line.kind, line.site, line.payee])
    const known = lines.get(key)
    lines.set(key, known === undefined ? line : { ...line, amount: known.amount + line.amount, seconds: known.seconds + line.seconds, score: known.score + line.score })
  }
  for (const one of spent) for (const line of linesOf(one, shares, tipped)) add(line)
  for (const { day, site, payee, ms, score } of reading) add({ day, kind: 'reading', site, payee, amount: 0n, seconds: Math.floor(ms / 1_000), score })
  return [...lines.values()].sort((a, b) => (a.day === b.day ? Number(b.amount - a.amount) : a.day < b.day ? 1 : -1))
}

function linesOf(spent: Spent, shares: ReadonlyMap<string, readonly Share[]>, tipped: ReadonlyMap<Id<'strm'>, string>): readonly ActivityLine[] {
  const { reason, key, stream, site, payee, amount } = spent
  const line = { day: isoDay(spent.day * dayMs), kind: kindOf(spent), site, payee: stream === undefined ? payee : (tipped.get(stream) ?? hostOf(payee)), amount, seconds: 0, score: 0n }
  const parts = reason === 'sharing' && key !== undefined ? shares.get(key) : undefined
  return parts === undefined ? [line] : parts.map((share) => ({ ...line, payee: share.id, amount: share.amount }))
}

function kindOf({ reason, site }: Spent): ActivityKind {
  switch (reason) {
    case 'stream':
      return site === undefined ? 'payment' : 'reading'
    case 'sharing':
      return 'share'
    case 'fee':
      return 'fee'
    case 'dispute':
    case 'refund':
      return 'returned'
    default:
      return 'other'
  }
}

/** An incoming payment's address says nothing to people but whose server it is. */
function hostOf(payee: string | undefined): string | undefined {
  return payee !== undefined && payee.includes('/incoming-payments/') ? URL.parse(payee)?.origin : payee
}
