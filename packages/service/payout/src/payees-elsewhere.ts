/**
 * Shares of subscribers for wallet addresses of other providers. What all of them leave to one address gathers on one account, and leaves by Interledger each day on which there is enough: small shares
 * travel together, and nobody there learns who read what.
 */
import type { Accounts } from '@rivulet/accounts'
import { isFault } from '@rivulet/faults'
import type { Id } from '@rivulet/ids'
import type { Ledger } from '@rivulet/ledger'
import type { Asset } from '@rivulet/money'
import type { Resolver } from '@rivulet/resolver'
import type { Clock } from '@rivulet/time'
import { everybody } from './everybody.ts'
import { gatheringName } from './gathering-name.ts'
import type { PayoutStore } from './payout-store.ts'
import type { Payouts } from './payouts.ts'
import type { InterledgerRailOptions } from './rails/interledger.ts'
import { gather, openPaymentsAddress } from './shares-elsewhere.ts'

/**
 * In whose name an account is paid out of: whose it is; for what gathers for an address elsewhere, who shares it; for what all subscribers share, the installation's.
 * @param instance the wallet address under which the installation itself is known, in its asset
 */
export function payerOf({ accounts, store, instance }: { readonly accounts: Pick<Accounts, 'walletAddressByAccount' | 'personById'>; readonly store: Pick<PayoutStore, 'method'>; readonly instance: { readonly url: string; readonly asset: Asset } }): InterledgerRailOptions['payerOf'] {
  return async (accountId) => {
    const own = await accounts.walletAddressByAccount(accountId)
    const method = own === undefined ? await store.method(accountId) : undefined
    if (method?.personId === everybody.personId) return { id: everybody.walletAddressId, ...instance }
    return own ?? (method === undefined ? undefined : (await accounts.personById(method.personId))?.walletAddress)
  }
}

export interface PayeesElsewhereOptions {
  readonly ledger: Pick<Ledger, 'openAccount' | 'accountByName'>
  readonly payouts: Pick<Payouts, 'setMethod' | 'terms' | 'offered'>
  readonly store: Pick<PayoutStore, 'method'>
  readonly resolver: Pick<Resolver, 'lookUp'>
  readonly clock: Clock
  /** Of this installation: what is not known at one of them is nobody's elsewhere. */
  readonly publicUrls: readonly string[]
}

/** Of one question, abreast: who is not asked about has nothing this time, and the share rolls over. */
const askedMax = 20
const knownMs = 3_600_000
const knownMax = 10_000

export class PayeesElsewhere {
  readonly #options: PayeesElsewhereOptions
  readonly #own: ReadonlySet<string>
  readonly #known = new Map<string, { readonly takes: boolean; readonly untilMs: number }>()

  constructor(options: PayeesElsewhereOptions) {
    this.#options = options
    this.#own = new Set(options.publicUrls.map((url) => new URL(url).origin))
  }

  /** Those of these wallet addresses that a share can be paid to: it has been before and is not given up, or their providers say so now. Opens no account. */
  async among(payees: readonly string[]): Promise<ReadonlySet<string>> {
    const foreign = payees.filter((payee) => this.#isElsewhere(payee))
    const takes = new Set<string>()
    const unknown: string[] = []
    for (const payee of foreign) {
      const account = await this.#options.ledger.accountByName(nameOf(payee))
      // Who is given up takes nothing, whatever it says now, until an operator tries again.
      if (account !== undefined ? (await this.#options.store.method(account.id))?.givenUpMs === undefined : this.#remembered(payee) === true) takes.add(payee)
      else if (account === undefined && this.#remembered(payee) === undefined) unknown.push(payee)
    }
    await Promise.all(unknown.slice(0, askedMax).map(async (payee) => void ((await this.#ask(payee)) && takes.add(payee))))
    return takes
  }

  /** The account on which this address's shares gather; undefined for addresses of ours, and where nothing is paid out by Interledger. */
  async accountOf(payee: string): Promise<Id<'acct'> | undefined> {
    if (!this.#isElsewhere(payee)) return undefined
    const { asset } = this.#options.payouts.terms
    return gather({ ...this.#options, name: nameOf(payee), personId: everybody.personId, asset, url: payee })
  }

  #isElsewhere(payee: string): boolean {
    const url = URL.parse(payee)
    return url !== null && !this.#own.has(url.origin) && this.#options.payouts.offered.includes('interledger')
  }

  #remembered(payee: string): boolean | undefined {
    const known = this.#known.get(payee)
    return known !== undefined && known.untilMs > this.#options.clock.nowMs() ? known.takes : undefined
  }

  /** A provider that does not answer is asked again after a while. */
  async #ask(payee: string): Promise<boolean> {
    let takes = false
    try {
      takes = (await openPaymentsAddress(this.#options.resolver, payee)) !== undefined
    } catch (error) {
      if (!isFault(error)) throw error
    }
    if (this.#known.size >= knownMax) this.#known.clear()
    this.#known.set(payee, { takes, untilMs: this.#options.clock.nowMs() + knownMs })
    return takes
  }
}

function nameOf(payee: string): string {
  return gatheringName('everybody', payee)
}
