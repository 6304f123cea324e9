import type { Id } from '@rivulet/ids'
import type { Asset, Ratio } from '@rivulet/money'
import type { Postgres } from '@rivulet/postgres'
import type { Price } from './price.ts'

/** The amounts of a payment that may be made until `expiresMs`. */
export interface Quote extends Price {
  readonly id: Id<'quot'>
  readonly walletAddressId: Id<'wadr'>
  readonly walletAddress: string
  /** Who asked for it, as its token says. */
  readonly client: string
  /** URL of the incoming payment. */
  readonly receiver: string
  readonly asset: Asset
  readonly receiveAsset: Asset
  /** Destination units per source unit that are expected, and the least that are promised. */
  readonly rate: Ratio
  readonly least: Ratio
  readonly createdMs: number
  readonly expiresMs: number
}

interface QuoteRow {
  id: Id<'quot'>
  wallet_address_id: Id<'wadr'>
  wallet_address: string
  client: string
  receiver: string
  kind: Price['kind']
  debit: bigint
  send: bigint
  asset_code: string
  asset_scale: number
  receive: bigint
  receive_asset_code: string
  receive_asset_scale: number
  rate_numerator: string
  rate_denominator: string
  least_numerator: string
  least_denominator: string
  created_ms: bigint
  expires_ms: bigint
}

const columns = `id, wallet_address_id, wallet_address, client, receiver, kind, debit, send, asset_code, asset_scale, receive, receive_asset_code, receive_asset_scale,
  rate_numerator, rate_denominator, least_numerator, least_denominator, created_ms, expires_ms`
/** A quote that nobody used is forgotten so long after it has expired. */
const keptAfterExpiryMs = 86_400_000
const forgottenAtOnceMax = 10_000

export class QuoteStore {
  readonly #postgres: Postgres

  constructor(postgres: Postgres) {
    this.#postgres = postgres
  }

  async insert(quotes: readonly Quote[]): Promise<void> {
    await this.#postgres.pool.query({
      name: 'open-payments-quotes',
      text: `insert into open_payments.quote (${columns}) select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::int8[], $8::int8[], $9::text[], $10::int2[],
        $11::int8[], $12::text[], $13::int2[], $14::numeric[], $15::numeric[], $16::numeric[], $17::numeric[], $18::int8[], $19::int8[])`,
      values: [
        quotes.map(({ id }) => id), quotes.map(({ walletAddressId }) => walletAddressId), quotes.map(({ walletAddress }) => walletAddress), quotes.map(({ client }) => client), quotes.map(({ receiver }) => receiver),
        quotes.map(({ kind }) => kind), quotes.map(({ debit }) => debit), quotes.map(({ send }) => send), quotes.map(({ asset }) => asset.code), quotes.map(({ asset }) => asset.scale),
        quotes.map(({ receive }) => receive), quotes.map(({ receiveAsset }) => receiveAsset.code), quotes.map(({ receiveAsset }) => receiveAsset.scale), quotes.map(({ rate }) => rate.numerator),
        quotes.map(({ rate }) => rate.denominator), quotes.map(({ least }) => least.numerator), quotes.map(({ least }) => least.denominator), quotes.map(({ createdMs }) => createdMs), quotes.map(({ expiresMs }) => expiresMs),
      ],
    })
  }

  async get(id: Id<'quot'>): Promise<Quote | undefined> {
    const { rows } = await this.#postgres.pool.query<QuoteRow>({ name: 'open-payments-quote', text: `select ${columns} from open_payments.quote where id = $1`, values: [id] })
    return rows[0] && quoteOf(rows[0])
  }

  /** Forgets quotes that nobody used. */
  async sweep(nowMs: number): Promise<void> {
    await this.#postgres.pool.query(
      'delete from open_payments.quote where id in (select id from open_payments.quote where payment_id is null and expires_ms < $1 limit $2)', [nowMs - keptAfterExpiryMs, forgottenAtOnceMax])
  }
}

function quoteOf(row: QuoteRow): Quote {
  return {
    id: row.id, walletAddressId: row.wallet_address_id, walletAddress: row.wallet_address, client: row.client, receiver: row.receiver, kind: row.kind, debit: row.debit, send: row.send,
    asset: { code: row.asset_code, scale: row.asset_scale }, receive: row.receive, receiveAsset: { code: row.receive_asset_code, scale: row.receive_asset_scale },
    rate: { numerator: BigInt(row.rate_numerator), denominator: BigInt(row.rate_denominator) }, least: { numerator: BigInt(row.least_numerator), denominator: BigInt(row.least_denominator) },
    createdMs: Number(row.created_ms), expiresMs: Number(row.expires_ms),
  }
}
