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

interface Pending {
  readonly id: number
  readonly waiting: Waiting
}

/** The Fulfill of a packet that expired on its way back is nothing unusual: whoever asked waits for it this long. */
const graceMs = 1_000
const sweepMs = 250
const lateSweepMs = 5_000
const requestIdMax = 0xffff_ffff
const expired = 'the peer gave no answer before the packet expired'

const slotsFirst = 256

/**
 * Requests that wait for the peer's answer, in slots by the low bits of their ids: a Map that loses entries as fast as it gets them is copied over and over, and its copies
 * keep what was answered alive. One timer sweeps all of them, and runs only while any wait: a timer for each packet would cost more than the packet.
 * A request without an answer ends with LinkFault `no-answer` at most 1.25 s after its expiry. If somebody wants its answer even then it is remembered, apart from
 * those in flight, until nobody does or newer ones need its place.
 */
export class PendingRequests {
  readonly #clock: Clock
  readonly #lateAnswersMax: number
  #slots: (Pending | undefined)[] = emptySlots(slotsFirst)
  #size = 0
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
    return this.#size
  }

  /** Registers a request and returns its id, a u32 that no other waiting request has. */
  open(waiting: Waiting): number {
    if (this.#size * 2 >= this.#slots.length) this.#grow()
    do this.#lastId = this.#lastId === requestIdMax ? 1 : this.#lastId + 1
    while (this.#slots[this.#slotOf(this.#lastId)] !== undefined || this.#late.has(this.#lastId))
    this.#slots[this.#slotOf(this.#lastId)] = { id: this.#lastId, waiting }
    this.#size += 1
    if (!this.#sweeping) this.#sweepLater()
    return this.#lastId
  }

  /** Whether somebody still wants an answer. */
  has(id: number): boolean {
    return this.#slots[this.#slotOf(id)]?.id === id || this.#late.has(id)
  }

  /** Answers a request. An unknown id, or one forgotten, is ignored. */
  settle(id: number, reply: Reply): void {
    const pending = this.#take(id)
    if (pending !== undefined) {
      pending.resolve(reply)
      return
    }
    const late = this.#late.get(id)
    this.#late.delete(id)
    late?.late?.hear(reply)
  }

  /** Ends one request with an unknown outcome: no answer to it can come. */
  fail(id: number, why: string): void {
    const pending = this.#take(id)
    pending?.reject(new LinkFault('no-answer', why))
    pending?.forgotten?.()
    this.#forget(id)
  }

  failAll(why: string): void {
    for (const id of [...this.#ids(), ...this.#late.keys()]) this.fail(id, why)
  }

  #slotOf(id: number): number {
    return id & (this.#slots.length - 1)
  }

  #take(id: number): Waiting | undefined {
    const slot = this.#slotOf(id)
    const pending = this.#slots[slot]
    if (pending?.id !== id) return undefined
    this.#slots[slot] = undefined
    this.#size -= 1
    return pending.waiting
  }

  /** In the order in which they were opened, until ids begin anew. */
  #ids(): number[] {
    return this.#slots.flatMap((pending) => (pending === undefined ? [] : [pending.id])).toSorted((one, other) => one - other)
  }

  #grow(): void {
    const before = this.#slots
    this.#slots = emptySlots(before.length * 2)
    for (const pending of before) if (pending !== undefined) this.#slots[this.#slotOf(pending.id)] = pending
  }

  #sweepLater(): void {
    this.#sweeping = true
    this.#clock.after(sweepMs, () => this.#sweep(), { background: true })
  }

  #sweep(): void {
    const nowMs = this.#clock.nowMs()
    const overdue = this.#slots.filter((pending) => pending !== undefined && pending.waiting.expiresAtMs + graceMs <= nowMs)
    for (const pending of overdue) if (pending !== undefined) this.#giveUp(pending.id, pending.waiting, nowMs)
    if (this.#late.size > 0 && nowMs - this.#lateSweptMs >= lateSweepMs) {
      this.#lateSweptMs = nowMs
      for (const [id, { late }] of this.#late) if (late === undefined || late.wantedUntilMs() <= nowMs) this.#forget(id)
    }
    this.#sweeping = this.#size + this.#late.size > 0
    if (this.#sweeping) this.#sweepLater()
  }

  #giveUp(id: number, waiting: Waiting, nowMs: number): void {
    if (waiting.late === undefined || waiting.late.wantedUntilMs() <= nowMs) {
      this.fail(id, expired)
      return
    }
    this.#take(id)
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

function emptySlots(length: number): undefined[] {
  return Array.from({ length }, () => undefined)
}
