/** Incoming payments of the wallet addresses of one role (Open Payments 1.3, resource server). */
import type { Accounts, WalletAddress } from '@rivulet/accounts'
import { type IncomingPayment, IncomingPaymentFault, type IncomingPayments } from '@rivulet/receiver'
import { type NextFunction, type Request, type Response, Router } from 'express'
import { z } from 'zod'
import { answerFaults, type FaultLog, type Refusal } from '../answer-faults.ts'
import { OpenPaymentsFault } from '../fault.ts'
import { pageAnswer, pageOf } from '../page.ts'
import { accessTo, grantOf, requireToken, type SignedOptions } from '../signed/require-token.ts'
import { crossOrigin, type PayableRole } from '../wallet-address/document.ts'
import { bodyOf, bodyWithMethods, newIncomingPayment, payableAnswer, paymentAnswer, publicAnswer, publicBody } from './body.ts'

export interface IncomingPaymentRoutesOptions extends SignedOptions {
  readonly accounts: Pick<Accounts, 'walletAddressByUrl'>
  readonly payments: Pick<IncomingPayments, 'create' | 'get' | 'open' | 'list' | 'complete'>
  /** Whose addresses this origin has. */
  readonly role: PayableRole
  readonly log: FaultLog
}

/**
 * `POST /incoming-payments`, `GET /incoming-payments`, `GET /incoming-payments/:id` (public without a token), `POST /incoming-payments/:id/complete`. Refusals are those
 * of the reference server, status and words.
 */
export function incomingPaymentRoutes(options: IncomingPaymentRoutesOptions): Router {
  const { accounts, payments, role } = options
  const may = requireToken(options)
  const addressOf = async (url: string): Promise<WalletAddress> => {
    const address = await accounts.walletAddressByUrl(url)
    if (address?.role !== role) throw new OpenPaymentsFault(404, 'unknown wallet address')
    return address
  }
  /** Throws 401 for what is not there at all, as to anyone who may not know. */
  const own = <T extends { readonly payment: IncomingPayment }>(found: T | undefined): T => {
    if (found?.payment.walletAddress.role !== role) throw new OpenPaymentsFault(401, 'Unauthorized')
    return found
  }
  /** Throws 404 for what another client asked for, unless the grant reaches everybody's. */
  const known = (payment: IncomingPayment, response: Response): void => {
    const granted = grantOf(response)
    const { all } = accessTo(granted, payment.walletAddress.url)
    if (!all && payment.client !== granted.token.client) throw new OpenPaymentsFault(404, 'Incoming payment does not exist')
  }
  const find = async (id: string): Promise<IncomingPayment> => {
    const payment = await payments.get(id)
    return own(payment === undefined ? undefined : { payment }).payment
  }

  const router = Router()
  router.use('/incoming-payments', (request, response, next) => {
    response.set({ ...crossOrigin, 'Access-Control-Allow-Methods': 'GET, POST, OPTIONS', 'Cache-Control': 'no-store' })
    if (request.method === 'OPTIONS') response.status(204).end()
    else next()
  })

  router.post('/incoming-payments', may('incoming-payment', 'create'), async (request: Request, response: Response) => {
    const { walletAddress: url, incomingAmount, expiresAt, metadata } = parse(newIncomingPayment, request.body)
    const walletAddress = await addressOf(url)
    const granted = grantOf(response)
    accessTo(granted, walletAddress.url)
    if (incomingAmount !== undefined && (incomingAmount.assetCode !== walletAddress.asset.code || incomingAmount.assetScale !== walletAddress.asset.scale)) throw new OpenPaymentsFault(400, 'invalid amount')
    const { payment, credentials } = await payments.create({
      walletAddress,
      client: granted.token.client,
      incomingAmount: incomingAmount === undefined ? undefined : BigInt(incomingAmount.value),
      expiresAtMs: expiresAt === undefined ? undefined : Date.parse(expiresAt),
      metadata,
    })
    response.status(201).json(bodyWithMethods(payment, credentials))
  })

  router.get('/incoming-payments', may('incoming-payment', 'list'), async (request: Request, response: Response) => {
    const { walletAddress: url, cursor: from, limit, backwards } = pageOf('inpm', request.query)
    const walletAddress = await addressOf(url)
    const granted = grantOf(response)
    const { all } = accessTo(granted, walletAddress.url)
    const whose = { walletAddressId: walletAddress.id, client: all ? undefined : granted.token.client }
    const found = await payments.list({ ...whose, limit, ...(backwards ? { before: from } : { after: from }) })
    const [newest, oldest] = [found[0]?.id ?? from, found.at(-1)?.id ?? from]
    const anyBeyond = async (page: object): Promise<boolean> => (await payments.list({ ...whose, limit: 1, ...page })).length > 0
    const [hasPreviousPage, hasNextPage] = await Promise.all([newest !== undefined && anyBeyond({ before: newest }), oldest !== undefined && anyBeyond({ after: oldest })])
    const cursors = found.length === 0 ? {} : { startCursor: newest, endCursor: oldest }
    response.json({ pagination: { ...cursors, hasNextPage, hasPreviousPage }, result: found.map(bodyOf) })
  })

  router.get('/incoming-payments/:id', async (request, response, next) => {
    if (request.headers.authorization !== undefined) return next()
    response.json(publicBody(await find(request.params.id)))
  })
  router.get('/incoming-payments/:id', may('incoming-payment', 'read'), async (request: Request, response: Response) => {
    const id = idIn(request)
    known(await find(id), response)
    const { payment, credentials } = own(await payments.open(id))
    response.json(bodyWithMethods(payment, credentials))
  })
  router.post('/incoming-payments/:id/complete', may('incoming-payment', 'complete'), async (request: Request, response: Response) => {
    const id = idIn(request)
    known(await find(id), response)
    const payment = await payments.complete(id)
    response.json(bodyOf(own(payment === undefined ? undefined : { payment }).payment))
  })
  router.use('/incoming-payments', (_request: Request, _response: Response, next: NextFunction) => next(new OpenPaymentsFault(404, 'Not Found')))
  router.use('/incoming-payments', answerFaults(options.log, refusalOf, String))
  return router
}

function idIn(request: Request): string {
  const { id } = request.params
  return typeof id === 'string' ? id : ''
}

function parse<T>(schema: z.ZodType<T>, given: unknown): T {
  const parsed = schema.safeParse(given)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  const field = issue?.path.join('.') ?? ''
  throw new OpenPaymentsFault(400, `${field === '' ? 'the request' : field}: ${issue?.message ?? 'invalid'}`)
}

function refusalOf(error: unknown): Refusal | undefined {
  if (error instanceof OpenPaymentsFault) return { status: error.status, code: error.code, description: error.description, details: error.details }
  if (!(error instanceof IncomingPaymentFault)) return undefined
  switch (error.code) {
    case 'amount-invalid':
      return { status: 400, code: '400', description: 'invalid amount' }
    case 'expiry-invalid':
      return { status: 400, code: '400', description: 'invalid expiresAt' }
    case 'metadata-too-large':
      return { status: 400, code: '400', description: `metadata: ${error.message}` }
    case 'payments-too-many':
      return { status: 429, code: '429', description: error.message }
    case 'payment-over':
      return { status: 409, code: '409', description: 'wrong state' }
  }
}

/** What the API reference says of these routes. */
export const incomingPaymentApi = {
  'POST /incoming-payments': { summary: 'A payment to be received.', body: newIncomingPayment, answer: payableAnswer, signed: true },
  'GET /incoming-payments': { summary: 'Those of a wallet address, by page.', answer: pageAnswer(paymentAnswer), signed: true },
  'GET /incoming-payments/:id': { summary: 'What it has received; with a token all of it, and how to pay it.', answer: z.union([payableAnswer, publicAnswer]), signed: true },
  'POST /incoming-payments/:id/complete': { summary: 'It takes no more.', answer: paymentAnswer, signed: true },
}
