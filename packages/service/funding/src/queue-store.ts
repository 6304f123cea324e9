import type { Postgres } from '@rivulet/postgres'

/** What subscriptions have still to do: charges, bookings, sharing, news. Milliseconds since 1970. */
export interface FundingQueue {
  readonly waiting: number
  readonly failing: number
  /** Since when the oldest waits; null also where an earlier version wrote it. */
  readonly oldestMs: number | null
  readonly dead: number
  readonly lastError: string | null
}

/** Nothing is ever given up. */
export async function fundingQueue({ pool }: Pick<Postgres, 'pool'>): Promise<FundingQueue> {
  const { rows } = await pool.query<{ waiting: bigint; failing: bigint; oldest: bigint | null; last_error: string | null }>(
    `select count(*) as waiting, count(*) filter (where error is not null) as failing, min(created_ms) as oldest, (array_agg(error order by not_before_ms desc) filter (where error is not null))[1] as last_error
      from funding.effect where done_ms is null`)
  const row = rows[0]
  return { waiting: Number(row?.waiting ?? 0n), failing: Number(row?.failing ?? 0n), oldestMs: row?.oldest === null || row === undefined ? null : Number(row.oldest), dead: 0, lastError: row?.last_error ?? null }
}
