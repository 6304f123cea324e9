import type { Id } from '@rivulet/ids'
import type { Postgres } from '@rivulet/postgres'
import type { Kysely } from 'kysely'

interface Tables {
  'payout.stripe_account': { person_id: Id<'pers'>; account: string; created_ms: bigint }
}

/** Which account at Stripe is whose. */
export class StripeAccountStore {
  readonly #db: Kysely<Tables>

  constructor(postgres: Postgres) {
    this.#db = postgres.kysely<Tables>()
  }

  async of(personId: Id<'pers'>): Promise<string | undefined> {
    return (await this.#db.selectFrom('payout.stripe_account').select('account').where('person_id', '=', personId).executeTakeFirst())?.account
  }

  async has(account: string): Promise<boolean> {
    return (await this.#db.selectFrom('payout.stripe_account').select('account').where('account', '=', account).executeTakeFirst()) !== undefined
  }

  /** Durable. The account that she has, this one or the one that was first. */
  async add(personId: Id<'pers'>, account: string, nowMs: number): Promise<string> {
    await this.#db.insertInto('payout.stripe_account').values({ person_id: personId, account, created_ms: BigInt(nowMs) }).onConflict((conflict) => conflict.column('person_id').doNothing()).execute()
    return (await this.#db.selectFrom('payout.stripe_account').select('account').where('person_id', '=', personId).executeTakeFirstOrThrow()).account
  }
}
