import { messageOf } from '@rivulet/faults'
import type { Clock } from '@rivulet/time'
import type { UsageEntry } from './connection.ts'
import type { Log } from './paid-stream.ts'
import type { WalletStore } from './store.ts'

const entriesMax = 100_000

/** Sums what was paid per site, payee and day, and writes it now and then. Statistics: the ledger has the money. */
export class UsageMeter {
  readonly #store: WalletStore
  readonly #clock: Clock
  readonly #log: Log
  #entries = new Map<string, UsageEntry>()
  #flushing: Promise<void> | undefined

  constructor(store: WalletStore, clock: Clock, log: Log) {
    this.#store = store
    this.#clock = clock
    this.#log = log
  }

  add(entry: Omit<UsageEntry, 'day'>): void {
    this.#merge({ ...entry, day: dayOf(this.#clock.nowMs()) })
  }

  /** Never throws: what could not be written is tried again with the next flush. */
  flush(): Promise<void> {
    this.#flushing ??= this.#flush().finally(() => {
      this.#flushing = undefined
    })
    return this.#flushing
  }

  async #flush(): Promise<void> {
    if (this.#entries.size === 0) return
    const entries = this.#entries
    this.#entries = new Map()
    try {
      await this.#store.addUsage([...entries.values()])
    } catch (error) {
      this.#log.warn({ entries: entries.size, error: messageOf(error) }, 'usage could not be written and is kept')
      for (const entry of entries.values()) this.#merge(entry)
    }
  }

  #merge(entry: UsageEntry): void {
    const key = `${entry.personId} ${entry.day} ${entry.site} ${entry.payee}`
    const known = this.#entries.get(key)
    if (known === undefined && this.#entries.size >= entriesMax) return
    this.#entries.set(key, known === undefined ? entry : { ...entry, amount: known.amount + entry.amount, attentionMs: known.attentionMs + entry.attentionMs, score: known.score + entry.score })
  }
}

const dayMs = 86_400_000
/** Each payment asks for its day, and they come in order. */
let latest = { number: Number.NaN, day: '' }

/** The day in UTC, `2026-01-31`. @param nowMs milliseconds since 1970 */
export function dayOf(nowMs: number): string {
  const number = Math.floor(nowMs / dayMs)
  if (latest.number !== number) latest = { number, day: new Date(nowMs).toISOString().slice(0, 10) }
  return latest.day
}

/** The first day of its month in UTC, `2026-01-01`. @param nowMs milliseconds since 1970 */
export function monthOf(nowMs: number): string {
  return `${dayOf(nowMs).slice(0, 7)}-01`
}
