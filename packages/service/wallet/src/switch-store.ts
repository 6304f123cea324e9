import { type Action, recordAction } from '@rivulet/audit'
import { inTransaction, type Postgres } from '@rivulet/postgres'

/** Whether streams may pay at all, as the operator has decided. */
export interface SwitchState {
  readonly stopped: boolean
  /** In the operator's words; empty while nothing was ever stopped. */
  readonly reason: string
  readonly sinceMs: number
}

const going: SwitchState = { stopped: false, reason: '', sinceMs: 0 }

/** One row for all wallets of the installation: the operator writes it, every wallet process reads it each second. */
export class SwitchStore {
  readonly #pool: Postgres['pool']

  /** With `walletMigrations` applied. */
  constructor({ pool }: Postgres) {
    this.#pool = pool
  }

  async state(): Promise<SwitchState> {
    const { rows } = await this.#pool.query<{ stopped: boolean; reason: string; since_ms: bigint }>('select stopped, reason, since_ms from wallet.stream_switch')
    const row = rows[0]
    return row === undefined ? going : { stopped: row.stopped, reason: row.reason, sinceMs: Number(row.since_ms) }
  }

  /** With what is written down of it, in one transaction. False when it is so already. */
  async set({ stopped, reason, sinceMs }: SwitchState, action: Action): Promise<boolean> {
    return inTransaction(this.#pool, async (client) => {
      const { rowCount } = await client.query(
        `insert into wallet.stream_switch (stopped, reason, since_ms) select $1, $2, $3 where $1 or exists (select from wallet.stream_switch)
          on conflict (one) do update set stopped = excluded.stopped, reason = excluded.reason, since_ms = excluded.since_ms where wallet.stream_switch.stopped <> excluded.stopped`, [stopped, reason, sinceMs])
      if (rowCount === 1) await recordAction(client, action, sinceMs)
      return rowCount === 1
    })
  }
}
