/** A subscription as its row keeps it: plans by their ids, amounts as decimal strings. */
import { isId, type Id } from '@rivulet/ids'
import { parseUnits } from '@rivulet/money'
import { z } from 'zod'
import type { Plan } from './plan.ts'
import type { Subscription, SubscriptionEffect } from './subscription.ts'

const planId = z.string().refine((text): text is Id<'plan'> => isId('plan', text))
const stateSchema = z.strictObject({
  status: z.enum(['starting', 'trial', 'active', 'grace', 'paused', 'ended']),
  plan: planId,
  nextPlan: planId.nullable(),
  anchorMs: z.int(),
  anchorPeriod: z.int(),
  period: z.int(),
  periodEndsMs: z.int(),
  cancelled: z.boolean(),
  pausing: z.boolean(),
  attempts: z.int(),
  retryAtMs: z.int().nullable(),
  charging: z.union([z.strictObject({ kind: z.literal('period') }), z.strictObject({ kind: z.literal('upgrade'), plan: planId, amount: z.string() })]).nullable(),
  waitsUntilMs: z.int().nullable().default(null),
  charges: z.int(),
  remindAtMs: z.int().nullable().default(null),
})

export function stateOf({ id: _id, plan, nextPlan, retryAtMs, waitsUntilMs, remindAtMs, charging, ...rest }: Subscription): z.input<typeof stateSchema> {
  return {
    ...rest,
    plan: plan.id,
    nextPlan: nextPlan?.id ?? null,
    retryAtMs: retryAtMs ?? null,
    waitsUntilMs: waitsUntilMs ?? null,
    remindAtMs: remindAtMs ?? null,
    charging: charging === undefined ? null : charging.kind === 'period' ? charging : { kind: 'upgrade', plan: charging.plan.id, amount: String(charging.amount) },
  }
}

/** @param planOf throws for a plan that does not exist, which no row can name */
export function subscriptionOf(id: Id<'subs'>, state: unknown, planOf: (id: Id<'plan'>) => Plan): Subscription {
  const { plan, nextPlan, retryAtMs, waitsUntilMs, remindAtMs, charging, ...rest } = stateSchema.parse(state)
  return {
    ...rest,
    id,
    plan: planOf(plan),
    nextPlan: nextPlan === null ? undefined : planOf(nextPlan),
    retryAtMs: retryAtMs ?? undefined,
    waitsUntilMs: waitsUntilMs ?? undefined,
    remindAtMs: remindAtMs ?? undefined,
    charging: charging === null ? undefined : charging.kind === 'period' ? charging : { kind: 'upgrade', plan: planOf(charging.plan), amount: parseUnits(charging.amount) },
  }
}

/** When time alone changes it next, ms since 1970; undefined while it waits for a provider. */
export function dueMsOf({ status, charging, retryAtMs, waitsUntilMs, remindAtMs, periodEndsMs }: Subscription): number | undefined {
  if (charging !== undefined) return waitsUntilMs
  return status === 'ended' || status === 'paused' ? undefined : (retryAtMs ?? remindAtMs ?? periodEndsMs)
}

type WrittenEffect =
  | { readonly type: 'charge'; readonly key: string; readonly amount: string }
  | { readonly type: 'fund'; readonly key: string; readonly price: string; readonly plan: Id<'plan'>; readonly source: 'charge' | 'trial' }
  /** Rows of earlier versions name no plan: it is the one that runs. */
  | { readonly type: 'share'; readonly period: number; readonly plan?: Id<'plan'> }
  | { readonly type: 'refund'; readonly key: string; readonly to?: string }
  /** Rows of earlier versions know of no dispute that was won. */
  | { readonly type: 'dispute'; readonly key: string; readonly wonBefore?: number; readonly to?: string }
  | { readonly type: 'dispute-won'; readonly key: string; readonly wonBefore: number; readonly to?: string }
  | { readonly type: 'dispute-beyond'; readonly key: string; readonly from: string; readonly to: string; readonly of?: string | undefined }
  | { readonly type: 'dispute-cost'; readonly key: string; readonly from: string; readonly to: string; readonly entries: number }
  | { readonly type: 'share-returned'; readonly key: string; readonly amount: string }
  | Extract<SubscriptionEffect, { type: 'abandon' | 'give-back' | 'tell' }>

export function writtenEffect(effect: SubscriptionEffect): WrittenEffect {
  switch (effect.type) {
    case 'charge':
    case 'share-returned':
      return { ...effect, amount: String(effect.amount) }
    case 'fund':
      return { ...effect, price: String(effect.price), plan: effect.plan.id }
    case 'refund':
      return { type: effect.type, key: effect.key, ...(effect.to !== undefined && { to: String(effect.to) }) }
    case 'share':
      return { ...effect, plan: effect.plan.id }
    case 'dispute':
    case 'dispute-won': {
      const { to, ...rest } = effect
      return { ...rest, ...(to !== undefined && { to: String(to) }) }
    }
    case 'dispute-beyond':
    case 'dispute-cost':
      return { ...effect, from: String(effect.from), to: String(effect.to) }
    case 'abandon':
    case 'give-back':
    case 'tell':
      return effect
  }
}

/** @param written what `writtenEffect` made; only we write these rows */
export function effectOf(written: unknown, planOf: (id: Id<'plan'>) => Plan, running: Plan): SubscriptionEffect {
  const effect = written as WrittenEffect
  switch (effect.type) {
    case 'charge':
    case 'share-returned':
      return { ...effect, amount: parseUnits(effect.amount) }
    case 'fund':
      return { ...effect, price: parseUnits(effect.price), plan: planOf(effect.plan) }
    case 'refund':
      return { type: effect.type, key: effect.key, ...(effect.to !== undefined && { to: parseUnits(effect.to) }) }
    case 'share':
      return { ...effect, plan: effect.plan === undefined ? running : planOf(effect.plan) }
    case 'dispute':
    case 'dispute-won': {
      const { to, ...rest } = effect
      return { ...rest, wonBefore: effect.wonBefore ?? 0, ...(to !== undefined && { to: parseUnits(to) }) }
    }
    case 'dispute-beyond':
      // Either may be less than nothing.
      return { ...effect, from: BigInt(effect.from), to: BigInt(effect.to) }
    case 'dispute-cost':
      return { ...effect, from: parseUnits(effect.from), to: parseUnits(effect.to) }
    case 'abandon':
    case 'give-back':
    case 'tell':
      return effect
  }
}
