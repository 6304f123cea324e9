import { messageOf } from '@rivulet/faults'
import { type Clock, type JobWatch, type Timer, watched } from '@rivulet/time'

export interface Checked<Report> {
  readonly report: Report
  readonly checkedAtMs: number
}

export interface BackgroundCheckOptions<Report> {
  /** For the log: `the books`. */
  readonly name: string
  readonly check: () => Promise<Report>
  /** What is wrong, for the log; undefined when nothing is. */
  readonly wrong: (report: Report) => object | undefined
  readonly clock: Clock
  readonly log: { warn(about: object, message: string): void; error(about: object, message: string): void }
  /** While nobody looks. */
  readonly everyMs: number
  /** An answer younger than this is good enough for who looks. */
  readonly freshMs: number
  readonly watch?: JobWatch | undefined
}

/** A proof that reads a lot, and therefore runs on its own: at once, then every so often, and sooner when somebody looks. Asking never waits: an old answer is given while a new one is made. */
export class BackgroundCheck<Report> implements AsyncDisposable {
  readonly #options: BackgroundCheckOptions<Report>
  #last: Checked<Report> | undefined
  #running: Promise<void> | undefined
  #timer: Timer | undefined
  #failing = false
  #closed = false

  constructor(options: BackgroundCheckOptions<Report>) {
    this.#options = options
    this.#run()
  }

  latest(): Checked<Report> | undefined {
    if (this.#last === undefined || this.#options.clock.nowMs() - this.#last.checkedAtMs > this.#options.freshMs) this.#run()
    return this.#last
  }

  /** Makes a new answer now, or waits for the one that is being made. */
  async again(): Promise<void> {
    this.#run()
    await this.#running
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true
    this.#timer?.cancel()
    await this.#running
  }

  #run(): void {
    if (this.#running !== undefined || this.#closed) return
    this.#timer?.cancel()
    this.#running = this.#check().then(() => {
      this.#running = undefined
      if (!this.#closed) this.#timer = this.#options.clock.after(this.#options.everyMs, () => this.#run(), { background: true })
    })
  }

  async #check(): Promise<void> {
    const { name, check, wrong, clock, log, everyMs, watch } = this.#options
    try {
      const report = await watched(check, { clock, everyMs, watch })
      this.#last = { report, checkedAtMs: clock.nowMs() }
      this.#failing = false
      const problems = wrong(report)
      if (problems !== undefined) log.error(problems, `${name}: something is wrong`)
    } catch (error) {
      if (!this.#failing) log.warn({ error: messageOf(error) }, `${name} could not be checked`)
      this.#failing = true
    }
  }
}
