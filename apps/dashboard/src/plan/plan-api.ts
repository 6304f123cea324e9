import * as z from 'zod/mini'
import { anyAnswer, callApi } from '../api.ts'
import { personSchema } from '../session/session.ts'

/** Whole units in a decimal string, as a bigint. */
const units = z.pipe(z.string().check(z.regex(/^[0-9]{1,20}$/)), z.transform((text: string) => BigInt(text)))

const planSchema = z.object({
  id: z.string(),
  name: z.string(),
  price: units,
  /** Of the price, what is hers to spend. */
  budget: units,
  /** Units a second. */
  rate: units,
  period: z.enum(['month', 'year']),
  /** Whether what is left of its budgets is divided among what all its members read. */
  pool: z.enum(['none', 'pro-rata', 'user-centric']),
  trialDays: z.number(),
  assetCode: z.string(),
  assetScale: z.number(),
})
export type Plan = z.infer<typeof planSchema>

const policySchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('time') }),
  z.object({ kind: z.literal('equal') }),
  z.object({ kind: z.literal('concave') }),
  z.object({ kind: z.literal('roll-over') }),
  z.object({ kind: z.literal('cause'), payee: z.string() }),
  z.object({ kind: z.literal('pinned'), pins: z.array(z.object({ payee: z.string(), basisPoints: z.number() })) }),
])
export type Policy = z.infer<typeof policySchema>

const subscriptionSchema = z.object({
  status: z.enum(['starting', 'trial', 'active', 'grace', 'paused', 'ended']),
  plan: planSchema,
  nextPlan: z.nullable(planSchema),
  periodEndsMs: z.number(),
  cancelled: z.boolean(),
  pausing: z.boolean(),
  retryAtMs: z.nullable(z.number()),
  card: z.object({ brand: z.string(), lastFour: z.string() }),
  policy: policySchema,
  /** The payment that she must confirm. */
  confirmation: z.nullable(z.string()),
})
export type Subscription = z.infer<typeof subscriptionSchema>

const shareSchema = z.object({ payee: z.string(), amount: units })
const statementSchema = z.object({ period: z.number(), begunMs: z.number(), endedMs: z.number(), rest: units, rolledOver: units, pooled: units, shares: z.array(shareSchema) })
export type Statement = z.infer<typeof statementSchema>

/** Both ways to divide: by everybody's reading together, and each budget by its owner's alone. */
const bothSchema = z.object({ month: z.string(), rule: z.enum(['pro-rata', 'user-centric']), proRata: z.array(shareSchema), userCentric: z.array(shareSchema) })
export type BothWays = z.infer<typeof bothSchema>

const poolSchema = z.extend(bothSchema, { members: z.number(), budget: units })
export type Pool = z.infer<typeof poolSchema>

const previewSchema = z.object({ rest: units, rolledOver: units, shares: z.array(shareSchema), pool: z.nullable(bothSchema) })
export type Preview = z.infer<typeof previewSchema>

const invoiceSchema = z.object({
  number: z.number(),
  name: z.string(),
  kind: z.enum(['invoice', 'credit-note']),
  issuedMs: z.number(),
  plan: z.string(),
  total: units,
  assetCode: z.string(),
  assetScale: z.number(),
})
export type Invoice = z.infer<typeof invoiceSchema>

const cardsSchema = z.enum(['number', 'page'])
/** Whether a card is given by its number, as in the sandbox, or entered on a page of the provider. */
export type Cards = z.infer<typeof cardsSchema>

/** All that the page shows, at one moment. Throws ApiFault, status 401 when nobody is signed in. */
export async function loadSubscription() {
  const [me, { plans, cards }, { subscription, mayTry, statements, pools }, { invoices }] = await Promise.all([
    callApi('/api/me', { answer: z.object({ person: personSchema }) }),
    callApi('/api/plans', { answer: z.object({ plans: z.array(planSchema), cards: cardsSchema }) }),
    callApi('/api/subscription', { answer: z.object({ subscription: z.nullable(subscriptionSchema), mayTry: z.boolean(), statements: z.array(statementSchema), pools: z.array(poolSchema) }) }),
    callApi('/api/invoices', { answer: z.object({ invoices: z.array(invoiceSchema) }) }),
  ])
  return { person: me.person, plans: mayTry ? plans : plans.map(withoutTrial), cards, subscription: subscription && { ...subscription, plan: withoutTrial(subscription.plan) }, statements, pools, invoices }
}

/** Free days are for newcomers: to others nothing is said of them. */
function withoutTrial(plan: Plan): Plan {
  return { ...plan, trialDays: 0 }
}

/** The number of a card of the sandbox, or the page of the provider on which she entered one. */
export type GivenCard = { readonly number: string } | { readonly session: string }

/** Answers whether the payment waits for her to confirm it. */
export async function subscribe(planId: string, card: GivenCard): Promise<boolean> {
  const answer = z.object({ subscription: z.object({ confirmation: z.nullable(z.string()) }) })
  return (await callApi('/api/subscription', { method: 'POST', body: { planId, card }, answer })).subscription.confirmation !== null
}

export async function changePlan(planId: string): Promise<void> {
  await callApi('/api/subscription/plan', { method: 'POST', body: { planId }, answer: anyAnswer })
}

export async function wish(what: 'cancel' | 'keep' | 'pause' | 'resume'): Promise<void> {
  await callApi('/api/subscription/wishes', { method: 'POST', body: { wish: what }, answer: anyAnswer })
}

export async function changeCard(card: GivenCard): Promise<void> {
  await callApi('/api/subscription/card', { method: 'PUT', body: { card }, answer: anyAnswer })
}

export async function changePolicy(policy: Policy): Promise<void> {
  await callApi('/api/subscription/policy', { method: 'PUT', body: { policy }, answer: anyAnswer })
}

export async function preview(policy: Policy): Promise<Preview> {
  return await callApi('/api/subscription/preview', { method: 'POST', body: { policy }, answer: previewSchema })
}

export async function confirm(reference: string): Promise<void> {
  await callApi('/api/sandbox/confirmations', { method: 'POST', body: { reference }, answer: anyAnswer })
}

/** The provider's page where she enters a card; it leads back here, with the plan that she chose. */
export async function cardPage(planId?: string): Promise<string> {
  return (await callApi('/api/stripe/card-pages', { method: 'POST', body: planId === undefined ? {} : { planId }, answer: z.object({ url: z.url() }) })).url
}

/** The card that she entered there. */
export async function enteredCard(session: string): Promise<{ readonly brand: string; readonly lastFour: string }> {
  return await callApi(`/api/stripe/cards/${encodeURIComponent(session)}`, { answer: z.object({ brand: z.string(), lastFour: z.string() }) })
}

/** Where her bank asks her about the payment that waits. */
export const confirmationPath = '/api/stripe/confirmation'

/** Has the provider asked what became of the payment that waits. */
export async function checkPayment(): Promise<void> {
  await callApi('/api/stripe/checks', { method: 'POST', answer: anyAnswer })
}
