import { multiplyCeil, type Ratio } from '@rivulet/money'

/**
 * How much more a receiver takes, as its last StreamMaxMoney said (RFC 29 section 5.3.12), less what was sent since. Its totals may start again from 0, so only the
 * difference that it states is used.
 */
export class ReceiverLimit {
  readonly #exchangeRate: Ratio
  /** Destination units; undefined: it never named a limit. */
  #room: bigint | undefined

  constructor(exchangeRate: Ratio) {
    this.#exchangeRate = exchangeRate
  }

  /** Source units that still may be sent. */
  get units(): bigint | undefined {
    if (this.#room === undefined) return undefined
    return this.#room <= 0n ? 0n : (this.#room * this.#exchangeRate.denominator) / this.#exchangeRate.numerator
  }

  /** Destination units that still may arrive. */
  get room(): bigint | undefined {
    return this.#room === undefined || this.#room >= 0n ? this.#room : 0n
  }

  /** @param room destination units @param inFlight source units on their way, which the receiver had not counted yet */
  told(room: bigint, inFlight: bigint): void {
    this.#room = room - multiplyCeil(inFlight, this.#exchangeRate)
  }

  sent(units: bigint): void {
    if (this.#room !== undefined) this.#room -= multiplyCeil(units, this.#exchangeRate)
  }

  returned(units: bigint): void {
    if (this.#room !== undefined) this.#room += multiplyCeil(units, this.#exchangeRate)
  }
}
