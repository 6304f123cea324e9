/** Periods of subscriptions in UTC: a month later is the same day of the next month, or its last day where it has no such day; the day it began on is never forgotten. */

export type PeriodUnit = 'month' | 'year'

/**
 * The start of the n-th period, ms since 1970.
 * @param anchorMs start of the first one
 * @param count how many periods later, 0 or more
 */
export function periodStart(anchorMs: number, unit: PeriodUnit, count: number): number {
  const anchor = new Date(anchorMs)
  const months = anchor.getUTCMonth() + count * (unit === 'year' ? 12 : 1)
  const [year, month] = [anchor.getUTCFullYear() + Math.floor(months / 12), months % 12]
  const daysOfMonth = new Date(Date.UTC(year, month + 1, 0)).getUTCDate()
  const dayMs = anchorMs - Date.UTC(anchor.getUTCFullYear(), anchor.getUTCMonth(), anchor.getUTCDate())
  return Date.UTC(year, month, Math.min(anchor.getUTCDate(), daysOfMonth)) + dayMs
}
