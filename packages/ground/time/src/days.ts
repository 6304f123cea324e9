/** Whole days, in UTC. */

const dayMs = 86_400_000

export interface Days {
  /** First and last, as `2026-01-31`. */
  readonly from: string
  readonly to: string
  /** Milliseconds since 1970: from the first moment until before the last. */
  readonly fromMs: number
  readonly untilMs: number
}

/** From one day until the end of another; undefined when they are not in their order, or more than `daysMax`. Both must be days, such as 2026-01-31, since 1970. */
export function daysBetween(from: string, to: string, daysMax: number): Days | undefined {
  const [fromMs, untilMs] = [Date.parse(from), Date.parse(to) + dayMs]
  return fromMs >= 0 && untilMs > fromMs && untilMs - fromMs <= daysMax * dayMs ? { from, to, fromMs, untilMs } : undefined
}

/** The day of a moment. @param ms since 1970 */
export function isoDay(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10)
}
