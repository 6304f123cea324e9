/** What subscribers may choose, and how funding is put together. */
import type { Accounts, Person, WalletAddress } from '@rivulet/accounts'
import { Fault } from '@rivulet/faults'
import { costOf, Funding, FundingStore, InvoiceStore, type PlanSpec, SandboxProvider, SandboxStore, type StripeProvider } from '@rivulet/funding'
import { newId } from '@rivulet/ids'
import type { Ledger } from '@rivulet/ledger'
import type { Mails } from '@rivulet/notify'
import type { PayeesElsewhere } from '@rivulet/payout'
import type { Postgres } from '@rivulet/postgres'
import type { Clock, JobWatch } from '@rivulet/time'
import { WalletStore } from '@rivulet/wallet'
import type { Logger } from 'pino'
import type { Config } from './config.ts'

export interface FundingParts {
  readonly funding: Funding
  readonly sandbox: SandboxProvider
  readonly stripe: StripeProvider | undefined
  readonly invoices: InvoiceStore
}

interface Parts {
  readonly postgres: Postgres
  readonly ledger: Ledger
  readonly clock: Clock
  readonly log: Logger
  readonly mails: Mails
  /** Only one role's processes need to work through what is due. */
  readonly background: boolean
  readonly watch?: JobWatch
  readonly accounts: () => Accounts
  readonly elsewhere: () => PayeesElsewhere
}

/** Takes cards, where the installation does. */
async function providerOf(config: Config): Promise<StripeProvider | undefined> {
  if (config.stripe === undefined || config.sandbox) return undefined
  const { StripeProvider } = await import('@rivulet/funding/stripe')
  return new StripeProvider({ ...config.stripe, returnUrl: `${config.publicUrls.wallet}/subscription` })
}

/** The sandbox offers two plans; an installation offers those of its file once it has a provider. */
export async function openFunding(config: Config, { postgres, ledger, clock, log, mails, background, watch, accounts, elsewhere }: Parts): Promise<FundingParts> {
  const sandbox = new SandboxProvider(new SandboxStore(postgres), clock)
  const stripe = await providerOf(config)
  const store = new FundingStore(postgres)
  await store.offer(config.sandbox ? sandboxPlans(config) : stripe === undefined ? [] : config.plans, () => newId('plan', clock.nowMs()))
  const invoices = new InvoiceStore(postgres)
  const usage = new WalletStore(postgres)
  const ours = async (payee: string): Promise<WalletAddress | undefined> => accounts().walletAddressByUrl(payee)
  const accountOf = ({ asset, ledgerAccountId }: WalletAddress): WalletAddress['ledgerAccountId'] | undefined => (asset.code === config.asset.code && asset.scale === config.asset.scale ? ledgerAccountId : undefined)
  const funding = new Funding({
    store, ledger, clock, log, mails, invoices, invoiceTerms: config.invoices, background, watch, providers: stripe !== undefined ? [stripe] : config.sandbox ? [sandbox] : [],
    costOf: (provider, amount) => provider === stripe?.name ? 0n : costOf(config.tariffs[provider], amount, config.asset),
    frozenAmong: (ids) => accounts().frozenAmong(ids),
    readerOf: async (personId) => {
      const person = await accounts().personById(personId)
      return person === undefined ? undefined : { name: person.name, email: person.email, language: person.language, url: `${config.publicUrls.wallet}/subscription` }
    },
    attentionOf: (personId, fromDay, toDay) => usage.attentionOf(personId, fromDay, toDay),
    accountOf: async (payee) => {
      const address = await ours(payee)
      return address === undefined ? elsewhere().accountOf(payee) : accountOf(address)
    },
    creditable: async (payees) => {
      const here = await Promise.all(payees.map(async (payee) => [payee, await ours(payee)] as const))
      const away = await elsewhere().among(here.flatMap(([payee, address]) => (address === undefined ? [payee] : [])))
      return new Set([...here.flatMap(([payee, address]) => (address !== undefined && accountOf(address) !== undefined ? [payee] : [])), ...away])
    },
  })
  return { funding, sandbox, stripe, invoices }
}

export function sandboxPlans({ asset, sandboxBudget, ratePerSecond }: Config): readonly PlanSpec[] {
  const terms = { asset, period: 'month' as const, pacing: 'stream' as const, trialDays: 0 }
  return [
    { ...terms, key: 'reader', name: 'Reader', price: sandboxBudget, feeBasisPoints: 0, rate: ratePerSecond },
    { ...terms, key: 'patron', name: 'Patron', price: sandboxBudget * 3n, feeBasisPoints: 500, rate: ratePerSecond * 2n },
  ]
}

/** In the sandbox every new subscriber has the first plan, paid with a card that always succeeds. Idempotent. */
export async function subscribeInSandbox({ funding, sandbox }: FundingParts, { id, role, walletAddress }: Person): Promise<void> {
  const [plan] = await funding.plans()
  if (role !== 'subscriber' || walletAddress === undefined || plan === undefined) return
  try {
    await funding.subscribe({ personId: id, accountId: walletAddress.ledgerAccountId, planId: plan.id, provider: sandbox.name, card: sandbox.card('4242 4242 4242 4242'), policy: { kind: 'time' } })
  } catch (error) {
    if (!(error instanceof Fault && error.code === 'subscribed-already')) throw error
  }
}
