/** A payout's life as pure transitions: what happened, in; what it is now and what must be done, out. */
import { assertNever } from '@rivulet/faults'
import type { Id } from '@rivulet/ids'
import type { Asset } from '@rivulet/money'
import { PayoutFault } from './fault.ts'

/** `requested`: the money is being set aside. `approved`: it waits for its rail. `sent`: the rail has it. The other four are ends; `failed` and `returned` may be tried again. */
export const payoutStatuses = ['requested', 'awaiting-approval', 'approved', 'sent', 'settled', 'returned', 'failed', 'cancelled'] as const
export type PayoutStatus = (typeof payoutStatuses)[number]

export const railNames = ['manual', 'sepa', 'interledger', 'stripe'] as const
export type RailName = (typeof railNames)[number]

/** Who did something: a person, or the house itself. */
export interface Actor {
  readonly kind: 'publisher' | 'operator' | 'schedule' | 'rail'
  readonly id: string
}

export interface Payout {
  readonly id: Id<'pout'>
  readonly accountId: Id<'acct'>
  readonly rail: RailName
  readonly asset: Asset
  /** Units that leave the account: what arrives, and the fee. */
  readonly amount: bigint
  /** Units that we keep when it is settled. */
  readonly fee: bigint
  readonly status: PayoutStatus
  readonly requestedBy: Actor
  /** How many operators must agree, none of whom requested it. */
  readonly approvalsNeeded: 0 | 1 | 2
  /** Operators who agreed to this attempt. */
  readonly approvals: readonly string[]
  /** 1, and one more with each retry. */
  readonly attempt: number
  /** What the rail calls it. */
  readonly reference: string | undefined
  /** Units of what arrives that the rail took out of the clearing account by itself, while it sent. */
  readonly carried: bigint
}

export type PayoutEvent =
  | { readonly type: 'reserved' }
  /** Nothing could be set aside. */
  | { readonly type: 'refused'; readonly reason: string }
  /** With whose eyes operators look who do not have their own yet. */
  | { readonly type: 'approve'; readonly by: string; readonly eyes?: ReadonlyMap<string, string> }
  | { readonly type: 'reject'; readonly reason: string }
  | { readonly type: 'cancel' }
  | { readonly type: 'sent'; readonly reference: string }
  | { readonly type: 'settled'; readonly carried?: bigint }
  | { readonly type: 'failed'; readonly reason: string; readonly carried?: bigint }
  | { readonly type: 'returned'; readonly reason: string }
  /** How many operators must agree by now; as many as before unless told. */
  | { readonly type: 'retry'; readonly approvalsNeeded?: Payout['approvalsNeeded'] }

/** Each is done after the transition that asks for it is durable, in order; its key in the ledger names payout and attempt, so that doing it twice does it once. */
export type PayoutEffect =
  /** The account is debited into the rail's clearing account. */
  | { readonly type: 'reserve' }
  /** What is still in the clearing account goes back. */
  | { readonly type: 'release' }
  /** Rails that send by themselves: once. */
  | { readonly type: 'send' }
  /** Those: ask how it went, until it is known. */
  | { readonly type: 'check' }
  /** The clearing account pays the bank, and our fee. */
  | { readonly type: 'settle' }
  /** The other way round. */
  | { readonly type: 'unsettle' }
  | { readonly type: 'tell'; readonly what: 'sent' | 'settled' | 'failed' | 'returned' }

export interface Step {
  readonly payout: Payout
  readonly effects: readonly PayoutEffect[]
  /** Why, for people; of the timeline. */
  readonly note?: string
}

/** Rails that send approved payouts without a person. */
export function sendsByItself(rail: RailName): boolean {
  return rail === 'interledger' || rail === 'stripe'
}

/** Units that arrive. */
export function netOf({ amount, fee }: Pick<Payout, 'amount' | 'fee'>): bigint {
  return amount - fee
}

export function begin(payout: Omit<Payout, 'status' | 'approvals' | 'attempt' | 'reference' | 'carried'>): Step {
  return { payout: { ...payout, status: 'requested', approvals: [], attempt: 1, reference: undefined, carried: 0n }, effects: [{ type: 'reserve' }] }
}

/** Undefined: it is so already, nothing changes. Throws `payout-state` for what cannot be now, `approver-same` and `approver-bound` when four eyes would be two. */
export function next(payout: Payout, event: PayoutEvent): Step | undefined {
  const { status } = payout
  switch (event.type) {
    case 'reserved':
      return status === 'requested' ? afterApproval(payout) : undefined
    case 'refused':
      return status === 'requested' ? { payout: { ...payout, status: 'failed' }, effects: [{ type: 'tell', what: 'failed' }], note: event.reason } : undefined
    case 'approve':
      return approve(payout, event)
    case 'reject':
      if (status !== 'awaiting-approval') throw wrong(payout, 'rejected')
      return { payout: { ...payout, status: 'cancelled' }, effects: [{ type: 'release' }], note: event.reason }
    case 'cancel':
      if (status === 'cancelled') return undefined
      // What a rail may already be sending is not called back.
      if (status !== 'awaiting-approval' && (status !== 'approved' || sendsByItself(payout.rail))) throw wrong(payout, 'cancelled')
      return { payout: { ...payout, status: 'cancelled' }, effects: [{ type: 'release' }] }
    case 'sent':
      if (status === 'sent' && payout.reference === event.reference) return undefined
      if (status !== 'approved') throw wrong(payout, 'sent')
      return { payout: { ...payout, status: 'sent', reference: event.reference }, effects: [...(sendsByItself(payout.rail) ? [{ type: 'check' as const }] : []), { type: 'tell', what: 'sent' }] }
    case 'settled':
      if (status === 'settled') return undefined
      if (status !== 'sent') throw wrong(payout, 'settled')
      return { payout: { ...payout, status: 'settled', carried: event.carried ?? payout.carried }, effects: [{ type: 'settle' }, { type: 'tell', what: 'settled' }] }
    case 'failed':
      if (status === 'failed') return undefined
      if (status !== 'sent' && status !== 'approved') throw wrong(payout, 'failed')
      return { payout: { ...payout, status: 'failed', carried: event.carried ?? payout.carried }, effects: [{ type: 'release' }, { type: 'tell', what: 'failed' }], note: event.reason }
    case 'returned':
      if (status === 'returned') return undefined
      if (status !== 'sent' && status !== 'settled') throw wrong(payout, 'returned')
      return { payout: { ...payout, status: 'returned' }, effects: [...wayBack(payout), { type: 'release' }, { type: 'tell', what: 'returned' }], note: event.reason }
    case 'retry':
      if (status !== 'failed' && status !== 'returned') throw wrong(payout, 'tried again')
      if (payout.carried > 0n) throw new PayoutFault('payout-state', 'a part of this payout has arrived: request another one for the rest')
      return { payout: { ...payout, status: 'requested', approvalsNeeded: event.approvalsNeeded ?? payout.approvalsNeeded, approvals: [], attempt: payout.attempt + 1, reference: undefined }, effects: [{ type: 'reserve' }] }
    default:
      return assertNever(event)
  }
}

/** What is posted before the account has it again. What came back had left: where a statement names both movements the books do too, though they hear of the second one first. */
function wayBack({ status, rail }: Payout): readonly PayoutEffect[] {
  if (status === 'settled') return [{ type: 'unsettle' }]
  return rail === 'manual' ? [] : [{ type: 'settle' }, { type: 'unsettle' }]
}

function approve(payout: Payout, { by, eyes }: Extract<PayoutEvent, { type: 'approve' }>): Step | undefined {
  const { status, approvals, requestedBy } = payout
  if (status !== 'awaiting-approval') throw wrong(payout, 'approved')
  if (requestedBy.kind === 'operator' && requestedBy.id === by) throw new PayoutFault('approver-same', 'you requested this payout: another operator must approve it')
  if (approvals.includes(by)) throw new PayoutFault('approver-same', 'you have approved this payout already: a second operator must approve it too')
  const eyesOf = (operator: string): string => eyes?.get(operator) ?? operator
  const others = requestedBy.kind === 'operator' ? [requestedBy.id, ...approvals] : approvals
  if (others.some((other) => eyesOf(other) === eyesOf(by))) throw new PayoutFault('approver-bound', 'of you and of who requested or approved this payout, one has invited the other lately, or the same operator has invited both: somebody else must approve it')
  return afterApproval({ ...payout, approvals: [...approvals, by] })
}

function afterApproval(payout: Payout): Step {
  if (payout.approvals.length < payout.approvalsNeeded) return { payout: { ...payout, status: 'awaiting-approval' }, effects: [] }
  return { payout: { ...payout, status: 'approved' }, effects: sendsByItself(payout.rail) ? [{ type: 'send' }] : [] }
}

function wrong({ status }: Payout, what: string): PayoutFault {
  return new PayoutFault('payout-state', `a payout that is ${status.replace('-', ' ')} cannot be ${what}`)
}
