import { type Asset, parseAmount } from '@rivulet/money'

/** An amount as people type it, with a point or a comma, in units; undefined when it is none. */
export function readAmount(text: string, asset: Asset): bigint | undefined {
  try {
    return parseAmount(text.trim().replace(',', '.'), asset)
  } catch {
    return undefined
  }
}
