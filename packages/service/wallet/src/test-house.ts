/** A house for tests: the real books, people, receiver, sender and wallet on real PostgreSQL, joined by a link in memory, on a clock that the test moves. */
import type { Id } from '@rivulet/ids'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { type AddressInfo, connect, createServer as createSocketServer } from 'node:net'
import { Accounts, accountsMigrations, type Person } from '@rivulet/accounts'
import { auditMigrations } from '@rivulet/audit'
import { Fault } from '@rivulet/faults'
import { ErrorCode, isFulfill, type PacketHandler, reject } from '@rivulet/ilp'
import { type Account, Ledger, ledgerMigrations } from '@rivulet/ledger'
import { memoryLinkPair } from '@rivulet/links'
import type { Postgres } from '@rivulet/postgres'
import { testPostgres } from '@rivulet/postgres/testing'
import type { Payee, Resolver } from '@rivulet/resolver'
import { StreamReceiver } from '@rivulet/stream-receiver'
import { StreamSender } from '@rivulet/stream-sender'
import { systemClock } from '@rivulet/time'
import { TestClock } from '@rivulet/time/testing'
import type { MessageOf, WalletToAgent } from '@rivulet/web-monetization'
import express from 'express'
import { WebSocket } from 'ws'
import { createWallet, type Wallet, walletMigrations } from './index.ts'

const eur = { code: 'EUR', scale: 9 }
export const origin = 'http://localhost:4000'
const password = 'correct horse'
const stepMs = 20
/** To a server of its own on this machine and back, so that it works while the database is away: a step gives sockets and the database the time of so many. */
const roundTripsPerStep = 12
const beatEveryMs = 5_000

/** What the wire between wallet and receiver does: tests bend it. */
export interface Wire {
  /** Answers instead of the receiver when it returns something; `lost` is never answered. */
  before: (() => 'lost' | 'refused' | undefined) | undefined
  /** Whether answers of the receiver get lost on their way back. */
  losesAnswers: boolean
  /** Answers leave when this has settled. */
  holdsAnswers: Promise<void> | undefined
  fulfilled: number
}

export class TestHouse implements AsyncDisposable {
  readonly clock = new TestClock()
  readonly wire: Wire = { before: undefined, losesAnswers: false, holdsAnswers: undefined, fulfilled: 0 }
  readonly postgres: Postgres
  readonly ledger: Ledger
  readonly accounts: Accounts
  readonly alice: Person
  readonly publisher: Account
  readonly #receiver: StreamReceiver
  readonly #walletLink: Account
  readonly #receiverLink: Account
  /** Units a second of subscribers whose plan says so. */
  readonly rates = new Map<Id<'pers'>, bigint>()
  /** How their budgets are spent. */
  pacing: { readonly pacing: 'stream' | 'stretch'; readonly periodEndsMs: number } = { pacing: 'stream', periodEndsMs: 0 }
  readonly #sealKey = randomBytes(32)
  /** What wallets have reported as errors. */
  readonly errors: string[] = []
  /** Incoming payments that the wallet said were done, in order. */
  readonly completed: string[] = []
  readonly #agents: TestAgent[] = []
  #payments = 0
  #beatMs = 0
  #roundTrip: () => Promise<unknown> = () => Promise.resolve()
  #stopEcho: () => Promise<void> = () => Promise.resolve()
  readonly #ends: (() => Promise<unknown> | void)[] = []

  private constructor(parts: { postgres: Postgres; ledger: Ledger; accounts: Accounts; alice: Person; publisher: Account; walletLink: Account; receiverLink: Account }, clock: TestClock) {
    this.clock = clock
    this.postgres = parts.postgres
    this.ledger = parts.ledger
    this.accounts = parts.accounts
    this.alice = parts.alice
    this.publisher = parts.publisher
    this.#walletLink = parts.walletLink
    this.#receiverLink = parts.receiverLink
    this.#receiver = new StreamReceiver({ address: 'test.receiver', keys: { current: 'a', all: { a: randomBytes(32) } }, clock, receiving: parts.ledger.receiving })
  }

  /** @param budget units that alice has */
  static async open(budget = 1_000_000_000n): Promise<TestHouse> {
    const clock = new TestClock(systemClock.nowMs())
    const postgres = await testPostgres([ledgerMigrations, accountsMigrations, walletMigrations, auditMigrations])
    const ledger = await Ledger.open({ postgres, clock })
    const accounts = await Accounts.open({
      postgres, ledger, clock, secret: randomBytes(32), sandbox: true,
      entrances: { subscriber: { publicUrl: origin }, publisher: { publicUrl: 'http://localhost:4001' }, operator: { publicUrl: 'http://localhost:4002' } },
    })
    const account = (name: string, kind: Account['kind'], debitsMayExceedCredits: boolean): Promise<Account> => ledger.openAccount({ name, kind, asset: eur, debitsMayExceedCredits })
    const alice = await accounts.createPerson({ role: 'subscriber', email: 'alice@example.org', password, name: 'Alice' })
    const house = new TestHouse({
      postgres, ledger, accounts, alice,
      publisher: await account('publisher[bob]', 'publisher', false),
      walletLink: await account('link[receiver]@wallet', 'link', true),
      receiverLink: await account('link[wallet]@receiver', 'link', true),
    }, clock)
    const echo = createSocketServer((socket) => socket.setNoDelay().pipe(socket))
    await new Promise<void>((resolve) => echo.listen(0, '127.0.0.1', resolve))
    const socket = connect((echo.address() as AddressInfo).port, '127.0.0.1').setNoDelay()
    house.#roundTrip = () => {
      socket.write('.')
      return once(socket, 'data')
    }
    house.#stopEcho = async () => {
      socket.destroy()
      await new Promise((resolve) => echo.close(resolve))
    }
    if (budget > 0n) await house.deposit(budget)
    return house
  }

  async deposit(amount: bigint): Promise<void> {
    const psp = await this.ledger.openAccount({ name: 'psp[sandbox]', kind: 'psp', asset: eur, debitsMayExceedCredits: true })
    await this.ledger.transfer({ key: randomBytes(8).toString('hex'), debitAccountId: psp.id, creditAccountId: this.accountId, amount, reason: 'deposit' })
  }

  get accountId() {
    const { walletAddress } = this.alice
    if (walletAddress === undefined) throw new Error('a subscriber has a wallet address')
    return walletAddress.ledgerAccountId
  }

  /** A wallet process on these books, served over HTTP. To a foreign one the receiver's books are closed. */
  async wallet({ foreign = false } = {}): Promise<{ readonly wallet: Wallet; readonly url: string; readonly die: () => void }> {
    const { clock, ledger, accounts, postgres } = this
    const [link, far] = memoryLinkPair({ clock })
    let dead = false
    const arrive: PacketHandler = async (prepare) => {
      const bent = dead ? 'lost' : this.wire.before?.()
      if (bent === 'lost') return new Promise<never>(() => undefined)
      if (bent === 'refused') return reject(ErrorCode.connectorBusy, 'test.receiver', 'busy')
      const reply = await this.#receiver.handle(prepare, { debitAccountId: this.#receiverLink.id, asset: eur })
      if (isFulfill(reply)) this.wire.fulfilled += prepare.amount > 0n ? 1 : 0
      await this.wire.holdsAnswers
      return this.wire.losesAnswers || dead ? new Promise<never>(() => undefined) : reply
    }
    far.receive(arrive)
    const sender = new StreamSender({ clock, random: () => 0.5 })
    const log = { info: () => undefined, warn: () => undefined, error: (_details: object, message: string) => void this.errors.push(message) }
    // A process that died writes nothing more.
    const alive = <T extends object>(target: T): T =>
      new Proxy(target, {
        get: (from, name) => {
          const value: unknown = Reflect.get(from, name)
          return typeof value === 'function' ? (...given: unknown[]): unknown => (dead ? new Promise<never>(() => undefined) : Reflect.apply(value, from, given)) : value
        },
      })
    const wallet = await createWallet({
      ledger: { openAccount: (spec) => ledger.openAccount(spec), balance: (id) => ledger.balance(id), available: (id) => ledger.available(id), spent: (id, period) => ledger.spent(id, period), sending: alive(ledger.sending) },
      accounts, postgres, clock, log, resolver: this.#resolver(), sender, asset: eur,
      routing: { to: () => Promise.resolve({ link, creditAccountId: this.#walletLink.id }), rateOf: () => undefined, slippage: { numerator: 1n, denominator: 100n } },
      publicUrl: origin, ilpAddress: 'test.wallet', ...(!foreign && { ownReceiverAddress: 'test.receiver' }), sealKey: this.#sealKey, controlToken: 'control-token', allowLocal: true,
      termsOf: () => Promise.resolve(new Map(this.rates.entries().map(([id, rate]) => [id, { rate, ...this.pacing }]))),
    })
    link.receive(wallet.packetHandler)
    const app = express()
    app.use(accounts.entrance('subscriber').handler)
    app.use(wallet.routes)
    app.use(wallet.controlRoutes)
    const server = createServer(app)
    wallet.attachSocket(server)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const url = urlOf(server)
    this.#ends.push(() => stopServer(server))
    this.#ends.push(async () => {
      if (!dead) await this.while(wallet[Symbol.asyncDispose]())
    })
    return { wallet, url, die: () => { dead = true } }
  }

  /** A session cookie of alice. */
  async signIn(url: string): Promise<string> {
    const response = await fetch(`${url}/api/auth/sign-in/email`, {
      method: 'POST', headers: { origin, 'content-type': 'application/json' }, body: JSON.stringify({ email: 'alice@example.org', password }),
    })
    return cookiesOf(response)
  }

  /** The agent's token cookie for a site, after the whole journey. */
  async connect(url: string, site: string): Promise<string> {
    const asked = await post(`${url}/agent/challenges`, { site })
    const verifier = cookiesOf(asked.response)
    const session = await this.signIn(url)
    const { code } = (await post(`${url}/api/connect/${String(asked.body['challenge'])}/consent`, {}, session)).body
    const redeemed = await post(`${url}/agent/redeem`, { site, code }, verifier)
    return cookiesOf(redeemed.response)
  }

  /** A page's agent; the page has been visible for `shownForMs`. */
  async agent(url: string, site: string, cookie: string, shownForMs?: number): Promise<TestAgent> {
    const agent = new TestAgent(new WebSocket(`${url.replace('http', 'ws')}/agent/socket`, { headers: { origin, cookie } }))
    this.#ends.push(() => agent.leave())
    this.#agents.push(agent)
    await agent.open
    agent.send({ type: 'attach', site, visible: true, shownForMs })
    await this.until(() => agent.heard.length > 0)
    return agent
  }

  /** Moves the clock on, in small steps with time for real I/O between, until `condition` holds. */
  async until(condition: () => boolean | Promise<boolean>): Promise<void> {
    for (let step = 0; step < 8_000; step += 1) {
      if (await condition()) return
      await this.step()
    }
    throw new Error(`what was waited for did not happen: ${JSON.stringify(this.#agents.map((agent) => agent.heard.slice(-3)))}`)
  }

  /** What the publisher has got: posted and accrued. */
  async received(): Promise<bigint> {
    const { posted, accrued } = await this.ledger.balance(this.publisher.id)
    return posted + accrued
  }

  async passes(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += stepMs) await this.step()
  }

  /** Moves the clock on until `work` is done. */
  async while<T>(work: PromiseLike<T>): Promise<T> {
    let done = false
    const finished = Promise.resolve(work).finally(() => {
      done = true
    })
    finished.catch(() => undefined)
    await this.until(() => done)
    return finished
  }

  async step(): Promise<void> {
    for (let trip = 0; trip < roundTripsPerStep; trip += 1) await this.#roundTrip()
    await this.clock.advance(stepMs)
    if (this.clock.monotonicMs() - this.#beatMs < beatEveryMs) return
    this.#beatMs = this.clock.monotonicMs()
    for (const agent of this.#agents) agent.beat()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const end of this.#ends.toReversed()) await end()
    await this.accounts[Symbol.asyncDispose]()
    await this.while(this.ledger[Symbol.asyncDispose]())
    await this.postgres[Symbol.asyncDispose]()
    await this.#stopEcho()
  }

  /** As of a receiver with Open Payments: each connection belongs to an incoming payment of its own. */
  #resolver(): Pick<Resolver, 'lookUp' | 'resolve' | 'complete'> {
    return {
      lookUp: async (pointer) => ({ paymentPointer: (await this.#resolve(pointer)).paymentPointer, payee: undefined }),
      resolve: (pointer) => this.#resolve(pointer),
      complete: ({ incomingPayment }) => {
        if (incomingPayment !== undefined) this.completed.push(incomingPayment)
        return Promise.resolve()
      },
    }
  }

  async #resolve(pointer: string): Promise<Payee> {
    if (pointer.endsWith('/dollars')) return { ...this.#payeeOf(pointer), asset: { code: 'USD', scale: 9 } }
    if (pointer.endsWith('/silent')) return { ...this.#payeeOf(pointer), destination: 'test.elsewhere.someone', asset: undefined }
    if (!pointer.endsWith('/bob')) throw new Fault('pointer-not-found', `there is no payment pointer at ${pointer}`)
    return this.#payeeOf(pointer)
  }

  #payeeOf(pointer: string): Payee {
    const credentials = this.#receiver.issue({ accountId: this.publisher.id, asset: eur })
    return { ...credentials, paymentPointer: pointer, asset: eur, receiptsEnabled: false, incomingPayment: `http://localhost:4001/incoming-payments/${(this.#payments += 1)}` }
  }
}

type Heard = MessageOf<WalletToAgent>

/** Speaks the agent's side of the protocol. */
export class TestAgent {
  readonly heard: Heard[] = []
  readonly open: Promise<void>
  closed: number | undefined
  visible = true
  readonly #socket: WebSocket

  constructor(socket: WebSocket) {
    this.#socket = socket
    this.open = new Promise((resolve, fail) => {
      socket.once('open', resolve)
      socket.once('error', fail)
    })
    socket.on('message', (data: Buffer) => this.heard.push(JSON.parse(data.toString()) as Heard))
    socket.on('close', (code) => {
      this.closed = code
    })
  }

  send(message: object): void {
    this.#socket.send(JSON.stringify(message))
  }

  show(visible: boolean): void {
    this.visible = visible
    this.send({ type: 'visible', visible })
  }

  start(requestId: string, pointer = 'http://localhost:4001/bob'): void {
    this.send({ type: 'start', requestId, pointer })
  }

  /** As agents do while they are visible. */
  beat(): void {
    if (this.visible && this.#socket.readyState === this.#socket.OPEN) this.send({ type: 'beat' })
  }

  leave(): void {
    this.#socket.close()
  }

  told(type: Heard['type']): Heard[] {
    return this.heard.filter((message) => message.type === type)
  }

  /** Units that were paid, of one request or of all. */
  paid(requestId?: string): bigint {
    return this.heard.reduce((sum, message) => (message.type === 'paid' && (requestId ?? message.requestId) === message.requestId ? sum + BigInt(message.amount) : sum), 0n)
  }

  /** The last word about whether it pays. What was out when it paused may still be paid after that. */
  last(): string {
    const word = this.heard.findLast(({ type }) => type === 'paused' || type === 'resumed' || type === 'stopped')
    return word === undefined ? 'nothing' : 'reason' in word ? `${word.type} ${String(word.reason)}` : word.type
  }
}

export interface Answered {
  readonly status: number
  readonly body: Record<string, unknown>
  readonly response: Response
}

export async function post(url: string, body: unknown, cookie = '', headers: Record<string, string> = { origin }): Promise<Answered> {
  const response = await fetch(url, { method: 'POST', headers: { ...headers, cookie, 'content-type': 'application/json' }, body: typeof body === 'string' ? body : JSON.stringify(body) })
  return { status: response.status, body: (await response.json()) as Record<string, unknown>, response }
}

/** The cookies that an answer sets, as a later request sends them. */
export function cookiesOf(response: Response): string {
  return response.headers.getSetCookie().map((cookie) => cookie.split(';', 1)[0] ?? '').filter((cookie) => !cookie.endsWith('=')).join('; ')
}

function urlOf(server: Server): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

function stopServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}
