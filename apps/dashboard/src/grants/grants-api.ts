import * as z from 'zod/mini'
import { anyAnswer, callApi } from '../api.ts'
import type { Proof } from '../security/prove.tsx'
import { personSchema } from '../session/session.ts'

const units = z.pipe(z.string().check(z.regex(/^[0-9]{1,20}$/)), z.transform((text: string) => BigInt(text)))
const amountSchema = z.object({ value: units, assetCode: z.string(), assetScale: z.number() })
export type GrantAmount = z.infer<typeof amountSchema>

const accessSchema = z.object({
  type: z.enum(['incoming-payment', 'outgoing-payment', 'quote']),
  actions: z.array(z.enum(['create', 'complete', 'read', 'read-all', 'list', 'list-all'])),
  /** The wallet address that it is about. */
  identifier: z.optional(z.string()),
  limits: z.optional(z.object({ receiver: z.optional(z.string()), interval: z.optional(z.string()), debitAmount: z.optional(amountSchema), receiveAmount: z.optional(amountSchema) })),
})
export type GrantAccess = z.infer<typeof accessSchema>

/** Who asks, and for what. */
const termsSchema = z.object({
  client: z.object({ name: z.nullable(z.string()), walletAddress: z.string() }),
  access: z.array(accessSchema),
  /** A wallet address whose holder the client wants confirmed. */
  subject: z.nullable(z.string()),
  /** The interval of the limits that lasts now. */
  interval: z.nullable(z.object({ startMs: z.number(), endMs: z.number() })),
  /** When the last interval ends. */
  untilMs: z.nullable(z.number()),
})
export type GrantTerms = z.infer<typeof termsSchema>

const interactionSchema = z.extend(termsSchema, {
  state: z.enum(['asked', 'confirming', 'accepted', 'declined', 'ended']),
  person: z.nullable(personSchema),
  /** Whether what is asked for belongs to who is signed in; null while nobody is. */
  mine: z.nullable(z.boolean()),
  /** The way back to the client; null for one that finds out by itself. */
  next: z.nullable(z.string()),
})
export type Interaction = z.infer<typeof interactionSchema>

const decidedSchema = z.object({ next: z.nullable(z.string()), confirming: z.optional(z.boolean()) })
export type Decided = z.infer<typeof decidedSchema>

const grantsSchema = z.object({
  person: personSchema,
  grants: z.array(
    z.extend(termsSchema, {
      id: z.string(),
      createdAtMs: z.number(),
      state: z.enum(['live', 'revoked', 'expired']),
      endedAtMs: z.nullable(z.number()),
      /** In the interval that lasts now, or in all. */
      spent: z.nullable(z.object({ debitAmount: amountSchema, receiveAmount: z.nullable(amountSchema) })),
    }),
  ),
  /** Of the next page. */
  next: z.nullable(z.string()),
})
export type Grant = z.infer<typeof grantsSchema>['grants'][number]

/** @param path what follows `/auth/interact/` in the address: id and nonce. Throws ApiFault. */
export async function loadInteraction(path: string): Promise<Interaction> {
  return await callApi(`/api/interactions/${path}`, { answer: interactionSchema })
}

/** Decides, once: the way back to the client, or that she must show first that it is she. Throws ApiFault. */
export async function decide(path: string, decision: 'accept' | 'decline'): Promise<Decided> {
  return await callApi(`/api/interactions/${path}/${decision}`, { method: 'POST', answer: decidedSchema })
}

/** Shows that it is she who accepted. Throws ApiFault, `proof-wrong` among others. */
export async function confirm(path: string, proof: Proof): Promise<Decided> {
  return await callApi(`/api/interactions/${path}/confirm`, { method: 'POST', body: proof, answer: decidedSchema })
}

/** Who is signed in, and what she has agreed to. Throws ApiFault, status 401 when nobody is signed in. */
export async function loadGrants(): Promise<z.infer<typeof grantsSchema>> {
  return await callApi('/api/grants', { answer: grantsSchema })
}

/** What is over, newest first. @param cursor of the page before, if any. Throws ApiFault. */
export async function loadPastGrants(cursor: string | null): Promise<Pick<z.infer<typeof grantsSchema>, 'grants' | 'next'>> {
  return await callApi(`/api/grants?past=1${cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`}`, { answer: grantsSchema })
}

export async function revokeGrant(id: string): Promise<void> {
  await callApi(`/api/grants/${encodeURIComponent(id)}`, { method: 'DELETE', answer: anyAnswer })
}
