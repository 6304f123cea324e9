import type { Postgres } from '@rivulet/postgres'
import type { Kysely } from 'kysely'

interface Tables {
  'funding.sandbox_charge': { key: string; card: string; amount: bigint; status: string }
}

/** What the sandbox's provider remembers: a provider of its own, that only happens to live in our database. */
export class SandboxStore {
  readonly #db: Kysely<Tables>

  constructor(postgres: Postgres) {
    this.#db = postgres.kysely<Tables>()
  }

  /** The status of the charge with this key: the given one, or what was remembered before. */
  async remember(charge: { readonly key: string; readonly card: string; readonly amount: bigint; readonly status: string }): Promise<string> {
    await this.#db.insertInto('funding.sandbox_charge').values(charge).onConflict((conflict) => conflict.doNothing()).execute()
    const { status } = await this.#db.selectFrom('funding.sandbox_charge').select('status').where('key', '=', charge.key).executeTakeFirstOrThrow()
    return status
  }

  async refund(key: string): Promise<void> {
    await this.#db.updateTable('funding.sandbox_charge').set({ status: 'refunded' }).where('key', '=', key).where('status', '=', 'succeeded').execute()
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
