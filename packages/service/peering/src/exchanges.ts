import type { Id } from '@rivulet/ids'
import type { Ledger } from '@rivulet/ledger'
import type { Asset } from '@rivulet/money'
import type { Peer } from './peer.ts'

const exchangesKnownMax = 10_000

/** The account, in our asset, of the exchange with a peer; opened when it is first needed. */
export function exchangesOf(ledger: Pick<Ledger, 'openExchange'>): (peer: Pick<Peer, 'name' | 'linkAccountId'>, asset: Asset) => Promise<Id<'acct'>> {
  const known = new Map<string, Id<'acct'>>()
  return async ({ name, linkAccountId }, asset) => {
    const key = `${linkAccountId} ${asset.code} ${asset.scale}`
    const found = known.get(key)
    if (found !== undefined) return found
    const { account } = await ledger.openExchange({ name, asset, linkAccountId })
    if (known.size >= exchangesKnownMax) known.clear()
    known.set(key, account.id)
    return account.id
  }
}
