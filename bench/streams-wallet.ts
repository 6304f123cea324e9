/**
 * The wallet of `bench streams`: every stream is the wallet's own PaidStream on the StreamSender, through the forwarder's rules and a BTP client, booked
 * in the ledger, as compose.ts puts it together; there are no agents behind the streams and no HTTP.
 */
import { createHash, randomBytes, randomInt } from 'node:crypto'
import { createHistogram } from 'node:perf_hooks'
import { Forwarder } from '@rivulet/forwarder'
import { newId, Seal } from '@rivulet/ids'
import { Ledger } from '@rivulet/ledger'
import { BtpClient } from '@rivulet/links'
import { Postgres } from '@rivulet/postgres'
import { phaseOf, type FulfilledPacket, type SendingStream, type StreamListener, StreamSender, type StreamSpec } from '@rivulet/stream-sender'
import { systemClock as clock } from '@rivulet/time'
import { type Broken, Lateness, PaidStream, type PaidStreamListener, type StreamDesk } from '@rivulet/wallet'
import { addresses, asset, internalLimits, log, memoryUse, rate, serve, type WalletAnswers, type WalletRequest, type WalletResult } from './streams-process.ts'

const tickMs = 1_000
const leadMs = 500
/** After the window, ticks that are not paid by then count as never paid. */
const patienceMs = 10_000
/** A packet lives 20 s, and is in doubt a second later. */
const answerMaxMs = 25_000
const microsecondsPerMs = 1_000

let desk: StreamDesk | undefined
let bench: Bench | undefined

serve<WalletRequest>(async (request) => {
  switch (request.kind) {
    case 'open':
      return open(request)
    case 'streams':
      return openStreams(request)
    case 'memory':
      return memoryUse()
    case 'begin':
      return theBench().begin(request.seconds)
    case 'window-over':
      return theBench().over()
    case 'settled':
      return theBench().settle()
  }
})

function theBench(): Bench {
  if (bench === undefined) throw new Error('no streams are open')
  return bench
}

async function open({ databaseUrl, token, btpUrl }: WalletRequest & { readonly kind: 'open' }): Promise<true> {
  const postgres = Postgres.connect({ url: databaseUrl, connectionsMax: 24, applicationName: 'bench wallet' })
  const ledger = await Ledger.open({ postgres, clock, log })
  const account = (name: string, kind: 'link' | 'loss') => ledger.openAccount({ name, kind, asset, debitsMayExceedCredits: true })
  const linkAccount = await account('link[receiver]@wallet', 'link')
  const lossAccount = await account('loss@wallet', 'loss')
  const forwarder = new Forwarder({ address: addresses.wallet, clock, log })
  const link = new BtpClient({ url: btpUrl, username: 'wallet', token, peerId: 'receiver', clock, log })
  forwarder.addPeer({ id: 'receiver', address: addresses.receiver, asset, link, linkAccountId: linkAccount.id, limits: internalLimits })
  const sender = new StreamSender({ clock, random: () => randomInt(2 ** 32) / 2 ** 32 })
  await link.connected()
  const route = { link: forwarder.sender(asset), creditAccountId: linkAccount.id }
  desk = {
    clock, log, ledger, sender: { open: (spec) => theBench().openStream(spec, sender) },
    seal: new Seal(randomBytes(32)),
    routing: { to: () => Promise.resolve(route), rateOf: () => undefined, slippage: { numerator: 0n, denominator: 1n } },
    lossAccountId: lossAccount.id,
    ownerId: newId('ownr', clock.nowMs()),
    ilpAddress: addresses.wallet,
    ownReceiverAddress: addresses.receiver,
    leaseMs: 60_000,
    live: new Map(),
    counters: { packets: 0, fulfilled: 0, rejectsByCode: new Map(), lateness: new Lateness() },
    finished: () => undefined,
    givingUp: new Promise(() => undefined),
  }
  return true
}

async function openStreams({ subscribers, credentials }: WalletRequest & { readonly kind: 'streams' }): Promise<WalletAnswers['streams']> {
  const startedMs = performance.now()
  const openDesk = desk
  if (openDesk === undefined) throw new Error('the wallet is not open')
  bench ??= new Bench(openDesk)
  const opened = bench.openNext(subscribers.length)
  for (const [index, accountId] of subscribers.entries()) {
    const payee = credentials[index]
    if (payee === undefined) throw new Error('every stream needs credentials')
    const personId = newId('pers', clock.nowMs())
    const subscriber = { personId, name: personId, email: `${personId}@bench.test`, walletAddress: `https://wallet.test/${personId}`, accountId, asset }
    // Over the channel a Buffer arrives as a Uint8Array.
    bench.add({ subscriber, destination: payee.destination, sharedSecret: Buffer.from(payee.sharedSecret) })
  }
  await opened
  return { wallMs: performance.now() - startedMs }
}

/** One stream: hears what its PaidStream says, as the wallet's payment session does, and keeps the clock of its ticks. */
class Tick implements StreamListener, PaidStreamListener {
  readonly #bench: Bench
  readonly connection: string
  paidStream: PaidStream | undefined
  stream: SendingStream | undefined
  /** The PaidStream's own ears. */
  listener: StreamListener | undefined
  /** Of the monotonic clock: money counts from then on; ticks are due at whole seconds of it plus this phase. Both are fixed when the stream is opened. */
  startMs = 0
  phaseMs = 0
  /** The first tick of the window that is not yet paid; before the window there is none. */
  dueMs = Infinity
  /** Whether the window has begun for this stream. */
  measured = false
  sentBefore = 0
  /** Units, when the window began, and what was paid until it was over. */
  paidBefore = 0n
  paidWithin = 0n
  fulfilledBefore = 0

  constructor(owner: Bench, connection: string) {
    this.#bench = owner
    this.connection = connection
  }

  fulfilled(stream: SendingStream, packet: FulfilledPacket): void {
    this.listener?.fulfilled(stream, packet)
    this.#bench.fulfilled(this, stream)
  }

  rejected(stream: SendingStream, code: string, message: string): void {
    this.listener?.rejected(stream, code, message)
  }

  leaseLow(stream: SendingStream): void {
    this.listener?.leaseLow(stream)
  }

  failed(...why: Parameters<StreamListener['failed']>): void {
    this.listener?.failed(...why)
  }

  opened(): void {
    this.#bench.opened()
  }

  paid(): void {
    // There is no page to hear of it.
  }

  broken(why: Broken): void {
    this.#bench.broken(why)
  }

  stalled(stalled: boolean): void {
    if (stalled) this.#bench.stalls += 1
    // As the wallet's session does.
    else if (this.#bench.pays(this)) this.paidStream?.resume()
  }
}

class Bench {
  #opened: PromiseWithResolvers<void> = Promise.withResolvers()
  readonly #desk: StreamDesk
  readonly #ticks: Tick[] = []
  readonly #byId = new Map<string, Tick>()
  #toOpen = 0
  #broken = 0
  /** How often bookings of a stream waited for the database for more than 3 s. */
  stalls = 0
  #sender = 0
  #seconds = 0
  #endMs = Infinity
  /** Ticks of the window. */
  #due = 0
  #settling = false
  /** Microseconds of each tick that was paid, to a thousandth. Its size does not depend on the window: a number kept for each tick would be memory that grows with every second. */
  readonly #latenesses = createHistogram()

  constructor(openDesk: StreamDesk) {
    this.#desk = openDesk
    setInterval(() => {
      for (const stream of openDesk.live.values()) stream.sweep()
    }, 1_000).unref()
  }

  /** Resolves when as many streams more are open. */
  openNext(count: number): Promise<void> {
    this.#toOpen = count
    this.#opened = Promise.withResolvers()
    return this.#opened.promise
  }

  add({ subscriber, destination, sharedSecret }: { readonly subscriber: PaidStream['subscriber']; readonly destination: string; readonly sharedSecret: Buffer }): void {
    const tick = new Tick(this, createHash('sha256').update(destination).digest().toString('latin1'))
    const receiver = { paymentPointer: 'https://receiver.test/publisher', destination, sharedSecret, asset, receiptsEnabled: false, incomingPayment: undefined }
    tick.paidStream = new PaidStream(this.#desk, { subscriber, receiver, site: 'https://magazine.test', rate, listener: tick })
    this.#ticks.push(tick)
    this.#byId.set(tick.paidStream.id, tick)
  }

  /** Stands between a PaidStream and the sender, to know the instants that the sender fixes. */
  openStream(spec: StreamSpec, sender: StreamSender): SendingStream {
    const tick = this.#byId.get(spec.id)
    if (tick === undefined) throw new Error('nobody opened this stream')
    this.#byId.delete(spec.id)
    tick.listener = spec.listener
    tick.phaseMs = phaseOf(this.#sender++) * tickMs
    tick.stream = sender.open({ ...spec, listener: tick })
    tick.startMs = performance.now()
    return tick.stream
  }

  opened(): void {
    this.#toOpen -= 1
    if (this.#toOpen === 0) this.#opened.resolve()
  }

  broken(why: Broken): void {
    console.error('a stream broke', why)
    this.#broken += 1
    this.#opened.reject(new Error('a stream broke'))
  }

  /** Each stream has as many ticks in the window as it has seconds. */
  async begin(seconds: number): Promise<true> {
    const beginMs = performance.now() + leadMs
    this.#seconds = seconds
    this.#endMs = beginMs + seconds * tickMs
    this.#due = this.#ticks.length * seconds
    for (const tick of this.#ticks) {
      tick.dueMs = Math.ceil((beginMs - tick.phaseMs) / tickMs) * tickMs + tick.phaseMs
      tick.sentBefore = tick.stream?.packets ?? 0
      tick.fulfilledBefore = tick.stream?.fulfilled ?? 0
    }
    await new Promise((resolve) => setTimeout(resolve, leadMs))
    for (const tick of this.#ticks) tick.paidBefore = tick.stream?.paid ?? 0n
    return true
  }

  /** A tick is paid when all the money that was due at its instant is fulfilled. With the last tick of the window the stream rests. */
  fulfilled(tick: Tick, stream: SendingStream): void {
    const nowMs = performance.now()
    if (!tick.measured && nowMs < tick.dueMs) {
      tick.sentBefore = stream.packets
      tick.fulfilledBefore = stream.fulfilled
      return
    }
    tick.measured = true
    while (tick.dueMs <= nowMs && tick.dueMs < this.#endMs) {
      if (stream.paid < (rate * BigInt(Math.floor(tick.dueMs) - Math.ceil(tick.startMs))) / 1_000n) return
      this.#latenesses.record(Math.max(1, Math.round((nowMs - tick.dueMs) * microsecondsPerMs)))
      tick.dueMs += tickMs
      if (tick.dueMs >= this.#endMs) tick.paidStream?.pause()
    }
  }

  /** Whether the stream is still to pay: with its last tick of the window it rests. */
  pays(tick: Tick): boolean {
    return !this.#settling && (this.#endMs === Infinity || tick.dueMs < this.#endMs)
  }

  async over(): Promise<true> {
    await new Promise((resolve) => setTimeout(resolve, this.#endMs - performance.now()))
    for (const tick of this.#ticks) tick.paidWithin = (tick.stream?.paid ?? 0n) - tick.paidBefore
    return true
  }

  async settle(): Promise<WalletResult> {
    const unanswered = (): boolean => this.#ticks.some(({ stream, paidStream }) => stream === undefined || stream.inFlight > 0n || paidStream?.isBooked !== true)
    await this.#until(() => this.#latenesses.count === this.#due, patienceMs)
    this.#settling = true
    for (const { paidStream } of this.#ticks) paidStream?.pause()
    await this.#until(() => !unanswered(), answerMaxMs)
    const unpaid = this.#due - this.#latenesses.count
    // A tick that was never paid is as late as can be told.
    for (let left = unpaid; left > 0; left -= 1) this.#latenesses.record(patienceMs * microsecondsPerMs)
    const shares = this.#ticks.map(({ paidWithin }) => Number(paidWithin) / (Number(rate) * this.#seconds)).toSorted((one, other) => one - other)
    const share = (part: number): number => shares[Math.floor(part * (shares.length - 1))] ?? 0
    const latenessMs = (percent: number): number => this.#latenesses.percentile(percent) / microsecondsPerMs
    let [sent, fulfilled, paid] = [0, 0, 0n]
    for (const { stream, sentBefore, fulfilledBefore } of this.#ticks) {
      if (stream === undefined) continue
      sent += stream.packets - sentBefore
      fulfilled += stream.fulfilled - fulfilledBefore
      paid += stream.paid
    }
    return {
      due: this.#due, sent, fulfilled, unpaid, paid, stalls: this.stalls, broken: this.#broken, paidShareP5: share(0.05), paidShareP95: share(0.95),
      rejectsByCode: Object.fromEntries(this.#desk.counters.rejectsByCode),
      latenessP50Ms: latenessMs(50), latenessP99Ms: latenessMs(99), latenessMaxMs: latenessMs(100),
      sentBefore: new Map(this.#ticks.map(({ connection, sentBefore }) => [connection, sentBefore])),
    }
  }

  async #until(done: () => boolean, maxMs: number): Promise<void> {
    const untilMs = performance.now() + maxMs
    while (!done() && performance.now() < untilMs) await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
