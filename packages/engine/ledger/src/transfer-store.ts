import type { Id } from '@rivulet/ids'
import type { Postgres } from '@rivulet/postgres'
import { query } from './query-store.ts'
import type { Transfer } from './types.ts'

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
}
