/** From what the wallet has counted to what is shared by: each millisecond in one period only, and no day beyond a limit. */
import { apportion } from './apportion.ts'
import type { Attention } from './policy.ts'

/** What one payee got of her attention on one day, as counted so far: it only grows. */
export interface DayAttention {
  /** UTC, `2026-01-31`. */
  readonly day: string
  readonly payee: string
  readonly ms: number
  /** Millionths of a point. */
  readonly score: bigint
}

/** No day counts for more: eight hours. What was read beyond it lowers everybody's part of that day alike. */
const dayMsMax = 28_800_000

const dayMs = 86_400_000

/** The day in UTC, `2026-01-31`. */
export function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10)
}

/** From which day on a period's attention is read when its first instant is `begunMs`: what was written late is found on the day before. */
export function dayBefore(ms: number): string {
  return dayOf(ms - dayMs)
}

/** What of these days has been counted when a period ends at `endedMs`: the next period starts from there. */
export function countedUntil(days: readonly DayAttention[], endedMs: number): readonly DayAttention[] {
  return days.filter(({ day }) => day >= dayBefore(endedMs))
}

/**
 * Whom she gave her attention in a period.
 * @param days what is counted so far, from the day before its first on
 * @param before what of these days earlier periods have shared
 */
export function attentionIn(days: readonly DayAttention[], before: readonly DayAttention[]): readonly Attention[] {
  const sums = new Map<string, { ms: bigint; score: bigint }>()
  for (const [day, rows] of Map.groupBy(days, (row) => row.day)) {
    const counted = before.filter((row) => row.day === day)
    const left = Math.max(0, dayMsMax - counted.reduce((sum, { ms }) => sum + ms, 0))
    const fresh = rows.flatMap(({ payee, ms, score }) => {
      const known = counted.find((row) => row.payee === payee)
      const more = { payee, ms: BigInt(ms - (known?.ms ?? 0)), score: score - (known?.score ?? 0n) }
      return more.ms > 0n ? [more] : []
    })
    const read = fresh.reduce((sum, { ms }) => sum + ms, 0n)
    const limit = BigInt(left)
    const kept = new Map(read <= limit ? [] : apportion(limit, fresh.map(({ payee, ms }) => ({ id: payee, weight: ms }))).map(({ id, amount }) => [id, amount]))
    for (const { payee, ms, score } of fresh) {
      const sum = sums.get(payee) ?? { ms: 0n, score: 0n }
      sums.set(payee, read <= limit ? { ms: sum.ms + ms, score: sum.score + score } : { ms: sum.ms + (kept.get(payee) ?? 0n), score: sum.score + (score * limit) / read })
    }
  }
  return Array.from(sums, ([payee, { ms, score }]) => ({ payee, seconds: Number(ms / 1_000n), score }))
}
