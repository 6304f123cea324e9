import { createHash } from 'node:crypto'
import { AssertionFault } from '@rivulet/faults'
import { newId, type Id } from '@rivulet/ids'
import { type AccountRow, accountOf } from './account-store.ts'
import { type AccountDraft, Books, type ChainHead, type ExchangeAccounts, type ReceivingDraft, type SendingDraft } from './books.ts'
import type { LedgerContext } from './context.ts'
import { answerOf } from './pg-errors.ts'
import { Session } from './session-store.ts'
import { sendingColumns, sendingOf, type SendingRow } from './sending-store.ts'
import { transferColumns, transferOf, type TransferRow } from './transfer-store.ts'
import type { Account, Transfer } from './types.ts'
import { writeBooks } from './write-store.ts'

/** What a batch needs locked. Everything is locked in one order: own chain, sending rows, receiving rows that are missing, those that exist, accounts; each kind by its key. */
export interface Locks {
  readonly accountIds: readonly Id<'acct'>[]
  readonly sendingIds: readonly Id<'strm'>[]
  readonly connections: readonly Buffer[]
  readonly keys: readonly string[]
  /** Also the receiving rows of the sending rows whose receiver is ours. */
  readonly withReceiving: boolean
  /** Rows that are due for posting or have ended, as many as nobody else has locked. */
  readonly due?: { readonly postedBeforeMs: number; readonly endedBeforeMs: number; readonly rowsMax: number } | undefined
  /** Sending rows whose owner is gone, as many as nobody else has locked. */
  readonly abandoned?: { readonly sendUntilBeforeMs: number; readonly nowMs: number; readonly rowsMax: number } | undefined
}

export type TransactionOutcome = { readonly kind: 'committed' } | { readonly kind: 'failed' | 'unknown'; readonly error: unknown }

interface ReceivingRow {
  connection: Buffer
  debit_account_id: Id<'acct'> | null
  credit_account_id: Id<'acct'> | null
  total: bigint
  posted: bigint
  link_total: bigint
  link_posted: bigint
  posted_at_ms: bigint
  closed: boolean
  closes_at_ms: bigint
}

const statementTimeoutMs = 5_000
const answerTimeoutMs = 10_000
const receivingColumns = 'connection, debit_account_id, credit_account_id, total, posted, link_total, link_posted, posted_at_ms, closed, closes_at_ms'
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
    const client = await this.#connection()
    await client.query('begin')
    const chain = await this.#lockChain(client)
    const sending = await lockSending(client, locks)
    const receiving = await lockReceiving(client, locks, sending)
    const { accounts, exchanges } = await lockAccounts(client, locks, { sending, receiving })
    const books = new Books({
      nowMs: this.#context.clock.nowMs(), chain, accounts, exchanges, sending, receiving: receiving.rows, ended: receiving.ended, transfers: await bookedTransfers(client, locks.keys),
    })
    work(books)
    await writeBooks(client, books)
    await removeVacant(client, receiving.vacant, books)
    progress.commitSent = true
    this.#heads = [chain, books.chain]
    await client.query('commit')
    this.#heads = [books.chain]
  }

  async #connection(): Promise<Session> {
    if (this.#session?.lost === false) return this.#session
    // A plan for each batch: one kept from when the tables were small would read all of them for every batch, and hold its locks meanwhile.
    const settings = `set synchronous_commit = on; set statement_timeout = ${statementTimeoutMs}; set idle_in_transaction_session_timeout = ${answerTimeoutMs};
      set plan_cache_mode = force_custom_plan; set jit = off`
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

  async #lockChain(client: Session): Promise<ChainHead> {
    const { rows } = await client.query<{ length: bigint; head: Buffer }>({ name: 'ledger-lock-chain', text: 'select length, head from ledger.chains where id = $1 for no key update', values: [this.#chainId] })
    const row = rows[0]
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

async function lockSending(client: Session, locks: Locks): Promise<Map<string, SendingDraft>> {
  const drafts = new Map<string, SendingDraft>()
  const take = async (where: string, values: unknown[], name?: string): Promise<void> => {
    const text = `select ${sendingColumns} from ledger.sending_streams s join ledger.sending_details d using (id) ${where}`
    const { rows } = await client.query<SendingRow>({ text, values, ...(name !== undefined && { name }) })
    for (const row of rows) drafts.set(row.id, sendingOf(row))
  }
  if (locks.sendingIds.length > 0) await take('where s.id = any($1) order by s.id for no key update of s', [locks.sendingIds], 'ledger-lock-sending')
  if (locks.due !== undefined) {
    await take(`where s.state <> 'closed' and s.total > s.posted and s.posted_at_ms <= $1 order by s.id limit $2 for no key update of s skip locked`, [locks.due.postedBeforeMs, locks.due.rowsMax])
  }
  if (locks.abandoned !== undefined) {
    await take(`where s.state <> 'closed' and s.send_until_ms <= $1 and s.claimed_until_ms <= $2 order by s.id limit $3 for no key update of s skip locked`,
      [locks.abandoned.sendUntilBeforeMs, locks.abandoned.nowMs, locks.abandoned.rowsMax])
  }
  return drafts
}

interface LockedReceiving {
  readonly rows: Map<string, ReceivingDraft>
  readonly ended: Map<string, { readonly total: bigint; readonly linkTotal: bigint }>
  /** Connections without a row. Each has one for the time of this transaction, closed and empty, and keeps it if an entry inserts it. */
  readonly vacant: readonly Buffer[]
}

async function lockReceiving(client: Session, locks: Locks, sending: ReadonlyMap<string, SendingDraft>): Promise<LockedReceiving> {
  const drafts = new Map<string, ReceivingDraft>()
  const ended = new Map<string, { total: bigint; linkTotal: bigint }>()
  const connections = [...locks.connections]
  if (locks.withReceiving) for (const stream of sending.values()) if (stream.resume.receiverIsOurs) connections.push(stream.connection)
  const vacant = await holdVacant(client, connections)
  const take = (rows: readonly ReceivingRow[]): void => {
    for (const row of rows) drafts.set(row.connection.toString('hex'), receivingOf(row))
    for (const connection of vacant) drafts.delete(connection.toString('hex'))
  }
  if (connections.length > 0) {
    take((await client.query<ReceivingRow>(`select ${receivingColumns} from ledger.receiving_streams where connection = any($1) order by connection for no key update`, [connections])).rows)
    const { rows } = await client.query<{ connection: Buffer; total: bigint; link_total: bigint }>('select connection, total, link_total from ledger.receiving_ended where connection = any($1)', [connections])
    for (const row of rows) ended.set(row.connection.toString('hex'), { total: row.total, linkTotal: row.link_total })
  }
  if (locks.due !== undefined) {
    const { postedBeforeMs, endedBeforeMs, rowsMax } = locks.due
    take((await client.query<ReceivingRow>(
      `select ${receivingColumns} from ledger.receiving_streams where (total > posted and (posted_at_ms <= $1 or closed)) or closes_at_ms <= $2 order by connection limit $3 for no key update skip locked`,
      [postedBeforeMs, endedBeforeMs, rowsMax])).rows)
  }
  return { rows: drafts, ended, vacant }
}

/**
 * Takes the place of every row that is missing, before any row that exists is locked: as a flush does, which first inserts and then updates, both in ascending
 * order. If one of the two did it the other way round, each could wait for the other.
 */
async function holdVacant(client: Session, connections: readonly Buffer[]): Promise<Buffer[]> {
  if (connections.length === 0) return []
  const { rows } = await client.query<{ connection: Buffer }>(
    `insert into ledger.receiving_streams (connection, total, highest_sequence, seen, total_max, posted_at_ms, closes_at_ms, closed)
    select connection, 0, 0, 0, 0, 0, 0, true from (select distinct unnest($1::bytea[]) as connection) u
    where not exists (select from ledger.receiving_streams r where r.connection = u.connection) and not exists (select from ledger.receiving_ended e where e.connection = u.connection)
    order by connection on conflict (connection) do nothing returning connection`, [connections])
  return rows.map(({ connection }) => connection)
}

async function removeVacant(client: Session, vacant: readonly Buffer[], books: Books): Promise<void> {
  const unused = vacant.filter((connection) => !books.receiving.has(connection.toString('hex')))
  if (unused.length > 0) await client.query('delete from ledger.receiving_streams where connection = any($1)', [unused])
}

interface LockedAccounts {
  readonly accounts: Map<string, AccountDraft>
  readonly exchanges: Map<string, ExchangeAccounts>
}

async function lockAccounts(client: Session, locks: Locks, streams: { sending: ReadonlyMap<string, SendingDraft>; receiving: LockedReceiving }): Promise<LockedAccounts> {
  const ids = new Set<string>(locks.accountIds)
  for (const { debitAccountId, creditAccountId, lossAccountId } of streams.sending.values()) ids.add(debitAccountId).add(creditAccountId).add(lossAccountId)
  for (const { debitAccountId, creditAccountId } of streams.receiving.rows.values()) {
    if (debitAccountId !== undefined) ids.add(debitAccountId)
    if (creditAccountId !== undefined) ids.add(creditAccountId)
  }
  if (ids.size === 0) return { accounts: new Map(), exchanges: new Map() }
  const exchanges = await exchangesOf(client, streams)
  for (const { farAccountId, linkAccountId } of exchanges.values()) ids.add(farAccountId).add(linkAccountId)
  const { rows } = await client.query<AccountRow>({ name: 'ledger-lock-accounts', text: 'select * from ledger.accounts where id = any($1) order by id for no key update', values: [[...ids]] })
  return { accounts: new Map<string, Account>(rows.map((row) => [row.id, accountOf(row)])), exchanges }
}

/** Of the rows whose amounts passed a link in another asset. */
async function exchangesOf(client: Session, streams: { sending: ReadonlyMap<string, SendingDraft>; receiving: LockedReceiving }): Promise<Map<string, ExchangeAccounts>> {
  const ids = new Set<string>()
  for (const { creditAccountId } of streams.sending.values()) ids.add(creditAccountId)
  for (const { debitAccountId, linkTotal } of streams.receiving.rows.values()) if (linkTotal > 0n && debitAccountId !== undefined) ids.add(debitAccountId)
  if (ids.size === 0) return new Map()
  const { rows } = await client.query<{ account_id: string; far_account_id: Id<'acct'>; link_account_id: Id<'acct'> }>({
    name: 'ledger-exchanges', text: 'select * from ledger.exchanges where account_id = any($1)', values: [[...ids]],
  })
  return new Map(rows.map((row) => [row.account_id, { farAccountId: row.far_account_id, linkAccountId: row.link_account_id }]))
}

async function bookedTransfers(client: Session, keys: readonly string[]): Promise<Map<string, Transfer>> {
  if (keys.length === 0) return new Map()
  const { rows } = await client.query<TransferRow>(`select ${transferColumns} from ledger.transfers where key = any($1)`, [keys])
  return new Map(rows.map((row) => [row.key, transferOf(row)]))
}

function receivingOf(row: ReceivingRow): ReceivingDraft {
  return {
    connection: row.connection, debitAccountId: row.debit_account_id ?? undefined, creditAccountId: row.credit_account_id ?? undefined, total: row.total, posted: row.posted, linkTotal: row.link_total, linkPosted: row.link_posted,
    postedAtMs: Number(row.posted_at_ms), closed: row.closed, closesAtMs: Number(row.closes_at_ms),
  }
}
