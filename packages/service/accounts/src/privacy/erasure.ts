/** Forgetting a person: what she asked for is durable at once, and then done step by step, however often a process dies over it. */
import { messageOf } from '@rivulet/faults'
import type { Id } from '@rivulet/ids'
import type { Clock, Timer } from '@rivulet/time'
import type { AccountsStore } from '../accounts-store.ts'

/** Who is being forgotten, as the services know her. */
interface Leaving {
  readonly id: Id<'pers'>
  /** All of hers: where she was known, the account behind it, and under what it stands from now on. */
  readonly addresses: readonly { readonly id: Id<'wadr'>; readonly url: string; readonly ledgerAccountId: Id<'acct'>; readonly anonymousUrl: string }[]
}

export interface ErasureSteps {
  /** Ends what is running. Safe to do again. @returns whether nothing of hers moves any more */
  readonly end: (leaving: Leaving) => Promise<boolean>
  /** Forgets what need not be kept. Safe to do again. */
  readonly forget: (leaving: Leaving) => Promise<void>
}

export interface ErasuresOptions extends ErasureSteps {
  readonly store: AccountsStore
  readonly leavingOf: (id: Id<'pers'>) => Promise<Leaving>
  readonly clock: Clock
  readonly log: { warn(about: object, message: string): void }
}

const workEveryMs = 5_000
/** What a process still had in memory of her is written by then; it is forgotten with the last turn. */
const lastTurnAfterMs = 120_000
const atOnceMax = 50

/** Works through everybody who asked to be forgotten. Any number of processes may. */
export class Erasures implements AsyncDisposable {
  readonly #options: ErasuresOptions
  #timer: Timer | undefined
  #working: Promise<void> = Promise.resolve()
  #stopped = false

  constructor(options: ErasuresOptions) {
    this.#options = options
  }

  start(): void {
    if (this.#stopped) return
    this.#timer = this.#options.clock.after(workEveryMs, () => {
      void this.work().finally(() => this.start())
    }, { background: true })
  }

  /** Does now what can be done, after what is under way. Never throws: what fails is tried again with the next turn. */
  work(): Promise<void> {
    this.#working = this.#working.then(() => this.#turn())
    return this.#working
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true
    this.#timer?.cancel()
    await this.#working
  }

  async #turn(): Promise<void> {
    const { store, log } = this.#options
    try {
      for (const { id, sinceMs } of await store.erasing(atOnceMax)) if (!this.#stopped) await this.#forget(id, sinceMs)
    } catch (error) {
      log.warn({ error: messageOf(error) }, 'people who asked to be forgotten wait for the database')
    }
  }

  async #forget(id: Id<'pers'>, sinceMs: number): Promise<void> {
    const { store, leavingOf, end, forget, clock, log } = this.#options
    try {
      const leaving = await leavingOf(id)
      if (!(await end(leaving))) return
      await forget(leaving)
      const nowMs = clock.nowMs()
      await store.anonymise(id, { at: new Date(nowMs), last: nowMs >= sinceMs + lastTurnAfterMs })
    } catch (error) {
      log.warn({ person: id, error: messageOf(error) }, 'a person could not be forgotten yet, it is tried again')
    }
  }
}
