import { type Action, ofKysely, recordAction } from '@rivulet/audit'
import type { Id } from '@rivulet/ids'
import type { Language } from '@rivulet/notify'
import type { Postgres } from '@rivulet/postgres'
import type { Kysely, Transaction } from 'kysely'
import type { AccountsTables } from '../accounts-store.ts'

export interface OperatorRow {
  readonly id: Id<'pers'>
  readonly name: string
  readonly email: string
  readonly read_only: boolean
  readonly created_at: Date
  readonly provisioned_at: Date | null
  readonly frozen_at: Date | null
  readonly frozen_reason: string | null
  readonly invited_by: Id<'pers'> | null
}

export interface NewOperatorRow {
  readonly id: Id<'pers'>
  readonly name: string
  readonly email: string
  readonly language: Language
  readonly read_only: boolean
  readonly passwordHash: string
}

/** What changes about one operator, and what is written down of it. */
interface Change {
  readonly by: Id<'pers'>
  readonly action: Action
  readonly at: Date
}

/** The rows of operators. */
export class OperatorsStore {
  readonly #db: Kysely<AccountsTables>

  constructor(postgres: Postgres) {
    this.#db = postgres.kysely<AccountsTables>()
  }

  /** The oldest first. */
  list(limit: number): Promise<OperatorRow[]> {
    return this.#db.selectFrom('accounts.person').select(['id', 'name', 'email', 'read_only', 'created_at', 'provisioned_at', 'frozen_at', 'frozen_reason', 'invited_by']).where('role', '=', 'operator').orderBy('id').limit(limit).execute()
  }

  /** Who was invited since then, and by whom. */
  async invitedSince(since: Date): Promise<ReadonlyMap<string, string>> {
    const rows = await this.#db.selectFrom('accounts.person').select(['id', 'invited_by']).where('invited_by', 'is not', null).where('created_at', '>', since).execute()
    return new Map(rows.flatMap(({ id, invited_by: by }) => (by === null ? [] : [[id, by]])))
  }

  /** `full` when there are `operatorsMax`, `taken` when one has this e-mail. */
  insert({ passwordHash, ...columns }: NewOperatorRow, { by, action, at }: Change, operatorsMax: number): Promise<'inserted' | 'taken' | 'full' | 'refused'> {
    return this.#db.transaction().execute(async (trx) => {
      if (!(await mayChange(trx, by, []))) return 'refused'
      const { count } = await trx.selectFrom('accounts.person').select((where) => where.fn.countAll<bigint>().as('count')).where('role', '=', 'operator').executeTakeFirstOrThrow()
      if (Number(count) >= operatorsMax) return 'full'
      const inserted = await trx
        .insertInto('accounts.person')
        .values({ ...columns, role: 'operator', email_verified: true, created_at: at, updated_at: at, provisioned_at: null, frozen_at: null, frozen_reason: null, erasing_at: null, erased_at: null, invited_by: by })
        .onConflict((conflict) => conflict.columns(['role', 'email']).doNothing())
        .returning('id')
        .executeTakeFirst()
      if (inserted === undefined) return 'taken'
      await trx.insertInto('accounts.credential').values({ id: columns.id, person_id: columns.id, account_id: columns.id, provider_id: 'credential', password: passwordHash, created_at: at, updated_at: at }).execute()
      await recordAction(ofKysely(trx), action, at.getTime())
      return 'inserted'
    })
  }

  /** What the operator may do from the next request on. */
  setReadOnly(id: Id<'pers'>, readOnly: boolean, change: Change): Promise<'changed' | 'same' | 'refused'> {
    return this.#change(id, change, (trx) => trx.updateTable('accounts.person').set({ read_only: readOnly, updated_at: change.at }).where('id', '=', id).where('role', '=', 'operator').where('read_only', '<>', readOnly).returning('id').execute())
  }

  /** Whoever is closed out is out everywhere at once, and does not sign in; undefined lets in again. */
  setClosed(id: Id<'pers'>, closed: { readonly reason: string } | undefined, change: Change): Promise<'changed' | 'same' | 'refused'> {
    return this.#change(id, change, async (trx) => {
      const rows = await trx
        .updateTable('accounts.person')
        .set({ frozen_at: closed === undefined ? null : change.at, frozen_reason: closed?.reason ?? null })
        .where('id', '=', id)
        .where('role', '=', 'operator')
        .where('frozen_at', closed === undefined ? 'is not' : 'is', null)
        .returning('id')
        .execute()
      if (rows.length > 0 && closed !== undefined) await trx.deleteFrom('accounts.session').where('person_id', '=', id).execute()
      return rows
    })
  }

  #change(id: Id<'pers'>, { by, action, at }: Change, work: (trx: Transaction<AccountsTables>) => Promise<readonly unknown[]>): Promise<'changed' | 'same' | 'refused'> {
    return this.#db.transaction().execute(async (trx) => {
      if (!(await mayChange(trx, by, [id]))) return 'refused'
      if ((await work(trx)).length === 0) return 'same'
      await recordAction(ofKysely(trx), action, at.getTime())
      return 'changed'
    })
  }
}

/** Whether who changes others still may: two who close each other out at once leave one of them in. Locks both, in their order. */
async function mayChange(trx: Transaction<AccountsTables>, by: Id<'pers'>, others: readonly Id<'pers'>[]): Promise<boolean> {
  const rows = await trx.selectFrom('accounts.person').select(['id', 'read_only', 'frozen_at']).where('id', 'in', [by, ...others]).orderBy('id').forUpdate().execute()
  return rows.some(({ id, read_only: readOnly, frozen_at: frozenAt }) => id === by && !readOnly && frozenAt === null)
}
