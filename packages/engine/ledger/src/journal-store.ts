import { createHash } from 'node:crypto'
import { AssertionFault } from '@rivulet/faults'
import { newId } from '@rivulet/ids'
import { Books, type ChainHead } from './books.ts'
import type { LedgerContext } from './context.ts'
import { planSettings } from './flush-store.ts'
import { type ChainRow, lockRows, type Locks } from './lock-store.ts'
import { answerOf } from './pg-errors.ts'
import { bound, Session } from './session-store.ts'
import { writeBooks } from './write-store.ts'

export type TransactionOutcome = { readonly kind: 'committed' } | { readonly kind: 'failed' | 'unknown'; readonly error: unknown }

const statementTimeoutMs = 5_000
const answerTimeoutMs = 10_000
const genesisOfAll = createHash('sha256').update('rivulet ledger').digest()

/** The transactions of one journal, on a connection of their own, and the hash chain of this process. */
export class JournalStore implements AsyncDisposable {
  readonly #context: LedgerContext
  readonly #chainId: string
  #session: Session | undefined
  /** The heads that the chain may have: one, or two while the outcome of a commit is unknown. */
  #heads: ChainHead[] = []

  constructor(context: LedgerContext) {
    this.#context = context
    this.#chainId = newId('evnt', context.clock.nowMs()).replace('evnt', 'chain')
  }

  /** Locks, lets `work` compute, writes what it touched. `work` runs again from fresh rows when the transaction is repeated. */
  async transaction(locks: Locks, work: (books: Books) => void): Promise<TransactionOutcome> {
    const progress = { commitSent: false }
    try {
      await this.#run(locks, work, progress)
      return { kind: 'committed' }
    } catch (error) {
      const known = answerOf(error) === 'failed'
      if (!(known && (await this.#rolledBack()))) this.#drop()
      return { kind: progress.commitSent && !known ? 'unknown' : 'failed', error }
    }
  }

  async #run(locks: Locks, work: (books: Books) => void, progress: { commitSent: boolean }): Promise<void> {
    const session = await this.#connection()
    const locked = await lockRows(session, this.#chainId, locks)
    const chain = this.#chainOf(locked.chain)
    const books = new Books({ nowMs: this.#context.clock.nowMs(), ...locked, chain })
    work(books)
    const unused = locked.vacant.filter((connection) => !books.receiving.has(connection.toString('hex')))
    const written = [...writeBooks(books), ...(unused.length === 0 ? [] : [bound('delete from ledger.receiving_streams where connection = any($1::bytea[])', [unused])])]
    progress.commitSent = true
    this.#heads = [chain, books.chain]
    await session.script([...written, 'commit'])
    this.#heads = [books.chain]
  }

  async #connection(): Promise<Session> {
    if (this.#session?.lost === false) return this.#session
    // Plans are kept: none may be one from when the tables were small, that would read all of them for every batch, and hold its locks meanwhile.
    const settings = `set synchronous_commit = on; set statement_timeout = ${statementTimeoutMs}; set idle_in_transaction_session_timeout = ${answerTimeoutMs};
      ${planSettings}`
    const session = await Session.open(this.#context.postgres, settings, answerTimeoutMs)
    try {
      if (this.#heads.length === 0) await this.#startChain(session)
    } catch (error) {
      // A session is kept only with its chain begun: the next attempt opens another and begins it.
      session.destroy()
      throw error
    }
    this.#session = session
    return session
  }

  /** A new chain starts from every head that no chain has started from: what older chains say can no longer be changed unseen. */
  async #startChain(client: Session): Promise<void> {
    const { rows } = await client.query<{ id: string; length: bigint; head: Buffer }>(
      `select id, length, head from ledger.chains c where id <> $1 and not exists (select from ledger.chain_starts s where s.from_chain_id = c.id and s.from_length = c.length) order by id`, [this.#chainId])
    const hash = createHash('sha256').update(genesisOfAll)
    for (const { id, length, head } of rows) hash.update(`${id}\n${length}\n`).update(head)
    const genesis = hash.digest()
    await client.query(
      `with chain as (insert into ledger.chains (id, started_at_ms, genesis, head) values ($1, $2, $3, $3) on conflict do nothing returning id)
      insert into ledger.chain_starts (chain_id, from_chain_id, from_length, from_head) select chain.id, u.id, u.length, u.head from chain, unnest($4::text[], $5::int8[], $6::bytea[]) as u(id, length, head)`,
      [this.#chainId, this.#context.clock.nowMs(), genesis, rows.map((row) => row.id), rows.map((row) => row.length), rows.map((row) => row.head)])
  }

  #chainOf(row: ChainRow | undefined): ChainHead {
    if (row === undefined) throw new AssertionFault(`chain ${this.#chainId} is not in the database: it went back in time`)
    const found: ChainHead = { id: this.#chainId, length: Number(row.length), head: row.head }
    if (this.#heads.length === 0 && found.length === 0) return found
    if (!this.#heads.some((head) => head.length === found.length && head.head.equals(found.head))) {
      throw new AssertionFault(`chain ${this.#chainId} has length ${found.length}, which this process did not write`)
    }
    return found
  }

  async #rolledBack(): Promise<boolean> {
    try {
      await this.#session?.query('rollback')
      return true
    } catch {
      return false
    }
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
