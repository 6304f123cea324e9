import { type Entrance, personOf } from '@rivulet/accounts'
import { actionOf } from '@rivulet/audit'
import { isFault } from '@rivulet/faults'
import express, { type ErrorRequestHandler, type Response, Router } from 'express'
import { PeeringFault, type PeeringFaultCode } from './fault.ts'
import type { Operator, Peers } from './peers.ts'

const bodyBytesMax = 16_384
const statuses: Record<PeeringFaultCode, number> = {
  'peer-invalid': 400,
  'peer-unknown': 404,
  'peer-known': 409,
  'peers-too-many': 409,
  'prefix-taken': 409,
  'token-taken': 409,
  'url-insecure': 400,
  'no-route': 404,
  'rates-unusable': 400,
}

/**
 * For the operator's port: GET and POST `/api/peers`, GET, PATCH (limits) and DELETE `/api/peers/:name`, POST `/api/peers/:name/pause`, `/resume` and `/settlements`. Signed in, and from the
 * operator's own pages. A token that was made is in the answer to POST, and never again.
 */
export function peerRoutes({ peers, entrance }: { readonly peers: Peers; readonly entrance: Pick<Entrance, 'requireSession' | 'requireSameOrigin'> }): Router {
  const routes = Router()
  const json = express.json({ limit: bodyBytesMax })
  routes.use('/api/peers', entrance.requireSameOrigin, entrance.requireSession, (_request, response, next) => {
    response.set('Cache-Control', 'no-store')
    next()
  })
  routes.get('/api/peers', async (_request, response) => void response.json({ peers: await peers.list() }))
  routes.post('/api/peers', json, async (request, response) => {
    const { peer, incomingToken } = await peers.add(request.body, by(response))
    response.status(201).json({ peer, ...(incomingToken !== undefined && { incomingToken }) })
  })
  routes.get('/api/peers/:name', async (request, response) => void response.json({ peer: await peers.view(request.params.name) }))
  routes.patch('/api/peers/:name', json, async (request, response) => void response.json({ peer: await peers.limit(request.params.name, request.body, by(response)) }))
  routes.delete('/api/peers/:name', async (request, response) => void response.json({ peer: await peers.remove(request.params.name, by(response)) }))
  routes.post('/api/peers/:name/pause', async (request, response) => void response.json({ peer: await peers.pause(request.params.name, by(response)) }))
  routes.post('/api/peers/:name/resume', async (request, response) => void response.json({ peer: await peers.resume(request.params.name, by(response)) }))
  routes.post('/api/peers/:name/settlements', json, async (request, response) => void response.status(201).json(await peers.settle(request.params.name, request.body, by(response))))
  routes.use('/api/peers', answerFaults)
  return routes
}

function by(response: Response): Operator {
  return (action) => actionOf(response, { operator: personOf(response).id, ...action })
}

const answerFaults: ErrorRequestHandler = (error: unknown, _request, response, next) => {
  if (error instanceof PeeringFault) response.status(statuses[error.code]).json({ error: { code: error.code, message: error.message } })
  else if (isFault(error, 'key-reused') || isFault(error, 'amount-too-large')) response.status(409).json({ error: { code: error.code, message: error.message } })
  else if (isFault(error, 'database-unavailable')) response.status(503).json({ error: { code: error.code, message: 'the database is away: try again in a moment' } })
  else next(error)
}
