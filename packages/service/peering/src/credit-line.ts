import { messageOf } from '@rivulet/faults'
import type { CreditLine } from '@rivulet/forwarder'
import type { Id } from '@rivulet/ids'
import type { LinkLog } from '@rivulet/links'
import type { Clock } from '@rivulet/time'
import type { PeerStore } from './peer-store.ts'

export interface LeasedCreditOptions {
  readonly store: Pick<PeerStore, 'lease' | 'shrink' | 'giveBack'>
  /** Units that the peer owes us by the ledger's word, negative when we owe it. */
  readonly owed: (linkAccountId: Id<'acct'>) => Promise<bigint>
  readonly peerId: Id<'peer'>
  readonly processId: Id<'ownr'>
  readonly clock: Clock
  readonly log: LinkLog
}

/** How long a process that is gone keeps others from its slice. */
const leaseMs = 90_000
/** A packet that enters a slice at its last moment has ended, and its credit is durable, before the lease is: no packet is held for longer than 30 s, and a flush takes less than 10. */
const usableMs = leaseMs - 45_000
/** After a refusal nobody asks again for so long: a peer at its limit must not cost a transaction a packet. */
const refusedMs = 500

/**
 * A peer's limit as this process has it in hand: a slice of it, leased in the database. The most that a peer may owe is what it owes by the ledger, where every credit is durable before its
 * Fulfill leaves, and all slices together; each slice is given only while that stays within the limit. So it holds for any number of processes, and after any of them is gone.
 */
export class LeasedCredit implements CreditLine, AsyncDisposable {
  readonly #options: LeasedCreditOptions
  /** Since the process began: units leased, fulfilled out of them, and in flight. spent + reserved <= granted. */
  #granted = 0n
  #spent = 0n
  #reserved = 0n
  #usableUntilMs = -Infinity
  #refusedUntilMs = -Infinity
  #wanted = 0n
  #asking: Promise<void> | undefined
  /** What had been spent when the database last heard of it, and whether anything was wanted since. */
  #spentTold = 0n
  #used = false

  constructor(options: LeasedCreditOptions) {
    this.#options = options
  }

  reserve(units: bigint): boolean | Promise<boolean> {
    return this.#take(units) || this.#ask(units)
  }

  release(units: bigint, fulfilled: boolean): void {
    this.#reserved -= units
    if (fulfilled) this.#spent += units
  }

  /** The limit is another now: what is free is asked for anew. */
  changed(): void {
    this.#granted = this.#spent + this.#reserved
    this.#refusedUntilMs = -Infinity
  }

  /** Tells the database what is left of the slice, so that others need not count what the ledger counts already; a slice that nobody uses is given back. */
  async report(): Promise<void> {
    if (this.#asking !== undefined) return
    const [idle, told] = [!this.#used, this.#spent === this.#spentTold]
    this.#used = false
    const free = this.#granted - this.#spent - this.#reserved
    if (told && (!idle || free === 0n)) return
    if (idle) this.#granted = this.#spent + this.#reserved
    this.#asking = this.#tell().finally(() => {
      this.#asking = undefined
    })
    await this.#asking
  }

  /** Packets in flight have ended. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#asking
    await this.#options.store.giveBack(this.#options.peerId, this.#options.processId).catch((error: unknown) => this.#options.log.warn({ peer: this.#options.peerId, error: messageOf(error) }, 'a slice was not given back, it runs out by itself'))
  }

  #take(units: bigint): boolean {
    if (this.#options.clock.monotonicMs() >= this.#usableUntilMs || this.#spent + this.#reserved + units > this.#granted) return false
    this.#reserved += units
    this.#used = true
    return true
  }

  async #tell(): Promise<void> {
    const { store, peerId, processId, log } = this.#options
    const spent = this.#spent
    try {
      await store.shrink(peerId, processId, this.#granted - spent)
      this.#spentTold = spent
    } catch (error) {
      log.warn({ peer: peerId, error: messageOf(error) }, 'the rest of a slice could not be told, it is told again')
    }
  }

  async #ask(units: bigint): Promise<boolean> {
    const { clock } = this.#options
    this.#wanted += units
    this.#used = true
    try {
      // The first answer may be to a question that was asked before these units were wanted.
      for (let attempt = 0; attempt < 2; attempt += 1) {
        if (clock.monotonicMs() < this.#refusedUntilMs) return false
        this.#asking ??= this.#lease().finally(() => {
          this.#asking = undefined
        })
        await this.#asking
        if (this.#take(units)) return true
      }
      this.#refusedUntilMs = clock.monotonicMs() + refusedMs
      return false
    } finally {
      this.#wanted -= units
    }
  }

  async #lease(): Promise<void> {
    const { store, owed, peerId, processId, clock, log } = this.#options
    const askedMs = clock.monotonicMs()
    const nowMs = clock.nowMs()
    // Out of time, only what is in flight is still covered by the old lease.
    if (askedMs >= this.#usableUntilMs) this.#granted = this.#spent + this.#reserved
    const keptUnits = this.#granted - this.#spent
    try {
      this.#granted += await store.lease({ peerId, processId, keptUnits, wantedUnits: this.#wanted, nowMs, expiresAtMs: nowMs + leaseMs }, owed)
      this.#usableUntilMs = askedMs + usableMs
    } catch (error) {
      log.warn({ peer: peerId, error: messageOf(error) }, 'no slice of the limit of a peer can be had now')
    }
  }
}
