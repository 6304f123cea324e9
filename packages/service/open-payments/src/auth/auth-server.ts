/** The auth server's HTTP surface for clients: GNAP (RFC 9635) as Open Payments narrows it. Every request is signed by the client's key. */
import type { Accounts, WalletAddress } from '@rivulet/accounts'
import { type Access, accessListSchema, type Gnap, type Grant, type GrantClient, intervalEndMs, type IssuedToken, needsInteraction } from '@rivulet/gnap'
import { keyIdOf, SignatureFault } from '@rivulet/http-signature'
import type { Clock } from '@rivulet/time'
import { type Request, Router } from 'express'
import { z } from 'zod'
import { answerFaults, type FaultLog } from '../answer-faults.ts'
import { tokenOf } from '../signed/require-token.ts'
import { checkSignature, type ClientKeys, jsonOf, publicKeyOf, rawBody, signedRequestOf, type Signer } from '../signed/signed-request.ts'
import type { ClientNames } from './client-names.ts'
import { AuthFault, refusalOf } from './fault.ts'
import { continueRequest, grantRequest, type GrantRequestBody, parseContinueRequest, parseGrantRequest, thumbprintOf } from './grant-request.ts'
import { limitRate } from './limit-rate.ts'

export interface AuthServerOptions {
  /** Origin under which clients reach this server. Wallet addresses name `/auth` below it as their authServer. */
  readonly publicUrl: string
  readonly gnap: Gnap
  readonly clientKeys: ClientKeys
  readonly clientNames: ClientNames
  readonly accounts: Pick<Accounts, 'walletAddressByUrl'>
  /** Whether outgoing payments and quotes exist here: on the subscribers' server. */
  readonly pays: boolean
  readonly clock: Clock
  readonly log: FaultLog
}

/** Of one address, which may be another wallet's server that asks for all its people. */
const rate = { burst: 2_000, perSecond: 200 }

/** `POST /auth` and what it hands out: continuation, tokens, discovery. Mount at the root, before any reader of bodies. */
export function authServer(options: AuthServerOptions): Router {
  const router = Router()
  router.use('/auth', (_request, response, next) => {
    response.set('Cache-Control', 'no-store')
    next()
  })
  grantRoutes(router, options)
  continueRoutes(router, options)
  tokenRoutes(router, options)
  router.use('/auth', answerFaults(options.log, refusalOf, (status) => (status < 500 ? 'invalid_request' : 'request_denied')))
  return router
}

function grantRoutes(router: Router, options: AuthServerOptions): void {
  const { publicUrl, gnap, clock } = options
  const grantEndpoint = `${publicUrl}/auth`

  router.get('/auth/discovery', (_request, response) => {
    response.json({ grant_request_endpoint: grantEndpoint, interaction_start_modes_supported: ['redirect'], interaction_finish_methods_supported: ['redirect'], key_proofs_supported: ['httpsig'], sub_id_formats_supported: ['uri'] })
  })

  const limit = limitRate(clock, rate, (response) => void response.json({ error: { code: 'too_fast', description: 'too many requests from this address: wait a little' } }))

  router.post('/auth', limit, rawBody, async (request, response) => {
    const body = parseGrantRequest(json(request))
    const signer = signerOf(request, body.client)
    await requireSignature(request, signer, options)
    const { access, subject } = await checked(body, options)
    if (subject === undefined && !needsInteraction(access)) {
      const { token, continuation } = await gnap.issue({ client: { ...signer, id: signer.client, name: undefined }, access })
      response.json({ access_token: tokenAnswer(token, publicUrl), continue: continueAnswer(continuation.grantId, continuation.token, { publicUrl }) })
      return
    }
    if (body.interact === undefined) throw new AuthFault(400, 'invalid_request', "missing required request field 'interact': a person must agree to this")
    const client = await interactiveClient(signer, options)
    const { interactionId, nonce, serverNonce, continuation, waitS } = await gnap.ask({ client, access, subject, finish: body.interact.finish })
    response.json({
      interact: { redirect: `${grantEndpoint}/interact/${interactionId}/${nonce}`, finish: serverNonce },
      continue: continueAnswer(continuation.grantId, continuation.token, { publicUrl, waitS }),
    })
  })
}

function continueRoutes(router: Router, options: AuthServerOptions): void {
  const { publicUrl, gnap } = options
  const opened = async (request: Request): Promise<{ readonly grant: Grant; readonly token: string } | undefined> => {
    const token = tokenOf(request)
    if (token === undefined) throw new AuthFault(401, 'invalid_continuation', 'missing continuation token')
    const grant = await gnap.continuing({ grantId: idOf(request), token })
    if (grant !== undefined) await requireSignature(request, signerOfGrant(grant), options)
    return grant === undefined ? undefined : { grant, token }
  }

  router.post('/auth/continue/:id', rawBody, async (request, response) => {
    const open = await opened(request)
    if (open === undefined) throw new AuthFault(404, 'invalid_continuation', 'grant not found')
    const continued = await gnap.continue(open.grant.id, parseContinueRequest(json(request)))
    if (continued.type === 'wait') {
      response.json({ continue: continueAnswer(open.grant.id, open.token, { publicUrl, waitS: continued.waitS }) })
      return
    }
    response.json({
      ...(continued.token !== undefined && { access_token: tokenAnswer(continued.token, publicUrl) }),
      ...(continued.subject !== undefined && { subject: { sub_ids: [{ id: continued.subject, format: 'uri' }] } }),
      continue: continueAnswer(open.grant.id, open.token, { publicUrl }),
    })
  })

  router.delete('/auth/continue/:id', rawBody, async (request, response) => {
    const open = await opened(request)
    if (open === undefined) throw new AuthFault(404, 'invalid_request', 'unknown grant')
    await gnap.end(open.grant.id)
    response.status(204).end()
  })
}

function tokenRoutes(router: Router, options: AuthServerOptions): void {
  const { publicUrl, gnap } = options

  router.post('/auth/token/:id', rawBody, async (request, response) => {
    const value = tokenOf(request)
    if (value === undefined) throw new AuthFault(400, 'invalid_rotation', 'missing access token')
    const managed = await gnap.managing({ tokenId: idOf(request), value })
    if (managed === undefined) throw new AuthFault(404, 'invalid_rotation', 'token not found')
    await requireSignature(request, signerOfGrant(managed.grant), options)
    response.json({ access_token: tokenAnswer(await gnap.rotate(managed.tokenId), publicUrl) })
  })

  router.delete('/auth/token/:id', rawBody, async (request, response) => {
    const value = tokenOf(request)
    const managed = value === undefined ? undefined : await gnap.managing({ tokenId: idOf(request), value })
    if (managed === undefined) throw new AuthFault(401, 'invalid_client', 'token not found')
    await requireSignature(request, signerOfGrant(managed.grant), options)
    await gnap.revoke(managed.tokenId)
    response.status(204).end()
  })
}

/** Who signs, as the request says: its key id, and the wallet address that publishes the key or the key itself. Nothing is proven yet. */
function signerOf(request: Request, client: GrantRequestBody['client']): Signer {
  let keyId: string
  try {
    keyId = keyIdOf(signedRequestOf(request, ''))
  } catch (error) {
    throw invalidSignature(error)
  }
  if ('walletAddress' in client) return { client: client.walletAddress, keyId, keyX: undefined }
  const { jwk } = client
  try {
    publicKeyOf(jwk.x)
  } catch (cause) {
    throw new AuthFault(400, 'invalid_client', 'client.jwk.x is no Ed25519 public key', { cause })
  }
  if (jwk.kid !== keyId) throw new AuthFault(400, 'invalid_client', 'the request must be signed with the key of client.jwk')
  return { client: thumbprintOf(jwk), keyId, keyX: jwk.x }
}

function signerOfGrant({ client: { id, keyId, keyX } }: Grant): Signer {
  return { client: id, keyId, keyX }
}

/** Throws AuthFault `invalid_client`: 400 when the client has no such key (any more), 401 when the signature is not right. */
async function requireSignature(request: Request, signer: Signer, { publicUrl, clientKeys, clock }: AuthServerOptions): Promise<void> {
  let missing
  try {
    missing = await checkSignature(signedRequestOf(request, publicUrl), signer, { clientKeys, nowMs: clock.nowMs() })
  } catch (error) {
    throw invalidSignature(error)
  }
  if (missing !== undefined) throw new AuthFault(400, 'invalid_client', 'could not determine client: it publishes no such key')
}

function invalidSignature(error: unknown): unknown {
  return error instanceof SignatureFault ? new AuthFault(401, 'invalid_client', `Signature validation error: ${error.message}`, { cause: error }) : error
}

/** Whom the person will be asked about. */
async function interactiveClient(signer: Signer, { clientNames }: AuthServerOptions): Promise<GrantClient> {
  if (signer.keyX !== undefined) throw new AuthFault(400, 'invalid_client', 'a client that a person is asked about must be identified by its wallet address')
  const name = await clientNames.find(signer.client)
  if (name === undefined) throw new AuthFault(400, 'invalid_client', 'the wallet address of the client must have a publicName')
  return { ...signer, id: signer.client, name }
}

interface Wanted {
  readonly access: readonly Access[]
  readonly subject: string | undefined
}

/** Rights are given on wallet addresses of this server, by the URL that they have here, with limits in their own asset and an interval that is not over. */
async function checked({ access_token: token, subject }: GrantRequestBody, { accounts, pays, publicUrl, clock }: AuthServerOptions): Promise<Wanted> {
  const addressAt = async (url: string): Promise<WalletAddress> => {
    const address = url.startsWith(`${publicUrl}/`) ? await accounts.walletAddressByUrl(url) : undefined
    if (address === undefined) throw invalid(`${url} is no wallet address of this server`)
    return address
  }
  const checkedAccess = async (one: Access): Promise<Access> => {
    if (!pays && one.type !== 'incoming-payment') throw invalid(`no ${one.type} is made at this server: ask the auth server of the payer's wallet address`)
    if (one.type === 'quote' || one.identifier === undefined) return one
    const { url, asset } = await addressAt(one.identifier)
    const { debitAmount, interval } = one.type === 'outgoing-payment' ? (one.limits ?? {}) : {}
    if (debitAmount !== undefined && (debitAmount.assetCode !== asset.code || debitAmount.assetScale !== asset.scale)) throw invalid(`debitAmount must be in the asset of the wallet address, ${asset.code} at scale ${asset.scale}`)
    if (interval !== undefined && (intervalEndMs(interval) ?? Infinity) <= clock.nowMs()) throw invalid(`the interval ${interval} is over`)
    return { ...one, identifier: url }
  }
  return {
    access: await Promise.all((token?.access ?? []).map(checkedAccess)),
    subject: subject === undefined ? undefined : (await addressAt(subject.sub_ids[0].id)).url,
  }
}

function invalid(description: string): AuthFault {
  return new AuthFault(400, 'invalid_request', description)
}

function tokenAnswer({ id, value, expiresInS, access }: IssuedToken, publicUrl: string): object {
  return { value, manage: `${publicUrl}/auth/token/${id}`, expires_in: expiresInS, access }
}

function continueAnswer(grantId: string, value: string, { publicUrl, waitS }: { readonly publicUrl: string; readonly waitS?: number }): object {
  return { access_token: { value }, uri: `${publicUrl}/auth/continue/${grantId}`, ...(waitS !== undefined && { wait: waitS }) }
}

function idOf(request: Request): string {
  return String(request.params['id'])
}

function json(request: Request): unknown {
  try {
    return jsonOf(request)
  } catch (cause) {
    throw new AuthFault(400, 'invalid_request', 'the body is no JSON', { cause })
  }
}

const discoveryAnswer = z.strictObject({
  grant_request_endpoint: z.url(), interaction_start_modes_supported: z.array(z.string()), interaction_finish_methods_supported: z.array(z.string()), key_proofs_supported: z.array(z.string()), sub_id_formats_supported: z.array(z.string()),
})

const continueFields = z.strictObject({ access_token: z.strictObject({ value: z.string() }), uri: z.url(), wait: z.int().optional() })
const tokenFields = z.strictObject({ value: z.string(), manage: z.url(), expires_in: z.int(), access: accessListSchema })
const grantAnswer = z.union([
  z.strictObject({ access_token: tokenFields, continue: continueFields }),
  z.strictObject({ interact: z.strictObject({ redirect: z.url(), finish: z.string().optional() }), continue: continueFields }),
])
const continuedAnswer = z.strictObject({ access_token: tokenFields.optional(), subject: z.strictObject({ sub_ids: z.array(z.strictObject({ id: z.url(), format: z.literal('uri') })) }).optional(), continue: continueFields })
const rotatedAnswer = z.strictObject({ access_token: tokenFields })

/** What the API reference says of these routes. */
export const authServerApi = {
  'GET /auth/discovery': { summary: 'The endpoints of this auth server.', open: true, answer: discoveryAnswer },
  'POST /auth': { summary: 'Asks for a grant (GNAP, RFC 9635).', body: grantRequest, answer: grantAnswer, signed: true },
  'POST /auth/continue/:id': { summary: 'Goes on with a grant that was accepted, or asks whether it was.', body: continueRequest, answer: continuedAnswer, signed: true },
  'DELETE /auth/continue/:id': { summary: 'Gives a grant back.', signed: true },
  'POST /auth/token/:id': { summary: 'Rotates a token.', answer: rotatedAnswer, signed: true },
  'DELETE /auth/token/:id': { summary: 'Revokes a token.', signed: true },
}
