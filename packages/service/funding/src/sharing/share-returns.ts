/** Shares that could not be paid to whom they were meant for go back where they came from: into the budgets of those who gave them. */
import { isFault } from '@rivulet/faults'
import { type Id, newId } from '@rivulet/ids'
import type { Account, Ledger, Transfer } from '@rivulet/ledger'
import type { Asset } from '@rivulet/money'
import type { Clock } from '@rivulet/time'
import type { FundingStore } from '../funding-store.ts'
import type { ShareReturn, ShareReturnStore } from '../share-return-store.ts'
import { byMembers, sourceOf, stillThere } from './returned.ts'

export interface ShareReturnsOptions {
  readonly store: FundingStore
  readonly returns: ShareReturnStore
  readonly ledger: Pick<Ledger, 'account' | 'openAccount' | 'transfer' | 'transfersOf'>
  readonly clock: Clock
  /** Whether she is somebody still: an account that was erased gets nothing more. */
  readonly isThere: (personId: Id<'pers'>) => Promise<boolean>
}

const pageMax = 1_000
const looksMax = 5

export class ShareReturns {
  readonly #options: ShareReturnsOptions

  constructor(options: ShareReturnsOptions) {
    this.#options = options
  }

  /**
   * Empties an account on which shares gathered: who gave what is still there gets it back, to the unit, as a step of her subscription; what nobody is there for goes to `unclaimed`. Returns the units that left it, 0n for
   * an empty account. Safe to do again, and by several processes: how it is divided is durable before anything moves, and it leaves in one transfer. Throws `account-moved` when the account does not come to rest.
   */
  async empty(accountId: Id<'acct'>): Promise<bigint> {
    const { returns } = this.#options
    for (let look = 1; ; look += 1) {
      const planned = (await returns.open(accountId)) ?? (await this.#plan(accountId))
      if (planned === undefined) return 0n
      try {
        await this.#move(planned)
        return planned.amount
      } catch (error) {
        if (!isFault(error, 'account-moved')) throw error
        // Something came or left since: it is divided anew.
        await returns.drop(planned.id)
        if (look === looksMax) throw error
      }
    }
  }

  async #move(planned: ShareReturn): Promise<void> {
    const { ledger, returns, clock } = this.#options
    const { id, accountId, asset, amount, unclaimed, seen } = planned
    const clearing = await this.#house('sharing', asset)
    await ledger.transfer({ key: `share-return:${id}`, debitAccountId: accountId, creditAccountId: clearing.id, amount, reason: 'share-return' }, seen)
    if (unclaimed > 0n) await ledger.transfer({ key: `share-unclaimed:${id}`, debitAccountId: clearing.id, creditAccountId: (await this.#house('unclaimed', asset)).id, amount: unclaimed, reason: 'share-unclaimed' })
    await returns.moved(planned, clock.nowMs())
  }

  async #plan(accountId: Id<'acct'>): Promise<ShareReturn | undefined> {
    const { ledger, returns, clock } = this.#options
    const account = await ledger.account(accountId)
    const amount = account === undefined ? 0n : account.creditsPosted - account.debitsPosted - account.debitsPending
    if (account === undefined || amount <= 0n) return undefined
    const nowMs = clock.nowMs()
    const { asset, debitsPending, debitsPosted, creditsPosted } = account
    const owed = await this.#owed(await this.#came(accountId, amount), asset)
    const parts = Array.from(owed, ([subscriptionId, units]) => ({ subscriptionId, amount: units })).toSorted((one, other) => (one.subscriptionId < other.subscriptionId ? -1 : 1))
    const unclaimed = amount - parts.reduce((sum, part) => sum + part.amount, 0n)
    await returns.plan({ id: newId('rtrn', nowMs), accountId, asset, amount, parts, unclaimed, seen: { debitsPending, debitsPosted, creditsPosted } }, nowMs)
    return returns.open(accountId)
  }

  /** What of the transfers to the account is still there. */
  async #came(accountId: Id<'acct'>, left: bigint): Promise<readonly Transfer[]> {
    const came: Transfer[] = []
    let found = 0n
    for (let before: Id<'xfer'> | undefined; found < left;) {
      const page: readonly Transfer[] = await this.#options.ledger.transfersOf(accountId, { limit: pageMax, ...(before !== undefined && { before }) })
      // What a payout gave back came before it left with that.
      const credits = page.filter(({ creditAccountId, reason }) => creditAccountId === accountId && reason !== 'payout-return')
      came.push(...credits)
      found += credits.reduce((sum, { amount }) => sum + amount, 0n)
      before = page.at(-1)?.id
      if (page.length < pageMax) break
    }
    return stillThere(came, left)
  }

  /** How much goes into which subscription. What came otherwise than as a share, and from whom nobody is there, is missing. */
  async #owed(came: readonly Transfer[], asset: Asset): Promise<ReadonlyMap<Id<'subs'>, bigint>> {
    const { pools } = this.#options.store
    const given = new Map<Id<'subs'>, bigint>()
    const give = (id: Id<'subs'>, amount: bigint): void => void given.set(id, (given.get(id) ?? 0n) + amount)
    for (const { key, amount } of came) {
      const source = sourceOf(key)
      if (source?.from === 'subscription') give(source.id, amount)
      if (source?.from !== 'pool') continue
      const { rule, members } = await pools.members(source)
      for (const part of byMembers(amount, { rule, payee: source.payee }, members)) give(part.id.split('/')[0] as Id<'subs'>, part.amount)
    }
    const owed = new Map<Id<'subs'>, bigint>()
    for (const [id, amount] of given) {
      const to = await this.#receiverOf(id, asset)
      if (to !== undefined) owed.set(to, (owed.get(to) ?? 0n) + amount)
    }
    return owed
  }

  /** The subscription that runs, of who had this one; else this one, as long as she is there. */
  async #receiverOf(id: Id<'subs'>, { code, scale }: Asset): Promise<Id<'subs'> | undefined> {
    const { store, isThere } = this.#options
    const record = await store.byId(id)
    if (record === undefined || !(await isThere(record.personId))) return undefined
    const running = await store.ofPerson(record.personId)
    const fits = running?.subscription.plan.asset.code === code && running.subscription.plan.asset.scale === scale
    return running !== undefined && fits ? running.subscription.id : id
  }

  #house(name: 'sharing' | 'unclaimed', asset: Asset): Promise<Account> {
    return this.#options.ledger.openAccount({ name, kind: 'fee', asset, debitsMayExceedCredits: false })
  }
}
