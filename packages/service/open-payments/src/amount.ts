/** Amounts as Open Payments writes them, and what the two sides of a payment are. */
import { type Asset, amountMax } from '@rivulet/money'
import { z } from 'zod'

/** `amount` of the OpenAPI file; our counters end at 2^62 and not at 2^64. */
export const amountSchema = z.strictObject({
  value: z.string().regex(/^(0|[1-9][0-9]{0,19})$/, 'must be a whole number of units in a string').transform(BigInt).refine((value) => value <= amountMax, 'must be at most 2^62 units'),
  assetCode: z.string().min(1).max(20),
  assetScale: z.int().min(0).max(255),
})

/** As it is answered. */
export const amountAnswer = z.strictObject({ value: z.string().regex(/^(0|[1-9][0-9]{0,19})$/), assetCode: z.string(), assetScale: z.int() })

export interface AssetAmount {
  readonly value: bigint
  readonly asset: Asset
}

export interface AmountJson {
  readonly value: string
  readonly assetCode: string
  readonly assetScale: number
}

export function amountJson(value: bigint, asset: Asset): AmountJson {
  return { value: value.toString(), assetCode: asset.code, assetScale: asset.scale }
}

export function sameAsset(one: Asset, other: Asset): boolean {
  return one.code === other.code && one.scale === other.scale
}
