/** How long the interval of a limit lasts, in words. */
import { formatAge } from '../amounts.ts'

/** The one unit of a period that everybody has a word for. */
type SimplePeriod = 'year' | 'month' | 'week' | 'day' | 'hour'

export type Period = { readonly simple: SimplePeriod } | { readonly text: string }

const units = ['year', 'month', 'week', 'day', 'hour', 'minute', 'second'] as const

/** @param interval ISO 8601, as the server has checked it: `R[n]/start/duration`, `R[n]/duration/end` or `R[n]/start/end` */
export function periodOf(interval: string, locale: string): Period {
  const [, first = '', second = ''] = interval.split('/')
  const duration = [first, second].find((part) => part.startsWith('P'))
  if (duration === undefined) return { text: formatAge(Date.parse(second) - Date.parse(first), locale) }
  const counts = /^P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?$/.exec(duration)?.slice(1) ?? []
  const parts = units.flatMap((unit, index) => (Number(counts[index] ?? 0) > 0 ? [{ unit, count: Number(counts[index]) }] : []))
  const [only, another] = parts
  if (only !== undefined && another === undefined && only.count === 1 && only.unit !== 'minute' && only.unit !== 'second') return { simple: only.unit }
  const words = parts.map(({ unit, count }) => new Intl.NumberFormat(locale, { style: 'unit', unit, unitDisplay: 'long' }).format(count))
  return { text: new Intl.ListFormat(locale, { type: 'unit' }).format(words) }
}
