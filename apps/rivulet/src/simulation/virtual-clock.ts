/** Time of a simulation: it moves when told, and only when everything that it set in motion has come to rest. */
import type { Clock, Timer } from '@rivulet/time'

interface Waiting {
  readonly dueMs: number
  readonly order: number
  readonly background: boolean
  readonly task: () => void
}

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

  /**
   * Time passes in one leap, as when a process stalls. Packets and their bookings above all run then, each alone and in order, and what they begin gets `lingerMs` more. What services look at by themselves in the
   * background runs after that, all at once, as when a process wakes up; it is still under way when this resolves.
   */
  async leap(ms: number, lingerMs: number): Promise<void> {
    await this.rest()
    this.#nowMs += ms
    const wokenMs = this.#nowMs
    const untilMs = wokenMs + lingerMs
    for (let [next] = this.#due(untilMs, false); next !== undefined; [next] = this.#due(untilMs, false)) {
      this.#nowMs = Math.max(this.#nowMs, next.dueMs)
      this.#run(next)
      await this.rest()
    }
    this.#nowMs = untilMs
    for (const waiting of this.#due(wokenMs, true)) this.#run(waiting)
  }

  /** Resolves when nothing is under way any more. */
  rest(): Promise<void> {
    return this.#rest()
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
    await this.rest()
    while (!done) await this.leap(0, stepMs)
    return work
  }

  /** In the order in which they are due. */
  #due(untilMs: number, background: boolean): readonly Waiting[] {
    return [...this.#waiting].filter((waiting) => waiting.dueMs <= untilMs && waiting.background === background).sort((one, other) => one.dueMs - other.dueMs || one.order - other.order)
  }

  /** Unless another one has cancelled it. */
  #run(waiting: Waiting): void {
    if (this.#waiting.delete(waiting)) waiting.task()
  }
}
