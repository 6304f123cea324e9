/** The auth server's surface for people: what a client asks for, the decision, the way back to the client; and what was agreed to, to be taken back. */
import { type Accounts, assetParts, type Entrance, personOf, personPart, proofSchema, signedInSinceMs, unitsPart } from '@rivulet/accounts'
import { messageOf } from '@rivulet/faults'
import { type Access, accessListSchema, type Gnap, GnapFault, type GnapFaultCode, type Grant, type Interaction, intervalAt, intervalEndMs } from '@rivulet/gnap'
import type { Id } from '@rivulet/ids'
import type { Asset } from '@rivulet/money'
import type { Clock } from '@rivulet/time'
import express, { type ErrorRequestHandler, type Request, type Response, Router } from 'express'
import { z } from 'zod'
import { answerFaults, type FaultLog, routeOf, unforeseen } from '../answer-faults.ts'
import { refusalOf } from './fault.ts'
import { finishAddress } from './finish-address.ts'
import { limitRate } from './limit-rate.ts'

/** What payments under a grant took from the account in one interval, and what they brought, units. */
export interface GrantSpending {
  readonly debit: bigint
  readonly asset: Asset
  /** Undefined when the receivers have different assets. */
  readonly receive: bigint | undefined
  readonly receiveAsset: Asset
}

export interface ConsentOptions {
  /** As AuthServerOptions.publicUrl. */
  readonly publicUrl: string
  readonly gnap: Gnap
  readonly accounts: Pick<Accounts, 'walletAddresses'>
  readonly entrance: Entrance
  /** @param intervalStartMs 0 for a grant whose limits do not repeat */
  readonly spending?: ((grantId: Id<'grnt'>, intervalStartMs: number) => Promise<GrantSpending | undefined>) | undefined
  readonly clock: Clock
  readonly log: FaultLog
}

/** Whoever signed in so long ago shows once more that it is she before an application may pay: a browser that was left open somewhere is not enough. */
const provenForMs = 300_000
const bodyBytesMax = 16_384
/** Of one address: pages are opened by people. */
const rate = { burst: 120, perSecond: 5 }

const refuse = (response: Response): void => void response.json({ error: { code: 'too-many-requests', message: 'too many requests from this address: wait a little' } })

const statuses: Partial<Record<GnapFaultCode, number>> = {
  'interaction-unknown': 404,
  'interaction-foreign': 403,
  'grant-decided': 409,
  'grant-not-accepted': 409,
  'grant-ended': 410,
  'grant-unknown': 404,
}

/**
 * `GET /api/interactions/:id/:nonce`, and `POST` to its `/accept` (`{next, confirming}`), `/confirm` (`{password}` or `{passkey}`, while it is `confirming`) and `/decline`; `GET /auth/interact/:id/:nonce/finish`; `GET /api/grants` (`?past=1` for what is over,
 * `?cursor=` for the next page), `DELETE /api/grants/:id`. The page at `/auth/interact/:id/:nonce` is the entrance's. Mount behind the entrance's own handler.
 */
export function consentRoutes(options: ConsentOptions): Router {
  const router = Router()
  router.use(['/api/interactions', '/api/grants', '/auth/interact'], limitRate(options.clock, rate, refuse), (_request, response, next) => {
    response.set({ 'Cache-Control': 'no-store', 'Referrer-Policy': 'no-referrer' })
    next()
  })
  interactionRoutes(router, options)
  grantRoutes(router, options)
  router.use(['/api/interactions', '/api/grants'], answerPeople(options.log))
  router.use('/auth/interact', answerFaults(options.log, refusalOf, (status) => (status < 500 ? 'invalid_interaction' : 'request_denied')))
  return router
}

function interactionRoutes(router: Router, { publicUrl, gnap, accounts, entrance, clock }: ConsentOptions): void {
  const grantEndpoint = `${publicUrl}/auth`
  const nextOf = (interaction: Interaction, { finishUri }: Grant): string | null => (finishUri === undefined ? null : `${grantEndpoint}/interact/${interaction.id}/${interaction.nonce}/finish`)

  router.get('/api/interactions/:id/:nonce', async (request, response) => {
    const interaction = interactionOf(request)
    const grant = await gnap.interaction(interaction)
    const person = await entrance.session(request)
    const addresses = person === undefined ? [] : await accounts.walletAddresses(person.id)
    response.json({
      ...grantAnswer(grant, clock.nowMs()),
      state: grant.state === 'issued' ? 'ended' : grant.state,
      expiresInMs: Math.max(0, (grant.expiresMs ?? 0) - clock.nowMs()),
      next: nextOf(interaction, grant),
      person: person === undefined ? null : { name: person.name, email: person.email },
      mine: person === undefined ? null : namedBy(grant).every((url) => addresses.some((address) => address.url === url)),
    })
  })

  router.post('/api/interactions/:id/:nonce/accept', entrance.requireSameOrigin, entrance.requireSession, async (request, response) => {
    const interaction = interactionOf(request)
    const { id } = personOf(response)
    const { access } = await gnap.interaction(interaction)
    const confirm = access.some(({ type, actions }) => type === 'outgoing-payment' && actions.includes('create')) && clock.nowMs() - signedInSinceMs(response) > provenForMs
    await gnap.accept(interaction, { id, walletAddresses: (await accounts.walletAddresses(id)).map(({ url }) => url) }, { confirm })
    response.json({ next: confirm ? null : nextOf(interaction, await gnap.interaction(interaction)), confirming: confirm })
  })

  router.post('/api/interactions/:id/:nonce/confirm', entrance.requireSameOrigin, entrance.requireSession, express.json({ limit: bodyBytesMax }), async (request, response) => {
    const interaction = interactionOf(request)
    const proof = proofSchema.safeParse(request.body)
    if (!proof.success) {
      response.status(400).json({ error: { code: 'body-invalid', message: 'send your password, or the answer of a passkey' } })
      return
    }
    if (!(await entrance.prove(response, proof.data))) return
    await gnap.confirm(interaction, personOf(response).id)
    response.json({ next: nextOf(interaction, await gnap.interaction(interaction)) })
  })

  router.post('/api/interactions/:id/:nonce/decline', entrance.requireSameOrigin, async (request, response) => {
    const interaction = interactionOf(request)
    await gnap.decline(interaction)
    response.json({ next: nextOf(interaction, await gnap.interaction(interaction)) })
  })

  router.get('/auth/interact/:id/:nonce/finish', async (request, response) => {
    const person = await entrance.session(request)
    response.redirect(302, finishAddress(await gnap.finish(interactionOf(request), person?.id), grantEndpoint))
  })
}

function grantRoutes(router: Router, { gnap, entrance, spending, clock }: ConsentOptions): void {
  router.get('/api/grants', entrance.requireSession, async (request, response) => {
    const { id: personId, name, email } = personOf(response)
    const { past, cursor } = request.query
    const { grants, next } = await gnap.grantsOf(personId, { past: past === '1', after: typeof cursor === 'string' ? cursor : undefined })
    const shown = grants.map(async (grant) => {
      const ended = grant.state === 'ended'
      const endedAtMs = ended ? (grant.endedMs ?? grant.expiresMs ?? null) : null
      // What is over shows the interval in which it ended.
      const atMs = endedAtMs ?? clock.nowMs()
      const text = repeating(grant)
      const spent = await spending?.(grant.id, text === undefined ? 0 : (intervalAt(text, atMs)?.startMs ?? 0))
      return {
        ...grantAnswer(grant, atMs), id: grant.id, createdAtMs: grant.createdMs, expiresAtMs: grant.expiresMs ?? null, endedAtMs, state: !ended ? 'live' : grant.endedMs === undefined ? 'expired' : 'revoked',
        spent: spent === undefined ? null : spentAnswer(spent),
      }
    })
    response.json({ person: { name, email }, grants: await Promise.all(shown), next: next ?? null })
  })

  router.delete('/api/grants/:id', entrance.requireSameOrigin, entrance.requireSession, async (request, response) => {
    await gnap.endOf(personOf(response).id, String(request.params['id']))
    response.status(204).end()
  })
}

/** What a person is told of a grant: who asks, and for what. */
function grantAnswer(grant: Grant, nowMs: number): object {
  const text = repeating(grant)
  const interval = text === undefined ? undefined : intervalAt(text, nowMs)
  return {
    client: { name: grant.client.name ?? null, walletAddress: grant.client.id },
    access: grant.access,
    subject: grant.subject ?? null,
    interval: interval === undefined ? null : { startMs: interval.startMs, endMs: interval.endMs },
    untilMs: text === undefined ? null : (intervalEndMs(text) ?? null),
  }
}

function spentAnswer({ debit, asset, receive, receiveAsset }: GrantSpending): object {
  return {
    debitAmount: { value: debit.toString(), assetCode: asset.code, assetScale: asset.scale },
    receiveAmount: receive === undefined ? null : { value: receive.toString(), assetCode: receiveAsset.code, assetScale: receiveAsset.scale },
  }
}

/** The repeating interval of the limits of payments, if they have one. */
function repeating({ access }: Grant): string | undefined {
  return access.flatMap((one) => (one.type === 'outgoing-payment' && one.limits?.interval !== undefined ? [one.limits.interval] : []))[0]
}

/** The wallet addresses that a grant is about. */
function namedBy({ access, subject }: Grant): readonly string[] {
  const named = (one: Access): readonly string[] => ('identifier' in one && one.identifier !== undefined ? [one.identifier] : [])
  return [...access.flatMap(named), ...(subject === undefined ? [] : [subject])]
}

function interactionOf(request: Request): Interaction {
  return { id: String(request.params['id']), nonce: String(request.params['nonce']) }
}

/** As all answers to the dashboard: `{error: {code, message}}`. */
function answerPeople(log: FaultLog): ErrorRequestHandler {
  return (error: unknown, request, response, next) => {
    if (response.headersSent) return next(error)
    const known = error instanceof GnapFault ? statuses[error.code] : undefined
    if (error instanceof GnapFault && known !== undefined) {
      response.status(known).json({ error: { code: error.code, message: error.message } })
      return
    }
    const { status, code, description } = unforeseen(error, (given) => (given === 503 ? 'database-unavailable' : given < 500 ? 'request-invalid' : 'internal'))
    if (status >= 500) log.error({ path: routeOf(request), error: messageOf(error) }, 'a request failed')
    response.status(status).json({ error: { code, message: description } })
  }
}

const grantParts = {
  client: z.strictObject({ name: z.string().nullable(), walletAddress: z.string() }), access: accessListSchema, subject: z.string().nullable(),
  interval: z.strictObject({ startMs: z.int(), endMs: z.int() }).nullable(), untilMs: z.int().nullable().meta({ description: 'When the last interval ends, where they do.' }),
}
const amountPart = z.strictObject({ value: unitsPart, ...assetParts })
/** Where the browser goes next: back to the application, where it wants that. */
const nextPart = z.string().nullable()
const interactionAnswer = z.strictObject({
  ...grantParts, state: z.enum(['asked', 'confirming', 'accepted', 'declined', 'ended']), expiresInMs: z.int(), next: nextPart, person: personPart.nullable(),
  mine: z.boolean().nullable().meta({ description: 'Whether all wallet addresses that it is about are those of who is signed in; null for a visitor.' }),
})
const grantsAnswer = z.strictObject({
  person: personPart, next: z.string().nullable(),
  grants: z.array(z.strictObject({
    ...grantParts, id: z.string(), createdAtMs: z.int(), expiresAtMs: z.int().nullable(), endedAtMs: z.int().nullable(), state: z.enum(['live', 'expired', 'revoked']),
    spent: z.strictObject({ debitAmount: amountPart, receiveAmount: amountPart.nullable() }).nullable().meta({ description: 'Of the interval, or of the whole grant where its limits do not repeat.' }),
  })),
})

/** What the API reference says of these routes. */
export const consentApi = {
  'GET /api/interactions/:id/:nonce': { summary: 'What an application asks for.', open: true, answer: interactionAnswer },
  'POST /api/interactions/:id/:nonce/accept': { summary: 'Agrees. Where an application may then pay and one signed in some time ago, it is `confirming` until one has shown again who one is.', answer: z.strictObject({ next: nextPart, confirming: z.boolean() }) },
  'POST /api/interactions/:id/:nonce/confirm': { summary: 'Shows that it is she who agreed.', body: proofSchema, answer: z.strictObject({ next: nextPart }) },
  'POST /api/interactions/:id/:nonce/decline': { summary: 'Refuses.', open: true, answer: z.strictObject({ next: nextPart }) },
  'GET /auth/interact/:id/:nonce/finish': { summary: 'Leads the browser back to the application.', open: true },
  'GET /api/grants': { summary: 'What applications may do, with what was spent of it; `past=1` for what is over.', query: z.object({ past: z.literal('1').optional(), cursor: z.string().optional() }), answer: grantsAnswer },
  'DELETE /api/grants/:id': { summary: 'Takes it back, at once.' },
}
