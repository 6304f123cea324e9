import type { Id } from '@rivulet/ids'
import type { Postgres } from '@rivulet/postgres'
import type { Clock } from '@rivulet/time'
import type { LedgerContext } from './context.ts'
import { refusal, unavailable } from './fault.ts'
import { type FlushOutcome, FlushStore } from './flush-store.ts'
import { GroupCommit } from './group-commit.ts'
import { mayBeAbandoned } from './idle-store.ts'
import { type Entry, type Journal, nothing } from './journal.ts'
import { bookSending, closeSending, extendSending, leaveSendingInDoubt, openSending, settleAfterMs, settleSending } from './sending-entries.ts'
import { type BookingRow, bookingStatement, bookingValues, type SendingStore } from './sending-store.ts'
import type { LedgerLog } from './context.ts'
import type { Carried, SendingStream, SendingStreams, SendingStreamSpec, SendingTotals, StreamCharge, StreamLease } from './types.ts'

const bookingsQueuedMax = 100_000
/** No packet waits for it; a page does, to hear of a payment to a receiver of others. */
const flushIntervalMs = 80
/** A flush stays far below its statement timeout even on a busy machine. */
const rowsPerFlushMax = 4_000
const labelBytesMax = 2_048
const settleTimeMs = 60_000

interface Waiting extends BookingRow {
  resolve: () => void
  reject: (error: unknown) => void
}

interface Batch {
  /** One for each stream, in order of their ids. */
  readonly rows: readonly Waiting[]
  readonly values: readonly Buffer[]
  /** Who waits until all of its bookings have ended. */
  landed: PromiseWithResolvers<void> | undefined
}

export interface SendingParts {
  readonly context: LedgerContext
  readonly store: SendingStore
  readonly journal: Journal
}

/** The sending side: bookings of fulfilled packets go through a group commit of their own, everything else through the journal. */
export class Sending implements SendingStreams, AsyncDisposable {
  readonly #postgres: Postgres
  readonly #clock: Clock
  readonly #log: LedgerLog
  readonly #store: SendingStore
  readonly #journal: Journal
  readonly #flushes: FlushStore
  readonly #commit: GroupCommit<Batch, FlushOutcome>
  /** No Map by stream: one that loses entries as fast as it gets them is copied over and over, and its copies keep alive what was booked. */
  #queue: Waiting[] = []
  readonly #inFlight = new Set<Batch>()

  constructor({ context, store, journal }: SendingParts) {
    const { postgres, clock, log, fatal, newFlushId } = context
    this.#postgres = postgres
    this.#clock = clock
    this.#log = log
    this.#store = store
    this.#journal = journal
    this.#flushes = new FlushStore(postgres, clock, newFlushId(), bookingStatement)
    this.#commit = new GroupCommit<Batch, FlushOutcome>({
      clock, log, fatal, intervalMs: flushIntervalMs,
      waiting: () => this.#queue.length > 0,
      take: () => this.#take(),
      flush: (n, batch, again) => this.#flushes.flush(n, batch.values, again),
      nothingReturns: ({ unapplied }) => unapplied.length === 0,
      committed: (batch, outcome) => this.#committed(batch, outcome),
      failed: (batch, error) => {
        log.warn({ err: error, rows: batch.rows.length }, 'a flush of bookings was not written')
        this.#landed(batch)
        for (const { reject } of batch.rows) reject(unavailable(error))
      },
    })
  }

  async open(spec: SendingStreamSpec): Promise<{ readonly ownerEpoch: number }> {
    if (spec.connection.length !== 32) throw refusal('stream-unknown', 'a stream names its connection by the 32 bytes of a SHA-256')
    if (Buffer.byteLength(JSON.stringify(spec.label)) > labelBytesMax) throw refusal('amount-too-large', `the label of a stream has at most ${labelBytesMax} bytes as JSON`)
    return this.#journal.write(openSending(spec))
  }

  extend(id: Id<'strm'>, ownerEpoch: number, lease: StreamLease): Promise<void> {
    return this.#journal.gather(extendSending(id, ownerEpoch, lease))
  }

  book(id: Id<'strm'>, ownerEpoch: number, total: bigint, { linkTotal = 0n, delivered = 0n }: Carried = {}): Promise<void> {
    if (this.#commit.stopped) return Promise.reject(unavailable('the ledger has stopped'))
    if (this.#queue.length >= bookingsQueuedMax) return Promise.reject(refusal('database-unavailable', `${bookingsQueuedMax} bookings wait for the database: the total stays to be booked`))
    return new Promise((resolve, reject) => {
      this.#queue.push({ id, ownerEpoch, total, linkTotal, delivered, resolve, reject })
      this.#commit.wake()
    })
  }

  async close(id: Id<'strm'>, ownerEpoch: number, reason: string, charge?: StreamCharge): Promise<void> {
    await this.#booked(id)
    this.#alert(id, await this.#journal.write(closeSending(id, ownerEpoch, { reason, charge })))
  }

  async leaveInDoubt(id: Id<'strm'>, ownerEpoch: number, reason: string): Promise<void> {
    await this.#journal.write(leaveSendingInDoubt(id, ownerEpoch, reason))
  }

  async takeOver(ownerId: Id<'ownr'>, limit: number): Promise<readonly SendingStream[]> {
    const nowMs = this.#clock.nowMs()
    const abandoned = { sendUntilBeforeMs: nowMs - settleAfterMs, nowMs, rowsMax: limit }
    if (!(await mayBeAbandoned(this.#postgres, abandoned))) return []
    const entry: Entry<SendingStream[]> = {
      ...nothing, abandoned,
      write(books) {
        const taken = [...books.sending.values()].filter((stream) => stream.state !== 'closed' && stream.sendUntilMs <= abandoned.sendUntilBeforeMs && stream.claimedUntilMs <= nowMs).slice(0, limit)
        for (const stream of taken) {
          books.changeSending(stream, {
            state: 'in-doubt', ownerId, ownerEpoch: stream.ownerEpoch + 1, claimedUntilMs: nowMs + settleTimeMs, closeReason: stream.closeReason ?? 'owner-gone',
          })
        }
        return taken.map((stream) => ({ ...stream }))
      },
    }
    return this.#journal.write(entry)
  }

  async settle(id: Id<'strm'>, ownerEpoch: number, receiverTotal?: bigint): Promise<SendingStream> {
    await this.#booked(id)
    const settled = await this.#journal.write(settleSending(id, ownerEpoch, receiverTotal))
    this.#alert(id, settled)
    return settled.stream
  }

  get(id: Id<'strm'>): Promise<SendingStream | undefined> {
    return this.#store.get(id)
  }

  list(filter: { readonly states: readonly SendingStream['state'][]; readonly limit: number }): Promise<readonly SendingStream[]> {
    return this.#store.list(filter.states, filter.limit)
  }

  totals(): Promise<readonly SendingTotals[]> {
    return this.#store.totals()
  }

  /** Bookings that wait for a flush. */
  get queued(): number {
    return this.#queue.length
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#commit.idle()
    await this.#flushes[Symbol.asyncDispose]()
  }

  #take(): Batch | undefined {
    if (this.#queue.length === 0) return undefined
    const entering = this.#queue.splice(0, rowsPerFlushMax).sort(byStream)
    const rows: Waiting[] = []
    for (const one of entering) {
      const before = rows.at(-1)
      // Only the latest total of the latest owner counts.
      if (before?.id === one.id) {
        rows.pop()
        if (before.ownerEpoch === one.ownerEpoch) follow(one, before)
        else before.reject(refusal('owner-fenced', `stream ${one.id} was taken over: its epoch is ${one.ownerEpoch}, not ${before.ownerEpoch}`))
      }
      rows.push(one)
    }
    const batch: Batch = { rows, values: bookingValues(rows), landed: undefined }
    this.#inFlight.add(batch)
    return batch
  }

  async #committed(batch: Batch, outcome: FlushOutcome): Promise<void> {
    const unapplied = new Set(outcome.unapplied)
    batch.rows.forEach((one, index) => {
      if (!unapplied.has(index)) one.resolve()
    })
    // Paid beyond the hold, after the end, or by an owner that was fenced: the journal knows which, and it is rare.
    const refused = unapplied.size === 0 ? [] : batch.rows.filter((_, index) => unapplied.has(index))
    await Promise.all(refused.map(async (one) => {
      try {
        this.#alert(one.id, await this.#journal.write(bookSending(one)))
        one.resolve()
      } catch (error) {
        one.reject(error)
      }
    }))
    this.#landed(batch)
  }

  #landed(batch: Batch): void {
    this.#inFlight.delete(batch)
    batch.landed?.resolve()
  }

  /** Waits until no booking of the stream is under way; how it ended is for its own caller. */
  async #booked(id: Id<'strm'>): Promise<void> {
    for (;;) {
      const batch = [...this.#inFlight].find(({ rows }) => rows.some((one) => one.id === id))
      const queued = batch === undefined ? this.#queue.find((one) => one.id === id) : undefined
      if (batch !== undefined) await (batch.landed ??= Promise.withResolvers()).promise
      else if (queued !== undefined) await new Promise<void>((over) => follow(queued, { resolve: over, reject: () => over() }))
      else return
    }
  }

  #alert(id: Id<'strm'>, booked: { readonly excess: bigint }): void {
    if (booked.excess > 0n) this.#log.error({ stream: id, excess: booked.excess.toString() }, 'a stream paid more than it held: the rest is a loss')
  }
}

function byStream(one: BookingRow, other: BookingRow): number {
  if (one.id !== other.id) return one.id < other.id ? -1 : 1
  if (one.ownerEpoch !== other.ownerEpoch) return one.ownerEpoch - other.ownerEpoch
  return one.total < other.total ? -1 : 1
}

/** What becomes of `leader` becomes of `follower`. */
function follow(leader: Waiting, follower: Pick<Waiting, 'resolve' | 'reject'>): void {
  const { resolve, reject } = leader
  leader.resolve = () => {
    resolve()
    follower.resolve()
  }
  leader.reject = (error) => {
    reject(error)
    follower.reject(error)
  }
}
