import * as z from 'zod/mini'
import { anyAnswer, callApi } from '../../api.ts'
import { personSchema } from '../../session/session.ts'

export const scopes = ['statements', 'revenue', 'payments', 'webhooks'] as const
export type Scope = (typeof scopes)[number]

const keySchema = z.object({
  id: z.string(),
  name: z.string(),
  start: z.string(),
  scopes: z.array(z.enum(scopes)),
  createdAtMs: z.number(),
  usedAtMs: z.nullable(z.number()),
  revokedAtMs: z.nullable(z.number()),
})
export type ApiKey = z.infer<typeof keySchema>

const keysSchema = z.object({ person: personSchema, keys: z.array(keySchema) })
const madeSchema = z.extend(keySchema, { key: z.string() })
export type MadeKey = z.infer<typeof madeSchema>

/** Throws ApiFault, as all of these. */
export async function loadApiKeys(): Promise<z.infer<typeof keysSchema>> {
  return await callApi('/api/api-keys', { answer: keysSchema })
}

export async function makeApiKey(name: string, chosen: readonly Scope[]): Promise<MadeKey> {
  return await callApi('/api/api-keys', { method: 'POST', body: { name, scopes: chosen }, answer: madeSchema })
}

export async function revokeApiKey(id: string): Promise<void> {
  await callApi(`/api/api-keys/${encodeURIComponent(id)}`, { method: 'DELETE', answer: anyAnswer })
}
