import { type Action, ofKysely, recordAction } from '@rivulet/audit'
import type { Id } from '@rivulet/ids'
import type { Postgres } from '@rivulet/postgres'
import { type Kysely, sql, type Transaction } from 'kysely'
import { netOf, next, type Payout } from '../payout.ts'
import { changeIn, type PayoutRecord, recordOf, type Tables } from '../payout-store.ts'
import type { Statement, StatementLine } from './camt053.ts'
import { isExpected, type LineOutcome, type Match, matchLine, type Named } from './match.ts'
import { endToEndIdOf, payoutOf } from './pain001.ts'

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
  /** As the bank wrote it. */
  end_to_end: string | null
  /** What an operator said that it should have written. */
  assigned: string | null
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
  /** Which attempt of a payout, or which file, it is about: by an operator's word before the bank's. */
  readonly names: string | undefined
  readonly payoutId: string | undefined
  /** A `LineNote`, or what it was explained as. */
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
      for (let first = 0; first < rows.length; first += 1_000) await tx.insertInto('payout.batch_payout').values(rows.slice(first, first + 1_000).map((row) => ({ batch_id: id, payout_id: row.id, attempt: row.attempt }))).execute()
      if (action !== undefined) await recordAction(ofKysely(tx), { ...action, subject: id, detail: { payouts: String(rows.length), amount: String(total) } }, nowMs)
      return { id, createdMs: nowMs, createdBy: by, payouts: rows.length, total }
    })
  }

  async batches(limit: number): Promise<readonly Batch[]> {
    const rows = await this.#db.selectFrom('payout.batch').select(['id', 'created_ms', 'created_by', 'payouts', 'total']).orderBy('id', 'desc').limit(limit).execute()
    return rows.map((row) => ({ id: row.id as Id<'btch'>, createdMs: Number(row.created_ms), createdBy: row.created_by, payouts: row.payouts, total: row.total }))
  }

  async batchOf(id: string): Promise<{ readonly createdMs: number } | undefined> {
    const row = await this.#db.selectFrom('payout.batch').select('created_ms').where('id', '=', id).executeTakeFirst()
    return row && { createdMs: Number(row.created_ms) }
  }

  /** Sealed with the batch's id. */
  async batchFile(id: string): Promise<Buffer | undefined> {
    return (await this.#db.selectFrom('payout.batch').select('file').where('id', '=', id).executeTakeFirst())?.file
  }

  /** Keeps a statement and its lines, to be matched. Of one that was kept before, also in another file, the id of then; `differs` when the bank’s name of it was used for another content. */
  async keep(id: Id<'stmt'>, given: Statement, { hash, accountShown, by, nowMs, action }: { readonly hash: string; readonly accountShown: string; readonly by: string; readonly nowMs: number; readonly action?: Action | undefined }): Promise<Id<'stmt'> | 'differs'> {
    return this.#db.transaction().execute(async (tx) => {
      const { bankId, opening, closing, fromMs, toMs, lines } = given
      const { numInsertedOrUpdatedRows } = await tx
        .insertInto('payout.statement')
        .values({ id, file_hash: hash, bank_id: bankId, account_shown: accountShown, uploaded_ms: BigInt(nowMs), uploaded_by: by, opening, closing, from_ms: fromMs === undefined ? null : BigInt(fromMs), to_ms: BigInt(toMs) })
        .onConflict((conflict) => conflict.doNothing())
        .executeTakeFirstOrThrow()
      if (numInsertedOrUpdatedRows !== 1n) {
        const known = await tx.selectFrom('payout.statement').selectAll().where('account_shown', '=', accountShown).where('bank_id', '=', bankId).executeTakeFirst()
        return known !== undefined && (known.file_hash === hash || (await isSame(tx, known, given))) ? (known.id as Id<'stmt'>) : 'differs'
      }
      for (let first = 0; first < lines.length; first += 1_000) {
        const values = lines.slice(first, first + 1_000).map((line, index) => ({
          statement_id: id, number: first + index + 1, amount: line.amount, end_to_end: line.endToEndId ?? null, assigned: null, bank_reference: line.bankReference ?? null, is_return: line.isReturn, booked_ms: BigInt(line.bookedMs),
          reason: line.reason ?? null, description: line.description, outcome: 'new', payout_id: null, note: null, booked_key: null,
        }))
        await tx.insertInto('payout.statement_line').values(values).execute()
      }
      if (action !== undefined) await recordAction(ofKysely(tx), { ...action, subject: id, detail: { statement: bankId.slice(0, 100), lines: String(lines.length) } }, nowMs)
      return id
    })
  }

  /** Matches the next line that waits, with what it brings, in one transaction. Undefined when none waits. Whose payouts it changed is returned. */
  async matchNext(nowMs: number): Promise<readonly Id<'pout'>[] | undefined> {
    return this.#db.transaction().execute(async (tx) => {
      const row = await tx.selectFrom('payout.statement_line').selectAll().where('outcome', '=', 'new').orderBy('statement_id').orderBy('number').limit(1).forUpdate().executeTakeFirst()
      return row && write(tx, row, await matchOf(tx, row), nowMs)
    })
  }

  /** Takes a line that needs a word for one that names this attempt of a payout. Nothing is changed when it does not fit: then why is answered. Undefined for a line that needs no word. */
  async assign({ statementId, number }: Pick<TakenLine, 'statementId' | 'number'>, endToEndId: string, nowMs: number): Promise<Match | undefined> {
    return this.#db.transaction().execute(async (tx) => {
      const row = await tx.selectFrom('payout.statement_line').selectAll().where('statement_id', '=', statementId).where('number', '=', number).where('outcome', 'in', needsWord).where('booked_key', 'is', null).forUpdate().executeTakeFirst()
      if (row === undefined) return undefined
      const named = { ...row, assigned: endToEndId }
      const match = await matchOf(tx, named)
      if (match.whole) await write(tx, named, match, nowMs)
      return match.told
    })
  }

  /** Whether a statement was taken that goes beyond this time, ms since 1970, and none has a line that names this payout, or that nobody has explained yet and that could be it by its amount. */
  async isUnbooked(payout: Payout, untilMs: number): Promise<boolean> {
    const after = await this.#db.selectFrom('payout.statement').select('id').where('to_ms', '>', BigInt(untilMs)).limit(1).executeTakeFirst()
    const line = await this.#db.selectFrom('payout.statement_line').select('number')
      .where((eb) => eb.or([eb('payout_id', '=', payout.id), eb(nameOfLine, '=', endToEndIdOf(payout.id, payout.attempt)), eb('outcome', 'in', needsWord).and('amount', '=', -netOf(payout))]))
      .limit(1).executeTakeFirst()
    return after !== undefined && line === undefined
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

  /** From now on this line is explained by the transfer under this key, and by no other. False when it is explained already, or is by another key. */
  async claim({ statementId, number }: Pick<TakenLine, 'statementId' | 'number'>, bookedKey: string): Promise<boolean> {
    const { numUpdatedRows } = await this.#db
      .updateTable('payout.statement_line')
      .set({ booked_key: bookedKey })
      .where('statement_id', '=', statementId)
      .where('number', '=', number)
      .where('outcome', 'in', needsWord)
      .where((eb) => eb.or([eb('booked_key', 'is', null), eb('booked_key', '=', bookedKey)]))
      .executeTakeFirstOrThrow()
    return numUpdatedRows === 1n
  }

  /** The books have refused that transfer: the line may be explained otherwise. */
  async unclaim({ statementId, number }: Pick<TakenLine, 'statementId' | 'number'>, bookedKey: string): Promise<void> {
    await this.#db.updateTable('payout.statement_line').set({ booked_key: null }).where('statement_id', '=', statementId).where('number', '=', number).where('outcome', 'in', needsWord).where('booked_key', '=', bookedKey).execute()
  }

  /** What a line is that no payout explains: it is booked under the key that was claimed. */
  async explain({ statementId, number }: Pick<TakenLine, 'statementId' | 'number'>, { note, bookedKey }: { readonly note: string; readonly bookedKey: string }): Promise<void> {
    await this.#db.updateTable('payout.statement_line').set({ outcome: 'explained', note }).where('statement_id', '=', statementId).where('number', '=', number).where('outcome', 'in', needsWord).where('booked_key', '=', bookedKey).execute()
  }
}

const nameOfLine = sql<string | null>`coalesce(assigned, end_to_end)`

function nameOf({ assigned, end_to_end: written }: LineTable): string | undefined {
  return assigned ?? written ?? undefined
}

const needsWord: readonly LineOutcome[] = ['unknown', 'doubled', 'altered']

/** What a line means for the payouts that it names. */
interface Matched {
  readonly named: readonly Named[]
  readonly matches: readonly Match[]
  /** Whether all is as it should be: only then something changes. */
  readonly whole: boolean
  /** Of the matches the first that is not as it should be, if any. */
  readonly told: Match
}

async function matchOf(tx: Transaction<BankTables>, row: LineTable): Promise<Matched> {
  const line = lineOf(row)
  const name = nameOf(row)
  const named = await namedBy(tx, name ?? '')
  const seen = line.bankReference === undefined ? [] : await tx
    .selectFrom('payout.statement_line')
    .select(['statement_id', 'number'])
    .where('bank_reference', '=', line.bankReference)
    .where('amount', '=', line.amount)
    .where((eb) => eb.or([eb(nameOfLine, 'is not distinct from', name ?? null), ...(row.assigned === null ? [eb('end_to_end', 'is not distinct from', row.end_to_end)] : [])]))
    .where('outcome', '<>', 'new')
    .limit(2)
    .execute()
  const again = seen.some(({ statement_id: statement, number }) => statement !== row.statement_id || number !== row.number)
  // The bank may book a whole file as one: then it is settled whole, or not at all.
  const matches = isBatch(name) && named.length > 0 ? matchBatch(line, named, again) : [matchLine(line, named[0], again)]
  const odd = matches.find((match) => !isExpected(match))
  return { named, matches, whole: odd === undefined, told: odd ?? matches[0] ?? { outcome: 'unknown' } }
}

/** Whose payouts it changed. */
async function write(tx: Transaction<BankTables>, row: LineTable, { named, matches, whole, told }: Matched, nowMs: number): Promise<readonly Id<'pout'>[]> {
  const changed: Id<'pout'>[] = []
  for (const [index, { event }] of whole ? matches.entries() : []) {
    const record = named[index]?.record
    if (event === undefined || record === undefined) continue
    await changeIn(tx, record.payout.id, { nowMs }, ({ payout }) => {
      const step = next(payout, event)
      return step && { step, actor: { kind: 'rail', id: 'sepa' } }
    })
    changed.push(record.payout.id)
  }
  await tx
    .updateTable('payout.statement_line')
    .set({ outcome: told.outcome, payout_id: named.length === 1 ? (named[0]?.record.payout.id ?? null) : null, note: told.note ?? null, assigned: row.assigned })
    .where('statement_id', '=', row.statement_id)
    .where('number', '=', row.number)
    .execute()
  return changed
}

function isBatch(name: string | undefined): boolean {
  return /^btch-[0-9a-hjkmnp-tv-z]{26}$/.test(name ?? '')
}

/** The payouts that a line names: one by its own name, or all of a file. Locked. */
async function namedBy(tx: Transaction<BankTables>, endToEndId: string): Promise<readonly Named[]> {
  const one = payoutOf(endToEndId)
  const rows = one === undefined ? await tx.selectFrom('payout.batch_payout').select(['payout_id', 'attempt']).where('batch_id', '=', endToEndId.replace('-', '_')).execute() : []
  const held = one === undefined ? rows : [{ payout_id: one.id, attempt: one.attempt }]
  if (held.length === 0) return []
  const found = await tx.selectFrom('payout.payout').selectAll().where('id', 'in', held.map((row) => row.payout_id)).where('rail', '=', 'sepa').orderBy('id').forUpdate().execute()
  const attempts = new Map(held.map((row) => [row.payout_id, row.attempt]))
  const named = found.map((row) => ({ record: recordOf(row), attempt: attempts.get(row.id) ?? row.attempt }))
  const back = await cameBackFirst(tx, named)
  return named.map((each) => ({ ...each, cameBackFirst: back.has(each.record.payout.id) }))
}

/** Those of which the attempt has come back, and no line was taken yet that says it had left: neither its own, nor one of its whole file. */
async function cameBackFirst(tx: Transaction<BankTables>, named: readonly Pick<Named, 'record' | 'attempt'>[]): Promise<ReadonlySet<string>> {
  const back = new Set<string>()
  const ids = named.map(({ record }) => record.payout.id)
  const returns = await tx.selectFrom('payout.event').select(['payout_id', 'attempt']).where('payout_id', 'in', ids).where('status', '=', 'returned').execute()
  for (const { payout_id: id, attempt } of returns) {
    if (!named.some(({ record, attempt: meant }) => record.payout.id === id && meant === attempt)) continue
    const files = await tx.selectFrom('payout.batch_payout').select('batch_id').where('payout_id', '=', id).where('attempt', '=', attempt).execute()
    const names = [endToEndIdOf(id as Id<'pout'>, attempt), ...files.map(({ batch_id: file }) => file.replace('_', '-'))]
    const left = await tx.selectFrom('payout.statement_line').select('number').where(nameOfLine, 'in', names).where('amount', '<', 0n).where('outcome', '=', 'settled').limit(1).executeTakeFirst()
    if (left === undefined) back.add(id)
  }
  return back
}

function matchBatch(line: StatementLine, named: readonly Named[], seen: boolean): readonly Match[] {
  const total = named.reduce((sum, { record }) => sum + netOf(record.payout), 0n)
  if (seen || line.amount !== -total) return [seen ? { outcome: 'doubled', note: 'booked-before' } : { outcome: 'altered', note: 'amount-not-files' }]
  return named.map((each) => matchLine({ amount: -netOf(each.record.payout), reason: undefined }, each, false))
}

/** Whether a statement says what the one says that was kept: banks send one again in another file, such as that of a week. */
async function isSame(tx: Transaction<BankTables>, { id, opening, closing }: StatementTable, given: Statement): Promise<boolean> {
  const kept = (await tx.selectFrom('payout.statement_line').selectAll().where('statement_id', '=', id).orderBy('number').execute()).map(lineOf)
  return opening === given.opening && closing === given.closing && kept.length === given.lines.length && kept.every((line, index) => sameLine(line, given.lines[index]))
}

function sameLine(one: StatementLine, other: StatementLine | undefined): boolean {
  return other !== undefined && one.amount === other.amount && one.endToEndId === other.endToEndId && one.bankReference === other.bankReference && one.bookedMs === other.bookedMs && one.description === other.description
}

function lineOf(row: LineTable): StatementLine {
  return { amount: row.amount, endToEndId: row.end_to_end ?? undefined, bankReference: row.bank_reference ?? undefined, isReturn: row.is_return, reason: row.reason ?? undefined, bookedMs: Number(row.booked_ms), description: row.description }
}

function takenOf(row: LineTable): TakenLine {
  return { ...lineOf(row), statementId: row.statement_id as Id<'stmt'>, number: row.number, outcome: row.outcome as TakenLine['outcome'], names: nameOf(row), payoutId: row.payout_id ?? undefined, note: row.note ?? undefined, bookedKey: row.booked_key ?? undefined }
}
