import { AssertionFault } from '@rivulet/faults'
import type { Id } from '@rivulet/ids'
import type { Postgres } from '@rivulet/postgres'
import type { Clock } from '@rivulet/time'
import type { QueryResultRow } from 'pg'
import type { FlushAnswer } from './group-commit.ts'
import { answerOf } from './pg-errors.ts'
import { Session } from './session-store.ts'

/** What a flush statement yields: ordinals of the rows that were not applied, and what the statement adds to that. */
export interface FlushOutcome {
  readonly unapplied: readonly number[]
  /** Undefined when the flush turned out to have committed earlier: only what its row kept is known. */
  readonly applied: Buffer | undefined
}

/** One statement that moves the flush row from n-1 to n and writes everything else of the flush. */
export interface FlushStatement {
  readonly name: string
  /** Parameters $1 and $2 are the flush id and n. Yields one row `(unapplied, applied)` of bytea, or none when the row did not say n-1. */
  readonly text: string
}

const statementTimeoutMs = 2_000
const answerTimeoutMs = 5_000
/** Planning costs as much as writing a hundred rows. A plan serves so many flushes, fewer while the tables may still grow manyfold. */
const flushesPerPlanMax = 512
/**
 * Rows are found by key in the order they are sent, which is sorted: no two flushes can wait for each other. A row looked at counts for much and the way to it for nothing, so
 * that no plan looks at more rows than it must even while there are few, or while statistics say so.
 */
export const planSettings = `set enable_hashjoin = off; set enable_mergejoin = off; set enable_seqscan = off; set enable_bitmapscan = off; set max_parallel_workers_per_gather = 0;
  set plan_cache_mode = force_generic_plan; set cpu_tuple_cost = 1; set random_page_cost = 0; set cpu_index_tuple_cost = 0; set jit = off`
const freshPlan = { flushes: 0, flushesMax: 1, bytesMax: 0 }

/** A connection of its own for the flushes of one committer, replaced whenever it breaks, and the flush row of this process start. */
export class FlushStore implements AsyncDisposable {
  readonly #postgres: Postgres
  readonly #clock: Clock
  readonly #id: Id<'flsh'>
  readonly #statement: FlushStatement
  #session: Session | undefined
  #rowInserted = false
  /** How many flushes left with the plan that the session has, with how many it gets another, and the size of the largest. */
  #plan = freshPlan

  /** @param id fresh and never used before, not even before a restore */
  constructor(postgres: Postgres, clock: Clock, id: Id<'flsh'>, statement: FlushStatement) {
    this.#postgres = postgres
    this.#clock = clock
    this.#id = id
    this.#statement = statement
  }

  async flush(n: number, values: readonly Buffer[], again: boolean): Promise<FlushAnswer<FlushOutcome>> {
    let session: Session
    try {
      session = await this.#connection()
      await this.#planAnew(session, values)
    } catch (error) {
      this.#drop()
      return { kind: 'failed', error }
    }
    try {
      const query = { ...this.#statement, values: [this.#id, n, ...values] }
      const { rows } = await session.query<FlushRow & QueryResultRow>(query)
      const row = rows[0]
      if (row !== undefined) return { kind: 'committed', outcome: { unapplied: ordinalsOf(row.unapplied), applied: row.applied ?? Buffer.alloc(0) } }
      return await this.#committedEarlier(session, n, again)
    } catch (error) {
      if (error instanceof AssertionFault) throw error
      const kind = answerOf(error)
      if (kind === 'unknown') this.#drop()
      return { kind, error }
    }
  }

  async #committedEarlier(session: Session, n: number, again: boolean): Promise<FlushAnswer<FlushOutcome>> {
    let found: { n: bigint; unapplied: Buffer }[]
    try {
      found = (await session.query<{ n: bigint; unapplied: Buffer }>('select n, unapplied from ledger.flushes where id = $1', [this.#id])).rows
    } catch (error) {
      this.#drop()
      return { kind: 'unknown', error }
    }
    const row = found[0]
    if (again && row?.n === BigInt(n)) return { kind: 'committed', outcome: { unapplied: ordinalsOf(row.unapplied), applied: undefined } }
    throw new AssertionFault(`flush row ${this.#id} says ${row?.n ?? 'nothing'} where ${n - 1} was expected: another process wrote it, or the database went back in time`)
  }

  /** A plan kept for ever might be from when the tables were all but empty, and look through all rows for each of the batch: they may have grown since when flushes do. */
  async #planAnew(session: Session, values: readonly Buffer[]): Promise<void> {
    const bytes = values.reduce((sum, value) => sum + value.length, 0)
    const { flushes, flushesMax, bytesMax } = this.#plan
    const grown = bytes > 2 * bytesMax
    this.#plan = { flushes: flushes + 1, flushesMax, bytesMax: Math.max(bytes, bytesMax) }
    if (flushes === 0 || (!grown && flushes < flushesMax)) return
    await session.query('discard plans')
    this.#plan = { flushes: 1, flushesMax: grown ? 1 : Math.min(flushesMax * 2, flushesPerPlanMax), bytesMax: Math.max(bytes, bytesMax) }
  }

  async #connection(): Promise<Session> {
    if (this.#session?.lost === false) return this.#session
    const session = await Session.open(this.#postgres, `set synchronous_commit = on; set statement_timeout = ${statementTimeoutMs}; ${planSettings}`, answerTimeoutMs)
    this.#session = session
    this.#plan = freshPlan
    if (!this.#rowInserted) {
      await session.query('insert into ledger.flushes (id, started_at_ms) values ($1, $2) on conflict (id) do nothing', [this.#id, this.#clock.nowMs()])
      this.#rowInserted = true
    }
    return session
  }

  #drop(): void {
    this.#session?.destroy()
    this.#session = undefined
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#drop()
    return Promise.resolve()
  }
}

interface FlushRow {
  readonly unapplied: Buffer
  readonly applied: Buffer | null
}

function ordinalsOf(packed: Buffer): number[] {
  return Array.from({ length: packed.length / 4 }, (_, index) => packed.readInt32BE(index * 4))
}
