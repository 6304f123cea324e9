import type { ActivityLine } from './activity-api.ts'

export interface Total {
  /** What it is the total of: a payee, a site, a day. */
  readonly name: string
  readonly amount: bigint
  readonly seconds: number
}

/** What counts as spent: money that was given back to a card was not. */
export function spentLines(lines: readonly ActivityLine[]): readonly ActivityLine[] {
  return lines.filter(({ kind }) => kind !== 'returned')
}

export function sumOf(lines: readonly Pick<ActivityLine, 'amount'>[]): bigint {
  return lines.reduce((sum, { amount }) => sum + amount, 0n)
}

/** Totals by payee or site, the largest first; lines that have none are of ''. */
export function totalsBy(lines: readonly ActivityLine[], key: 'payee' | 'site'): readonly Total[] {
  const groups = Map.groupBy(lines, (line) => line[key] ?? '')
  const totals = Array.from(groups, ([name, group]): Total => ({ name, amount: sumOf(group), seconds: group.reduce((sum, { seconds }) => sum + seconds, 0) }))
  return totals.sort((a, b) => (a.amount === b.amount ? b.seconds - a.seconds : a.amount < b.amount ? 1 : -1))
}

/** What each day of a period came to, in three parts that add up; days without anything too, so that a chart has no holes. */
export interface Day {
  readonly day: string
  readonly reading: bigint
  readonly share: bigint
  /** Tips, payments, their fees, and corrections. */
  readonly other: bigint
  readonly seconds: number
}

const dayMs = 86_400_000

export function daysOf(lines: readonly ActivityLine[], { from, to }: { readonly from: string; readonly to: string }): readonly Day[] {
  const byDay = Map.groupBy(lines, ({ day }) => day)
  const days: Day[] = []
  for (let ms = Date.parse(from); ms <= Date.parse(to); ms += dayMs) {
    const day = new Date(ms).toISOString().slice(0, 10)
    const its = byDay.get(day) ?? []
    const of = (kind: string): bigint => sumOf(its.filter((line) => line.kind === kind))
    days.push({ day, reading: of('reading'), share: of('share'), other: sumOf(its) - of('reading') - of('share'), seconds: its.reduce((sum, { seconds }) => sum + seconds, 0) })
  }
  return days
}

export const periods = ['month', 'before', 'week', 'custom'] as const
export type PeriodName = (typeof periods)[number]

/** First and last day, UTC, of a period seen from `today`; of one of her own choosing nothing is known. */
export function periodOf(name: Exclude<PeriodName, 'custom'>, today: string): { readonly from: string; readonly to: string } {
  const first = `${today.slice(0, 8)}01`
  switch (name) {
    case 'month':
      return { from: first, to: today }
    case 'before': {
      const to = new Date(Date.parse(first) - dayMs).toISOString().slice(0, 10)
      return { from: `${to.slice(0, 8)}01`, to }
    }
    case 'week':
      return { from: new Date(Date.parse(today) - 6 * dayMs).toISOString().slice(0, 10), to: today }
  }
}
