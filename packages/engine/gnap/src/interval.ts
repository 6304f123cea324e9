/**
 * ISO 8601 repeating intervals as the limits of a grant carry them: `R[n]/start/duration`, `R[n]/start/end`, `R[n]/duration/end`. Times are UTC. `Rn` holds n
 * intervals, `R`, `R-1` without end; R0 is one that does not repeat. Months are counted from the anchor, so that they keep its day: 31 January, 28 February, 31 March.
 */
import { GnapFault } from './fault.ts'

export interface Interval {
  readonly startMs: number
  /** Exclusive. */
  readonly endMs: number
}

interface Step {
  readonly months: number
  readonly ms: number
}

interface Repeating {
  readonly anchorMs: number
  /** Intervals follow the anchor, or precede it. */
  readonly direction: 1 | -1
  readonly step: Step
  readonly count: number
}

const secondMs = 1_000
const dayMs = 86_400_000
const meanMonthMs = 30.436875 * dayMs
const charactersMax = 150
const timePattern = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:\d{2})$/
const durationPattern = /^P(?:(\d{1,4})Y)?(?:(\d{1,5})M)?(?:(\d{1,5})W)?(?:(\d{1,6})D)?(?:T(?:(\d{1,7})H)?(?:(\d{1,8})M)?(?:(\d{1,9})S)?)?$/
/** The last moment that a Date can say. */
const timeMsMax = 8.64e15

/** The interval that holds `nowMs`; none before the first and after the last. In constant time, whatever the number of repetitions. Throws `interval-invalid`. */
export function intervalAt(interval: string, nowMs: number): Interval | undefined {
  const repeating = parse(interval)
  const { step, direction, anchorMs, count } = repeating
  const meanMs = step.months * meanMonthMs + step.ms
  // Calendar months differ from their mean by less than one step, so the right index is this one or a neighbour.
  const guess = Math.floor((direction * (nowMs - anchorMs)) / meanMs)
  for (let index = Math.max(0, guess - 1); index <= guess + 1; index += 1) {
    const found = nth(repeating, index)
    if (index < count && found.startMs <= nowMs && nowMs < found.endMs) return found
  }
  return undefined
}

/** When the last interval ends, ms; undefined when there is no last one. Throws `interval-invalid`. */
export function intervalEndMs(interval: string): number | undefined {
  const repeating = parse(interval)
  if (repeating.direction === -1) return repeating.anchorMs
  const { endMs } = nth(repeating, repeating.count - 1)
  return repeating.count === Infinity ? undefined : Number.isNaN(endMs) ? timeMsMax : Math.min(timeMsMax, endMs)
}

function nth({ anchorMs, direction, step }: Repeating, index: number): Interval {
  const near = moved(anchorMs, step, direction * index)
  const far = moved(anchorMs, step, direction * (index + 1))
  return direction === 1 ? { startMs: near, endMs: far } : { startMs: far, endMs: near }
}

function moved(anchorMs: number, { months, ms }: Step, times: number): number {
  if (months === 0) return anchorMs + ms * times
  const anchor = new Date(anchorMs)
  const month = anchor.getUTCMonth() + months * times
  const lastDay = new Date(Date.UTC(anchor.getUTCFullYear(), month + 1, 0)).getUTCDate()
  const day = Date.UTC(anchor.getUTCFullYear(), month, Math.min(anchor.getUTCDate(), lastDay))
  return day + (anchorMs % dayMs + dayMs) % dayMs + ms * times
}

function parse(interval: string): Repeating {
  const [repetitions, first, second, rest] = interval.length > charactersMax ? [] : interval.split('/')
  const repeats = /^R(-1|\d{1,6})?$/.exec(repetitions ?? '')
  if (repeats === null || first === undefined || second === undefined || rest !== undefined) throw invalid(interval, 'write R/start/duration')
  const count = repeats[1] === undefined || repeats[1] === '-1' ? Infinity : Math.max(1, Number(repeats[1]))
  const [start, end] = [timeOf(first), timeOf(second)]
  if (start !== undefined && end !== undefined) {
    if (end - start < secondMs) throw invalid(interval, 'its end must be after its start')
    return { anchorMs: start, direction: 1, step: { months: 0, ms: end - start }, count }
  }
  const [anchorMs, step] = start === undefined ? [end, durationOf(first)] : [start, durationOf(second)]
  if (anchorMs === undefined || step === undefined) throw invalid(interval, 'it needs a time with its zone, and a duration or another time')
  return { anchorMs, direction: start === undefined ? -1 : 1, step, count }
}

function timeOf(text: string): number | undefined {
  const time = timePattern.test(text) ? Date.parse(text) : Number.NaN
  return Number.isNaN(time) ? undefined : time
}

function durationOf(text: string): Step | undefined {
  const match = durationPattern.exec(text)
  if (match === null) return undefined
  const [years = 0, months = 0, weeks = 0, days = 0, hours = 0, minutes = 0, seconds = 0] = match.slice(1).map((digits) => Number(digits ?? 0))
  const step = { months: years * 12 + months, ms: (weeks * 7 + days) * dayMs + ((hours * 60 + minutes) * 60 + seconds) * secondMs }
  return step.months + step.ms === 0 ? undefined : step
}

function invalid(interval: string, why: string): GnapFault {
  return new GnapFault('interval-invalid', `${JSON.stringify(interval.slice(0, charactersMax))} is no repeating interval of ISO 8601: ${why}`)
}
