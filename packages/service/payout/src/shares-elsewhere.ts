/** A share of a split for a wallet address of another provider: it gathers on an account of its own, to the unit, and leaves by Interledger each day on which there is enough. */
import { isFault } from '@rivulet/faults'
import type { Id } from '@rivulet/ids'
import type { Ledger } from '@rivulet/ledger'
import type { Asset } from '@rivulet/money'
import type { ShareElsewhere, SplitsOptions } from '@rivulet/receiver'
import type { Resolver } from '@rivulet/resolver'
import { gatheringName, sharedBy } from './gathering-name.ts'
import type { PayoutStore } from './payout-store.ts'
import type { Payouts } from './payouts.ts'

export interface SharesElsewhereOptions {
  readonly ledger: Pick<Ledger, 'openAccount'>
  readonly payouts: Pick<Payouts, 'setMethod' | 'terms' | 'offered'>
  readonly store: Pick<PayoutStore, 'method'>
  readonly resolver: Pick<Resolver, 'lookUp'>
  /** Of this installation: a pointer of ours that does not exist is nobody's elsewhere. */
  readonly publicUrls: readonly string[]
}

/** What `Splits` asks for pointers that are not ours. Undefined where nobody is found, streams alone are taken, or the pointer that shares counts in a currency that is not paid out. */
export function sharesElsewhere(options: SharesElsewhereOptions): NonNullable<SplitsOptions['elsewhere']> {
  const { payouts, resolver, publicUrls } = options
  const own = publicUrls.map((url) => new URL(url).origin)
  return async ({ id, personId, asset }, pointer) => {
    if (!payouts.offered.includes('interledger') || asset.code !== payouts.terms.asset.code || asset.scale !== payouts.terms.asset.scale) return undefined
    let url: string | undefined
    try {
      url = await openPaymentsAddress(resolver, pointer)
    } catch (error) {
      if (isFault(error)) return undefined
      throw error
    }
    if (url === undefined || own.includes(new URL(url).origin)) return undefined
    return { accountId: await gather({ ...options, name: gatheringName(id, url), personId, asset, url }), pointer: url }
  }
}

/** The wallet address that a pointer leads to; undefined for who takes streams only, and so has no address of Open Payments, which payouts need. Throws what `Resolver.lookUp` throws. */
export async function openPaymentsAddress(resolver: Pick<Resolver, 'lookUp'>, pointer: string): Promise<string | undefined> {
  const { paymentPointer, payee } = await resolver.lookUp(pointer)
  return payee === undefined ? paymentPointer : undefined
}

interface Gathering extends Pick<SharesElsewhereOptions, 'ledger' | 'payouts' | 'store'> {
  readonly name: string
  /** In whose name it is paid. */
  readonly personId: Id<'pers'>
  readonly asset: Asset
  readonly url: string
}

/** The account, with its way out: each day, with at least the smallest payout. Asked for again, the next date stays. */
export async function gather({ ledger, payouts, store, name, personId, asset, url }: Gathering): Promise<Id<'acct'>> {
  const { id: accountId } = await ledger.openAccount({ name, kind: 'publisher', asset, debitsMayExceedCredits: false })
  if ((await store.method(accountId)) === undefined) await payouts.setMethod({ personId, accountId, asset }, { destination: { rail: 'interledger', walletAddress: url }, schedule: 'daily', threshold: payouts.terms.minimum })
  return accountId
}

/** What became of the shares that gather on these accounts; of other accounts nothing is said. */
export function statesElsewhere({ ledger, store }: { readonly ledger: Pick<Ledger, 'account' | 'balance'>; readonly store: Pick<PayoutStore, 'takenOf' | 'method'> }): NonNullable<SplitsOptions['statesElsewhere']> {
  return async (accountIds) => {
    const accounts = await Promise.all(accountIds.map((id) => ledger.account(id)))
    const ids = accounts.flatMap((account) => (account !== undefined && sharedBy(account.name) !== undefined ? [account.id] : []))
    const [taken, balances, methods] = await Promise.all([store.takenOf(ids), Promise.all(ids.map((id) => ledger.balance(id))), Promise.all(ids.map((id) => store.method(id)))])
    return new Map(ids.map((id, index): [typeof id, ShareElsewhere] => {
      const { awaitingApproval = 0n, underWay = 0n, arrived = 0n, refused } = taken.get(id) ?? {}
      return [id, { waiting: balances[index]?.posted ?? 0n, awaitingApproval, underWay, sent: arrived, refused, givenUpMs: methods[index]?.givenUpMs }]
    }))
  }
}
