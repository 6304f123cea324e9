import { type Accounts, answerRefusals, assetParts, dayPart, personOf, personPart, unitsPart, type WalletAddress } from '@rivulet/accounts'
import type { Ledger } from '@rivulet/ledger'
import { type Clock, type Days, RateLimit } from '@rivulet/time'
import { type Request, type RequestHandler, type Response, Router } from 'express'
import { z } from 'zod'
import { statementCsv } from './csv.ts'
import { statementPdf } from './pdf.ts'
import { periodOf, periodSchema, type PointerStatement, StatementFault, type StatementFaultCode, statementsOf } from './statement.ts'

export interface StatementRoutesOptions {
  readonly ledger: Pick<Ledger, 'movements'>
  readonly accounts: Pick<Accounts, 'walletAddresses'>
  readonly clock: Clock
  /** Lets in the publisher herself, and what reads for her. */
  readonly requireReader: RequestHandler
}

const statuses: Record<StatementFaultCode, number> = { 'period-invalid': 400, 'statement-too-long': 413 }
/** Of one person: a statement reads much. */
const rate = { burst: 20, perSecond: 0.5 }

/** `GET /api/statements?from&to`, and the same as `/api/statements.csv` and `/api/statements.pdf?language`: all pointers of the publisher, or with `pointer` one. Mount it behind the entrance's own handler. */
export function statementRoutes({ ledger, accounts, clock, requireReader }: StatementRoutesOptions): Router {
  const limit = new RateLimit(clock, rate)
  const router = Router()
  const paths = ['/api/statements', '/api/statements.csv', '/api/statements.pdf']
  router.use(paths, requireReader, (_request, response, next) => {
    response.set('Cache-Control', 'no-store')
    if (limit.allow(personOf(response).id)) next()
    else response.status(429).set('Retry-After', '2').json({ error: { code: 'too-many-requests', message: 'too many statements at once: wait a little' } })
  })
  const read = async (request: Request, response: Response): Promise<{ readonly period: Days; readonly statements: readonly PointerStatement[] }> => {
    const period = periodOf(request.query)
    const all = await accounts.walletAddresses(personOf(response).id)
    const wanted = request.query['pointer']
    const addresses: readonly WalletAddress[] = wanted === undefined ? all : all.filter(({ id }) => id === wanted)
    if (addresses.length === 0) throw new StatementFault('period-invalid', 'you have no such payment pointer')
    return { period, statements: await statementsOf(addresses, period, ledger) }
  }
  router.get('/api/statements', async (request, response) => {
    const { name, email } = personOf(response)
    const { period, statements } = await read(request, response)
    response.json({ person: { name, email }, from: period.from, to: period.to, statements: statements.map(statementJson) })
  })
  router.get('/api/statements.csv', async (request, response) => {
    const { period, statements } = await read(request, response)
    response.attachment(`rivulet-${period.from}-${period.to}.csv`).type('text/csv; charset=utf-8').send(statementCsv(statements, period))
  })
  router.get('/api/statements.pdf', async (request, response) => {
    const { period, statements } = await read(request, response)
    const pdf = await statementPdf({ name: personOf(response).name, statements, period, language: request.query['language'] === 'fr' ? 'fr' : 'en', nowMs: clock.nowMs() })
    response.attachment(`rivulet-${period.from}-${period.to}.pdf`).type('application/pdf').send(pdf)
  })
  router.use(paths, answerStatementFaults)
  return router
}

function statementJson({ address, opening, closing, lines }: PointerStatement): object {
  const { id, url, asset } = address
  return { id, url, assetCode: asset.code, assetScale: asset.scale, opening: String(opening), closing: String(closing), lines: lines.map(({ day, kind, site, amount }) => ({ day, kind, site: site ?? null, amount: String(amount) })) }
}

export const answerStatementFaults = answerRefusals(statuses)

const statementsAnswer = z.strictObject({
  person: personPart, from: dayPart, to: dayPart,
  statements: z.array(z.strictObject({
    id: z.string(), url: z.string(), ...assetParts, opening: unitsPart, closing: unitsPart, lines: z.array(z.strictObject({ day: dayPart, kind: z.string(), site: z.string().nullable(), amount: unitsPart })),
  })),
})

/** What the API reference says of these routes. */
export const statementApi = {
  'GET /api/statements': { summary: 'What moved on the pointers on these days (UTC): opening, lines, closing.', query: periodSchema, scope: 'statements', answer: statementsAnswer },
  'GET /api/statements.csv': { summary: 'The same as CSV.', query: periodSchema, scope: 'statements', type: 'text/csv' },
  'GET /api/statements.pdf': { summary: 'The same as PDF.', query: periodSchema, scope: 'statements', type: 'application/pdf' },
}
