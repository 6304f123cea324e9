import { type Asset, formatAmount } from '@rivulet/money'

const formats = new Map<string, Intl.NumberFormat>()

function formatOf(locale: string, code: string, { decimals, fixed }: { readonly decimals: number; readonly fixed: boolean }): Intl.NumberFormat {
  const key = `${locale} ${code} ${decimals} ${fixed}`
  const known = formats.get(key)
  if (known !== undefined) return known
  const places = { minimumFractionDigits: fixed ? decimals : Math.min(2, decimals), maximumFractionDigits: decimals, roundingMode: 'trunc' } as const
  const format = isCurrency(code) ? new Intl.NumberFormat(locale, { style: 'currency', currency: code, ...places }) : new Intl.NumberFormat(locale, places)
  formats.set(key, format)
  return format
}

/** Whether Intl can write this code as a currency: three letters, as in ISO 4217. */
function isCurrency(code: string): boolean {
  return /^[A-Za-z]{3}$/.test(code)
}

/**
 * Writes units for people, in their locale and with the asset, exactly: the number goes to Intl as a decimal string and never becomes a
 * float. Decimals beyond `decimalsMax` are cut, not rounded up, so that a screen never shows more money than there is.
 */
export function formatMoney(units: bigint, asset: Asset, locale: string, decimalsMax: number = asset.scale): string {
  return write(units, asset, locale, { decimals: decimalsMax, fixed: false })
}

/** As `formatMoney`, with all decimals always: an amount that changes every second keeps its width. */
export function formatLiveMoney(units: bigint, asset: Asset, locale: string, decimals: number): string {
  return write(units, asset, locale, { decimals, fixed: true })
}

function write(units: bigint, asset: Asset, locale: string, places: { readonly decimals: number; readonly fixed: boolean }): string {
  const format = formatOf(locale, asset.code, { ...places, decimals: Math.min(places.decimals, asset.scale) })
  const text = format.format(formatAmount(units, asset) as `${number}`)
  return isCurrency(asset.code) ? text : `${text} ${asset.code}`
}

/** Units a second as units an hour: a rate that people can picture. */
export function perHour(unitsPerSecond: bigint): bigint {
  return unitsPerSecond * 3_600n
}

/** Counts and ages: whole numbers in the reader's locale. */
export function formatCount(count: number, locale: string): string {
  return new Intl.NumberFormat(locale, { maximumFractionDigits: count < 10 ? 1 : 0 }).format(count)
}

/** How long something has lasted, in its two largest units: `42 s`, `3 min 5 s`, `2 h 10 min`, `4 d 3 h`, in words of the locale. */
export function formatAge(ageMs: number, locale: string): string {
  const seconds = Math.max(0, Math.floor(ageMs / 1_000))
  const parts: readonly (readonly ['day' | 'hour' | 'minute' | 'second', number])[] = [
    ['day', Math.floor(seconds / 86_400)],
    ['hour', Math.floor(seconds / 3_600) % 24],
    ['minute', Math.floor(seconds / 60) % 60],
    ['second', seconds % 60],
  ]
  const first = parts.findIndex(([, count]) => count > 0)
  if (first < 0) return unit('second', 0, locale)
  return parts
    .slice(first, first + 2)
    .filter(([, count], index) => index === 0 || count > 0)
    .map(([name, count]) => unit(name, count, locale))
    .join(' ')
}

function unit(name: 'day' | 'hour' | 'minute' | 'second', count: number, locale: string): string {
  return new Intl.NumberFormat(locale, { style: 'unit', unit: name, unitDisplay: 'short' }).format(count)
}
