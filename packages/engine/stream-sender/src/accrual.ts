/** What a stream owes by the second, exactly: floor(rate x time paying) less what was sent. Counted in thousandths of a unit, so that milliseconds leave no remainder behind. */
export class Accrual {
  #rate: bigint
  #owedMilliunits = 0n
  #sinceMs: number | undefined

  /** @param rate units a second */
  constructor(rate: bigint) {
    this.#rate = rate
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
    if (now > this.#sinceMs) this.#owedMilliunits += this.#rate * BigInt(now - this.#sinceMs)
    this.#sinceMs = now
  }

  /** Whole units due; what is below one unit waits. */
  get due(): bigint {
    return this.#owedMilliunits / 1_000n
  }

  sent(units: bigint): void {
    this.#owedMilliunits -= units * 1_000n
  }

  /** Units that were sent did not arrive and are due again. */
  returned(units: bigint): void {
    this.#owedMilliunits += units * 1_000n
  }

  /** Forgives what is due beyond `ms` of the rate: a stream that could not pay does not bill the past later. */
  forgive(ms: number): void {
    const most = this.#rate * BigInt(Math.floor(ms))
    if (this.#owedMilliunits > most) this.#owedMilliunits = most
  }
}
