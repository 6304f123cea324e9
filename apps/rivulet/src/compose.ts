/** The only file that knows every service: opens what a role needs, in order, and hands it over. */
import { randomInt } from 'node:crypto'
import { type Accounts, operatorsRoutes, personOf } from '@rivulet/accounts'
import { AuditLog, recordRefusals } from '@rivulet/audit'
import { Forwarder } from '@rivulet/forwarder'
import { economicsRoutes, fundingRoutes, FundingStore, invoiceRoutes, refundRoutes, stripeRoutes } from '@rivulet/funding'
import { Gnap } from '@rivulet/gnap'
import { Seal } from '@rivulet/ids'
import { type Account, Ledger } from '@rivulet/ledger'
import { BtpClient, BtpServer, type DuplexLink, memoryLinkPair } from '@rivulet/links'
import { amountMax } from '@rivulet/money'
import { mailboxRoutes, type Mails, webhookRoutes, Webhooks } from '@rivulet/notify'
import { createOperator, JobLog, RoleReporter, settingsRoutes } from '@rivulet/operator'
import { addressApi, authServer, consentRoutes, createClientKeys, createClientNames, createPaying, findReceiver, incomingPaymentRoutes, type InstanceKey, instanceKeyOf, type Paying, requireToken, type SignedOptions, walletAddressRoutes } from '@rivulet/open-payments'
import { type GuardedFetch, guardedFetch } from '@rivulet/outbound'
import { type Border, openBorder, openRouting, peerRoutes, Rates, relayToken } from '@rivulet/peering'
import { payoutFigures } from '@rivulet/payout'
import type { Postgres } from '@rivulet/postgres'
import { type ApiKeys, createReceiver, IncomingPayments, PaymentEvents, PaymentSweeper, spspRoutes } from '@rivulet/receiver'
import { IncomingPaymentReader, Resolver } from '@rivulet/resolver'
import { type ReceiverKeys, StreamReceiver } from '@rivulet/stream-receiver'
import { StreamSender } from '@rivulet/stream-sender'
import { type Clock, systemClock } from '@rivulet/time'
import { createWallet, JourneyStore, SwitchStore } from '@rivulet/wallet'
import { type Express, Router } from 'express'
import type { Logger } from 'pino'
import { openAccounts } from './accounts.ts'
import { openAdministration, openQueues, openSubscriptions } from './administration.ts'
import { apiRoutes } from './api/document.ts'
import { clientScriptRoutes } from './client-script-routes.ts'
import { type Config, type RoleName, sandboxUrls } from './config.ts'
import { openServerDatabase } from './database.ts'
import { type DemoAccount, demoSite, ensureDemoAccounts } from './demo.ts'
import { Door } from './door.ts'
import { controlFrontOf, frontOf } from './front.ts'
import { openLog } from './log.ts'
import { openMails } from './mails.ts'
import { type FundingParts, openFunding, sandboxPlans, subscribeInSandbox } from './plans.ts'
import { costNames, openPayouts, operatorPayouts, payOutOverInterledger, payeesElsewhere, type PayoutParts, publisherPayouts } from './payouts.ts'
import { openPeers } from './peers.ts'
import { openApiKeys, openPublishers } from './publishers.ts'
import { removeRunning, writeRunning } from './running.ts'
import { settingsOf } from './settings.ts'
import { openSubscribers } from './subscribers.ts'
import { openTips } from './tips.ts'
import { version } from './version.ts'

/** What every role of a process shares. */
interface Foundation {
  readonly config: Config
  readonly clock: Clock
  readonly log: Logger
  readonly postgres: Postgres
  readonly ledger: Ledger
  readonly accounts: Accounts
  readonly instance: InstanceKey
  readonly mails: Mails
  /** What this process does by itself. */
  readonly jobs: JobLog
  readonly funding: FundingParts
  readonly payouts: PayoutParts
  /** Gives out and reads the addresses of connections that credit our people's accounts. */
  readonly streams: StreamReceiver
  readonly incomingPayments: IncomingPayments
}

const doorPatienceMs = 2_000
/** Nobody reads what a publisher's server answers. */
const webhookAnswerBytesMax = 65_536
/** Between roles of one operator only the ledger limits. */
const internalLimits = { packetAmountMax: 10n ** 12n, packetsPerSecondMax: 1_000_000, packetsBurstMax: 1_000_000, owedMax: amountMax }

export interface RunningRole extends AsyncDisposable {
  readonly url: string
}

export interface RunningAll extends AsyncDisposable {
  readonly sandbox: boolean
  /** What each role's door serves, for who asks which routes there are. */
  readonly apps: Readonly<Record<RoleName, Express>>
  readonly urls: Config['publicUrls']
  readonly demoAccounts: readonly DemoAccount[]
}

/** `rivulet up`. Throws before anything is left running. */
export async function startAll(given: Config, onProgress: (step: string) => void): Promise<RunningAll> {
  await using building = new AsyncDisposableStack()
  const doors = { wallet: await openDoor(given, 'wallet', building), receiver: await openDoor(given, 'receiver', building), operator: await openDoor(given, 'operator', building) }
  const demo = given.sandbox ? await openDoor(given, 'demo', building) : undefined
  const ports = { wallet: doors.wallet.port, receiver: doors.receiver.port, operator: doors.operator.port, demo: demo?.port ?? 0 }
  const config = given.sandbox ? { ...given, ports, publicUrls: sandboxUrls(ports), receiverBtpUrl: `ws://127.0.0.1:${ports.receiver}/btp` } : given
  const foundation = await openFoundation(config, 'up', { building, onProgress })
  const demoAccounts = await ensureDemoAccounts(config, foundation)
  const pair = config.link === 'memory' ? memoryLinkPair({ clock: foundation.clock }) : undefined
  const { border, app: receiver } = await startReceiver(foundation, doors.receiver, { building, link: pair?.[0] })
  const wallet = await startWallet(foundation, doors.wallet, { building, link: pair?.[1], demoAccounts, ...(pair !== undefined && { border }) })
  const operator = startOperator(foundation, doors.operator, building)
  demo?.serve(demoSite(config))
  const all = building.move()
  return { sandbox: config.sandbox, apps: { wallet, receiver, operator }, urls: config.publicUrls, demoAccounts, [Symbol.asyncDispose]: () => all.disposeAsync() }
}

/** `rivulet wallet`, `receiver` or `operator`. */
export async function startRole(role: RoleName, config: Config): Promise<RunningRole> {
  await using building = new AsyncDisposableStack()
  const door = await openDoor(config, role, building)
  const foundation = await openFoundation(config, role, { building, onProgress: () => undefined })
  const demoAccounts = await ensureDemoAccounts(config, foundation)
  if (role === 'wallet') await startWallet(foundation, door, { building, demoAccounts })
  else if (role === 'receiver') await startReceiver(foundation, door, { building })
  else startOperator(foundation, door, building)
  const all = building.move()
  return { url: config.publicUrls[role], [Symbol.asyncDispose]: () => all.disposeAsync() }
}

/** For the commands of this machine: a door that nobody else reaches, whose port stands in the data folder, and whom the sandbox streams as. */
async function openControlDoor({ config, log }: Foundation, routes: Router, { building, demoAccounts }: { readonly building: AsyncDisposableStack; readonly demoAccounts: readonly DemoAccount[] }): Promise<void> {
  const door = await Door.open({ name: 'control', host: '127.0.0.1', port: 0 })
  building.defer(() => door.close(systemClock, doorPatienceMs))
  serve(door, building, controlFrontOf(log, routes))
  const running = { controlUrl: `http://127.0.0.1:${door.port}`, firstSubscriber: demoAccounts.find(({ role }) => role === 'subscriber')?.email }
  writeRunning(config.dataFolder, running)
  building.defer(() => removeRunning(config.dataFolder, running))
}

async function openDoor(config: Config, name: RoleName | 'demo', building: AsyncDisposableStack): Promise<Door> {
  const door = await Door.open({ name, host: config.listenHost, port: config.ports[name], tls: config.tls })
  building.defer(() => door.close(systemClock, doorPatienceMs))
  return door
}

async function openFoundation(config: Config, role: string, { building, onProgress }: { readonly building: AsyncDisposableStack; readonly onProgress: (step: string) => void }): Promise<Foundation> {
  const clock = systemClock
  const log = openLog(config.logLevel, role)
  const jobs = new JobLog()
  const { postgres } = building.use(await openServerDatabase(config, role, onProgress))
  const ledger = building.use(await Ledger.open({ postgres, clock, log }))
  const mails = building.use(openMails(config, { postgres, clock, log, watch: jobs.watch('mails') }))
  mails.start()
  const funding = await openFunding(config, { postgres, ledger, clock, log, mails, background: role === 'up' || role === 'wallet', watch: jobs.watch('subscriptions'), accounts: () => accounts, elsewhere: () => elsewhere })
  building.use(funding.funding)
  const accounts: Accounts = building.use(await openAccounts(config, { postgres, ledger, clock, mails, entrancesOpen: true, ...(config.sandbox && { onPersonCreated: (person) => subscribeInSandbox(funding, person) }) }))
  const payouts = await openPayouts({ config, postgres, ledger, clock, log, mailed: { mails, accounts } }, role === 'up' || role === 'wallet', jobs.watch('payouts'))
  building.use(payouts.payouts)
  const instance = instanceKeyOf(Buffer.from(config.secrets.instance, 'base64url'), config.publicUrls.wallet)
  const elsewhere = payeesElsewhere(payouts, { config, ledger, clock, instance })
  const streams = new StreamReceiver({ address: config.ilpAddresses.receiver, keys: receiverKeysOf(config), clock, receiving: ledger.receiving })
  const incomingPayments = new IncomingPayments({ postgres, clock, accounts, streams, receiving: ledger.receiving, unlimitedClients: [instance.walletAddress] })
  return { config, clock, log, postgres, ledger, accounts, instance, mails, jobs, funding, payouts, streams, incomingPayments }
}

interface RoleParts {
  readonly building: AsyncDisposableStack
  /** Instead of BTP. */
  readonly link?: DuplexLink | undefined
  /** In this same process, instead of BTP. */
  readonly border?: Border
}

async function startReceiver(foundation: Foundation, door: Door, { building, link }: RoleParts): Promise<{ readonly border: Border; readonly app: Express }> {
  const { config, clock, log, postgres, ledger, accounts, instance, streams } = foundation
  const { asset, ilpAddress, ilpAddresses, secrets } = config
  const rates = await startRates(foundation, building)
  const forwarder = new Forwarder({ address: ilpAddresses.receiver, clock, log, rateOf: rates.rateOf })
  const btp = building.use(new BtpServer({ clock, log }))
  const wallet = btp.addPeer({ id: 'wallet', token: secrets.peer })
  const linkAccount = await openLinkAccount(foundation, 'link[wallet]@receiver')
  forwarder.addPeer({ id: 'wallet', address: ilpAddresses.wallet, asset, link: link ?? wallet, linkAccountId: linkAccount.id, limits: internalLimits })
  const border = building.use(await openBorder({ postgres, ledger, clock, log, forwarder, btp, rates, seal: new Seal(Buffer.from(secrets.seal, 'base64url')), internalToken: secrets.peer, ilpAddress, own: { name: 'wallet', asset, linkAccountId: linkAccount.id } }))
  const receiver = createReceiver({ ledger, accounts, ilpAddress: ilpAddresses.receiver, streams, ...(config.hostPath !== undefined && { hostPath: config.hostPath }), log, exchange: (peerId, to) => border.exchange(peerId, to) })
  forwarder.local(ilpAddresses.receiver, receiver.packetHandler)
  btp.attach(door.server, '/btp')
  door.refuseUpgradesBut('/btp')
  building.use(new PaymentSweeper({ payments: foundation.incomingPayments, clock, log }))
  building.use(new RoleReporter({ postgres, clock, log, role: 'receiver', version, jobs: () => foundation.jobs.list(), links: () => border.links(), queues: () => ({ credits: ledger.queues().credits }) }))
  const apiKeys = openApiKeys(foundation)
  const app = serve(door, building, frontOf({ entrance: 'publisher', log, proxyHops: config.proxyHops, ready: () => postgres.ping() }, [apiRoutes('receiver', config.publicUrls.receiver), border.routes, walletAddressRoutes({ accounts, role: 'publisher', hostPath: config.hostPath, instance }), receiver.routes, publisherPayouts(foundation.payouts, foundation), openWebhooks(foundation, apiKeys, building), ...(await openPayments(foundation, 'receiver', building)), addressApi({ accounts, entrance: accounts.entrance('publisher') }), ...openPublishers(foundation, apiKeys, building)]))
  return { border, app }
}

async function startWallet(foundation: Foundation, door: Door, { building, link, border, demoAccounts }: RoleParts & { readonly demoAccounts: readonly DemoAccount[] }): Promise<Express> {
  const { config, clock, log, postgres, ledger, accounts, instance, funding, streams, incomingPayments } = foundation
  const { asset, ilpAddresses, secrets } = config
  const forwarder = new Forwarder({ address: ilpAddresses.wallet, clock, log })
  const linkAccount = await openLinkAccount(foundation, 'link[receiver]@wallet')
  const toReceiver = link ?? building.use(new BtpClient({ url: config.receiverBtpUrl, username: 'wallet', token: secrets.peer, peerId: 'receiver', clock, log }))
  forwarder.addPeer({ id: 'receiver', address: ilpAddresses.receiver, asset, link: toReceiver, linkAccountId: linkAccount.id, limits: internalLimits })
  const rates = await startRates(foundation, building)
  const relayTo = (name: string): DuplexLink & AsyncDisposable =>
    border === undefined ? new BtpClient({ url: config.receiverBtpUrl, token: relayToken(secrets.peer, name), peerId: `to ${name}`, clock, log }) : { send: border.relay(name), receive: () => undefined, [Symbol.asyncDispose]: () => Promise.resolve() }
  const routing = building.use(await openRouting({ postgres, ledger, clock, log, forwarder, rates, slippage: config.exchange.slippage, own: { asset, linkAccountId: linkAccount.id }, relayTo }))
  const sender = building.use(new StreamSender({ clock, random: () => randomInt(2 ** 32) / 2 ** 32 }))
  const wallet = building.use(
    await createWallet({
      ledger,
      accounts,
      postgres,
      clock,
      log,
      resolver: new Resolver({ fetch: guardedFetch({ clock, allowLocal: config.allowLocal }), clock, asker: instance, allowLocal: config.allowLocal }),
      sender,
      routing,
      asset,
      publicUrl: config.publicUrls.wallet,
      ilpAddress: ilpAddresses.wallet,
      ownReceiverAddress: ilpAddresses.receiver,
      sealKey: Buffer.from(secrets.seal, 'base64url'),
      controlToken: secrets.control,
      rate: config.ratePerSecond,
      termsOf: (personIds) => funding.funding.termsOf(personIds),
      leaseMs: config.leaseMs,
      proxyHops: config.proxyHops,
      allowLocal: config.allowLocal,
    }),
  )
  forwarder.local(ilpAddresses.wallet, wallet.packetHandler)
  const { wallet: walletUrl, receiver: receiverUrl } = config.publicUrls
  const stops = new SwitchStore(postgres)
  const pay = async (signed: SignedOptions, fetch: GuardedFetch): Promise<Paying> => {
    const paying = building.use(
      await createPaying({
        postgres,
        ledger,
        accounts,
        clock,
        log,
        stopped: async () => {
          const { stopped, reason } = await stops.state()
          return stopped ? reason : undefined
        },
        sender,
        routing,
        asset,
        ilpAddress: `${ilpAddresses.wallet}.pay`,
        seal: new Seal(Buffer.from(secrets.seal, 'base64url')),
        leaseMs: config.leaseMs,
        publicUrl: walletUrl,
        find: findReceiver({ incoming: incomingPayments, publicUrls: [walletUrl, receiverUrl], reader: new IncomingPaymentReader({ fetch, clock, asker: instance }) }),
        requireToken: requireToken(signed),
        fee: config.paymentFee,
      }),
    )
    forwarder.local(`${ilpAddresses.wallet}.pay`, paying.packetHandler)
    payOutOverInterledger(foundation.payouts, paying, foundation)
    return { ...paying, routes: Router().use(paying.routes, openTips(foundation, paying)) }
  }
  wallet.attachSocket(door.server)
  building.use(new RoleReporter({ postgres, clock, log, role: 'wallet', version, jobs: () => foundation.jobs.list(), counters: () => wallet.counters(), links: () => (toReceiver instanceof BtpClient ? [{ peer: 'receiver', up: toReceiver.isConnected }] : []), queues: () => ({ link: sender.waiting, bookings: ledger.queues().bookings, journal: ledger.queues().journal }) }))
  const app = serve(door, building, frontOf({ entrance: 'wallet', log, proxyHops: config.proxyHops, ready: () => postgres.ping() }, [
    apiRoutes('wallet', config.publicUrls.wallet),
    clientScriptRoutes(config.publicUrls.wallet),
    accounts.entrance('subscriber').handler,
    walletAddressRoutes({ accounts, role: 'subscriber', instance }),
    spspRoutes({ accounts, streams, role: 'subscriber' }),
    ...(await openPayments(foundation, 'wallet', building, pay)),
    addressApi({ accounts, entrance: accounts.entrance('subscriber') }),
    ...(funding.stripe === undefined ? [] : [stripeRoutes({ funding: funding.funding, stripe: funding.stripe, entrance: accounts.entrance('subscriber'), asset, clock, log })]),
    invoiceRoutes({ ...funding, entrance: accounts.entrance('subscriber') }),
    fundingRoutes({ ...funding, entrance: accounts.entrance('subscriber'), clock, log }),
    ...openSubscribers(foundation, building),
    wallet.routes,
  ]))
  await openControlDoor(foundation, wallet.controlRoutes, { building, demoAccounts })
  return app
}

function startOperator({ config, clock, log, postgres, ledger, accounts, mails, jobs, funding, payouts }: Foundation, door: Door, building: AsyncDisposableStack): Express {
  const peers = openPeers(config, { postgres, ledger, clock })
  const operator = building.use(createOperator({ ledger, accounts, clock, log, postgres, peers, jobLog: jobs, reconcile: () => payouts.reconciliation.run(), indicators: { journeys: new JourneyStore(postgres), charges: new FundingStore(postgres), payouts: (fromMs) => payoutFigures(postgres, fromMs), tariff: config.tariffs['stripe'] ?? config.tariffs['sandbox'], asset: config.asset } }))
  building.use(new RoleReporter({ postgres, clock, log, role: 'operator', version, jobs: () => jobs.list() }))
  const entrance = accounts.entrance('operator')
  const audit = new AuditLog(postgres)
  return serve(door, building, frontOf({ entrance: 'operator', log, proxyHops: config.proxyHops, ready: () => postgres.ping() }, [apiRoutes('operator', config.publicUrls.operator), entrance.handler, recordRefusals({ audit, nowMs: () => clock.nowMs(), log }), peerRoutes({ peers, entrance, links: () => operator.links() }), refundRoutes({ ...funding, entrance, audit, nowMs: () => clock.nowMs() }), ...(config.sandbox ? [mailboxRoutes({ mails, requireSession: entrance.requireSession })] : []), operatorPayouts(payouts, { accounts, log, postgres, clock }), openAdministration({ postgres, ledger, accounts, clock, log, funding, payouts, audit, jobs }, building), settingsRoutes({ settings: settingsOf(config, config.given, config.sandbox ? sandboxPlans(config) : config.plans), entrance, startedAtMs: clock.nowMs() }), operatorsRoutes({ operators: accounts.operators(), entrance }), openSubscriptions({ postgres, accounts, clock, funding, audit }), openQueues({ postgres, accounts, clock, mails, funding, payouts, audit, operator }), economicsRoutes({ ledger, clock, entrance: { ...entrance, requireSession: entrance.requireSignedIn }, tariffs: config.tariffs, names: costNames(config), asset: config.asset }), operator.routes]))
}

/** Publishers are told of what came: from the ledger into the outbox, and from there to their servers. */
function openWebhooks({ config, clock, log, postgres, ledger, accounts, jobs, incomingPayments }: Foundation, apiKeys: ApiKeys, building: AsyncDisposableStack): Router {
  const { allowLocal, secrets } = config
  const seal = new Seal(Buffer.from(secrets.seal, 'base64url'))
  const random = (): number => randomInt(2 ** 32) / 2 ** 32
  const webhooks = building.use(new Webhooks({ postgres, clock, log, seal, random, watch: jobs.watch('webhooks'), allowLocal, fetch: guardedFetch({ clock, allowLocal, bodyBytesMax: webhookAnswerBytesMax }) }))
  const events = building.use(new PaymentEvents({ postgres, clock, log, watch: jobs.watch('events'), ledger, accounts, payments: incomingPayments, owners: () => webhooks.owners() }))
  webhooks.start()
  events.start()
  return webhookRoutes({ webhooks, requireSession: apiKeys.requireReader('webhooks'), requireSameOrigin: accounts.entrance('publisher').requireSameOrigin, ownerOf: (response) => personOf(response).id })
}

/** A source that does not answer holds nobody up: until it does no rate is known. */
async function startRates({ config, clock, log }: Foundation, building: AsyncDisposableStack): Promise<Rates> {
  const rates = building.use(new Rates({ source: config.exchange.source, fetch: guardedFetch({ clock, allowLocal: config.allowLocal }), clock, log }))
  await rates.start()
  return rates
}

/** Who may do what with the wallet addresses of one role, and what can be done with them. */
async function openPayments(foundation: Foundation, role: 'wallet' | 'receiver', building: AsyncDisposableStack, pay?: (signed: SignedOptions, fetch: GuardedFetch) => Promise<Paying>): Promise<Router[]> {
  const { config, clock, log, postgres, accounts, instance, incomingPayments } = foundation
  const fetch = guardedFetch({ clock, allowLocal: config.allowLocal })
  const gnap = building.use(new Gnap({ postgres, clock, server: role }))
  const { wallet, receiver } = config.publicUrls
  const clientKeys = createClientKeys({ accounts, fetch, clock, instance, ownOrigins: [wallet, receiver] })
  const signed = { publicUrl: config.publicUrls[role], gnap, clientKeys, clock }
  const paying = await pay?.(signed, fetch)
  return [
    authServer({ ...signed, clientNames: createClientNames({ accounts, fetch }), accounts, pays: role === 'wallet', log }),
    consentRoutes({ publicUrl: config.publicUrls[role], gnap, accounts, entrance: accounts.entrance(role === 'wallet' ? 'subscriber' : 'publisher'), spending: paying?.spending, clock, log }),
    incomingPaymentRoutes({ ...signed, accounts, payments: incomingPayments, role: role === 'wallet' ? 'subscriber' : 'publisher', log }),
    ...(paying === undefined ? [] : [paying.routes]),
  ]
}

/** The door is shut before anything behind it goes. */
function serve(door: Door, building: AsyncDisposableStack, app: Express): Express {
  door.serve(app)
  building.defer(() => door.rest())
  return app
}

function receiverKeysOf({ secrets }: Config): ReceiverKeys {
  return { current: secrets.receiver.at(-1)?.id ?? '', all: Object.fromEntries(secrets.receiver.map(({ id, secret }) => [id, Buffer.from(secret, 'base64url')])) }
}

function openLinkAccount({ ledger, config }: Foundation, name: string): Promise<Account> {
  return ledger.openAccount({ name, kind: 'link', asset: config.asset, debitsMayExceedCredits: true })
}
