/** Publishers' way to their account at Stripe, and where Stripe tells what happened. Mount on the receiver's port, before any body parser: signatures are over raw bytes. */
import { type Entrance, personOf } from '@rivulet/accounts'
import type { Id } from '@rivulet/ids'
import type { Clock } from '@rivulet/time'
import express, { Router } from 'express'
import { z } from 'zod'
import { answerFaults, type RoutesLog } from './http.ts'
import { netOf } from './payout.ts'
import type { PayoutStore } from './payout-store.ts'
import type { Payouts } from './payouts.ts'
import { attemptOf, takenBack } from './rails/stripe.ts'
import type { ConnectedState, StripeConnect } from './rails/stripe-connect.ts'
import type { StripeAccountStore } from './stripe-account-store.ts'

export interface StripePayoutRoutesOptions {
  readonly stripe: StripeConnect
  readonly connected: StripeAccountStore
  readonly payouts: Payouts
  readonly store: PayoutStore
  readonly entrance: Pick<Entrance, 'requireSession' | 'requireSameOrigin'>
  readonly clock: Clock
  readonly log: RoutesLog
}

const bodyBytesMax = 262_144

/**
 * `GET /api/payouts/stripe-account` answers how the publisher's account at Stripe stands, `POST` opens one and answers `{url}` of Stripe's page for it; `GET /payouts/stripe` leads to a fresh one
 * when a link has ended. `POST /webhooks/stripe-payouts` is for `transfer.*` events of our own account, and `account.updated` and `payout.*` of connected ones.
 */
export function stripePayoutRoutes({ stripe, connected, payouts, store, entrance, clock, log }: StripePayoutRoutesOptions): Router {
  const router = Router()
  const { asset } = payouts.terms

  /** Opened once for each person, also when two ask at once: Stripe knows the key, the first row stays. */
  const pageFor = async ({ id, email }: { readonly id: Id<'pers'>; readonly email: string }): Promise<string> => {
    const account = (await connected.of(id)) ?? (await connected.add(id, await stripe.openAccount(id, email), clock.nowMs()))
    return stripe.onboardingUrl(account)
  }

  router.get('/api/payouts/stripe-account', entrance.requireSession, async (_request, response) => {
    const account = await connected.of(personOf(response).id)
    const state: ConnectedState | undefined = account === undefined ? undefined : await stripe.stateOf(account)
    response.set('Cache-Control', 'no-store').json({ connected: account !== undefined, ready: state?.ready ?? false, due: state?.due ?? false, bankRefused: state?.bankRefused ?? null })
  })
  router.post('/api/payouts/stripe-account', entrance.requireSession, entrance.requireSameOrigin, async (_request, response) => {
    response.status(201).json({ url: await pageFor(personOf(response)) })
  })
  router.get('/payouts/stripe', entrance.requireSession, async (_request, response) => {
    response.set('Cache-Control', 'no-store').redirect(303, await pageFor(personOf(response)))
  })

  router.post('/webhooks/stripe-payouts', express.raw({ type: () => true, limit: bodyBytesMax }), async (request, response) => {
    const about = stripe.aboutOf(Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0), request.headers['stripe-signature']?.toString() ?? '', clock.nowMs())
    response.json({ taken: about.transfer !== undefined ? await transferMoved(about.transfer) : about.account !== undefined && (await accountChanged(about.account)) })
  })

  /** Whether a transfer is of ours. One that was taken back whole brings its payout back. */
  const transferMoved = async (id: string): Promise<boolean> => {
    const transfer = await stripe.transferById(id, asset)
    const named = attemptOf(transfer.group)
    const record = named && (await store.get(named.id))
    if (named === undefined || record === undefined || record.payout.rail !== 'stripe') return false
    const { payout } = record
    if (transfer.reversed === 0n || payout.attempt !== named.attempt) return true
    if (transfer.reversed !== transfer.amount || transfer.amount !== netOf(payout) || transfer.currency !== payout.asset.code) {
      log.error({ payout: payout.id, transfer: id, reversed: String(transfer.reversed), amount: String(transfer.amount) }, 'Stripe took back another amount than was paid out: nothing is booked')
      return true
    }
    if (payout.status === 'failed') return true
    // One that is not written down as sent yet is told again by Stripe.
    await payouts.decide(payout.id, { type: 'returned', reason: takenBack }, { kind: 'rail', id: 'stripe' })
    return true
  }

  /** Whether a connected account is of a publisher of ours. Her page asks Stripe itself, so there is nothing to write down. */
  const accountChanged = async (account: string): Promise<boolean> => {
    if (!(await connected.has(account))) return false
    const { bankRefused } = await stripe.stateOf(account)
    if (bankRefused !== undefined) log.error({ account, bankRefused }, 'Stripe could not pay a publisher’s bank: she must correct it at Stripe')
    return true
  }

  router.use(['/api/payouts/stripe-account', '/payouts/stripe', '/webhooks/stripe-payouts'], answerFaults(log))
  return router
}

/** What the API reference says of these routes. */
export const stripePayoutApi = {
  'GET /api/payouts/stripe-account': { summary: 'The account at Stripe, and what it still asks for.', answer: z.strictObject({ connected: z.boolean(), ready: z.boolean(), due: z.boolean(), bankRefused: z.string().nullable() }) },
  'POST /api/payouts/stripe-account': { summary: 'Opens one; answers the address of Stripe’s page.', answer: z.strictObject({ url: z.url() }) },
  'GET /payouts/stripe': { summary: 'Leads to Stripe’s page again.' },
  'POST /webhooks/stripe-payouts': { summary: 'Where Stripe reports; its signature is checked.', signed: true },
}
