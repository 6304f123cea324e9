/** What waits to leave, and what processes do by themselves. Mount on the operator's port; parses its own bodies. */
import { type Accounts, answerRefusals, type Entrance, personOf } from '@rivulet/accounts'
import { type Action, actionOf, type AuditLog, type AuditTransaction, recordAction } from '@rivulet/audit'
import { Fault } from '@rivulet/faults'
import type { FailingEndpoint, GivenUp, QueueState } from '@rivulet/notify'
import express, { type Response, Router } from 'express'
import { z } from 'zod'
import type { JobReport } from '../store.ts'

type Also = (transaction: AuditTransaction) => Promise<void>

export interface QueueRoutesOptions {
  /** Each outbox by its name. */
  readonly queues: () => Promise<Readonly<Record<string, QueueState>>>
  readonly webhooks: {
    failing(nowMs: number, limit: number): Promise<readonly FailingEndpoint[]>
    givenUp(nowMs: number, limit: number): Promise<readonly GivenUp[]>
    sendAgain(id: string, nowMs: number, also: Also): Promise<void>
    retryNow(id: string, nowMs: number, also: Also): Promise<void>
    setPaused(id: string, paused: boolean, also: Also): Promise<void>
  }
  readonly jobs: () => Promise<readonly JobReport[]>
  /** What may be done at any time, by any process, however often. */
  readonly runs: Readonly<Record<string, () => Promise<void>>>
  readonly accounts: Pick<Accounts, 'personById'>
  readonly entrance: Pick<Entrance, 'requireSession' | 'requireSameOrigin'>
  readonly audit: Pick<AuditLog, 'around'>
  readonly nowMs: () => number
}

class QueueFault extends Fault<'request-invalid' | 'job-unknown'> {}

const bodyBytesMax = 4_096
const failingMax = 200
const givenUpMax = 100
const statuses: Readonly<Record<string, number>> = { 'request-invalid': 400, 'job-unknown': 404, 'webhook-unknown': 404, 'delivery-unknown': 404, 'delivery-pending': 409, 'database-unavailable': 503 }
const reasonBody = z.strictObject({ reason: z.string().trim().min(3).max(500) })

/** GET `/api/queues`; POST `/api/webhooks/:id/retry`, `/pause`, `/resume` and `/api/deliveries/:id/retry` with a reason; POST `/api/jobs/:name/run`. Every change is in the audit log. */
export function queueRoutes({ queues, webhooks, jobs, runs, accounts, entrance, audit, nowMs }: QueueRoutesOptions): Router {
  const router = Router()
  const paths = ['/api/queues', '/api/webhooks', '/api/deliveries', '/api/jobs']
  router.use(paths, entrance.requireSession, entrance.requireSameOrigin, express.json({ limit: bodyBytesMax }), (_request, response, next) => {
    response.set('Cache-Control', 'no-store')
    next()
  })

  router.get('/api/queues', async (_request, response) => {
    const [state, failing, lost, ran] = await Promise.all([queues(), webhooks.failing(nowMs(), failingMax), webhooks.givenUp(nowMs(), givenUpMax), jobs()])
    const names = new Map<string, string>()
    for (const ownerId of new Set([...failing, ...lost].flatMap((one) => one.ownerId ?? []))) names.set(ownerId, (await accounts.personById(ownerId))?.name ?? ownerId)
    const { name, email } = personOf(response)
    const last = new Map(ran.map((job) => [job.name, job]))
    response.json({
      person: { name, email },
      queues: Object.entries(state).map(([queue, one]) => ({ name: queue, ...one })),
      webhooks: failing.map((one) => ({ ...one, ownerName: names.get(one.ownerId) ?? one.ownerId })),
      givenUp: lost.map((one) => ({ ...one, ownerName: one.ownerId === null ? null : (names.get(one.ownerId) ?? one.ownerId) })),
      jobs: [...new Set([...last.keys(), ...Object.keys(runs)])].toSorted().map((job) => ({ name: job, startedAtMs: null, endedAtMs: null, nextAtMs: null, error: null, ...last.get(job), mayRun: Object.hasOwn(runs, job) })),
    })
  })

  const changed = (response: Response, action: Omit<Action, 'operator'>): Also => {
    const whole = actionOf(response, { operator: personOf(response).id, ...action })
    return (transaction) => recordAction(transaction, whole, nowMs())
  }
  router.post('/api/webhooks/:id/retry', async (request, response) => {
    const { id } = request.params
    await webhooks.retryNow(id, nowMs(), changed(response, { name: 'webhook.retry', subject: id, reason: reasonIn(request.body) }))
    response.status(204).end()
  })
  router.post('/api/deliveries/:id/retry', async (request, response) => {
    const { id } = request.params
    await webhooks.sendAgain(id, nowMs(), changed(response, { name: 'delivery.retry', subject: id, reason: reasonIn(request.body) }))
    response.status(204).end()
  })
  for (const paused of [true, false]) {
    router.post(`/api/webhooks/:id/${paused ? 'pause' : 'resume'}`, async (request, response) => {
      const { id } = request.params
      await webhooks.setPaused(id, paused, changed(response, { name: paused ? 'webhook.pause' : 'webhook.resume', subject: id, reason: reasonIn(request.body) }))
      response.status(204).end()
    })
  }

  router.post('/api/jobs/:name/run', async (request, response) => {
    const { name } = request.params
    const run = Object.hasOwn(runs, name) ? runs[name] : undefined
    if (run === undefined) throw new QueueFault('job-unknown', 'there is no job of this name that may be run by hand')
    await audit.around(actionOf(response, { operator: personOf(response).id, name: 'job.run', subject: name }), nowMs, run)
    response.status(204).end()
  })

  router.use(paths, answerRefusals(statuses))
  return router
}

function reasonIn(body: unknown): string {
  const parsed = reasonBody.safeParse(body ?? {})
  if (!parsed.success) throw new QueueFault('request-invalid', 'reason: must be 3 to 500 characters')
  return parsed.data.reason
}

/** What the API reference says of these routes. */
export const queueApi = {
  'GET /api/queues': { summary: 'What waits to leave, webhooks that fail, and what is done in the background.' },
  'POST /api/webhooks/:id/retry': { summary: 'Sends again what waits for a webhook.', body: reasonBody },
  'POST /api/deliveries/:id/retry': { summary: 'Sends once more what was given up.', body: reasonBody },
  'POST /api/webhooks/:id/pause': { summary: 'Sends nothing to it.', body: reasonBody },
  'POST /api/webhooks/:id/resume': { summary: 'The opposite.', body: reasonBody },
  'POST /api/jobs/:name/run': { summary: 'Does a job of the background now.', body: reasonBody },
}
