import type { Id } from '@rivulet/ids'
import type { Counters } from '@rivulet/ledger'
import { type Asset, parseUnits } from '@rivulet/money'
import type { Postgres } from '@rivulet/postgres'
import { type Kysely, sql } from 'kysely'
import { writtenEffect } from './state.ts'

/** What of an account on which shares gathered goes back, and to whom: written before anything moves. */
export interface ShareReturn {
  readonly id: Id<'rtrn'>
  readonly accountId: Id<'acct'>
  readonly asset: Asset
  /** Units: the parts, and what nobody is there for. */
  readonly amount: bigint
  readonly parts: readonly { readonly subscriptionId: Id<'subs'>; readonly amount: bigint }[]
  readonly unclaimed: bigint
  /** The account as it was when the parts were computed. */
  readonly seen: Counters
}

interface Tables {
  'funding.share_return': { id: string; account_id: string; asset_code: string; asset_scale: number; amount: bigint; parts: unknown; unclaimed: bigint; debits_pending: bigint; debits_posted: bigint; credits_posted: bigint; made_ms: bigint; moved_ms: bigint | null }
  'funding.effect': { subscription_id: string; effect: unknown; attempts: number; not_before_ms: bigint; created_ms: bigint }
}

export class ShareReturnStore {
  readonly #db: Kysely<Tables>

  constructor(postgres: Postgres) {
    this.#db = postgres.kysely<Tables>()
  }

  /** The return of an account that has not moved yet. */
  async open(accountId: Id<'acct'>): Promise<ShareReturn | undefined> {
    const row = await this.#db.selectFrom('funding.share_return').selectAll().where('account_id', '=', accountId).where('moved_ms', 'is', null).executeTakeFirst()
    if (row === undefined) return undefined
    const parts = row.parts as readonly { readonly id: Id<'subs'>; readonly amount: string }[]
    return {
      id: row.id as Id<'rtrn'>, accountId, asset: { code: row.asset_code, scale: row.asset_scale }, amount: row.amount, parts: parts.map(({ id, amount }) => ({ subscriptionId: id, amount: parseUnits(amount) })), unclaimed: row.unclaimed,
      seen: { debitsPending: row.debits_pending, debitsPosted: row.debits_posted, creditsPosted: row.credits_posted },
    }
  }

  /** Unless one of this account is open: then that stands. */
  async plan({ id, accountId, asset, amount, parts, unclaimed, seen }: ShareReturn, nowMs: number): Promise<void> {
    await this.#db
      .insertInto('funding.share_return')
      .values({
        id, account_id: accountId, asset_code: asset.code, asset_scale: asset.scale, amount, parts: JSON.stringify(parts.map((part) => ({ id: part.subscriptionId, amount: String(part.amount) }))), unclaimed,
        debits_pending: seen.debitsPending, debits_posted: seen.debitsPosted, credits_posted: seen.creditsPosted, made_ms: BigInt(nowMs), moved_ms: null,
      })
      .onConflict((conflict) => conflict.column('account_id').where('moved_ms', 'is', null).doNothing())
      .execute()
  }

  /** Only while nothing of it has moved. */
  async drop(id: Id<'rtrn'>): Promise<void> {
    await this.#db.deleteFrom('funding.share_return').where('id', '=', id).where('moved_ms', 'is', null).execute()
  }

  /** It has left the account: from now on each subscription has its part to book. Once. */
  async moved({ id, parts }: ShareReturn, nowMs: number): Promise<void> {
    await this.#db.transaction().execute(async (tx) => {
      const { numUpdatedRows } = await tx.updateTable('funding.share_return').set({ moved_ms: BigInt(nowMs) }).where('id', '=', id).where('moved_ms', 'is', null).executeTakeFirstOrThrow()
      if (numUpdatedRows !== 1n || parts.length === 0) return
      const effects = parts.map(({ amount }) => JSON.stringify(writtenEffect({ type: 'share-returned', key: id, amount })))
      await sql`insert into funding.effect (subscription_id, effect, attempts, not_before_ms, created_ms)
        select subscription_id, effect, 0, 0, ${nowMs} from unnest(${parts.map(({ subscriptionId }) => subscriptionId)}::text[], ${effects}::jsonb[]) as u(subscription_id, effect)`.execute(tx)
    })
  }
}
