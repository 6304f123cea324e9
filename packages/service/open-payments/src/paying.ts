import type { Accounts } from '@rivulet/accounts'
import type { AccessAction, AccessType } from '@rivulet/gnap'
import type { Id, Seal } from '@rivulet/ids'
import type { PacketHandler } from '@rivulet/ilp'
import type { Ledger } from '@rivulet/ledger'
import type { Asset } from '@rivulet/money'
import type { Routing } from '@rivulet/peering'
import type { Postgres } from '@rivulet/postgres'
import type { StreamSender } from '@rivulet/stream-sender'
import type { Clock, Timer } from '@rivulet/time'
import type { RequestHandler, Router } from 'express'
import { sameAsset } from './amount.ts'
import type { GrantSpending } from './auth/consent-routes.ts'
import { OutgoingPayments, type PaymentAccounts } from './outgoing/outgoing-payments.ts'
import { PaymentStore } from './outgoing/payment-store.ts'
import { payingRoutes } from './paying-routes.ts'
import type { FeePolicy } from './quotes/price.ts'
import { QuoteStore } from './quotes/quote-store.ts'
import { Quotes } from './quotes/quotes.ts'
import type { FindReceiver } from './receivers.ts'

export interface PayingOptions {
  /** With `openPaymentsMigrations` applied. */
  readonly postgres: Postgres
  readonly ledger: Pick<Ledger, 'openAccount' | 'sending' | 'receiving' | 'transfer'>
  readonly accounts: Pick<Accounts, 'walletAddressByUrl' | 'isAccountFrozen'>
  /** The operator's words while everything that pays is stopped. */
  readonly stopped: () => Promise<string | undefined>
  readonly clock: Clock
  readonly log: { warn(details: object, message: string): void; error(details: object, message: string): void }
  readonly sender: Pick<StreamSender, 'pay'>
  readonly routing: Routing
  /** What the wallet's people count in. */
  readonly asset: Asset
  /** ILP address of the payments; each gets a child of it. */
  readonly ilpAddress: string
  readonly seal: Seal
  readonly leaseMs: number
  /** Of the wallet. */
  readonly publicUrl: string
  readonly find: FindReceiver
  readonly requireToken: (type: AccessType, action: AccessAction) => RequestHandler[]
  readonly fee: FeePolicy
}

export interface Paying extends AsyncDisposable {
  /** `/quotes`, `/outgoing-payments`, `/outgoing-payment-grant`. Before any reader of bodies. */
  readonly routes: Router
  /** What a grant has spent; `intervalStartMs` is 0 when its limits do not repeat. */
  readonly spending: (grantId: Id<'grnt'>, intervalStartMs: number) => Promise<GrantSpending | undefined>
  /** For what else the wallet pays. */
  readonly payments: Pick<OutgoingPayments, 'create' | 'get'>
  /** Answers packets that came to our payments' addresses. */
  readonly packetHandler: PacketHandler
}

const sweepEveryMs = 3_600_000

/** The paying half of the resource server, on the subscribers' origin. Ends what earlier processes left, at once and every few seconds. */
export async function createPaying(options: PayingOptions): Promise<Paying> {
  const { postgres, ledger, accounts, clock, log, routing, asset, ilpAddress, find, fee } = options
  const accountsOf = paymentAccounts(ledger, asset)
  await accountsOf(asset)
  const quoteStore = new QuoteStore(postgres)
  const quotes = new Quotes({ store: quoteStore, clock, find, routing, asset, ilpAddress, fee })
  const { sender, seal, leaseMs } = options
  const payments = new OutgoingPayments({ store: new PaymentStore(postgres), quotes, ledger, sender, routing, accountsOf, ilpAddress, seal, leaseMs, clock, log, stopped: options.stopped, frozen: (accountId) => accounts.isAccountFrozen(accountId) })
  let sweeping: Timer | undefined
  const sweep = (): void => {
    sweeping = clock.after(sweepEveryMs, sweep, { background: true })
    void quoteStore.sweep(clock.nowMs()).catch(() => undefined)
  }
  sweep()
  return {
    spending: (grantId, intervalStartMs) => payments.spending(grantId, intervalStartMs),
    routes: payingRoutes({ publicUrl: options.publicUrl, accounts, quotes, payments, requireToken: options.requireToken, clock, log }),
    payments,
    packetHandler: payments.packetHandler,
    async [Symbol.asyncDispose]() {
      sweeping?.cancel()
      await payments[Symbol.asyncDispose]()
      await quotes.idle()
    },
  }
}

const assetsKnownMax = 10_000

/** Loss and fees of each asset that somebody pays from; opened when they are first needed. Those of the wallet's own asset have no asset in their names. */
function paymentAccounts(ledger: Pick<Ledger, 'openAccount'>, own: Asset): (asset: Asset) => Promise<PaymentAccounts> {
  const known = new Map<string, PaymentAccounts>()
  return async (asset) => {
    const key = `${asset.code}/${asset.scale}`
    const found = known.get(key)
    if (found !== undefined) return found
    const suffix = sameAsset(asset, own) ? '' : `@${key}`
    const loss = await ledger.openAccount({ name: `loss@wallet${suffix}`, kind: 'loss', asset, debitsMayExceedCredits: true })
    const fees = await ledger.openAccount({ name: `fee.streaming${suffix}`, kind: 'fee', asset, debitsMayExceedCredits: false })
    if (known.size >= assetsKnownMax) known.clear()
    const accounts = { lossId: loss.id, feeId: fees.id }
    known.set(key, accounts)
    return accounts
  }
}
