import { type Entrance, personOf } from '@rivulet/accounts'
import { actionOf } from '@rivulet/audit'
import { isFault } from '@rivulet/faults'
import express, { type ErrorRequestHandler, type Response, Router } from 'express'
import { z } from 'zod'
import { PeeringFault, type PeeringFaultCode } from './fault.ts'
import { limitsChange, newPeer, newSettlement } from './peer.ts'
import type { Operator, Peers, PeerView } from './peers.ts'

const bodyBytesMax = 16_384
/** To which roles of ours others of ours hold links. No peer has their names. */
const ownRoles = ['wallet', 'receiver']
const reasonBody = z.object({ reason: z.string().trim().min(3).max(500).optional() })
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
 * For the operator's port: GET and POST `/api/peers`, GET, PATCH (limits) and DELETE `/api/peers/:name`, POST `/api/peers/:name/pause`, `/resume` and `/settlements`; to pause, resume and remove a `reason` may be said. Signed in, and from the
 * operator's own pages. A peer is told with `connected`: null while that is not known, or where no link stands (ILP-over-HTTP, paused). A token that was made is in the answer to POST, and never again.
 */
export function peerRoutes({ peers, entrance, links }: { readonly peers: Peers; readonly entrance: Pick<Entrance, 'requireSession' | 'requireSameOrigin'>; readonly links: () => Promise<ReadonlyMap<string, boolean>> }): Router {
  const routes = Router()
  const json = express.json({ limit: bodyBytesMax })
  routes.use('/api/peers', entrance.requireSameOrigin, entrance.requireSession, (_request, response, next) => {
    response.set('Cache-Control', 'no-store')
    next()
  })
  const told = async (all: readonly PeerView[]): Promise<readonly object[]> => {
    const states = await links()
    return all.map((peer) => ({ ...peer, connected: peer.state === 'paused' ? null : (states.get(peer.name) ?? null) }))
  }
  const answer = async (response: Response, peer: PeerView, more: object = {}): Promise<void> => void response.json({ person: personSeen(response), peer: (await told([peer]))[0], ...more })
  routes.get('/api/peers', async (_request, response) => {
    const [all, states] = await Promise.all([peers.list(), links()])
    const own = Array.from(states, ([peer, up]) => ({ peer, up })).filter(({ peer }) => ownRoles.includes(peer))
    response.json({ person: personSeen(response), peers: await told(all), own })
  })
  routes.post('/api/peers', json, async (request, response) => {
    const { peer, incomingToken } = await peers.add(request.body, by(response))
    response.status(201)
    await answer(response, peer, incomingToken === undefined ? {} : { incomingToken })
  })
  routes.get('/api/peers/:name', async (request, response) => answer(response, await peers.view(request.params.name)))
  routes.patch('/api/peers/:name', json, async (request, response) => answer(response, await peers.limit(request.params.name, request.body, by(response))))
  routes.delete('/api/peers/:name', json, async (request, response) => answer(response, await peers.remove(request.params.name, by(response, request.body))))
  routes.post('/api/peers/:name/pause', json, async (request, response) => answer(response, await peers.pause(request.params.name, by(response, request.body))))
  routes.post('/api/peers/:name/resume', json, async (request, response) => answer(response, await peers.resume(request.params.name, by(response, request.body))))
  routes.post('/api/peers/:name/settlements', json, async (request, response) => {
    const { peer, transfer } = await peers.settle(request.params.name, request.body, by(response))
    response.status(201)
    await answer(response, peer, { transfer })
  })
  routes.use('/api/peers', answerFaults)
  return routes
}

function personSeen(response: Response): object {
  const { name, email } = personOf(response)
  return { name, email }
}

/** @param body in which a reason may be said */
function by(response: Response, body?: unknown): Operator {
  const said = reasonBody.safeParse(body ?? {})
  if (!said.success) throw new PeeringFault('peer-invalid', 'reason: must be 3 to 500 characters')
  const { reason } = said.data
  return (action) => actionOf(response, { operator: personOf(response).id, ...action, ...(reason !== undefined && { reason }) })
}

const answerFaults: ErrorRequestHandler = (error: unknown, _request, response, next) => {
  if (error instanceof PeeringFault) response.status(statuses[error.code]).json({ error: { code: error.code, message: error.message } })
  else if (isFault(error, 'key-reused') || isFault(error, 'amount-too-large')) response.status(409).json({ error: { code: error.code, message: error.message } })
  else if (isFault(error, 'database-unavailable')) response.status(503).json({ error: { code: error.code, message: 'the database is away: try again in a moment' } })
  else next(error)
}

/** What the API reference says of these routes. */
export const peerApi = {
  'GET /api/peers': { summary: 'All peers: limits, exposure, state of their links.' },
  'POST /api/peers': { summary: 'Adds one. A token that was made is in the answer, once.', body: newPeer },
  'GET /api/peers/:name': { summary: 'One of them.' },
  'PATCH /api/peers/:name': { summary: 'Changes limits.', body: limitsChange },
  'DELETE /api/peers/:name': { summary: 'Removes it.' },
  'POST /api/peers/:name/pause': { summary: 'Nothing passes any more.', body: reasonBody },
  'POST /api/peers/:name/resume': { summary: 'The opposite.', body: reasonBody },
  'POST /api/peers/:name/settlements': { summary: 'Books a settlement. The same key is the same settlement.', body: newSettlement },
}
