import { answerRefusals, assetParts, dayPart, type Entrance, personOf, personPart, unitsPart } from '@rivulet/accounts'
import type { Id } from '@rivulet/ids'
import type { Asset } from '@rivulet/money'
import { type Clock, isoDay, RateLimit } from '@rivulet/time'
import { type Response, Router } from 'express'
import { z } from 'zod'
import { type ActivityFaultCode, type ActivityLine, activityOf, type ActivitySources, periodOf, periodSchema } from './activity.ts'
import { activityCsv } from './csv.ts'

export interface ActivityRoutesOptions {
  readonly sources: ActivitySources
  readonly clock: Clock
  readonly entrance: Pick<Entrance, 'requireSession'>
}

const statuses: Record<ActivityFaultCode, number> = { 'period-invalid': 400, 'activity-too-long': 413 }
/** Of one person: activity reads much. */
const rate = { burst: 20, perSecond: 0.5 }

/** `GET /api/activity?from&to`, and the same as `/api/activity.csv`: what the signed-in subscriber spent on these days (UTC). Everyone sees only her own. */
export function activityRoutes({ sources, clock, entrance }: ActivityRoutesOptions): Router {
  const limit = new RateLimit(clock, rate)
  const router = Router()
  const paths = ['/api/activity', '/api/activity.csv']
  router.use(paths, entrance.requireSession, (_request, response, next) => {
    response.set('Cache-Control', 'no-store')
    if (limit.allow(personOf(response).id)) next()
    else response.status(429).set('Retry-After', '2').json({ error: { code: 'too-many-requests', message: 'activity was asked for too often: wait a little' } })
  })
  router.get('/api/activity', async (request, response) => {
    const { name, email } = personOf(response)
    const subscriber = subscriberOf(response)
    const period = periodOf(request.query)
    const [lines, cameBack] = subscriber === undefined ? [[], 0n] : await Promise.all([activityOf(subscriber, period, sources), sources.ledger.cameBack(subscriber.accountId, period)])
    response.json({ person: { name, email }, from: period.from, to: period.to, today: isoDay(clock.nowMs()), assetCode: subscriber?.asset.code ?? '', assetScale: subscriber?.asset.scale ?? 0, cameBack: String(cameBack), lines: lines.map(lineJson) })
  })
  router.get('/api/activity.csv', async (request, response) => {
    const subscriber = subscriberOf(response)
    const period = periodOf(request.query)
    const csv = subscriber === undefined ? '' : activityCsv(await activityOf(subscriber, period, sources), subscriber.asset)
    response.attachment(`rivulet-${period.from}-${period.to}.csv`).type('text/csv; charset=utf-8').send(csv)
  })
  router.use(paths, answerRefusals(statuses))
  return router
}

function subscriberOf(response: Response): { readonly personId: Id<'pers'>; readonly accountId: Id<'acct'>; readonly asset: Asset } | undefined {
  const { id: personId, walletAddress } = personOf(response)
  return walletAddress === undefined ? undefined : { personId, accountId: walletAddress.ledgerAccountId, asset: walletAddress.asset }
}

function lineJson({ day, kind, site, payee, amount, seconds }: ActivityLine): object {
  return { day, kind, site: site ?? null, payee: payee ?? null, amount: String(amount), seconds }
}

const activityAnswer = z.strictObject({
  person: personPart, from: dayPart, to: dayPart, today: dayPart, ...assetParts, cameBack: unitsPart,
  lines: z.array(z.strictObject({ day: dayPart, kind: z.string(), site: z.string().nullable(), payee: z.string().nullable(), amount: unitsPart, seconds: z.number() })),
})

/** What the API reference says of these routes. */
export const activityApi = {
  'GET /api/activity': { summary: 'What was spent on these days (UTC), by day, kind, site and payee, and what came back of shares that nobody took; every amount is the ledger’s.', query: periodSchema, answer: activityAnswer },
  'GET /api/activity.csv': { summary: 'The same as CSV.', query: periodSchema, type: 'text/csv' },
}
