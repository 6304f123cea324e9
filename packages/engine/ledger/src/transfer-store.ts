import type { Id } from '@rivulet/ids'
import type { Postgres } from '@rivulet/postgres'
import { query } from './query-store.ts'
import type { ReceivedPosting, Transfer } from './types.ts'

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
