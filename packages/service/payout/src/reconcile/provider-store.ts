import { type Action, ofKysely, recordAction } from '@rivulet/audit'
import type { Id } from '@rivulet/ids'
import type { Postgres } from '@rivulet/postgres'
import type { Kysely } from 'kysely'

/** What a payment service provider says happened: what it took for us, gave back, kept, and sent to our bank. */
export const providerLineKinds = ['charge', 'refund', 'dispute', 'dispute-won', 'dispute-cost', 'fee', 'settlement', 'payout', 'other'] as const
export type ProviderLineKind = (typeof providerLineKinds)[number]

export interface ProviderLine {
  readonly kind: ProviderLineKind
  /** Of a charge, and of all that became of it, the key of the charge; of a settlement the provider's own name; of a payout our id and attempt. */
  readonly reference: string
  /** Units, signed: what the provider then holds more for us is positive. */
  readonly amount: bigint
  readonly atMs: number
}

export interface ProviderStatement {
  readonly provider: string
  /** The provider's own name of it. */
  readonly name: string
  readonly fromMs: number
  readonly toMs: number
  readonly lines: readonly ProviderLine[]
}

export interface TakenProviderStatement {
  readonly id: string
  readonly provider: string
  readonly name: string
  readonly fromMs: number
  readonly toMs: number
  readonly lines: number
}

interface Tables {
  'payout.provider_statement': { id: string; provider: string; name: string; from_ms: bigint; to_ms: bigint; uploaded_ms: bigint; uploaded_by: string; content_hash: string }
  'payout.provider_line': { statement_id: string; number: number; kind: string; reference: string; amount: bigint; at_ms: bigint }
}

export class ProviderStore {
  readonly #db: Kysely<Tables>

  constructor(postgres: Postgres) {
    this.#db = postgres.kysely<Tables>()
  }

  /** False when its name was used for another content. The same again changes nothing. */
  async keep(id: Id<'stmt'>, { provider, name, fromMs, toMs, lines }: ProviderStatement, { hash, by, nowMs, action }: { readonly hash: string; readonly by: string; readonly nowMs: number; readonly action?: Action | undefined }): Promise<boolean> {
    return this.#db.transaction().execute(async (tx) => {
      const { numInsertedOrUpdatedRows } = await tx
        .insertInto('payout.provider_statement')
        .values({ id, provider, name, from_ms: BigInt(fromMs), to_ms: BigInt(toMs), uploaded_ms: BigInt(nowMs), uploaded_by: by, content_hash: hash })
        .onConflict((conflict) => conflict.columns(['provider', 'name']).doNothing())
        .executeTakeFirstOrThrow()
      if (numInsertedOrUpdatedRows !== 1n) {
        const known = await tx.selectFrom('payout.provider_statement').select('content_hash').where('provider', '=', provider).where('name', '=', name).executeTakeFirstOrThrow()
        return known.content_hash === hash
      }
      for (let first = 0; first < lines.length; first += 1_000) {
        await tx.insertInto('payout.provider_line').values(lines.slice(first, first + 1_000).map((line, index) => ({ statement_id: id, number: first + index + 1, kind: line.kind, reference: line.reference, amount: line.amount, at_ms: BigInt(line.atMs) }))).execute()
      }
      if (action !== undefined) await recordAction(ofKysely(tx), { ...action, subject: id, detail: { provider, statement: name.slice(0, 100), lines: String(lines.length) } }, nowMs)
      return true
    })
  }

  /** Who has sent statements, and what time they cover. */
  async providers(): Promise<readonly { readonly provider: string; readonly fromMs: number; readonly toMs: number }[]> {
    const rows = await this.#db.selectFrom('payout.provider_statement').select((eb) => ['provider', eb.fn.min('from_ms').as('from'), eb.fn.max('to_ms').as('to')]).groupBy('provider').orderBy('provider').execute()
    return rows.map(({ provider, from, to }) => ({ provider, fromMs: Number(from), toMs: Number(to) }))
  }

  /** The newest first. */
  async statements(limit: number): Promise<readonly TakenProviderStatement[]> {
    const rows = await this.#db
      .selectFrom('payout.provider_statement as s')
      .select((eb) => ['s.id', 's.provider', 's.name', 's.from_ms', 's.to_ms', eb.selectFrom('payout.provider_line as l').select((count) => count.fn.countAll<bigint>().as('lines')).whereRef('l.statement_id', '=', 's.id').as('lines')])
      .orderBy('s.uploaded_ms', 'desc')
      .orderBy('s.id', 'desc')
      .limit(limit)
      .execute()
    return rows.map(({ id, provider, name, from_ms, to_ms, lines }) => ({ id, provider, name, fromMs: Number(from_ms), toMs: Number(to_ms), lines: Number(lines ?? 0) }))
  }

  async lines(provider: string): Promise<readonly ProviderLine[]> {
    const rows = await this.#db
      .selectFrom('payout.provider_line as l')
      .innerJoin('payout.provider_statement as s', 's.id', 'l.statement_id')
      .select(['l.kind', 'l.reference', 'l.amount', 'l.at_ms'])
      .where('s.provider', '=', provider)
      .orderBy('l.statement_id')
      .orderBy('l.number')
      .execute()
    return rows.map((row) => ({ kind: row.kind as ProviderLineKind, reference: row.reference, amount: row.amount, atMs: Number(row.at_ms) }))
  }
}
