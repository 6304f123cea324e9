/** A subscription's life as pure transitions: what happened, in; what it is now and what must be done, out. */
import { Fault, assertNever } from '@rivulet/faults'
import type { Id } from '@rivulet/ids'
import { floorDivide } from '@rivulet/money'
import { periodStart } from './calendar.ts'
import type { Plan } from './plan.ts'

class SubscriptionFault extends Fault<'subscription-state'> {}

/** `starting`: the first charge is under way. `grace`: the running period is not paid yet, its charge is under way or tried again; she pays out of what rolled over. */
export const subscriptionStatuses = ['starting', 'trial', 'active', 'grace', 'paused', 'ended'] as const
type SubscriptionStatus = (typeof subscriptionStatuses)[number]

export interface Subscription {
  readonly id: Id<'subs'>
  readonly status: SubscriptionStatus
  readonly plan: Plan
  /** From the next period on. */
  readonly nextPlan: Plan | undefined
  /** Start of the period `anchorPeriod`: its day is that of all later ones. */
  readonly anchorMs: number
  readonly anchorPeriod: number
  /** The period that runs, or that begins with the charge under way: 0 is the first. The trial is -1. */
  readonly period: number
  readonly periodEndsMs: number
  /** Ends with the period. */
  readonly cancelled: boolean
  /** Ends paying with the period, and waits there to be resumed. */
  readonly pausing: boolean
  /** Charges of this period that failed. */
  readonly attempts: number
  /** When the next charge is due, while one is; undefined while one is under way or none is needed. */
  readonly retryAtMs: number | undefined
  /** The charge that is under way. */
  readonly charging: ChargeKind | undefined
  /** While it waits for her to confirm it at her bank: until when. */
  readonly waitsUntilMs: number | undefined
  /** Charges that were ever asked for: numbers the next one. */
  readonly charges: number
  /** Of a trial: when she is to be told that it ends; undefined once she was. */
  readonly remindAtMs: number | undefined
}

type ChargeKind = { readonly kind: 'period' } | { readonly kind: 'upgrade'; readonly plan: Plan; readonly amount: bigint }

export type SubscriptionEvent =
  /** `frozen`: the operator has frozen her, and nothing may be charged. */
  | { readonly type: 'time'; readonly frozen?: boolean }
  | { readonly type: 'charged' }
  /** Her bank wants to ask her. */
  | { readonly type: 'waits' }
  | { readonly type: 'charge-failed'; readonly final: boolean }
  | { readonly type: 'change-plan'; readonly plan: Plan }
  | { readonly type: 'cancel' }
  /** She goes for good: it ends at once. */
  | { readonly type: 'leave' }
  | { readonly type: 'keep' }
  | { readonly type: 'pause' }
  | { readonly type: 'resume' }
  | { readonly type: 'card-changed' }
  /** An operator tries the failed charge again before its time. */
  | { readonly type: 'charge-again' }
  /** The charge under this key was taken back by her bank, after `wonBefore` earlier disputes of it that were won: whole or what was left of it, unless it took less, so that `to` units in all are gone. */
  | { readonly type: 'disputed'; readonly key: string; readonly wonBefore: number; readonly to?: bigint | undefined }
  /** Her bank gave it to us again. */
  | { readonly type: 'dispute-won'; readonly key: string; readonly wonBefore: number; readonly to?: bigint | undefined }
  /** The charge under this key was given back, whole or what was left of it. */
  | { readonly type: 'refunded'; readonly key: string }
  /** Of the charge under this key `to` units in all have been given back, less than the whole. */
  | { readonly type: 'refunded-part'; readonly key: string; readonly to: bigint }

export type SubscriptionEffect =
  /** Ask the provider; the key makes a second asking harmless. */
  | { readonly type: 'charge'; readonly key: string; readonly amount: bigint }
  /** The money is hers: fee and budget of `price` units are booked under this key. */
  | { readonly type: 'fund'; readonly key: string; readonly price: bigint; readonly plan: Plan; readonly source: 'charge' | 'trial' }
  /** Share what is left of the budget of a period. */
  | { readonly type: 'share'; readonly period: number; readonly plan: Plan }
  /** She has not confirmed it in time: the provider closes the charge, unless she did at the last moment. */
  | { readonly type: 'abandon'; readonly key: string }
  /** The payment was taken back by her bank: it leaves the books as one that was given back. */
  | { readonly type: 'dispute'; readonly key: string; readonly wonBefore: number; readonly to?: bigint | undefined }
  /** Her bank gave it to us again: what left the books comes back, each part where it was, and a new invoice is written. */
  | { readonly type: 'dispute-won'; readonly key: string; readonly wonBefore: number; readonly to?: bigint | undefined }
  /** What disputes took of a payment beyond what was left of it is `to` units now and was `from`: the operator's loss. `of`: the dispute that did it, as ledger keys name it; a movement of its own unless told. */
  | { readonly type: 'dispute-beyond'; readonly key: string; readonly from: bigint; readonly to: bigint; readonly of?: string | undefined }
  /** What the provider takes for disputes of a payment is `to` units now and was `from`; `entries` of its own books say so. */
  | { readonly type: 'dispute-cost'; readonly key: string; readonly from: bigint; readonly to: bigint; readonly entries: number }
  /** Ask the provider to give a payment back: it came when the subscription had ended. */
  | { readonly type: 'give-back'; readonly key: string }
  /** The payment was given back, up to `to` units in all, or whole: that leaves the books, and a credit note is written. */
  | { readonly type: 'refund'; readonly key: string; readonly to?: bigint }
  /** A share that could not be paid to whom it was meant for is hers again; `key` is the return that it is a part of. */
  | { readonly type: 'share-returned'; readonly key: string; readonly amount: bigint }
  | { readonly type: 'tell'; readonly what: 'confirm-payment' | 'renewal-failed' | 'ended' | 'paused' | 'receipt' | 'trial-ends' }

export interface Step {
  readonly subscription: Subscription
  readonly effects: readonly SubscriptionEffect[]
}

const dayMs = 86_400_000
/** She has so long to confirm a payment at her bank; then it counts as one that failed. */
const confirmMsMax = dayMs
/** A trial is announced to end so long before it does, or when it begins. */
const trialToldMs = 7 * dayMs
/** Less than this many hundredths of a whole unit no card pays (https://docs.stripe.com/currencies#minimum-and-maximum-charge-amounts). */
const chargeCentsMin = 50n
/** A failed renewal is tried again after so many days each; the last failure ends the subscription. */
export const retryDays: readonly number[] = [1, 3, 5, 7]

/** Begins with a trial where the plan has one and `trial` allows it, else with the first charge. */
export function begin(id: Id<'subs'>, plan: Plan, { nowMs, trial }: { readonly nowMs: number; readonly trial: boolean }): Step {
  const base = { id, plan, nextPlan: undefined, cancelled: false, pausing: false, attempts: 0, retryAtMs: undefined, waitsUntilMs: undefined, charges: 0, remindAtMs: undefined }
  if (trial && plan.trialDays > 0) {
    const anchorMs = nowMs + plan.trialDays * dayMs
    return {
      subscription: { ...base, status: 'trial', anchorMs, anchorPeriod: 0, period: -1, periodEndsMs: anchorMs, charging: undefined, remindAtMs: Math.max(nowMs, anchorMs - trialToldMs) },
      effects: [{ type: 'fund', key: `${id}/trial`, price: plan.price, plan, source: 'trial' }],
    }
  }
  return charge({ ...base, status: 'starting', anchorMs: nowMs, anchorPeriod: 0, period: 0, periodEndsMs: periodStart(nowMs, plan.period, 1), charging: undefined }, { kind: 'period' })
}

/** What happens next. Throws `subscription-state` when she asks for what cannot be now; what time and providers report is never refused. */
export function next(subscription: Subscription, event: SubscriptionEvent, nowMs: number): Step {
  switch (event.type) {
    case 'time':
      return timePassed(subscription, nowMs, event.frozen ?? false)
    case 'charged':
      return charged(subscription, nowMs)
    case 'waits':
      return subscription.charging === undefined ? same(subscription) : { subscription: { ...subscription, waitsUntilMs: nowMs + confirmMsMax }, effects: [{ type: 'tell', what: 'confirm-payment' }] }
    case 'charge-failed':
      return chargeFailed(subscription, event.final, nowMs)
    case 'change-plan':
      return changePlan(subscription, event.plan, nowMs)
    case 'cancel':
      return unpaid(subscription) || subscription.status === 'paused' ? end(subscription) : wish(subscription, { cancelled: true, pausing: false, nextPlan: undefined })
    case 'leave':
      return subscription.status === 'ended' ? same(subscription) : end(subscription)
    case 'keep':
      return wish(subscription, { cancelled: false, pausing: false, nextPlan: undefined })
    case 'pause':
      return unpaid(subscription) ? pauseNow(subscription) : wish(subscription, { pausing: true, cancelled: false })
    case 'resume':
      return resume(subscription, nowMs)
    case 'card-changed':
      return subscription.status === 'grace' && subscription.charging === undefined ? charge({ ...subscription, retryAtMs: undefined }, { kind: 'period' }) : same(subscription)
    case 'charge-again':
      if (!unpaid(subscription)) throw refusal('no failed charge waits to be tried again')
      return charge({ ...subscription, retryAtMs: undefined }, { kind: 'period' })
    case 'disputed':
      return disputed(subscription, event)
    case 'dispute-won':
      return disputeWon(subscription, event)
    case 'refunded':
      return refunded(subscription, event.key)
    case 'refunded-part':
      return { subscription, effects: [{ type: 'refund', key: event.key, to: event.to }] }
    default:
      return assertNever(event)
  }
}

function timePassed(subscription: Subscription, nowMs: number, frozen = false): Step {
  const { id, status, retryAtMs, charging, charges, periodEndsMs, waitsUntilMs, remindAtMs } = subscription
  if (waitsUntilMs !== undefined && nowMs >= waitsUntilMs) return { subscription: { ...subscription, waitsUntilMs: undefined }, effects: [{ type: 'abandon', key: `${id}/${charges}` }] }
  if (status === 'ended' || status === 'paused' || charging !== undefined) return same(subscription)
  if (retryAtMs !== undefined) return nowMs < retryAtMs ? same(subscription) : frozen ? pauseNow(subscription) : charge({ ...subscription, retryAtMs: undefined }, { kind: 'period' })
  if (nowMs < periodEndsMs) {
    return remindAtMs === undefined || nowMs < remindAtMs ? same(subscription) : { subscription: { ...subscription, remindAtMs: undefined }, effects: [{ type: 'tell', what: 'trial-ends' }] }
  }
  // Who is frozen pays nothing: her plan waits as one that she paused, until she resumes it.
  return renew(frozen && !subscription.cancelled ? { ...subscription, pausing: true } : subscription, nowMs)
}

/** The period is over: it is shared, and the next one begins with its charge. */
function renew(given: Subscription, nowMs: number): Step {
  const subscription = { ...given, remindAtMs: undefined }
  const share: SubscriptionEffect = { type: 'share', period: subscription.period, plan: subscription.plan }
  if (subscription.cancelled) return { subscription: { ...subscription, status: 'ended' }, effects: [share, { type: 'tell', what: 'ended' }] }
  if (subscription.pausing) return { subscription: { ...subscription, status: 'paused', pausing: false }, effects: [share, { type: 'tell', what: 'paused' }] }
  const begun = charge(beginPeriod(subscription, nowMs), { kind: 'period' })
  return { subscription: begun.subscription, effects: [share, ...begun.effects] }
}

/** The next period with the plan that is then hers. Another length of period counts from its first day; so does one that begins now, since nobody was there to begin it before it was over: what nobody could have is not charged. */
function beginPeriod(subscription: Subscription, nowMs: number): Subscription {
  const plan = subscription.nextPlan ?? subscription.plan
  const period = subscription.period + 1
  const moved = plan.period !== subscription.plan.period && subscription.period >= 0
  const from = moved ? { anchorMs: subscription.periodEndsMs, anchorPeriod: period } : subscription
  const missed = periodStart(from.anchorMs, plan.period, period + 1 - from.anchorPeriod) <= nowMs
  const { anchorMs, anchorPeriod } = missed ? { anchorMs: nowMs, anchorPeriod: period } : from
  return { ...subscription, status: 'grace', plan, nextPlan: undefined, anchorMs, anchorPeriod, period, periodEndsMs: periodStart(anchorMs, plan.period, period + 1 - anchorPeriod), attempts: 0 }
}

function charged(subscription: Subscription, nowMs: number): Step {
  const { charging, plan, id, charges } = subscription
  const key = `${id}/${charges}`
  if (charging === undefined) return same(subscription)
  if (subscription.status === 'ended') {
    const [price, of] = charging.kind === 'upgrade' ? [charging.amount, charging.plan] : [plan.price, plan]
    return { subscription: { ...subscription, charging: undefined, waitsUntilMs: undefined }, effects: [{ type: 'fund', key, price, plan: of, source: 'charge' }, { type: 'give-back', key }] }
  }
  if (charging.kind === 'upgrade') {
    return {
      subscription: { ...subscription, plan: charging.plan, nextPlan: undefined, charging: undefined, waitsUntilMs: undefined },
      effects: [{ type: 'fund', key, price: charging.amount, plan: charging.plan, source: 'charge' }, { type: 'tell', what: 'receipt' }],
    }
  }
  const paid: Subscription = { ...subscription, status: 'active', charging: undefined, waitsUntilMs: undefined, attempts: 0, retryAtMs: undefined }
  const fund: SubscriptionEffect = { type: 'fund', key, price: plan.price, plan, source: 'charge' }
  // Paid only when the grace of a short period had run out: the next one is due at once.
  const later = nowMs >= paid.periodEndsMs ? timePassed(paid, nowMs) : same(paid)
  return { subscription: later.subscription, effects: [fund, { type: 'tell', what: 'receipt' }, ...later.effects] }
}

function chargeFailed(subscription: Subscription, final: boolean, nowMs: number): Step {
  const { charging, status, attempts } = subscription
  if (charging === undefined) return same(subscription)
  const failed: Subscription = { ...subscription, charging: undefined, waitsUntilMs: undefined }
  if (status === 'ended') return same(failed)
  if (charging.kind === 'upgrade') return { subscription: failed, effects: [{ type: 'tell', what: 'renewal-failed' }] }
  const days = retryDays[attempts]
  if (status === 'starting' || failed.cancelled || final || days === undefined) return end(failed)
  if (failed.pausing) return pauseNow(failed)
  return { subscription: { ...failed, status: 'grace', attempts: attempts + 1, retryAtMs: nowMs + days * dayMs }, effects: [{ type: 'tell', what: 'renewal-failed' }] }
}

/** A dearer plan of the same kind begins at once, for the price of what remains of the period; any other, and one for which that is too little for a card, with the next period: who chooses what comes next does not end her plan. */
function changePlan(subscription: Subscription, plan: Plan, nowMs: number): Step {
  const { status, charging, periodEndsMs } = subscription
  if (status === 'ended') throw refusal('the subscription has ended: begin a new one')
  if (charging !== undefined) throw refusal('a charge is under way: change the plan when it is done')
  if (plan.asset.code !== subscription.plan.asset.code || plan.asset.scale !== subscription.plan.asset.scale) throw refusal('the plan counts in another currency: end this subscription and begin a new one')
  if (plan.id === subscription.plan.id) return same({ ...subscription, nextPlan: undefined })
  const dearer = plan.price > subscription.plan.price && plan.period === subscription.plan.period
  const amount = dearer && status === 'active' ? remainingPart(plan.price - subscription.plan.price, subscription, Math.min(nowMs, periodEndsMs)) : 0n
  if (amount < chargeCentsMin * centOf(plan)) return same({ ...subscription, nextPlan: plan, cancelled: false })
  return charge(subscription, { kind: 'upgrade', plan, amount })
}

/** The part of `amount` that falls on what remains of the period, rounded down to hundredths of a whole unit: cards pay no less. */
function remainingPart(amount: bigint, { anchorMs, anchorPeriod, period, plan, periodEndsMs }: Subscription, nowMs: number): bigint {
  const startsMs = periodStart(anchorMs, plan.period, period - anchorPeriod)
  const cent = centOf(plan)
  return floorDivide(amount * BigInt(periodEndsMs - Math.max(nowMs, startsMs)), BigInt(periodEndsMs - startsMs) * cent) * cent
}

/** Units of a hundredth of a whole unit. */
function centOf({ asset: { scale } }: Plan): bigint {
  return scale > 2 ? 10n ** BigInt(scale - 2) : 1n
}

/** What a payment of the running period is for: all of it, or what remained of it when a dearer plan began. */
export function paidFor({ anchorMs, anchorPeriod, period, plan, periodEndsMs }: Subscription, sinceMs: number | undefined): { readonly fromMs: number; readonly toMs: number } {
  return { fromMs: sinceMs ?? periodStart(anchorMs, plan.period, period - anchorPeriod), toMs: periodEndsMs }
}

function resume(subscription: Subscription, nowMs: number): Step {
  if (subscription.status !== 'paused') return wish(subscription, { pausing: false })
  // The paused time is not hers to pay: a new first day.
  const plan = subscription.nextPlan ?? subscription.plan
  const period = subscription.period + 1
  return charge({ ...subscription, status: 'grace', plan, nextPlan: undefined, anchorMs: nowMs, anchorPeriod: period, period, periodEndsMs: periodStart(nowMs, plan.period, 1), attempts: 0 }, { kind: 'period' })
}

/** Whether the running period waits to be charged again: it cannot be enjoyed to its end. */
function unpaid({ status, charging }: Subscription): boolean {
  return status === 'grace' && charging === undefined
}

function pauseNow(subscription: Subscription): Step {
  return { subscription: { ...subscription, status: 'paused', pausing: false, retryAtMs: undefined }, effects: [{ type: 'tell', what: 'paused' }] }
}

function wish(subscription: Subscription, change: Partial<Pick<Subscription, 'cancelled' | 'pausing' | 'nextPlan'>>): Step {
  if (subscription.status === 'ended') throw refusal('the subscription has ended: begin a new one')
  return same({ ...subscription, ...change })
}

function charge(subscription: Subscription, charging: ChargeKind): Step {
  const charges = subscription.charges + 1
  const amount = charging.kind === 'upgrade' ? charging.amount : subscription.plan.price
  return { subscription: { ...subscription, charging, charges, waitsUntilMs: undefined }, effects: [{ type: 'charge', key: `${subscription.id}/${charges}`, amount }] }
}

/** What is left of the budget is shared and nothing is charged any more. A charge that is under way may still succeed. Where the first one failed nothing had begun. */
function end(subscription: Subscription): Step {
  const { status, period, plan } = subscription
  const ended: Subscription = { ...subscription, status: 'ended', retryAtMs: undefined, remindAtMs: undefined }
  return { subscription: ended, effects: status === 'starting' ? [] : [{ type: 'share', period, plan }, { type: 'tell', what: 'ended' }] }
}

/** What is left of her budget is shared no more: who took one payment back may take back others. */
function disputed(subscription: Subscription, { key, wonBefore, to }: Extract<SubscriptionEvent, { type: 'disputed' }>): Step {
  const dispute: SubscriptionEffect = { type: 'dispute', key, wonBefore, ...(to !== undefined && { to }) }
  if (subscription.status === 'ended') return { subscription, effects: [dispute] }
  const { subscription: ended, effects } = end(subscription)
  return { subscription: ended, effects: [dispute, ...effects.filter(({ type }) => type !== 'share')] }
}

/** Her plan has ended with the dispute, and does not begin again. What of the payment is her budget is shared, in a statement of its own. */
function disputeWon(subscription: Subscription, { key, wonBefore, to }: Extract<SubscriptionEvent, { type: 'dispute-won' }>): Step {
  const period = subscription.period + 1
  return { subscription: { ...subscription, period }, effects: [{ type: 'dispute-won', key, wonBefore, ...(to !== undefined && { to }) }, { type: 'share', period, plan: subscription.plan }] }
}

function refunded(subscription: Subscription, key: string): Step {
  const refund: SubscriptionEffect = { type: 'refund', key }
  if (subscription.status === 'ended') return { subscription, effects: [refund] }
  const { subscription: ended, effects } = end(subscription)
  // What is not given back of the budget is shared, as at any other end.
  return { subscription: ended, effects: [refund, ...effects] }
}

function same(subscription: Subscription): Step {
  return { subscription, effects: [] }
}

function refusal(message: string): SubscriptionFault {
  return new SubscriptionFault('subscription-state', message)
}
