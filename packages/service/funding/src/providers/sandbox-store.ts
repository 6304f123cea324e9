import { Batches, type Postgres } from '@rivulet/postgres'
import type { Kysely } from 'kysely'

interface Tables {
  'funding.sandbox_charge': { key: string; card: string; amount: bigint; status: string; news_ms: bigint | null }
}

const newsMax = 200
const rememberedAtOnceMax = 200

interface Asked {
  readonly key: string
  readonly card: string
  readonly amount: bigint
  readonly status: string
  /** When there is something to tell of it. */
  readonly newsMs: number | undefined
}

/** What the sandbox's provider remembers: a provider of its own, that only happens to live in our database. */
export class SandboxStore {
  readonly #db: Kysely<Tables>
  readonly #pool: Postgres['pool']

  readonly #remembered = new Batches((charges: readonly Asked[]) => this.#remember(charges), rememberedAtOnceMax)

  constructor(postgres: Postgres) {
    this.#db = postgres.kysely<Tables>()
    this.#pool = postgres.pool
  }

  /** The status of the charge with this key: the given one, or what was remembered before. */
  remember(charge: Asked): Promise<string> {
    return this.#remembered.add(charge)
  }

  async #remember(charges: readonly Asked[]): Promise<readonly string[]> {
    const ordered = charges.toSorted((one, other) => (one.key < other.key ? -1 : 1))
    await this.#pool.query(
      'insert into funding.sandbox_charge (key, card, amount, status, news_ms) select * from unnest($1::text[], $2::text[], $3::int8[], $4::text[], $5::int8[]) on conflict do nothing',
      [ordered.map(({ key }) => key), ordered.map(({ card }) => card), ordered.map(({ amount }) => amount), ordered.map(({ status }) => status), ordered.map(({ newsMs }) => newsMs ?? null)])
    const { rows } = await this.#pool.query<{ key: string; status: string }>('select key, status from funding.sandbox_charge where key = any($1::text[])', [ordered.map(({ key }) => key)])
    const known = new Map(rows.map(({ key, status }) => [key, status]))
    return charges.map(({ key }) => known.get(key) ?? '')
  }

  /** Whether the charge is given back now. */
  async refund(key: string): Promise<boolean> {
    const { numUpdatedRows } = await this.#db.updateTable('funding.sandbox_charge').set({ status: 'refunded', news_ms: null }).where('key', '=', key).where('status', 'in', ['succeeded', 'dispute-won', 'refunded']).executeTakeFirstOrThrow()
    return numUpdatedRows === 1n
  }

  /** Charges of which there is something to tell now: those that succeeded are disputed, those that were disputed are won back. */
  async due(nowMs: number): Promise<readonly { readonly key: string; readonly status: string }[]> {
    return this.#db.selectFrom('funding.sandbox_charge').select(['key', 'status']).where('news_ms', '<=', BigInt(nowMs)).where('status', 'in', ['succeeded', 'disputed']).orderBy('news_ms').orderBy('key').limit(newsMax).execute()
  }

  /** @param wonMs when the dispute of a card whose disputes are won is won */
  async told(key: string, { status, wonMs }: { readonly status: 'disputed' | 'dispute-won'; readonly wonMs: number | undefined }): Promise<void> {
    await this.#db
      .updateTable('funding.sandbox_charge')
      .set((eb) => ({ status, news_ms: wonMs === undefined ? null : eb.case().when('card', '=', 'dispute-won').then(eb.cast<bigint | null>(eb.val(BigInt(wonMs)), 'int8')).end() }))
      .where('key', '=', key)
      .execute()
  }

  /** The status of a charge that waited for its owner and waits no more. */
  async abandon(key: string): Promise<string> {
    await this.#db.updateTable('funding.sandbox_charge').set({ status: 'abandoned' }).where('key', '=', key).where('status', '=', 'authentication').execute()
    const { status } = await this.#db.selectFrom('funding.sandbox_charge').select('status').where('key', '=', key).executeTakeFirstOrThrow()
    return status
  }

  /** Whether a charge that waited for its owner now succeeded. */
  async confirm(key: string): Promise<boolean> {
    const { numUpdatedRows } = await this.#db.updateTable('funding.sandbox_charge').set({ status: 'succeeded' }).where('key', '=', key).where('status', '=', 'authentication').executeTakeFirstOrThrow()
    return numUpdatedRows === 1n
  }
}
