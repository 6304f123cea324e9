import type { Id } from '@rivulet/ids'
import type { Postgres } from '@rivulet/postgres'
import { type Kysely, type Selectable, sql } from 'kysely'

/** Who takes part, in the order in which units are given out. */
export interface SplitPart {
  readonly accountId: Id<'acct'>
  /** Public URL. */
  readonly pointer: string
  /** Reduced. */
  readonly weight: number
}

/** How the income of one account is divided, from one change of the weights to the next. */
export interface Split {
  readonly id: Id<'splt'>
  readonly accountId: Id<'acct'>
  readonly parts: readonly SplitPart[]
  /** Income of the account, since it was opened, when these weights began. */
  readonly base: bigint
  /** Up to which income it has been divided. */
  readonly moved: bigint
  /** Being divided now: what is moved is decided, and is moved again after a crash. */
  readonly movingTo: bigint | undefined
  readonly startedAtMs: number
}

interface Tables {
  'receiver.split': {
    id: Id<'splt'>
    account_id: Id<'acct'>
    /** JSON text going in, the parts coming out. */
    parts: unknown
    base: bigint
    moved: bigint
    moving_to: bigint | null
    started_at_ms: bigint
    ended_at_ms: bigint | null
  }
}

/** Any constant that no other lock of the house has. */
const changingLock = 7_410_202_611

export class SplitStore {
  readonly #db: Kysely<Tables>

  constructor(postgres: Postgres) {
    this.#db = postgres.kysely<Tables>()
  }

  /** Those in force, in the order of their ids, behind `after`. */
  async page(after: string, limit: number): Promise<readonly Split[]> {
    return (await this.#db.selectFrom('receiver.split').selectAll().where('ended_at_ms', 'is', null).where('id', '>', after as Id<'splt'>).orderBy('id').limit(limit).execute()).map(splitOf)
  }

  async ofAccounts(accountIds: readonly Id<'acct'>[]): Promise<readonly Split[]> {
    if (accountIds.length === 0) return []
    return (await this.#db.selectFrom('receiver.split').selectAll().where('ended_at_ms', 'is', null).where('account_id', 'in', accountIds).execute()).map(splitOf)
  }

  async get(id: Id<'splt'>): Promise<Split | undefined> {
    const row = await this.#db.selectFrom('receiver.split').selectAll().where('id', '=', id).executeTakeFirst()
    return row && splitOf(row)
  }

  /** Decides up to which income is moved next. Undefined when that is decided already, or there is nothing to move. */
  async plan(id: Id<'splt'>, income: bigint): Promise<Split | undefined> {
    const row = await this.#db.updateTable('receiver.split').set({ moving_to: income }).where('id', '=', id).where('ended_at_ms', 'is', null).where('moving_to', 'is', null).where('moved', '<', income).returningAll().executeTakeFirst()
    return row && splitOf(row)
  }

  /** It has been moved. */
  async finish(id: Id<'splt'>, movingTo: bigint): Promise<void> {
    await this.#db.updateTable('receiver.split').set({ moved: movingTo, moving_to: null }).where('id', '=', id).where('moving_to', '=', movingTo).execute()
  }

  /** While `work` runs nobody else changes any split. False, and nothing is done, when somebody is at it: nobody waits here, because `work` needs connections of its own. */
  changeAlone(work: () => Promise<void>): Promise<boolean> {
    return this.#db.transaction().execute(async (trx) => {
      const { rows } = await sql<{ mine: boolean }>`select pg_try_advisory_xact_lock(${changingLock}) as mine`.execute(trx)
      if (rows[0]?.mine !== true) return false
      await work()
      return true
    })
  }

  /** Ends `before`, which has moved everything up to `next.base`, and begins `next`, both or neither; false when `before` has moved on meanwhile. */
  replace(before: Split | undefined, next: Split | undefined, nowMs: number): Promise<boolean> {
    return this.#db.transaction().execute(async (trx) => {
      if (before !== undefined) {
        const { numUpdatedRows } = await trx
          .updateTable('receiver.split')
          .set({ ended_at_ms: BigInt(nowMs) })
          .where('id', '=', before.id)
          .where('ended_at_ms', 'is', null)
          .where('moving_to', 'is', null)
          .where('moved', '=', before.moved)
          .executeTakeFirst()
        if (numUpdatedRows === 0n) return false
      }
      if (next !== undefined) {
        const { id, accountId, parts, base, moved, startedAtMs } = next
        await trx.insertInto('receiver.split').values({ id, account_id: accountId, parts: JSON.stringify(parts), base, moved, moving_to: null, started_at_ms: BigInt(startedAtMs), ended_at_ms: null }).execute()
      }
      return true
    })
  }
}

function splitOf(row: Selectable<Tables['receiver.split']>): Split {
  return { id: row.id, accountId: row.account_id, parts: row.parts as readonly SplitPart[], base: row.base, moved: row.moved, movingTo: row.moving_to ?? undefined, startedAtMs: Number(row.started_at_ms) }
}
