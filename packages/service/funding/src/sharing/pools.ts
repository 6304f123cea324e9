/** Pooled plans: what their members leave of their budgets is put together for a calendar month (UTC), and divided when the month is over. */
import { isFault } from '@rivulet/faults'
import type { Id } from '@rivulet/ids'
import type { Account, Ledger, TransferSpec } from '@rivulet/ledger'
import type { Asset } from '@rivulet/money'
import { apportion, type Share } from './apportion.ts'
import type { Attention } from './policy.ts'
import { share } from './policy.ts'
import { pool } from './pool.ts'
import type { PoolRule, PoolStatement, PoolStore } from '../pool-store.ts'

export interface PoolsOptions {
  readonly store: PoolStore
  readonly ledger: Pick<Ledger, 'openAccount' | 'transfer'>
  readonly accountOf: (payee: string) => Promise<Id<'acct'> | undefined>
}

/** Where one member's money would go, by either way, as things stand. Each list adds up to what she leaves. */
export interface PoolPreview {
  readonly month: string
  readonly rule: PoolRule
  readonly proRata: readonly Share[]
  readonly userCentric: readonly Share[]
}

const dueMax = 20

/** Of the ledger account in which a plan's pot is kept until it is divided. */
function potName(planId: string): string {
  return `pool[${planId}]`
}

/** Every pot, and what in it waits for which month to end. */
export async function openPots(store: PoolStore): Promise<readonly { readonly name: string; readonly months: readonly { readonly month: string; readonly amount: bigint; readonly endsMs: number; readonly dividing: boolean }[] }[]> {
  return (await store.open()).map(({ planId, months }) => ({ name: potName(planId), months: months.map((one) => ({ ...one, endsMs: Date.parse(`${monthsAt(Date.parse(`${one.month}-01`))[1]}-01`) })) }))
}

/** UTC, `2026-01`, and the month after it. */
export function monthsAt(ms: number): readonly [string, string] {
  const date = new Date(ms)
  return [date.toISOString().slice(0, 7), new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1)).toISOString().slice(0, 7)]
}

export class Pools {
  readonly #options: PoolsOptions

  constructor(options: PoolsOptions) {
    this.#options = options
  }

  /** Where a plan's pot is kept until it is divided: empty once all its months are. */
  account(planId: Id<'plan'>, asset: Asset): Promise<Account> {
    return this.#options.ledger.openAccount({ name: potName(planId), kind: 'fee', asset, debitsMayExceedCredits: false })
  }

  /** Divides the pots of months that are over: the statement is durable first, then each share moves under its own key. Answers whether there was anything to do. */
  async closeDue(nowMs: number): Promise<boolean> {
    const { store } = this.#options
    const due = await store.due(monthsAt(nowMs)[0], dueMax)
    for (const one of due) {
      const statement = await store.close(one, nowMs, pool)
      await this.#pay(statement)
      await store.done(statement, nowMs)
    }
    return due.length > 0
  }

  /** @param rest what she would leave, units @param attention whom she read */
  async preview(plan: { readonly id: Id<'plan'>; readonly rule: PoolRule }, { rest, attention, nowMs }: { readonly rest: bigint; readonly attention: readonly Attention[]; readonly nowMs: number }): Promise<PoolPreview> {
    const [month] = monthsAt(nowMs)
    const seconds = new Map(await this.#options.store.secondsOf(plan.id, month))
    for (const { payee, seconds: hers } of attention) seconds.set(payee, (seconds.get(payee) ?? 0n) + BigInt(hers))
    const readsAnybody = attention.some(({ seconds: hers }) => hers > 0)
    const proRata = readsAnybody ? apportion(rest, Array.from(seconds, ([id, weight]) => ({ id, weight }))).filter(({ amount }) => amount > 0n) : []
    return { month, rule: plan.rule, proRata, userCentric: share(rest, { kind: 'time' }, attention).shares }
  }

  /** Who is not there any more when the month is divided has nobody who could be paid: an operator says where that share goes. It was paid before where a process died after it. */
  async #pay({ planId, month, asset, rule, proRata, userCentric }: PoolStatement): Promise<void> {
    const { ledger, accountOf } = this.#options
    const pot = await this.account(planId, asset)
    for (const { id: payee, amount } of rule === 'pro-rata' ? proRata : userCentric) {
      const creditAccountId = await accountOf(payee)
      const key = `pool:${planId}/${month}/${payee}`
      if (creditAccountId !== undefined) await ledger.transfer({ key, debitAccountId: pot.id, creditAccountId, amount, reason: 'share' })
      else await this.#leaveUnclaimed({ key, debitAccountId: pot.id, amount }, asset)
    }
  }

  async #leaveUnclaimed(share: Pick<TransferSpec, 'key' | 'debitAccountId' | 'amount'>, asset: Asset): Promise<void> {
    const { ledger } = this.#options
    const unclaimed = await ledger.openAccount({ name: 'unclaimed', kind: 'fee', asset, debitsMayExceedCredits: false })
    try {
      await ledger.transfer({ ...share, creditAccountId: unclaimed.id, reason: 'share-unclaimed' })
    } catch (error) {
      if (!isFault(error, 'key-reused')) throw error
    }
  }
}
