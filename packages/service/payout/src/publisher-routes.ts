/** What a publisher sees and does about her payouts. Mount on the receiver's port; parses its own bodies. */
import { assetParts, type Entrance, personOf, unitsPart } from '@rivulet/accounts'
import express, { Router } from 'express'
import { z } from 'zod'
import { destinationSchema } from './destination.ts'
import { PayoutFault } from './fault.ts'
import { answerFaults, keySchema, parseBody, payoutAnswer, payoutJson, type RoutesLog, unitsSchema } from './http.ts'
import { feeShare, leastPayout } from './least.ts'
import { type RailName, railNames } from './payout.ts'
import type { Method, PayoutStore } from './payout-store.ts'
import type { Payee, Payouts } from './payouts.ts'
import { type PayoutTerms, stepOf } from './terms.ts'

export interface PublisherRoutesOptions {
  readonly payouts: Payouts
  readonly store: PayoutStore
  readonly entrance: Pick<Entrance, 'requireSession' | 'requireSameOrigin'>
  readonly log: RoutesLog
}

const bodyBytesMax = 16_384
const shownMax = 100
const amountSchema = z.union([z.literal('all'), unitsSchema])
const bodies = {
  method: z.strictObject({ destination: z.unknown(), schedule: z.enum(['none', 'daily', 'weekly', 'monthly']), threshold: unitsSchema }),
  quote: z.strictObject({ amount: amountSchema }),
  request: z.strictObject({ amount: amountSchema, key: keySchema }),
}

/** GET and POST `/api/payouts`, PUT `/api/payouts/method`, POST `/api/payouts/quotes`, POST `/api/payouts/:id/cancel` and `/retry`. Errors are `{error: {code, message}}`. */
export function publisherPayoutRoutes({ payouts, store, entrance, log }: PublisherRoutesOptions): Router {
  const router = Router()
  router.use('/api/payouts', entrance.requireSession, entrance.requireSameOrigin, express.json({ limit: bodyBytesMax }), (_request, response, next) => {
    response.set('Cache-Control', 'no-store')
    next()
  })

  router.get('/api/payouts', async (_request, response) => {
    const payee = payeeOf(personOf(response))
    const { terms, offered } = payouts
    const [available, method, records] = await Promise.all([payouts.available(payee.accountId), payouts.method(payee.accountId), store.list({ accountId: payee.accountId, limit: shownMax })])
    const timelines = await store.timelines(records.map(({ payout }) => payout.id))
    response.json({
      available: String(available), assetCode: payee.asset.code, assetScale: payee.asset.scale, minimum: String(terms.minimum), method: method === undefined ? null : methodJson(method),
      rails: offered.map((rail) => ({ rail, fixed: String(terms.fees[rail].fixed), basisPoints: terms.fees[rail].basisPoints, step: String(stepOf(rail, terms.asset)), ...proposalOf(rail, terms) })),
      payouts: records.map((record) => payoutJson(record, timelines.get(record.payout.id))),
    })
  })

  router.put('/api/payouts/method', async (request, response) => {
    response.json({ method: methodJson(await payouts.setMethod(payeeOf(personOf(response)), parseBody(bodies.method, request.body))) })
  })

  router.post('/api/payouts/quotes', async (request, response) => {
    const { amount, fee, net, rail, shown, approvalsNeeded } = await payouts.quote(payeeOf(personOf(response)), parseBody(bodies.quote, request.body).amount)
    response.json({ amount: String(amount), fee: String(fee), net: String(net), rail, destination: shown, approvalsNeeded })
  })

  router.post('/api/payouts', async (request, response) => {
    const person = personOf(response)
    const { amount, key } = parseBody(bodies.request, request.body)
    const record = await payouts.request({ payee: payeeOf(person), amount, key, by: { kind: 'publisher', id: person.id } })
    response.status(201).json({ payout: payoutJson(record) })
  })

  for (const type of ['cancel', 'retry'] as const) {
    router.post(`/api/payouts/:id/${type}`, async (request, response) => {
      const person = personOf(response)
      const { accountId } = payeeOf(person)
      const record = await store.get(request.params.id)
      // Another's payout is as unknown as none.
      if (record?.payout.accountId !== accountId) throw new PayoutFault('payout-unknown', 'there is no such payout')
      response.json({ payout: payoutJson(await payouts.decide(record.payout.id, { type }, { kind: 'publisher', id: person.id })) })
    })
  }

  router.use('/api/payouts', answerFaults(log))
  return router
}

/** Throws `request-invalid` for an account that is not complete. */
function payeeOf({ id, walletAddress }: ReturnType<typeof personOf>): Payee {
  if (walletAddress === undefined) throw new PayoutFault('request-invalid', 'sign in again to complete this account')
  return { personId: id, accountId: walletAddress.ledgerAccountId, asset: walletAddress.asset }
}

/** From which amount on a payout is worth its fee, and worth proposing. Null where nothing is taken, or too much of any. */
function proposalOf(rail: RailName, terms: PayoutTerms): object {
  const free = [terms.fees[rail], terms.costs?.[rail]].every((fee) => fee === undefined || (fee.fixed === 0n && fee.basisPoints === 0))
  if (free) return { proposed: null, least: null }
  const [proposed, least] = [leastPayout(rail, terms, feeShare.warned), leastPayout(rail, terms, feeShare.alarming)]
  return { proposed: proposed === undefined ? null : String(proposed), least: least === undefined ? null : String(least) }
}

function methodJson({ rail, shown, schedule, threshold, dueMs }: Method): object {
  return { rail, destination: shown, schedule, threshold: String(threshold), dueMs: dueMs ?? null }
}

const methodAnswer = z.strictObject({ rail: z.enum(railNames), destination: z.string(), schedule: bodies.method.shape.schedule, threshold: unitsPart, dueMs: z.int().nullable() })
const payoutsAnswer = z.strictObject({
  available: unitsPart, ...assetParts, minimum: unitsPart, method: methodAnswer.nullable(), payouts: z.array(payoutAnswer),
  rails: z.array(z.strictObject({ rail: z.enum(railNames), fixed: unitsPart, basisPoints: z.int(), step: unitsPart, proposed: unitsPart.nullable(), least: unitsPart.nullable() })),
})
const quoteAnswer = z.strictObject({ amount: unitsPart, fee: unitsPart, net: unitsPart, rail: z.enum(railNames), destination: z.string(), approvalsNeeded: z.int().min(0).max(2) })
const oneAnswer = z.strictObject({ payout: payoutAnswer })

/** What the API reference says of these routes. */
export const publisherPayoutApi = {
  'GET /api/payouts': { summary: 'What can be paid out, how, and all payouts.', answer: payoutsAnswer },
  'PUT /api/payouts/method': { summary: 'Where payouts go, and when.', body: z.strictObject({ ...bodies.method.shape, destination: destinationSchema }), answer: z.strictObject({ method: methodAnswer }) },
  'POST /api/payouts/quotes': { summary: 'What a payout would cost.', body: bodies.quote, answer: quoteAnswer },
  'POST /api/payouts': { summary: 'Asks for one. The same key is the same payout.', body: bodies.request, answer: oneAnswer },
  'POST /api/payouts/:id/cancel': { summary: 'Takes it back before it is sent.', answer: oneAnswer },
  'POST /api/payouts/:id/retry': { summary: 'Sends one again that came back or failed.', answer: oneAnswer },
}
