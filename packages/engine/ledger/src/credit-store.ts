import type { Id } from '@rivulet/ids'
import type { Postgres } from '@rivulet/postgres'
import { asciiArray, byteaArray, int8Array } from './binary-arrays.ts'
import type { FlushStatement } from './flush-store.ts'
import type { SequenceWindow } from './sequence-window.ts'

/** What one flush brings to one connection: a sum, and the window of its own sequences. */
export interface CreditRow {
  readonly connection: Buffer
  readonly sum: bigint
  readonly window: SequenceWindow
  readonly totalMax: bigint
  readonly closesAtMs: number
  readonly debitAccountId: Id<'acct'>
  readonly creditAccountId: Id<'acct'>
}

export interface ReceivingState {
  readonly total: bigint
  readonly totalMax: bigint
  readonly window: SequenceWindow
  readonly closed: boolean
  readonly closesAtMs: number
  readonly debitAccountId: string | null
  readonly creditAccountId: string | null
}

const distance = '(excluded.highest_sequence - r.highest_sequence)'
/** The row's own window seen from the batch's highest sequence, where that is higher. Shifts are taken only within 0 to 63. */
const rowBits = `(case when r.highest_sequence = 0 or ${distance} > 64 then 0
  else (case when ${distance} = 64 then 0 else r.seen << ${distance}::int4 end) | (1::int8 << (${distance} - 1)::int4) end)`
/** The batch's window seen from the row's highest sequence, where that is at least as high; the distance is then 0 to -64. */
const batchBits = `((case when ${distance} = -64 then 0 else excluded.seen << (-${distance})::int4 end) | (1::int8 << (-${distance} - 1)::int4))`

/**
 * $3 now, $4 connections in ascending order, $5 sums, $6 highest sequences, $7 windows below them, $8 limits, $9 closing times, $10 debit and $11 credit
 * accounts. The guards refuse one row, never the statement; a refused row is looked at afterwards, packet by packet.
 */
export const creditStatement: FlushStatement = {
  name: 'ledger-credit',
  text: `with flush as materialized (select id from ledger.flushes where id = $1 and n = $2::int8 - 1 for update),
  input as materialized (select * from unnest($4::bytea[], $5::int8[], $6::int8[], $7::int8[], $8::int8[], $9::int8[], $10::text[], $11::text[])
    with ordinality as u(connection, sum, highest, seen, total_max, closes_at_ms, debit_account_id, credit_account_id, ordinal)),
  applied as (
    insert into ledger.receiving_streams as r
      (connection, total, highest_sequence, seen, total_max, closes_at_ms, posted_at_ms, debit_account_id, credit_account_id)
    select connection, sum, highest, seen, total_max, closes_at_ms, $3::int8, debit_account_id, credit_account_id from flush, input order by ordinal
    on conflict (connection) do update set
      total = r.total + excluded.total,
      highest_sequence = greatest(r.highest_sequence, excluded.highest_sequence),
      seen = case when ${distance} > 0 then ${rowBits} | excluded.seen else r.seen | ${batchBits} end
    where not r.closed and r.closes_at_ms > $3::int8
      and r.total <= least(r.total_max, excluded.total_max) - excluded.total
      and r.debit_account_id = excluded.debit_account_id and r.credit_account_id = excluded.credit_account_id
      and case when ${distance} > 0 then ${rowBits} & excluded.seen = 0
        when ${distance} = 0 or ${distance} < -64 then false
        else excluded.seen & ((-1::int8) << (64 + ${distance})::int4) = 0 and ${batchBits} & r.seen = 0 end
    returning connection, total),
  moved as (
    update ledger.flushes f set n = $2::int8, unapplied = case when (select count(*) from applied) = cardinality($4::bytea[]) then ''::bytea
      else (select coalesce(string_agg(int4send(ordinal::int4 - 1), ''::bytea), ''::bytea) from input where connection not in (select connection from applied)) end
    from flush where f.id = flush.id returning f.unapplied)
  select unapplied, (select string_agg(substr(connection, 1, 8) || int8send(total), ''::bytea) from applied) as applied from moved`,
}

export function creditValues(nowMs: number, rows: readonly CreditRow[]): Buffer[] {
  const now = Buffer.alloc(8)
  now.writeBigInt64BE(BigInt(nowMs))
  return [
    now, byteaArray(rows.map((row) => row.connection)), int8Array(rows.map((row) => row.sum)), int8Array(rows.map((row) => BigInt(row.window.highest))),
    int8Array(rows.map((row) => row.window.seen)), int8Array(rows.map((row) => row.totalMax)), int8Array(rows.map((row) => BigInt(row.closesAtMs))),
    asciiArray(rows.map((row) => row.debitAccountId)), asciiArray(rows.map((row) => row.creditAccountId)),
  ]
}

/** The totals that the statement returned, row by row; undefined when they are not in the order of the rows that were applied. */
export function totalsOf(applied: Buffer, rows: readonly CreditRow[]): bigint[] | undefined {
  if (applied.length !== rows.length * 16) return undefined
  const totals: bigint[] = []
  for (const [index, row] of rows.entries()) {
    if (applied.compare(row.connection, 0, 8, index * 16, index * 16 + 8) !== 0) return undefined
    totals.push(applied.readBigInt64BE(index * 16 + 8))
  }
  return totals
}

interface StateRow {
  connection: Buffer
  total: bigint
  total_max: bigint
  highest_sequence: bigint
  seen: bigint
  closed: boolean
  closes_at_ms: bigint
  debit_account_id: string | null
  credit_account_id: string | null
}

export class CreditStore {
  readonly #postgres: Postgres

  constructor(postgres: Postgres) {
    this.#postgres = postgres
  }

  /** The rows as they are now, by connection in latin1; rows that have ended are missing. */
  async statesOf(connections: readonly Buffer[]): Promise<Map<string, ReceivingState>> {
    const { rows } = await this.#postgres.pool.query<StateRow>('select * from ledger.receiving_streams where connection = any($1)', [connections])
    return new Map(rows.map((row) => [row.connection.toString('latin1'), {
      total: row.total, totalMax: row.total_max, window: { highest: Number(row.highest_sequence), seen: row.seen }, closed: row.closed,
      closesAtMs: Number(row.closes_at_ms), debitAccountId: row.debit_account_id, creditAccountId: row.credit_account_id,
    }]))
  }

  async totalOf(connection: Buffer): Promise<bigint> {
    const { rows } = await this.#postgres.pool.query<{ total: bigint }>(
      'select total from ledger.receiving_streams where connection = $1 union all select total from ledger.receiving_ended where connection = $1 limit 1', [connection])
    return rows[0]?.total ?? 0n
  }
}
