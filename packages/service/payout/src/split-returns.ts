/** What gathered for a wallet address elsewhere that is given up goes back to who shared it: to the budgets of subscribers, or to the pointer, whose income it was once, and which divides it no more. */
import type { WalletAddress } from '@rivulet/accounts'
import { isFault } from '@rivulet/faults'
import type { Id } from '@rivulet/ids'
import type { Account, Ledger } from '@rivulet/ledger'
import type { PayoutsOptions } from './payouts.ts'
import { sharedBy } from './gathering-name.ts'

export interface GivingBackOptions {
  readonly ledger: Pick<Ledger, 'account' | 'transfer'>
  /** Empties an account on which shares of subscribers gathered. */
  readonly toBudgets: (accountId: Id<'acct'>) => Promise<unknown>
  readonly accounts: { walletAddressById(id: Id<'wadr'>): Promise<Pick<WalletAddress, 'ledgerAccountId'> | undefined> }
}

const looksMax = 5

export function givingBack(options: GivingBackOptions): NonNullable<PayoutsOptions['giveBack']> {
  return async (accountId) => {
    const owner = sharedBy((await options.ledger.account(accountId))?.name ?? '')
    return owner === undefined || owner === 'everybody' ? options.toBudgets(accountId) : toPointer(options, accountId, owner)
  }
}

/** Empties an account on which the shares of this pointer gathered, in one transfer. Safe to do again, and by several processes. What has no pointer to go to any more stays. Throws `account-moved` when the account does not come to rest. */
async function toPointer({ ledger, accounts }: GivingBackOptions, accountId: Id<'acct'>, owner: Id<'wadr'>): Promise<void> {
  const pointer = await accounts.walletAddressById(owner)
  if (pointer === undefined) return
  for (let look = 1; ; look += 1) {
    const account = await ledger.account(accountId)
    const amount = account === undefined ? 0n : availableOf(account)
    if (account === undefined || amount <= 0n) return
    const { debitsPending, debitsPosted, creditsPosted } = account
    try {
      // It is empty then until more comes: the key names all that ever came.
      await ledger.transfer({ key: `split-return:${accountId}/${creditsPosted}`, debitAccountId: accountId, creditAccountId: pointer.ledgerAccountId, amount, reason: 'split-return' }, { debitsPending, debitsPosted, creditsPosted })
      return
    } catch (error) {
      if (!isFault(error, 'account-moved') || look === looksMax) throw error
    }
  }
}

function availableOf({ creditsPosted, debitsPosted, debitsPending }: Account): bigint {
  return creditsPosted - debitsPosted - debitsPending
}
