import type { Id } from '@rivulet/ids'
import type { Clock } from '@rivulet/time'
import type { LedgerContext } from './context.ts'
import { refusal, unavailable } from './fault.ts'
import { type FlushOutcome, FlushStore } from './flush-store.ts'
import { GroupCommit } from './group-commit.ts'
import { type Entry, type Journal, nothing } from './journal.ts'
import { bookSending, closeSending, extendSending, leaveSendingInDoubt, openSending, settleAfterMs, settleSending } from './sending-entries.ts'
import { type BookingRow, bookingStatement, bookingValues, type SendingStore } from './sending-store.ts'
import type { LedgerLog } from './context.ts'
import type { LedgerRefusal, SendingStream, SendingStreams, SendingStreamSpec, SendingTotals, StreamCharge, StreamLease } from './types.ts'

const streamsQueuedMax = 100_000
/** Only the page waits for it, to hear of a payment; no packet does. */
const flushIntervalMs = 40
/** A flush stays far below its statement timeout even on a busy machine. */
const rowsPerFlushMax = 4_000
const labelBytesMax = 2_048
const settleTimeMs = 60_000

interface Waiting {
  total: bigint
  linkTotal: bigint
  readonly id: Id<'strm'>
  readonly ownerEpoch: number
  readonly done: Promise<void>
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

interface Batch {
  readonly waiting: readonly Waiting[]
  readonly values: readonly Buffer[]
}

export interface SendingParts {
  readonly context: LedgerContext
  readonly store: SendingStore
  readonly journal: Journal
}

/** The sending side: bookings of fulfilled packets go through a group commit of their own, everything else through the journal. */
export class Sending implements SendingStreams, AsyncDisposable {
  readonly #clock: Clock
  readonly #log: LedgerLog
  readonly #store: SendingStore
  readonly #journal: Journal
  readonly #flushes: FlushStore
  readonly #commit: GroupCommit<Batch, FlushOutcome>
  /** At most one entry for a stream: only the latest total of its latest owner counts. */
  readonly #queue = new Map<Id<'strm'>, Waiting>()
  readonly #inFlight = new Map<Id<'strm'>, Waiting>()

  constructor({ context, store, journal }: SendingParts) {
    const { postgres, clock, log, fatal, newFlushId } = context
    this.#clock = clock
    this.#log = log
    this.#store = store
    this.#journal = journal
    this.#flushes = new FlushStore(postgres, clock, newFlushId(), bookingStatement)
    this.#commit = new GroupCommit<Batch, FlushOutcome>({
      clock, log, fatal, intervalMs: flushIntervalMs,
      waiting: () => this.#queue.size > 0,
      take: () => this.#take(),
      flush: (n, batch, again) => this.#flushes.flush(n, batch.values, again),
      nothingReturns: ({ unapplied }) => unapplied.length === 0,
      committed: (batch, outcome) => this.#committed(batch, outcome),
      failed: (batch, error) => {
        log.warn({ err: error, rows: batch.waiting.length }, 'a flush of bookings was not written')
        this.#landed(batch)
        for (const { reject } of batch.waiting) reject(unavailable(error))
      },
    })
  }

  async open(spec: SendingStreamSpec): Promise<{ readonly ownerEpoch: number }> {
    if (spec.connection.length !== 32) throw refusal('stream-unknown', 'a stream names its connection by the 32 bytes of a SHA-256')
    if (Buffer.byteLength(JSON.stringify(spec.label)) > labelBytesMax) throw refusal('amount-too-large', `the label of a stream has at most ${labelBytesMax} bytes as JSON`)
    return this.#journal.write(openSending(spec))
  }

  extend(id: Id<'strm'>, ownerEpoch: number, lease: StreamLease): Promise<void> {
    return this.#journal.write(extendSending(id, ownerEpoch, lease))
  }

  book(id: Id<'strm'>, ownerEpoch: number, total: bigint, linkTotal = 0n): Promise<void> {
    const queued = this.#queue.get(id)
    if (queued?.ownerEpoch === ownerEpoch) {
      if (total > queued.total) [queued.total, queued.linkTotal] = [total, linkTotal]
      return queued.done
    }
    if (queued !== undefined) {
      if (ownerEpoch < queued.ownerEpoch) return Promise.reject(takenOver(id, queued.ownerEpoch, ownerEpoch))
      queued.reject(takenOver(id, ownerEpoch, queued.ownerEpoch))
    }
    if (this.#commit.stopped) return Promise.reject(unavailable('the ledger has stopped'))
    if (this.#queue.size >= streamsQueuedMax) return Promise.reject(refusal('database-unavailable', `${streamsQueuedMax} bookings wait for the database: the total stays to be booked`))
    const { promise: done, resolve, reject } = Promise.withResolvers<void>()
    this.#queue.set(id, { id, ownerEpoch, total, linkTotal, done, resolve, reject })
    this.#commit.wake()
    return done
  }

  async close(id: Id<'strm'>, ownerEpoch: number, reason: string, charge?: StreamCharge): Promise<void> {
    await this.#booked(id)
    this.#alert(id, await this.#journal.write(closeSending(id, ownerEpoch, { reason, charge })))
  }

  async leaveInDoubt(id: Id<'strm'>, ownerEpoch: number, reason: string): Promise<void> {
    await this.#journal.write(leaveSendingInDoubt(id, ownerEpoch, reason))
  }

  takeOver(ownerId: Id<'ownr'>, limit: number): Promise<readonly SendingStream[]> {
    const nowMs = this.#clock.nowMs()
    const abandoned = { sendUntilBeforeMs: nowMs - settleAfterMs, nowMs, rowsMax: limit }
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

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#commit.idle()
    await this.#flushes[Symbol.asyncDispose]()
  }

  #take(): Batch | undefined {
    if (this.#queue.size === 0) return undefined
    const waiting: Waiting[] = []
    for (const [id, one] of this.#queue) {
      if (waiting.length >= rowsPerFlushMax) break
      this.#queue.delete(id)
      this.#inFlight.set(id, one)
      waiting.push(one)
    }
    waiting.sort((one, other) => (one.id < other.id ? -1 : 1))
    const rows: BookingRow[] = waiting
    return { waiting, values: bookingValues(rows) }
  }

  async #committed(batch: Batch, outcome: FlushOutcome): Promise<void> {
    const unapplied = new Set(outcome.unapplied)
    const refused = batch.waiting.filter((_, index) => unapplied.has(index))
    batch.waiting.forEach((one, index) => {
      if (!unapplied.has(index)) one.resolve()
    })
    // Paid beyond the hold, after the end, or by an owner that was fenced: the journal knows which, and it is rare.
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

  /** A later flush may carry the same stream already. */
  #landed(batch: Batch): void {
    for (const one of batch.waiting) if (this.#inFlight.get(one.id) === one) this.#inFlight.delete(one.id)
  }

  /** Waits until no booking of the stream is under way; how it ended is for its own caller. */
  async #booked(id: Id<'strm'>): Promise<void> {
    for (;;) {
      const waiting = this.#queue.get(id) ?? this.#inFlight.get(id)
      if (waiting === undefined) return
      await waiting.done.then(() => undefined, () => undefined)
      if (this.#inFlight.get(id) === waiting) this.#inFlight.delete(id)
    }
  }

  #alert(id: Id<'strm'>, booked: { readonly excess: bigint }): void {
    if (booked.excess > 0n) this.#log.error({ stream: id, excess: booked.excess.toString() }, 'a stream paid more than it held: the rest is a loss')
  }
}

function takenOver(id: Id<'strm'>, ownerEpoch: number, earlier: number): LedgerRefusal {
  return refusal('owner-fenced', `stream ${id} was taken over: its epoch is ${ownerEpoch}, not ${earlier}`)
}
