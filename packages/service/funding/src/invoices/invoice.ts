/** What was paid, as a document: its data is kept, and rendered whenever it is asked for. */
import { type Asset, floorDivide } from '@rivulet/money'

/** Who sells, on every document. */
export interface InvoiceTerms {
  readonly seller: { readonly name: string; readonly address: readonly string[]; readonly vatId?: string | undefined }
  /** Before the number: `RIV-` gives RIV-000001. */
  readonly prefix: string
  /** Contained in every price, hundredths of a percent; 0: no line of it. */
  readonly vatBasisPoints: number
}

export interface InvoiceContent {
  readonly terms: InvoiceTerms
  readonly buyer: { readonly name: string; readonly email: string }
  readonly plan: string
  /** What was paid for, ms since 1970. */
  readonly fromMs: number
  readonly toMs: number
  readonly asset: Asset
  /** Units, with what is contained: `fee` is the operator's part, the rest her budget. */
  readonly total: bigint
  readonly fee: bigint
  readonly paidMs: number
  readonly card: { readonly brand: string; readonly lastFour: string }
  /** A credit note: the name of the invoice that it takes back. */
  readonly corrects: string | undefined
}

export interface Invoice {
  readonly number: number
  readonly kind: 'invoice' | 'credit-note'
  readonly issuedMs: number
  readonly content: InvoiceContent
}

const numberDigits = 6

export function invoiceName({ number, content }: Pick<Invoice, 'number' | 'content'>): string {
  return `${content.terms.prefix}${String(number).padStart(numberDigits, '0')}`
}

/** The VAT that is contained in a total, rounded down to hundredths of a whole unit, as it is declared. */
export function vatOf({ total, asset, terms }: Pick<InvoiceContent, 'total' | 'asset' | 'terms'>): bigint {
  const contained = floorDivide(total * BigInt(terms.vatBasisPoints), 10_000n + BigInt(terms.vatBasisPoints))
  const cent = asset.scale > 2 ? 10n ** BigInt(asset.scale - 2) : 1n
  return floorDivide(contained, cent) * cent
}
