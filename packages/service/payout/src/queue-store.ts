import type { Postgres } from '@rivulet/postgres'

/** What payouts have still to do. Milliseconds since 1970. */
export interface PayoutQueue {
  readonly waiting: number
  readonly failing: number
  /** When the payout that waits longest was last changed. */
  readonly oldestMs: number | null
  readonly dead: number
  readonly lastError: string | null
}

/** Steps of payouts that are not done; checks of a rail that has not decided yet wait without failing. Nothing is ever given up: what cannot be done ends as a transition of its payout. */
export async function payoutQueue({ pool }: Pick<Postgres, 'pool'>): Promise<PayoutQueue> {
  const { rows } = await pool.query<{ waiting: bigint; failing: bigint; oldest: bigint | null; last_error: string | null }>(
    `select count(*) as waiting, count(*) filter (where e.error is not null) as failing, min(p.changed_ms) as oldest, (array_agg(e.error order by e.not_before_ms desc) filter (where e.error is not null))[1] as last_error
      from payout.effect e join payout.payout p on p.id = e.payout_id where e.done_ms is null`)
  const row = rows[0]
  return { waiting: Number(row?.waiting ?? 0n), failing: Number(row?.failing ?? 0n), oldestMs: row?.oldest === null || row === undefined ? null : Number(row.oldest), dead: 0, lastError: row?.last_error ?? null }
}
