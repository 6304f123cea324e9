/** Quotes and outgoing payments over HTTP (Open Payments 1.3, resource server). */
import type { Accounts } from '@rivulet/accounts'
import { type Access, type AccessAction, type AccessType, intervalAt, type Limits } from '@rivulet/gnap'
import { type Id, isId } from '@rivulet/ids'
import type { Asset } from '@rivulet/money'
import type { Clock } from '@rivulet/time'
import { type RequestHandler, type Response, Router } from 'express'
import { z } from 'zod'
import { amountAnswer, type AmountJson, amountJson, amountSchema, type AssetAmount } from './amount.ts'
import { answerFaults, type FaultLog, type Refusal } from './answer-faults.ts'
import { OpenPaymentsFault } from './fault.ts'
import type { HeldPayment, OutgoingPayments } from './outgoing/outgoing-payments.ts'
import type { OutgoingPayment, Spending, SpendingLimits } from './outgoing/types.ts'
import { pageAnswer, pageOf } from './page.ts'
import { PaymentFault } from './payment-fault.ts'
import type { Quote } from './quotes/quote-store.ts'
import type { PayingAddress, Quotes } from './quotes/quotes.ts'
import { accessTo, grantOf } from './signed/require-token.ts'

export interface PayingRoutesOptions {
  /** Of the wallet: its origin is the resource server's. */
  readonly publicUrl: string
  readonly accounts: Pick<Accounts, 'walletAddressByUrl'>
  readonly quotes: Pick<Quotes, 'create' | 'get'>
  readonly payments: Pick<OutgoingPayments, 'create' | 'get' | 'list' | 'spending'>
  readonly requireToken: (type: AccessType, action: AccessAction) => RequestHandler[]
  readonly clock: Clock
  readonly log: FaultLog
}

const urlCharactersMax = 2_000
const metadataBytesMax = 8_192
const addressesCachedMax = 10_000
/** Clients give up after 10 s and may pay again: what could not be secured in this time is taken back. */
const answerWithinMs = 7_000

const address = z.url({ protocol: /^https?$/ }).max(urlCharactersMax)
const receiver = address.regex(/^https?:\/\/.+\/incoming-payments\/.+$/, 'must be the URL of an incoming payment')
const metadata = z.record(z.string(), z.unknown()).refine((given) => Buffer.byteLength(JSON.stringify(given)) <= metadataBytesMax, `must be at most ${metadataBytesMax} bytes of JSON`).optional()

const quoteBody = z
  .strictObject({ walletAddress: address, receiver, method: z.literal('ilp'), debitAmount: amountSchema.optional(), receiveAmount: amountSchema.optional() })
  .refine(({ debitAmount, receiveAmount }) => debitAmount === undefined || receiveAmount === undefined, 'debitAmount and receiveAmount exclude each other')
const paymentBody = z.union([
  z.strictObject({ walletAddress: address, quoteId: address, metadata }),
  z.strictObject({ walletAddress: address, incomingPayment: receiver, debitAmount: amountSchema, metadata }),
])

/** `/quotes`, `/outgoing-payments` and `/outgoing-payment-grant`. Reads bodies itself, so nothing before it may. */
export function payingRoutes(options: PayingRoutesOptions): Router {
  const { quotes, payments, requireToken, clock } = options
  const { origin } = new URL(options.publicUrl)
  const quoteUrl = (id: Id<'quot'>): string => `${origin}/quotes/${id}`
  const paymentUrl = (id: Id<'outp'>): string => `${origin}/outgoing-payments/${id}`
  const quoteIdOf = (text: string): Id<'quot'> => {
    const id = text.startsWith(`${origin}/quotes/`) ? text.slice(`${origin}/quotes/`.length) : ''
    if (!isId('quot', id)) throw new PaymentFault('quote-invalid', 'invalid quote')
    return id
  }
  // Id, URL, asset and account of a wallet address never change.
  const addresses = new Map<string, PayingAddress>()
  const addressOf = async (text: string): Promise<PayingAddress> => {
    const known = addresses.get(text)
    if (known !== undefined) return known
    const address = await options.accounts.walletAddressByUrl(text)
    if (address?.role !== 'subscriber') throw new PaymentFault('unknown', 'unknown wallet address')
    if (addresses.size >= addressesCachedMax) addresses.clear()
    addresses.set(text, address)
    return address
  }

  const router = Router()

  router.post('/quotes', ...requireToken('quote', 'create'), async (request, response) => {
    const { token } = grantOf(response)
    const body = parse(quoteBody, request.body)
    const walletAddress = await addressOf(body.walletAddress)
    const { debitAmount, receiveAmount } = body
    const quote = await quotes.create({ walletAddress, client: token.client, receiver: normal(body.receiver), debitAmount: debitAmount && assetAmount(debitAmount), receiveAmount: receiveAmount && assetAmount(receiveAmount) })
    response.status(201).json(quoteJson(quote, quoteUrl))
  })

  router.get('/quotes/:id', ...requireToken('quote', 'read'), async (request, response) => {
    const { token, access } = grantOf(response)
    const { id } = request.params
    const quote = typeof id === 'string' && isId('quot', id) ? await quotes.get(id) : undefined
    if (quote === undefined) throw new OpenPaymentsFault(401, 'Unauthorized')
    // The access names no wallet address: `read-all` reaches every quote whose URL, which nobody can guess, the client was given.
    const all = access.some((one) => one.type === 'quote' && one.actions.includes('read-all'))
    if (!all && quote.client !== token.client) throw new OpenPaymentsFault(404, 'Quote does not exist')
    response.json(quoteJson(quote, quoteUrl))
  })

  router.post('/outgoing-payments', ...requireToken('outgoing-payment', 'create'), async (request, response) => {
    const askedMs = clock.monotonicMs()
    const granted = grantOf(response)
    const body = parse(paymentBody, request.body)
    const { access } = accessTo(granted, body.walletAddress)
    const walletAddress = await addressOf(body.walletAddress)
    const limits = limitsOf(access)
    const held = await payments.create({
      walletAddress, client: granted.token.client, grantId: granted.token.grantId, limits: spendingLimits(limits), intervalStartMs: intervalStartMs(limits, clock.nowMs()), receiverOnly: limits?.receiver === undefined ? undefined : normal(limits.receiver),
      from: 'quoteId' in body ? { quoteId: quoteIdOf(body.quoteId) } : { incomingPayment: normal(body.incomingPayment), debitAmount: assetAmount(body.debitAmount) }, metadata: body.metadata,
    })
    if (response.destroyed || response.socket?.destroyed !== false || clock.monotonicMs() - askedMs > answerWithinMs) {
      await held.cancel()
      throw new PaymentFault('unavailable', 'the payment took too long to secure and was not made: try again in a moment')
    }
    sendAfter(response, held)
    response.status(201).json({ ...paymentJson(held.payment, { paymentUrl, quoteUrl }), ...spentJson(held.spending) })
  })

  router.get('/outgoing-payments/:id', ...requireToken('outgoing-payment', 'read'), async (request, response) => {
    const granted = grantOf(response)
    const { id } = request.params
    const payment = typeof id === 'string' && isId('outp', id) ? await payments.get(id) : undefined
    if (payment === undefined) throw new OpenPaymentsFault(401, 'Unauthorized')
    const { all } = accessTo(granted, payment.walletAddress)
    if (!all && payment.client !== granted.token.client) throw new OpenPaymentsFault(404, 'Outgoing payment does not exist')
    response.json(paymentJson(payment, { paymentUrl, quoteUrl }))
  })

  router.get('/outgoing-payments', ...requireToken('outgoing-payment', 'list'), async (request, response) => {
    const granted = grantOf(response)
    const { walletAddress: url, cursor, limit, backwards } = pageOf('outp', request.query)
    const { all } = accessTo(granted, url)
    const walletAddress = await addressOf(url)
    const found = await payments.list({ walletAddressId: walletAddress.id, client: all ? undefined : granted.token.client, cursor, limit: limit + 1, backwards })
    const more = found.length > limit
    const result = backwards ? found.slice(-limit) : found.slice(0, limit)
    const [start, end] = [result[0]?.id, result.at(-1)?.id]
    response.json({
      pagination: {
        ...(start !== undefined && { startCursor: start }), ...(end !== undefined && { endCursor: end }),
        hasNextPage: backwards ? result.length > 0 : more, hasPreviousPage: backwards ? more : cursor !== undefined && result.length > 0,
      },
      result: result.map((payment) => paymentJson(payment, { paymentUrl, quoteUrl })),
    })
  })

  router.get('/outgoing-payment-grant', ...requireToken('outgoing-payment', 'create'), async (_request, response) => {
    const { token, access } = grantOf(response)
    const spending = await payments.spending(token.grantId, intervalStartMs(limitsOf(access[0]), clock.nowMs()))
    const spent = spending === undefined ? undefined : spentJson(spending)
    response.json({ spentDebitAmount: spent?.grantSpentDebitAmount ?? null, spentReceiveAmount: spent?.grantSpentReceiveAmount ?? null })
  })

  router.use(answerFaults(options.log, refusalOf, String))
  return router
}

/**
 * Sending begins when the answer has been handed over to a connection that was still there. A client that has hung up by then was not told 201 and may pay again: its
 * payment is taken back, so that nobody pays twice.
 */
function sendAfter(response: Response, held: HeldPayment): void {
  let decided = false
  const decide = (heard: boolean): void => {
    if (decided) return
    decided = true
    if (heard) held.start()
    else void held.cancel()
  }
  response.once('finish', () => decide(true))
  response.once('close', () => decide(response.writableFinished))
}

/** Throws `request-invalid`, naming the first field that is wrong. */
function parse<T>(schema: z.ZodType<T>, given: unknown): T {
  const parsed = schema.safeParse(given)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  const where = issue === undefined || issue.path.length === 0 ? 'the request' : issue.path.join('.')
  throw new PaymentFault('request-invalid', `${where}: ${issue?.message ?? 'invalid'}`)
}

/** One spelling for each receiver, so that what a grant names is compared with what is paid. */
function normal(text: string): string {
  return new URL(text).href
}

function assetAmount({ value, assetCode, assetScale }: z.output<typeof amountSchema>): AssetAmount {
  return { value, asset: { code: assetCode, scale: assetScale } }
}

function limitsOf(access: Access): Limits | undefined {
  return access.type === 'outgoing-payment' ? access.limits : undefined
}

function spendingLimits(limits: Limits | undefined): SpendingLimits {
  const amount = (given: AmountJson | undefined): { value: bigint; asset: Asset } | undefined => given && { value: BigInt(given.value), asset: { code: given.assetCode, scale: given.assetScale } }
  return { debit: amount(limits?.debitAmount), receive: amount(limits?.receiveAmount) }
}

/** Throws `unauthorized` outside of the limits' intervals. */
function intervalStartMs(limits: Limits | undefined, nowMs: number): number {
  if (limits?.interval === undefined) return 0
  const interval = intervalAt(limits.interval, nowMs)
  if (interval === undefined) throw new PaymentFault('unauthorized', 'unauthorized')
  return interval.startMs
}

function quoteJson(quote: Quote, quoteUrl: (id: Id<'quot'>) => string): object {
  const { id, walletAddress, receiver: to, receive, receiveAsset, debit, asset, createdMs, expiresMs } = quote
  return {
    id: quoteUrl(id), walletAddress, receiver: to, receiveAmount: amountJson(receive, receiveAsset), debitAmount: amountJson(debit, asset), method: 'ilp', createdAt: new Date(createdMs).toISOString(),
    expiresAt: new Date(expiresMs).toISOString(),
  }
}

function paymentJson(payment: OutgoingPayment, urls: { readonly paymentUrl: (id: Id<'outp'>) => string; readonly quoteUrl: (id: Id<'quot'>) => string }): object {
  const { id, walletAddress, quoteId, state, receiver: to, receive, receiveAsset, debit, asset, sent, metadata: given, createdMs } = payment
  return {
    id: urls.paymentUrl(id), walletAddress, ...(quoteId !== undefined && { quoteId: urls.quoteUrl(quoteId) }), failed: state === 'failed', receiver: to, receiveAmount: amountJson(receive, receiveAsset),
    debitAmount: amountJson(debit, asset), sentAmount: amountJson(sent, asset), ...(given !== undefined && { metadata: given }), createdAt: new Date(createdMs).toISOString(),
  }
}

function spentJson({ debit, asset, receive, receiveAsset }: Spending): { readonly grantSpentDebitAmount: AmountJson; readonly grantSpentReceiveAmount?: AmountJson } {
  return { grantSpentDebitAmount: amountJson(debit, asset), ...(receive !== undefined && { grantSpentReceiveAmount: amountJson(receive, receiveAsset) }) }
}

function refusalOf(error: unknown): Refusal | undefined {
  if (error instanceof OpenPaymentsFault) return { status: error.status, code: String(error.status), description: error.description, details: error.details }
  if (!(error instanceof PaymentFault)) return undefined
  const status = statuses[error.code]
  return { status, code: String(status), description: error.message, details: error.minSendAmount && { minSendAmount: error.minSendAmount } }
}

const statuses: Readonly<Record<PaymentFault['code'], number>> = {
  'request-invalid': 400,
  'amount-invalid': 400,
  'amount-too-small': 400,
  'quote-invalid': 400,
  'receiver-invalid': 400,
  unauthorized: 403,
  unknown: 404,
  unavailable: 503,
  'payments-stopped': 503,
}

const quoteAnswer = z.strictObject({ id: z.url(), walletAddress: z.url(), receiver: z.url(), receiveAmount: amountAnswer, debitAmount: amountAnswer, method: z.literal('ilp'), createdAt: z.iso.datetime(), expiresAt: z.iso.datetime() })
const paymentFields = {
  id: z.url(), walletAddress: z.url(), quoteId: z.url().optional(), failed: z.boolean(), receiver: z.url(), receiveAmount: amountAnswer, debitAmount: amountAnswer, sentAmount: amountAnswer, metadata: z.record(z.string(), z.unknown()).optional(), createdAt: z.iso.datetime(),
}
const paymentAnswer = z.strictObject(paymentFields)
const newPaymentAnswer = z.strictObject({ ...paymentFields, grantSpentDebitAmount: amountAnswer, grantSpentReceiveAmount: amountAnswer.optional() })
const spentAnswer = z.strictObject({ spentDebitAmount: amountAnswer.nullable(), spentReceiveAmount: amountAnswer.nullable() })

/** What the API reference says of these routes. */
export const payingApi = {
  'POST /quotes': { summary: 'What a payment costs, or brings.', body: quoteBody, answer: quoteAnswer, signed: true },
  'GET /quotes/:id': { summary: 'A quote.', answer: quoteAnswer, signed: true },
  'POST /outgoing-payments': { summary: 'Pays, by a quote or to an incoming payment.', body: paymentBody, answer: newPaymentAnswer, signed: true },
  'GET /outgoing-payments/:id': { summary: 'What became of it.', answer: paymentAnswer, signed: true },
  'GET /outgoing-payments': { summary: 'Those of a wallet address, by page.', answer: pageAnswer(paymentAnswer), signed: true },
  'GET /outgoing-payment-grant': { summary: 'What was spent of the grant of this token.', answer: spentAnswer, signed: true },
}
