import { AssertionFault, isFault } from '@rivulet/faults'
import type { Id } from '@rivulet/ids'
import type { Timer } from '@rivulet/time'
import type { Books } from './books.ts'
import type { LedgerContext } from './context.ts'
import { refusal, unavailable } from './fault.ts'
import type { JournalStore } from './journal-store.ts'
import type { Locks } from './lock-store.ts'
import { codeOf } from './pg-errors.ts'

/** One change of the books: which rows it needs locked, and what it does with them. Must give the same answer when it is written a second time. */
export interface Entry<Result> extends Locks {
  /** Throws a `LedgerRefusal`: then nothing of it is written, and the others of its batch are. */
  write(books: Books): Result
}

/** An entry that locks nothing, to spread. */
export const nothing: Locks = { accountIds: [], sendingIds: [], connections: [], keys: [], withReceiving: false }

interface Waiting {
  readonly entry: Entry<unknown>
  readonly resolve: (result: unknown) => void
  readonly reject: (error: unknown) => void
}

type Settled = { readonly ok: true; readonly result: unknown } | { readonly ok: false; readonly error: unknown }

const entriesQueuedMax = 50_000
/** A process that has too much to do takes as long for a batch of few as for one of many: with 500 the renewals of 32,000 streams waited for 20 s. */
const entriesPerBatchMax = 2_000
/** Of these at least so many are of what somebody is kept waiting by, where that waits: renewals of thousands of streams keep nobody out. */
const writtenPerBatchMin = 400
const attemptsMax = 5
const pauseMsMax = 1_000
/** A batch costs as much as some forty of its entries. */
const gatherMs = 250

/**
 * Writes everything but the packets: transfers, holds, posting, closing. One transaction at a time per process takes all that waits: it locks rows in
 * sorted order, lets each entry compute on them in the order of arrival, and writes the result with its part of the hash chain. Two messages to the database: locks, and what was written with
 * its commit.
 */
export class Journal {
  readonly #context: LedgerContext
  readonly #store: JournalStore
  #queue: Waiting[] = []
  /** What may wait until a batch leaves, or until the timer rings. */
  #gathered: Waiting[] = []
  /** Gathered before the batch that runs or ran last; the oldest first, however many came since. */
  #ripe: Waiting[] = []
  #gathering: Timer | undefined
  #running: Promise<void> | undefined
  #stopped: unknown

  constructor(context: LedgerContext, store: JournalStore) {
    this.#context = context
    this.#store = store
  }

  /** Resolves when the entry is durable. Throws what the entry throws, or `database-unavailable`. */
  write<Result>(entry: Entry<Result>): Promise<Result> {
    return this.#enter(entry, (waiting) => {
      this.#queue.push(waiting)
      this.#start()
    })
  }

  /** As `write`, for an entry that nobody is kept waiting by: it leaves with the next batch, after 250 ms in one of its own. Up to 1,600 of a batch come before what is written after them. */
  gather<Result>(entry: Entry<Result>): Promise<Result> {
    return this.#enter(entry, (waiting) => {
      this.#gathered.push(waiting)
      if (this.#running === undefined) this.#gatherLonger()
    })
  }

  /** Resolves when what was to be written before this turn is, whatever became of it. Throws `database-unavailable`. */
  async written(): Promise<void> {
    if (this.#running !== undefined) await this.write({ ...nothing, write: () => undefined })
  }

  async idle(): Promise<void> {
    while (this.#running !== undefined || (this.#gathered.length > 0 && this.#stopped === undefined)) {
      this.#start()
      await this.#running
    }
  }

  /** Entries that wait for a batch. */
  get queued(): number {
    return this.#queue.length + this.#ripe.length + this.#gathered.length
  }

  #enter<Result>(entry: Entry<Result>, enqueue: (waiting: Waiting) => void): Promise<Result> {
    if (this.#stopped !== undefined) return Promise.reject(unavailable(this.#stopped))
    if (this.queued >= entriesQueuedMax) return Promise.reject(refusal('database-unavailable', `${entriesQueuedMax} entries wait for the database: try again later`))
    return new Promise<Result>((resolve, reject) => enqueue({ entry, resolve: resolve as (result: unknown) => void, reject }))
  }

  #start(): void {
    this.#running ??= this.#run()
  }

  async #run(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve))
    do {
      this.#gathering?.cancel()
      this.#gathering = undefined
      this.#ripe.push(...this.#gathered.splice(0))
      const written = this.#queue.splice(0, Math.max(writtenPerBatchMin, entriesPerBatchMax - this.#ripe.length))
      try {
        await this.#write([...this.#ripe.splice(0, entriesPerBatchMax - written.length), ...written])
      } catch (error) {
        // Nobody may learn an answer that is not known: what waits stays without one while the process ends.
        this.#stopped = error
        this.#context.fatal(error)
        break
      }
    } while (this.#queue.length + this.#ripe.length > 0)
    // In the same turn as the last look at the queue: nothing can slip in between.
    this.#running = undefined
    if (this.#gathered.length > 0 && this.#stopped === undefined) this.#gatherLonger()
  }

  #gatherLonger(): void {
    this.#gathering ??= this.#context.clock.after(gatherMs, () => this.#start())
  }

  async #write(batch: readonly Waiting[]): Promise<void> {
    const { clock, log } = this.#context
    let unknown = false
    for (let attempt = 1, pauseMs = 5; ; attempt += 1, pauseMs = Math.min(pauseMs * 2, pauseMsMax)) {
      const settled: Settled[] = []
      const outcome = await this.#store.transaction(locksOf(batch), (books) => {
        settled.length = 0
        for (const { entry } of batch) settled.push(settle(books, entry))
      })
      if (outcome.kind === 'committed') {
        for (const [index, { resolve, reject }] of batch.entries()) {
          const one = settled[index]
          if (one?.ok === true) resolve(one.result)
          else reject(one?.error)
        }
        return
      }
      if (outcome.error instanceof AssertionFault) throw outcome.error
      if (outcome.kind === 'unknown') {
        log.warn({ err: outcome.error, entries: batch.length }, 'the outcome of a transaction is unknown, it is written again')
        unknown = true
      } else if (!unknown) {
        if (batch.length > 1 && isDataError(outcome.error)) {
          for (const one of batch) await this.#write([one])
          return
        }
        if (attempt >= attemptsMax || !isConflict(outcome.error)) {
          for (const { reject } of batch) reject(unavailable(outcome.error))
          return
        }
      }
      await clock.sleep(pauseMs)
    }
  }
}

function settle(books: Books, entry: Entry<unknown>): Settled {
  try {
    return { ok: true, result: books.attempt((all) => entry.write(all)) }
  } catch (error) {
    if (!isFault(error) || isFault(error, 'assertion')) throw error
    return { ok: false, error }
  }
}

function locksOf(batch: readonly Waiting[]): Locks {
  const entries = batch.map(({ entry }) => entry)
  return {
    accountIds: [...new Set<Id<'acct'>>(entries.flatMap((entry) => entry.accountIds))],
    sendingIds: [...new Set<Id<'strm'>>(entries.flatMap((entry) => entry.sendingIds))],
    connections: entries.flatMap((entry) => entry.connections),
    keys: entries.flatMap((entry) => entry.keys),
    withReceiving: entries.some((entry) => entry.withReceiving),
    due: entries.find((entry) => entry.due !== undefined)?.due,
    abandoned: entries.find((entry) => entry.abandoned !== undefined)?.abandoned,
  }
}

/** Another process was in the way: deadlock, serialization, a row inserted at the same moment, a lock not had in time. */
function isConflict(error: unknown): boolean {
  return ['40001', '40P01', '23505', '55P03', '57014'].includes(codeOf(error) ?? '')
}

/** One entry of the batch carries something that the database does not take: the others must not suffer. */
function isDataError(error: unknown): boolean {
  const code = codeOf(error) ?? ''
  return code !== '23505' && /^(22|23)/.test(code)
}
