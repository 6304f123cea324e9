import { newId, type Id } from '@rivulet/ids'
import type { Postgres } from '@rivulet/postgres'
import type { Clock } from '@rivulet/time'
import { AccountCache, AccountStore } from './account-store.ts'
import type { LedgerContext, LedgerLog } from './context.ts'
import { CreditStore } from './credit-store.ts'
import { EarningStore } from './earning-store.ts'
import { ExplorerStore } from './explorer-store.ts'
import { refusal } from './fault.ts'
import { Journal, nothing } from './journal.ts'
import { JournalStore } from './journal-store.ts'
import { PayerStore } from './payer-store.ts'
import { Poster } from './poster.ts'
import { Receiving } from './receiving.ts'
import { Sending } from './sending.ts'
import { SendingStore } from './sending-store.ts'
import { TransferStore } from './transfer-store.ts'
import type { Account, AccountSpec, Balance, Counters, Earnings, Exchange, ExchangeSpec, Income, Movements, ReceivedPosting, ReceivingStreams, SendingStreams, Spent, Transfer, TransferSpec, VerifyReport } from './types.ts'
import { verifyBooks } from './verify-store.ts'

export interface LedgerOptions {
  /** With `ledgerMigrations` applied. The ledger uses up to three of its connections for itself, and others for a moment when it reads. */
  readonly postgres: Postgres
  readonly clock: Clock
  readonly log?: LedgerLog
  /**
   * Called when something impossible was seen in the books: this process must end at once. What is under way is never answered. Unless told, the error is
   * thrown where nothing catches it, which ends the process.
   */
  readonly fatal?: (error: unknown) => void
}

/** What waits for the database in this process. */
export interface LedgerQueues {
  /** Packets that wait for a flush. */
  readonly credits: number
  /** Streams' bookings that wait for a flush. */
  readonly bookings: number
  /** Everything else: entries that wait for a transaction. */
  readonly journal: number
}

const nobody: LedgerLog = { warn: () => undefined, error: () => undefined }
const transfersPerPageMax = 1_000
/** Of one `transferAll`. */
export const transfersAtOnceMax = 100

/** The books. The only code that writes money; any number of processes may have the same books open. Everything here throws `database-unavailable` while the database is away. */
export class Ledger implements AsyncDisposable {
  readonly sending: SendingStreams
  readonly receiving: ReceivingStreams
  /** For people who look: nothing there writes. */
  readonly explorer: ExplorerStore
  /** What streams say of who pays. */
  readonly payers: PayerStore
  readonly #postgres: Postgres
  readonly #clock: Clock
  readonly #accounts: AccountStore
  readonly #transfers: TransferStore
  readonly #earnings: EarningStore
  readonly #journal: Journal
  readonly #poster: Poster
  readonly #parts: readonly AsyncDisposable[]
  readonly #queued: () => LedgerQueues

  private constructor({ postgres, clock, log, fatal }: LedgerOptions) {
    const context: LedgerContext = { postgres, clock, log: log ?? nobody, fatal: fatal ?? throwUncaught, newFlushId: () => newId('flsh', clock.nowMs()) }
    const journalStore = new JournalStore(context)
    this.#postgres = postgres
    this.#clock = clock
    this.#transfers = new TransferStore(postgres)
    this.#earnings = new EarningStore(postgres)
    this.explorer = new ExplorerStore(postgres)
    this.payers = new PayerStore(postgres)
    this.#journal = new Journal(context, journalStore)
    this.#accounts = new AccountStore({ postgres, clock, written: () => this.#journal.written() })
    this.#poster = new Poster(context, this.#journal)
    const sending = new Sending({ context, store: new SendingStore(postgres), journal: this.#journal })
    const receiving = new Receiving({ context, store: new CreditStore(postgres), accounts: new AccountCache(this.#accounts), journal: this.#journal })
    this.sending = sending
    this.receiving = receiving
    this.#queued = () => ({ credits: receiving.queued, bookings: sending.queued, journal: this.#journal.queued })
    this.#parts = [this.#poster, sending, receiving, { [Symbol.asyncDispose]: () => this.#journal.idle() }, journalStore]
  }

  /** Connects nothing yet but one statement, which fails when the schema is missing. Throws `database-unavailable`. */
  static async open(options: LedgerOptions): Promise<Ledger> {
    try {
      await options.postgres.pool.query('select from ledger.accounts limit 1')
    } catch (error) {
      throw refusal('database-unavailable', `the books cannot be opened: ${error instanceof Error ? error.message : String(error)}`, error)
    }
    return new Ledger(options)
  }

  /** What waits for the database now. */
  queues(): LedgerQueues {
    return this.#queued()
  }

  /** Idempotent by name. Throws `account-differs`. */
  openAccount(spec: AccountSpec): Promise<Account> {
    return this.#accounts.open(spec)
  }

  /** Two accounts where an asset of ours meets the asset of a link. Idempotent. Throws `account-unknown`, `account-differs`, `assets-differ` when both are the same asset. */
  openExchange(spec: ExchangeSpec): Promise<Exchange> {
    return this.#accounts.openExchange(spec)
  }

  account(id: Id<'acct'>): Promise<Account | undefined> {
    return this.#accounts.byId(id)
  }

  accountByName(name: string): Promise<Account | undefined> {
    return this.#accounts.byName(name)
  }

  /** What may be held or spent of an account, in its units, never below zero, once what this process has asked to be written before is: streams that end give back what they held. Throws `account-unknown`, `database-unavailable`. */
  available(id: Id<'acct'>): Promise<bigint> {
    return this.#accounts.available(id)
  }

  /** Throws `account-unknown`. */
  balance(id: Id<'acct'>): Promise<Balance> {
    return this.#accounts.balance(id)
  }

  /** What came to these accounts, and what is there. Unknown accounts are missing. */
  incomesOf(ids: readonly Id<'acct'>[]): Promise<ReadonlyMap<Id<'acct'>, Income>> {
    return this.#accounts.incomesOf(ids)
  }

  /**
   * Durable when it resolves. Idempotent by key. Throws `account-unknown`, `assets-differ`, `amount-invalid`, `amount-too-large`, `funds-insufficient`, `key-reused`, `database-unavailable`.
   * @param seen the debit account as it must still be: otherwise nothing is booked, unless it was under this key, and it throws `account-moved`
   */
  async transfer(spec: TransferSpec, seen?: Counters): Promise<Transfer> {
    checkSpec(spec)
    return this.#journal.write({ ...nothing, accountIds: [spec.debitAccountId, spec.creditAccountId], keys: [spec.key], write: (books) => books.transfer(spec, seen) })
  }

  /** Several transfers, all or none; at most 100. Otherwise as `transfer`. */
  async transferAll(specs: readonly TransferSpec[]): Promise<readonly Transfer[]> {
    if (specs.length > transfersAtOnceMax) throw refusal('amount-invalid', `at most ${transfersAtOnceMax} transfers are made at once, not ${specs.length}`)
    if (specs.length === 0) return []
    for (const spec of specs) checkSpec(spec)
    const accountIds = specs.flatMap(({ debitAccountId, creditAccountId }) => [debitAccountId, creditAccountId])
    return this.#journal.write({ ...nothing, accountIds, keys: specs.map(({ key }) => key), write: (books) => specs.map((spec) => books.transfer(spec)) })
  }

  /** Newest first; `before` is the id of the last transfer of the page before. At most 1,000 at a time. */
  transfersOf(accountId: Id<'acct'>, page: { readonly limit: number; readonly before?: Id<'xfer'> }): Promise<readonly Transfer[]> {
    return this.#transfers.of(accountId, Math.min(page.limit, transfersPerPageMax), page.before)
  }

  /** What moved on these accounts from `fromMs` until before `untilMs`, by day, reason and site, with the balances around it. Undefined when it has more than `limit` lines. */
  movements(accountIds: readonly Id<'acct'>[], period: { readonly fromMs: number; readonly untilMs: number; readonly limit: number }): Promise<Movements | undefined> {
    return this.#transfers.movements(accountIds, period.fromMs, period.untilMs, period.limit)
  }

  /** What these accounts have earned since `sinceMs`, and their open streams, at most `streamsMax` of all. Unknown accounts are missing. */
  earnings(accountIds: readonly Id<'acct'>[], { sinceMs, streamsMax }: { readonly sinceMs: number; readonly streamsMax: number }): Promise<Earnings> {
    return this.#earnings.of(accountIds, sinceMs, streamsMax)
  }

  /** What left this account from `fromMs` until before `untilMs`. Undefined when it has more than `limit` lines. */
  async spent(accountId: Id<'acct'>, { limit, ...period }: { readonly fromMs: number; readonly untilMs: number; readonly limit: number }): Promise<readonly Spent[] | undefined> {
    const lines = await this.#transfers.spent(accountId, { ...period, nowMs: this.#clock.nowMs(), limit: limit + 1 })
    return lines.length > limit ? undefined : lines
  }

  /** Units of shares that nobody took and that came back into this account (`share-returned`) from `fromMs` until before `untilMs`. */
  cameBack(accountId: Id<'acct'>, period: { readonly fromMs: number; readonly untilMs: number }): Promise<bigint> {
    return this.#transfers.cameBack(accountId, period)
  }

  /** All postings that are durable and lie behind these places of the chains, in order within each chain. At most `limit`, and 1,000. */
  receivedSince(cursors: ReadonlyMap<string, bigint>, limit: number): Promise<readonly ReceivedPosting[]> {
    return this.#transfers.receivedSince(cursors, Math.min(limit, transfersPerPageMax))
  }

  /** Posts what is due of open streams now, which happens in the background anyway. Returns the rows posted or ended. */
  postDue(): Promise<number> {
    return this.#poster.run()
  }

  /** Proves the books, from one consistent snapshot; also beside running processes. */
  verify(): Promise<VerifyReport> {
    return verifyBooks(this.#postgres)
  }

  /** Takes no more work, and waits until what was taken is durable or known not to be. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const part of this.#parts) await part[Symbol.asyncDispose]()
  }
}

function checkSpec({ key, reason }: TransferSpec): void {
  if (key.length < 1 || key.length > 200 || key.includes('\0')) throw refusal('key-reused', 'an idempotency key has 1 to 200 characters')
  if (!/^[a-z][a-z0-9.-]{0,39}$/.test(reason)) throw refusal('key-reused', `a reason is one word of the chart of postings: ${reason}`)
}

function throwUncaught(error: unknown): void {
  queueMicrotask(() => {
    throw error
  })
}
