import { messageOf } from '@rivulet/faults'
import type { VerifyReport } from '@rivulet/ledger'
import type { Clock } from '@rivulet/time'

export interface CheckedBooks {
  readonly report: VerifyReport
  readonly checkedAtMs: number
}

/** The whole proof reads every transfer: at most once in this time. */
const freshMs = 60_000

/** The last proof of the books. Asking never waits: an old answer is given while a new one is made. */
export class BooksCheck {
  readonly #verify: () => Promise<VerifyReport>
  readonly #clock: Clock
  readonly #log: BooksCheckLog
  #last: CheckedBooks | undefined
  #running: Promise<void> | undefined

  constructor(verify: () => Promise<VerifyReport>, clock: Clock, log: BooksCheckLog) {
    this.#verify = verify
    this.#clock = clock
    this.#log = log
  }

  latest(): CheckedBooks | undefined {
    if (this.#running === undefined && (this.#last === undefined || this.#clock.nowMs() - this.#last.checkedAtMs > freshMs)) {
      this.#running = this.#check().finally(() => {
        this.#running = undefined
      })
    }
    return this.#last
  }

  /** Waits until no check runs. */
  async idle(): Promise<void> {
    await this.#running
  }

  async #check(): Promise<void> {
    try {
      const report = await this.#verify()
      this.#last = { report, checkedAtMs: this.#clock.nowMs() }
      if (!report.ok) this.#log.error({ problems: report.problems.slice(0, 10) }, 'the books are wrong')
    } catch (error) {
      this.#log.warn({ error: messageOf(error) }, 'the books could not be checked')
    }
  }
}

interface BooksCheckLog {
  warn(about: object, message: string): void
  error(about: object, message: string): void
}
