import * as z from 'zod/mini'
import { anyAnswer, callApi } from '../api.ts'
import { personSchema } from '../session/session.ts'

const keySchema = z.object({ id: z.string(), kid: z.string(), name: z.string(), createdAtMs: z.number(), walletAddress: z.string() })
export type Key = z.infer<typeof keySchema>

const keysSchema = z.object({ person: personSchema, keys: z.array(keySchema), addresses: z.array(z.object({ id: z.string(), url: z.string(), publicName: z.string(), assetCode: z.string(), main: z.boolean() })) })
export type Keys = z.infer<typeof keysSchema>

/** Throws ApiFault, status 401 when nobody is signed in. */
export async function loadKeys(): Promise<Keys> {
  return await callApi('/api/keys', { answer: keysSchema })
}

/** @param key base64 of the JWK, as the client shows it */
export async function addKey(key: string, name: string, walletAddress: string): Promise<Key> {
  return await callApi('/api/keys', { method: 'POST', body: { key, name, walletAddress }, answer: keySchema })
}

export async function revokeKey(id: string): Promise<void> {
  await callApi(`/api/keys/${encodeURIComponent(id)}`, { method: 'DELETE', answer: anyAnswer })
}
