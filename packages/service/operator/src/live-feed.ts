import type { IncomingMessage, ServerResponse } from 'node:http'
import { messageOf } from '@rivulet/faults'
import type { Id } from '@rivulet/ids'
import type { Account, SendingStream, SendingStreams } from '@rivulet/ledger'
import type { Asset } from '@rivulet/money'
import type { Clock, Timer } from '@rivulet/time'
import { figuresOf, type LiveEvent, type LiveStream, type Reading, snapshotOf, updateOf } from './live-state.ts'
import type { Safety } from './safety.ts'
import type { OperatorStore, RoleReport } from './store.ts'

export interface LiveFeedOptions {
  readonly ledger: { readonly sending: Pick<SendingStreams, 'list' | 'totals'>; account(id: Id<'acct'>): Promise<Account | undefined> }
  readonly store: OperatorStore
  readonly clock: Clock
  /** Of the last checks; asking waits for none. */
  readonly safety: () => Safety
  readonly log: { warn(about: object, message: string): void }
  /** Whether the request's session still holds; asked again every half minute. */
  readonly maySee: (request: IncomingMessage) => Promise<boolean>
}

const everyMs = 1_000
const streamsListedMax = 1_000
const subscribersMax = 50
/** What may wait for a slow client before it is let go: two snapshots of the longest list. */
const waitingBytesMax = 1_000_000
const sessionCheckTicks = 30
const assetsCachedMax = 100_000
/** Packets are counted over this many readings: processes report once a second too, and two readings may see the same report. */
const rateReadings = 4
/** Reports are kept for so long, every few seconds one, for what is measured over a minute. */
const minuteTicks = 60
const keptEveryTicks = 10
/** A process that said nothing for this long is not running, as far as can be known. */
export const reportFreshMs = 10_000

interface Subscriber {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  /** Whether it is told each stream, or the figures only. */
  readonly streams: boolean
  welcomed: boolean
}

/** Reads the database once a second while somebody looks, and tells all of them what changed (Server-Sent Events). */
export class LiveFeed implements AsyncDisposable {
  readonly #options: LiveFeedOptions
  readonly #subscribers = new Set<Subscriber>()
  readonly #assets = new Map<Id<'acct'>, Asset>()
  #timer: Timer | undefined
  #running: Promise<void> | undefined
  /** The last few, newest last. */
  #readings: readonly Reading[] = []
  /** Of the last minute, oldest first. */
  #reports: readonly (readonly RoleReport[])[] = []
  #ticks = 0
  #failing = false
  #closed = false

  constructor(options: LiveFeedOptions) {
    this.#options = options
  }

  /** Takes over the response, or answers false when too many are looking. */
  follow(request: IncomingMessage, response: ServerResponse, { streams }: { readonly streams: boolean }): boolean {
    if (this.#closed || this.#subscribers.size >= subscribersMax) return false
    const subscriber: Subscriber = { request, response, streams, welcomed: false }
    this.#subscribers.add(subscriber)
    response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-store', 'x-accel-buffering': 'no' })
    response.write('retry: 2000\n\n')
    response.on('close', () => this.#subscribers.delete(subscriber))
    if (this.#running === undefined) {
      this.#timer?.cancel()
      this.#beat()
    }
    return true
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true
    this.#timer?.cancel()
    for (const { response } of this.#subscribers) response.end()
    await this.#running
  }

  #beat(): void {
    this.#running = this.#tick().then(() => {
      this.#running = undefined
      if (this.#closed || this.#subscribers.size === 0) [this.#readings, this.#reports] = [[], []]
      else this.#timer = this.#options.clock.after(everyMs, () => this.#beat(), { background: true })
    })
  }

  async #tick(): Promise<void> {
    try {
      const reading = await this.#read()
      const before = this.#readings
      this.#readings = [...before, reading].slice(-rateReadings)
      this.#failing = false
      this.#tell(before, reading)
    } catch (error) {
      if (!this.#failing) this.#options.log.warn({ error: messageOf(error) }, 'the live page cannot be fed')
      this.#failing = true
      // Pages see that nothing new comes; the comment only keeps proxies from closing the connection.
      for (const { response } of this.#subscribers) response.write(': waiting for the database\n\n')
    }
    this.#ticks += 1
    if (this.#ticks % sessionCheckTicks === 0) await this.#checkSessions()
  }

  #tell(earlier: readonly Reading[], reading: Reading): void {
    const figures = figuresOf(earlier[0], reading, streamsListedMax, this.#reports[0])
    if (this.#ticks % keptEveryTicks === 0) this.#reports = [...this.#reports, reading.reports].slice(-minuteTicks / keptEveryTicks)
    const before = earlier.at(-1)
    let snapshot: string | undefined
    let update: string | undefined
    let plain: string | undefined
    for (const subscriber of this.#subscribers) {
      const { response, welcomed, streams } = subscriber
      if (response.writableLength > waitingBytesMax) {
        response.destroy()
        continue
      }
      if (!streams) response.write((plain ??= write('snapshot', { ...figures, streams: [], totals: {}, gone: [] })))
      else if (welcomed && before !== undefined) response.write((update ??= write('update', updateOf(before, reading, figures))))
      else response.write((snapshot ??= write('snapshot', snapshotOf(reading, figures))))
      subscriber.welcomed = true
    }
  }

  async #read(): Promise<Reading> {
    const { ledger, store, clock } = this.#options
    const atMs = clock.nowMs()
    const [rows, totals, reports] = await Promise.all([
      ledger.sending.list({ states: ['open', 'in-doubt'], limit: streamsListedMax }),
      ledger.sending.totals(),
      store.reportsSince(atMs - reportFreshMs),
    ])
    const assets = await this.#assetsOf(new Set(rows.map(({ debitAccountId }) => debitAccountId)))
    return { streams: new Map(rows.map((row) => [row.id, liveStream(row, assets.get(row.debitAccountId), atMs)])), totals, reports, atMs, safety: this.#options.safety() }
  }

  /** An account's asset never changes: each is looked up once. */
  async #assetsOf(ids: ReadonlySet<Id<'acct'>>): Promise<ReadonlyMap<Id<'acct'>, Asset>> {
    if (this.#assets.size > assetsCachedMax) this.#assets.clear()
    await Promise.all(
      [...ids].filter((id) => !this.#assets.has(id)).map(async (id) => {
        const account = await this.#options.ledger.account(id)
        if (account !== undefined) this.#assets.set(id, account.asset)
      }),
    )
    return this.#assets
  }

  async #checkSessions(): Promise<void> {
    for (const { request, response } of this.#subscribers) {
      // While the database is away nobody is sent off.
      const maySee = await this.#options.maySee(request).catch(() => true)
      if (!maySee) response.end()
    }
  }
}

function liveStream(row: SendingStream, asset: Asset | undefined, nowMs: number): LiveStream {
  return {
    id: row.id,
    payer: row.label.payer,
    payee: row.label.payee,
    site: row.label.site ?? null,
    rate: String(row.rate),
    total: String(row.total),
    held: String(row.held),
    assetCode: asset?.code ?? '',
    assetScale: asset?.scale ?? 0,
    ageMs: Math.max(0, nowMs - row.openedAtMs),
    state: row.state,
  }
}

function write(name: 'snapshot' | 'update', event: LiveEvent): string {
  return `event: ${name}\ndata: ${JSON.stringify(event)}\n\n`
}
