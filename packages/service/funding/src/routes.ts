/** What a subscriber sees and does about her subscription: plans, card, sharing, statements. Mount on the wallet's port; parses its own bodies. */
import { assetParts, type Entrance, personOf, unitsPart } from '@rivulet/accounts'
import { Fault, isFault, messageOf } from '@rivulet/faults'
import { type Clock, RateLimit } from '@rivulet/time'
import express, { type ErrorRequestHandler, Router } from 'express'
import { z } from 'zod'
import type { Funding, Preview } from './funding.ts'
import type { Statement, SubscriptionRecord } from './funding-store.ts'
import type { Plan } from './plan.ts'
import type { Card } from './providers/provider.ts'
import type { SandboxProvider } from './providers/sandbox.ts'
import type { StripeProvider } from './providers/stripe.ts'
import type { PoolStatement } from './pool-store.ts'
import { subscriptionStatuses } from './subscription.ts'

export interface FundingRoutesOptions {
  readonly funding: Funding
  readonly entrance: Entrance
  readonly sandbox: SandboxProvider
  /** Instead of the sandbox, where it is configured. */
  readonly stripe?: StripeProvider | undefined
  readonly clock: Clock
  readonly log: { error(about: object, message: string): void }
}

/** Of one person: a preview may ask other providers whether they know whom she names. */
const previewRate = { burst: 30, perSecond: 0.5 }
const bodyBytesMax = 16_384
const pinsMax = 50
const walletAddress = z.url({ protocol: /^https?$/ }).max(300)
const policySchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('time') }),
  z.strictObject({ kind: z.literal('equal') }),
  z.strictObject({ kind: z.literal('concave') }),
  z.strictObject({ kind: z.literal('roll-over') }),
  z.strictObject({ kind: z.literal('cause'), payee: walletAddress }),
  z
    .strictObject({ kind: z.literal('pinned'), pins: z.array(z.strictObject({ payee: walletAddress, basisPoints: z.int().min(1).max(10_000) })).min(1).max(pinsMax) })
    .refine(({ pins }) => pins.reduce((sum, { basisPoints }) => sum + basisPoints, 0) <= 10_000, { path: ['pins'], message: 'must not add up to more than 100 %' })
    .refine(({ pins }) => new Set(pins.map(({ payee }) => payee)).size === pins.length, { path: ['pins'], message: 'must name each wallet address once' }),
])
/** A number of the sandbox, or the page of Stripe on which she entered it. */
const cardSchema = z.union([z.strictObject({ number: z.string().min(1).max(40) }), z.strictObject({ session: z.string().min(1).max(220) })])
const planId = z.string().min(1).max(40)
const bodies = {
  subscribe: z.strictObject({ planId, card: cardSchema, policy: policySchema.default({ kind: 'time' }) }),
  plan: z.strictObject({ planId }),
  card: z.strictObject({ card: cardSchema }),
  policy: z.strictObject({ policy: policySchema }),
  wish: z.strictObject({ wish: z.enum(['cancel', 'keep', 'pause', 'resume']) }),
  confirmation: z.strictObject({ reference: z.string().min(1).max(100) }),
}

class RequestFault extends Fault<'request-invalid'> {}

const statuses: Readonly<Record<string, number>> = {
  'request-invalid': 400, 'card-invalid': 400, 'plan-unknown': 409, 'subscribed-already': 409, 'not-subscribed': 409, 'subscription-state': 409, 'card-declined': 402, 'charge-unknown': 404, 'database-unavailable': 503, 'provider-away': 503,
}

/** `/api/plans`, `/api/subscription` and below it, `/api/sandbox/confirmations`. Errors are `{error: {code, message}}`. */
export function fundingRoutes({ funding, entrance, sandbox, stripe, clock, log }: FundingRoutesOptions): Router {
  const router = Router()
  const previews = new RateLimit(clock, previewRate)
  const signedIn = [entrance.requireSession, entrance.requireSameOrigin, express.json({ limit: bodyBytesMax })]

  router.get('/api/plans', async (_request, response) => void response.json({ plans: (await funding.plans()).map((plan) => planJson(plan, funding.budgetOf(plan))), cards: stripe === undefined ? 'number' : 'page' }))

  router.get('/api/subscription', entrance.requireSession, async (_request, response) => {
    const { id: personId } = personOf(response)
    const [record, mayTry] = await Promise.all([funding.of(personId), funding.mayTry(personId)])
    const statements = record === undefined ? [] : await funding.statements(record.subscription.id)
    const pools = record === undefined ? [] : await funding.pools(record.subscription.id)
    const waiting = record?.subscription.charging === undefined ? undefined : await funding.waitsForHer(record.subscription.id)
    response.set('Cache-Control', 'no-store').json({ subscription: record === undefined ? null : { ...recordJson(record, (plan) => funding.budgetOf(plan)), confirmation: waiting ?? null }, mayTry, statements: statements.map(statementJson), pools: pools.map(poolJson) })
  })

  router.post('/api/subscription', ...signedIn, async (request, response) => {
    const { id: personId, walletAddress: address } = personOf(response)
    if (address === undefined) throw new RequestFault('request-invalid', 'sign in again to complete this account')
    const { planId: wanted, card, policy } = parse(bodies.subscribe, request.body)
    const record = await funding.subscribe({ personId, accountId: address.ledgerAccountId, planId: wanted, provider: (stripe ?? sandbox).name, card: await cardOf(card, personId), policy })
    if (record.subscription.status === 'ended') throw new Fault('card-declined', 'the card was declined, and nothing was charged: try again with another card')
    response.status(201).json({ subscription: { ...recordJson(record, (plan) => funding.budgetOf(plan)), confirmation: (await funding.waitsForHer(record.subscription.id)) ?? null } })
  })

  router.post('/api/subscription/plan', ...signedIn, async (request, response) => {
    await funding.ask(personOf(response).id, { type: 'change-plan', ...parse(bodies.plan, request.body) })
    response.status(204).end()
  })

  router.post('/api/subscription/wishes', ...signedIn, async (request, response) => {
    await funding.ask(personOf(response).id, { type: parse(bodies.wish, request.body).wish })
    response.status(204).end()
  })

  router.put('/api/subscription/card', ...signedIn, async (request, response) => {
    const { id } = personOf(response)
    await funding.changeCard(id, await cardOf(parse(bodies.card, request.body).card, id))
    response.status(204).end()
  })

  router.put('/api/subscription/policy', ...signedIn, async (request, response) => {
    await funding.changePolicy(personOf(response).id, parse(bodies.policy, request.body).policy)
    response.status(204).end()
  })

  // A question, not a change; it has a body because a policy is no word of a query.
  router.post('/api/subscription/preview', ...signedIn, async (request, response) => {
    if (!previews.allow(personOf(response).id)) return void response.status(429).set('Retry-After', '2').json({ error: { code: 'too-many-requests', message: 'too many previews at once: wait a little' } })
    response.json(previewJson(await funding.preview(personOf(response).id, parse(bodies.policy, request.body).policy)))
  })

  router.post('/api/sandbox/confirmations', ...signedIn, async (request, response) => {
    const { reference } = parse(bodies.confirmation, request.body)
    const record = await funding.of(personOf(response).id)
    const waiting = record === undefined ? undefined : await funding.waitsForHer(record.subscription.id)
    if (waiting !== reference || !(await sandbox.confirm(reference))) throw new Fault('charge-unknown', 'no payment of yours waits to be confirmed')
    await funding.reported(sandbox.name, reference, 'succeeded')
    response.status(204).end()
  })

  async function cardOf(given: z.output<typeof cardSchema>, personId: string): Promise<Card> {
    if (stripe !== undefined && 'session' in given) return stripe.card(given.session, personId)
    if (stripe === undefined && 'number' in given) return sandbox.card(given.number)
    throw new Fault('card-invalid', stripe === undefined ? 'the sandbox takes the numbers of its own cards' : 'cards are entered at Stripe: no number is taken here')
  }

  router.use(['/api/plans', '/api/subscription', '/api/sandbox'], answerFaults(log))
  return router
}

/** Throws `request-invalid`, naming the first field that is wrong. */
function parse<Schema extends z.ZodType>(schema: Schema, given: unknown): z.output<Schema> {
  const parsed = schema.safeParse(given)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  throw new RequestFault('request-invalid', `${issue === undefined || issue.path.length === 0 ? 'the request' : issue.path.join('.')}: ${issue?.message ?? 'invalid'}`)
}

function answerFaults(log: FundingRoutesOptions['log']): ErrorRequestHandler {
  return (error: unknown, request, response, next) => {
    if (response.headersSent) return next(error)
    const status = isFault(error) ? (statuses[error.code] ?? 500) : error instanceof Error && 'status' in error && typeof error.status === 'number' ? error.status : 500
    if (status >= 500) log.error({ path: request.path, error: messageOf(error) }, 'a request failed')
    const code = isFault(error) && status < 500 ? error.code : status === 503 ? 'unavailable' : status < 500 ? 'request-invalid' : 'internal'
    response.status(status).json({ error: { code, message: status < 500 ? messageOf(error) : 'try again in a moment' } })
  }
}

function planJson({ id, name, price, asset, period, rate, pacing, pool, trialDays }: Plan, budget: bigint): object {
  return { id, name, price: String(price), budget: String(budget), rate: String(rate), pacing, pool, period, trialDays, assetCode: asset.code, assetScale: asset.scale }
}

function recordJson({ subscription, card, policy, funded, carried, periodBegunMs }: SubscriptionRecord, budgetOf: (plan: Plan) => bigint): object {
  const { status, plan, nextPlan, periodEndsMs, cancelled, pausing, retryAtMs } = subscription
  return {
    status, plan: planJson(plan, budgetOf(plan)), nextPlan: nextPlan === undefined ? null : planJson(nextPlan, budgetOf(nextPlan)), periodBegunMs, periodEndsMs, cancelled, pausing, retryAtMs: retryAtMs ?? null,
    card: { brand: card.brand, lastFour: card.lastFour }, policy, funded: String(funded), carried: String(carried),
  }
}

function statementJson({ rest, rolledOver, pooled, shares, counted: _counted, poolAttention: _read, ...statement }: Statement): object {
  return { ...statement, rest: String(rest), rolledOver: String(rolledOver), pooled: String(pooled), shares: sharesJson(shares) }
}

function previewJson({ rest, rolledOver, shares, pool }: Preview): object {
  const both = pool === undefined ? null : { month: pool.month, rule: pool.rule, proRata: sharesJson(pool.proRata), userCentric: sharesJson(pool.userCentric) }
  return { rest: String(rest), rolledOver: String(rolledOver), shares: sharesJson(shares), pool: both }
}

function poolJson({ month, rule, members, budget, proRata, userCentric }: PoolStatement): object {
  return { month, rule, members, budget: String(budget), proRata: sharesJson(proRata), userCentric: sharesJson(userCentric) }
}

function sharesJson(shares: Preview['shares']): object {
  return shares.map(({ id, amount }) => ({ payee: id, amount: String(amount) }))
}

const planAnswer = z.strictObject({
  id: z.string(), name: z.string(), price: unitsPart, budget: unitsPart, rate: unitsPart, pacing: z.enum(['stream', 'stretch']), pool: z.enum(['none', 'pro-rata', 'user-centric']), period: z.enum(['month', 'year']), trialDays: z.int(), ...assetParts,
})
const subscriptionAnswer = z.strictObject({
  status: z.enum(subscriptionStatuses), plan: planAnswer, nextPlan: planAnswer.nullable(), periodBegunMs: z.int(), periodEndsMs: z.int(), cancelled: z.boolean(), pausing: z.boolean(), retryAtMs: z.int().nullable(),
  card: z.strictObject({ brand: z.string(), lastFour: z.string() }), policy: policySchema, funded: unitsPart, carried: unitsPart, confirmation: z.string().nullable().meta({ description: 'Of a payment that waits for her: what the provider calls it.' }),
})
const sharesAnswer = z.array(z.strictObject({ payee: z.string(), amount: unitsPart }))
const statementAnswer = z.strictObject({ period: z.int(), begunMs: z.int(), endedMs: z.int(), policy: policySchema, rest: unitsPart, rolledOver: unitsPart, pooled: unitsPart, shares: sharesAnswer })
const bothWays = { month: z.string(), rule: z.enum(['pro-rata', 'user-centric']), proRata: sharesAnswer, userCentric: sharesAnswer }
const poolAnswer = z.strictObject({ ...bothWays, members: z.int(), budget: unitsPart })

/** What the API reference says of these routes. */
export const fundingApi = {
  'GET /api/plans': { summary: 'The plans on offer, and how cards are given: by number (sandbox) or on a page of the provider.', open: true, answer: z.strictObject({ plans: z.array(planAnswer), cards: z.enum(['number', 'page']) }) },
  'GET /api/subscription': { summary: 'The subscription, the statements of its periods, and the pots that it has paid into.', answer: z.strictObject({ subscription: subscriptionAnswer.nullable(), mayTry: z.boolean().meta({ description: 'Whether the free days of a plan are for her: only of her first one.' }), statements: z.array(statementAnswer), pools: z.array(poolAnswer) }) },
  'POST /api/subscription': { summary: 'Subscribes to a plan: charges the card, unless the plan begins with a trial.', body: bodies.subscribe, answer: z.strictObject({ subscription: subscriptionAnswer }) },
  'POST /api/subscription/plan': { summary: 'Changes the plan: a dearer one at once, any other with the next period.', body: bodies.plan },
  'POST /api/subscription/wishes': { summary: 'Ends, keeps, pauses or resumes the subscription.', body: bodies.wish },
  'PUT /api/subscription/card': { summary: 'Another card for all charges from now on.', body: bodies.card },
  'PUT /api/subscription/policy': { summary: 'How the rest of each budget is shared.', body: bodies.policy },
  'POST /api/subscription/preview': { summary: 'How the rest would be shared if the period ended now. Changes nothing.', body: bodies.policy, answer: z.strictObject({ rest: unitsPart, rolledOver: unitsPart, shares: sharesAnswer, pool: z.strictObject(bothWays).nullable() }) },
  'POST /api/sandbox/confirmations': { summary: 'Sandbox only: confirms a payment that waits, as a bank would.', body: bodies.confirmation },
}
