import type { Server } from 'node:http'
import type { Accounts } from '@rivulet/accounts'
import { messageOf } from '@rivulet/faults'
import { type Id, newId, Seal } from '@rivulet/ids'
import { ErrorCode, type PacketHandler, reject } from '@rivulet/ilp'
import type { Ledger } from '@rivulet/ledger'
import type { Asset } from '@rivulet/money'
import type { Routing } from '@rivulet/peering'
import type { Postgres } from '@rivulet/postgres'
import type { Payee, Resolver } from '@rivulet/resolver'
import type { StreamSender } from '@rivulet/stream-sender'
import type { Clock, Timer } from '@rivulet/time'
import type { MessageOf, WalletToAgent } from '@rivulet/web-monetization'
import type { Router } from 'express'
import { type AgentDesk, AgentPage, type TokenOf } from './agent-page.ts'
import { AgentSockets } from './agent-socket.ts'
import { ConnectJourney } from './connect-journey.ts'
import { WalletFault } from './connection.ts'
import { controlRoutes } from './control-routes.ts'
import { HomeFeed } from './home-feed.ts'
import { JourneyStore } from './journey-store.ts'
import { Lateness, latenessBucketsMs } from './lateness.ts'
import { Pacer, type SpendingTerms } from './pacer.ts'
import type { Log, PaidStream } from './paid-stream.ts'
import { Payers } from './payers.ts'
import { settleDoubts } from './recovery.ts'
import { WalletStore } from './store.ts'
import { type SwitchState, SwitchStore } from './switch-store.ts'
import { dayOf, UsageMeter } from './usage-meter.ts'
import { homeOf, type HomeOptions, subscriberOf, walletRoutes } from './wallet-routes.ts'

export interface WalletOptions {
  readonly ledger: Pick<Ledger, 'openAccount' | 'balance' | 'available' | 'sending' | 'spent'>
  readonly accounts: Pick<Accounts, 'entrance' | 'personById' | 'personByName' | 'frozenAmong'>
  /** With `walletMigrations` applied. */
  readonly postgres: Postgres
  readonly clock: Clock
  readonly log: Log
  /** Who is behind a wallet address, and credentials to pay there, fresh each time. Throws Faults whose messages people may read. */
  readonly resolver: Pick<Resolver, 'lookUp' | 'resolve' | 'complete'>
  readonly sender: Pick<StreamSender, 'open'>
  /** Which peer leads to a payee, and at what rate. */
  readonly routing: Routing
  /** Of the installation. */
  readonly asset: Asset
  /** What browsers see; its origin is the agent's. */
  readonly publicUrl: string
  /** The wallet's ILP address; each stream gets a child of it. */
  readonly ilpAddress: string
  /** ILP address of the receiving role that writes to the same ledger, if there is one: its totals settle doubts exactly. */
  readonly ownReceiverAddress?: string
  /** 32 bytes; seals STREAM secrets in the ledger's rows. The same in all processes and after a restart. */
  readonly sealKey: Buffer
  /** What `/control` wants as bearer token. */
  readonly controlToken: string
  /** Units a second that a subscriber pays while she reads; 100,000 unless told. */
  readonly rate?: bigint
  /** How the plans of those of these subscribers who have one let their budgets be spent; asked every few seconds for who reads. */
  readonly termsOf?: (personIds: readonly Id<'pers'>[]) => Promise<ReadonlyMap<Id<'pers'>, SpendingTerms>>
  /** Sandbox only: http, ports and loopback are accepted. */
  readonly allowLocal: boolean
  /** Our own proxies in front, whose X-Forwarded-For is believed; 0 unless told. */
  readonly proxyHops?: number
  /** How far ahead money is held and packets may be sent; 60,000 unless told. After a crash streams are settled this much and 5 s later. */
  readonly leaseMs?: number
}

/** One stream as the operator sees it. Amounts are units. */
export interface LiveStream {
  readonly id: Id<'strm'>
  readonly payer: string
  readonly payee: string
  readonly site: string | undefined
  readonly rate: bigint
  readonly total: bigint
  readonly held: bigint
  readonly asset: Asset
  readonly ageMs: number
  readonly state: PaidStream['state']
}

/** Since the process started. */
export interface WalletCounters {
  readonly packets: number
  readonly fulfilled: number
  readonly rejectsByCode: Readonly<Record<string, number>>
  /** How late payments were; for each bucket (upper bounds, milliseconds) how many fell into it, and one more for those beyond. */
  readonly lateness: { readonly bucketsMs: readonly number[]; readonly counts: readonly number[]; readonly sumMs: number }
}

/** The wallet role of one process. */
export interface Wallet extends AsyncDisposable {
  /** `/agent/challenges`, `/agent/redeem`, `/api/connect/*`, `/api/me`, `/api/me/live`, `/api/connections/*`, `/api/pause`, `/api/pace`. Parses its own bodies. */
  readonly routes: Router
  /** `/control/*`, see control-routes.ts. For a listener that only this machine reaches. */
  readonly controlRoutes: Router
  /** Serves the agents' WebSocket on this server. */
  attachSocket(server: Server): void
  /** A page's agent inside this process: what a WebSocket brings, without one. `tokenOf` is what the browser's cookie of a site says. */
  agent(tokenOf: TokenOf, say: (message: MessageOf<WalletToAgent>) => void): Pick<AgentPage, 'receive' | 'leave'>
  /** How a site gets connected to a subscriber. */
  readonly journey: ConnectJourney
  /** What this process streams now. */
  live(): readonly LiveStream[]
  counters(): WalletCounters
  /** Answers packets that came to our streams' addresses. */
  readonly packetHandler: PacketHandler
  /** Settles now what crashed processes left in doubt and is due; it runs by itself every 5 s. Returns how many. */
  settleDoubts(): Promise<number>
}

const sweepEveryMs = 1_000
const settleEveryMs = 5_000
const refreshEveryMs = 5_000
const usageEveryMs = 10_000
const forgetEveryMs = 600_000
/** A graceful stop waits this long for answers and for the database; the whole stop takes less than 10 s. */
const stopPatienceMs = 7_000
const resolvesInFlightMax = 500
const completionsInFlightMax = 200
const dayMs = 86_400_000
/** Of one day of one subscriber. */
const spentLinesMax = 20_000
/** What left her account for these reasons was not spent: it went back to her card. */
const givenBack = new Set(['refund', 'dispute'])

/** Needs `walletMigrations`. Takes over what earlier processes left in doubt, at once and every few seconds. */
export async function createWallet(options: WalletOptions): Promise<Wallet> {
  const lossAccount = await options.ledger.openAccount({ name: 'loss@wallet', kind: 'loss', asset: options.asset, debitsMayExceedCredits: true })
  const switchStore = new SwitchStore(options.postgres)
  return new WalletProcess(options, lossAccount.id, { store: switchStore, state: await switchStore.state() })
}

class WalletProcess implements Wallet {
  readonly routes: Router
  readonly controlRoutes: Router
  readonly journey: ConnectJourney
  readonly #options: WalletOptions
  readonly #store: WalletStore
  readonly #desk: AgentDesk
  readonly #payers: Payers
  readonly #meter: UsageMeter
  readonly #sockets: AgentSockets
  readonly #feed: HomeFeed
  readonly #givingUp = Promise.withResolvers<void>()
  readonly #runs = new Set<() => void>()
  readonly #timers = new Map<string, Timer>()
  readonly #background = new Set<Promise<unknown>>()
  readonly #completing = new Set<Promise<unknown>>()
  #switch: { readonly store: SwitchStore; readonly state: SwitchState }
  #resolving = 0
  /** Pages that offered the button since this was last written. */
  #offered = 0
  #stopping: Promise<void> | undefined

  constructor(options: WalletOptions, lossAccountId: Id<'acct'>, streamSwitch: { readonly store: SwitchStore; readonly state: SwitchState }) {
    this.#options = options
    this.#switch = streamSwitch
    const { accounts, allowLocal, clock, ledger, log } = options
    const rate = options.rate ?? 100_000n
    const proxyHops = options.proxyHops ?? 0
    const { origin } = new URL(options.publicUrl)
    this.#store = new WalletStore(options.postgres)
    this.#meter = new UsageMeter(this.#store, clock, log)
    const journeys = new JourneyStore(options.postgres)
    this.journey = new ConnectJourney(this.#store, clock, journeys)
    const { journey } = this
    const pacer = new Pacer({ store: this.#store, ledger, meter: this.#meter, clock, rate, termsOf: options.termsOf ?? (() => Promise.resolve(new Map<Id<'pers'>, SpendingTerms>())) })
    this.#payers = new Payers({ store: this.#store, ledger, meter: this.#meter, clock, log, pacer, frozenAmong: (ids) => accounts.frozenAmong(ids), streamsStopped: () => this.#switch.state.stopped })
    this.#desk = {
      clock,
      log,
      ledger,
      sender: options.sender,
      routing: options.routing,
      lossAccountId,
      ownerId: newId('ownr', clock.nowMs()),
      ilpAddress: options.ilpAddress,
      ownReceiverAddress: options.ownReceiverAddress,
      leaseMs: options.leaseMs ?? 60_000,
      seal: new Seal(options.sealKey),
      live: new Map(),
      counters: { packets: 0, fulfilled: 0, rejectsByCode: new Map(), lateness: new Lateness() },
      givingUp: this.#givingUp.promise,
      allowLocal,
      lookUp: (pointer) => this.#asking(() => options.resolver.lookUp(pointer)),
      resolve: (pointer) => this.#asking(() => options.resolver.resolve(pointer)),
      finished: (payee) => this.#complete(payee),
      identify: async (token, site) => {
        const connection = await journey.connectionOf(token, site)
        const person = connection === undefined ? undefined : await accounts.personById(connection.personId)
        return connection === undefined || person === undefined ? undefined : { connection, payer: await this.#payers.of(subscriberOf(person)) }
      },
      offered: () => (this.#offered += 1),
      paidFirst: (token) => void journey.paid(token).catch((error: unknown) => log.warn({ error: messageOf(error) }, 'a first packet could not be counted')),
    }
    this.#sockets = new AgentSockets({ clock, log, origin, proxyHops, desk: this.#desk })
    const entrance = accounts.entrance('subscriber')
    const home: HomeOptions = {
      clock, pacer, store: this.#store,
      balance: (accountId) => ledger.balance(accountId),
      streamsStopped: () => this.#switch.state.stopped,
      streamsOf: (personId) => this.#streamsOf(personId),
      requestsOf: (personId) => this.#payers.known(personId)?.requests() ?? [],
      spentToday: async (accountId) => {
        const fromMs = Date.parse(dayOf(clock.nowMs()))
        const lines = await ledger.spent(accountId, { fromMs, untilMs: fromMs + dayMs, limit: spentLinesMax })
        return (lines ?? []).reduce((sum, { amount, reason }) => (givenBack.has(reason) ? sum : sum + amount), 0n)
      },
    }
    this.#feed = new HomeFeed({ clock, log, read: (person) => homeOf(home, person), session: (request) => entrance.session(request) })
    this.routes = walletRoutes({
      ...home, log, origin, allowLocal, proxyHops, journey, entrance, feed: this.#feed,
      paused: (personId, paused) => this.#payers.known(personId)?.setPaused(paused),
      paceChanged: (personId, rate) => this.#payers.known(personId)?.setRate(rate),
      connectionChanged: (personId, connectionId, connection) => this.#payers.known(personId)?.connectionChanged(connectionId, connection),
    })
    this.controlRoutes = controlRoutes({ desk: this.#desk, accounts, token: options.controlToken, rate, allowLocal, runs: this.#runs, standstillOf: async (personId) => (this.#switch.state.stopped ? 'streams-stopped' : (await accounts.frozenAmong([personId])).size > 0 ? 'person-frozen' : undefined) })
    this.#every('sweep', sweepEveryMs, () => this.#sweep())
    this.#every('switch', sweepEveryMs, () => this.#lookAtSwitch())
    this.#every('refresh', refreshEveryMs, () => this.#payers.refresh())
    this.#every('usage', usageEveryMs, () => this.#meter.flush())
    this.#every('offered', usageEveryMs, () => this.#countOffered(journeys))
    this.#every('forget', forgetEveryMs, () => this.#store.sweep(clock.nowMs()))
    this.#every('settle', settleEveryMs, () => this.settleDoubts())
    this.#inBackground('settle', () => this.settleDoubts())
  }

  attachSocket(server: Server): void {
    this.#sockets.attach(server)
  }

  agent(tokenOf: TokenOf, say: (message: MessageOf<WalletToAgent>) => void): AgentPage {
    return new AgentPage(this.#desk, tokenOf, say)
  }

  counters(): WalletCounters {
    const { packets, fulfilled, rejectsByCode, lateness } = this.#desk.counters
    return { packets, fulfilled, rejectsByCode: Object.fromEntries(rejectsByCode), lateness: { bucketsMs: latenessBucketsMs, counts: lateness.counts, sumMs: lateness.sumMs } }
  }

  live(): readonly LiveStream[] {
    const { live, clock } = this.#desk
    const nowMs = clock.nowMs()
    return Array.from(live.values(), (stream) => ({
      id: stream.id,
      payer: stream.subscriber.walletAddress,
      payee: stream.payee,
      site: stream.site,
      rate: stream.rate,
      total: stream.total,
      held: stream.held,
      asset: stream.subscriber.asset,
      ageMs: nowMs - stream.openedAtMs,
      state: stream.state,
    }))
  }

  readonly packetHandler: PacketHandler = async (prepare) => {
    const { ilpAddress, live } = this.#desk
    const segment = prepare.destination.startsWith(`${ilpAddress}.`) ? prepare.destination.slice(ilpAddress.length + 1).split('.', 1)[0] : undefined
    const answer = segment === undefined ? undefined : live.get(segment)?.answer(prepare)
    return answer ?? reject(ErrorCode.unreachable, ilpAddress, 'no stream has this address')
  }

  settleDoubts(): Promise<number> {
    return settleDoubts(this.#desk)
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#stopping ??= this.#stop()
    return this.#stopping
  }

  async #stop(): Promise<void> {
    for (const timer of this.#timers.values()) timer.cancel()
    this.#sockets.stop()
    await this.#feed.stop()
    for (const end of this.#runs) end()
    const patience = this.#options.clock.after(stopPatienceMs, this.#givingUp.resolve)
    await Promise.all(Array.from(this.#desk.live.values(), (stream) => stream.close('wallet-stopping')))
    patience.cancel()
    this.#givingUp.resolve()
    await Promise.all(this.#background)
    await this.#meter.flush()
    this.#sockets.terminate()
  }

  async #lookAtSwitch(): Promise<void> {
    const { store, state } = this.#switch
    const now = await store.state()
    this.#switch = { store, state: now }
    if (now.stopped !== state.stopped) this.#payers.switched()
  }

  #sweep(): void {
    for (const stream of this.#desk.live.values()) stream.sweep()
    this.#sockets.sweep()
    this.#payers.sweep()
  }

  async #asking<T>(ask: () => Promise<T>): Promise<T> {
    if (this.#stopping !== undefined) throw new WalletFault('wallet-stopping', 'the wallet is stopping')
    if (this.#resolving >= resolvesInFlightMax) throw new WalletFault('too-many-requests', 'the wallet looks up too many wallet addresses at once: try again in a moment')
    this.#resolving += 1
    try {
      return await ask()
    } finally {
      this.#resolving -= 1
    }
  }

  /** Tells the receiver that nothing more comes. Nothing depends on it: an incoming payment also expires. */
  #complete(payee: Payee): void {
    if (this.#completing.size >= completionsInFlightMax) return
    const { log, resolver } = this.#options
    const told = resolver.complete(payee).catch((error: unknown) => log.info({ incomingPayment: payee.incomingPayment, error: messageOf(error) }, 'an incoming payment could not be completed, it will expire'))
    this.#completing.add(told)
    void told.then(() => this.#completing.delete(told))
  }

  #streamsOf(personId: Id<'pers'>) {
    return this.#desk.live
      .values()
      .filter(({ subscriber }) => subscriber.personId === personId)
      .map(({ id, site, payee, rate, total, state }) => ({ id, site: site ?? '', payee, rate, total, state: state === 'closing' ? ('ended' as const) : state }))
      .toArray()
  }

  /** What cannot be written now is written with the next. */
  async #countOffered(journeys: JourneyStore): Promise<void> {
    const offered = this.#offered
    if (offered === 0) return
    this.#offered = 0
    try {
      await journeys.shown(offered, this.#options.clock.nowMs())
    } catch (error) {
      this.#offered += offered
      throw error
    }
  }

  #every(name: string, everyMs: number, task: () => Promise<unknown> | void): void {
    const again = (): void => {
      this.#timers.set(name, this.#options.clock.after(everyMs, () => {
        again()
        this.#inBackground(name, task)
      }, { background: true }))
    }
    again()
  }

  /** One of a kind at a time; a failure waits for the next turn. */
  #inBackground(name: string, task: () => Promise<unknown> | void): void {
    if (this.#busy.has(name)) return
    this.#busy.add(name)
    const running = (async () => {
      try {
        await task()
      } catch (error) {
        this.#options.log.warn({ task: name, error: messageOf(error) }, 'a task of the wallet failed and is tried again')
      } finally {
        this.#busy.delete(name)
      }
    })()
    this.#background.add(running)
    void running.then(() => this.#background.delete(running))
  }

  readonly #busy = new Set<string>()
}
