import type { Id } from '@rivulet/ids'
import type { Asset, Ratio } from '@rivulet/money'
import type { Postgres } from '@rivulet/postgres'
import { asciiArray, int8Array, numberArray } from './binary-arrays.ts'
import type { SendingDraft } from './books.ts'
import type { FlushStatement } from './flush-store.ts'
import { query } from './query-store.ts'
import type { ExpectedArrival, SendingStream, SendingTotals, StreamLabel } from './types.ts'

export interface SendingRow {
  id: Id<'strm'>
  state: SendingStream['state']
  total: bigint
  posted: bigint
  excess: bigint
  link_total: bigint
  link_posted: bigint
  delivered: bigint
  held: bigint
  posted_at_ms: bigint
  send_until_ms: bigint
  claimed_until_ms: bigint
  owner_epoch: number
  debit_account_id: Id<'acct'>
  credit_account_id: Id<'acct'>
  loss_account_id: Id<'acct'>
  connection: Buffer
  rate: bigint
  destination: string
  encrypted_secret: Buffer
  receiver_is_ours: boolean
  link_price_numerator: string | null
  link_price_denominator: string | null
  arrival: ArrivalJson | null
  owner_id: Id<'ownr'>
  label: StreamLabel
  sequence_ceiling: bigint
  opened_at_ms: bigint
  close_reason: string | null
}

export const sendingColumns = `s.id, s.state, s.total, s.posted, s.excess, s.link_total, s.link_posted, s.delivered, s.held, s.posted_at_ms, s.send_until_ms, s.claimed_until_ms, s.owner_epoch, s.debit_account_id, s.credit_account_id,
  d.loss_account_id, d.connection, d.rate, d.destination, d.encrypted_secret, d.receiver_is_ours, d.link_price_numerator, d.link_price_denominator, d.arrival, d.owner_id, d.label, d.sequence_ceiling, d.opened_at_ms, d.close_reason`

export function sendingOf(row: SendingRow): SendingDraft {
  return {
    id: row.id, state: row.state, total: row.total, posted: row.posted, excess: row.excess, linkTotal: row.link_total, linkPosted: row.link_posted, delivered: row.delivered, held: row.held, postedAtMs: Number(row.posted_at_ms), sendUntilMs: Number(row.send_until_ms),
    claimedUntilMs: Number(row.claimed_until_ms), ownerEpoch: row.owner_epoch, debitAccountId: row.debit_account_id, creditAccountId: row.credit_account_id, lossAccountId: row.loss_account_id,
    connection: row.connection, rate: row.rate, resume: { destination: row.destination, encryptedSecret: row.encrypted_secret, receiverIsOurs: row.receiver_is_ours, linkPrice: linkPriceOf(row), arrival: row.arrival === null ? undefined : arrivalOf(row.arrival) },
    ownerId: row.owner_id, label: row.label, sequenceCeiling: Number(row.sequence_ceiling), openedAtMs: Number(row.opened_at_ms), closeReason: row.close_reason ?? undefined,
  }
}

function linkPriceOf({ link_price_numerator: numerator, link_price_denominator: denominator }: SendingRow): Ratio | undefined {
  return numerator === null || denominator === null ? undefined : { numerator: BigInt(numerator), denominator: BigInt(denominator) }
}

/** An expected arrival as its column has it: units in decimal strings. */
interface ArrivalJson {
  readonly asset: Asset
  readonly price: readonly [numerator: string, denominator: string]
  readonly most: string | null
  readonly whole: string | null
}

export function arrivalJson({ asset: { code, scale }, price, most, whole }: ExpectedArrival): string {
  const json: ArrivalJson = { asset: { code, scale }, price: [price.numerator.toString(), price.denominator.toString()], most: most?.toString() ?? null, whole: whole?.toString() ?? null }
  return JSON.stringify(json)
}

function arrivalOf({ asset, price: [numerator, denominator], most, whole }: ArrivalJson): ExpectedArrival {
  return { asset, price: { numerator: BigInt(numerator), denominator: BigInt(denominator) }, most: most === null ? undefined : BigInt(most), whole: whole === null ? undefined : BigInt(whole) }
}

/** The latest total of one stream and owner within a flush. */
export interface BookingRow {
  readonly id: Id<'strm'>
  readonly ownerEpoch: number
  readonly total: bigint
  readonly linkTotal: bigint
  readonly delivered: bigint
}

/**
 * $3 stream ids in ascending order, $4 epochs, $5 totals, $6 totals of the link, $7 what was delivered. What the guards leave out goes through the journal. The state is compared so that the index
 * of live streams is not taken: statistics of a quiet hour say that it is empty, and then a plan goes through all of it for each row of the input.
 */
export const bookingStatement: FlushStatement = {
  name: 'ledger-booking',
  text: `with flush as materialized (select id from ledger.flushes where id = $1 and n = $2::int8 - 1 for update),
  input as materialized (select * from unnest($3::text[], $4::int8[], $5::int8[], $6::int8[], $7::int8[]) with ordinality as u(id, owner_epoch, total, link_total, delivered, ordinal)),
  applied as (
    update ledger.sending_streams s set total = greatest(s.total, input.total), link_total = greatest(s.link_total, input.link_total), delivered = greatest(s.delivered, input.delivered) from flush, input
    where s.id = input.id and s.owner_epoch = input.owner_epoch and s.state || '' <> 'closed' and s.excess = 0 and input.total <= s.held returning input.ordinal),
  moved as (
    update ledger.flushes f set n = $2::int8, unapplied = case when (select count(*) from applied) = cardinality($3::text[]) then ''::bytea
      else (select coalesce(string_agg(int4send(ordinal::int4 - 1), ''::bytea), ''::bytea) from input where ordinal not in (select ordinal from applied)) end
    from flush where f.id = flush.id returning f.unapplied)
  select unapplied, null::bytea as applied from moved`,
}

export function bookingValues(rows: readonly BookingRow[]): Buffer[] {
  return [asciiArray(rows.map((row) => row.id)), numberArray(rows.map((row) => row.ownerEpoch)), int8Array(rows.map((row) => row.total)), int8Array(rows.map((row) => row.linkTotal)), int8Array(rows.map((row) => row.delivered))]
}

export class SendingStore {
  readonly #postgres: Postgres

  constructor(postgres: Postgres) {
    this.#postgres = postgres
  }

  async get(id: Id<'strm'>): Promise<SendingDraft | undefined> {
    const rows = await query<SendingRow>(this.#postgres, `select ${sendingColumns} from ledger.sending_streams s join ledger.sending_details d using (id) where s.id = $1`, [id])
    return rows[0] && sendingOf(rows[0])
  }

  /** Newest first. */
  async list(states: readonly SendingStream['state'][], limit: number): Promise<SendingDraft[]> {
    const live = states.includes('closed') ? '' : `and s.state <> 'closed'`
    const rows = await query<SendingRow>(this.#postgres,
      `select ${sendingColumns} from ledger.sending_streams s join ledger.sending_details d using (id) where s.state = any($1) ${live} order by s.id desc limit $2`, [states, limit])
    return rows.map(sendingOf)
  }

  async totals(): Promise<SendingTotals[]> {
    const rows = await query<{ state: SendingTotals['state']; asset_code: string; asset_scale: number; streams: bigint; rate: string }>(this.#postgres,
      `select s.state, a.asset_code, a.asset_scale, count(*) as streams, sum(d.rate)::text as rate
       from ledger.sending_streams s join ledger.sending_details d using (id) join ledger.accounts a on a.id = s.debit_account_id
       where s.state <> 'closed' group by 1, 2, 3 order by 1, 2, 3`, [])
    return rows.map((row) => ({ state: row.state, assetCode: row.asset_code, assetScale: row.asset_scale, streams: Number(row.streams), rate: BigInt(row.rate) }))
  }
}
