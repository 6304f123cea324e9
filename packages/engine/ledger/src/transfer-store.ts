import { type Id, idFloor } from '@rivulet/ids'
import type { Postgres } from '@rivulet/postgres'
import { query } from './query-store.ts'
import type { Movement, Movements, ReceivedPosting, Spent, Transfer } from './types.ts'

export interface TransferRow {
  id: Id<'xfer'>
  key: string
  debit_account_id: Id<'acct'>
  credit_account_id: Id<'acct'>
  amount: bigint
  reason: string
  stream: string | null
  posted_at_ms: bigint
}

export const transferColumns = 'id, key, debit_account_id, credit_account_id, amount, reason, stream, posted_at_ms'

export function transferOf(row: TransferRow): Transfer {
  return {
    id: row.id, key: row.key, debitAccountId: row.debit_account_id, creditAccountId: row.credit_account_id, amount: row.amount, reason: row.reason,
    ...(row.stream === null ? {} : { stream: row.stream }), postedAtMs: Number(row.posted_at_ms),
  }
}

/** A receiving row is named by its connection, a sending row by its id. */
const connectionPattern = /^[0-9a-f]{64}$/

export class TransferStore {
  readonly #postgres: Postgres

  constructor(postgres: Postgres) {
    this.#postgres = postgres
  }

  /** Newest first; `before` is the last id of the page before. */
  async of(accountId: Id<'acct'>, limit: number, before: Id<'xfer'> | undefined): Promise<Transfer[]> {
    const rows = await query<TransferRow>(this.#postgres,
      `select ${transferColumns} from (
        (select ${transferColumns} from ledger.transfers where debit_account_id = $1 and id < $2 order by id desc limit $3)
        union all (select ${transferColumns} from ledger.transfers where credit_account_id = $1 and id < $2 order by id desc limit $3)) both_sides
      order by id desc limit $3`, [accountId, before ?? 'xfer_~', limit])
    return rows.map(transferOf)
  }

  /** One statement, so that movements and balances are of one moment. Money that leaves and money that comes are never set off against each other. */
  async movements(accountIds: readonly Id<'acct'>[], fromMs: number, untilMs: number, limit: number): Promise<Movements | undefined> {
    const rows = await query<{ account_id: Id<'acct'>; day: number | null; reason: string; site: string | null; amount: bigint }>(this.#postgres,
      `with moves as (
          select credit_account_id as account_id, amount, 1 as sign, reason, stream, posted_at_ms from ledger.transfers where credit_account_id = any($1) and id >= $2
          union all select debit_account_id, -amount, -1, reason, stream, posted_at_ms from ledger.transfers where debit_account_id = any($1) and id >= $2),
        known as (select account_id, case when posted_at_ms < $3 then (posted_at_ms / 86400000)::int end as day, reason, sign, amount,
          case when reason = 'stream' and stream ~ '^[0-9a-f]{64}$' and posted_at_ms < $3 then (select d.label->>'site' from ledger.sending_details d where d.connection = decode(stream, 'hex') limit 1) end as site from moves)
        (select account_id, day, reason, site, sum(amount)::int8 as amount from known group by account_id, day, reason, site, sign order by account_id, day, reason, site limit $4)
        union all select id, null, 'balance', null, credits_posted - debits_posted from ledger.accounts where id = any($1)`, [accountIds, idFloor('xfer', fromMs), untilMs, limit + 1])
    const movements: Movement[] = []
    const closing = new Map(accountIds.map((id) => [id, 0n]))
    for (const { account_id: accountId, day, reason, site, amount } of rows) {
      if (day !== null) movements.push({ accountId, day, reason, site: site ?? undefined, amount })
      else closing.set(accountId, (closing.get(accountId) ?? 0n) + (reason === 'balance' ? amount : -amount))
    }
    if (rows.length - accountIds.length > limit) return undefined
    const moved = new Map<Id<'acct'>, bigint>()
    for (const { accountId, amount } of movements) moved.set(accountId, (moved.get(accountId) ?? 0n) + amount)
    return { movements, balances: new Map(Array.from(closing, ([id, amount]) => [id, { opening: amount - (moved.get(id) ?? 0n), closing: amount }])) }
  }

  /** One statement, so that what a stream posts meanwhile is counted once. */
  async spent(accountId: Id<'acct'>, { fromMs, untilMs, nowMs, limit }: { readonly fromMs: number; readonly untilMs: number; readonly nowMs: number; readonly limit: number }): Promise<Spent[]> {
    const rows = await query<{ day: number; reason: string; key: string | null; stream: Id<'strm'> | null; site: string | null; payee: string | null; amount: bigint }>(this.#postgres,
      `with parts as (
          select (posted_at_ms / 86400000)::int as day, reason, case when stream is null then key end as key, stream, amount from ledger.transfers where debit_account_id = $1 and id >= $2 and posted_at_ms < $3
          union all select ($4::int8 / 86400000)::int, 'stream', null, id, total - posted from ledger.sending_streams where debit_account_id = $1 and state <> 'closed' and total > posted and $4::int8 >= $5::int8 and $4::int8 < $3),
        named as (select p.day, p.reason, p.key, p.stream, d.label->>'site' as site, d.label->>'payee' as payee, p.amount from parts p left join ledger.sending_details d on d.id = p.stream)
      select day, reason, key, case when site is null then stream end as stream, site, payee, sum(amount)::int8 as amount from named group by 1, 2, 3, 4, 5, 6 order by day, site, payee, reason, stream, key limit $6`,
      [accountId, idFloor('xfer', fromMs), untilMs, nowMs, fromMs, limit])
    return rows.map((row) => ({ ...row, key: row.key ?? undefined, stream: row.stream ?? undefined, site: row.site ?? undefined, payee: row.payee ?? undefined }))
  }

  async cameBack(accountId: Id<'acct'>, { fromMs, untilMs }: { readonly fromMs: number; readonly untilMs: number }): Promise<bigint> {
    const rows = await query<{ amount: bigint }>(this.#postgres,
      `select coalesce(sum(amount), 0)::int8 as amount from ledger.transfers where credit_account_id = $1 and reason = 'share-returned' and id >= $2 and posted_at_ms < $3`, [accountId, idFloor('xfer', fromMs), untilMs])
    return rows[0]?.amount ?? 0n
  }

  /** A chain is written in order, so whoever reads it from where it was misses nothing, which ids and times do not promise. */
  async receivedSince(cursors: ReadonlyMap<string, bigint>, limit: number): Promise<ReceivedPosting[]> {
    const rows = await query<{ chain_id: string; chain_length: bigint; stream: string | null; reason: string; credit_account_id: Id<'acct'> }>(this.#postgres,
      `select t.chain_id, t.chain_length, t.stream, t.reason, t.credit_account_id from ledger.chains c
        left join unnest($1::text[], $2::int8[]) as seen(id, length) on seen.id = c.id
        cross join lateral (select * from ledger.transfers where chain_id = c.id and chain_length > coalesce(seen.length, 0) order by chain_length limit $3) t
        where c.length > coalesce(seen.length, 0) order by t.chain_id, t.chain_length limit $3`, [[...cursors.keys()], [...cursors.values()], limit])
    return rows.map(({ chain_id: chainId, chain_length: chainLength, stream, reason, credit_account_id: accountId }) => ({
      chainId, chainLength, ...(reason === 'stream' && stream !== null && connectionPattern.test(stream) && { received: { connection: Buffer.from(stream, 'hex'), accountId } }),
    }))
  }
}
