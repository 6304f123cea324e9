import type { CreditLine, Peer } from './peer.ts'

/** What one peer owes us, as the credit line of this process alone. */
class Exposure implements CreditLine {
  readonly #peer: Peer
  /** What the peer owes us less what we owe it, units of its asset. */
  owed = 0n
  settling = false
  /** Packets from the peer whose outcome is open. */
  #reserved = 0n

  constructor(peer: Peer) {
    this.#peer = peer
  }

  reserve(units: bigint): boolean {
    if (this.owed + this.#reserved + units > this.#peer.limits.owedMax) return false
    this.#reserved += units
    return true
  }

  release(units: bigint, fulfilled: boolean): void {
    this.#reserved -= units
    if (fulfilled) this.owed += units
  }
}

/** What peers owe us and we owe them, in memory: a limit on trust, not a book. The book is the ledger's `link[..]` account. */
export class Exposures {
  readonly #exposures = new WeakMap<Peer, Exposure>()
  readonly #settlementFailed: (peer: Peer, error: unknown) => void

  constructor(settlementFailed: (peer: Peer, error: unknown) => void) {
    this.#settlementFailed = settlementFailed
  }

  #of(peer: Peer): Exposure {
    let exposure = this.#exposures.get(peer)
    if (exposure === undefined) {
      exposure = new Exposure(peer)
      this.#exposures.set(peer, exposure)
    }
    return exposure
  }

  /** Units that the peer owes us, negative when we owe it; in-flight packets are not counted. */
  owedBy(peer: Peer): bigint {
    return this.#of(peer).owed
  }

  /** The peer's own credit line, or the one of this process. */
  lineOf(peer: Peer): CreditLine {
    return peer.credit ?? this.#of(peer)
  }

  /** The peer has fulfilled a packet of ours, or has paid us outside of ILP. */
  reduce(peer: Peer, units: bigint): void {
    this.#of(peer).owed -= units
    this.#settleIfDue(peer)
  }

  #settleIfDue(peer: Peer): void {
    const { settlement } = peer
    const exposure = this.#of(peer)
    const owing = -exposure.owed
    if (settlement === undefined || exposure.settling || owing < settlement.thresholdUnits || owing <= 0n) return
    exposure.settling = true
    exposure.owed += owing
    settlement
      .settle(owing)
      .catch((error: unknown) => {
        exposure.owed -= owing
        this.#settlementFailed(peer, error)
      })
      .finally(() => {
        exposure.settling = false
      })
      .catch((error: unknown) => this.#settlementFailed(peer, error))
  }
}
