/** The operator's figures by API: what providers and rails took, and the calculator. Mount on the operator's port; parses its own bodies. */
import type { Entrance } from '@rivulet/accounts'
import { Fault, isFault } from '@rivulet/faults'
import type { Ledger } from '@rivulet/ledger'
import type { Asset } from '@rivulet/money'
import type { Clock } from '@rivulet/time'
import express, { type ErrorRequestHandler, Router } from 'express'
import { z } from 'zod'
import { calculate, calculationInput } from './calculation.ts'
import { type CostReport, costReport, type Tariffs } from './costs.ts'

export interface EconomicsRoutesOptions {
  readonly ledger: Pick<Ledger, 'accountByName' | 'transfersOf'>
  readonly clock: Clock
  readonly entrance: Pick<Entrance, 'requireSession' | 'requireSameOrigin'>
  readonly tariffs: Tariffs
  /** Providers and rails of this installation. */
  readonly names: readonly string[]
  readonly asset: Asset
}

const bodyBytesMax = 16_384
const dayMs = 86_400_000
const periodSchema = z.strictObject({ days: z.coerce.number().int().min(1).max(3_660).default(30) })

/** GET `/api/economics/costs?days=30`, POST `/api/economics/calculations`. Errors are `{error: {code, message}}`. */
export function economicsRoutes({ ledger, clock, entrance, tariffs, names, asset }: EconomicsRoutesOptions): Router {
  const router = Router()
  router.use('/api/economics', entrance.requireSession, entrance.requireSameOrigin, express.json({ limit: bodyBytesMax }), (_request, response, next) => {
    response.set('Cache-Control', 'no-store')
    next()
  })
  router.get('/api/economics/costs', async (request, response) => {
    const { days } = parse(periodSchema, request.query)
    const toMs = clock.nowMs()
    response.json({ ...costReportJson(await costReport(ledger, { tariffs, names, asset, fromMs: toMs - days * dayMs, toMs })), assetCode: asset.code, assetScale: asset.scale })
  })
  // A question, not a change; it has a body because it has many parts.
  router.post('/api/economics/calculations', (request, response) => void response.json(calculate(parse(calculationInput, request.body))))
  router.use('/api/economics', answerFaults)
  return router
}

/** Amounts as decimal strings: for the API, and for the command. */
export function costReportJson({ parts, total, ...period }: CostReport): object {
  return { ...period, parts: parts.map(({ gross, costs, ...part }) => ({ ...part, gross: String(gross), costs: String(costs) })), total: { ...total, gross: String(total.gross), costs: String(total.costs), vat: String(total.vat) } }
}

/** Throws `request-invalid`, naming the first field that is wrong. */
function parse<Schema extends z.ZodType>(schema: Schema, given: unknown): z.output<Schema> {
  const parsed = schema.safeParse(given ?? {})
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  throw new Fault('request-invalid', `${issue === undefined || issue.path.length === 0 ? 'the request' : issue.path.join('.')}: ${issue?.message ?? 'invalid'}`)
}

const answerFaults: ErrorRequestHandler = (error: unknown, _request, response, next) => {
  if (isFault(error, 'request-invalid')) response.status(400).json({ error: { code: error.code, message: error.message } })
  else if (isFault(error, 'database-unavailable')) response.status(503).json({ error: { code: error.code, message: 'the database is away: try again in a moment' } })
  else next(error)
}

/** What the API reference says of these routes. */
export const economicsApi = {
  'GET /api/economics/costs': { summary: 'What providers and rails took, and its ratio to revenue.', query: periodSchema },
  'POST /api/economics/calculations': { summary: 'Break-even, margin, fee ratio and sensitivity of a price.', body: calculationInput },
}
