/** Time and chance of one simulation: one virtual clock, and on it a view for each process that may go wrong, and that ends when the process dies. */
import type { Clock, Timer } from '@rivulet/time'
import { settle, TestClock } from '@rivulet/time/testing'
import { Random } from '../support/random.ts'

/** Random numbers by name: each part of the simulation draws from its own, so that they do not depend on the order of unrelated things. */
export class Chance {
  readonly #seed: number
  readonly #streams = new Map<string, Random>()

  constructor(seed: number) {
    this.#seed = seed
  }

  of(name: string): Random {
    const known = this.#streams.get(name)
    if (known !== undefined) return known
    let hash = 2_166_136_261 ^ this.#seed
    for (const character of name) hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 16_777_619)
    const random = new Random(hash)
    for (let draw = 0; draw < 3; draw += 1) random.next()
    this.#streams.set(name, random)
    return random
  }

  happens(name: string, chance: number): boolean {
    return chance > 0 && this.of(name).next() < chance
  }
}

/** Real I/O that virtual time must wait for: time stands still while any is under way. */
export interface RealIo {
  idle(turns: () => Promise<void>): Promise<void>
}

export function virtualTime(io: RealIo): TestClock {
  return new TestClock(undefined, () => io.idle(settle))
}

/** A process's own idea of time: off by `skewMs`, and over when the process is dead. */
export class ProcessClock implements Clock {
  readonly #time: TestClock
  readonly #skewMs: number
  #stopped = false

  constructor(time: TestClock, skewMs: number) {
    this.#time = time
    this.#skewMs = skewMs
  }

  stop(): void {
    this.#stopped = true
  }

  nowMs(): number {
    return this.#time.nowMs() + this.#skewMs
  }

  monotonicMs(): number {
    return this.#time.monotonicMs()
  }

  after(delayMs: number, task: () => void): Timer {
    return this.#time.after(delayMs, () => {
      if (!this.#stopped) task()
    })
  }

  sleep(delayMs: number): Promise<void> {
    return new Promise((resolve) => this.after(delayMs, resolve))
  }
}
