import { type Action, ofKysely, recordAction } from '@rivulet/audit'
import type { Id } from '@rivulet/ids'
import type { Postgres } from '@rivulet/postgres'
import type { Kysely } from 'kysely'
import { next } from '../payout.ts'
import { changeIn, type PayoutRecord, recordOf, type Tables } from '../payout-store.ts'
import type { Statement, StatementLine } from './camt053.ts'
import { type LineOutcome, matchLine } from './match.ts'
import { payoutOf } from './pain001.ts'

interface StatementTable {
  id: string
  file_hash: string
  bank_id: string
  account_shown: string
  uploaded_ms: bigint
  uploaded_by: string
  opening: bigint
  closing: bigint
  from_ms: bigint | null
  to_ms: bigint
}

interface LineTable {
  statement_id: string
  number: number
  amount: bigint
  end_to_end: string | null
  bank_reference: string | null
  is_return: boolean
  booked_ms: bigint
  reason: string | null
  description: string
  outcome: string
  payout_id: string | null
  note: string | null
  booked_key: string | null
}

interface BankTables extends Tables {
  'payout.statement': StatementTable
  'payout.statement_line': LineTable
}

export interface Batch {
  readonly id: Id<'btch'>
  readonly createdMs: number
  readonly createdBy: string
  readonly payouts: number
  /** Units. */
  readonly total: bigint
}

export interface TakenLine extends StatementLine {
  readonly statementId: Id<'stmt'>
  readonly number: number
  readonly outcome: LineOutcome | 'new' | 'explained'
  readonly payoutId: string | undefined
  readonly note: string | undefined
  /** Of the ledger's transfer that explains it. */
  readonly bookedKey: string | undefined
}

export interface TakenStatement {
  readonly id: Id<'stmt'>
  readonly bankId: string
  readonly accountShown: string
  readonly uploadedMs: number
  readonly opening: bigint
  readonly closing: bigint
  readonly toMs: number
  readonly lines: readonly TakenLine[]
}

const batchPayoutsMax = 10_000
const statementsAtOnceMax = 4_000

/** Files for the bank, and what it answered. */
export class BankStore {
  readonly #db: Kysely<BankTables>

  constructor(postgres: Postgres) {
    this.#db = postgres.kysely<BankTables>()
  }

  /** Every approved payout of SEPA enters one file, but those of frozen publishers: `build` writes it, in the transaction that marks them sent. Undefined when none waits. */
  async batch({ id, nowMs, by, action, frozenAmong }: { readonly id: Id<'btch'>; readonly nowMs: number; readonly by: string; readonly action?: Action | undefined; readonly frozenAmong: (ids: readonly Id<'pers'>[]) => Promise<ReadonlySet<string>> }, build: (records: readonly PayoutRecord[]) => { readonly file: Buffer; readonly total: bigint }): Promise<Batch | undefined> {
    return this.#db.transaction().execute(async (tx) => {
      const approved = await tx.selectFrom('payout.payout').selectAll().where('status', '=', 'approved').where('rail', '=', 'sepa').orderBy('id').limit(batchPayoutsMax).forUpdate().execute()
      const frozen = await frozenAmong([...new Set(approved.map((row) => row.person_id as Id<'pers'>))])
      const rows = approved.filter((row) => !frozen.has(row.person_id))
      if (rows.length === 0) return undefined
      const { file, total } = build(rows.map(recordOf))
      await tx.insertInto('payout.batch').values({ id, created_ms: BigInt(nowMs), created_by: by, payouts: rows.length, total, file }).execute()
      for (const row of rows) {
        await changeIn(tx, row.id as Id<'pout'>, { nowMs }, ({ payout }) => {
          const step = next(payout, { type: 'sent', reference: id })
          return step && { step, actor: { kind: 'operator', id: by } }
        })
      }
      await tx.updateTable('payout.payout').set({ batch_id: id }).where('id', 'in', rows.map((row) => row.id)).execute()
      if (action !== undefined) await recordAction(ofKysely(tx), { ...action, subject: id, detail: { payouts: String(rows.length), amount: String(total) } }, nowMs)
      return { id, createdMs: nowMs, createdBy: by, payouts: rows.length, total }
    })
  }

  async batches(limit: number): Promise<readonly Batch[]> {
    const rows = await this.#db.selectFrom('payout.batch').select(['id', 'created_ms', 'created_by', 'payouts', 'total']).orderBy('id', 'desc').limit(limit).execute()
    return rows.map((row) => ({ id: row.id as Id<'btch'>, createdMs: Number(row.created_ms), createdBy: row.created_by, payouts: row.payouts, total: row.total }))
  }

  /** Sealed with the batch's id. */
  async batchFile(id: string): Promise<Buffer | undefined> {
    return (await this.#db.selectFrom('payout.batch').select('file').where('id', '=', id).executeTakeFirst())?.file
  }

  /** Keeps a statement and its lines, to be matched. False when this very one was kept before; `differs` when the bank’s name of it was used for another content. */
  async keep(id: Id<'stmt'>, given: Statement, { hash, accountShown, by, nowMs, action }: { readonly hash: string; readonly accountShown: string; readonly by: string; readonly nowMs: number; readonly action?: Action | undefined }): Promise<Id<'stmt'> | 'differs'> {
    return this.#db.transaction().execute(async (tx) => {
      const { bankId, opening, closing, fromMs, toMs, lines } = given
      const { numInsertedOrUpdatedRows } = await tx
        .insertInto('payout.statement')
        .values({ id, file_hash: hash, bank_id: bankId, account_shown: accountShown, uploaded_ms: BigInt(nowMs), uploaded_by: by, opening, closing, from_ms: fromMs === undefined ? null : BigInt(fromMs), to_ms: BigInt(toMs) })
        .onConflict((conflict) => conflict.doNothing())
        .executeTakeFirstOrThrow()
      if (numInsertedOrUpdatedRows !== 1n) {
        const known = await tx.selectFrom('payout.statement').select(['id', 'file_hash']).where('account_shown', '=', accountShown).where('bank_id', '=', bankId).executeTakeFirst()
        return known?.file_hash === hash ? (known.id as Id<'stmt'>) : 'differs'
      }
      for (let first = 0; first < lines.length; first += 1_000) {
        const values = lines.slice(first, first + 1_000).map((line, index) => ({
          statement_id: id, number: first + index + 1, amount: line.amount, end_to_end: line.endToEndId ?? null, bank_reference: line.bankReference ?? null, is_return: line.isReturn, booked_ms: BigInt(line.bookedMs),
          reason: line.reason ?? null, description: line.description, outcome: 'new', payout_id: null, note: null, booked_key: null,
        }))
        await tx.insertInto('payout.statement_line').values(values).execute()
      }
      if (action !== undefined) await recordAction(ofKysely(tx), { ...action, subject: id, detail: { statement: bankId.slice(0, 100), lines: String(lines.length) } }, nowMs)
      return id
    })
  }

  /** Matches the next line that waits, with what it brings, in one transaction. False when none waits. Whose payouts it changed is returned. */
  async matchNext(nowMs: number): Promise<readonly Id<'pout'>[] | undefined> {
    return this.#db.transaction().execute(async (tx) => {
      const row = await tx.selectFrom('payout.statement_line').selectAll().where('outcome', '=', 'new').orderBy('statement_id').orderBy('number').limit(1).forUpdate().executeTakeFirst()
      if (row === undefined) return undefined
      const line = lineOf(row)
      const batchId = /^btch-[0-9a-hjkmnp-tv-z]{26}$/.test(line.endToEndId ?? '') ? (line.endToEndId ?? '').replace('-', '_') : undefined
      const named = payoutOf(line.endToEndId ?? '')
      const found = named === undefined && batchId === undefined ? [] : await tx.selectFrom('payout.payout').selectAll().where(batchId === undefined ? 'id' : 'batch_id', '=', batchId ?? named?.id ?? '').where('rail', '=', 'sepa').orderBy('id').forUpdate().execute()
      const seen = line.bankReference === undefined ? undefined : await tx.selectFrom('payout.statement_line').select('number').where('bank_reference', '=', line.bankReference).where('outcome', '<>', 'new').limit(1).executeTakeFirst()
      const records = found.map(recordOf)
      // The bank may book a whole file as one: then it is settled whole, or not at all.
      const matches = batchId === undefined || records.length === 0 ? [matchLine(line, records[0], seen !== undefined)] : matchBatch(line, records, seen !== undefined)
      const worst = matches.find(({ event }) => event === undefined) ?? matches[0]
      const whole = matches.every(({ event }) => event !== undefined)
      const changed: Id<'pout'>[] = []
      for (const [index, { event }] of whole ? matches.entries() : []) {
        const record = records[index]
        if (event === undefined || record === undefined) continue
        await changeIn(tx, record.payout.id, { nowMs }, ({ payout }) => {
          const step = next(payout, event)
          return step && { step, actor: { kind: 'rail', id: 'sepa' } }
        })
        changed.push(record.payout.id)
      }
      await tx
        .updateTable('payout.statement_line')
        .set({ outcome: worst?.outcome ?? 'unknown', payout_id: records.length === 1 ? (records[0]?.payout.id ?? null) : null, note: worst?.note ?? null })
        .where('statement_id', '=', row.statement_id)
        .where('number', '=', row.number)
        .execute()
      return changed
    })
  }

  /** Newest first, with their lines. */
  async statements(limit: number): Promise<readonly TakenStatement[]> {
    const rows = await this.#db.selectFrom('payout.statement').selectAll().orderBy('to_ms', 'desc').orderBy('id', 'desc').limit(Math.min(limit, statementsAtOnceMax)).execute()
    const lines = rows.length === 0 ? [] : await this.#db.selectFrom('payout.statement_line').selectAll().where('statement_id', 'in', rows.map(({ id }) => id)).orderBy('statement_id').orderBy('number').execute()
    const byStatement = Map.groupBy(lines, (line) => line.statement_id)
    return rows.map((row) => ({
      id: row.id as Id<'stmt'>, bankId: row.bank_id, accountShown: row.account_shown, uploadedMs: Number(row.uploaded_ms), opening: row.opening, closing: row.closing, toMs: Number(row.to_ms),
      lines: (byStatement.get(row.id) ?? []).map((line) => takenOf(line)),
    }))
  }

  async line(statementId: string, number: number): Promise<TakenLine | undefined> {
    const row = await this.#db.selectFrom('payout.statement_line').selectAll().where('statement_id', '=', statementId).where('number', '=', number).executeTakeFirst()
    return row && takenOf(row)
  }

  /** Somebody said what a line that no payout explains is. False when it was explained meanwhile. */
  async explain({ statementId, number }: Pick<TakenLine, 'statementId' | 'number'>, { note, bookedKey }: { readonly note: string; readonly bookedKey: string }): Promise<boolean> {
    const { numUpdatedRows } = await this.#db
      .updateTable('payout.statement_line')
      .set({ outcome: 'explained', note, booked_key: bookedKey })
      .where('statement_id', '=', statementId)
      .where('number', '=', number)
      .where('outcome', 'in', ['unknown', 'doubled', 'altered'])
      .executeTakeFirstOrThrow()
    return numUpdatedRows === 1n
  }
}

function matchBatch(line: StatementLine, records: readonly PayoutRecord[], seen: boolean): ReturnType<typeof matchLine>[] {
  const total = records.reduce((sum, { payout }) => sum + payout.amount - payout.fee, 0n)
  if (seen || line.amount !== -total) return [{ outcome: seen ? 'doubled' : 'altered', note: 'the amount is not that of the batch' }]
  return records.map((record) => matchLine({ ...line, amount: record.payout.fee - record.payout.amount, endToEndId: undefined }, record, false))
}

function lineOf(row: LineTable): StatementLine {
  return { amount: row.amount, endToEndId: row.end_to_end ?? undefined, bankReference: row.bank_reference ?? undefined, isReturn: row.is_return, reason: row.reason ?? undefined, bookedMs: Number(row.booked_ms), description: row.description }
}

function takenOf(row: LineTable): TakenLine {
  return { ...lineOf(row), statementId: row.statement_id as Id<'stmt'>, number: row.number, outcome: row.outcome as TakenLine['outcome'], payoutId: row.payout_id ?? undefined, note: row.note ?? undefined, bookedKey: row.booked_key ?? undefined }
}
