/** Amounts and days as people write them, exactly. */
import { type Asset, formatAmount } from '@rivulet/money'
export interface Money {
  /** Units of `asset`. */
  readonly amount: bigint
  readonly asset: Asset
}

/** All decimals that are not zero, two at least: the number goes to Intl as a decimal string and never becomes a float. @param locale of Intl, `en-GB` */
export function moneyWords({ amount, asset }: Money, locale: string): string {
  const decimal = formatAmount(amount, asset) as `${number}`
  const places = { minimumFractionDigits: Math.min(2, asset.scale), maximumFractionDigits: asset.scale }
  // Intl knows currencies of three letters only (ISO 4217).
  if (asset.code.length === 3) return new Intl.NumberFormat(locale, { style: 'currency', currency: asset.code, ...places }).format(decimal)
  return `${new Intl.NumberFormat(locale, places).format(decimal)} ${asset.code}`
}

/** A day in UTC. @param ms milliseconds since 1970 @param locale of Intl */
export function dayWords(ms: number, locale: string): string {
  return new Intl.DateTimeFormat(locale, { dateStyle: 'long', timeZone: 'UTC' }).format(ms)
}
