import type { Schedule } from './payout-store.ts'

const hourMs = 3_600_000
const dayMs = 24 * hourMs
/** Before banks open. */
const atHour = 6
const sunday = 0
const monday = 1
const saturday = 6

/** When a schedule is due next after `nowMs`: at 06:00 UTC every day, on Mondays, or on the first of a month. Undefined: never by itself. */
export function nextDue(schedule: Schedule, nowMs: number): number | undefined {
  if (schedule === 'none') return undefined
  const now = new Date(nowMs)
  if (schedule === 'monthly') {
    const at = (months: number): number => Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + months, 1, atHour)
    return at(0) > nowMs ? at(0) : at(1)
  }
  let due = Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate(), atHour)
  while (due <= nowMs || (schedule === 'weekly' && new Date(due).getUTCDay() !== monday)) due += dayMs
  return due
}

/** The next day on which banks work, as far as weekends go: `2026-01-31`. */
export function nextBankDay(nowMs: number): string {
  let day = nowMs + dayMs
  while ([saturday, sunday].includes(new Date(day).getUTCDay())) day += dayMs
  return new Date(day).toISOString().slice(0, 10)
}
