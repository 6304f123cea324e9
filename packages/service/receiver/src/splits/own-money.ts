/**
 * What of an account is its owner's alone. Shared income waits on the pointer's account for at most a second before it is moved on, and whoever takes money from the account must leave that much.
 * Exact under any concurrency: the figure names the account's counters that it was computed from, and a transfer that is booked only while they are the same takes no unit of the others'.
 */
import type { Id } from '@rivulet/ids'
import type { Counters, Ledger } from '@rivulet/ledger'
import type { Postgres } from '@rivulet/postgres'
import { SplitStore } from '../split-store.ts'
import { moveOn, owedOf } from './move.ts'
import { SplitFault } from './split.ts'

export interface Own {
  /** Units that may leave; never negative. */
  readonly amount: bigint
  /** Units of others that wait to be moved on. */
  readonly owed: bigint
  readonly counters: Counters
}

const attemptsMax = 10

export class OwnMoney {
  readonly #store: SplitStore
  readonly #ledger: Pick<Ledger, 'incomesOf' | 'transferAll'>

  constructor({ postgres, ledger }: { readonly postgres: Postgres; readonly ledger: Pick<Ledger, 'incomesOf' | 'transferAll'> }) {
    this.#store = new SplitStore(postgres)
    this.#ledger = ledger
  }

  /** Finishes first what a process has begun to move. Throws `split-unknown` for no account, `split-waiting` when the split does not stand still. */
  async of(accountId: Id<'acct'>): Promise<Own> {
    for (let attempt = 0; attempt < attemptsMax; attempt += 1) {
      const [before] = await this.#store.ofAccounts([accountId])
      if (before !== undefined) await moveOn(before, { store: this.#store, ledger: this.#ledger })
      const income = (await this.#ledger.incomesOf([accountId])).get(accountId)
      if (income === undefined) throw new SplitFault('split-unknown', 'there is no such account')
      const [after] = await this.#store.ofAccounts([accountId])
      // A split that is the same before and behind the look at the account has moved nothing in between.
      if (before?.movingTo !== undefined || before?.id !== after?.id || before?.moved !== after?.moved || after?.movingTo !== undefined) continue
      const owed = after === undefined ? 0n : owedOf(after, income.total)
      return { amount: income.available > owed ? income.available - owed : 0n, owed, counters: income.counters }
    }
    throw new SplitFault('split-waiting', 'money is being moved at this moment: try again')
  }
}
