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
  readonly log: { info(about: object, message: string): void; warn(about: object, message: string): void; error(about: object, message: string): void }
}

const bodyBytesMax = 262_144
const questionBytesMax = 1_024
/** Why a report is not taken now. */
const refusals = {
  'amount-differs': { status: 409, message: 'the amount is not what was asked' },
  'charged-twice': { status: 409, message: 'there is another payment under the key of this one' },
  'charge-not-yet': { status: 503, message: 'the answer to the charge itself is not known yet: tell it again' },
} as const
const cardPageSchema = z.strictObject({ planId: z.string().regex(/^plan_[0-9a-z]{1,40}$/).optional() })

/**
 * `POST /webhooks/stripe`: 200 for what was taken, and for what is not ours; 503 for what is not known yet, so that it comes again. For her: `POST /api/stripe/card-pages` with `{planId?}` answers `{url}` of the page for a card, which leads back with the card and the plan; `GET /api/stripe/cards/SESSION` the card that
 * she entered there; `GET /api/stripe/confirmation` leads to the page where a payment that waits is confirmed, and `POST /api/stripe/checks` asks Stripe at once what became of it.
 */
export function stripeRoutes({ stripe, funding, entrance, asset, clock, log }: StripeRoutesOptions): Router {
  const router = Router()
  router.post('/webhooks/stripe', express.raw({ type: () => true, limit: bodyBytesMax }), async (request, response) => {
    const reference = stripe.referenceOf(request.body as Buffer, request.headers['stripe-signature']?.toString() ?? '', clock.nowMs())
    const learnt = reference === undefined ? 'not-ours' : await learn(reference)
    const refusal = learnt === 'taken' || learnt === 'not-ours' ? undefined : refusals[learnt]
    // Stripe sends what was not taken again, for three days.
    if (refusal !== undefined) return void response.status(refusal.status).json({ error: { code: learnt, message: refusal.message } })
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
  async function learn(reference: string): Promise<'taken' | 'not-ours' | keyof typeof refusals> {
    const charge = await funding.chargeAt(stripe.name, reference)
    if (charge === undefined) return unknown(reference)
    const { status, fee, dispute, paid, refunded } = await stripe.stateOf(reference, charge.asset)
    if (status !== 'pending' && status !== 'failed' && (paid.amount !== charge.amount || paid.currency !== charge.asset.code)) {
      log.error({ reference, asked: `${charge.amount} ${charge.asset.code}`, paid: `${paid.amount} ${paid.currency}` }, 'Stripe took another amount than was asked: nothing is booked')
      return 'amount-differs'
    }
    if (status === 'failed') await funding.reported(stripe.name, reference, 'failed')
    if (status === 'succeeded' || status === 'refunded') await funding.reported(stripe.name, reference, 'succeeded')
    const givenBack = status === 'refunded' ? status : status === 'succeeded' && refunded > 0n ? { refundedTo: refunded } : undefined
    // Before it was disputed; or after that was won, since nothing is given back of what is disputed.
    if (givenBack !== undefined) await funding.reported(stripe.name, reference, givenBack)
    if (dispute !== undefined) await funding.reported(stripe.name, reference, dispute)
    if (dispute !== undefined && givenBack !== undefined) await funding.reported(stripe.name, reference, givenBack)
    if (fee !== undefined) await funding.feeIs(stripe.name, reference, { fee, asset: charge.asset })
    return 'taken'
  }

  /** Whether what we know by no such name is another use of the same account, or ours, and the answer to our own question is on its way to us or was lost: it is asked again then, under the same key. */
  async function unknown(reference: string): Promise<'not-ours' | 'charge-not-yet' | 'charged-twice'> {
    const asked = await stripe.askedFor(reference)
    const awaited = asked === undefined ? 'no' : await funding.awaits(stripe.name, asked.key, reference)
    if (awaited === 'yes') return 'charge-not-yet'
    if (awaited === 'another' && asked?.paid === true) {
      log.error({ reference, charge: asked.key }, 'Stripe has charged twice what was asked once: give the second payment back in its dashboard')
      return 'charged-twice'
    }
    log.info({ reference }, 'a report of Stripe is about no payment of ours')
    return 'not-ours'
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
