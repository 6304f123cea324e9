/** Time of a simulation: it moves when told, and only when everything that it set in motion has come to rest. */
import type { Postgres } from '@rivulet/postgres'
import type { Clock, Timer } from '@rivulet/time'

interface Waiting {
  readonly dueMs: number
  readonly order: number
  readonly background: boolean
  readonly task: () => void
}

/** How many turns of the event loop must pass without a statement under way. */
const quietTurns = 3

export class VirtualClock implements Clock {
  readonly #startMs: number
  #nowMs: number
  #order = 0
  readonly #waiting = new Set<Waiting>()
  readonly #rest: () => Promise<void>

  /** @param rest resolves when nothing is under way any more */
  constructor(startMs: number, rest: () => Promise<void>) {
    this.#startMs = this.#nowMs = startMs
    this.#rest = rest
  }

  nowMs(): number {
    return this.#nowMs
  }

  monotonicMs(): number {
    return this.#nowMs - this.#startMs
  }

  after(delayMs: number, task: () => void, options?: { readonly background?: boolean }): Timer {
    const waiting: Waiting = { dueMs: this.#nowMs + Math.max(0, delayMs), order: this.#order++, background: options?.background === true, task }
    this.#waiting.add(waiting)
    return { cancel: () => void this.#waiting.delete(waiting) }
  }

  sleep(delayMs: number): Promise<void> {
    return new Promise((resolve) => this.after(delayMs, resolve))
  }

  /** Time passes in one leap, as when a process stalls; what fell due meanwhile runs then, and what it begins gets `lingerMs` more. */
  async leap(ms: number, lingerMs: number): Promise<void> {
    await this.#rest()
    this.#nowMs += ms
    const untilMs = this.#nowMs + lingerMs
    for (let due = this.#next(untilMs); due.length > 0; due = this.#next(untilMs)) {
      for (const waiting of due) {
        this.#nowMs = Math.max(this.#nowMs, waiting.dueMs)
        // One of them may have cancelled another.
        if (this.#waiting.delete(waiting)) waiting.task()
      }
      await this.#rest()
    }
    this.#nowMs = untilMs
  }

  /** Time passes and nothing runs: what fell due runs with the next leap. */
  skip(ms: number): void {
    this.#nowMs += ms
  }

  /** Moves on in steps of so many milliseconds until `work` is done. */
  async during<Result>(work: Promise<Result>, stepMs = 10): Promise<Result> {
    let done = false
    const finish = (): void => {
      done = true
    }
    work.then(finish, finish)
    await this.#rest()
    while (!done) await this.leap(0, stepMs)
    return work
  }

  /**
   * What falls due first, by then. What a service looks at by itself in the background at the same moment goes with it, as it does in the product: each of these looks at rows of its own. Everything else, packets and
   * their bookings above all, goes alone and in order, so that the same seed tells the same story.
   */
  #next(untilMs: number): readonly Waiting[] {
    let first: Waiting | undefined
    for (const waiting of this.#waiting) {
      if (waiting.dueMs <= untilMs && (first === undefined || waiting.dueMs < first.dueMs || (waiting.dueMs === first.dueMs && waiting.order < first.order))) first = waiting
    }
    if (first === undefined) return []
    const { background, dueMs } = first
    return background ? [...this.#waiting].filter((waiting) => waiting.background && waiting.dueMs === dueMs) : [first]
  }
}

/** Resolves when no statement is under way on any connection of the pool, and nothing that an answer set in motion. */
export function restOf({ pool }: Postgres): () => Promise<void> {
  const busy = new Set<unknown>()
  let connected = 0
  /** Who waits until no connection is busy: the event loop sleeps meanwhile, and leaves the processor to the database. */
  let drained: PromiseWithResolvers<void> | undefined
  const drain = (client: unknown): void => {
    busy.delete(client)
    if (busy.size > 0) return
    drained?.resolve()
    drained = undefined
  }
  pool.on('connect', (client) => {
    connected += 1
    const query = client.query.bind(client) as (...given: readonly unknown[]) => unknown
    Object.assign(client, {
      query: (...given: readonly unknown[]): unknown => {
        busy.add(client)
        return query(...given)
      },
    })
    client.on('drain', () => drain(client))
  })
  pool.on('remove', (client) => {
    connected -= 1
    drain(client)
  })
  return async () => {
    for (let quiet = 0; quiet < quietTurns; ) {
      if (busy.size > 0) await (drained ??= Promise.withResolvers<void>()).promise
      await new Promise((resolve) => setImmediate(resolve))
      quiet = busy.size > 0 || pool.waitingCount > 0 || pool.totalCount !== connected ? 0 : quiet + 1
    }
  }
}
