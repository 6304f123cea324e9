import type { Postgres } from '@rivulet/postgres'

/** Of the payouts that were decided in a time: how many arrived, how many were lost on the way, and how long those took that arrived, ms. */
export interface PayoutFigures {
  readonly settled: number
  readonly lost: number
  readonly p50Ms: number | null
  readonly p95Ms: number | null
}

/** From the timelines, since a time in ms since 1970. One that is tried again counts once for each outcome. */
export async function payoutFigures({ pool }: Pick<Postgres, 'pool'>, fromMs: number): Promise<PayoutFigures> {
  const { rows } = await pool.query<{ settled: bigint; lost: bigint; p50: bigint | null; p95: bigint | null }>(
    `select count(*) filter (where e.status = 'settled') as settled, count(*) filter (where e.status in ('failed', 'returned')) as lost,
        percentile_disc(0.5) within group (order by e.at_ms - p.created_ms) filter (where e.status = 'settled') as p50,
        percentile_disc(0.95) within group (order by e.at_ms - p.created_ms) filter (where e.status = 'settled') as p95
      from payout.event e join payout.payout p on p.id = e.payout_id where e.at_ms >= $1 and e.status in ('settled', 'failed', 'returned')`, [fromMs])
  const row = rows[0]
  const ms = (value: bigint | null | undefined): number | null => (value === null || value === undefined ? null : Number(value))
  return { settled: Number(row?.settled ?? 0n), lost: Number(row?.lost ?? 0n), p50Ms: ms(row?.p50), p95Ms: ms(row?.p95) }
}
