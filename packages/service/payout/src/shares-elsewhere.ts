/** A share of a split for a wallet address of another provider: it gathers on an account of its own, to the unit, and leaves by Interledger each day on which there is enough. */
import { createHash } from 'node:crypto'
import { isFault } from '@rivulet/faults'
import type { Ledger } from '@rivulet/ledger'
import type { SplitsOptions } from '@rivulet/receiver'
import type { Resolver } from '@rivulet/resolver'
import type { Payouts } from './payouts.ts'

export interface SharesElsewhereOptions {
  readonly ledger: Pick<Ledger, 'openAccount'>
  readonly payouts: Pick<Payouts, 'setMethod' | 'terms' | 'offered'>
  readonly resolver: Pick<Resolver, 'lookUp'>
  /** Of this installation: a pointer of ours that does not exist is nobody's elsewhere. */
  readonly publicUrls: readonly string[]
}

const hashCharacters = 16

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
    const name = `elsewhere[${owner.id}/${createHash('sha256').update(url).digest('hex').slice(0, hashCharacters)}]`
    const { id: accountId } = await ledger.openAccount({ name, kind: 'publisher', asset, debitsMayExceedCredits: false })
    await payouts.setMethod({ personId: owner.personId, accountId, asset }, { destination: { rail: 'interledger', walletAddress: url }, schedule: 'daily', threshold: payouts.terms.minimum })
    return { accountId, pointer: url }
  }
}
