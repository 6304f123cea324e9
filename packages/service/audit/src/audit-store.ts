import { type Id, newId } from '@rivulet/ids'
import type { Postgres } from '@rivulet/postgres'
import { CompiledQuery } from 'kysely'

/** The caller's open transaction: a client of `pg`, or `ofKysely(tx)`. */
export interface AuditTransaction {
  query(text: string, values: unknown[]): Promise<unknown>
}

/** A transaction of kysely as what `recordAction` writes into. */
export function ofKysely(tx: { executeQuery(query: CompiledQuery): Promise<unknown> }): AuditTransaction {
  return { query: (text, values) => tx.executeQuery(CompiledQuery.raw(text, values)) }
}

/** What an operator does to whom. */
export interface Action {
  /** Id of the operator, or `command` for a command of this machine. */
  readonly operator: string
  /** `noun.verb`, stable: `payout.approve`. */
  readonly name: string
  /** Id or name of what it is done to, at most 200 characters. */
  readonly subject: string
  /** In the operator's words, at most 500 characters. */
  readonly reason?: string
  /** What else matters, such as an amount in units; never a secret. */
  readonly detail?: Readonly<Record<string, string>>
}

/** `begun`: something outside the database follows, and another row says how it ended. */
export type ActionResult = 'begun' | 'done' | 'refused' | 'failed'

export interface AuditEntry extends Action {
  readonly id: Id<'audt'>
  readonly atMs: number
  readonly result: ActionResult
  /** Of the fault, when it was refused or failed. */
  readonly code: string | undefined
}

export interface AuditFilter {
  readonly operator?: string | undefined
  readonly name?: string | undefined
  readonly subject?: string | undefined
  readonly result?: ActionResult | undefined
  /** Part of the subject, in whatever case; or one of `subjects`. */
  readonly about?: string | undefined
  readonly subjects?: readonly string[] | undefined
  /** ms since 1970: from this one on, and before that one. */
  readonly fromMs?: number | undefined
  readonly toMs?: number | undefined
  /** Only those before this entry. */
  readonly before?: string | undefined
  /** At most 1,000. */
  readonly limit: number
}

interface Row {
  readonly id: Id<'audt'>
  readonly at_ms: bigint
  readonly operator: string
  readonly name: string
  readonly subject: string
  readonly reason: string | null
  readonly detail: Readonly<Record<string, string>>
  readonly result: ActionResult
  readonly code: string | null
}

const pageMax = 1_000
const reasonCharactersMax = 500
const subjectCharactersMax = 200

/** Writes down what an operator does in the transaction that does it: either both are durable, or neither. */
export async function recordAction(transaction: AuditTransaction, { operator, name, subject, reason, detail = {} }: Action, nowMs: number, { result, code }: { readonly result: ActionResult; readonly code?: string } = { result: 'done' }): Promise<void> {
  await transaction.query('insert into audit.actions (id, at_ms, operator, name, subject, reason, detail, result, code) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)', [
    newId('audt', nowMs), nowMs, operator, name, subject.slice(0, subjectCharactersMax), reason?.slice(0, reasonCharactersMax) ?? null, JSON.stringify(detail), result, code?.slice(0, 100) ?? null,
  ])
}

/** What operators did, newest first; and what they do where no transaction can hold it. */
export class AuditLog {
  readonly #pool: Postgres['pool']

  /** With `auditMigrations` applied. */
  constructor({ pool }: Postgres) {
    this.#pool = pool
  }

  /** In a transaction of its own. */
  record(action: Action, nowMs: number, outcome: { readonly result: ActionResult; readonly code?: string }): Promise<void> {
    return recordAction({ query: (text, values) => this.#pool.query(text, values) }, action, nowMs, outcome)
  }

  /** For what happens outside of the database, or in the ledger's own transaction: a row before, which is durable before anything happens, and one after. A refusal is written by whoever answers it. */
  async around<T>(action: Action, nowMs: () => number, work: () => Promise<T>): Promise<T> {
    const begunMs = nowMs()
    await this.record(action, begunMs, { result: 'begun' })
    const value = await work()
    // Ids of one millisecond have no order, and rows are listed by them.
    await this.record(action, Math.max(nowMs(), begunMs + 1), { result: 'done' })
    return value
  }

  /** Who ever did anything, and what was ever done: what can be filtered by. Walks the indexes from value to value. */
  async known(): Promise<{ readonly operators: readonly string[]; readonly names: readonly string[] }> {
    const distinct = async (column: 'operator' | 'name'): Promise<readonly string[]> => {
      const { rows } = await this.#pool.query<{ value: string }>(
        `with recursive found as ((select ${column} as value from audit.actions order by ${column} limit 1) union all
          select (select ${column} from audit.actions where ${column} > found.value order by ${column} limit 1) from found where found.value is not null)
        select value from found where value is not null limit ${pageMax}`)
      return rows.map(({ value }) => value)
    }
    return { operators: await distinct('operator'), names: await distinct('name') }
  }

  async list({ operator, name, subject, result, about, subjects = [], fromMs, toMs, before, limit }: AuditFilter): Promise<readonly AuditEntry[]> {
    const { rows } = await this.#pool.query<Row>(
      `select * from audit.actions where ($1::text is null or operator = $1) and ($2::text is null or name = $2) and ($3::text is null or subject = $3) and ($4::text is null or result = $4) and ($5::text is null or id < $5)
        and ($6::text is null or strpos(lower(subject), lower($6)) > 0 or subject = any($7)) and ($8::int8 is null or at_ms >= $8) and ($9::int8 is null or at_ms < $9)
        order by id desc limit $10`,
      [operator ?? null, name ?? null, subject ?? null, result ?? null, before ?? null, about ?? null, subjects, fromMs ?? null, toMs ?? null, Math.min(limit, pageMax)])
    return rows.map((row) => ({
      id: row.id, atMs: Number(row.at_ms), operator: row.operator, name: row.name, subject: row.subject, ...(row.reason !== null && { reason: row.reason }), detail: row.detail, result: row.result, code: row.code ?? undefined,
    }))
  }
}
