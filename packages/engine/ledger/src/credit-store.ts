import type { Id } from '@rivulet/ids'
import { amountMax } from '@rivulet/money'
import type { Postgres } from '@rivulet/postgres'
import { asciiArray, byteaArray, int8Array, numberArray } from './binary-arrays.ts'
import type { FlushStatement } from './flush-store.ts'
import { query } from './query-store.ts'
import type { SequenceWindow } from './sequence-window.ts'
import type { ReceivingTotal } from './types.ts'

/** What one flush brings to one connection: a sum, and the window of its own sequences. */
export interface CreditRow {
  readonly connection: Buffer
  readonly sum: bigint
  /** Units of the link, 0 where they are those of the account. */
  readonly linkSum: bigint
  readonly window: SequenceWindow
  readonly totalMax: bigint
  readonly closesAtMs: number
  readonly debitAccountId: Id<'acct'>
  readonly creditAccountId: Id<'acct'>
  /** What the row of the connection says, as far as this process knows; undefined for a connection that gets its row now. */
  readonly terms: RowTerms | undefined
}

/** What a row says as long as it lives. No row follows one that has ended: when it ends is part of what the connection is. */
export interface RowTerms {
  readonly totalMax: bigint
  readonly debitAccountId: string | null
  readonly creditAccountId: string | null
}

export interface ReceivingState extends RowTerms {
  readonly total: bigint
  readonly window: SequenceWindow
  readonly closed: boolean
  readonly closesAtMs: number
}

const distance = '(i.highest - r.highest_sequence)'
/** The row's own window seen from the batch's highest sequence, where that is higher. Shifts are taken only within 0 to 63. */
const rowBits = `(case when r.highest_sequence = 0 or ${distance} > 64 then 0
  else (case when ${distance} = 64 then 0 else r.seen << ${distance}::int4 end) | (1::int8 << (${distance} - 1)::int4) end)`
/** The batch's window seen from the row's highest sequence, where that is at least as high; the distance is then 0 to -64. */
const batchBits = `((case when ${distance} = -64 then 0 else i.seen << (-${distance})::int4 end) | (1::int8 << (-${distance} - 1)::int4))`

/** Of `unnest`, for known connections ($4 to $9) and fresh ones ($10 to $18). Arrays that are shorter than the first are filled up with nulls. */
const knownRows = `unnest($4::bytea[], $5::int8[], $6::int8[], $7::int8[], $8::int8[], $9::int8[]) with ordinality
      as i(connection, sum, highest, seen, link_sum, total_max, ordinal)`
const freshRows = `unnest($10::bytea[], $11::int8[], $12::int8[], $13::int8[], $14::int8[], $15::int8[], $16::int8[], $17::text[], $18::text[]) with ordinality
    as u(connection, sum, highest, seen, link_sum, total_max, closes_at_ms, debit_account_id, credit_account_id, ordinal)`

/**
 * $3 now. Of known connections, in ascending order: $4 connections, $5 sums, $6 highest sequences, $7 windows below them, $8 sums in units of the link (empty: all 0), $9 limits lower
 * than those of the rows (empty: none). Of fresh ones the same from $10 on, then closing times, debit and credit accounts. Thousands of rows a second pass here, each value of each is
 * unpacked: what a row says already, accounts and limit, is compared before it is sent. The guards refuse one row, never the statement; a refused row is looked at afterwards, packet by packet.
 * First all inserts, then all updates, both in ascending order, each row in one of them: a flush that updates never waits for one that inserts, so no two
 * flushes can wait for each other. An upsert would do both at once, but locks, logs and checks each known row as if it were new.
 */
export const creditStatement: FlushStatement = {
  name: 'ledger-credit',
  text: `with flush as materialized (select id from ledger.flushes where id = $1 and n = $2::int8 - 1 for update),
  fresh as materialized (select * from ${freshRows}),
  inserted as (
    insert into ledger.receiving_streams
      (connection, total, link_total, highest_sequence, seen, total_max, closes_at_ms, posted_at_ms, debit_account_id, credit_account_id)
    select connection, sum, link_sum, highest, seen, total_max, closes_at_ms, $3::int8, debit_account_id, credit_account_id from flush, fresh order by ordinal
    on conflict (connection) do nothing returning connection),
  updated as (
    update ledger.receiving_streams r set
      total = r.total + i.sum,
      link_total = r.link_total + coalesce(i.link_sum, 0),
      highest_sequence = greatest(r.highest_sequence, i.highest),
      seen = case when ${distance} > 0 then ${rowBits} | i.seen else r.seen | ${batchBits} end
    from flush, ${knownRows}
    where (select count(*) from inserted) >= 0 and r.connection = i.connection
      and not r.closed and r.closes_at_ms > $3::int8
      and r.total <= least(r.total_max, i.total_max) - i.sum
      and case when ${distance} > 0 then ${rowBits} & i.seen = 0
        when ${distance} = 0 or ${distance} < -64 then false
        else i.seen & ((-1::int8) << (64 + ${distance})::int4) = 0 and ${batchBits} & r.seen = 0 end
    returning i.ordinal, r.total),
  moved as (
    update ledger.flushes f set n = $2::int8, unapplied = case
      when (select count(*) from inserted) + (select count(*) from updated) = cardinality($4::bytea[]) + cardinality($10::bytea[]) then ''::bytea
      else (select coalesce(string_agg(int4send(place::int4), ''::bytea), ''::bytea) from (
        select ordinal - 1 as place from generate_series(1, cardinality($4::bytea[])) as ordinal where ordinal not in (select ordinal from updated)
        union all select cardinality($4::bytea[]) + ordinal - 1 from fresh where connection not in (select connection from inserted)) as missing) end
    from flush where f.id = flush.id returning f.unapplied)
  select unapplied, (select string_agg(int4send(ordinal::int4 - 1) || int8send(total), ''::bytea) from updated) as applied from moved`,
}

/** @param known in ascending order; ordinals of the outcome count these first, then `fresh` */
export function creditValues(nowMs: number, known: readonly CreditRow[], fresh: readonly CreditRow[]): Buffer[] {
  const now = Buffer.alloc(8)
  now.writeBigInt64BE(BigInt(nowMs))
  return [
    now, ...arrivals(known), int8Array(whereAny(known, ({ linkSum }) => linkSum, 0n)), int8Array(whereAny(known, ({ totalMax, terms }) => (terms !== undefined && totalMax < terms.totalMax ? totalMax : amountMax), amountMax)),
    ...arrivals(fresh), int8Array(fresh.map((row) => row.linkSum)), int8Array(fresh.map((row) => row.totalMax)), numberArray(fresh.map((row) => row.closesAtMs)),
    asciiArray(fresh.map((row) => row.debitAccountId)), asciiArray(fresh.map((row) => row.creditAccountId)),
  ]
}

/** What every row brings. */
function arrivals(rows: readonly CreditRow[]): Buffer[] {
  return [byteaArray(rows.map((row) => row.connection)), int8Array(rows.map((row) => row.sum)), numberArray(rows.map((row) => row.window.highest)), int8Array(rows.map((row) => row.window.seen))]
}

/** Nothing where all are as usual. */
function whereAny(rows: readonly CreditRow[], of: (row: CreditRow) => bigint, usual: bigint): bigint[] {
  return rows.some((row) => of(row) !== usual) ? rows.map(of) : []
}

/** The totals of the rows after the flush, by ordinal: what the statement returned of the updated ones; an inserted one holds its sum. */
export function totalsOf(applied: Buffer, rows: readonly CreditRow[]): bigint[] {
  const totals = rows.map((row) => row.sum)
  for (let at = 0; at < applied.length; at += 12) totals[applied.readInt32BE(at)] = applied.readBigInt64BE(at + 4)
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
    const rows = await query<StateRow>(this.#postgres, 'select * from ledger.receiving_streams where connection = any($1)', [connections])
    return new Map(rows.map((row) => [row.connection.toString('latin1'), {
      total: row.total, totalMax: row.total_max, window: { highest: Number(row.highest_sequence), seen: row.seen }, closed: row.closed,
      closesAtMs: Number(row.closes_at_ms), debitAccountId: row.debit_account_id, creditAccountId: row.credit_account_id,
    }]))
  }

  async totalOf(connection: Buffer): Promise<bigint> {
    const rows = await query<{ total: bigint }>(this.#postgres,
      'select total from ledger.receiving_streams where connection = $1 union all select total from ledger.receiving_ended where connection = $1 limit 1', [connection])
    return rows[0]?.total ?? 0n
  }

  /** In the order of the question; a connection without a row has received nothing. */
  async totalsOf(connections: readonly Buffer[]): Promise<ReceivingTotal[]> {
    if (connections.length === 0) return []
    const { rows } = await this.#postgres.pool.query<ReceivingTotal & { connection: Buffer }>(
      `select connection, total, closed from ledger.receiving_streams where connection = any($1)
      union all select connection, total, true from ledger.receiving_ended where connection = any($1)`, [connections])
    const known = new Map(rows.map(({ connection, total, closed }) => [connection.toString('latin1'), { total, closed }]))
    return connections.map((connection) => known.get(connection.toString('latin1')) ?? { total: 0n, closed: false })
  }
}
