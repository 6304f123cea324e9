/** Where Stripe tells what happened, and the way to its pages. Mount on the wallet's port, before any body parser: signatures are over raw bytes. */
import { type Entrance, personOf } from '@rivulet/accounts'
import { isFault, messageOf } from '@rivulet/faults'
import type { Asset } from '@rivulet/money'
import type { Clock } from '@rivulet/time'
import express, { type ErrorRequestHandler, type Response, Router } from 'express'
import { z } from 'zod'
import type { Funding } from '../funding.ts'
import type { StripeProvider } from './stripe.ts'

export interface StripeRoutesOptions {
  readonly stripe: StripeProvider
  readonly funding: Funding
  readonly entrance: Pick<Entrance, 'requireSession' | 'requireSameOrigin'>
  readonly asset: Asset
  readonly clock: Clock
  readonly log: { warn(about: object, message: string): void; error(about: object, message: string): void }
}

const bodyBytesMax = 262_144
const questionBytesMax = 1_024
const cardPageSchema = z.strictObject({ planId: z.string().regex(/^plan_[0-9a-z]{1,40}$/).optional() })

/**
 * `POST /webhooks/stripe`. For her: `POST /api/stripe/card-pages` with `{planId?}` answers `{url}` of the page for a card, which leads back with the card and the plan; `GET /api/stripe/cards/SESSION` the card that
 * she entered there; `GET /api/stripe/confirmation` leads to the page where a payment that waits is confirmed, and `POST /api/stripe/checks` asks Stripe at once what became of it.
 */
export function stripeRoutes({ stripe, funding, entrance, asset, clock, log }: StripeRoutesOptions): Router {
  const router = Router()
  router.post('/webhooks/stripe', express.raw({ type: () => true, limit: bodyBytesMax }), async (request, response) => {
    const reference = stripe.referenceOf(request.body as Buffer, request.headers['stripe-signature']?.toString() ?? '', clock.nowMs())
    const learnt = reference === undefined ? 'not-ours' : await learn(reference)
    if (learnt === 'amount-differs') return void response.status(409).json({ error: { code: 'amount-differs', message: 'the amount is not what was asked' } })
    response.json({ taken: learnt === 'taken' })
  })
  router.post('/api/stripe/card-pages', entrance.requireSession, entrance.requireSameOrigin, express.json({ limit: questionBytesMax }), async (request, response) => {
    const asked = cardPageSchema.safeParse(request.body ?? {})
    if (!asked.success) return void response.status(400).json({ error: { code: 'request-invalid', message: 'name the plan, or nothing' } })
    response.status(201).json({ url: await stripe.cardPage(personOf(response).id, asset, asked.data.planId) })
  })
  router.get('/api/stripe/cards/:session', entrance.requireSession, async (request, response) => {
    const { brand, lastFour } = await stripe.card(String(request.params['session']), personOf(response).id)
    response.set('Cache-Control', 'no-store').json({ brand, lastFour })
  })
  router.get('/api/stripe/confirmation', entrance.requireSession, async (_request, response) => {
    const reference = await waiting(response)
    const url = reference === undefined ? undefined : await stripe.confirmationUrl(reference)
    response.set('Cache-Control', 'no-store').redirect(303, url ?? '/subscription')
  })
  router.post('/api/stripe/checks', entrance.requireSession, entrance.requireSameOrigin, async (_request, response) => {
    const reference = await waiting(response)
    if (reference !== undefined) await learn(reference)
    response.status(204).end()
  })

  /** Books what is true at Stripe about a charge of ours, as often as it is asked for. */
  async function learn(reference: string): Promise<'taken' | 'not-ours' | 'amount-differs'> {
    const charge = await funding.chargeAt(stripe.name, reference)
    // Of another use of the same account, or one whose direct answer is on its way to us.
    if (charge === undefined) return 'not-ours'
    const { status, fee, dispute, paid, refunded } = await stripe.stateOf(reference, charge.asset)
    if (status !== 'pending' && status !== 'failed' && (paid.amount !== charge.amount || paid.currency !== charge.asset.code)) {
      log.error({ reference, asked: `${charge.amount} ${charge.asset.code}`, paid: `${paid.amount} ${paid.currency}` }, 'Stripe took another amount than was asked: nothing is booked')
      return 'amount-differs'
    }
    if (status === 'failed') await funding.reported(stripe.name, reference, 'failed')
    if (status === 'succeeded' || status === 'refunded') await funding.reported(stripe.name, reference, 'succeeded')
    if (dispute !== undefined) await funding.reported(stripe.name, reference, dispute)
    if (status === 'refunded') await funding.reported(stripe.name, reference, status)
    if (status === 'succeeded' && refunded > 0n) await funding.reported(stripe.name, reference, { refundedTo: refunded })
    if (dispute !== undefined) await funding.disputeCostIs(stripe.name, reference, dispute)
    if (fee !== undefined) await funding.feeIs(stripe.name, reference, { fee, asset: charge.asset })
    return 'taken'
  }

  /** What Stripe calls the payment of hers that waits for her. */
  async function waiting(response: Response): Promise<string | undefined> {
    const record = await funding.of(personOf(response).id)
    return record === undefined ? undefined : funding.waitsForHer(record.subscription.id)
  }

  const answerFaults: ErrorRequestHandler = (error: unknown, _request, response, next) => {
    const status = isFault(error) ? { 'webhook-invalid': 400, 'card-invalid': 400, 'provider-away': 503 }[error.code] : undefined
    if (status === undefined || response.headersSent) return next(error)
    if (status === 503) log.warn({ err: messageOf(error) }, 'Stripe could not be asked')
    response.status(status).json({ error: { code: isFault(error) ? error.code : 'internal', message: messageOf(error) } })
  }
  router.use(['/webhooks/stripe', '/api/stripe'], answerFaults)
  return router
}

/** What the API reference says of these routes. */
export const stripeApi = {
  'POST /webhooks/stripe': { summary: 'Where Stripe reports; its signature is checked.', signed: true },
  'POST /api/stripe/card-pages': { summary: 'The address of Stripe’s page for a card.', body: cardPageSchema },
  'GET /api/stripe/cards/:session': { summary: 'The card that was entered there.' },
  'GET /api/stripe/confirmation': { summary: 'Leads to the page where a payment that waits is confirmed.' },
  'POST /api/stripe/checks': { summary: 'Asks Stripe at once what became of a payment that waits.' },
}
