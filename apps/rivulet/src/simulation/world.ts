/** The services of a simulation: the real ones over a real database, without HTTP, sockets and sign-in in between. */
import { randomBytes } from 'node:crypto'
import { Accounts, type Person, type WalletAddress } from '@rivulet/accounts'
import { costOf, Funding, FundingStore, InvoiceStore, openPots, SandboxProvider, SandboxStore } from '@rivulet/funding'
import { type Id, newId, Seal } from '@rivulet/ids'
import { type Account, Ledger } from '@rivulet/ledger'
import { memoryLinkPair } from '@rivulet/links'
import { createPaying, findReceiver, Tips } from '@rivulet/open-payments'
import { Bank, BankStore, Payouts, PayoutStore, type PayoutTerms, ProviderStore, ReconciliationService } from '@rivulet/payout'
import { migrate, Postgres } from '@rivulet/postgres'
import { IncomingPayments, OwnMoney } from '@rivulet/receiver'
import type { Payee } from '@rivulet/resolver'
import { StreamReceiver } from '@rivulet/stream-receiver'
import { StreamSender } from '@rivulet/stream-sender'
import { createWallet, type Wallet, WalletStore } from '@rivulet/wallet'
import { allMigrations } from '../database.ts'
import { answersInOrder } from './answers.ts'
import { VirtualClock } from './virtual-clock.ts'

export const asset = { code: 'EUR', scale: 9 }
const connectionsMax = 10
const publicUrl = 'https://wallet.example'
const receiverUrl = 'https://publishers.example'
/** Of the card provider: 1.5 % and 0.25 a charge. */
const tariff = { rate: '0.015', fixed: '0.25' }
const vatBasisPoints = 2_000
const cent = 10_000_000n
const noFee = { fixed: 0n, basisPoints: 0 }
const payoutTerms: PayoutTerms = { asset, minimum: 100n * cent, approvalAbove: 5_000n * cent, fourEyesAbove: 50_000n * cent, patienceMs: 60 * 86_400_000, fees: { manual: noFee, sepa: { fixed: 25n * cent, basisPoints: 0 }, interledger: noFee, stripe: noFee } }
/** Our account at the simulated bank: an example of the standard. */
export const ourIban = 'DE89370400440532013000'
const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined }

export interface SimulatedPerson {
  readonly id: Id<'pers'>
  readonly accountId: Id<'acct'>
  /** URL of the wallet address. */
  readonly url: string
  readonly walletAddress: WalletAddress
}

export interface World extends AsyncDisposable {
  readonly clock: VirtualClock
  readonly ledger: Ledger
  readonly funding: Funding
  readonly fundingStore: FundingStore
  readonly sandbox: SandboxProvider
  readonly wallet: Wallet
  readonly usage: WalletStore
  readonly tips: Tips
  readonly payouts: Payouts
  readonly payoutStore: PayoutStore
  readonly bank: Bank
  readonly reconciliation: ReconciliationService
  /** Streams that may send in one second, so that each sends about once a step. */
  setPace(packetsPerSecond: number): void
  person(role: 'subscriber' | 'publisher', name: string): Promise<SimulatedPerson>
}

/** @param url of an empty database */
export async function openWorld(url: string, startMs: number): Promise<World> {
  await using building = new AsyncDisposableStack()
  const postgres = building.use(Postgres.connect({ url, connectionsMax, applicationName: 'rivulet simulate' }))
  const clock = new VirtualClock(startMs, await answersInOrder(postgres))
  await migrate(postgres, allMigrations)
  const ledger = await Ledger.open({ postgres, clock })
  building.defer(() => clock.during(Promise.resolve(ledger[Symbol.asyncDispose]())))
  const accounts = building.use(
    await Accounts.open({
      postgres, ledger, clock, secret: randomBytes(32), sandbox: true, asset,
      entrances: { subscriber: { publicUrl }, publisher: { publicUrl: receiverUrl }, operator: { publicUrl: 'http://operator.example' } },
    }),
  )
  const people = new Map<string, Person>()
  const addresses = new Map<string, WalletAddress>()
  const payees = new Map<string, Id<'acct'>>()
  const usage = new WalletStore(postgres)
  const sandbox = new SandboxProvider(new SandboxStore(postgres), clock)
  const fundingStore = new FundingStore(postgres)
  const plan = { asset, period: 'month' as const, trialDays: 0 }
  await fundingStore.offer(
    [
      { ...plan, key: 'reader', name: 'Reader', price: 5_000_000_000n, feeBasisPoints: 1_000, rate: 500_000n, pacing: 'stream' },
      { ...plan, key: 'patron', name: 'Patron', price: 15_000_000_000n, feeBasisPoints: 500, rate: 1_000_000n, pacing: 'stretch' },
    ],
    () => newId('plan', clock.nowMs()),
  )
  const funding = building.use(
    new Funding({
      store: fundingStore, ledger, clock, log: quiet, background: false, providers: [sandbox], costOf: (_provider, amount) => costOf(tariff, amount, asset),
      // Nobody is written to.
      mails: { write: () => Promise.resolve() },
      readerOf: () => Promise.resolve(undefined),
      invoices: new InvoiceStore(postgres),
      invoiceTerms: { seller: { name: 'Simulation', address: [] }, prefix: 'SIM-', vatBasisPoints },
      attentionOf: (personId, fromDay, toDay) => usage.attentionOf(personId, fromDay, toDay),
      accountOf: (payee) => Promise.resolve(payees.get(payee)),
    }),
  )
  const open = (name: string, kind: Account['kind'], debitsMayExceedCredits: boolean): Promise<Account> => ledger.openAccount({ name, kind, asset, debitsMayExceedCredits })
  const [walletLink, receiverLink] = [await open('link[receiver]@wallet', 'link', true), await open('link[wallet]@receiver', 'link', true)]
  const streams = new StreamReceiver({ address: 'test.sim.receiver', keys: { current: '1', all: { '1': randomBytes(32) } }, clock, receiving: ledger.receiving })
  const [link, far] = memoryLinkPair({ clock })
  far.receive((prepare) => streams.handle(prepare, { debitAccountId: receiverLink.id, asset }))
  const seal = new Seal(randomBytes(32))
  let packetsPerSecondMax = 1
  const payeeOf = (pointer: string): Payee => ({ paymentPointer: pointer, asset, receiptsEnabled: false, incomingPayment: undefined, ...streams.issue({ accountId: payees.get(pointer) ?? newId('acct', 0), asset }) })
  const sender = new StreamSender({ clock, random: () => 0.5 })
  const wallet = await createWallet({
    ledger, postgres, clock, log: quiet, asset,
    accounts: { entrance: (role) => accounts.entrance(role), personById: (id) => Promise.resolve(people.get(id)), personByName: (name) => accounts.personByName(name), frozenAmong: (ids) => accounts.frozenAmong(ids) },
    resolver: { lookUp: (pointer) => Promise.resolve({ paymentPointer: pointer, payee: undefined }), resolve: (pointer) => Promise.resolve(payeeOf(pointer)), complete: () => Promise.resolve() },
    sender,
    routing: { to: () => Promise.resolve({ link, creditAccountId: walletLink.id, packetsPerSecondMax }), rateOf: () => undefined, slippage: { numerator: 0n, denominator: 1n } },
    publicUrl, ilpAddress: 'test.sim.wallet', ownReceiverAddress: 'test.sim.receiver', sealKey: randomBytes(32), controlToken: 'none', allowLocal: true,
    termsOf: (personIds) => funding.termsOf(personIds),
    leaseMs: 300_000,
  })
  building.defer(() => clock.during(Promise.resolve(wallet[Symbol.asyncDispose]())))
  link.receive(wallet.packetHandler)
  const incoming = new IncomingPayments({ postgres, clock, streams, receiving: ledger.receiving, accounts: { walletAddressById: (id) => Promise.resolve([...addresses.values()].find((address) => address.id === id)) }, unlimitedClients: [publicUrl] })
  const paying = await createPaying({
    stopped: () => Promise.resolve(undefined), postgres, ledger, clock, log: quiet, sender, asset, seal, publicUrl, leaseMs: 60_000, ilpAddress: 'test.sim.wallet.pay', fee: { fixed: 0n, basisPoints: 0n },
    accounts: { walletAddressByUrl: (url) => Promise.resolve(addresses.get(url)), isAccountFrozen: () => Promise.resolve(false) },
    routing: { to: () => Promise.resolve({ link, creditAccountId: walletLink.id }), rateOf: () => undefined, slippage: { numerator: 0n, denominator: 1n } },
    find: findReceiver({ incoming, publicUrls: [receiverUrl], reader: { read: () => Promise.resolve(undefined) } }),
    // Nobody comes by HTTP.
    requireToken: () => [],
  })
  building.defer(() => clock.during(Promise.resolve(paying[Symbol.asyncDispose]())))
  const tips = new Tips({
    postgres, clock, log: quiet, payments: paying.payments, publicUrl,
    incomingFor: async (pointer) => {
      const walletAddress = addresses.get(pointer)
      return walletAddress === undefined ? undefined : (await incoming.create({ walletAddress, client: publicUrl, metadata: { source: 'Tip' } })).payment.url
    },
    receivedOf: async (url) => (await incoming.get(url.slice(url.lastIndexOf('/') + 1)))?.receivedAmount,
  })
  const payoutStore = new PayoutStore(postgres)
  const payouts = building.use(new Payouts({ store: payoutStore, ledger, own: new OwnMoney({ postgres, ledger }), clock, log: quiet, seal, terms: payoutTerms, offered: ['sepa', 'manual'], background: false, frozenAmong: () => Promise.resolve(new Set()) }))
  const bankStore = new BankStore(postgres)
  const bank = new Bank({ store: bankStore, payouts, clock, seal, debtor: { name: 'Simulation', iban: ourIban }, asset })
  const reconciliation = new ReconciliationService({ ledger, payouts: payoutStore, bank: bankStore, providers: new ProviderStore(postgres), clock, asset, settling: [{ name: sandbox.name, withinMs: 7 * 86_400_000 }], pots: () => openPots(fundingStore.pools) })
  const all = building.move()
  return {
    clock, ledger, funding, fundingStore, sandbox, wallet, usage, tips, payouts, payoutStore, bank, reconciliation,
    setPace: (packetsPerSecond) => {
      packetsPerSecondMax = packetsPerSecond
    },
    person: async (role, name) => {
      const id = newId('pers', clock.nowMs())
      const account = await open(`${role}[${name}]`, role, false)
      const url = `${role === 'publisher' ? receiverUrl : publicUrl}/${name}`
      if (role === 'publisher') payees.set(url, account.id)
      const walletAddress: WalletAddress = { id: newId('wadr', clock.nowMs()), personId: id, role, path: name, url, publicName: name, asset, ledgerAccountId: account.id, main: true }
      people.set(id, { id, role, name, email: `${name}@example.org`, language: 'en', walletAddress })
      addresses.set(url, walletAddress)
      return { id, accountId: account.id, url, walletAddress }
    },
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  }
}
