import { LinkFault, type Reply } from '@rivulet/ilp'
import type { Clock } from '@rivulet/time'

interface Pending {
  readonly givenUpAtMs: number
  readonly resolve: (reply: Reply) => void
  readonly reject: (fault: LinkFault) => void
}

/** A Fulfill that is a little late is worth having: it says that the money is gone. */
const lateAnswerMsMax = 1_000
const sweepMs = 250
const requestIdMax = 0xffff_ffff

/**
 * Requests that wait for the peer's answer. One timer sweeps all of them, and runs only while any wait: a timer for each packet would cost more than the packet.
 * A request without an answer ends with LinkFault `no-answer` at most 1.25 s after its expiry.
 */
export class PendingRequests {
  readonly #clock: Clock
  readonly #pending = new Map<number, Pending>()
  #lastId = 0
  #sweeping = false

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get size(): number {
    return this.#pending.size
  }

  /** Registers a request and returns its id, a u32 that no other waiting request has. */
  open(expiresAtMs: number, resolve: (reply: Reply) => void, reject: (fault: LinkFault) => void): number {
    do this.#lastId = this.#lastId === requestIdMax ? 1 : this.#lastId + 1
    while (this.#pending.has(this.#lastId))
    this.#pending.set(this.#lastId, { givenUpAtMs: expiresAtMs + lateAnswerMsMax, resolve, reject })
    if (!this.#sweeping) this.#sweepLater()
    return this.#lastId
  }

  /** Whether the request still waits. */
  has(id: number): boolean {
    return this.#pending.has(id)
  }

  /** Answers a request. An unknown id, or one given up, is ignored. */
  settle(id: number, reply: Reply): void {
    const pending = this.#pending.get(id)
    this.#pending.delete(id)
    pending?.resolve(reply)
  }

  /** Ends one request with an unknown outcome. */
  fail(id: number, why: string): void {
    const pending = this.#pending.get(id)
    this.#pending.delete(id)
    pending?.reject(new LinkFault('no-answer', why))
  }

  failAll(why: string): void {
    const all = [...this.#pending.values()]
    this.#pending.clear()
    for (const { reject } of all) reject(new LinkFault('no-answer', why))
  }

  #sweepLater(): void {
    this.#sweeping = true
    this.#clock.after(sweepMs, () => this.#sweep(), { background: true })
  }

  #sweep(): void {
    const nowMs = this.#clock.nowMs()
    for (const [id, { givenUpAtMs }] of this.#pending) if (givenUpAtMs <= nowMs) this.fail(id, 'the peer gave no answer before the packet expired')
    this.#sweeping = this.#pending.size > 0
    if (this.#sweeping) this.#sweepLater()
  }
}
