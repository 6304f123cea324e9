/** The services of a simulation: the real ones over a real database, without HTTP, sockets and sign-in in between. */
import { randomBytes } from 'node:crypto'
import { Accounts, type Person } from '@rivulet/accounts'
import { Funding, FundingStore, InvoiceStore, SandboxProvider, SandboxStore } from '@rivulet/funding'
import { type Id, newId } from '@rivulet/ids'
import { type Account, Ledger } from '@rivulet/ledger'
import { memoryLinkPair } from '@rivulet/links'
import { migrate, Postgres } from '@rivulet/postgres'
import type { Payee } from '@rivulet/resolver'
import { StreamReceiver } from '@rivulet/stream-receiver'
import { StreamSender } from '@rivulet/stream-sender'
import { createWallet, type Wallet, WalletStore } from '@rivulet/wallet'
import { allMigrations } from '../database.ts'
import { restOf, VirtualClock } from './virtual-clock.ts'

export const asset = { code: 'EUR', scale: 9 }
const connectionsMax = 24
const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined }

export interface SimulatedPerson {
  readonly id: Id<'pers'>
  readonly accountId: Id<'acct'>
  /** URL of the wallet address. */
  readonly url: string
}

export interface World extends AsyncDisposable {
  readonly clock: VirtualClock
  readonly ledger: Ledger
  readonly funding: Funding
  readonly fundingStore: FundingStore
  readonly sandbox: SandboxProvider
  readonly wallet: Wallet
  readonly usage: WalletStore
  /** Streams that may send in one second, so that each sends about once a step. */
  setPace(packetsPerSecond: number): void
  person(role: 'subscriber' | 'publisher', name: string): Promise<SimulatedPerson>
}

/** @param url of an empty database */
export async function openWorld(url: string, startMs: number): Promise<World> {
  await using building = new AsyncDisposableStack()
  // What a simulation has written need not survive a crash of the machine.
  const postgres = building.use(Postgres.connect({ url: `${url}?options=-c%20synchronous_commit%3Doff`, connectionsMax, applicationName: 'rivulet simulate' }))
  const clock = new VirtualClock(startMs, restOf(postgres))
  await migrate(postgres, allMigrations)
  const ledger = await Ledger.open({ postgres, clock })
  building.defer(() => clock.during(Promise.resolve(ledger[Symbol.asyncDispose]())))
  const accounts = building.use(
    await Accounts.open({
      postgres, ledger, clock, secret: randomBytes(32), sandbox: true, asset,
      entrances: { subscriber: { publicUrl: 'http://wallet.example' }, publisher: { publicUrl: 'http://publishers.example' }, operator: { publicUrl: 'http://operator.example' } },
    }),
  )
  const people = new Map<string, Person>()
  const payees = new Map<string, Id<'acct'>>()
  const usage = new WalletStore(postgres)
  const sandbox = new SandboxProvider(new SandboxStore(postgres))
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
      store: fundingStore, ledger, clock, log: quiet, background: false, providers: [sandbox],
      // Nobody is written to.
      mails: { write: () => Promise.resolve() },
      readerOf: () => Promise.resolve(undefined),
      invoices: new InvoiceStore(postgres),
      invoiceTerms: { seller: { name: 'Simulation', address: [] }, prefix: 'SIM-', vatBasisPoints: 0 },
      attentionOf: (personId, fromDay, toDay) => usage.attentionOf(personId, fromDay, toDay),
      accountOf: (payee) => Promise.resolve(payees.get(payee)),
    }),
  )
  const open = (name: string, kind: Account['kind'], debitsMayExceedCredits: boolean): Promise<Account> => ledger.openAccount({ name, kind, asset, debitsMayExceedCredits })
  const [walletLink, receiverLink] = [await open('link[receiver]@wallet', 'link', true), await open('link[wallet]@receiver', 'link', true)]
  const streams = new StreamReceiver({ address: 'test.sim.receiver', keys: { current: '1', all: { '1': randomBytes(32) } }, clock, receiving: ledger.receiving })
  const [link, far] = memoryLinkPair({ clock })
  far.receive((prepare) => streams.handle(prepare, { debitAccountId: receiverLink.id, asset }))
  let packetsPerSecondMax = 1
  const payeeOf = (pointer: string): Payee => ({ paymentPointer: pointer, asset, receiptsEnabled: false, incomingPayment: undefined, ...streams.issue({ accountId: payees.get(pointer) ?? newId('acct', 0), asset }) })
  const wallet = await createWallet({
    ledger, postgres, clock, log: quiet, asset,
    accounts: { entrance: (role) => accounts.entrance(role), personById: (id) => Promise.resolve(people.get(id)), personByName: (name) => accounts.personByName(name), frozenAmong: (ids) => accounts.frozenAmong(ids) },
    resolver: { lookUp: (pointer) => Promise.resolve({ paymentPointer: pointer, payee: undefined }), resolve: (pointer) => Promise.resolve(payeeOf(pointer)), complete: () => Promise.resolve() },
    sender: new StreamSender({ clock, random: () => 0.5 }),
    routing: { to: () => Promise.resolve({ link, creditAccountId: walletLink.id, packetsPerSecondMax }), rateOf: () => undefined, slippage: { numerator: 0n, denominator: 1n } },
    publicUrl: 'http://wallet.example', ilpAddress: 'test.sim.wallet', ownReceiverAddress: 'test.sim.receiver', sealKey: randomBytes(32), controlToken: 'none', allowLocal: true,
    termsOf: (personIds) => funding.termsOf(personIds),
    leaseMs: 300_000,
  })
  building.defer(() => clock.during(Promise.resolve(wallet[Symbol.asyncDispose]())))
  link.receive(wallet.packetHandler)
  const all = building.move()
  return {
    clock, ledger, funding, fundingStore, sandbox, wallet, usage,
    setPace: (packetsPerSecond) => {
      packetsPerSecondMax = packetsPerSecond
    },
    person: async (role, name) => {
      const id = newId('pers', clock.nowMs())
      const account = await open(`${role}[${name}]`, role, false)
      const url = `https://${role}s.example/${name}`
      if (role === 'publisher') payees.set(url, account.id)
      const walletAddress = { id: newId('wadr', clock.nowMs()), personId: id, role, path: name, url, publicName: name, asset, ledgerAccountId: account.id, main: true }
      people.set(id, { id, role, name, email: `${name}@example.org`, language: 'en', walletAddress })
      return { id, accountId: account.id, url }
    },
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  }
}
