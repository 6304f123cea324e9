/** What operators see of subscriptions, and do about them. Mount on the operator's port; parses its own bodies. */
import { type Accounts, answerRefusals, type Entrance, personOf } from '@rivulet/accounts'
import { actionOf, type AuditLog } from '@rivulet/audit'
import { Fault } from '@rivulet/faults'
import { isId } from '@rivulet/ids'
import express, { Router } from 'express'
import { z } from 'zod'
import type { Funding } from '../funding.ts'
import { overseenStates, type SubscriptionLine, type SubscriptionListStore } from './subscription-list-store.ts'

export interface OverseenOptions {
  readonly store: SubscriptionListStore
  readonly funding: Pick<Funding, 'ask' | 'chargeAgain' | 'statements'>
  readonly accounts: Pick<Accounts, 'search' | 'personById'>
  readonly entrance: Pick<Entrance, 'requireSession' | 'requireSameOrigin'>
  readonly audit: Pick<AuditLog, 'around' | 'list'>
  readonly nowMs: () => number
}

class OverseenFault extends Fault<'request-invalid' | 'subscription-unknown'> {}

const bodyBytesMax = 4_096
const pageSize = 50
const linesMax = 200
/** People that a search text may mean. */
const peopleMax = 500
const text = z.string().trim().max(200)
const listQuery = z.strictObject({ state: z.enum(overseenStates).optional(), plan: text.optional(), text: text.default(''), before: text.optional() })
const reasonBody = z.strictObject({ reason: z.string().trim().min(3).max(500) })
const statuses: Readonly<Record<string, number>> = { 'request-invalid': 400, 'subscription-unknown': 404, 'not-subscribed': 409, 'subscription-state': 409, 'provider-away': 503, 'database-unavailable': 503 }

/**
 * GET `/api/subscriptions?state&plan&text&before`, `/api/subscriptions/:id` with its timeline; POST `/api/subscriptions/:id/cancel`, `/keep`, `/retry`, each with `{reason}` and written to the audit log before and after. Payments are given back by
 * their invoices: `refundRoutes`.
 */
export function overseenRoutes({ store, funding, accounts, entrance, audit, nowMs }: OverseenOptions): Router {
  const router = Router()
  router.use('/api/subscriptions', entrance.requireSession, entrance.requireSameOrigin, express.json({ limit: bodyBytesMax }), (_request, response, next) => {
    response.set('Cache-Control', 'no-store')
    next()
  })
  const known = async (id: string): Promise<SubscriptionLine> => {
    const line = isId('subs', id) ? await store.one(id) : undefined
    if (line === undefined) throw new OverseenFault('subscription-unknown', 'there is no such subscription')
    return line
  }
  const written = async (line: SubscriptionLine): Promise<object> => {
    const person = await accounts.personById(line.personId)
    const { asset, price, retryAtMs, waitsUntilMs, ...rest } = line
    return { ...rest, price: String(price), assetCode: asset.code, assetScale: asset.scale, retryAtMs: retryAtMs ?? null, waitsUntilMs: waitsUntilMs ?? null, name: person?.name ?? null, email: person?.email ?? null }
  }

  router.get('/api/subscriptions', async (request, response) => {
    const { state, plan, text: wanted, before } = parse(listQuery, request.query)
    const people = wanted === '' || isId('subs', wanted) ? undefined : (await accounts.search({ role: 'subscriber', text: wanted, frozenOnly: false, before: undefined, limit: peopleMax })).map(({ id }) => id)
    const named = isId('subs', wanted) ? await store.one(wanted) : undefined
    const lines = isId('subs', wanted) ? (named === undefined ? [] : [named]) : await store.list({ state, plan, people, before, limit: pageSize + 1 })
    const { name, email } = personOf(response)
    response.json({ person: { name, email }, subscriptions: await Promise.all(lines.slice(0, pageSize).map(written)), more: lines.length > pageSize, counts: await store.counts(), plans: await store.plans() })
  })

  router.get('/api/subscriptions/:id', async (request, response) => {
    const line = await known(request.params.id)
    const [shown, charges, open, statements, documents, acts] = await Promise.all([
      written(line), store.charges(line.id, linesMax), store.open(line.id), funding.statements(line.id), store.documents(line.id, linesMax), audit.list({ subject: line.id, limit: linesMax }),
    ])
    const timeline = [
      { kind: 'begun', atMs: line.begunMs },
      ...charges.map(({ askedMs, settledMs, amount, refunded, ...charge }) => ({ kind: 'charge', atMs: settledMs ?? askedMs, ...charge, amount: String(amount), refunded: String(refunded) })),
      ...statements.map(({ period, endedMs, rest, rolledOver, shares }) => ({ kind: 'shared', atMs: endedMs, period, rest: String(rest), rolledOver: String(rolledOver), shares: shares.length })),
      ...documents.map(({ issuedMs, ...document }) => ({ ...document, atMs: issuedMs })),
      ...acts.map(({ atMs, name, reason, result }) => ({ kind: 'action', atMs, name, reason: reason ?? null, result })),
    ].toSorted((one, other) => other.atMs - one.atMs)
    const { name, email } = personOf(response)
    response.json({ person: { name, email }, subscription: shown, open, timeline })
  })

  const does: Readonly<Record<'cancel' | 'keep' | 'retry', (line: SubscriptionLine) => Promise<void>>> = {
    cancel: ({ personId }) => funding.ask(personId, { type: 'cancel' }),
    keep: ({ personId }) => funding.ask(personId, { type: 'keep' }),
    retry: ({ id }) => funding.chargeAgain(id),
  }
  for (const [verb, work] of Object.entries(does)) {
    router.post(`/api/subscriptions/:id/${verb}`, async (request, response) => {
      const { reason } = parse(reasonBody, request.body)
      const line = await known((request.params as { readonly id: string }).id)
      if (line.state === 'ended') throw new OverseenFault('request-invalid', 'this subscription has ended: nothing can be done about it but giving payments back')
      await audit.around(actionOf(response, { operator: personOf(response).id, name: `subscription.${verb}`, subject: line.id, reason }), nowMs, () => work(line))
      response.status(204).end()
    })
  }
  router.use('/api/subscriptions', answerRefusals(statuses))
  return router
}

function parse<Schema extends z.ZodType>(schema: Schema, given: unknown): z.output<Schema> {
  const parsed = schema.safeParse(given ?? {})
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  throw new OverseenFault('request-invalid', `${issue === undefined || issue.path.length === 0 ? 'the request' : issue.path.join('.')}: ${issue?.message ?? 'invalid'}`)
}

/** What the API reference says of these routes. */
export const overseenApi = {
  'GET /api/subscriptions': { summary: 'Finds subscriptions.', query: listQuery },
  'GET /api/subscriptions/:id': { summary: 'A subscription with its timeline.' },
  'POST /api/subscriptions/:id/cancel': { summary: 'Ends it with its period.', body: reasonBody },
  'POST /api/subscriptions/:id/keep': { summary: 'Takes that back.', body: reasonBody },
  'POST /api/subscriptions/:id/retry': { summary: 'Charges a failed renewal again now.', body: reasonBody },
}
