/** A house for tests of what pays: real books, receiver and sender on real PostgreSQL, joined by a wire that tests bend. */
import { randomBytes } from 'node:crypto'
import { gnapMigrations } from '@rivulet/gnap'
import { newId, Seal } from '@rivulet/ids'
import { ErrorCode, type Link, type Prepare, reject, type Reply } from '@rivulet/ilp'
import { type Account, type Exchange, Ledger, ledgerMigrations, type SendingStream } from '@rivulet/ledger'
import type { Ratio } from '@rivulet/money'
import type { Routing } from '@rivulet/peering'
import type { Postgres } from '@rivulet/postgres'
import { testPostgres } from '@rivulet/postgres/testing'
import { StreamReceiver } from '@rivulet/stream-receiver'
import { askTotal, StreamSender } from '@rivulet/stream-sender'
import { type Clock, systemClock } from '@rivulet/time'
import { sameAsset } from './amount.ts'
import { openPaymentsMigrations } from './migrations.ts'
import { type HeldPayment, OutgoingPayments, type PaymentRequest } from './outgoing/outgoing-payments.ts'
import { PaymentStore } from './outgoing/payment-store.ts'
import type { OutgoingPayment } from './outgoing/types.ts'
import { type FeePolicy, noFee } from './quotes/price.ts'
import { QuoteStore } from './quotes/quote-store.ts'
import { type PayingAddress, Quotes } from './quotes/quotes.ts'

export const eur = { code: 'EUR', scale: 9 }
export const usd = { code: 'USD', scale: 9 }
/** What the link to a receiver of another currency counts in: one unit of it is worth a hundred of the receiver's. */
const linkUsd = { code: 'USD', scale: 7 }
export const eurToLink: Ratio = { numerator: 12_537n, denominator: 1_000_000n }
const linkToUsd: Ratio = { numerator: 100n, denominator: 1n }
export const client = 'https://client.example/app'
const silent = { warn: () => undefined, error: () => undefined }

/** An incoming payment of the receiver; each look at it gives a connection of its own. */
export interface Incoming {
  incomingAmount: bigint | undefined
  receivedAmount: bigint
  expiresAtMs: number | undefined
  gone: boolean
}

/** A clock that runs with the machine's and can be put forward. */
class ShiftedClock implements Clock {
  aheadMs = 0
  nowMs = (): number => systemClock.nowMs() + this.aheadMs
  monotonicMs = (): number => systemClock.monotonicMs() + this.aheadMs
  after = systemClock.after.bind(systemClock)
  sleep = systemClock.sleep.bind(systemClock)
}

export interface House {
  readonly payments: OutgoingPayments
  readonly quotes: Quotes
  /** Ends the process as kill -9 does: nothing that it still wants to write is written. */
  die(): void
}

export class TestHouse implements AsyncDisposable {
  readonly clock = new ShiftedClock()
  readonly incoming = new Map<string, Incoming>()
  readonly postgres: Postgres
  readonly ledger: Ledger
  readonly alice: PayingAddress
  readonly publisher: Account
  readonly fees: Account
  readonly receiverIsOurs: boolean
  /** Answers instead of the receiver when it returns something; `lost` is never answered, `answer-lost` arrives and is never answered. */
  before: ((prepare: Prepare) => Reply | 'lost' | 'answer-lost' | undefined) | undefined
  /** Whether the answers of the receiver are lost on their way back. */
  losesAnswers = false
  /** Whether a receiver of others says what it has got when doubts are settled. */
  answersQuestions = true
  packets = 0
  /** Passed before a receiver is found. */
  finding: () => Promise<void> = () => Promise.resolve()
  readonly #walletLink: Account
  readonly #loss: Account
  readonly #receiver: StreamReceiver
  readonly #receiverLink: Account
  /** Where payer and receiver count in different assets than the link between them. */
  readonly #exchanges: { readonly payer: Exchange; readonly receiver: Exchange } | undefined
  readonly #seal = new Seal(randomBytes(32))
  /** Accounts of people whom the operator has frozen. */
  readonly frozen = new Set<string>()
  /** The operator's words while everything that pays is stopped. */
  stopped: string | undefined
  readonly #houses: OutgoingPayments[] = []

  private constructor(parts: Record<'walletLink' | 'receiverLink' | 'loss' | 'publisher' | 'fees', Account> & { postgres: Postgres; ledger: Ledger; alice: PayingAddress; receiverIsOurs: boolean; exchanges: { payer: Exchange; receiver: Exchange } | undefined }) {
    this.postgres = parts.postgres
    this.ledger = parts.ledger
    this.alice = parts.alice
    this.publisher = parts.publisher
    this.fees = parts.fees
    this.receiverIsOurs = parts.receiverIsOurs
    this.#exchanges = parts.exchanges
    this.#walletLink = parts.walletLink
    this.#receiverLink = parts.receiverLink
    this.#loss = parts.loss
    this.#receiver = new StreamReceiver({ address: 'test.receiver', keys: { current: 'a', all: { a: randomBytes(32) } }, clock: this.clock, receiving: parts.ledger.receiving })
  }

  /** @param crosses a receiver that counts in USD, over a link that counts in USD at a coarser scale; it is elsewhere unless told */
  static async open({ budget = 1_000_000_000n, crosses = false, receiverIsOurs = !crosses }: { readonly budget?: bigint; readonly crosses?: boolean; readonly receiverIsOurs?: boolean } = {}): Promise<TestHouse> {
    const postgres = await testPostgres([ledgerMigrations, gnapMigrations, openPaymentsMigrations])
    const ledger = await Ledger.open({ postgres, clock: systemClock })
    const account = (name: string, kind: Account['kind'], debitsMayExceedCredits: boolean, asset = eur): Promise<Account> => ledger.openAccount({ name, kind, asset, debitsMayExceedCredits })
    const alice = await account('subscriber[alice]', 'subscriber', false)
    const psp = await account('psp[sandbox]', 'psp', true)
    if (budget > 0n) await ledger.transfer({ key: 'deposit', debitAccountId: psp.id, creditAccountId: alice.id, amount: budget, reason: 'deposit' })
    const walletLink = await account(receiverIsOurs ? 'link[receiver]@wallet' : 'link[there]', 'link', true, crosses ? linkUsd : eur)
    const receiverLink = await account(receiverIsOurs ? 'link[wallet]@receiver' : 'link[here]', 'link', true, crosses ? linkUsd : eur)
    const exchange = async (name: string, asset: typeof eur, linkAccountId: Account['id']): Promise<Exchange> => ledger.openExchange({ name, asset, linkAccountId })
    return new TestHouse({
      postgres, ledger, receiverIsOurs, alice: { id: newId('wadr', systemClock.nowMs()), url: 'https://wallet.example/alice', asset: eur, ledgerAccountId: alice.id },
      publisher: await account('publisher[bob]', 'publisher', false, crosses ? usd : eur), fees: await account('fee.streaming', 'fee', false), loss: await account('loss@wallet', 'loss', true), walletLink, receiverLink,
      exchanges: crosses ? { payer: await exchange('there', eur, walletLink.id), receiver: await exchange('here', usd, receiverLink.id) } : undefined,
    })
  }

  /** URL of a fresh incoming payment. */
  receivable(changes: Partial<Incoming> = {}): string {
    const url = `https://receiver.example/incoming-payments/${newId('inpm', systemClock.nowMs())}`
    this.incoming.set(url, { incomingAmount: undefined, receivedAmount: 0n, expiresAtMs: undefined, gone: false, ...changes })
    return url
  }

  /** A process that pays. */
  open({ fee = noFee }: { readonly fee?: FeePolicy } = {}): House {
    let dead = false
    const { clock, ledger, postgres } = this
    const never = new Promise<never>(() => undefined)
    const mortal = <T extends object>(target: T): T =>
      new Proxy(target, {
        get: (from, name) => {
          const value: unknown = Reflect.get(from, name, from)
          return typeof value === 'function' ? (...given: unknown[]): unknown => (dead ? never : Reflect.apply(value, from, given)) : value
        },
      })
    const link: Link = {
      send: async (prepare) => {
        if (dead) return never
        this.packets += 1
        const bent = this.before?.(prepare)
        if (bent === 'lost') return never
        if (bent !== undefined && bent !== 'answer-lost') return bent
        const reply = await this.#deliver(prepare)
        return bent === 'answer-lost' || this.losesAnswers || dead ? never : reply
      },
    }
    const payer = this.#exchanges?.payer
    const way = payer === undefined ? { link, creditAccountId: this.#walletLink.id } : { link, creditAccountId: payer.account.id, linkRate: () => eurToLink }
    const routing: Routing = { to: () => Promise.resolve(way), rateOf: (from, to) => (payer === undefined ? undefined : from.code === to.code ? linkToUsd : eurToLink), slippage: { numerator: 1n, denominator: 100n } }
    const quotes = new Quotes({
      store: mortal(new QuoteStore(postgres)), clock, routing, asset: payer === undefined ? eur : linkUsd, ilpAddress: 'test.wallet.pay', fee,
      find: async (url) => {
        await this.finding()
        const incoming = this.incoming.get(url)
        if (incoming === undefined || incoming.gone) return undefined
        const { id: accountId, asset } = this.publisher
        return { url, asset, ...incoming, connection: this.#receiver.issue({ accountId, asset, totalMax: incoming.incomingAmount }), isOurs: this.receiverIsOurs }
      },
    })
    const payments = new OutgoingPayments({
      store: mortal(new PaymentStore(postgres)), quotes, ledger: { sending: mortal(ledger.sending), receiving: mortal(ledger.receiving), transfer: (spec) => ledger.transfer(spec) }, sender: new StreamSender({ clock, random: () => 0.5 }), routing,
      accountsOf: () => Promise.resolve({ lossId: this.#loss.id, feeId: this.fees.id }), ilpAddress: 'test.wallet.pay', seal: this.#seal, leaseMs: 60_000, clock, log: silent, stopped: () => Promise.resolve(this.stopped), frozen: (accountId) => Promise.resolve(this.frozen.has(accountId)),
    })
    this.#houses.push(payments)
    return {
      payments, quotes,
      die: () => {
        dead = true
        this.#houses.splice(this.#houses.indexOf(payments), 1)
      },
    }
  }

  request(from: PaymentRequest['from'], changes: Partial<PaymentRequest> = {}): PaymentRequest {
    return { walletAddress: this.alice, client, grantId: 'grnt_00000000000000000000000001', limits: { debit: undefined, receive: undefined }, intervalStartMs: 0, receiverOnly: undefined, metadata: undefined, from, ...changes }
  }

  /** What the wallet's own recovery does with rows whose owner is gone. */
  async settleDoubts(): Promise<void> {
    for (const row of await this.ledger.sending.takeOver('ownr_00000000000000000000000009', 1_000)) await this.ledger.sending.settle(row.id, row.ownerEpoch, await this.#wordOf(row))
  }

  /** What a receiver of others says it has got, where the row says what it is expected to get. */
  async #wordOf({ id, resume: { destination, encryptedSecret, arrival }, sequenceCeiling }: SendingStream): Promise<bigint | undefined> {
    if (arrival === undefined || !this.answersQuestions) return undefined
    const said = await askTotal({ link: { send: (prepare) => this.#deliver(prepare) }, clock: this.clock, destination, sharedSecret: this.#seal.open(encryptedSecret, id), sequenceFirst: sequenceCeiling + 1, sourceAddress: 'test.wallet.asking' })
    return said !== undefined && sameAsset(said.asset, arrival.asset) ? said.received : undefined
  }

  #deliver(prepare: Prepare): Promise<Reply> {
    const { receiver } = this.#exchanges ?? {}
    return this.#receiver.handle(prepare, { debitAccountId: this.#receiverLink.id, asset: this.#receiverLink.asset, exchange: () => Promise.resolve(receiver && { accountId: receiver.account.id, rate: linkToUsd }) })
  }

  async ended({ payments }: House, { payment }: HeldPayment): Promise<OutgoingPayment> {
    for (;;) {
      const now = await payments.get(payment.id)
      if (now === undefined) throw new Error('the payment is gone')
      if (now.state !== 'sending') return now
    }
  }

  async balances(): Promise<{ alice: bigint; pending: bigint; publisher: bigint; fees: bigint }> {
    const [alice, publisher, fees] = await Promise.all([this.alice.ledgerAccountId, this.publisher.id, this.fees.id].map((id) => this.ledger.balance(id)))
    if (alice === undefined || publisher === undefined || fees === undefined) throw new Error('an account is missing')
    return { alice: alice.posted + alice.accrued, pending: alice.pending, publisher: publisher.posted + publisher.accrued, fees: fees.posted }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const payments of this.#houses) await payments[Symbol.asyncDispose]()
    await this.ledger[Symbol.asyncDispose]()
    await this.postgres[Symbol.asyncDispose]()
  }
}

export const unreachable = (): Reply => reject(ErrorCode.unreachable, 'test.hop', 'said the hop')
