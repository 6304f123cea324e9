/** Where Stripe tells what happened, and the way to its pages. Mount on the wallet's port, before any body parser: signatures are over raw bytes. */
import { type Entrance, personOf } from '@rivulet/accounts'
import { isFault, messageOf } from '@rivulet/faults'
import type { Asset } from '@rivulet/money'
import type { Clock } from '@rivulet/time'
import express, { type ErrorRequestHandler, Router } from 'express'
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

/** `POST /webhooks/stripe`; `POST /api/stripe/card-pages` answers `{url}` of the page for a card, `GET /api/stripe/confirmation` leads to the page where a payment that waits is confirmed. */
export function stripeRoutes({ stripe, funding, entrance, asset, clock, log }: StripeRoutesOptions): Router {
  const router = Router()
  router.post('/webhooks/stripe', express.raw({ type: () => true, limit: bodyBytesMax }), async (request, response) => {
    const reference = stripe.referenceOf(request.body as Buffer, request.headers['stripe-signature']?.toString() ?? '', clock.nowMs())
    const charge = reference === undefined ? undefined : await funding.chargeAt(stripe.name, reference)
    // Of another use of the same account, or one whose direct answer is on its way to us.
    if (reference === undefined || charge === undefined) return void response.json({ taken: false })
    const { status, fee, paid } = await stripe.stateOf(reference, charge.asset)
    if (status !== 'pending' && status !== 'failed' && (paid.amount !== charge.amount || paid.currency !== charge.asset.code)) {
      log.error({ reference, asked: `${charge.amount} ${charge.asset.code}`, paid: `${paid.amount} ${paid.currency}` }, 'Stripe took another amount than was asked: nothing is booked')
      return void response.status(409).json({ error: { code: 'amount-differs', message: 'the amount is not what was asked' } })
    }
    if (status === 'failed') await funding.reported(stripe.name, reference, 'failed')
    if (status === 'succeeded' || status === 'disputed' || status === 'refunded') await funding.reported(stripe.name, reference, 'succeeded')
    if (status === 'disputed' || status === 'refunded') await funding.reported(stripe.name, reference, status)
    if (fee !== undefined) await funding.feeIs(stripe.name, reference, { fee, asset: charge.asset })
    response.json({ taken: true })
  })
  router.post('/api/stripe/card-pages', entrance.requireSession, entrance.requireSameOrigin, async (_request, response) => {
    response.status(201).json({ url: await stripe.cardPage(personOf(response).id, asset) })
  })
  router.get('/api/stripe/confirmation', entrance.requireSession, async (_request, response) => {
    const record = await funding.of(personOf(response).id)
    const reference = record === undefined ? undefined : await funding.waitsForHer(record.subscription.id)
    const url = reference === undefined ? undefined : await stripe.confirmationUrl(reference)
    response.set('Cache-Control', 'no-store').redirect(303, url ?? '/subscription')
  })
  const answerFaults: ErrorRequestHandler = (error: unknown, _request, response, next) => {
    const status = isFault(error) ? { 'webhook-invalid': 400, 'provider-away': 503 }[error.code] : undefined
    if (status === undefined || response.headersSent) return next(error)
    if (status === 503) log.warn({ err: messageOf(error) }, 'Stripe could not be asked')
    response.status(status).json({ error: { code: isFault(error) ? error.code : 'internal', message: messageOf(error) } })
  }
  router.use(['/webhooks/stripe', '/api/stripe'], answerFaults)
  return router
}
