import { Fault } from '@rivulet/faults'

export type MoneyFaultCode = 'amount-invalid' | 'amount-too-large' | 'amount-negative' | 'ratio-invalid'

export class MoneyFault extends Fault<MoneyFaultCode> {}

/** A currency and how many decimal places its unit has: EUR at scale 9 counts billionths of a euro. Scale is 0 to 18. */
export interface Asset {
  readonly code: string
  readonly scale: number
}

/** No counter goes beyond 2^62 units, so that the sum of two still fits PostgreSQL's int8. */
export const amountMax = 2n ** 62n

/** Returns `amount` when it is between 0 and 2^62 units. Throws `amount-negative` or `amount-too-large`. */
export function checkAmount(amount: bigint): bigint {
  if (amount < 0n) throw new MoneyFault('amount-negative', `an amount cannot be negative: ${amount}`)
  if (amount > amountMax) throw new MoneyFault('amount-too-large', `an amount cannot exceed 2^62 units: ${amount}`)
  return amount
}

/** Reads the decimal string of whole units that JSON carries ("1250"). Throws `amount-invalid`, `amount-too-large`. */
export function parseUnits(text: string): bigint {
  if (!/^(0|[1-9][0-9]{0,19})$/.test(text)) throw new MoneyFault('amount-invalid', `not a whole number of units: ${JSON.stringify(text.slice(0, 40))}`)
  return checkAmount(BigInt(text))
}

/** Reads an amount as people write it ("5.25") into units of the asset. More decimals than the scale holds are refused, never rounded. */
export function parseAmount(text: string, asset: Asset): bigint {
  const match = /^([0-9]{1,19})(?:\.([0-9]{1,18}))?$/.exec(text)
  if (match === null) throw new MoneyFault('amount-invalid', `not an amount: ${JSON.stringify(text.slice(0, 40))}`)
  const decimals = (match[2] ?? '').replace(/0+$/, '')
  if (decimals.length > asset.scale) throw new MoneyFault('amount-invalid', `${asset.code} has ${asset.scale} decimals here: ${text}`)
  return checkAmount(BigInt((match[1] ?? '') + decimals.padEnd(asset.scale, '0')))
}

/** Writes units as a plain decimal with all places of the scale ("0.000100000"): exact, for protocols and logs. Screens use Intl. */
export function formatAmount(units: bigint, asset: Asset): string {
  const digits = (units < 0n ? -units : units).toString().padStart(asset.scale + 1, '0')
  const whole = digits.slice(0, digits.length - asset.scale)
  const sign = units < 0n ? '-' : ''
  return asset.scale === 0 ? sign + whole : `${sign}${whole}.${digits.slice(-asset.scale)}`
}
