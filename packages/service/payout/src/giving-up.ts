/** When a wallet address elsewhere is given up, for which shares of subscribers or of a pointer gather: nothing is tried there any more, and what has gathered goes back. */
import type { Action } from '@rivulet/audit'
import type { Id } from '@rivulet/ids'
import type { Ledger } from '@rivulet/ledger'
import type { Clock } from '@rivulet/time'
import { nextDue } from './calendar.ts'
import { PayoutFault } from './fault.ts'
import { sharedBy } from './gathering-name.ts'
import type { PayoutTerms } from './terms.ts'
import type { Unpaid, UnpaidStore } from './unpaid-store.ts'

export interface GivingUpOptions {
  readonly store: UnpaidStore
  readonly ledger: Pick<Ledger, 'account' | 'balance'>
  readonly terms: PayoutTerms
  readonly clock: Clock
  /** With whose eyes operators look who were invited lately: everybody with her own unless told. */
  readonly eyes?: () => Promise<ReadonlyMap<string, string>>
}

const shownMax = 200
/** Publishers who are paid out elsewhere themselves are among them, and left out. */
const lookedAtMax = 1_000

export class GivingUp {
  readonly #options: GivingUpOptions

  constructor(options: GivingUpOptions) {
    this.#options = options
  }

  /** Those whose last payout failed, and those that are given up, with what waits there, units; those that fail longest first. */
  async list(): Promise<readonly (Unpaid & { readonly waiting: bigint })[]> {
    const { store, ledger } = this.#options
    const failing = await store.list(lookedAtMax)
    const gather = await Promise.all(failing.map(({ accountId }) => this.#gathers(accountId)))
    return Promise.all(failing.filter((_one, index) => gather[index] === true).slice(0, shownMax).map(async (one) => ({ ...one, waiting: (await ledger.balance(one.accountId)).posted })))
  }

  /**
   * At once, with a reason; where more waits than one operator may decide about, when a second one has asked for the same. Throws `payee-unknown`, `payout-state` while a payout is under way, `approver-same` and
   * `approver-bound` when four eyes would be two.
   */
  async giveUp(accountId: string, { by, reason, action }: { readonly by: string; readonly reason: string; readonly action: Action }): Promise<Unpaid> {
    const { store, ledger, terms, clock, eyes } = this.#options
    const known = await this.#known(accountId)
    const { posted } = await ledger.balance(known.accountId)
    const eyesOf = await eyes?.()
    const nowMs = clock.nowMs()
    return store.change(known.accountId, { nowMs, action }, (now) => {
      refuseUnderWay(now)
      const before = now.givingUp
      if (before?.atMs !== undefined) throw new PayoutFault('payout-state', 'this wallet address is given up already')
      if (posted <= terms.fourEyesAbove) return { givingUp: { by, reason, agreedBy: undefined, atMs: nowMs }, dueMs: nowMs }
      if (before === undefined) return { givingUp: { by, reason, agreedBy: undefined, atMs: undefined } }
      if (before.by === by) throw new PayoutFault('approver-same', 'you have asked for this already: a second operator must ask for it too')
      if ((eyesOf?.get(before.by) ?? before.by) === (eyesOf?.get(by) ?? by)) throw new PayoutFault('approver-bound', 'of you and of who asked for this first, one has invited the other lately, or the same operator has invited both: somebody else must ask for it too')
      return { givingUp: { ...before, agreedBy: by, atMs: nowMs }, dueMs: nowMs }
    })
  }

  /** From now on it is paid out there again, and patience begins anew; takes back what a first operator has asked for. Throws `payee-unknown`, `payout-state` when nothing was given up. */
  async tryAgain(accountId: string, action: Action): Promise<Unpaid> {
    const { store, clock } = this.#options
    const { accountId: id } = await this.#known(accountId)
    const nowMs = clock.nowMs()
    return store.change(id, { nowMs, action }, ({ givingUp }) => {
      if (givingUp === undefined) throw new PayoutFault('payout-state', 'this wallet address is not given up')
      return { givingUp: undefined, patientFromMs: nowMs, dueMs: nextDue('daily', nowMs) ?? nowMs }
    })
  }

  async #gathers(accountId: Id<'acct'>): Promise<boolean> {
    return sharedBy((await this.#options.ledger.account(accountId))?.name ?? '') !== undefined
  }

  async #known(accountId: string): Promise<Unpaid> {
    const found = await this.#options.store.one(accountId as Id<'acct'>)
    if (found === undefined || !(await this.#gathers(found.accountId))) throw new PayoutFault('payee-unknown', 'nothing gathers for a wallet address elsewhere on such an account')
    return found
  }
}

/** By itself, after nothing but failures for so long. False while there is still patience, or a payout is under way. */
export async function giveUpInTime({ store, accountId, patienceMs, nowMs }: { readonly store: UnpaidStore; readonly accountId: Id<'acct'>; readonly patienceMs: number; readonly nowMs: number }): Promise<boolean> {
  const isOver = ({ sinceMs, underWay, givingUp }: Unpaid): boolean => sinceMs !== undefined && sinceMs + patienceMs <= nowMs && !underWay && givingUp?.atMs === undefined
  const found = await store.one(accountId)
  if (found === undefined || !isOver(found)) return false
  const changed = await store.change(accountId, { nowMs }, (now) => (isOver(now) ? { givingUp: { by: 'schedule', reason: now.reason ?? 'nothing has arrived there', agreedBy: undefined, atMs: nowMs }, dueMs: nowMs } : undefined))
  return changed.givingUp?.atMs !== undefined
}

function refuseUnderWay({ underWay }: Unpaid): void {
  if (underWay) throw new PayoutFault('payout-state', 'a payout to this wallet address is under way: wait for how it ends')
}
