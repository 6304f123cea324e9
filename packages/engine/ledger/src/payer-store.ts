import type { Id } from '@rivulet/ids'
import type { Postgres } from '@rivulet/postgres'
import { query } from './query-store.ts'

/** Who pays: the streams of one account, and what their labels call her. Labels are no part of the books. */
export class PayerStore {
  readonly #postgres: Postgres

  constructor(postgres: Postgres) {
    this.#postgres = postgres
  }

  /** Whether money of these accounts is held by streams that are open or in doubt. */
  async isStreaming(accountIds: readonly Id<'acct'>[]): Promise<boolean> {
    return (await query(this.#postgres, `select from ledger.sending_streams where debit_account_id = any($1) and state <> 'closed' limit 1`, [accountIds])).length > 0
  }

  /** Calls the payer otherwise in the labels of all streams that are closed. */
  async rename(accountId: Id<'acct'>, payer: string): Promise<void> {
    await query(this.#postgres, `update ledger.sending_details set label = label || jsonb_build_object('payer', $2::text) where label->>'payer' <> $2 and id in (select id from ledger.sending_streams where debit_account_id = $1 and state = 'closed')`, [accountId, payer])
  }
}
