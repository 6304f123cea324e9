import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Accounts, WalletAddress } from '@rivulet/accounts'
import { messageOf } from '@rivulet/faults'
import type { Id } from '@rivulet/ids'
import type { Earnings, Ledger } from '@rivulet/ledger'
import type { Clock, Timer } from '@rivulet/time'
import { type EarningsReading, liveEarningsOf } from './live-earnings.ts'

export interface EarningsFeedOptions {
  readonly ledger: Pick<Ledger, 'earnings'>
  readonly accounts: Pick<Accounts, 'walletAddresses'>
  readonly clock: Clock
  readonly log: { warn(about: object, message: string): void }
  /** Whose session the request carries; asked again every half minute. */
  readonly personOf: (request: IncomingMessage) => Promise<Id<'pers'> | undefined>
}

const everyMs = 1_000
const dayMs = 86_400_000
const followersMax = 1_000
const followersPerPersonMax = 5
const streamsPerPersonMax = 2_000
/** What may wait for a slow client before it is let go. */
const waitingBytesMax = 1_000_000
const sessionCheckTicks = 30
/** Streams are paying that brought something between the oldest of so many readings and the newest. */
const readingsKept = 5

interface Follower {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  said: string
}

/** What is kept of a publisher while one of her pages is open. */
interface Watched {
  addresses: readonly WalletAddress[]
  readonly followers: Set<Follower>
  /** Newest last. */
  readings: readonly EarningsReading[]
}

/** Reads the ledger once a second for the publishers who look, and tells each of her own (Server-Sent Events: `earnings` when something changed, `beat` otherwise). */
export class EarningsFeed implements AsyncDisposable {
  readonly #options: EarningsFeedOptions
  readonly #watched = new Map<Id<'pers'>, Watched>()
  #timer: Timer | undefined
  #running: Promise<void> | undefined
  #ticks = 0
  #failing = false
  #closed = false

  constructor(options: EarningsFeedOptions) {
    this.#options = options
  }

  /** Takes over the response, or answers false when too many are looking. */
  follow(personId: Id<'pers'>, request: IncomingMessage, response: ServerResponse): boolean {
    const all = [...this.#watched.values()].reduce((sum, { followers }) => sum + followers.size, 0)
    const watched = this.#watched.get(personId) ?? { addresses: [], followers: new Set<Follower>(), readings: [] }
    if (this.#closed || all >= followersMax || watched.followers.size >= followersPerPersonMax) return false
    const follower: Follower = { request, response, said: '' }
    watched.followers.add(follower)
    this.#watched.set(personId, watched)
    response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-store', 'x-accel-buffering': 'no' })
    response.write('retry: 2000\n\n')
    response.on('close', () => {
      watched.followers.delete(follower)
      if (watched.followers.size === 0 && this.#watched.get(personId) === watched) this.#watched.delete(personId)
    })
    if (this.#running === undefined) {
      this.#timer?.cancel()
      this.#beat()
    }
    return true
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true
    this.#timer?.cancel()
    for (const { followers } of this.#watched.values()) for (const { response } of followers) response.end()
    await this.#running
  }

  #beat(): void {
    this.#running = this.#tick().then(() => {
      this.#running = undefined
      if (!this.#closed && this.#watched.size > 0) this.#timer = this.#options.clock.after(everyMs, () => this.#beat(), { background: true })
    })
  }

  async #tick(): Promise<void> {
    if (this.#ticks % sessionCheckTicks === 0) await this.#checkSessions()
    this.#ticks += 1
    const results = await Promise.allSettled(Array.from(this.#watched, ([personId, watched]) => this.#tell(personId, watched)))
    const failed = results.find((result) => result.status === 'rejected')
    if (failed !== undefined && !this.#failing) this.#options.log.warn({ error: messageOf(failed.reason) }, 'earnings cannot be told, it is tried again')
    this.#failing = failed !== undefined
  }

  /** While the database is away nothing is said, and pages see that what they show is old. */
  async #tell(personId: Id<'pers'>, watched: Watched): Promise<void> {
    const { accounts, ledger, clock } = this.#options
    if (watched.addresses.length === 0) watched.addresses = await accounts.walletAddresses(personId)
    const { addresses } = watched
    const atMs = clock.nowMs()
    const earnings: Earnings = await ledger.earnings(addresses.map(({ ledgerAccountId }) => ledgerAccountId), { sinceMs: atMs - (atMs % dayMs), streamsMax: streamsPerPersonMax })
    const now = { earnings, atMs }
    const live = liveEarningsOf(addresses, { earlier: watched.readings[0], now, streamsMax: streamsPerPersonMax })
    watched.readings = [...watched.readings, now].slice(-readingsKept)
    // How long the readings lie apart differs by milliseconds: nothing new to tell while nothing moves.
    const said = JSON.stringify(live.paying === 0 ? { ...live, overMs: 0 } : live)
    for (const follower of watched.followers) {
      if (follower.response.writableLength > waitingBytesMax) follower.response.destroy()
      else follower.response.write(follower.said === said ? 'event: beat\ndata: {}\n\n' : `event: earnings\ndata: ${said}\n\n`)
      follower.said = said
    }
  }

  /** Sessions that have ended are sent off, and pointers that were opened since are seen. */
  async #checkSessions(): Promise<void> {
    for (const [personId, watched] of this.#watched) {
      watched.addresses = []
      for (const { request, response } of watched.followers) {
        // While the database is away nobody is sent off.
        const still = await this.#options.personOf(request).catch(() => personId)
        if (still !== personId) response.end()
      }
    }
  }
}
