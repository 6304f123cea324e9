import * as z from 'zod/mini'
import { anyAnswer, callApi } from '../api.ts'
import { units } from '../payouts/payouts-api.ts'
import { personSchema } from '../session/session.ts'

export const subscriptionStates = ['trial', 'active', 'grace', 'past-due', 'paused', 'cancelled', 'starting', 'ended'] as const
export type SubscriptionState = (typeof subscriptionStates)[number]

const ms = z.nullable(z.number())
const lineSchema = z.object({
  id: z.string(), personId: z.string(), name: z.nullable(z.string()), email: z.nullable(z.string()), state: z.enum(subscriptionStates), plan: z.string(), price: units, assetCode: z.string(), assetScale: z.number(), period: z.enum(['month', 'year']),
  begunMs: z.number(), periodEndsMs: z.number(), retryAtMs: ms, waitsUntilMs: ms, attempts: z.number(), charging: z.boolean(), cancelled: z.boolean(), pausing: z.boolean(),
})
export type SubscriptionLine = z.infer<typeof lineSchema>

export interface SubscriptionsAsked {
  readonly state: SubscriptionState | ''
  readonly plan: string
  readonly text: string
  readonly before: string | undefined
}

/** Throws ApiFault, status 401 when nobody is signed in; so does everything below. */
export function loadSubscriptions({ state, plan, text, before }: SubscriptionsAsked) {
  const query = new URLSearchParams({ ...(state !== '' && { state }), ...(plan !== '' && { plan }), ...(text !== '' && { text }), ...(before !== undefined && { before }) })
  return callApi(`/api/subscriptions?${query.toString()}`, { answer: z.object({ person: personSchema, subscriptions: z.array(lineSchema), more: z.boolean(), counts: z.record(z.string(), z.number()), plans: z.array(z.string()) }) })
}

const entrySchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('begun'), atMs: z.number() }),
  z.object({ kind: z.literal('charge'), atMs: z.number(), key: z.string(), provider: z.string(), amount: units, status: z.enum(['asked', 'authentication', 'succeeded', 'failed', 'disputed', 'refunded']), reason: z.nullable(z.string()), refunded: units }),
  z.object({ kind: z.literal('shared'), atMs: z.number(), period: z.number(), rest: units, rolledOver: units, shares: z.number() }),
  z.object({ kind: z.literal('invoice'), atMs: z.number(), number: z.number(), total: units, refundable: z.boolean() }),
  z.object({ kind: z.literal('credit-note'), atMs: z.number(), number: z.number(), total: units, refundable: z.boolean() }),
  z.object({ kind: z.literal('action'), atMs: z.number(), name: z.string(), reason: z.nullable(z.string()), result: z.enum(['begun', 'done', 'refused', 'failed']) }),
])
export type TimelineEntry = z.infer<typeof entrySchema>

export function loadSubscription(id: string) {
  return callApi(`/api/subscriptions/${encodeURIComponent(id)}`, {
    answer: z.object({ person: personSchema, subscription: lineSchema, open: z.array(z.object({ type: z.string(), attempts: z.number(), error: z.nullable(z.string()) })), timeline: z.array(entrySchema) }),
  })
}

export async function changeSubscription(id: string, verb: 'cancel' | 'keep' | 'retry', reason: string): Promise<void> {
  await callApi(`/api/subscriptions/${encodeURIComponent(id)}/${verb}`, { method: 'POST', body: { reason }, answer: anyAnswer })
}
