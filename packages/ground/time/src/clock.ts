export interface Timer {
  /** Idempotent; after it the task does not run. */
  cancel(): void
}

/** The only source of time of the server. A product that pays by the second owns its clock: tests hand in a TestClock and never sleep. */
export interface Clock {
  /** Milliseconds since 1970, as the machine believes. May jump. */
  nowMs(): number
  /** Milliseconds since some fixed moment, with fractions; never goes back. For lateness and intervals. */
  monotonicMs(): number
  /** Runs `task` once after `delayMs` (0 to 2^31-1). `background` timers do not keep the process alive. */
  after(delayMs: number, task: () => void, options?: { readonly background?: boolean }): Timer
  /** Resolves after `delayMs`. */
  sleep(delayMs: number): Promise<void>
}

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  after(delayMs, task, options) {
    const timer = setTimeout(task, delayMs)
    if (options?.background === true) timer.unref()
    return { cancel: () => clearTimeout(timer) }
  },
  sleep: (delayMs) => new Promise((resolve) => setTimeout(resolve, delayMs)),
}
