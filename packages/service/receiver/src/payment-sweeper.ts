import { messageOf } from '@rivulet/faults'
import type { Clock, Timer } from '@rivulet/time'
import type { IncomingPayments } from './incoming-payments.ts'

export interface SweeperOptions {
  readonly payments: Pick<IncomingPayments, 'sweep'>
  readonly clock: Clock
  readonly log: { warn(fields: object, message: string): void }
}

/** While there is more to look at, and when there was not. */
const busyMs = 1_000
const restMs = 3_600_000

/** Forgets empty incoming payments in the background, at most one turn a second. Any number of processes may run it. */
export class PaymentSweeper implements AsyncDisposable {
  readonly #options: SweeperOptions
  #timer: Timer | undefined
  #sweeping: Promise<void> | undefined
  #stopped = false

  constructor(options: SweeperOptions) {
    this.#options = options
    this.#after(busyMs)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true
    this.#timer?.cancel()
    await this.#sweeping
  }

  #after(waitMs: number): void {
    if (this.#stopped) return
    this.#timer = this.#options.clock.after(waitMs, () => {
      this.#sweeping = this.#sweep()
    }, { background: true })
  }

  async #sweep(): Promise<void> {
    const { payments, log } = this.#options
    try {
      this.#after((await payments.sweep()) > 0 ? busyMs : restMs)
    } catch (error) {
      log.warn({ error: messageOf(error) }, 'empty incoming payments are forgotten later')
      this.#after(restMs)
    }
  }
}
