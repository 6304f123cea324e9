import { messageOf } from '@rivulet/faults'
import type { Id } from '@rivulet/ids'
import type { Clock } from '@rivulet/time'
import { type PayerView, permitsOf } from './attention.ts'
import type { Connection, Subscriber } from './connection.ts'
import type { Log } from './paid-stream.ts'
import type { PaymentSession } from './payment-session.ts'
import { Reading } from './reading.ts'
import type { PauseReason } from './session.ts'
import { monthOf, type UsageMeter } from './usage-meter.ts'

/** A connected page: what its payer needs of it. */
export interface PayingPage {
  readonly connection: Connection
  readonly attentive: boolean
  readonly shownMs: number
  sessions(): Iterable<PaymentSession>
  /** The connection ended or changed. */
  reconnected(connection: Connection | undefined): void
}

/** What one element of an open page asks for. */
export interface OpenRequest {
  readonly site: string
  /** Wallet address. */
  readonly payee: string
  readonly streamId: Id<'strm'> | undefined
  /** Undefined while it is paid, or is about to be. */
  readonly reason: PauseReason | undefined
}

export interface PayerSpec {
  readonly subscriber: Subscriber
  readonly paused: boolean
  /** The operator has frozen her. */
  readonly frozen: boolean
  /** Units a second for all that she reads at once. */
  readonly rate: bigint
  /** Units that each site got this month. */
  readonly spentBySite: ReadonlyMap<string, bigint>
}

/** Pages that one subscriber may have open and connected. */
const pagesMax = 200
/** How often a spent budget is looked at again; and while another stream of hers still holds some of it, which may come back. */
const budgetCheckMs = 5_000
const budgetCheckHeldMs = 1_000

/** One subscriber with pages open: decides which of them pays, and how fast. */
export class Payer {
  readonly subscriber: Subscriber
  readonly #clock: Clock
  readonly #log: Log
  readonly #meter: UsageMeter
  readonly #available: () => Promise<bigint>
  readonly #streamsStopped: () => boolean
  #rate: bigint
  readonly #pages = new Set<PayingPage>()
  #paused: boolean
  #frozen: boolean
  #changes = 0
  #stale = false
  #reconsidering = false
  #budgetSpent = false
  #checkedMs = 0
  #month: string
  #spentBySite: Map<string, bigint>
  readonly #reading: Reading
  /** The page that she reads, and its requests. */
  #read: { readonly site: string; readonly sessions: readonly PaymentSession[] } | undefined

  constructor(desk: { readonly clock: Clock; readonly log: Log; readonly meter: UsageMeter; readonly available: () => Promise<bigint>; readonly streamsStopped: () => boolean }, spec: PayerSpec) {
    this.subscriber = spec.subscriber
    this.#clock = desk.clock
    this.#log = desk.log
    this.#meter = desk.meter
    this.#available = desk.available
    this.#streamsStopped = desk.streamsStopped
    this.#rate = spec.rate
    this.#paused = spec.paused
    this.#frozen = spec.frozen
    this.#month = monthOf(desk.clock.nowMs())
    this.#spentBySite = new Map(spec.spentBySite)
    this.#reading = new Reading(desk.clock, (heed) => this.#meter.add({ personId: this.subscriber.personId, amount: 0n, ...heed }))
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
    this.reconsider()
    if (![...this.#pages].some(({ connection }) => connection.site === site)) this.#reading.left(site)
  }

  /** The connections of her open pages. */
  connections(): Connection[] {
    return Array.from(this.#pages, ({ connection }) => connection)
  }

  /** What her open pages ask for, those that she looks at first: whom, and why it is not paid now. */
  requests(): readonly OpenRequest[] {
    const pages = [...this.#pages].sort((a, b) => Number(b.attentive) - Number(a.attentive) || b.shownMs - a.shownMs)
    return pages.flatMap((page) => Array.from(page.sessions(), (session) => ({ site: page.connection.site, payee: session.payee ?? session.pointer, streamId: session.stream?.id, reason: session.reason })))
  }

  /** Counts what she changed through this process. */
  get changes(): number {
    return this.#changes
  }

  /** What the rows say, which another process may have changed. */
  refresh({ paused, frozen }: { readonly paused: boolean; readonly frozen: boolean }, live: ReadonlyMap<string, Connection>): void {
    if (paused !== this.#paused) this.setPaused(paused)
    if (frozen !== this.#frozen) {
      this.#frozen = frozen
      this.reconsider()
    }
    for (const page of this.#pages) {
      const now = live.get(page.connection.id)
      if (now?.blocked !== page.connection.blocked || now.capPerMonth !== page.connection.capPerMonth || now.rate !== page.connection.rate) page.reconnected(now)
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

  /** One of her streams found too little to hold the usual: the others give back what they hold in advance, so that all draw evenly from what is left. */
  fundsShort(): void {
    for (const page of this.#pages) for (const session of page.sessions()) session.shareFunds()
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
    this.#meter.add({ personId: this.subscriber.personId, site, payee, amount, attentionMs: 0n, score: 0n })
    for (const page of this.#pages) {
      const { capPerMonth } = page.connection
      if (page.connection.site === site && capPerMonth !== undefined && spent >= capPerMonth) {
        this.reconsider()
        return
      }
    }
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
      { standstill: this.#standstill(), rate: this.#rate },
      pages.map(({ page, sessions }) => ({
        attentive: page.attentive,
        shownMs: page.shownMs,
        links: sessions.length,
        blocked: page.connection.blocked,
        capReached: this.#capReached(page.connection),
        rate: page.connection.rate,
      })),
    )
    const reading = permits.findIndex((permit) => 'rate' in permit)
    const page = pages[reading]
    this.#read = page === undefined ? undefined : { site: page.page.connection.site, sessions: page.sessions }
    this.#look()
    for (const [index, { sessions }] of pages.entries()) {
      const permit = permits[index]
      if (permit === undefined) continue
      for (const session of sessions) {
        const spent = this.#budgetSpent && 'rate' in permit && !session.hasStream
        session.dispatch({ type: 'permit', permit: spent ? { reason: 'budget-spent' } : permit })
      }
    }
  }

  #standstill(): PayerView['standstill'] {
    if (this.#streamsStopped()) return 'streams-stopped'
    if (this.#frozen) return 'person-frozen'
    return this.#paused ? 'wallet-paused' : undefined
  }

  /** Counts her attention up to now. A pointer that is not looked up yet is nobody's. */
  #look(): void {
    const payees = this.#read?.sessions.flatMap(({ payee }) => payee ?? []) ?? []
    this.#reading.look(this.#read?.site ?? '', payees)
  }

  /** Called every second by the wallet. */
  sweep(): void {
    this.#look()
    for (const page of this.#pages) for (const session of page.sessions()) session.dispatch({ type: 'tick' })
    if (!this.#budgetSpent) return
    const held = this.#read?.sessions.some(({ hasStream }) => hasStream) === true
    if (this.#clock.monotonicMs() - this.#checkedMs < (held ? budgetCheckHeldMs : budgetCheckMs)) return
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
