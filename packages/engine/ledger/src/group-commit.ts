import { AssertionFault } from '@rivulet/faults'
import type { Clock } from '@rivulet/time'
import type { LedgerLog } from './context.ts'

/** What became of one attempt to commit a flush. */
export type FlushAnswer<Outcome> =
  | { readonly kind: 'committed'; readonly outcome: Outcome }
  /** The database said no, or was never asked: nothing was written and nothing will be. */
  | { readonly kind: 'failed'; readonly error: unknown }
  /** The statement left and no answer came: it may have committed, or may yet. */
  | { readonly kind: 'unknown'; readonly error: unknown }

export interface GroupCommitOptions<Batch, Outcome> {
  readonly clock: Clock
  readonly log: LedgerLog
  /** Flushes start at least this far apart: a flush costs as much as some 40 of its rows, so that under load few large ones cost less than many small ones. */
  readonly intervalMs: number
  /** Whether anything waits. */
  readonly waiting: () => boolean
  /** Forms the next batch from what waits; undefined when nothing of it may enter. */
  readonly take: () => Batch | undefined
  /** Sends flush `n`. `again` says that it was sent before and its outcome is unknown. Throws what must stop the process. */
  readonly flush: (n: number, batch: Batch, again: boolean) => Promise<FlushAnswer<Outcome>>
  /** Whether telling this outcome brings nothing back into the queue: the next flush may then leave before it is told. */
  readonly nothingReturns: (outcome: Outcome) => boolean
  /** The flush is durable. */
  readonly committed: (batch: Batch, outcome: Outcome) => Promise<void> | void
  /** The flush is known not to be written. */
  readonly failed: (batch: Batch, error: unknown) => void
  /** Something impossible was seen: no further flush leaves this process. */
  readonly fatal: (error: unknown) => void
}

const resendPauseMsMax = 1_000

/**
 * One flush at a time, at most one per interval, the first at once; what arrives meanwhile goes into the next. While the outcome of a flush is unknown the identical flush is
 * sent again under the same number and everything else waits.
 */
export class GroupCommit<Batch, Outcome> {
  readonly #options: GroupCommitOptions<Batch, Outcome>
  #committed = 0
  #running: Promise<void> | undefined
  #lastStartMs = Number.NEGATIVE_INFINITY
  #stopped = false

  constructor(options: GroupCommitOptions<Batch, Outcome>) {
    this.#options = options
  }

  get stopped(): boolean {
    return this.#stopped
  }

  /** Something was queued. */
  wake(): void {
    if (this.#running !== undefined || this.#stopped) return
    this.#running = this.#run()
  }

  /** Resolves when nothing waits and nothing is in flight. */
  async idle(): Promise<void> {
    while (this.#running !== undefined) await this.#running
  }

  async #run(): Promise<void> {
    const { clock, intervalMs, waiting, take, fatal } = this.#options
    await Promise.resolve()
    try {
      while (waiting()) {
        const waitMs = this.#lastStartMs + intervalMs - clock.monotonicMs()
        if (waitMs > 0) await clock.sleep(Math.ceil(waitMs))
        // What arrives in the same turn of the event loop shares the flush.
        else await new Promise((resolve) => setImmediate(resolve))
        const batch = take()
        if (batch !== undefined) await this.#flushAll(batch)
      }
    } catch (error) {
      this.#stopped = true
      fatal(error)
    } finally {
      // In the same turn as the last look at what waits: nothing can slip in between.
      this.#running = undefined
    }
  }

  /** Sends the batch, and what already waits when it is durable as the next one: the database works while those who wait for the first are told. */
  async #flushAll(first: Batch): Promise<void> {
    const { committed } = this.#options
    let batch = first
    let outcome = await this.#durable(batch)
    while (outcome !== undefined) {
      const next = this.#mayFollow(outcome) ? this.#options.take() : undefined
      if (next === undefined) return await committed(batch, outcome)
      const [told, toTell] = [batch, outcome]
      const tell = async (): Promise<void> => {
        // Only after this turn of the event loop has the next flush left.
        await new Promise((resolve) => setImmediate(resolve))
        await committed(told, toTell)
      }
      batch = next
      ;[outcome] = await Promise.all([this.#durable(next), tell()])
    }
  }

  #mayFollow(outcome: Outcome): boolean {
    const { clock, intervalMs, waiting, nothingReturns } = this.#options
    return waiting() && nothingReturns(outcome) && clock.monotonicMs() >= this.#lastStartMs + intervalMs
  }

  /** Undefined when the flush is known not to be written. */
  async #durable(batch: Batch): Promise<Outcome | undefined> {
    const { clock, log, flush, failed } = this.#options
    this.#lastStartMs = clock.monotonicMs()
    const n = this.#committed + 1
    let answer = await flush(n, batch, false)
    if (answer.kind === 'failed') {
      failed(batch, answer.error)
      return undefined
    }
    for (let pauseMs = 10; answer.kind !== 'committed'; pauseMs = Math.min(pauseMs * 2, resendPauseMsMax)) {
      log.warn({ err: answer.error, flush: n }, 'the outcome of a flush is unknown, it is sent again')
      await clock.sleep(pauseMs)
      answer = await flush(n, batch, true)
      if (answer.kind === 'failed' && !mayPass(answer.error)) throw new AssertionFault(`flush ${n} was refused after its outcome was unknown: ${String(answer.error)}`)
    }
    this.#committed = n
    return answer.outcome
  }
}

/** Refusals of a repeated flush that say nothing about the first: the connection cannot be had, a lock is still held, the server is starting or full. */
function mayPass(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''
  return !/^(22|23|42|0A)[0-9A-Z]{3}$/.test(code)
}
