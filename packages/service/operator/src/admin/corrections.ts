/** Corrections of the books: a transfer that one operator proposes with a reason, and another approves. Posted once, whoever dies in between. */
import type { Action } from '@rivulet/audit'
import { Fault, isFault, messageOf } from '@rivulet/faults'
import { newId } from '@rivulet/ids'
import type { Ledger } from '@rivulet/ledger'
import { type Clock, type JobWatch, type Timer, watched } from '@rivulet/time'
import type { Correction, CorrectionStore } from './correction-store.ts'

export type AdminFaultCode =
  | 'request-invalid'
  | 'account-unknown'
  /** The two accounts count in different assets. */
  | 'asset-differs'
  | 'correction-unknown'
  /** It was decided already. */
  | 'correction-state'
  /** Four eyes: whoever proposed it does not approve it. */
  | 'approver-same'
  /** Four eyes: of the two one has invited the other lately, or the same operator both. */
  | 'approver-bound'
  | 'person-unknown'
  /** The streams are stopped already, or run already. */
  | 'switch-state'
export class AdminFault extends Fault<AdminFaultCode> {}

export interface CorrectionsOptions {
  readonly store: CorrectionStore
  readonly ledger: Pick<Ledger, 'accountByName' | 'transfer'>
  readonly clock: Clock
  /** With whose eyes operators look who were invited lately: everybody with her own unless told. */
  readonly eyes?: () => Promise<ReadonlyMap<string, string>>
  readonly log: { warn(about: object, message: string): void }
  /** Told of every turn of the background. */
  readonly watch?: JobWatch | undefined
}

/** Accounts by their names in the chart of accounts; units. */
export interface ProposedCorrection {
  readonly debit: string
  readonly credit: string
  readonly amount: bigint
  readonly reason: string
}

const workEveryMs = 5_000
const perTurnMax = 100

export class Corrections implements AsyncDisposable {
  readonly #options: CorrectionsOptions
  #timer: Timer | undefined
  #working: Promise<void> = Promise.resolve()

  /** Posts every few seconds what was approved and not posted. */
  constructor(options: CorrectionsOptions) {
    this.#options = options
    this.#tick()
  }

  /** Throws `account-unknown`, `asset-differs`, `request-invalid`. */
  async propose({ debit, credit, amount, reason }: ProposedCorrection, action: Action): Promise<Correction> {
    const { store, ledger, clock } = this.#options
    const [from, to] = await Promise.all([ledger.accountByName(debit), ledger.accountByName(credit)])
    const missing = from === undefined ? debit : credit
    if (from === undefined || to === undefined) throw new AdminFault('account-unknown', `no account is called ${missing.slice(0, 100)}`)
    if (from.id === to.id) throw new AdminFault('request-invalid', 'the two accounts must differ')
    if (from.asset.code !== to.asset.code || from.asset.scale !== to.asset.scale) throw new AdminFault('asset-differs', `${debit} counts in ${from.asset.code}/${from.asset.scale}, ${credit} in ${to.asset.code}/${to.asset.scale}`)
    const nowMs = clock.nowMs()
    const correction: Correction = {
      id: newId('corr', nowMs), debitAccountId: from.id, creditAccountId: to.id, amount, reason, proposedBy: action.operator, proposedMs: nowMs, status: 'proposed', decidedBy: undefined, transferId: undefined, note: undefined,
    }
    await store.insert(correction, { ...action, subject: correction.id })
    return correction
  }

  /** Posted when it resolves, or `failed` with what the ledger said. Throws `correction-unknown`, `correction-state`, `approver-same`, `approver-bound`. */
  async approve(id: string, action: Action): Promise<Correction> {
    const approved = await this.#decide(id, action, { status: 'approved' })
    return this.#post(approved)
  }

  /** Nothing moves. Whoever proposed it may take it back so. Throws `correction-unknown`, `correction-state`. */
  decline(id: string, note: string, action: Action): Promise<Correction> {
    return this.#decide(id, action, { status: 'declined', note })
  }

  list(limit: number): Promise<readonly Correction[]> {
    return this.#options.store.list(limit)
  }

  /** Posts now what was approved and not posted. Runs by itself. */
  async work(): Promise<void> {
    for (const correction of await this.#options.store.unposted(perTurnMax)) await this.#post(correction)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#timer?.cancel()
    await this.#working
  }

  async #decide(id: string, action: Action, set: { readonly status: 'approved' } | { readonly status: 'declined'; readonly note: string }): Promise<Correction> {
    const { store, clock } = this.#options
    const eyes = set.status === 'approved' ? await this.#options.eyes?.() : undefined
    const eyesOf = (operator: string): string => eyes?.get(operator) ?? operator
    const decided = await store.change(id, clock.nowMs(), ({ status, proposedBy }) => {
      if (status !== 'proposed') throw new AdminFault('correction-state', `this correction is ${status} already`)
      if (set.status === 'approved' && proposedBy === action.operator) throw new AdminFault('approver-same', 'another operator must approve this: four eyes')
      if (set.status === 'approved' && eyesOf(proposedBy) === eyesOf(action.operator)) throw new AdminFault('approver-bound', 'of you and of who proposed this, one has invited the other lately, or the same operator has invited both: somebody else must approve it')
      return { set: { ...set, decidedBy: action.operator }, action }
    })
    if (decided === undefined) throw new AdminFault('correction-unknown', 'there is no such correction')
    return decided
  }

  /** Under a key of the ledger that is the correction's own: however often it is tried it is posted once. */
  async #post(correction: Correction): Promise<Correction> {
    const { store, ledger, clock } = this.#options
    const { id, debitAccountId, creditAccountId, amount, decidedBy = '' } = correction
    const action = { operator: decidedBy, name: 'correction.post', subject: id, detail: { amount: String(amount) } }
    let set: { readonly status: 'posted'; readonly transferId: string } | { readonly status: 'failed'; readonly note: string }
    try {
      set = { status: 'posted', transferId: (await ledger.transfer({ key: `correction/${id}`, debitAccountId, creditAccountId, amount, reason: 'correction' })).id }
    } catch (error) {
      if (!isFault(error) || isFault(error, 'database-unavailable')) throw error
      set = { status: 'failed', note: error.message.slice(0, 500) }
    }
    return (await store.change(id, clock.nowMs(), ({ status }) => (status === 'approved' ? { set, action } : undefined))) ?? correction
  }

  #tick(): void {
    this.#timer = this.#options.clock.after(workEveryMs, () => {
      this.#working = watched(() => this.work(), { ...this.#options, everyMs: workEveryMs, watch: this.#options.watch })
        .catch((error: unknown) => this.#options.log.warn({ error: messageOf(error) }, 'approved corrections wait for the database'))
        .then(() => this.#tick())
    }, { background: true })
  }
}
