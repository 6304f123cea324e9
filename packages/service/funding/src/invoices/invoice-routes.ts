/** A subscriber's invoices and credit notes. Mount on the wallet's port. */
import { answerRefusals, assetParts, type Entrance, personOf, unitsPart } from '@rivulet/accounts'
import { actionOf, type AuditLog } from '@rivulet/audit'
import { languageOf } from '@rivulet/notify'
import express, { Router } from 'express'
import { z } from 'zod'
import type { Funding } from '../funding.ts'
import { invoiceName } from './invoice.ts'
import { invoicePdf } from './invoice-pdf.ts'
import type { InvoiceStore } from '../invoice-store.ts'

export interface InvoiceRoutesOptions {
  readonly invoices: InvoiceStore
  readonly entrance: Pick<Entrance, 'requireSession'>
}

const listMax = 200

/** `GET /api/invoices` lists them, newest first; `GET /api/invoices/:number?language=fr` is one as PDF. Everyone sees only her own. */
export function invoiceRoutes({ invoices, entrance }: InvoiceRoutesOptions): Router {
  const router = Router()
  router.use('/api/invoices', entrance.requireSession, (_request, response, next) => {
    response.set('Cache-Control', 'no-store')
    next()
  })
  router.get('/api/invoices', async (_request, response) => {
    const all = await invoices.ofPerson(personOf(response).id, listMax)
    response.json({
      invoices: all.map(({ number, kind, issuedMs, content }) => ({
        number, name: invoiceName({ number, content }), kind, issuedMs, plan: content.plan, total: String(content.total), assetCode: content.asset.code, assetScale: content.asset.scale,
      })),
    })
  })
  router.get('/api/invoices/:number', async (request, response) => {
    const { number } = request.params
    const invoice = /^[1-9][0-9]{0,9}$/.test(number) ? await invoices.one(personOf(response).id, Number(number)) : undefined
    if (invoice === undefined) return void response.status(404).json({ error: { code: 'invoice-unknown', message: 'you have no such invoice' } })
    const { language } = request.query
    const pdf = await invoicePdf(invoice, languageOf(typeof language === 'string' ? language : request.headers['accept-language']))
    response.set('Content-Disposition', `attachment; filename="${invoiceName(invoice).replaceAll(/[^A-Za-z0-9._-]/g, '_')}.pdf"`).type('pdf').send(pdf)
  })
  return router
}

export interface RefundRoutesOptions {
  readonly funding: Pick<Funding, 'refund'>
  readonly invoices: InvoiceStore
  readonly entrance: Pick<Entrance, 'requireSession' | 'requireSameOrigin'>
  readonly audit: Pick<AuditLog, 'around'>
  readonly nowMs: () => number
}

const refundStatuses = { 'charge-unknown': 404, 'charge-disputed': 409, 'provider-away': 503 }
const refundBody = z.strictObject({ reason: z.string().trim().min(3).max(500).optional() })

/** `POST /api/invoices/:number/refund {reason?}` gives what it says back, whole; 409 while it is disputed. Mount on the operator's port. */
export function refundRoutes({ funding, invoices, entrance, audit, nowMs }: RefundRoutesOptions): Router {
  const router = Router()
  router.post('/api/invoices/:number/refund', entrance.requireSession, entrance.requireSameOrigin, express.json({ limit: 4_096 }), async (request, response) => {
    const number = request.params['number']
    const chargeKey = typeof number === 'string' && /^[1-9][0-9]{0,9}$/.test(number) ? await invoices.chargeKeyOf(Number(number)) : undefined
    if (chargeKey === undefined) return void response.status(404).json({ error: { code: 'invoice-unknown', message: 'there is no such invoice' } })
    const body = refundBody.safeParse(request.body ?? {})
    if (!body.success) return void response.status(400).json({ error: { code: 'request-invalid', message: 'a reason has 3 to 500 characters' } })
    const { reason } = body.data
    await audit.around(actionOf(response, { operator: personOf(response).id, name: 'payment.refund', subject: `invoice ${String(number)}`, ...(reason !== undefined && { reason }), detail: { charge: chargeKey } }), nowMs, () => funding.refund(chargeKey))
    response.status(204).end()
  })
  router.use('/api/invoices', answerRefusals(refundStatuses))
  return router
}

const invoicesAnswer = z.strictObject({ invoices: z.array(z.strictObject({ number: z.int(), name: z.string(), kind: z.enum(['invoice', 'credit-note']), issuedMs: z.int(), plan: z.string(), total: unitsPart, ...assetParts })) })

/** What the API reference says of these routes. */
export const invoiceApi = {
  'GET /api/invoices': { summary: 'Invoices and credit notes, the newest first.', answer: invoicesAnswer },
  'GET /api/invoices/:number': { summary: 'One of them as PDF.', type: 'application/pdf' },
}
/** As above, at the operators’ door. */
export const refundApi = {
  'POST /api/invoices/:number/refund': { summary: 'Gives a payment back whole; it ends the subscription.', body: refundBody },
}
