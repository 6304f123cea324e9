import { assert } from '@rivulet/faults'
import type { Clock, Timer } from './clock.ts'

/**
 * What a TimerWheel fires: extend it and put the state that the task needs beside it, so that a waiting timer costs no object of its own.
 * A timer waits in at most one wheel.
 */
export abstract class WheelTimer {
  /** Of the wheel: the neighbours in its slot, and the tick at which it falls due. */
  previousTimer: WheelTimer | undefined
  nextTimer: WheelTimer | undefined
  tick = 0

  /** Runs once when due, never early. May add and remove timers, itself too. Must not throw. */
  abstract fire(): void

  get waiting(): boolean {
    return this.nextTimer !== undefined
  }
}

class Slot extends WheelTimer {
  constructor() {
    super()
    this.previousTimer = this
    this.nextTimer = this
  }

  get empty(): boolean {
    return this.nextTimer === this
  }

  override fire(): void {}
}

/**
 * A hashed timing wheel (Varghese and Lauck 1987): any number of timers on one Clock timer, adding and removing in constant time. A timer falls due at the first
 * multiple of `tickMs` at or after its time; the timers of one tick fire together.
 */
export class TimerWheel implements Disposable {
  readonly #clock: Clock
  readonly #tickMs: number
  readonly #slots: readonly Slot[]
  readonly #ripe = new Slot()
  #size = 0
  /** The last tick whose timers have been fired. */
  #tick: number
  #wakeTick = Infinity
  #wake: Timer | undefined
  #disposed = false

  /** `tickMs` is how exact it is, `slots` how many ticks ahead it keeps apart: best a little more than the usual delay. */
  constructor({ clock, tickMs = 5, slots = 512 }: { readonly clock: Clock; readonly tickMs?: number; readonly slots?: number }) {
    assert(tickMs > 0 && slots > 0, 'a wheel needs ticks and slots')
    this.#clock = clock
    this.#tickMs = tickMs
    this.#slots = Array.from({ length: slots }, () => new Slot())
    this.#tick = Math.floor(clock.monotonicMs() / tickMs)
  }

  /** How many timers wait. */
  get size(): number {
    return this.#size
  }

  /** Fires `timer` at `dueMs` (of the clock's monotonicMs; what is past falls due at the next tick). Moves a timer that waits already. */
  add(timer: WheelTimer, dueMs: number): void {
    this.remove(timer)
    timer.tick = Math.max(this.#tick + 1, Math.ceil(dueMs / this.#tickMs))
    link(timer, this.#slotOf(timer.tick))
    this.#size += 1
    if (timer.tick < this.#wakeTick && !this.#disposed) this.#wakeAt(timer.tick)
  }

  remove(timer: WheelTimer): void {
    if (!timer.waiting) return
    unlink(timer)
    this.#size -= 1
  }

  /** Forgets nothing, but fires nothing any more. */
  [Symbol.dispose](): void {
    this.#wake?.cancel()
    this.#disposed = true
  }

  #slotOf(tick: number): Slot {
    const slot = this.#slots[tick % this.#slots.length]
    assert(slot !== undefined, 'a tick is a whole number')
    return slot
  }

  #wakeAt(tick: number): void {
    this.#wake?.cancel()
    this.#wakeTick = tick
    this.#wake = this.#clock.after(Math.max(0, Math.ceil(tick * this.#tickMs - this.#clock.monotonicMs())), () => this.#turn())
  }

  #turn(): void {
    const now = Math.floor(this.#clock.monotonicMs() / this.#tickMs)
    // After a stall of more than one revolution each slot still needs one visit only.
    const first = Math.max(this.#tick + 1, now - this.#slots.length + 1)
    for (let tick = first; tick <= now; tick += 1) this.#ripen(this.#slotOf(tick), now)
    this.#tick = Math.max(this.#tick, now)
    // While timers fire, those that they add do not each ask for a wake-up: the search below finds them.
    this.#wakeTick = 0
    try {
      for (let timer = this.#ripe.nextTimer; timer !== undefined && timer !== this.#ripe && !this.#disposed; timer = this.#ripe.nextTimer) {
        this.remove(timer)
        timer.fire()
      }
    } finally {
      this.#sleep()
    }
  }

  #ripen(slot: Slot, now: number): void {
    for (let timer = slot.nextTimer; timer !== undefined && timer !== slot;) {
      const next = timer.nextTimer
      if (timer.tick <= now) {
        unlink(timer)
        link(timer, this.#ripe)
      }
      timer = next
    }
  }

  #sleep(): void {
    this.#wakeTick = Infinity
    if (this.#size === 0 || this.#disposed) return
    if (!this.#ripe.empty) return this.#wakeAt(this.#tick)
    for (let tick = this.#tick + 1; tick <= this.#tick + this.#slots.length; tick += 1) {
      if (!this.#slotOf(tick).empty) return this.#wakeAt(tick)
    }
  }
}

function link(timer: WheelTimer, slot: Slot): void {
  const last = slot.previousTimer
  assert(last !== undefined, 'a slot is a ring')
  timer.previousTimer = last
  timer.nextTimer = slot
  last.nextTimer = timer
  slot.previousTimer = timer
}

function unlink(timer: WheelTimer): void {
  if (timer.previousTimer !== undefined) timer.previousTimer.nextTimer = timer.nextTimer
  if (timer.nextTimer !== undefined) timer.nextTimer.previousTimer = timer.previousTimer
  timer.previousTimer = undefined
  timer.nextTimer = undefined
}
