import type { Postgres } from '@rivulet/postgres'
import type { Locks } from './lock-store.ts'

/** False when nothing is due for posting: mostly nothing is, and then nothing need be locked to find that out. */
export function mayBeDue(postgres: Postgres, { postedBeforeMs, endedBeforeMs }: NonNullable<Locks['due']>): Promise<boolean> {
  return mayBe(postgres,
    `exists (select from ledger.sending_streams where state <> 'closed' and total > posted and posted_at_ms <= $1)
      or exists (select from ledger.receiving_streams where (total > posted and (posted_at_ms <= $1 or closed)) or closes_at_ms <= $2)`, [postedBeforeMs, endedBeforeMs])
}

/** False when no sending row has lost its owner. */
export function mayBeAbandoned(postgres: Postgres, { sendUntilBeforeMs, nowMs }: NonNullable<Locks['abandoned']>): Promise<boolean> {
  return mayBe(postgres, `exists (select from ledger.sending_streams where state <> 'closed' and send_until_ms <= $1 and claimed_until_ms <= $2)`, [sendUntilBeforeMs, nowMs])
}

/** A look that fails says nothing: whoever locks the rows learns more. */
async function mayBe(postgres: Postgres, condition: string, values: readonly number[]): Promise<boolean> {
  try {
    const { rows } = await postgres.pool.query<{ may: boolean }>(`select ${condition} as may`, [...values])
    return rows[0]?.may === true
  } catch {
    return true
  }
}
