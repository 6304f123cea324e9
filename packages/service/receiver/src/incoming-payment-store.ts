import type { Id } from '@rivulet/ids'
import { type Postgres, script, statement } from '@rivulet/postgres'
import { type Generated, type Insertable, type Kysely, type Selectable, sql, type Transaction } from 'kysely'

interface ReceiverTables {
  'receiver.incoming_payment': {
    id: Id<'inpm'>
    wallet_address_id: Id<'wadr'>
    client: string
    incoming_amount: bigint | null
    /** JSON text going in, the object coming out. */
    metadata: unknown
    created_at_ms: bigint
    expires_at_ms: bigint
    completed_at_ms: bigint | null
    /** Null until somebody has looked, after its end. */
    received: Generated<boolean | null>
    /** Units that came on connections which are folded. */
    folded_total: Generated<bigint>
  }
  'receiver.completion': { incoming_payment_id: Id<'inpm'> }
  'receiver.connection': {
    id: Generated<bigint>
    incoming_payment_id: Id<'inpm'>
    destination: string
    connection: Buffer
    seen_total: Generated<bigint | null>
    seen_at_ms: Generated<bigint | null>
    /** Its total is final and counted in its payment. */
    folded: Generated<boolean>
  }
}

export type IncomingPaymentRow = Selectable<ReceiverTables['receiver.incoming_payment']>
export type ConnectionRow = Selectable<ReceiverTables['receiver.connection']>
export type NewConnection = Omit<Insertable<ReceiverTables['receiver.connection']>, 'id' | 'seen_total' | 'seen_at_ms' | 'folded'>

/** What a payment's received amount is made of, all of one moment. */
export interface PaymentConnections {
  readonly foldedTotal: bigint
  /** Those that are not folded, in the order in which they were given out. */
  readonly connections: readonly ConnectionRow[]
}

/** Which payments of a wallet address to list, newest first. */
export interface IncomingPaymentPage {
  readonly walletAddressId: Id<'wadr'>
  /** Only those that this client asked for. */
  readonly client?: string | undefined
  /** Only those older than this one, from the newest on. */
  readonly after?: Id<'inpm'> | undefined
  /** Only those newer than this one, the oldest of them. */
  readonly before?: Id<'inpm'> | undefined
  readonly limit: number
}

export class IncomingPaymentStore {
  readonly #postgres: Postgres
  readonly #db: Kysely<ReceiverTables>

  constructor(postgres: Postgres) {
    this.#postgres = postgres
    this.#db = postgres.kysely<ReceiverTables>()
  }

  /**
   * The payment and its first connection, both or neither. False when its client has `openMax` open ones at its wallet address already; those who ask at the same moment take turns, so the limit is never exceeded.
   * @param openMax undefined for a client without a limit
   */
  insert(payment: Omit<IncomingPaymentRow, 'received' | 'folded_total'>, connection: NewConnection, openMax: number | undefined): Promise<boolean> {
    return this.#db.transaction().execute(async (trx) => {
      if (openMax !== undefined && (await openOf(trx, payment, openMax)) >= openMax) return false
      const metadata = payment.metadata === null ? null : JSON.stringify(payment.metadata)
      await trx.insertInto('receiver.incoming_payment').values({ ...payment, metadata }).execute()
      await trx.insertInto('receiver.connection').values(connection).execute()
      return true
    })
  }

  byId(id: Id<'inpm'>): Promise<IncomingPaymentRow | undefined> {
    return this.#db.selectFrom('receiver.incoming_payment').selectAll().where('id', '=', id).executeTakeFirst()
  }

  /** Payments that ended before `beforeMs` of which nobody knows yet whether anything came. */
  endedBefore(beforeMs: number, limit: number): Promise<IncomingPaymentRow[]> {
    return this.#db.selectFrom('receiver.incoming_payment').selectAll().where('received', 'is', null).where('expires_at_ms', '<', BigInt(beforeMs)).orderBy('expires_at_ms').limit(limit).execute()
  }

  /** Forgets those that got nothing, with their connections; of the others notes that they got something. */
  async sort(empty: readonly Id<'inpm'>[], paid: readonly Id<'inpm'>[]): Promise<void> {
    if (empty.length > 0) await this.#db.deleteFrom('receiver.incoming_payment').where('id', 'in', empty).execute()
    if (paid.length > 0) await this.#db.updateTable('receiver.incoming_payment').set({ received: true }).where('id', 'in', paid).execute()
  }

  /** Notes what connections have brought by now. */
  async saw(connections: readonly { readonly id: bigint; readonly total: bigint }[], atMs: number): Promise<void> {
    if (connections.length === 0) return
    await sql`
      update receiver.connection c set seen_total = u.total, seen_at_ms = ${atMs}
      from unnest(${connections.map(({ id }) => id)}::int8[], ${connections.map(({ total }) => total)}::int8[]) as u(id, total) where c.id = u.id`.execute(this.#db)
  }

  /** Counts closed connections in their payments, each once, whoever else does it at the same time. */
  async fold(closed: readonly { readonly id: bigint; readonly total: bigint }[]): Promise<void> {
    if (closed.length === 0) return
    await sql`
      with input as (select * from unnest(${closed.map(({ id }) => id)}::int8[], ${closed.map(({ total }) => total)}::int8[]) as u(id, total)),
      locked as (select c.id, input.total from receiver.connection c join input using (id) where not c.folded order by c.id for update of c),
      folded as (update receiver.connection c set folded = true from locked where c.id = locked.id returning c.incoming_payment_id, locked.total),
      sums as (select incoming_payment_id as id, sum(total)::int8 as total from folded group by 1)
      update receiver.incoming_payment p set folded_total = p.folded_total + sums.total from sums where p.id = sums.id`.execute(this.#db)
  }

  /** Newest first, whichever end of the list they are cut from. */
  async page({ walletAddressId, client, after, before, limit }: IncomingPaymentPage): Promise<IncomingPaymentRow[]> {
    let query = this.#db.selectFrom('receiver.incoming_payment').selectAll().where('wallet_address_id', '=', walletAddressId)
    if (client !== undefined) query = query.where('client', '=', client)
    if (after !== undefined) query = query.where('id', '<', after)
    if (before !== undefined) query = query.where('id', '>', before)
    const rows = await query.orderBy('id', before === undefined ? 'desc' : 'asc').limit(limit).execute()
    return before === undefined ? rows : rows.toReversed()
  }

  /** What clients wrote to payments of these wallet addresses, and who she was as a client herself. Idempotent. */
  async forget(addresses: readonly { readonly id: Id<'wadr'>; readonly url: string; readonly anonymousUrl: string }[]): Promise<void> {
    for (const { id, url, anonymousUrl } of addresses) {
      await this.#db.updateTable('receiver.incoming_payment').set({ metadata: null }).where('wallet_address_id', '=', id).execute()
      await this.#db.updateTable('receiver.incoming_payment').set({ client: anonymousUrl }).where('client', '=', url).execute()
    }
  }

  async connectionsOf(payments: readonly Id<'inpm'>[]): Promise<ReadonlyMap<Id<'inpm'>, PaymentConnections>> {
    const rows = await this.#db
      .selectFrom('receiver.incoming_payment as p')
      .leftJoin('receiver.connection as c', (join) => join.onRef('c.incoming_payment_id', '=', 'p.id').on('c.folded', '=', false))
      .select(['p.id as payment_id', 'p.folded_total', 'c.id', 'c.incoming_payment_id', 'c.destination', 'c.connection', 'c.seen_total', 'c.seen_at_ms', 'c.folded'])
      .where('p.id', 'in', payments)
      .orderBy('p.id')
      .orderBy('c.id')
      .execute()
    const byPayment = new Map<Id<'inpm'>, { readonly foldedTotal: bigint; readonly connections: ConnectionRow[] }>()
    for (const { payment_id: paymentId, folded_total: foldedTotal, ...connection } of rows) {
      const of = byPayment.get(paymentId) ?? { foldedTotal, connections: [] }
      byPayment.set(paymentId, of)
      if (isConnection(connection)) of.connections.push(connection)
    }
    return byPayment
  }

  /** One more connection, while the payment is open and has less than `connectionsMax` that are not folded; where `newest` is given, only while that is its newest one. False otherwise. */
  addConnection(connection: NewConnection, limits: { readonly newest?: bigint; readonly connectionsMax: number }): Promise<boolean> {
    return this.#db.transaction().execute(async (trx) => {
      const payment = await trx.selectFrom('receiver.incoming_payment').select('completed_at_ms').where('id', '=', connection.incoming_payment_id).forUpdate().executeTakeFirst()
      if (payment?.completed_at_ms !== null) return false
      const { count, newest } = await trx
        .selectFrom('receiver.connection')
        .select((of) => [of.fn.countAll<bigint>().as('count'), of.fn.max('id').as('newest')])
        .where('incoming_payment_id', '=', connection.incoming_payment_id)
        .where('folded', '=', false)
        .executeTakeFirstOrThrow()
      if (count >= BigInt(limits.connectionsMax) || (limits.newest !== undefined && newest !== limits.newest)) return false
      await trx.insertInto('receiver.connection').values(connection).execute()
      return true
    })
  }

  /**
   * Many more connections in one message; those of payments that are completed are left out. Returns the connections that were written, as hex. The lock keeps `complete` away meanwhile.
   * The commit waits for the disk: what is paid over a connection that was lost would count for no payment.
   */
  async addConnections(connections: readonly NewConnection[]): Promise<ReadonlySet<string>> {
    const [rows = []] = await script(this.#postgres.pool, [
      statement(
        `with open as (select p.id from receiver.incoming_payment p where p.id = any($1::text[]) and p.completed_at_ms is null order by p.id for share)
        insert into receiver.connection (incoming_payment_id, destination, connection)
        select input.id, input.destination, input.connection from unnest($1::text[], $2::text[], $3::bytea[]) as input(id, destination, connection) join open using (id) returning connection`,
        [connections.map((one) => one.incoming_payment_id), connections.map((one) => one.destination), connections.map((one) => one.connection)]),
    ])
    return new Set(rows.map((row) => (row as { connection: Buffer }).connection.toString('hex')))
  }

  /** From then on it gets no further connections. `changed` when it has other connections than `newest` by now, or was completed already. */
  complete(id: Id<'inpm'>, atMs: number, newest: bigint): Promise<'completed' | 'changed'> {
    return this.#db.transaction().execute(async (trx) => {
      const payment = await trx.selectFrom('receiver.incoming_payment').select('completed_at_ms').where('id', '=', id).forUpdate().executeTakeFirst()
      const last = await trx.selectFrom('receiver.connection').select((of) => of.fn.max('id').as('newest')).where('incoming_payment_id', '=', id).executeTakeFirst()
      if (payment?.completed_at_ms !== null || last?.newest !== newest) return 'changed'
      await trx.updateTable('receiver.incoming_payment').set({ completed_at_ms: BigInt(atMs) }).where('id', '=', id).execute()
      await trx.insertInto('receiver.completion').values({ incoming_payment_id: id }).execute()
      return 'completed'
    })
  }
}

function isConnection(row: { readonly [Key in keyof ConnectionRow]: ConnectionRow[Key] | null }): row is ConnectionRow {
  return row.id !== null
}

/** How many payments of one client at one wallet address are open, at most `most`. Whoever asks next waits until this transaction ends. */
async function openOf(trx: Transaction<ReceiverTables>, { wallet_address_id: walletAddressId, client, created_at_ms: nowMs }: Pick<IncomingPaymentRow, 'wallet_address_id' | 'client' | 'created_at_ms'>, most: number): Promise<number> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${`receiver.incoming_payment ${walletAddressId} ${client}`}, 0))`.execute(trx)
  const { rows } = await sql<{ count: number }>`
    select count(*)::int as count from (
      select from receiver.incoming_payment where wallet_address_id = ${walletAddressId} and client = ${client} and completed_at_ms is null and expires_at_ms > ${nowMs} limit ${most}) open`.execute(trx)
  return rows[0]?.count ?? 0
}
