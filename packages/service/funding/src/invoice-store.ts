import type { Id } from '@rivulet/ids'
import { parseUnits } from '@rivulet/money'
import type { Postgres, SqlValue } from '@rivulet/postgres'
import { type Kysely, sql } from 'kysely'
import type { Invoice, InvoiceContent } from './invoices/invoice.ts'

interface Row { number: bigint; kind: Invoice['kind']; person_id: string; charge_key: string; issued_ms: bigint; content: unknown }
interface Tables {
  'funding.invoice': Row
}

export interface NewInvoice {
  readonly kind: Invoice['kind']
  readonly personId: Id<'pers'>
  /** Of a charge there is one invoice, and a credit note for each time that something of it is given back. */
  readonly chargeKey: string
  readonly issuedMs: number
  readonly content: InvoiceContent
}

/** Under the next numbers: when the transaction is rolled back they go to the next ones, and none is ever missing. */
export const invoicesIssued = `with taken as (
    insert into funding.invoice_number as n (last) values (cardinality($1::text[])) on conflict (only_one) do update set last = n.last + excluded.last returning last)
  insert into funding.invoice (number, kind, person_id, charge_key, issued_ms, content)
  select last - cardinality($1::text[]) + place, kind, person_id, charge_key, issued_ms, content
  from taken, unnest($1::text[], $2::text[], $3::text[], $4::int8[], $5::jsonb[]) with ordinality as u(kind, person_id, charge_key, issued_ms, content, place) order by place`

/** What one row of `invoicesIssued` brings. */
export function invoiceValues({ kind, personId, chargeKey, issuedMs, content }: NewInvoice): readonly SqlValue[] {
  return [kind, personId, chargeKey, issuedMs, JSON.stringify({ ...content, total: String(content.total), fee: String(content.fee), vat: String(content.vat) })]
}

const columns = ['number', 'kind', 'issued_ms', 'content'] as const

export class InvoiceStore {
  readonly #db: Kysely<Tables>

  constructor(postgres: Postgres) {
    this.#db = postgres.kysely<Tables>()
  }

  /** Newest first. */
  async ofPerson(personId: Id<'pers'>, limit: number): Promise<readonly Invoice[]> {
    return (await this.#db.selectFrom('funding.invoice').select(columns).where('person_id', '=', personId).orderBy('number', 'desc').limit(limit).execute()).map(invoiceOf)
  }

  /** Undefined when it is somebody else's. */
  async one(personId: Id<'pers'>, number: number): Promise<Invoice | undefined> {
    const row = await this.#db.selectFrom('funding.invoice').select(columns).where('person_id', '=', personId).where('number', '=', sql<bigint>`${number}::bigint`).executeTakeFirst()
    return row === undefined ? undefined : invoiceOf(row)
  }

  /** The charge that an invoice is about. */
  async chargeKeyOf(number: number): Promise<string | undefined> {
    return (await this.#db.selectFrom('funding.invoice').select('charge_key').where('number', '=', sql<bigint>`${number}::bigint`).where('kind', '=', 'invoice').executeTakeFirst())?.charge_key
  }

  /** The one that was written when it was paid. */
  async ofCharge(chargeKey: string): Promise<Invoice | undefined> {
    const row = await this.#db.selectFrom('funding.invoice').select(columns).where('charge_key', '=', chargeKey).where('kind', '=', 'invoice').orderBy('number').limit(1).executeTakeFirst()
    return row === undefined ? undefined : invoiceOf(row)
  }

  /** The newest of a charge. */
  async lastOf(chargeKey: string, kind: Invoice['kind']): Promise<Invoice | undefined> {
    const row = await this.#db.selectFrom('funding.invoice').select(columns).where('charge_key', '=', chargeKey).where('kind', '=', kind).orderBy('number', 'desc').limit(1).executeTakeFirst()
    return row === undefined ? undefined : invoiceOf(row)
  }
}

function invoiceOf({ number, kind, issued_ms, content }: Pick<Row, (typeof columns)[number]>): Invoice {
  // Only we write these rows.
  const written = content as Omit<InvoiceContent, 'total' | 'fee' | 'vat' | 'corrects'> & { readonly total: string; readonly fee: string; readonly vat?: string; readonly corrects?: string }
  return { number: Number(number), kind, issuedMs: Number(issued_ms), content: { ...written, corrects: written.corrects, total: parseUnits(written.total), fee: parseUnits(written.fee), vat: parseUnits(written.vat ?? '0') } }
}
