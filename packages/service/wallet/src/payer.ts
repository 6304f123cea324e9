import { messageOf } from '@rivulet/faults'
import type { Clock } from '@rivulet/time'
import { permitsOf } from './attention.ts'
import { scoreOf } from './attention-score.ts'
import type { Connection, Subscriber } from './connection.ts'
import type { Log } from './paid-stream.ts'
import type { PaymentSession } from './payment-session.ts'
import { monthOf, type UsageMeter } from './usage-meter.ts'

/** A connected page: what its payer needs of it. */
export interface PayingPage {
  readonly connection: Connection
  readonly attentive: boolean
  readonly shownOrder: number
  sessions(): Iterable<PaymentSession>
  /** The connection ended or changed. */
  reconnected(connection: Connection | undefined): void
}

export interface PayerSpec {
  readonly subscriber: Subscriber
  readonly paused: boolean
  /** Units a second for all that she reads at once. */
  readonly rate: bigint
  /** Units that each site got this month. */
  readonly spentBySite: ReadonlyMap<string, bigint>
}

/** Pages that one subscriber may have open and connected. */
const pagesMax = 200
/** How often a spent budget is looked at again. */
const budgetCheckMs = 5_000

/** One subscriber with pages open: decides which of them pays, and how fast. */
export class Payer {
  readonly subscriber: Subscriber
  readonly #clock: Clock
  readonly #log: Log
  readonly #meter: UsageMeter
  readonly #available: () => Promise<bigint>
  #rate: bigint
  readonly #pages = new Set<PayingPage>()
  #paused: boolean
  #changes = 0
  #stale = false
  #reconsidering = false
  #budgetSpent = false
  #checkedMs = 0
  #month: string
  #spentBySite: Map<string, bigint>
  /** How long the visits that go on have lasted, by site and payee, ms. */
  readonly #visits = new Map<string, Map<string, bigint>>()

  constructor(desk: { readonly clock: Clock; readonly log: Log; readonly meter: UsageMeter; readonly available: () => Promise<bigint> }, spec: PayerSpec) {
    this.subscriber = spec.subscriber
    this.#clock = desk.clock
    this.#log = desk.log
    this.#meter = desk.meter
    this.#available = desk.available
    this.#rate = spec.rate
    this.#paused = spec.paused
    this.#month = monthOf(desk.clock.nowMs())
    this.#spentBySite = new Map(spec.spentBySite)
  }

  get idle(): boolean {
    return this.#pages.size === 0
  }

  /** False when she has too many pages open. */
  add(page: PayingPage): boolean {
    if (this.#pages.size >= pagesMax) return false
    this.#pages.add(page)
    return true
  }

  /** She changed a connection, or ended it (undefined). */
  connectionChanged(connectionId: string, connection: Connection | undefined): void {
    this.#changes += 1
    for (const page of this.#pages) if (page.connection.id === connectionId) page.reconnected(connection)
  }

  remove(page: PayingPage): void {
    this.#pages.delete(page)
    const { site } = page.connection
    if (![...this.#pages].some(({ connection }) => connection.site === site)) this.#visits.delete(site)
    this.reconsider()
  }

  /** The connections of her open pages. */
  connections(): Connection[] {
    return Array.from(this.#pages, ({ connection }) => connection)
  }

  /** Counts what she changed through this process. */
  get changes(): number {
    return this.#changes
  }

  /** What the rows say, which another process may have changed. */
  refresh(paused: boolean, live: ReadonlyMap<string, Connection>): void {
    if (paused !== this.#paused) this.setPaused(paused)
    for (const page of this.#pages) {
      const now = live.get(page.connection.id)
      if (now?.blocked !== page.connection.blocked || now.capPerMonth !== page.connection.capPerMonth) page.reconnected(now)
    }
  }

  /** Her plan has another rate now. */
  setRate(rate: bigint): void {
    if (rate === this.#rate) return
    this.#rate = rate
    this.reconsider()
  }

  setPaused(paused: boolean): void {
    this.#changes += 1
    this.#paused = paused
    this.reconsider()
  }

  /** The ledger refused to hold more. Streams that still hold something go on until it is used up. */
  budgetSpent(): void {
    this.#budgetSpent = true
    this.#checkedMs = this.#clock.monotonicMs()
    this.reconsider()
  }

  /** A payment to a site is durable. */
  paid(site: string, payee: string, amount: bigint): void {
    const month = monthOf(this.#clock.nowMs())
    if (month !== this.#month) {
      this.#month = month
      this.#spentBySite = new Map()
    }
    const spent = (this.#spentBySite.get(site) ?? 0n) + amount
    this.#spentBySite.set(site, spent)
    // Attention that several links share is counted once in all.
    const attentionMs = (amount * 1_000n) / this.#rate
    this.#meter.add({ personId: this.subscriber.personId, site, payee, amount, attentionMs, score: this.#scored(site, payee, attentionMs) })
    for (const page of this.#pages) {
      const { capPerMonth } = page.connection
      if (page.connection.site === site && capPerMonth !== undefined && spent >= capPerMonth) {
        this.reconsider()
        return
      }
    }
  }

  /** What the visit's score grows by. */
  #scored(site: string, payee: string, attentionMs: bigint): bigint {
    const visits = this.#visits.get(site) ?? new Map<string, bigint>()
    const before = visits.get(payee) ?? 0n
    visits.set(payee, before + attentionMs)
    this.#visits.set(site, visits)
    return scoreOf(Number((before + attentionMs) / 1_000n)) - scoreOf(Number(before / 1_000n))
  }

  /** Whoever may pay now is told so. Call it when anything changed. */
  reconsider(): void {
    this.#stale = true
    if (this.#reconsidering) return
    this.#reconsidering = true
    // A session that ends on hearing its permit changes what the others may: go on until nothing changes.
    while (this.#stale) {
      this.#stale = false
      this.#issuePermits()
    }
    this.#reconsidering = false
  }

  #issuePermits(): void {
    const pages = [...this.#pages].map((page) => ({ page, sessions: [...page.sessions()].filter(({ live }) => live) }))
    const permits = permitsOf(
      { paused: this.#paused, rate: this.#rate },
      pages.map(({ page, sessions }) => ({
        attentive: page.attentive,
        shownOrder: page.shownOrder,
        links: sessions.length,
        blocked: page.connection.blocked,
        capReached: this.#capReached(page.connection),
      })),
    )
    for (const [index, { sessions }] of pages.entries()) {
      const permit = permits[index]
      if (permit === undefined) continue
      for (const session of sessions) {
        const spent = this.#budgetSpent && 'rate' in permit && !session.hasStream
        session.dispatch({ type: 'permit', permit: spent ? { reason: 'budget-spent' } : permit })
      }
    }
  }

  /** Called every second by the wallet. */
  sweep(): void {
    for (const page of this.#pages) for (const session of page.sessions()) session.dispatch({ type: 'tick' })
    if (!this.#budgetSpent || this.#clock.monotonicMs() - this.#checkedMs < budgetCheckMs) return
    this.#checkedMs = this.#clock.monotonicMs()
    void this.#checkBudget()
  }

  async #checkBudget(): Promise<void> {
    try {
      if ((await this.#available()) === 0n) return
      this.#budgetSpent = false
      this.reconsider()
    } catch (error) {
      this.#log.warn({ person: this.subscriber.personId, error: messageOf(error) }, 'a budget could not be looked up')
    }
  }

  #capReached({ site, capPerMonth }: Connection): boolean {
    return capPerMonth !== undefined && (this.#spentBySite.get(site) ?? 0n) >= capPerMonth
  }
}
