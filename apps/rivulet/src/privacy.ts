/** All that is kept of a subscriber, put together from the services that keep it: what she may take along, and what is forgotten when she asks for that. */
import { type Accounts, type ErasureSteps, type PersonalData, privacyRoutes } from '@rivulet/accounts'
import { type Funding, FundingStore, type InvoiceStore } from '@rivulet/funding'
import { Gnap } from '@rivulet/gnap'
import type { Id } from '@rivulet/ids'
import type { Ledger } from '@rivulet/ledger'
import { PersonalPaymentStore, TipStore } from '@rivulet/open-payments'
import type { Postgres } from '@rivulet/postgres'
import type { IncomingPayments } from '@rivulet/receiver'
import type { Clock } from '@rivulet/time'
import { WalletStore } from '@rivulet/wallet'
import type { Router } from 'express'
import type { Logger } from 'pino'

export interface PrivacyParts {
  readonly clock: Clock
  readonly log: Logger
  readonly postgres: Postgres
  readonly ledger: Ledger
  readonly accounts: Accounts
  readonly funding: { readonly funding: Funding; readonly invoices: InvoiceStore }
  readonly incomingPayments: IncomingPayments
}

/** One more than an export lists, so that it knows when it is cut. */
const rowsMax = 100_001
const transfersPerPage = 1_000
const paymentsPerPage = 100
const [firstDay, lastDay] = ['1970-01-01', '9999-12-31']

/** The routes of `/api/privacy`, and the worker that forgets. */
export function openPrivacy(parts: PrivacyParts, building: AsyncDisposableStack): Router {
  const { clock, log, postgres, ledger, accounts, funding: { funding } } = parts
  const gnap = building.use(new Gnap({ postgres, clock, server: 'wallet' }))
  const erasures = building.use(accounts.erasures({ ...erasureSteps(parts, gnap), log }))
  erasures.start()
  return privacyRoutes({
    kinds: personalData(parts, gnap),
    async leftOf({ id, walletAddress }) {
      const [balance, record] = await Promise.all([walletAddress === undefined ? undefined : ledger.balance(walletAddress.ledgerAccountId), funding.of(id)])
      return { budget: balance === undefined ? 0n : balance.posted + balance.accrued, plan: record?.subscription.plan.name }
    },
    async erase({ id }) {
      await accounts.beginErasure(id)
      await erasures.work()
    },
    clock, log, entrance: accounts.entrance('subscriber'),
  })
}

function erasureSteps({ clock, postgres, ledger, funding: { funding }, incomingPayments }: PrivacyParts, gnap: Gnap): ErasureSteps {
  const [wallet, plans, payments] = [new WalletStore(postgres), new FundingStore(postgres), new PersonalPaymentStore(postgres)]
  return {
    async end({ id, addresses }) {
      await wallet.revokeAll(id, clock.nowMs())
      const left = await funding.leave(id)
      return left && !(await payments.isPaying(addresses.map((address) => address.id))) && !(await ledger.payers.isStreaming(addresses.map(({ ledgerAccountId }) => ledgerAccountId)))
    },
    async forget({ id, addresses }) {
      await wallet.forget(id)
      await gnap.forget(id, addresses)
      await plans.forget(id)
      await payments.forget(id, addresses)
      await incomingPayments.forget(addresses)
      for (const { ledgerAccountId, anonymousUrl } of addresses) await ledger.payers.rename(ledgerAccountId, anonymousUrl)
    },
  }
}

function personalData({ postgres, ledger, accounts, funding: { invoices }, incomingPayments }: PrivacyParts, gnap: Gnap): readonly PersonalData[] {
  const [wallet, plans, tips, payments] = [new WalletStore(postgres), new FundingStore(postgres), new TipStore(postgres), new PersonalPaymentStore(postgres)]
  const idsOf = async (personId: Id<'pers'>) => (await accounts.walletAddresses(personId)).map(({ id }) => id)
  return [
    ...accounts.personalData(),
    { name: 'settings', read: async ({ id }) => (await wallet.settingsOf([id])).values() },
    { name: 'sites', read: ({ id }) => wallet.connectionsKept(id, rowsMax) },
    { name: 'reading', read: ({ id }) => wallet.usageOf(id, { from: firstDay, to: lastDay, limit: rowsMax }) },
    { name: 'transfers', async *read({ id }) { for (const { ledgerAccountId } of await accounts.walletAddresses(id)) yield* transfersOf(ledger, ledgerAccountId) } },
    { name: 'payments', async *read({ id }) { yield* payments.payments(await idsOf(id)) } },
    { name: 'incomingPayments', async *read({ id }) { for (const addressId of await idsOf(id)) yield* incomingOf(incomingPayments, addressId) } },
    { name: 'tips', read: ({ id }) => tips.list(id, rowsMax) },
    { name: 'grants', read: ({ id }) => grantsOf(gnap, id) },
    { name: 'subscriptions', read: ({ id }) => plans.kept(id) },
    { name: 'invoices', read: ({ id }) => invoices.ofPerson(id, rowsMax) },
  ]
}

/** All movements of an account, newest first. */
async function* transfersOf(ledger: Ledger, accountId: Id<'acct'>): AsyncGenerator<object> {
  for (let before: Id<'xfer'> | undefined; ; ) {
    const page = await ledger.transfersOf(accountId, { limit: transfersPerPage, ...(before !== undefined && { before }) })
    yield* page
    before = page.at(-1)?.id
    if (page.length < transfersPerPage) return
  }
}

async function* incomingOf(incomingPayments: IncomingPayments, walletAddressId: Id<'wadr'>): AsyncGenerator<object> {
  for (let after: Id<'inpm'> | undefined; ; ) {
    const page = await incomingPayments.list({ walletAddressId, limit: paymentsPerPage, ...(after !== undefined && { after }) })
    for (const { id, url, client, incomingAmount, receivedAmount, metadata, createdAtMs } of page) yield { id, url, client, incomingAmount, receivedAmount, metadata, createdAtMs }
    after = page.at(-1)?.id
    if (page.length < paymentsPerPage) return
  }
}

/** What lives, then what is over. */
async function* grantsOf(gnap: Gnap, personId: Id<'pers'>): AsyncGenerator<object> {
  for (const past of [false, true]) {
    for (let after: Id<'grnt'> | undefined; ; ) {
      const { grants, next } = await gnap.grantsOf(personId, { past, after })
      for (const { id, state, client, access, createdMs, expiresMs, endedMs } of grants) yield { id, state, client, access, createdMs, expiresMs, endedMs }
      if (next === undefined) break
      after = next
    }
  }
}
