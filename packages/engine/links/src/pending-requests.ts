import { type LateListener, LinkFault, type Reply } from '@rivulet/ilp'
import type { Clock } from '@rivulet/time'

/** One request that waits for the peer's answer. */
export interface Waiting {
  /** Of the packet, ms since 1970. */
  readonly expiresAtMs: number
  readonly resolve: (reply: Reply) => void
  readonly reject: (fault: LinkFault) => void
  readonly late?: LateListener | undefined
  /** No answer is waited for any more. */
  readonly forgotten?: () => void
}

/** The Fulfill of a packet that expired on its way back is nothing unusual: whoever asked waits for it this long. */
const graceMs = 1_000
const sweepMs = 250
const lateSweepMs = 5_000
const requestIdMax = 0xffff_ffff
const expired = 'the peer gave no answer before the packet expired'

/**
 * Requests that wait for the peer's answer. One timer sweeps all of them, and runs only while any wait: a timer for each packet would cost more than the packet.
 * A request without an answer ends with LinkFault `no-answer` at most 1.25 s after its expiry. If somebody wants its answer even then it is remembered, apart from
 * those in flight, until nobody does or newer ones need its place.
 */
export class PendingRequests {
  readonly #clock: Clock
  readonly #lateAnswersMax: number
  readonly #pending = new Map<number, Waiting>()
  /** In the order in which they were given up. */
  readonly #late = new Map<number, Waiting>()
  #lastId = 0
  #sweeping = false
  #lateSweptMs = 0

  /** @param lateAnswersMax requests that are remembered after they were given up */
  constructor(clock: Clock, lateAnswersMax: number) {
    this.#clock = clock
    this.#lateAnswersMax = lateAnswersMax
  }

  /** Requests in flight; those that were given up do not count. */
  get size(): number {
    return this.#pending.size
  }

  /** Registers a request and returns its id, a u32 that no other waiting request has. */
  open(waiting: Waiting): number {
    do this.#lastId = this.#lastId === requestIdMax ? 1 : this.#lastId + 1
    while (this.has(this.#lastId))
    this.#pending.set(this.#lastId, waiting)
    if (!this.#sweeping) this.#sweepLater()
    return this.#lastId
  }

  /** Whether somebody still wants an answer. */
  has(id: number): boolean {
    return this.#pending.has(id) || this.#late.has(id)
  }

  /** Answers a request. An unknown id, or one forgotten, is ignored. */
  settle(id: number, reply: Reply): void {
    const pending = this.#pending.get(id)
    if (pending !== undefined) {
      this.#pending.delete(id)
      pending.resolve(reply)
      return
    }
    const late = this.#late.get(id)
    this.#late.delete(id)
    late?.late?.hear(reply)
  }

  /** Ends one request with an unknown outcome: no answer to it can come. */
  fail(id: number, why: string): void {
    const pending = this.#pending.get(id)
    this.#pending.delete(id)
    pending?.reject(new LinkFault('no-answer', why))
    pending?.forgotten?.()
    this.#forget(id)
  }

  failAll(why: string): void {
    for (const id of [...this.#pending.keys(), ...this.#late.keys()]) this.fail(id, why)
  }

  #sweepLater(): void {
    this.#sweeping = true
    this.#clock.after(sweepMs, () => this.#sweep(), { background: true })
  }

  #sweep(): void {
    const nowMs = this.#clock.nowMs()
    for (const [id, waiting] of this.#pending) if (waiting.expiresAtMs + graceMs <= nowMs) this.#giveUp(id, waiting, nowMs)
    if (this.#late.size > 0 && nowMs - this.#lateSweptMs >= lateSweepMs) {
      this.#lateSweptMs = nowMs
      for (const [id, { late }] of this.#late) if (late === undefined || late.wantedUntilMs() <= nowMs) this.#forget(id)
    }
    this.#sweeping = this.#pending.size + this.#late.size > 0
    if (this.#sweeping) this.#sweepLater()
  }

  #giveUp(id: number, waiting: Waiting, nowMs: number): void {
    if (waiting.late === undefined || waiting.late.wantedUntilMs() <= nowMs) {
      this.fail(id, expired)
      return
    }
    this.#pending.delete(id)
    this.#late.set(id, waiting)
    for (const oldest of this.#late.keys()) {
      if (this.#late.size <= this.#lateAnswersMax) break
      this.#forget(oldest)
    }
    waiting.reject(new LinkFault('no-answer', expired))
  }

  #forget(id: number): void {
    const late = this.#late.get(id)
    this.#late.delete(id)
    late?.forgotten?.()
  }
}
