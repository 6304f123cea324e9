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
  charges: z.int(),
})

export function stateOf({ id: _id, plan, nextPlan, retryAtMs, charging, ...rest }: Subscription): z.input<typeof stateSchema> {
  return {
    ...rest,
    plan: plan.id,
    nextPlan: nextPlan?.id ?? null,
    retryAtMs: retryAtMs ?? null,
    charging: charging === undefined ? null : charging.kind === 'period' ? charging : { kind: 'upgrade', plan: charging.plan.id, amount: String(charging.amount) },
  }
}

/** @param planOf throws for a plan that does not exist, which no row can name */
export function subscriptionOf(id: Id<'subs'>, state: unknown, planOf: (id: Id<'plan'>) => Plan): Subscription {
  const { plan, nextPlan, retryAtMs, charging, ...rest } = stateSchema.parse(state)
  return {
    ...rest,
    id,
    plan: planOf(plan),
    nextPlan: nextPlan === null ? undefined : planOf(nextPlan),
    retryAtMs: retryAtMs ?? undefined,
    charging: charging === null ? undefined : charging.kind === 'period' ? charging : { kind: 'upgrade', plan: planOf(charging.plan), amount: parseUnits(charging.amount) },
  }
}

/** When time alone changes it next, ms since 1970; undefined while it waits for a provider or for her. */
export function dueMsOf({ status, charging, retryAtMs, periodEndsMs }: Subscription): number | undefined {
  return status === 'ended' || status === 'paused' || charging !== undefined ? undefined : (retryAtMs ?? periodEndsMs)
}

type WrittenEffect =
  | { readonly type: 'charge'; readonly key: string; readonly amount: string }
  | { readonly type: 'fund'; readonly key: string; readonly price: string; readonly plan: Id<'plan'>; readonly source: 'charge' | 'trial' }
  | Extract<SubscriptionEffect, { type: 'share' | 'reclaim' | 'give-back' | 'refund' | 'tell' }>

export function writtenEffect(effect: SubscriptionEffect): WrittenEffect {
  switch (effect.type) {
    case 'charge':
      return { ...effect, amount: String(effect.amount) }
    case 'fund':
      return { ...effect, price: String(effect.price), plan: effect.plan.id }
    case 'share':
    case 'reclaim':
    case 'give-back':
    case 'refund':
    case 'tell':
      return effect
  }
}

/** @param written what `writtenEffect` made; only we write these rows */
export function effectOf(written: unknown, planOf: (id: Id<'plan'>) => Plan): SubscriptionEffect {
  const effect = written as WrittenEffect
  switch (effect.type) {
    case 'charge':
      return { ...effect, amount: parseUnits(effect.amount) }
    case 'fund':
      return { ...effect, price: parseUnits(effect.price), plan: planOf(effect.plan) }
    case 'share':
    case 'reclaim':
    case 'give-back':
    case 'refund':
    case 'tell':
      return effect
  }
}
