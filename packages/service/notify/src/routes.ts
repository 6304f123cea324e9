import type { Id } from '@rivulet/ids'
import express, { type ErrorRequestHandler, type RequestHandler, type Response, Router } from 'express'
import { NotifyFault, type NotifyFaultCode } from './types.ts'
import type { Webhooks } from './webhooks.ts'

export interface WebhookRoutesOptions {
  readonly webhooks: Webhooks
  readonly requireSession: RequestHandler
  readonly requireSameOrigin: RequestHandler
  /** Whom `requireSession` let in. */
  readonly ownerOf: (response: Response) => Id<'pers'>
}

const bodyBytesMax = 8_192
const statuses: Record<NotifyFaultCode, number> = { 'webhook-invalid': 400, 'webhook-unknown': 404, 'webhooks-too-many': 409, 'delivery-unknown': 404, 'delivery-pending': 409 }

/**
 * `GET /api/webhooks`, `POST /api/webhooks {url, kinds?, paused?}` (answers the secret, once), `PATCH` and `DELETE /api/webhooks/:id`, `GET /api/webhooks/:id/deliveries?before&status&limit`,
 * `POST /api/webhooks/:id/deliveries/:delivery/redeliver`. Everyone sees only her own.
 */
export function webhookRoutes({ webhooks, requireSession, requireSameOrigin, ownerOf }: WebhookRoutesOptions): Router {
  const router = Router()
  router.use('/api/webhooks', requireSameOrigin, requireSession, express.json({ limit: bodyBytesMax }), (_request, response, next) => {
    response.set('Cache-Control', 'no-store')
    next()
  })
  router.get('/api/webhooks', async (_request, response) => void response.json({ webhooks: await webhooks.list(ownerOf(response)) }))
  router.post('/api/webhooks', async (request, response) => {
    const { endpoint, secret } = await webhooks.add(ownerOf(response), request.body)
    response.status(201).json({ webhook: endpoint, secret })
  })
  router.patch('/api/webhooks/:id', async (request, response) => void response.json({ webhook: await webhooks.change(ownerOf(response), request.params.id, request.body) }))
  router.delete('/api/webhooks/:id', async (request, response) => {
    await webhooks.remove(ownerOf(response), request.params.id)
    response.status(204).end()
  })
  router.get('/api/webhooks/:id/deliveries', async (request, response) => void response.json({ deliveries: await webhooks.deliveries(ownerOf(response), request.params.id, request.query) }))
  router.post('/api/webhooks/:id/deliveries/:delivery/redeliver', async (request, response) => {
    response.status(202).json({ delivery: await webhooks.redeliver(ownerOf(response), request.params.id, request.params.delivery) })
  })
  router.use('/api/webhooks', answerFaults)
  return router
}

const answerFaults: ErrorRequestHandler = (error: unknown, _request, response, next) => {
  if (error instanceof NotifyFault && !response.headersSent) response.status(statuses[error.code]).json({ error: { code: error.code, message: error.message } })
  else next(error)
}
