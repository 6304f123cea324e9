/**
 * Incoming payments (Open Payments 1.3): what is to be received, by when, at most how much. What was received is never kept here but read from the ledger, so it is
 * exact and durable; cap and expiry are in the address of each connection, where the crediting flush enforces them.
 */
import { hash } from 'node:crypto'
import type { Accounts, WalletAddress } from '@rivulet/accounts'
import { Fault } from '@rivulet/faults'
import { type Id, isId, newId } from '@rivulet/ids'
import type { ReceivingStreams } from '@rivulet/ledger'
import { amountMax } from '@rivulet/money'
import { Batches, type Postgres } from '@rivulet/postgres'
import type { Credentials, StreamReceiver } from '@rivulet/stream-receiver'
import type { Clock } from '@rivulet/time'
import { type ConnectionRow, type IncomingPaymentRow, IncomingPaymentStore, type NewConnection } from './incoming-payment-store.ts'

export type IncomingPaymentFaultCode = 'amount-invalid' | 'expiry-invalid' | 'metadata-too-large' | 'payments-too-many' | 'payment-over'
export class IncomingPaymentFault extends Fault<IncomingPaymentFaultCode> {}

export interface NewIncomingPayment {
  readonly walletAddress: WalletAddress
  /** Who asks: a client's wallet address, or the thumbprint of its key. */
  readonly client: string
  /** Most units to receive, in the asset of the wallet address; without one any amount. */
  readonly incomingAmount?: bigint | undefined
  /** Nothing is received from then on, ms since 1970; in 30 days unless told, and never later. */
  readonly expiresAtMs?: number | undefined
  readonly metadata?: object | undefined
}

export interface IncomingPayment {
  readonly id: Id<'inpm'>
  /** Public. */
  readonly url: string
  readonly walletAddress: WalletAddress
  readonly client: string
  readonly incomingAmount: bigint | undefined
  /** Units that are durable on the account. */
  readonly receivedAmount: bigint
  readonly metadata: object | undefined
  readonly createdAtMs: number
  readonly expiresAtMs: number
  /** completed: somebody said so, or the whole amount has come. Only an open payment takes money. */
  readonly state: 'open' | 'completed' | 'expired'
}

export interface IncomingPaymentsOptions {
  /** With `receiverMigrations` applied. */
  readonly postgres: Postgres
  readonly clock: Clock
  readonly accounts: Pick<Accounts, 'walletAddressById'>
  readonly streams: Pick<StreamReceiver, 'issue' | 'credentialsOf'>
  readonly receiving: Pick<ReceivingStreams, 'statesOf' | 'close'>
  /** Clients that may have as many open payments as they want: this installation itself, which asks for all its subscribers. */
  readonly unlimitedClients?: readonly string[]
}

const livesMsMax = 30 * 24 * 3_600_000
const metadataBytesMax = 4_096
/** Of one payment at once: each is asked for whenever the payment is looked at. Those that are closed are folded into one number; while more than that are open, payers share the last one. */
const connectionsMax = 2_000
/** After so many more connections of a payment those that are closed are folded. */
const foldEvery = 200
/** While a payment has more connections than this, one that has brought nothing for `quietMs` is closed: longer than any payment of ours takes. */
const connectionsCrowded = 1_000
const quietMs = 900_000
const paymentsCountedMax = 10_000
const walletAddressesCachedMax = 10_000
const termsCachedMax = 10_000
const connectionsPerBatchMax = 300
/** Of one client at one wallet address. */
const openPerClientMax = 10_000
/** A payer who has brought nothing for so long has gone, and the next one may bring the rest. */
const idleMs = 30_000
/** Payments that got nothing are forgotten so long after their end. */
const emptyKeptMs = 7 * 24 * 3_600_000
const sweptPerTurn = 500

interface Terms {
  readonly payment: IncomingPayment
  readonly walletAddress: WalletAddress
  readonly expiresAtMs: number
}

/** A row with what the ledger says of its connections. */
interface Standing {
  readonly payment: IncomingPayment
  readonly connections: readonly (ConnectionRow & { readonly total: bigint; readonly closed: boolean })[]
}

/** The incoming payments of both roles. Holds no state but a cache of what never changes, so any number of processes may run it. */
export class IncomingPayments {
  readonly #options: IncomingPaymentsOptions
  readonly #store: IncomingPaymentStore
  /** Everything of a wallet address that is used here never changes. */
  readonly #walletAddresses = new Map<Id<'wadr'>, WalletAddress>()
  readonly #terms = new Map<string, Terms>()
  readonly #alone: Batches<NewConnection, boolean>
  /** Connections that were given out here since those of the payment were folded. */
  readonly #added = new Map<Id<'inpm'>, number>()

  constructor(options: IncomingPaymentsOptions) {
    this.#options = options
    this.#store = new IncomingPaymentStore(options.postgres)
    this.#alone = new Batches(async (rows) => {
      const added = await this.#store.addConnections(rows)
      for (const { incoming_payment_id: id } of rows) this.#count(id)
      for (const id of new Set(rows.map((row) => row.incoming_payment_id))) await this.#foldWhenDue(id)
      return rows.map(({ connection }) => added.has(connection.toString('hex')))
    }, connectionsPerBatchMax)
  }

  /** Forgets what was written to payments of a person's wallet addresses, and who she was as a client herself. Idempotent. */
  forget(addresses: Parameters<IncomingPaymentStore['forget']>[0]): Promise<void> {
    return this.#store.forget(addresses)
  }

  /** Throws `amount-invalid`, `expiry-invalid`, `metadata-too-large`, `payments-too-many`. */
  async create(given: NewIncomingPayment): Promise<{ readonly payment: IncomingPayment; readonly credentials: Credentials }> {
    const nowMs = this.#options.clock.nowMs()
    const { walletAddress, client, incomingAmount, metadata } = given
    const expiresAtMs = given.expiresAtMs ?? nowMs + livesMsMax
    if (incomingAmount !== undefined && (incomingAmount < 1n || incomingAmount > amountMax)) throw new IncomingPaymentFault('amount-invalid', 'an incoming payment takes 1 to 2^62 units')
    if (expiresAtMs <= nowMs || expiresAtMs > nowMs + livesMsMax) throw new IncomingPaymentFault('expiry-invalid', 'an incoming payment expires in the future, within 30 days')
    if (metadata !== undefined && Buffer.byteLength(JSON.stringify(metadata)) > metadataBytesMax) throw new IncomingPaymentFault('metadata-too-large', `metadata has at most ${metadataBytesMax} bytes as JSON`)
    const credentials = this.#issue(walletAddress, { totalMax: incomingAmount, closesAtMs: expiresAtMs })
    const row: Omit<IncomingPaymentRow, 'received' | 'folded_total'> = {
      id: newId('inpm', nowMs), wallet_address_id: walletAddress.id, client, incoming_amount: incomingAmount ?? null, metadata: metadata ?? null,
      created_at_ms: BigInt(nowMs), expires_at_ms: BigInt(expiresAtMs), completed_at_ms: null,
    }
    const openMax = this.#options.unlimitedClients?.includes(client) === true ? undefined : openPerClientMax
    if (!(await this.#store.insert(row, connectionRow(row.id, credentials), openMax))) {
      throw new IncomingPaymentFault('payments-too-many', `this client has ${openPerClientMax} open incoming payments here: complete some, or let them expire sooner`)
    }
    return { payment: this.#payment(row, walletAddress, 0n), credentials }
  }

  /** Undefined when there is none of this id. */
  async get(id: string): Promise<IncomingPayment | undefined> {
    return (await this.#standing(id))?.payment
  }

  /**
   * The payment with credentials for one payer, if it is open. A payer counts its packets from 1, so each who asks gets a connection of its own. Where the amount is
   * limited only one connection is open at a time, which keeps the limit exact; when its payer has closed it, or brings nothing more for 30 s while others ask, the next one may bring the rest.
   */
  async open(id: string): Promise<{ readonly payment: IncomingPayment; readonly credentials: Credentials | undefined } | undefined> {
    const standing = await this.#released(await this.#standing(id))
    if (standing === undefined) return undefined
    const { payment, connections } = standing
    const newest = connections.at(-1)
    if (payment.state !== 'open' || newest === undefined) return { payment, credentials: undefined }
    const { incomingAmount, receivedAmount, walletAddress, expiresAtMs } = payment
    const share = incomingAmount !== undefined && !newest.closed
    const credentials = share ? undefined : this.#issue(walletAddress, { totalMax: incomingAmount === undefined ? undefined : incomingAmount - receivedAmount, closesAtMs: expiresAtMs })
    if (credentials !== undefined) {
      const limits = { connectionsMax, ...(incomingAmount !== undefined && { newest: newest.id }) }
      const row = connectionRow(payment.id, credentials)
      this.#count(payment.id)
      await this.#foldWhenDue(payment.id)
      if (await this.#store.addConnection(row, limits)) return { payment, credentials }
      if (connections.length >= connectionsMax) {
        await this.#fold(payment.id)
        if (await this.#store.addConnection(row, limits)) return { payment, credentials }
      }
      // Somebody else was faster, or there are too many: the newest is what there is.
      const now = await this.#standing(id)
      const last = now?.connections.at(-1)
      return now === undefined || last === undefined ? undefined : { payment: now.payment, credentials: now.payment.state === 'open' ? this.#options.streams.credentialsOf(last.destination) : undefined }
    }
    return { payment, credentials: this.#options.streams.credentialsOf(newest.destination) }
  }

  /** Closes the one connection of a payment of limited amount when its payer is gone. One that has brought nothing yet serves whoever comes. */
  async #released(standing: Standing | undefined): Promise<Standing | undefined> {
    const newest = standing?.connections.at(-1)
    if (standing === undefined || newest === undefined || standing.payment.incomingAmount === undefined || standing.payment.state !== 'open' || newest.closed || newest.total === 0n) return standing
    const nowMs = this.#options.clock.nowMs()
    if (newest.seen_total !== newest.total) await this.#store.saw([newest], nowMs)
    else if (nowMs - Number(newest.seen_at_ms) >= idleMs) {
      await this.#options.receiving.close(newest.connection, standing.payment.expiresAtMs)
      return this.#standing(standing.payment.id)
    }
    return standing
  }

  #count(id: Id<'inpm'>): void {
    if (this.#added.size >= paymentsCountedMax) this.#added.clear()
    this.#added.set(id, (this.#added.get(id) ?? 0) + 1)
  }

  async #foldWhenDue(id: Id<'inpm'>): Promise<void> {
    if ((this.#added.get(id) ?? 0) >= foldEvery) await this.#fold(id)
  }

  /** Counts in the payment's row what came on connections that are closed: nothing more comes on them. The newest stays: whoever completes the payment goes by it. */
  async #fold(id: Id<'inpm'>): Promise<void> {
    this.#added.delete(id)
    const standing = await this.#standing(id)
    if (standing === undefined) return
    const nowMs = this.#options.clock.nowMs()
    const [closed, open] = partition(standing.connections.slice(0, -1), ({ closed: over }) => over)
    if (open.length >= connectionsCrowded && standing.payment.incomingAmount === undefined) {
      const quiet = open.filter((one) => one.seen_total === one.total && nowMs - Number(one.seen_at_ms) >= quietMs)
      await Promise.all(quiet.map(({ connection }) => this.#options.receiving.close(connection, standing.payment.expiresAtMs)))
      const states = await this.#options.receiving.statesOf(quiet.map(({ connection }) => connection))
      closed.push(...quiet.map((one, index) => ({ ...one, ...states[index] })).filter((one) => one.closed))
    }
    await this.#store.saw(open.filter((one) => one.seen_total !== one.total), nowMs)
    await this.#store.fold(closed)
  }

  /** Forgets payments that ended a week ago and got nothing. Returns how many it looked at. */
  async sweep(): Promise<number> {
    const rows = await this.#store.endedBefore(this.#options.clock.nowMs() - emptyKeptMs, sweptPerTurn)
    const standings = await this.#standings(rows)
    const isPaid = (id: Id<'inpm'>): boolean => standings.some(({ payment }) => payment.id === id && payment.receivedAmount > 0n)
    const ids = rows.map(({ id }) => id)
    await this.#store.sort(ids.filter((id) => !isPaid(id)), ids.filter(isPaid))
    for (const id of ids) this.#terms.delete(id)
    return rows.length
  }

  /** Newest first. */
  async list(page: Parameters<IncomingPaymentStore['page']>[0]): Promise<readonly IncomingPayment[]> {
    const rows = await this.#store.page(page)
    return (await this.#standings(rows)).map(({ payment }) => payment)
  }

  /**
   * Credentials that no other payer has, for a payer that writes to these same books: the ledger settles its payment by the connection's total. Where the amount is limited the connection
   * that is open is closed first, so a payer who is at it starts again with what is left. Undefined unless the payment is open.
   */
  async openAlone(id: string): Promise<{ readonly payment: IncomingPayment; readonly credentials: Credentials } | undefined> {
    const terms = await this.#termsOf(id)
    if (terms === undefined || terms.expiresAtMs <= this.#options.clock.nowMs()) return undefined
    const { payment, walletAddress } = terms
    if (payment.incomingAmount === undefined) {
      const credentials = this.#issue(walletAddress, { totalMax: undefined, closesAtMs: terms.expiresAtMs })
      const row = connectionRow(payment.id, credentials)
      return (await this.#alone.add(row)) ? { payment, credentials } : undefined
    }
    const before = (await this.#standing(id))?.connections.at(-1)
    if (before?.closed === false) await this.#options.receiving.close(before.connection, terms.expiresAtMs)
    const standing = await this.#standing(id)
    const newest = standing?.connections.at(-1)
    if (standing === undefined || newest === undefined || standing.payment.state !== 'open' || newest.id !== before?.id) return undefined
    const credentials = this.#issue(walletAddress, { totalMax: payment.incomingAmount - standing.payment.receivedAmount, closesAtMs: terms.expiresAtMs })
    return (await this.#store.addConnection(connectionRow(payment.id, credentials), { connectionsMax, newest: newest.id })) ? { payment: standing.payment, credentials } : undefined
  }

  /** What never changes of a payment; `payment` is as it was when it was looked at first. */
  async #termsOf(id: string): Promise<Terms | undefined> {
    const known = this.#terms.get(id)
    if (known !== undefined) return known
    const row = isId('inpm', id) ? await this.#store.byId(id) : undefined
    const walletAddress = row === undefined ? undefined : await this.#walletAddress(row.wallet_address_id)
    if (row === undefined || walletAddress === undefined) return undefined
    const terms = { payment: this.#payment(row, walletAddress, 0n), walletAddress, expiresAtMs: Number(row.expires_at_ms) }
    if (this.#terms.size >= termsCachedMax) this.#terms.clear()
    this.#terms.set(id, terms)
    return terms
  }

  /** Takes nothing more from now on. Undefined when there is none of this id. Throws `payment-over` when it was completed or has expired. */
  async complete(id: string): Promise<IncomingPayment | undefined> {
    for (;;) {
      const standing = await this.#standing(id)
      if (standing === undefined) return undefined
      const { payment, connections } = standing
      const newest = connections.at(-1)
      if (payment.state !== 'open' || newest === undefined) throw new IncomingPaymentFault('payment-over', `this incoming payment is ${payment.state} already`)
      // Closed first: whoever reads that it is completed finds an amount that no packet changes any more.
      await Promise.all(connections.map(({ connection }) => this.#options.receiving.close(connection, payment.expiresAtMs)))
      if ((await this.#store.complete(payment.id, this.#options.clock.nowMs(), newest.id)) === 'completed') return this.get(id)
    }
  }

  async #standing(id: string): Promise<Standing | undefined> {
    const row = isId('inpm', id) ? await this.#store.byId(id) : undefined
    return row === undefined ? undefined : (await this.#standings([row]))[0]
  }

  async #standings(rows: readonly IncomingPaymentRow[]): Promise<readonly Standing[]> {
    if (rows.length === 0) return []
    const byPayment = await this.#store.connectionsOf(rows.map(({ id }) => id))
    const all = [...byPayment.values()].flatMap(({ connections }) => connections)
    const states = await this.#options.receiving.statesOf(all.map(({ connection }) => connection))
    const stateOf = new Map(all.map(({ id }, index) => [id, states[index] ?? { total: 0n, closed: false }]))
    const standings = await Promise.all(rows.map(async (row): Promise<Standing | undefined> => {
      const of = byPayment.get(row.id)
      const address = await this.#walletAddress(row.wallet_address_id)
      if (of === undefined || address === undefined) return undefined
      const connections = of.connections.map((one) => ({ ...one, ...(stateOf.get(one.id) ?? { total: 0n, closed: false }) }))
      return { payment: this.#payment(row, address, connections.reduce((sum, { total }) => sum + total, of.foldedTotal)), connections }
    }))
    return standings.filter((standing) => standing !== undefined)
  }

  async #walletAddress(id: Id<'wadr'>): Promise<WalletAddress | undefined> {
    const known = this.#walletAddresses.get(id)
    if (known !== undefined) return known
    const found = await this.#options.accounts.walletAddressById(id)
    if (this.#walletAddresses.size >= walletAddressesCachedMax) this.#walletAddresses.clear()
    if (found !== undefined) this.#walletAddresses.set(id, found)
    return found
  }

  #payment(row: Omit<IncomingPaymentRow, 'received' | 'folded_total'>, walletAddress: WalletAddress, receivedAmount: bigint): IncomingPayment {
    const incomingAmount = row.incoming_amount ?? undefined
    const expiresAtMs = Number(row.expires_at_ms)
    const completed = row.completed_at_ms !== null || (incomingAmount !== undefined && receivedAmount >= incomingAmount)
    return {
      id: row.id, url: `${new URL(walletAddress.url).origin}/incoming-payments/${row.id}`, walletAddress, client: row.client, incomingAmount, receivedAmount,
      metadata: row.metadata === null ? undefined : (row.metadata as object), createdAtMs: Number(row.created_at_ms), expiresAtMs,
      state: completed ? 'completed' : this.#options.clock.nowMs() >= expiresAtMs ? 'expired' : 'open',
    }
  }

  #issue({ ledgerAccountId, asset }: WalletAddress, limits: { readonly totalMax: bigint | undefined; readonly closesAtMs: number }): Credentials {
    return this.#options.streams.issue({ accountId: ledgerAccountId, asset, ...limits })
  }
}

function partition<One>(all: readonly One[], isFirst: (one: One) => boolean): readonly [One[], One[]] {
  return [all.filter(isFirst), all.filter((one) => !isFirst(one))]
}

function connectionRow(paymentId: Id<'inpm'>, { destination }: Credentials): NewConnection {
  return { incoming_payment_id: paymentId, destination, connection: hash('sha256', destination, 'buffer') }
}
