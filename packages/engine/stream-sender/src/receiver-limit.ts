import { amountMax, multiplyCeil, type Ratio } from '@rivulet/money'

/**
 * How much more a receiver takes, as its last StreamMaxMoney said (RFC 29 section 5.3.12), less what was sent since. Its totals may start again from 0, so only the
 * difference that it states is used, between -2^62 and 2^62 units.
 */
export class ReceiverLimit {
  readonly #exchangeRate: Ratio
  /** At its place, once the receiver named a limit: destination units. */
  readonly #counts: BigInt64Array
  readonly #countsAt: number
  #limited = false

  /** @param place one counter that nobody else touches */
  constructor(exchangeRate: Ratio, place: { readonly block: BigInt64Array; readonly at: number }) {
    this.#exchangeRate = exchangeRate
    this.#counts = place.block
    this.#countsAt = place.at
  }

  /** Source units that still may be sent; undefined: it never named a limit. */
  get units(): bigint | undefined {
    const { room } = this
    return room === undefined ? undefined : (room * this.#exchangeRate.denominator) / this.#exchangeRate.numerator
  }

  /** Destination units that still may arrive; undefined: it never named a limit. */
  get room(): bigint | undefined {
    if (!this.#limited) return undefined
    return this.#room > 0n ? this.#room : 0n
  }

  /** @param room destination units @param inFlight source units on their way, which the receiver had not counted yet */
  told(room: bigint, inFlight: bigint): void {
    this.#limited = true
    this.#room = room - multiplyCeil(inFlight, this.#exchangeRate)
  }

  sent(units: bigint): void {
    if (this.#limited) this.#room -= multiplyCeil(units, this.#exchangeRate)
  }

  returned(units: bigint): void {
    if (this.#limited) this.#room += multiplyCeil(units, this.#exchangeRate)
  }

  get #room(): bigint {
    return this.#counts[this.#countsAt] ?? 0n
  }

  set #room(room: bigint) {
    this.#counts[this.#countsAt] = room > amountMax ? amountMax : room < -amountMax ? -amountMax : room
  }
}
