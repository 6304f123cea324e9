/**
 * Outgoing payments. Each is a saga of four steps, every one of which the payment's id makes repeatable: its row together with the spending of its grant; a hold in the ledger; the
 * answer 201; and only then packets. What dies in between is settled from the books, and never sent again.
 */
import { createHash } from 'node:crypto'
import { Fault, isFault, messageOf } from '@rivulet/faults'
import { type Id, newId, newSecret, type Seal } from '@rivulet/ids'
import { ErrorCode, type PacketHandler, reject } from '@rivulet/ilp'
import type { ExpectedArrival, Ledger, SendingStream, StreamCharge } from '@rivulet/ledger'
import { type Asset, ceilDivide, multiplyFloor, type Ratio } from '@rivulet/money'
import type { OutgoingRoute, Routing } from '@rivulet/peering'
import { Batches } from '@rivulet/postgres'
import { askTotal, type PaymentOutcome, type ReceiverTotal, type SendingPayment, type StreamSender } from '@rivulet/stream-sender'
import type { Clock, Timer } from '@rivulet/time'
import { type AssetAmount, sameAsset } from '../amount.ts'
import { PaymentFault } from '../payment-fault.ts'
import type { FeePolicy } from '../quotes/price.ts'
import type { PayingAddress, Priced, Quotes } from '../quotes/quotes.ts'
import type { PayableReceiver } from '../receivers.ts'
import type { Admission, Ending, NewPayment, PaymentFilter, PaymentStore } from './payment-store.ts'
import { type OutgoingPayment, type Spending, type SpendingLimits, streamIdOf } from './types.ts'

/** A pino logger has this form. */
interface Log {
  warn(details: object, message: string): void
  error(details: object, message: string): void
}

export interface PaymentsOptions {
  readonly store: PaymentStore
  readonly quotes: Quotes
  readonly ledger: Pick<Ledger, 'sending' | 'receiving' | 'transfer'>
  readonly sender: Pick<StreamSender, 'pay'>
  readonly routing: Routing
  /** Whether the operator has frozen whose account it is: nothing is paid from it then. */
  readonly frozen: (ledgerAccountId: Id<'acct'>) => Promise<boolean>
  /** The operator's words while everything that pays is stopped: nothing new is paid then, and what is under way goes on. */
  readonly stopped: () => Promise<string | undefined>
  /** Those that serve payers who count in `asset`. */
  readonly accountsOf: (asset: Asset) => Promise<PaymentAccounts>
  /** Ours; each payment has a child of it. */
  readonly ilpAddress: string
  /** Seals STREAM secrets in the ledger's rows. */
  readonly seal: Seal
  /** How far ahead packets may be sent, ms. After a crash payments are settled this much and some seconds later. */
  readonly leaseMs: number
  readonly clock: Clock
  readonly log: Log
}

export interface PaymentRequest {
  /** Of the payment, where another service has to find it again; fresh unless told. One that exists is never made again. */
  readonly id?: Id<'outp'>
  /** Instead of the wallet's, for what the house itself pays. */
  readonly fee?: FeePolicy
  readonly walletAddress: PayingAddress
  readonly client: string
  readonly grantId: Id<'grnt'>
  readonly limits: SpendingLimits
  readonly intervalStartMs: number
  /** The only receiver that the grant allows, if it names one. */
  readonly receiverOnly: string | undefined
  readonly from: { readonly quoteId: Id<'quot'> } | { readonly incomingPayment: string; readonly debitAmount: AssetAmount }
  readonly metadata: Readonly<Record<string, unknown>> | undefined
}

/** A payment whose row and hold are durable and of which nothing has left: it is either started or cancelled. */
export interface HeldPayment {
  readonly payment: OutgoingPayment
  /** What the grant has spent, with this payment. */
  readonly spending: Spending
  start(): void
  /** Takes it back as if it had never been. */
  cancel(): Promise<void>
}

/** Of the ledger, all in one asset. */
export interface PaymentAccounts {
  readonly lossId: Id<'acct'>
  readonly feeId: Id<'acct'>
}

/** Why a payment that is otherwise allowed is `unauthorized`; clients are not told. */
class FrozenFault extends Fault<'person-frozen'> {}

interface Job {
  readonly payment: OutgoingPayment
  readonly connection: NonNullable<PayableReceiver['connection']>
  readonly isOurs: boolean
  readonly route: OutgoingRoute
  /** Units of the link for one of the payer's, where it counts in another asset; the same until the payment ends. */
  readonly linkRate: Ratio | undefined
  /** What a receiver of others gets by what it is paid, where it counts in another asset or the link does. */
  readonly arrival: ExpectedArrival | undefined
  readonly rate: Ratio
  readonly least: Ratio
  readonly epoch: number
  readonly sendUntilMs: number
  readonly segment: string
  sending: SendingPayment | undefined
}

const perBatchMax = 300
const sequencesMax = 1_000_000
/** Held and not ended; beyond it a client is asked to come back. */
const paymentsAtOnceMax = 10_000
const retryMs = 1_000
const recoverEveryMs = 5_000
const recoveredPerTurn = 100
/** A payment this old that no process here knows of is looked at. */
const forgottenAfterMs = 15_000
/** A payment that takes longer is ended with what was sent. */
const sendMsMax = 600_000
const stopPatienceMs = 7_000
const payeeCharactersMax = 500
/** The wallet's own settling asks with the first ones above the ceiling, and a repeat is not answered. */
const sequencesAskedBefore = 1_000

export class OutgoingPayments implements AsyncDisposable {
  readonly #options: PaymentsOptions
  readonly #inserts: Batches<NewPayment, Admission>
  readonly #endings: Batches<Ending, boolean>
  readonly #ownerId: Id<'ownr'>
  /** Payments that this process holds or sends, by id and by the last segment of their address. */
  readonly #jobs = new Map<Id<'outp'>, Job>()
  readonly #bySegment = new Map<string, Job>()
  readonly #creating = new Set<Id<'outp'>>()
  readonly #running = new Set<Promise<void>>()
  readonly #givingUp = Promise.withResolvers<void>()
  #recovering: Promise<unknown> | undefined
  #timer: Timer | undefined
  #stopped = false

  constructor(options: PaymentsOptions) {
    this.#options = options
    this.#ownerId = newId('ownr', options.clock.nowMs())
    this.#inserts = new Batches((payments) => options.store.insert(payments), perBatchMax)
    this.#endings = new Batches(async (endings) => {
      const ended = await options.store.end(endings)
      return endings.map(({ id }) => ended.has(id))
    }, perBatchMax)
    this.#schedule()
  }

  /** Durable, and nothing sent yet, when it resolves. Throws PaymentFault `quote-invalid`, `receiver-invalid`, `amount-invalid`, `amount-too-small`, `unauthorized`, `unavailable`, `payments-stopped`. */
  async create(request: PaymentRequest): Promise<HeldPayment> {
    if (this.#stopped || this.#jobs.size >= paymentsAtOnceMax) throw new PaymentFault('unavailable', 'the wallet has too much to do, or is stopping: try again in a moment')
    const reason = await this.#options.stopped()
    if (reason !== undefined) throw new PaymentFault('payments-stopped', `the operator has stopped all payments (${reason}): nothing was paid, try again later`)
    const [frozen, { quoteId, receiver, rate, least, ...price }] = await Promise.all([this.#options.frozen(request.walletAddress.ledgerAccountId), this.#priced(request)])
    if (frozen) throw new PaymentFault('unauthorized', 'unauthorized', { cause: new FrozenFault('person-frozen', 'the operator has frozen whose account it is') })
    if (request.receiverOnly !== undefined && request.receiverOnly !== receiver.url) throw new PaymentFault('unauthorized', 'unauthorized')
    const { connection, isOurs } = receiver
    if (connection === undefined) throw new PaymentFault('receiver-invalid', 'invalid receiver')
    const { walletAddress, client, grantId, intervalStartMs, metadata } = request
    const way = await this.#wayTo(connection.destination, { asset: walletAddress.asset, send: price.send })
    const createdMs = this.#options.clock.nowMs()
    const payment: OutgoingPayment = {
      id: request.id ?? newId('outp', createdMs), state: 'sending', walletAddressId: walletAddress.id, walletAddress: walletAddress.url, ledgerAccountId: walletAddress.ledgerAccountId, client, grantId, intervalStartMs, quoteId,
      receiver: receiver.url, debit: price.debit, send: price.send, asset: walletAddress.asset, receive: price.receive, receiveAsset: receiver.asset, deliver: price.kind === 'deliver' ? price.receive : undefined, metadata,
      sent: 0n, failure: undefined, createdMs,
    }
    this.#creating.add(payment.id)
    try {
      const admission = await this.#inserts.add({ payment, limits: request.limits })
      if (admission === 'over-limit') throw new PaymentFault('unauthorized', 'unauthorized')
      if (admission === 'quote-used') throw new PaymentFault('quote-invalid', 'invalid quote')
      const job = await this.#hold(payment, { connection, isOurs, ...way, rate, least })
      this.#jobs.set(payment.id, job)
      this.#bySegment.set(job.segment, job)
      return { payment, spending: admission.spending, start: () => this.#start(job), cancel: () => this.#cancel(job) }
    } finally {
      this.#creating.delete(payment.id)
    }
  }

  /** With what was sent until now. */
  async get(id: Id<'outp'>): Promise<OutgoingPayment | undefined> {
    const payment = await this.#options.store.get(id)
    return payment && this.#live(payment)
  }

  async list(filter: PaymentFilter): Promise<readonly OutgoingPayment[]> {
    return (await this.#options.store.list(filter)).map((payment) => this.#live(payment))
  }

  spending(grantId: Id<'grnt'>, intervalStartMs: number): Promise<Spending | undefined> {
    return this.#options.store.spending(grantId, intervalStartMs)
  }

  /** Answers packets to our payments' addresses. */
  readonly packetHandler: PacketHandler = async (prepare) => {
    const { ilpAddress } = this.#options
    const segment = prepare.destination.startsWith(`${ilpAddress}.`) ? prepare.destination.slice(ilpAddress.length + 1).split('.', 1)[0] : undefined
    const sending = segment === undefined ? undefined : this.#bySegment.get(segment)?.sending
    return (await sending?.answer(prepare)) ?? reject(ErrorCode.unreachable, ilpAddress, 'no payment has this address')
  }

  /** Ends now what dead processes left and the books have settled; runs by itself every 5 s. Returns how many it ended. */
  async recover(): Promise<number> {
    const { store, clock, log } = this.#options
    let ended = 0
    for (const payment of await store.unfinished(clock.nowMs() - forgottenAfterMs, recoveredPerTurn)) {
      if (this.#jobs.has(payment.id) || this.#creating.has(payment.id)) continue
      try {
        ended += (await this.#recoverOne(payment)) ? 1 : 0
      } catch (error) {
        if (isFault(error, 'database-unavailable')) throw error
        log.error({ payment: payment.id, error: messageOf(error) }, 'a payment of a dead process could not be ended')
      }
    }
    return ended
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true
    this.#timer?.cancel()
    const patience = this.#options.clock.after(stopPatienceMs, () => {
      for (const { sending } of this.#jobs.values()) sending?.stop()
      this.#givingUp.resolve()
    })
    await Promise.all(this.#running)
    patience.cancel()
    this.#givingUp.resolve()
    await this.#recovering
    await this.#inserts.idle()
    await this.#endings.idle()
  }

  async #priced({ walletAddress, client, from, fee }: PaymentRequest): Promise<Priced & { readonly quoteId: Id<'quot'> | undefined }> {
    const { quotes, clock } = this.#options
    if ('incomingPayment' in from) {
      return { ...(await quotes.price({ walletAddress, receiver: from.incomingPayment, debitAmount: from.debitAmount, receiveAmount: undefined, fee }, 'pay')), quoteId: undefined }
    }
    const quote = await quotes.get(from.quoteId)
    if (quote === undefined || quote.walletAddressId !== walletAddress.id || quote.client !== client || quote.expiresMs <= clock.nowMs()) throw new PaymentFault('quote-invalid', 'invalid quote')
    const receiver = await quotes.payable(quote.receiver, 'pay')
    if (receiver.incomingAmount !== undefined && quote.receive > receiver.incomingAmount - receiver.receivedAmount) throw new PaymentFault('receiver-invalid', 'invalid receiver')
    const { kind, debit, send, receive, rate, least } = quote
    return { kind, debit, send, receive, rate, least, receiver, quoteId: quote.id }
  }

  async #wayTo(destination: string, { asset, send }: { readonly asset: Asset; readonly send: bigint }): Promise<Pick<Job, 'route' | 'linkRate'>> {
    let route: OutgoingRoute
    try {
      route = await this.#options.routing.to(destination, asset)
    } catch (error) {
      if (!isFault(error)) throw error
      throw new PaymentFault('receiver-invalid', 'invalid receiver', { cause: error })
    }
    const linkRate = route.linkRate?.()
    // The rate may have moved since it was quoted.
    if (route.linkRate !== undefined && (linkRate === undefined || multiplyFloor(send, linkRate) < 1n)) throw new PaymentFault('receiver-invalid', 'invalid receiver')
    return { route, linkRate }
  }

  async #hold(payment: OutgoingPayment, given: Pick<Job, 'connection' | 'isOurs' | 'route' | 'linkRate' | 'rate' | 'least'>): Promise<Job> {
    const { ledger, clock, leaseMs, store } = this.#options
    const arrival = given.isOurs ? undefined : arrivalOf(payment, given)
    const sendUntilMs = clock.nowMs() + leaseMs
    try {
      const { ownerEpoch } = await ledger.sending.open(await this.#rowOf(payment, { ...given, arrival, creditAccountId: given.route.creditAccountId, linkPrice: linkPriceOf(payment, given.linkRate) }, sendUntilMs))
      return { payment, ...given, arrival, epoch: ownerEpoch, sendUntilMs, segment: newSecret(18), sending: undefined }
    } catch (error) {
      if (isFault(error, 'funds-insufficient')) {
        await store.withdraw([payment.id])
        throw new PaymentFault('unauthorized', 'unauthorized', { cause: error })
      }
      // Whether it is held is not known, or another process has decided that it is not: recovery ends it, and the client hears that nothing was paid.
      throw new PaymentFault('unavailable', 'the payment could not be secured and will not be made: try again in a moment', { cause: error })
    }
  }

  async #rowOf(payment: OutgoingPayment, { connection, isOurs, creditAccountId, linkPrice, arrival }: Pick<Job, 'connection' | 'isOurs'> & Partial<Pick<Job, 'arrival'>> & Pick<OutgoingRoute, 'creditAccountId'> & { readonly linkPrice?: Ratio | undefined }, sendUntilMs: number) {
    const { accountsOf, seal } = this.#options
    const { lossId } = await accountsOf(payment.asset)
    const id = streamIdOf(payment.id)
    const { destination, sharedSecret } = connection
    return {
      id, debitAccountId: payment.ledgerAccountId, creditAccountId, lossAccountId: lossId, connection: createHash('sha256').update(destination).digest(), rate: 0n, held: payment.debit,
      sequenceCeiling: sequencesMax, sendUntilMs, resume: { destination, encryptedSecret: seal.seal(sharedSecret, id), receiverIsOurs: isOurs, linkPrice, arrival }, ownerId: this.#ownerId,
      label: { payer: payment.walletAddress, payee: payment.receiver.slice(0, payeeCharactersMax) },
    }
  }

  #start(job: Job): void {
    const running = this.#run(job)
    this.#running.add(running)
    void running.then(() => this.#running.delete(running))
  }

  async #cancel(job: Job): Promise<void> {
    this.#forget(job)
    try {
      await this.#options.ledger.sending.close(streamIdOf(job.payment.id), job.epoch, 'cancelled')
      await this.#options.store.withdraw([job.payment.id])
    } catch (error) {
      // Recovery ends it as failed, with nothing sent.
      this.#options.log.warn({ payment: job.payment.id, error: messageOf(error) }, 'a cancelled payment is left to recovery')
    }
  }

  async #run(job: Job): Promise<void> {
    const { log } = this.#options
    try {
      const outcome = await this.#send(job)
      await this.#settle(job, outcome)
    } catch (error) {
      log.error({ payment: job.payment.id, error: messageOf(error) }, 'a payment is left to recovery')
    } finally {
      this.#forget(job)
    }
  }

  #send(job: Job): Promise<PaymentOutcome> {
    const { sender, ilpAddress, ledger, log } = this.#options
    const { payment, connection, isOurs, route, linkRate } = job
    const id = streamIdOf(payment.id)
    job.sending = sender.pay({
      id, link: route.link, linkRate, ...connection, sourceAddress: `${ilpAddress}.${job.segment}`, sourceAsset: payment.asset, amount: payment.send, deliver: payment.deliver,
      exchangeRate: job.rate, rateMin: job.least, sequenceFirst: 1, sequenceCeiling: sequencesMax, sendUntilMs: job.sendUntilMs,
      // Closing the row of our own receiver closes its connection.
      sayGoodbye: !isOurs,
      listener: {
        progress: ({ paid, linkPaid, delivered }) => {
          // What a receiver of ours got is taken when the row is closed; what any other says it got is booked as it grows.
          if (!isOurs) void ledger.sending.book(id, job.epoch, paid, { linkTotal: linkPaid, delivered: job.arrival && delivered }).catch((error: unknown) => log.warn({ payment: payment.id, error: messageOf(error) }, 'a packet was not booked yet'))
        },
        rejected: () => undefined,
        timeLow: (sending) => void this.#extend(job, sending),
      },
    })
    return job.sending.done
  }

  async #extend({ payment, epoch }: Job, sending: SendingPayment): Promise<void> {
    const { clock, leaseMs, ledger, log } = this.#options
    if (clock.nowMs() - payment.createdMs > sendMsMax) return
    const sendUntilMs = clock.nowMs() + leaseMs
    try {
      await ledger.sending.extend(streamIdOf(payment.id), epoch, { held: payment.debit, sequenceCeiling: sequencesMax, sendUntilMs })
      sending.extend(sendUntilMs)
    } catch (error) {
      log.warn({ payment: payment.id, error: messageOf(error) }, 'a payment gets no more time')
    }
  }

  /** Nothing is under way any more: posts what was paid, takes the fee of a payment that completed, releases the rest, ends the payment. */
  async #settle(job: Job, outcome: PaymentOutcome): Promise<void> {
    const { ledger, accountsOf } = this.#options
    const { payment, epoch, isOurs, linkRate, arrival } = job
    const { sending } = ledger
    const id = streamIdOf(payment.id)
    const fee = payment.debit - payment.send
    const completed = outcome.failure === undefined
    const charge: StreamCharge | undefined = completed && fee > 0n ? { accountId: (await accountsOf(payment.asset)).feeId, amount: fee } : undefined
    const inDoubt = outcome.inDoubt > 0n
    if (!isOurs && !(await this.#insist(() => sending.book(id, epoch, outcome.paid, { linkTotal: outcome.linkPaid, delivered: arrival && outcome.delivered })))) return
    if (inDoubt && !isOurs) {
      // Ended by recovery, once the ledger has settled the row.
      await this.#insist(() => sending.leaveInDoubt(id, epoch, outcome.failure?.reason ?? 'in doubt'))
      return
    }
    if (!(await this.#insist(() => sending.close(id, epoch, outcome.failure?.reason ?? 'completed', charge)))) return
    if (inDoubt || (isOurs && linkRate !== undefined)) {
      // What it cost is by what arrived.
      const row = await sending.get(id)
      if (row?.state === 'closed') await this.#endByRow(payment, row, outcome.failure?.message)
      return
    }
    const sent = outcome.paid + (completed ? fee : 0n)
    await this.#end({ id: payment.id, state: completed ? 'completed' : 'failed', sent, delivered: outcome.delivered, failure: outcome.failure?.message })
  }

  /** Whether it was done; false when this process may not write the row any more, or gives up. Tries until the database is back. */
  async #insist(write: () => Promise<void>): Promise<boolean> {
    const { clock, log } = this.#options
    for (;;) {
      try {
        await write()
        return true
      } catch (error) {
        if (!isFault(error, 'database-unavailable')) {
          log.warn({ error: messageOf(error) }, 'the row of a payment was settled by another')
          return false
        }
      }
      if (!(await Promise.race([clock.sleep(retryMs).then(() => true), this.#givingUp.promise.then(() => false)]))) return false
    }
  }

  async #end(ending: Omit<Ending, 'endedMs'>): Promise<void> {
    await this.#endings.add({ ...ending, failure: ending.failure?.slice(0, 1_000), endedMs: this.#options.clock.nowMs() })
  }

  /** By what the books say of a closed row. */
  async #endByRow(payment: OutgoingPayment, row: SendingStream, failure: string | undefined): Promise<void> {
    const { ledger, accountsOf, log } = this.#options
    const delivered = await this.#deliveredBy(payment, row)
    if (delivered === 'gave up') return
    const fee = payment.debit - payment.send
    const completed = row.total >= payment.send || (payment.deliver !== undefined && delivered >= payment.deliver)
    let charged = 0n
    if (completed && fee > 0n && row.total + fee <= payment.debit) {
      const { feeId } = await accountsOf(payment.asset)
      try {
        // The key is that of the charge at closing: it is taken once.
        await ledger.transfer({ key: `${row.id}/fee`, debitAccountId: payment.ledgerAccountId, creditAccountId: feeId, amount: fee, reason: 'fee', stream: row.id })
        charged = fee
      } catch (error) {
        if (!isFault(error, 'funds-insufficient')) throw error
        log.warn({ payment: payment.id, fee: fee.toString() }, 'the fee of a recovered payment is waived: the account has spent what was released')
      }
    }
    await this.#end({ id: payment.id, state: completed ? 'completed' : 'failed', sent: row.total + charged, delivered, failure: completed ? undefined : (failure ?? row.closeReason ?? 'the wallet was stopped') })
  }

  /**
   * Destination units that a payment brought. A fixed delivery across currencies may be complete before all that was set aside for it is spent, so the receiver is asked what it has got: our own in the books,
   * others with a packet. Any other payment brought its share of what was promised.
   */
  async #deliveredBy(payment: OutgoingPayment, row: SendingStream): Promise<bigint | 'gave up'> {
    const { ledger } = this.#options
    const share = row.total >= payment.send ? payment.receive : ceilDivide(payment.receive * row.total, payment.send)
    if (payment.deliver === undefined || row.total >= payment.send || row.held === 0n) return share
    if (row.resume.receiverIsOurs) return ledger.receiving.totalOf(row.connection)
    const said = await Promise.race([this.#ask(payment, row), this.#givingUp.promise.then(() => 'gave up' as const)])
    if (said === 'gave up') return said
    return said !== undefined && sameAsset(said.asset, payment.receiveAsset) ? said.received : share
  }

  async #ask(payment: OutgoingPayment, row: SendingStream): Promise<ReceiverTotal | undefined> {
    const { routing, clock, seal, ilpAddress } = this.#options
    const { destination, encryptedSecret } = row.resume
    try {
      const { link } = await routing.to(destination, payment.asset)
      return await askTotal({ link, clock, destination, sharedSecret: seal.open(encryptedSecret, row.id), sequenceFirst: row.sequenceCeiling + sequencesAskedBefore, sourceAddress: `${ilpAddress}.${newSecret(18)}` })
    } catch (error) {
      if (!isFault(error, 'no-route')) throw error
      return undefined
    }
  }

  /** A payment whose process is gone. Its packets are settled by the ledger's rule for what is in doubt; here only its end is written. */
  async #recoverOne(payment: OutgoingPayment): Promise<boolean> {
    const { sending } = this.#options.ledger
    const id = streamIdOf(payment.id)
    const row = await sending.get(id)
    if (row === undefined) {
      // Nothing is held, so nobody was told 201. An empty row under its id keeps a hold out that would come late.
      const owner = newId('ownr', this.#options.clock.nowMs())
      const { lossId } = await this.#options.accountsOf(payment.asset)
      const empty = { ...(await this.#rowOf(payment, { connection: { destination: `${this.#options.ilpAddress}.none`, sharedSecret: Buffer.alloc(32) }, isOurs: false, creditAccountId: lossId }, this.#options.clock.nowMs())), held: 0n, ownerId: owner }
      try {
        const { ownerEpoch } = await sending.open(empty)
        await sending.close(id, ownerEpoch, 'never held')
      } catch (error) {
        if (isFault(error, 'key-reused')) return false
        throw error
      }
      await this.#end({ id: payment.id, state: 'failed', sent: 0n, delivered: 0n, failure: 'the wallet was stopped before the money was set aside' })
      return true
    }
    if (row.state !== 'closed') return false
    await this.#endByRow(payment, row, undefined)
    return true
  }

  #live(payment: OutgoingPayment): OutgoingPayment {
    const sending = payment.state === 'sending' ? this.#jobs.get(payment.id)?.sending : undefined
    return sending === undefined ? payment : { ...payment, sent: sending.paid }
  }

  #forget(job: Job): void {
    this.#jobs.delete(job.payment.id)
    this.#bySegment.delete(job.segment)
  }

  #schedule(): void {
    this.#timer = this.#options.clock.after(recoverEveryMs, () => {
      this.#recovering = this.recover()
        .catch((error: unknown) => this.#options.log.warn({ error: messageOf(error) }, 'payments of dead processes are looked at again'))
        .finally(() => {
          if (!this.#stopped) this.#schedule()
        })
    }, { background: true })
  }
}

/**
 * What one unit of the link costs: all of a fixed send for all that it carries, of a fixed delivery as much as the rate says. So what a payer is charged depends on what arrived and on nothing else:
 * neither on how it was cut into packets, nor on who was alive to see them answered.
 */
function linkPriceOf({ send, deliver }: OutgoingPayment, linkRate: Ratio | undefined): Ratio | undefined {
  if (linkRate === undefined) return undefined
  return deliver === undefined ? { numerator: send, denominator: multiplyFloor(send, linkRate) } : { numerator: linkRate.denominator, denominator: linkRate.numerator }
}

/** What a receiver of others is expected to get: a fixed send is paid whole once all that was promised has arrived. Undefined within one asset, where its total is what was paid. */
function arrivalOf({ send, deliver, asset, receive, receiveAsset }: OutgoingPayment, { rate, linkRate }: Pick<Job, 'rate' | 'linkRate'>): ExpectedArrival | undefined {
  if (linkRate === undefined && sameAsset(asset, receiveAsset)) return undefined
  return { asset: receiveAsset, price: { numerator: rate.denominator, denominator: rate.numerator }, most: send, whole: deliver === undefined ? receive : undefined }
}
