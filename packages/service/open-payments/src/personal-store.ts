/** What of a person stands in the rows of quotes, payments and tips: to be read by her, and to be forgotten. */
import type { Id } from '@rivulet/ids'
import type { Postgres } from '@rivulet/postgres'

interface PaymentKept {
  readonly id: Id<'outp'>
  readonly created_ms: bigint
}

/** A wallet address of hers, and under what it stands once she was forgotten. */
interface Renamed {
  readonly id: Id<'wadr'>
  readonly url: string
  readonly anonymousUrl: string
}

const pageRows = 1_000

export class PersonalPaymentStore {
  readonly #postgres: Postgres

  constructor(postgres: Postgres) {
    this.#postgres = postgres
  }

  /** All payments that were made from these wallet addresses, newest first. */
  async *payments(addressIds: readonly Id<'wadr'>[]): AsyncGenerator<object> {
    for (let before: string | undefined; ; ) {
      const { rows } = await this.#postgres.pool.query<PaymentKept>(
        `select id, state, wallet_address, client, receiver, debit, sent, asset_code, asset_scale, receive, receive_asset_code, receive_asset_scale, metadata, failure, created_ms, ended_ms
         from open_payments.outgoing_payment where wallet_address_id = any($1) and ($2::text is null or id < $2) order by id desc limit $3`, [addressIds, before, pageRows])
      yield* rows
      before = rows.at(-1)?.id
      if (rows.length < pageRows) return
    }
  }

  /** Whether a payment from these wallet addresses is under way. */
  async isPaying(addressIds: readonly Id<'wadr'>[]): Promise<boolean> {
    const { rows } = await this.#postgres.pool.query(`select from open_payments.outgoing_payment where wallet_address_id = any($1) and state = 'sending' limit 1`, [addressIds])
    return rows.length > 0
  }

  /** Tips, quotes without a payment, what was written to payments, and the names of her wallet addresses. The payments stay, as the books have them. Idempotent. */
  async forget(personId: Id<'pers'>, addresses: readonly Renamed[]): Promise<void> {
    const { pool } = this.#postgres
    await pool.query('delete from open_payments.tip where person_id = $1', [personId])
    for (const { id, url, anonymousUrl } of addresses) {
      await pool.query('delete from open_payments.quote where wallet_address_id = $1 and payment_id is null', [id])
      await pool.query('update open_payments.quote set wallet_address = $2 where wallet_address_id = $1', [id, anonymousUrl])
      await pool.query('update open_payments.outgoing_payment set wallet_address = $2, metadata = null where wallet_address_id = $1', [id, anonymousUrl])
      for (const table of ['quote', 'outgoing_payment'] as const) await pool.query(`update open_payments.${table} set client = $2 where client = $1`, [url, anonymousUrl])
    }
  }
}
