import type { Clock } from './clock.ts'

interface Bucket {
  tokens: number
  filledMs: number
}

/** A token bucket for each key (an IP address, a person), bounded: the keys not seen longest are forgotten first. */
export class RateLimit {
  readonly #clock: Clock
  readonly #burst: number
  readonly #perSecond: number
  readonly #keysMax: number
  readonly #buckets = new Map<string, Bucket>()

  constructor(clock: Clock, limits: { readonly burst: number; readonly perSecond: number; readonly keysMax?: number }) {
    this.#clock = clock
    this.#burst = limits.burst
    this.#perSecond = limits.perSecond
    this.#keysMax = limits.keysMax ?? 50_000
  }

  /** Whether `key` may go on now; takes one token if so. */
  allow(key: string): boolean {
    const nowMs = this.#clock.monotonicMs()
    const known = this.#buckets.get(key)
    const bucket = known ?? { tokens: this.#burst, filledMs: nowMs }
    bucket.tokens = Math.min(this.#burst, bucket.tokens + ((nowMs - bucket.filledMs) / 1_000) * this.#perSecond)
    bucket.filledMs = nowMs
    this.#buckets.delete(key)
    this.#buckets.set(key, bucket)
    if (this.#buckets.size > this.#keysMax) {
      const oldest = this.#buckets.keys().next().value
      if (oldest !== undefined) this.#buckets.delete(oldest)
    }
    if (bucket.tokens < 1) return false
    bucket.tokens -= 1
    return true
  }
}
