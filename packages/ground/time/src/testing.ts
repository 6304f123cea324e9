import type { Clock, Timer } from './clock.ts'

interface Entry {
  readonly dueMs: number
  readonly order: number
  readonly task: () => void
}

/** A clock that moves only when told. Starts at 2026-01-01T00:00:00Z unless told. */
export class TestClock implements Clock {
  #nowMs: number
  #order = 0
  readonly #startMs: number
  readonly #idle: () => Promise<void>
  readonly #entries = new Set<Entry>()

  /** @param idle what is awaited after each task, so that what it began goes on: a test with real I/O waits for it here */
  constructor(startMs: number = Date.UTC(2026, 0, 1), idle: () => Promise<void> = settle) {
    this.#nowMs = startMs
    this.#startMs = startMs
    this.#idle = idle
  }

  nowMs(): number {
    return this.#nowMs
  }

  monotonicMs(): number {
    return this.#nowMs - this.#startMs
  }

  after(delayMs: number, task: () => void): Timer {
    const entry: Entry = { dueMs: this.#nowMs + Math.max(0, delayMs), order: this.#order++, task }
    this.#entries.add(entry)
    return { cancel: () => void this.#entries.delete(entry) }
  }

  sleep(delayMs: number): Promise<void> {
    return new Promise((resolve) => this.after(delayMs, resolve))
  }

  /** How many timers wait. */
  get waiting(): number {
    return this.#entries.size
  }

  /** Moves time on by `ms` and runs nothing, as when the process stalls: what fell due runs late, at the next `advance`. */
  jump(ms: number): void {
    this.#nowMs += ms
  }

  /** Moves time on by `ms`; runs what falls due in order of time, and lets promises settle after each. */
  async advance(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms
    await this.#idle()
    for (;;) {
      let next: Entry | undefined
      for (const entry of this.#entries) {
        if (entry.dueMs <= untilMs && (next === undefined || entry.dueMs < next.dueMs || (entry.dueMs === next.dueMs && entry.order < next.order))) next = entry
      }
      if (next === undefined) break
      this.#entries.delete(next)
      this.#nowMs = Math.max(this.#nowMs, next.dueMs)
      next.task()
      await this.#idle()
    }
    this.#nowMs = untilMs
  }
}

/** Lets every promise that can settle without I/O do so. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve))
}
