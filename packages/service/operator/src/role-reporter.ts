import { messageOf } from '@rivulet/faults'
import { newId } from '@rivulet/ids'
import type { Postgres } from '@rivulet/postgres'
import type { Clock, Timer } from '@rivulet/time'
import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import { type JobReport, OperatorStore } from './store.ts'

/** Since the process started. */
export interface PacketCounters {
  readonly packets: number
  readonly fulfilled: number
  readonly rejectsByCode: Readonly<Record<string, number>>
  /** How late payments were, from the instant of their tick to their Fulfill: for each bucket (upper bounds, milliseconds) how many fell into it, and one more for those beyond. */
  readonly lateness: { readonly bucketsMs: readonly number[]; readonly counts: readonly number[]; readonly sumMs: number }
}

export interface RoleReporterOptions {
  /** With `operatorMigrations` applied. */
  readonly postgres: Postgres
  readonly clock: Clock
  /** `wallet`, `receiver`, `operator`. Packets are shown for wallets: what they send is what the others get. */
  readonly role: string
  readonly version: string
  /** Read once a second; absent for a role that counts nothing. */
  readonly counters?: () => PacketCounters
  /** Its links to others. */
  readonly links?: () => readonly { readonly peer: string; readonly up: boolean }[]
  /** How much waits where: names as in docs/operating/running.md. */
  readonly queues?: () => Readonly<Record<string, number>>
  /** What it does by itself. */
  readonly jobs?: () => readonly JobReport[]
  readonly log: { warn(about: object, message: string): void }
}

const everyMs = 1_000
/** After this long a process that said nothing is forgotten. */
const keptMs = 3_600_000
const codesMax = 100
const secondsBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5]

/**
 * Writes once a second, in one small row, how a role's process is doing, so that the operator needs nothing but the database, whichever processes there
 * are. What it measures itself: how late its own second comes (so late is every timer of the process), and how long a durable commit of one row takes.
 */
export class RoleReporter implements AsyncDisposable {
  readonly #options: RoleReporterOptions
  readonly #store: OperatorStore
  readonly #processId: string
  readonly #startedAtMs: number
  readonly #registry = new Registry()
  readonly #lateness: Histogram
  readonly #commit: Histogram
  #timer: Timer | undefined
  #dueMs: number
  #writing: Promise<void> = Promise.resolve()
  #silent = false

  /** Starts at once. A database that is away is a warning, and the next second tries again. */
  constructor(options: RoleReporterOptions) {
    this.#options = options
    this.#store = new OperatorStore(options.postgres)
    this.#startedAtMs = options.clock.nowMs()
    this.#processId = newId('ownr', this.#startedAtMs)
    this.#dueMs = options.clock.monotonicMs()
    const registers = [this.#registry]
    this.#registry.setDefaultLabels({ role: options.role, process: this.#processId })
    this.#lateness = new Histogram({ name: 'rivulet_tick_lateness_seconds', help: 'How late a timer of one second fires in this process.', buckets: secondsBuckets, registers })
    this.#commit = new Histogram({ name: 'rivulet_commit_seconds', help: 'How long a durable commit of one row takes.', buckets: secondsBuckets, registers })
    this.#countPackets(registers)
    this.#tick()
  }

  /** Forgets the process, and those that were never stopped: a graceful stop is no silence. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#timer?.cancel()
    await this.#writing
    await this.#store.forget(this.#processId, this.#options.clock.nowMs() - keptMs).catch(() => undefined)
  }

  #countPackets(registers: Registry[]): void {
    const { counters, clock } = this.#options
    const startedAtMs = this.#startedAtMs
    new Gauge({ name: 'rivulet_process_uptime_seconds', help: 'How long the process has been up.', registers, collect() { this.set((clock.nowMs() - startedAtMs) / 1_000) } })
    const links = this.#options.links
    if (links !== undefined) {
      new Gauge({
        name: 'rivulet_link_up', help: '1 while the link to a peer is connected.', labelNames: ['peer'], registers,
        collect() {
          this.reset()
          for (const { peer, up } of links()) this.set({ peer }, up ? 1 : 0)
        },
      })
      const turned = new Map<string, { readonly up: boolean; readonly atMs: number }>()
      new Gauge({
        name: 'rivulet_link_turned_timestamp_seconds', help: 'When the link to a peer was last connected or lost, as far as this process has seen; seconds since 1970.', labelNames: ['peer'], registers,
        collect() {
          this.reset()
          for (const { peer, up } of links()) {
            const known = turned.get(peer)
            const now = known?.up === up ? known : { up, atMs: clock.nowMs() }
            turned.set(peer, now)
            this.set({ peer }, now.atMs / 1_000)
          }
        },
      })
    }
    const { queues } = this.#options
    if (queues !== undefined) {
      new Gauge({
        name: 'rivulet_queue_length', help: 'What waits: link, streams whose link takes no more packets now; credits, packets for a flush; bookings, streams for a flush; journal, everything else for a transaction.', labelNames: ['queue'], registers,
        collect() {
          this.reset()
          for (const [queue, length] of Object.entries(queues())) this.set({ queue }, length)
        },
      })
    }
    if (counters === undefined) return
    new Counter({ name: 'rivulet_packets_total', help: 'ILP packets sent and answered.', registers, collect() { this.reset(); this.inc(counters().packets) } })
    new Counter({ name: 'rivulet_packets_fulfilled_total', help: 'ILP packets fulfilled.', registers, collect() { this.reset(); this.inc(counters().fulfilled) } })
    new Counter({
      name: 'rivulet_packets_rejected_total', help: 'ILP packets rejected, by ILP error code.', labelNames: ['code'], registers,
      collect() {
        this.reset()
        for (const [code, count] of bounded(counters().rejectsByCode)) this.inc({ code }, count)
      },
    })
    // The series of a histogram, counted where the packets are: one observation of prom-client costs as much as sealing a packet.
    const name = 'rivulet_payment_lateness_seconds'
    new Counter({
      name: `${name}_bucket`, help: 'Payments by how late they were, from the instant of their tick to their Fulfill: how many were at most so late.', labelNames: ['le'], registers,
      collect() {
        this.reset()
        const { bucketsMs, counts } = counters().lateness
        let sum = 0
        for (const [index, count] of counts.entries()) {
          sum += count
          const bound = bucketsMs[index]
          this.inc({ le: bound === undefined ? '+Inf' : String(bound / 1_000) }, sum)
        }
      },
    })
    new Counter({ name: `${name}_sum`, help: 'How late all payments were together.', registers, collect() { this.reset(); this.inc(counters().lateness.sumMs / 1_000) } })
    new Counter({ name: `${name}_count`, help: 'Payments whose lateness was counted.', registers, collect() { this.reset(); this.inc(counters().lateness.counts.reduce((total, count) => total + count, 0)) } })
  }

  #tick(): void {
    const { clock } = this.#options
    const nowMs = clock.monotonicMs()
    this.#lateness.observe(Math.max(0, nowMs - this.#dueMs) / 1_000)
    this.#dueMs = nowMs + everyMs
    this.#timer = clock.after(everyMs, () => {
      // A write that takes longer than a second is not overtaken.
      void this.#writing.then(() => this.#tick())
    }, { background: true })
    this.#writing = this.#write()
  }

  async #write(): Promise<void> {
    const { clock, role, version, counters, jobs, log } = this.#options
    const { packets, rejectsByCode } = counters?.() ?? { packets: 0, rejectsByCode: {} }
    const startMs = clock.monotonicMs()
    try {
      const metrics = await this.#registry.getMetricsAsJSON()
      await this.#store.report({
        processId: this.#processId, role, version, startedAtMs: this.#startedAtMs, reportedAtMs: clock.nowMs(), packets, rejectsByCode: Object.fromEntries(bounded(rejectsByCode)), metrics, jobs: jobs?.() ?? [],
      })
      this.#commit.observe((clock.monotonicMs() - startMs) / 1_000)
      this.#silent = false
    } catch (error) {
      if (!this.#silent) log.warn({ error: messageOf(error) }, 'the operator hears nothing of this process: its report could not be written')
      this.#silent = true
    }
  }
}

/** Codes come from peers: at most so many, of the form that ILP gives them. */
function bounded(rejectsByCode: Readonly<Record<string, number>>): [string, number][] {
  return Object.entries(rejectsByCode).filter(([code]) => /^[A-Z][0-9]{2}$/.test(code)).slice(0, codesMax)
}
