/**
 * What publishers are told by webhook, derived from what is durable: postings of the ledger, read chain by chain with a cursor, and completions. What was told, the cursor and the events
 * themselves are written in one transaction, so nothing is lost and nothing is told twice.
 */
import type { Accounts, WalletAddress } from '@rivulet/accounts'
import { messageOf } from '@rivulet/faults'
import type { Id } from '@rivulet/ids'
import type { Ledger } from '@rivulet/ledger'
import { appendEvents, type NewEvent } from '@rivulet/notify'
import type { Postgres } from '@rivulet/postgres'
import { type Clock, type JobWatch, type Timer, watched } from '@rivulet/time'
import { type EventBook, tellAlone, type Watched } from './event-store.ts'
import type { IncomingPayment, IncomingPayments } from './incoming-payments.ts'

export interface PaymentEventsOptions {
  /** With the migrations of the ledger, `notifyMigrations` and `receiverMigrations` applied. */
  readonly postgres: Postgres
  readonly clock: Clock
  readonly ledger: Pick<Ledger, 'receivedSince' | 'receiving'>
  readonly accounts: Pick<Accounts, 'walletAddressByAccount'>
  readonly payments: Pick<IncomingPayments, 'get'>
  /** The people who want to know. */
  readonly owners: () => Promise<ReadonlySet<string>>
  readonly log: { warn(fields: object, message: string): void }
  /** Told of every turn of the background. */
  readonly watch?: JobWatch | undefined
}

const lookEveryMs = 1_000
const postingsPerLookMax = 1_000
const walletAddressesCachedMax = 10_000
const keptForMs = 24 * 3_600_000

/** A payment is told of when the ledger posts: at the end of a connection, and every five minutes while it is open. */
export class PaymentEvents implements AsyncDisposable {
  readonly #options: PaymentEventsOptions
  /** The address behind an account never changes, but for its public name. */
  readonly #addresses = new Map<string, WalletAddress>()
  #timer: Timer | undefined
  #looking: Promise<unknown> | undefined
  #stopped = false

  constructor(options: PaymentEventsOptions) {
    this.#options = options
  }

  start(): void {
    this.#timer = this.#options.clock.after(lookEveryMs, () => {
      this.#looking = watched(() => this.look(), { ...this.#options, everyMs: lookEveryMs, watch: this.#options.watch })
        .catch((error: unknown) => this.#options.log.warn({ err: messageOf(error) }, 'what came could not be told to webhooks, it is tried again'))
        .finally(() => {
          if (!this.#stopped) this.start()
        })
    }, { background: true })
  }

  /** Writes the events of all that is durable and not told yet, unless another process is at it. */
  async look(): Promise<void> {
    for (let more = true; more && !this.#stopped; ) more = (await tellAlone(this.#options.postgres, (book) => this.#tell(book))) ?? false
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true
    this.#timer?.cancel()
    await this.#looking
  }

  /** True when there is more to read. */
  async #tell(book: EventBook): Promise<boolean> {
    const { clock, ledger, owners } = this.#options
    const nowMs = clock.nowMs()
    const wanting = await owners()
    const cursors = await book.cursors()
    const postings = await ledger.receivedSince(cursors, postingsPerLookMax)
    const touched = new Map<string, Watched>()
    for (const { received } of postings) {
      if (received !== undefined && (await this.#wantedBy(received.accountId, wanting)) !== undefined) touched.set(received.connection.toString('hex'), received)
    }
    await book.watch([...touched.values()])
    const watched = await book.watched()
    const states = await ledger.receiving.statesOf(watched.map(({ connection }) => connection))
    const ended = watched.flatMap((one, index) => (states[index]?.closed === true ? [{ ...one, total: states[index].total }] : []))
    const payments = await book.paymentsOf([...touched.values(), ...ended].map(({ connection }) => connection))
    const events: NewEvent[] = []
    for (const id of new Set([...payments.values(), ...(await book.takeCompletions())])) events.push(...(await this.#paymentEvents(book, id, wanting)))
    for (const { connection, accountId, total } of ended) {
      const address = await this.#wantedBy(accountId, wanting)
      const name = connection.toString('hex')
      const paymentId = payments.get(name)
      if (address === undefined) continue
      const incomingPayment = paymentId === undefined ? undefined : (await this.#options.payments.get(paymentId))?.url
      // What arrived on a payment is told before the end of its connection.
      const data = { stream: name, walletAddress: address.url, receivedAmount: amountOf(total, address.asset), ...(incomingPayment !== undefined && { incomingPayment }) }
      events.push({ ownerId: address.personId, kind: 'stream.closed', object: paymentId ?? name, data })
    }
    await appendEvents(book.client, events, nowMs)
    await book.closed(ended.map(({ connection }) => connection), nowMs)
    await book.moveCursors(new Map(postings.map(({ chainId, chainLength }) => [chainId, chainLength])))
    await book.forget(nowMs - keptForMs)
    return postings.length === postingsPerLookMax
  }

  async #paymentEvents(book: EventBook, id: Id<'inpm'>, wanting: ReadonlySet<string>): Promise<readonly NewEvent[]> {
    const payment = await this.#options.payments.get(id)
    if (payment === undefined || !isWanted(payment.walletAddress, wanting)) return []
    const before = await book.told(id)
    const completed = payment.state === 'completed'
    const arrived = payment.receivedAmount - before.received
    const events: NewEvent[] = []
    const { personId: ownerId, asset } = payment.walletAddress
    if (arrived > 0n) events.push({ ownerId, kind: 'incoming_payment.received', object: id, data: { ...dataOf(payment), amount: amountOf(arrived, asset) } })
    if (completed && !before.completed) events.push({ ownerId, kind: 'incoming_payment.completed', object: id, data: dataOf(payment) })
    if (events.length > 0) await book.tell(id, payment.receivedAmount, completed)
    return events
  }

  async #wantedBy(accountId: Id<'acct'>, wanting: ReadonlySet<string>): Promise<WalletAddress | undefined> {
    if (wanting.size === 0) return undefined
    const known = this.#addresses.get(accountId)
    const address = known ?? (await this.#options.accounts.walletAddressByAccount(accountId))
    if (address === undefined) return undefined
    if (known === undefined) {
      if (this.#addresses.size >= walletAddressesCachedMax) this.#addresses.clear()
      this.#addresses.set(accountId, address)
    }
    return isWanted(address, wanting) ? address : undefined
  }
}

function isWanted({ personId, role }: WalletAddress, wanting: ReadonlySet<string>): boolean {
  return role === 'publisher' && wanting.has(personId)
}

function dataOf({ url, walletAddress, incomingAmount, receivedAmount, metadata }: IncomingPayment): object {
  const { asset } = walletAddress
  return {
    incomingPayment: url, walletAddress: walletAddress.url, receivedAmount: amountOf(receivedAmount, asset),
    ...(incomingAmount !== undefined && { incomingAmount: amountOf(incomingAmount, asset) }), ...(metadata !== undefined && { metadata }),
  }
}

function amountOf(value: bigint, asset: WalletAddress['asset']): object {
  return { value: String(value), assetCode: asset.code, assetScale: asset.scale }
}
