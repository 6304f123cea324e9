import { type Asset, formatAmount, parseAmount } from '@rivulet/money'

/** What somebody typed as an amount, in units: empty is none (null), what is no amount above zero is undefined. A comma is a point. */
export function typedAmount(text: string, asset: Asset): bigint | null | undefined {
  const plain = text.trim().replace(',', '.')
  if (plain === '') return null
  try {
    const amount = parseAmount(plain, asset)
    return amount > 0n ? amount : undefined
  } catch {
    return undefined
  }
}

/** What somebody typed as an amount an hour, in units a second, rounded down. */
export function typedRate(text: string, asset: Asset): bigint | null | undefined {
  const amount = typedAmount(text, asset)
  if (amount === null || amount === undefined) return amount
  return amount / 3_600n > 0n ? amount / 3_600n : undefined
}

/** An amount as a field shows it, with the locale's decimal mark and no zeros at its end. */
export function fieldAmount(amount: bigint | null, asset: Asset, locale: string): string {
  if (amount === null) return ''
  const text = formatAmount(amount, asset)
  const mark = new Intl.NumberFormat(locale).formatToParts(0.5).find(({ type }) => type === 'decimal')?.value ?? '.'
  return text.includes('.') ? text.replace(/\.?0+$/, '').replace('.', mark) : text
}
