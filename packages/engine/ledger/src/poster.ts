import type { Timer } from '@rivulet/time'
import { messageOf } from '@rivulet/faults'
import type { LedgerContext } from './context.ts'
import { mayBeDue } from './idle-store.ts'
import { type Entry, type Journal, nothing } from './journal.ts'
import type { Locks } from './lock-store.ts'
import { postReceiving } from './receiving-entries.ts'
import { postSending } from './sending-entries.ts'

/** What accrues is posted at least this often, and so after as long a silence too. */
const postEveryMs = 300_000
/** How long after its closing time a receiving row is kept. */
const endAfterMs = 3_600_000
const lookEveryMs = 15_000
/** Few, because a flush that meets one of these rows waits for the whole transaction. */
const rowsPerTransactionMax = 200

/** Posts in the background what open streams have accrued. Any number of processes may do so: each takes rows that no other has locked. */
export class Poster implements AsyncDisposable {
  readonly #context: LedgerContext
  readonly #journal: Journal
  #timer: Timer | undefined
  #running: Promise<void> | undefined
  #stopped = false

  constructor(context: LedgerContext, journal: Journal) {
    this.#context = context
    this.#journal = journal
    this.#schedule()
  }

  /** Posts everything that is due now. Returns how many rows it posted or ended. */
  async run(): Promise<number> {
    for (let all = 0; ; ) {
      const due = dueAt(this.#context.clock.nowMs())
      if (!(await mayBeDue(this.#context.postgres, due))) return all
      const rows = await this.#journal.write(postDue(due))
      all += rows
      if (rows < rowsPerTransactionMax || this.#stopped) return all
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true
    this.#timer?.cancel()
    await this.#running
  }

  #schedule(): void {
    this.#timer = this.#context.clock.after(lookEveryMs, () => {
      this.#running = this.run()
        .then(() => undefined, (error: unknown) => this.#context.log.warn({ err: messageOf(error) }, 'what accrued was not posted, it is tried again'))
        .finally(() => {
          if (!this.#stopped) this.#schedule()
        })
    }, { background: true })
  }
}

function dueAt(nowMs: number): NonNullable<Locks['due']> {
  return { postedBeforeMs: nowMs - postEveryMs, endedBeforeMs: nowMs - endAfterMs, rowsMax: rowsPerTransactionMax }
}

function postDue(due: NonNullable<Locks['due']>): Entry<number> {
  return {
    ...nothing, due,
    write(books) {
      let rows = 0
      for (const stream of books.sending.values()) {
        if (stream.state === 'closed' || stream.total === stream.posted || stream.postedAtMs > due.postedBeforeMs) continue
        postSending(books, stream)
        rows += 1
      }
      for (const row of books.receiving.values()) {
        const ended = row.closesAtMs <= due.endedBeforeMs
        if (!ended && (row.total === row.posted || (row.postedAtMs > due.postedBeforeMs && !row.closed))) continue
        postReceiving(books, row)
        if (ended) books.endReceiving(row)
        rows += 1
      }
      return rows
    },
  }
}
