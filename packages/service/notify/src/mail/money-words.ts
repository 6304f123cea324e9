/** Amounts and days as people write them, exactly. */
import { type Asset, formatAmount } from '@rivulet/money'
import type { Language } from './language.ts'

export interface Money {
  /** Units of `asset`. */
  readonly amount: bigint
  readonly asset: Asset
}

/** All decimals that are not zero, two at least: the number goes to Intl as a decimal string and never becomes a float. */
export function moneyWords({ amount, asset }: Money, language: Language): string {
  const decimal = formatAmount(amount, asset) as `${number}`
  const places = { minimumFractionDigits: Math.min(2, asset.scale), maximumFractionDigits: asset.scale }
  // Intl knows currencies of three letters only (ISO 4217).
  if (asset.code.length === 3) return new Intl.NumberFormat(language, { style: 'currency', currency: asset.code, ...places }).format(decimal)
  return `${new Intl.NumberFormat(language, places).format(decimal)} ${asset.code}`
}

/** A day in UTC. @param ms milliseconds since 1970 */
export function dayWords(ms: number, language: Language): string {
  return new Intl.DateTimeFormat(language, { dateStyle: 'long', timeZone: 'UTC' }).format(ms)
}
