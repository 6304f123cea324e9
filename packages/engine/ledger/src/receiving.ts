import { isFault } from '@rivulet/faults'
import { amountMax } from '@rivulet/money'
import type { Clock } from '@rivulet/time'
import type { AccountCache } from './account-store.ts'
import { type CreditRow, type CreditStore, creditStatement, creditValues, type ReceivingState, type RowTerms, totalsOf } from './credit-store.ts'
import { refusal } from './fault.ts'
import { type FlushOutcome, FlushStore } from './flush-store.ts'
import { type FlushAnswer, GroupCommit } from './group-commit.ts'
import type { Journal } from './journal.ts'
import { KnownRows } from './known-rows.ts'
import { closeReceiving } from './receiving-entries.ts'
import { admit, emptyWindow, type SequenceWindow } from './sequence-window.ts'
import type { LedgerContext } from './context.ts'
import type { Credit, CreditResult, ReceivingStreams, ReceivingTotal } from './types.ts'

/** A packet enters a flush only with this much life left: statement timeout, commit, and the way back of the Fulfill. */
const packetLifeMsMin = 3_000
const packetsQueuedMax = 200_000
/** The sender waits for it: its Fulfill leaves after the flush. */
const flushIntervalMs = 30
/** A flush stays far below its statement timeout even on a busy machine. */
const rowsPerFlushMax = 4_000
const packetsPerFlushMax = 20_000
/** How often a packet may be weighed again because another process moved its row in between. */
const attemptsMax = 8
/** A connection beyond these costs its next packet a second flush. */
const knownConnectionsMax = 200_000

interface Waiting {
  readonly credit: Credit
  /** The connection in latin1, whose order is that of the bytes. */
  readonly key: string
  resolve: (result: CreditResult) => void
  attempts: number
}

/** The packets of one connection within one flush, in the order of their arrival. */
interface Group extends CreditRow {
  readonly key: string
  readonly packets: Waiting[]
  sum: bigint
  linkSum: bigint
  window: SequenceWindow
  lowest: number
  /** Once one packet must wait for the next flush, those behind it wait too. */
  full: boolean
}

interface Batch {
  readonly groups: readonly Group[]
  readonly values: readonly Buffer[]
}

export interface ReceivingParts {
  readonly context: LedgerContext
  readonly store: CreditStore
  readonly accounts: AccountCache
  readonly journal: Journal
}

/** The receiving side: credits go through a group commit of their own, closing through the journal. */
export class Receiving implements ReceivingStreams, AsyncDisposable {
  readonly #clock: Clock
  readonly #store: CreditStore
  readonly #accounts: AccountCache
  readonly #journal: Journal
  readonly #flushes: FlushStore
  readonly #commit: GroupCommit<Batch, FlushOutcome>
  readonly #known = new KnownRows<RowTerms>(knownConnectionsMax)
  #queue: Waiting[] = []

  constructor({ context, store, accounts, journal }: ReceivingParts) {
    const { postgres, clock, log, fatal, newFlushId } = context
    this.#clock = clock
    this.#store = store
    this.#accounts = accounts
    this.#journal = journal
    this.#flushes = new FlushStore(postgres, clock, newFlushId(), creditStatement)
    this.#commit = new GroupCommit<Batch, FlushOutcome>({
      clock, log, fatal, intervalMs: flushIntervalMs,
      waiting: () => this.#queue.length > 0,
      take: () => this.#take(),
      flush: (n, batch, again) => this.#flush(n, batch, again),
      nothingReturns: ({ unapplied, applied }) => unapplied.length === 0 && applied !== undefined,
      committed: (batch, outcome) => this.#committed(batch, outcome),
      failed: (batch, error) => {
        log.warn({ err: error, rows: batch.groups.length }, 'a flush of credits was not written')
        for (const group of batch.groups) for (const waiting of group.packets) waiting.resolve({ applied: false, why: 'commit-failed' })
      },
    })
  }

  credit(credit: Credit): Promise<CreditResult> {
    const { debitAccountId, creditAccountId, amount, sequence, connection } = credit
    if (amount < 0n || amount > amountMax) throw refusal('amount-invalid', `a packet carries 0 to 2^62 units, not ${amount}`)
    if (connection.length !== 32 || !Number.isSafeInteger(sequence) || sequence < 1) throw refusal('stream-unknown', 'a credit names its connection by 32 bytes and its packet by a sequence of 1 to 2^53-1')
    if (this.#accounts.shareAsset(debitAccountId, creditAccountId)) return this.#enqueue(credit)
    return this.#accounts.requireSameAsset([debitAccountId, creditAccountId]).then(
      () => this.#enqueue(credit),
      (error: unknown) => {
        if (isFault(error) && !isFault(error, 'database-unavailable')) throw error
        return { applied: false, why: 'commit-failed' }
      },
    )
  }

  totalOf(connection: Buffer): Promise<bigint> {
    return this.#store.totalOf(connection)
  }

  statesOf(connections: readonly Buffer[]): Promise<readonly ReceivingTotal[]> {
    return this.#store.totalsOf(connections)
  }

  close(connection: Buffer, untilMs?: number): Promise<void> {
    return this.#journal.write(closeReceiving(connection, untilMs))
  }

  /** Packets that wait for a flush. */
  get queued(): number {
    return this.#queue.length
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#commit.idle()
    await this.#flushes[Symbol.asyncDispose]()
  }

  #enqueue(credit: Credit): Promise<CreditResult> {
    if (this.#queue.length >= packetsQueuedMax) return Promise.resolve({ applied: false, why: 'overloaded' })
    if (this.#commit.stopped) return Promise.resolve({ applied: false, why: 'commit-failed' })
    const bounded = credit.totalMax > amountMax ? { ...credit, totalMax: amountMax } : credit
    return new Promise((resolve) => {
      this.#queue.push({ credit: bounded, key: credit.connection.toString('latin1'), resolve, attempts: 0 })
      this.#commit.wake()
    })
  }

  #take(): Batch | undefined {
    const groups = new Map<string, Group>()
    const later: Waiting[] = []
    const nowMs = this.#clock.nowMs()
    let entered = 0
    for (const waiting of this.#queue) {
      const { credit, key } = waiting
      const why = refusedAtOnce(credit, nowMs)
      if (why !== undefined) {
        waiting.resolve({ applied: false, why })
        continue
      }
      let group = groups.get(key)
      if (group === undefined && groups.size < rowsPerFlushMax && entered < packetsPerFlushMax) {
        const { connection, totalMax, closesAtMs, debitAccountId, creditAccountId, sequence } = credit
        const terms = this.#known.get(key)
        // Whoever is not whom the row names is told so when it is looked at, as those whose row was not known.
        const mayUpdate = terms?.debitAccountId === debitAccountId && terms.creditAccountId === creditAccountId
        group = { connection, totalMax, closesAtMs, debitAccountId, creditAccountId, key, terms: mayUpdate ? terms : undefined, packets: [], sum: 0n, linkSum: 0n, window: emptyWindow, lowest: sequence, full: false }
        groups.set(key, group)
      }
      const placed = group === undefined || entered >= packetsPerFlushMax ? 'later' : place(group, waiting)
      if (placed === 'entered') entered += 1
      else if (placed === 'later') later.push(waiting)
    }
    this.#queue = later
    if (groups.size === 0) return undefined
    const sorted = [...groups.values()].toSorted((one, other) => (one.key < other.key ? -1 : 1))
    const known = sorted.filter(({ terms }) => terms !== undefined)
    const fresh = known.length === sorted.length ? [] : sorted.filter(({ terms }) => terms === undefined)
    return { groups: fresh.length === 0 ? known : [...known, ...fresh], values: creditValues(nowMs, known, fresh) }
  }

  async #flush(n: number, batch: Batch, again: boolean): Promise<FlushAnswer<FlushOutcome>> {
    const answer = await this.#flushes.flush(n, batch.values, again)
    if (answer.kind !== 'committed') return answer
    const unapplied = new Set(answer.outcome.unapplied)
    batch.groups.forEach(({ key, terms, totalMax, debitAccountId, creditAccountId }, index) => {
      if (terms === undefined && !unapplied.has(index)) this.#known.set(key, { totalMax, debitAccountId, creditAccountId })
    })
    return answer
  }

  async #committed(batch: Batch, outcome: FlushOutcome): Promise<void> {
    const unapplied = new Set(outcome.unapplied)
    const refused = batch.groups.filter((_, index) => unapplied.has(index))
    const totals = outcome.applied === undefined ? await this.#totalsNow(batch.groups) : totalsOf(outcome.applied, batch.groups)
    batch.groups.forEach((group, index) => {
      if (unapplied.has(index)) return
      let total = (totals[index] ?? group.sum) - group.sum
      for (const { credit, resolve } of group.packets) {
        total += credit.amount
        resolve({ applied: true, total })
      }
    })
    if (refused.length > 0) await this.#weighAgain(refused)
  }

  /** After a lost answer the rows say what was received: at least what the flush made of them. Asks until the database answers: the credits are durable. */
  async #totalsNow(rows: readonly CreditRow[]): Promise<bigint[]> {
    for (let pauseMs = 10; ; pauseMs = Math.min(pauseMs * 2, 1_000)) {
      try {
        return await Promise.all(rows.map((row) => this.#store.totalOf(row.connection)))
      } catch {
        await this.#clock.sleep(pauseMs)
      }
    }
  }

  /** The guard of a row refused the sum of its packets. Each is weighed against the row, in order: what fits goes into the next flush. */
  async #weighAgain(groups: readonly Group[]): Promise<void> {
    let states: Map<string, ReceivingState>
    try {
      states = await this.#store.statesOf(groups.map((group) => group.connection))
    } catch {
      for (const group of groups) for (const { resolve } of group.packets) resolve({ applied: false, why: 'commit-failed' })
      return
    }
    const nowMs = this.#clock.nowMs()
    const again: Waiting[] = []
    for (const group of groups) {
      const state = states.get(group.key)
      if (state === undefined) this.#known.delete(group.key)
      else this.#known.set(group.key, { totalMax: state.totalMax, debitAccountId: state.debitAccountId, creditAccountId: state.creditAccountId })
      let total = state?.total ?? 0n
      let window = state?.window ?? emptyWindow
      for (const waiting of group.packets) {
        const { credit, resolve } = waiting
        const admitted = admit(window, credit.sequence)
        const why = state === undefined ? undefined : refusedBy(state, credit, { nowMs, total, seen: admitted === undefined })
        waiting.attempts += 1
        if (why !== undefined) resolve({ applied: false, why })
        else if (waiting.attempts >= attemptsMax) resolve({ applied: false, why: 'commit-failed' })
        else {
          again.push(waiting)
          total += credit.amount
          window = admitted ?? window
        }
      }
    }
    this.#queue = [...again, ...this.#queue]
  }
}

function refusedAtOnce(credit: Credit, nowMs: number): 'too-late' | 'connection-closed' | 'over-total' | undefined {
  if (credit.expiresAtMs - nowMs < packetLifeMsMin) return 'too-late'
  if (credit.closesAtMs <= nowMs) return 'connection-closed'
  return credit.amount > credit.totalMax ? 'over-total' : undefined
}

function place(group: Group, waiting: Waiting): 'entered' | 'later' | 'copy' {
  const { credit } = waiting
  if (group.full) return 'later'
  const window = admit(group.window, credit.sequence)
  if (window === undefined) return follow(group, waiting)
  const lowest = Math.min(group.lowest, credit.sequence)
  const alike = credit.debitAccountId === group.debitAccountId && credit.creditAccountId === group.creditAccountId && credit.totalMax === group.totalMax && credit.closesAtMs === group.closesAtMs
  if (!alike || window.highest - lowest > 64 || group.sum + credit.amount > credit.totalMax) {
    group.full = true
    return 'later'
  }
  group.window = window
  group.lowest = lowest
  group.sum += credit.amount
  group.linkSum += credit.linkAmount ?? 0n
  group.packets.push(waiting)
  return 'entered'
}

/** A copy of a packet is answered after it: a repeat that was refused before its first copy is decided would be taken for a refusal of both. */
function follow(group: Group, copy: Waiting): 'later' | 'copy' {
  const first = group.packets.find(({ credit }) => credit.sequence === copy.credit.sequence)
  // Below the window of this flush: what came before is decided when the next one leaves.
  if (first === undefined) return 'later'
  const { resolve } = first
  first.resolve = (result) => {
    resolve(result)
    copy.resolve(result.applied ? { applied: false, why: 'repeat' } : result)
  }
  return 'copy'
}

function refusedBy(state: ReceivingState, credit: Credit, at: { nowMs: number; total: bigint; seen: boolean }): 'repeat' | 'over-total' | 'connection-closed' | undefined {
  if (state.closed || state.closesAtMs <= at.nowMs) return 'connection-closed'
  // A connection belongs to the peer and the payee of its first packet.
  if (state.debitAccountId !== credit.debitAccountId || state.creditAccountId !== credit.creditAccountId) return 'connection-closed'
  if (at.seen) return 'repeat'
  const totalMax = credit.totalMax < state.totalMax ? credit.totalMax : state.totalMax
  return at.total + credit.amount > totalMax ? 'over-total' : undefined
}
