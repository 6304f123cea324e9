import { type Accounts, assetParts, dayPart, personOf, personPart, unitsPart } from '@rivulet/accounts'
import type { Ledger } from '@rivulet/ledger'
import { RateLimit, type Clock } from '@rivulet/time'
import { type RequestHandler, type Response, Router, type Request } from 'express'
import { z } from 'zod'
import { answerStatementFaults } from '../statements/routes.ts'
import { periodOf, periodSchema } from '../statements/statement.ts'
import { revenueCsv } from './csv.ts'
import { type Revenue, revenueOf } from './revenue.ts'

export interface RevenueRoutesOptions {
  readonly ledger: Pick<Ledger, 'movements'>
  readonly accounts: Pick<Accounts, 'walletAddresses'>
  readonly clock: Clock
  /** Lets in the publisher herself, and what reads for her. */
  readonly requireReader: RequestHandler
}

/** Of one person: it reads much. */
const rate = { burst: 20, perSecond: 0.5 }

/** `GET /api/revenue?from&to`, and its lines as `/api/revenue.csv`: all pointers of the publisher. Mount it behind the entrance's own handler. */
export function revenueRoutes({ ledger, accounts, clock, requireReader }: RevenueRoutesOptions): Router {
  const limit = new RateLimit(clock, rate)
  const router = Router()
  const paths = ['/api/revenue', '/api/revenue.csv']
  router.use(paths, requireReader, (_request, response, next) => {
    response.set('Cache-Control', 'no-store')
    if (limit.allow(personOf(response).id)) next()
    else response.status(429).set('Retry-After', '2').json({ error: { code: 'too-many-requests', message: 'too many questions at once: wait a little' } })
  })
  const read = async (request: Request, response: Response): Promise<Revenue> => revenueOf(await accounts.walletAddresses(personOf(response).id), periodOf(request.query), ledger)
  router.get('/api/revenue', async (request, response) => {
    const { name, email } = personOf(response)
    response.json({ person: { name, email }, ...revenueJson(await read(request, response)) })
  })
  router.get('/api/revenue.csv', async (request, response) => {
    const revenue = await read(request, response)
    response.attachment(`rivulet-revenue-${revenue.period.from}-${revenue.period.to}.csv`).type('text/csv; charset=utf-8').send(revenueCsv(revenue))
  })
  router.use(paths, answerStatementFaults)
  return router
}

function revenueJson({ period, before, assets }: Revenue): object {
  const pair = ({ amount, before: earlier }: { readonly amount: bigint; readonly before: bigint }) => ({ amount: String(amount), before: String(earlier) })
  return {
    from: period.from, to: period.to, before: { from: before.from, to: before.to },
    assets: assets.map(({ asset, bySite, byPointer, byDay, ...total }) => ({
      assetCode: asset.code, assetScale: asset.scale, ...pair(total),
      bySite: bySite.map((one) => ({ site: one.site ?? null, ...pair(one) })),
      byPointer: byPointer.map((one) => ({ pointer: one.pointer, ...pair(one) })),
      byDay: byDay.map((one) => ({ day: one.day, ...pair(one) })),
    })),
  }
}

const pair = { amount: unitsPart, before: unitsPart }
const revenueAnswer = z.strictObject({
  person: personPart, from: dayPart, to: dayPart, before: z.strictObject({ from: dayPart, to: dayPart }),
  assets: z.array(z.strictObject({
    ...assetParts, ...pair,
    bySite: z.array(z.strictObject({ site: z.string().nullable(), ...pair })), byPointer: z.array(z.strictObject({ pointer: z.string(), ...pair })), byDay: z.array(z.strictObject({ day: dayPart, ...pair })),
  })),
})

/** What the API reference says of these routes. */
export const revenueApi = {
  'GET /api/revenue': { summary: 'What was earned on these days (UTC), by site, pointer and day, beside the period before.', query: periodSchema, scope: 'revenue', answer: revenueAnswer },
  'GET /api/revenue.csv': { summary: 'Its lines as CSV.', query: periodSchema, scope: 'revenue', type: 'text/csv' },
}
