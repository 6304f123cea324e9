/** Counts whom she reads while she reads, whether or not anything is paid for it: what a spent budget cannot stream is still shared by attention. */
import type { Clock } from '@rivulet/time'
import { scoreOf } from './attention-score.ts'

/** What one payee got of her attention. */
export interface Heed {
  readonly site: string
  readonly payee: string
  readonly attentionMs: bigint
  /** Millionths of a point (attention-score.ts). */
  readonly score: bigint
}

/** A visit shorter than this counts for nothing; as soon as it is as long all of it counts. */
const visitMsMin = 8_000n
/** A page that she neither leaves nor changes counts for this long: a tab that was forgotten is no attention. */
const idleMsMax = 3_600_000
/** Longer gaps between two looks are a machine that slept. */
const gapMsMax = 25_000

export class Reading {
  readonly #clock: Clock
  readonly #add: (heed: Heed) => void
  #site = ''
  #payees: readonly string[] = []
  #changedMs: number
  #lookedMs: number
  /** Of what several payees share, not divided yet: fewer ms than there are payees. */
  #undivided = 0n
  /** How long the visits that go on have lasted, by site and payee, ms. */
  readonly #visits = new Map<string, Map<string, bigint>>()

  constructor(clock: Clock, add: (heed: Heed) => void) {
    this.#clock = clock
    this.#add = add
    this.#changedMs = this.#lookedMs = Math.floor(clock.monotonicMs())
  }

  /** Counts the time since the last look for those who were read then; from now on she reads these payees of a site, which share her time equally. */
  look(site: string, payees: readonly string[]): void {
    const nowMs = Math.floor(this.#clock.monotonicMs())
    const untilMs = Math.min(nowMs, this.#lookedMs + gapMsMax, this.#changedMs + idleMsMax)
    if (untilMs > this.#lookedMs && this.#payees.length > 0) this.#count(BigInt(untilMs - this.#lookedMs))
    this.#lookedMs = nowMs
    if (site === this.#site && payees.length === this.#payees.length && payees.every((payee, index) => payee === this.#payees[index])) return
    this.#site = site
    this.#payees = payees
    this.#changedMs = nowMs
  }

  /** Her last page of a site is gone: the next is another visit. */
  left(site: string): void {
    this.#visits.delete(site)
  }

  #count(passedMs: bigint): void {
    const each = (this.#undivided + passedMs) / BigInt(this.#payees.length)
    this.#undivided = this.#undivided + passedMs - each * BigInt(this.#payees.length)
    for (const payee of this.#payees) this.#visited(payee, each)
  }

  #visited(payee: string, ms: bigint): void {
    const visits = this.#visits.get(this.#site) ?? new Map<string, bigint>()
    const before = visits.get(payee) ?? 0n
    const now = before + ms
    visits.set(payee, now)
    this.#visits.set(this.#site, visits)
    if (now < visitMsMin || ms === 0n) return
    this.#add({ site: this.#site, payee, attentionMs: before < visitMsMin ? now : ms, score: scoreOf(Number(now / 1_000n)) - scoreOf(Number(before / 1_000n)) })
  }
}
