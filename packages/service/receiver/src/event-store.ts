import type { Id } from '@rivulet/ids'
import { inTransaction, type Postgres } from '@rivulet/postgres'
import type { ClientBase } from 'pg'

/** Any constant that no other lock of the house has: one process at a time tells what happened. */
const tellingLock = 7_410_202_609

/** What was told of payments and connections, within one transaction. */
export class EventBook {
  readonly client: ClientBase

  constructor(client: ClientBase) {
    this.client = client
  }

  async cursors(): Promise<Map<string, bigint>> {
    const { rows } = await this.client.query<{ chain_id: string; length: bigint }>('select chain_id, length from receiver.event_cursor')
    return new Map(rows.map(({ chain_id, length }) => [chain_id, length]))
  }

  async moveCursors(cursors: ReadonlyMap<string, bigint>): Promise<void> {
    await this.client.query(
      'insert into receiver.event_cursor (chain_id, length) select * from unnest($1::text[], $2::int8[]) on conflict (chain_id) do update set length = excluded.length', [[...cursors.keys()], [...cursors.values()]])
  }

  /** Those that are open, as far as was told. */
  async watched(): Promise<readonly Watched[]> {
    const { rows } = await this.client.query<{ connection: Buffer; account_id: Id<'acct'> }>('select connection, account_id from receiver.watched_connection where closed_at_ms is null order by connection')
    return rows.map(({ connection, account_id }) => ({ connection, accountId: account_id }))
  }

  /** Those that are watched already, or were, stay as they are. */
  async watch(connections: readonly Watched[]): Promise<void> {
    await this.client.query('insert into receiver.watched_connection (connection, account_id) select * from unnest($1::bytea[], $2::text[]) on conflict do nothing', [connections.map((one) => one.connection), connections.map((one) => one.accountId)])
  }

  async closed(connections: readonly Buffer[], nowMs: number): Promise<void> {
    await this.client.query('update receiver.watched_connection set closed_at_ms = $2 where connection = any($1)', [connections, nowMs])
  }

  async forget(closedBeforeMs: number): Promise<void> {
    await this.client.query('delete from receiver.watched_connection where closed_at_ms < $1', [closedBeforeMs])
  }

  /** The payments of these connections, by connection in hex. */
  async paymentsOf(connections: readonly Buffer[]): Promise<ReadonlyMap<string, Id<'inpm'>>> {
    const { rows } = await this.client.query<{ connection: Buffer; incoming_payment_id: Id<'inpm'> }>('select connection, incoming_payment_id from receiver.connection where connection = any($1)', [connections])
    return new Map(rows.map(({ connection, incoming_payment_id }) => [connection.toString('hex'), incoming_payment_id]))
  }

  /** Takes what was completed by somebody's word since. */
  async takeCompletions(): Promise<readonly Id<'inpm'>[]> {
    const { rows } = await this.client.query<{ incoming_payment_id: Id<'inpm'> }>('delete from receiver.completion returning incoming_payment_id')
    return rows.map(({ incoming_payment_id }) => incoming_payment_id)
  }

  async told(paymentId: Id<'inpm'>): Promise<{ readonly received: bigint; readonly completed: boolean }> {
    const { rows } = await this.client.query<{ received: bigint; completed: boolean }>('select received, completed from receiver.told_payment where incoming_payment_id = $1', [paymentId])
    return rows[0] ?? { received: 0n, completed: false }
  }

  async tell(paymentId: Id<'inpm'>, received: bigint, completed: boolean): Promise<void> {
    await this.client.query(
      `insert into receiver.told_payment (incoming_payment_id, received, completed) values ($1, $2, $3)
        on conflict (incoming_payment_id) do update set received = excluded.received, completed = excluded.completed`, [paymentId, received, completed])
  }
}

export interface Watched {
  readonly connection: Buffer
  readonly accountId: Id<'acct'>
}

/** One transaction, while no other process is at it; undefined when one is. */
export function tellAlone<T>(postgres: Postgres, work: (book: EventBook) => Promise<T>): Promise<T | undefined> {
  return inTransaction(postgres.pool, async (client) => {
    const { rows } = await client.query<{ mine: boolean }>('select pg_try_advisory_xact_lock($1) as mine', [tellingLock])
    return rows[0]?.mine === true ? work(new EventBook(client)) : undefined
  })
}
