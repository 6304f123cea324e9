import { answerRefusals, type Entrance, personOf, personPart } from '@rivulet/accounts'
import express, { Router } from 'express'
import { z } from 'zod'
import { type ApiKey, type ApiKeyFaultCode, newApiKey } from './api-key.ts'
import type { ApiKeys } from './api-keys.ts'

const bodyBytesMax = 4_096
const statuses: Record<ApiKeyFaultCode, number> = { 'api-key-invalid': 400, 'api-key-unknown': 404, 'api-keys-too-many': 409 }

/** `GET /api/api-keys`, `POST /api/api-keys {name, scopes}` (answers the key, once), `DELETE /api/api-keys/:id`: only with a session. Mount it behind the entrance's own handler. */
export function apiKeyRoutes({ apiKeys, entrance }: { readonly apiKeys: ApiKeys; readonly entrance: Entrance }): Router {
  const router = Router()
  router.use('/api/api-keys', entrance.requireSameOrigin, entrance.requireSession, express.json({ limit: bodyBytesMax }), (_request, response, next) => {
    response.set('Cache-Control', 'no-store')
    next()
  })
  router.get('/api/api-keys', async (_request, response) => {
    const { id, name, email } = personOf(response)
    response.json({ person: { name, email }, keys: (await apiKeys.list(id)).map(apiKeyJson) })
  })
  router.post('/api/api-keys', async (request, response) => {
    const { apiKey, key } = await apiKeys.add(personOf(response).id, request.body)
    response.status(201).json({ ...apiKeyJson(apiKey), key })
  })
  router.delete('/api/api-keys/:id', async (request, response) => {
    await apiKeys.revoke(personOf(response).id, request.params.id)
    response.status(204).end()
  })
  router.use('/api/api-keys', answerRefusals(statuses))
  return router
}

function apiKeyJson({ id, name, start, scopes, createdAtMs, usedAtMs, revokedAtMs }: ApiKey): object {
  return { id, name, start, scopes, createdAtMs, usedAtMs: usedAtMs ?? null, revokedAtMs: revokedAtMs ?? null }
}

const keyAnswer = z.strictObject({ id: z.string(), name: z.string(), start: z.string(), scopes: newApiKey.shape.scopes, createdAtMs: z.int(), usedAtMs: z.int().nullable(), revokedAtMs: z.int().nullable() })

/** What the API reference says of these routes. */
export const apiKeyApi = {
  'GET /api/api-keys': { summary: 'The keys of the publisher’s servers.', answer: z.strictObject({ person: personPart, keys: z.array(keyAnswer) }) },
  'POST /api/api-keys': { summary: 'Makes one. The answer has it, once.', body: newApiKey, answer: keyAnswer.extend({ key: z.string() }) },
  'DELETE /api/api-keys/:id': { summary: 'Revokes it, from the next request on.' },
}
