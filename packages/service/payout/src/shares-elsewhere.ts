/** A share of a split for a wallet address of another provider: it gathers on an account of its own, to the unit, and leaves by Interledger each day on which there is enough. */
import { createHash } from 'node:crypto'
import { isFault } from '@rivulet/faults'
import type { Ledger } from '@rivulet/ledger'
import type { ShareElsewhere, SplitsOptions } from '@rivulet/receiver'
import type { Resolver } from '@rivulet/resolver'
import type { PayoutStore } from './payout-store.ts'
import type { Payouts } from './payouts.ts'

export interface SharesElsewhereOptions {
  readonly ledger: Pick<Ledger, 'openAccount'>
  readonly payouts: Pick<Payouts, 'setMethod' | 'terms' | 'offered'>
  readonly resolver: Pick<Resolver, 'lookUp'>
  /** Of this installation: a pointer of ours that does not exist is nobody's elsewhere. */
  readonly publicUrls: readonly string[]
}

const hashCharacters = 16
const prefix = 'elsewhere['

/** What `Splits` asks for pointers that are not ours. Undefined where nobody is found, streams alone are taken, or the pointer that shares counts in a currency that is not paid out. */
export function sharesElsewhere({ ledger, payouts, resolver, publicUrls }: SharesElsewhereOptions): NonNullable<SplitsOptions['elsewhere']> {
  const own = publicUrls.map((url) => new URL(url).origin)
  return async (owner, pointer) => {
    const { asset } = owner
    if (!payouts.offered.includes('interledger') || asset.code !== payouts.terms.asset.code || asset.scale !== payouts.terms.asset.scale) return undefined
    let url: string
    try {
      const { paymentPointer, payee } = await resolver.lookUp(pointer)
      // Who takes streams only has no address of Open Payments, which payouts need.
      if (payee !== undefined || own.includes(new URL(paymentPointer).origin)) return undefined
      url = paymentPointer
    } catch (error) {
      if (isFault(error)) return undefined
      throw error
    }
    const name = `${prefix}${owner.id}/${createHash('sha256').update(url).digest('hex').slice(0, hashCharacters)}]`
    const { id: accountId } = await ledger.openAccount({ name, kind: 'publisher', asset, debitsMayExceedCredits: false })
    await payouts.setMethod({ personId: owner.personId, accountId, asset }, { destination: { rail: 'interledger', walletAddress: url }, schedule: 'daily', threshold: payouts.terms.minimum })
    return { accountId, pointer: url }
  }
}

/** What became of the shares that gather on these accounts; of other accounts nothing is said. */
export function statesElsewhere({ ledger, store }: { readonly ledger: Pick<Ledger, 'account' | 'balance'>; readonly store: Pick<PayoutStore, 'takenOf'> }): NonNullable<SplitsOptions['statesElsewhere']> {
  return async (accountIds) => {
    const accounts = await Promise.all(accountIds.map((id) => ledger.account(id)))
    const ids = accounts.flatMap((account) => (account?.name.startsWith(prefix) === true ? [account.id] : []))
    const [taken, balances] = await Promise.all([store.takenOf(ids), Promise.all(ids.map((id) => ledger.balance(id)))])
    return new Map(ids.map((id, index): [typeof id, ShareElsewhere] => {
      const { underWay = 0n, arrived = 0n, refused } = taken.get(id) ?? {}
      return [id, { waiting: balances[index]?.posted ?? 0n, underWay, sent: arrived, refused }]
    }))
  }
}
