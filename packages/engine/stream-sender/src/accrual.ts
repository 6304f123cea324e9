import { amountMax } from '@rivulet/money'

/** Of its counters: whole units, and thousandths of a unit beyond them (0 to 999). */
const [unitsAt, milliunitsAt] = [0, 1]
/** Counters of one accrual. */
export const accrualCounters = 2

/**
 * What a stream owes by the second, exactly: floor(rate x time paying) less what was sent, at most 2^62 units. Counted in thousandths of a unit, so that milliseconds leave no remainder behind.
 */
export class Accrual {
  readonly #counts: BigInt64Array
  readonly #countsAt: number
  #rate: bigint
  #sinceMs: number | undefined

  /** @param rate units a second @param place of `accrualCounters` zeros, which nobody else touches */
  constructor(rate: bigint, place: { readonly block: BigInt64Array; readonly at: number }) {
    this.#rate = rate
    this.#counts = place.block
    this.#countsAt = place.at
  }

  /** Time counts from `nowMs` (monotonic) on. */
  start(nowMs: number): void {
    this.#sinceMs = Math.floor(nowMs)
  }

  /** Time counts no longer. */
  stop(nowMs: number): void {
    this.accrue(nowMs)
    this.#sinceMs = undefined
  }

  setRate(rate: bigint, nowMs: number): void {
    this.accrue(nowMs)
    this.#rate = rate
  }

  /** Counts the time until `nowMs`. */
  accrue(nowMs: number): void {
    if (this.#sinceMs === undefined) return
    const now = Math.floor(nowMs)
    if (now > this.#sinceMs) this.#owe(this.due, (this.#counts[this.#countsAt + milliunitsAt] ?? 0n) + this.#rate * BigInt(now - this.#sinceMs))
    this.#sinceMs = now
  }

  /** Whole units due; what is below one unit waits. */
  get due(): bigint {
    return this.#counts[this.#countsAt + unitsAt] ?? 0n
  }

  /** @param units at most what is due */
  sent(units: bigint): void {
    this.#counts[this.#countsAt + unitsAt] = this.due - units
  }

  /** Units that were sent did not arrive and are due again. */
  returned(units: bigint): void {
    this.#owe(this.due + units, this.#counts[this.#countsAt + milliunitsAt] ?? 0n)
  }

  /** Forgives what is due beyond `ms` of the rate: a stream that could not pay does not bill the past later. */
  forgive(ms: number): void {
    const most = this.#rate * BigInt(Math.floor(ms))
    const units = most / 1_000n
    if (this.due > units || (this.due === units && (this.#counts[this.#countsAt + milliunitsAt] ?? 0n) > most % 1_000n)) this.#owe(units, most % 1_000n)
  }

  #owe(units: bigint, milliunits: bigint): void {
    const whole = units + milliunits / 1_000n
    this.#counts[this.#countsAt + unitsAt] = whole < amountMax ? whole : amountMax
    this.#counts[this.#countsAt + milliunitsAt] = milliunits % 1_000n
  }
}
