/** What was paid, as a document: its data is kept, and rendered whenever it is asked for. */
import type { Asset } from '@rivulet/money'
import type { English } from '@rivulet/notify'

/** Who sells, on every document. */
export interface InvoiceTerms {
  readonly seller: { readonly name: string; readonly address: readonly string[]; readonly vatId?: string | undefined }
  /** Before the number: `RIV-` gives RIV-000001. */
  readonly prefix: string
  /** Contained in every price, hundredths of a percent; 0: no line of it. */
  readonly vatBasisPoints: number
  /** Whose English it is written in; British unless told. */
  readonly english?: English | undefined
}

export interface InvoiceContent {
  readonly terms: InvoiceTerms
  readonly buyer: { readonly name: string; readonly email: string }
  readonly plan: string
  /** What was paid for, ms since 1970. */
  readonly fromMs: number
  readonly toMs: number
  readonly asset: Asset
  /** Units, with what is contained: `fee` is the operator's part, `vat` the tax that is booked apart, the rest her budget. Documents of earlier versions, which did not book it, say 0. */
  readonly total: bigint
  readonly fee: bigint
  readonly vat: bigint
  readonly paidMs: number
  readonly card: { readonly brand: string; readonly lastFour: string }
  /** A credit note: the name of the invoice that it takes back, whole or in part. An invoice: the name of the credit note in whose place it stands, since a dispute was won. */
  readonly corrects: string | undefined
  /** A credit note that takes back less than the invoice. */
  readonly part?: boolean
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
