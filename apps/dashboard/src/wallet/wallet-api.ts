import * as z from 'zod/mini'
import { anyAnswer, callApi } from '../api.ts'
import { personSchema } from '../session/session.ts'

/** Whole units in a decimal string, possibly negative, as a bigint. */
export const units = z.pipe(z.string().check(z.regex(/^-?[0-9]{1,20}$/)), z.transform((text: string) => BigInt(text)))

export const meSchema = z.object({
  person: personSchema,
  paused: z.boolean(),
  /** By the operator, for everybody. */
  streamsStopped: z.boolean(),
  /** Units a second. */
  rate: units,
  pace: z.object({ periodEndsMs: z.nullable(z.number()), budget: z.nullable(units) }),
  /** Units that left her account since the day began, UTC. */
  spentToday: units,
  balance: z.object({ posted: units, pending: units, accrued: units, assetCode: z.string(), assetScale: z.number() }),
  connections: z.array(z.object({ id: z.string(), site: z.string(), createdAtMs: z.number() })),
  streams: z.array(
    z.object({
      id: z.string(),
      site: z.string(),
      payee: z.string(),
      rate: units,
      /** Units paid since the stream was opened. */
      total: units,
      state: z.enum(['opening', 'paying', 'paused', 'in-doubt', 'ended']),
      /** Why it does not pay now. */
      reason: z.nullish(z.string()),
    }),
  ),
  /** What open pages ask for without being paid, those that she looks at first; of `waitingInAll` the first few. */
  waiting: z.array(z.object({ site: z.string(), payee: z.string(), reason: z.nullable(z.string()) })),
  waitingInAll: z.number(),
})
export type Me = z.infer<typeof meSchema>

/** The subscriber's home at one moment. Throws ApiFault, status 401 when nobody is signed in. */
export async function loadMe(): Promise<Me> {
  return await callApi('/api/me', { answer: meSchema })
}

export async function setPaused(paused: boolean): Promise<void> {
  await callApi('/api/pause', { method: 'POST', body: { paused }, answer: anyAnswer })
}

export async function revokeConnection(id: string): Promise<void> {
  await callApi(`/api/connections/${encodeURIComponent(id)}`, { method: 'DELETE', answer: anyAnswer })
}

const connectRequestSchema = z.object({
  /** The origin that asks: the agent's word, never the page's. */
  site: z.string(),
  expiresInMs: z.number(),
  person: z.nullish(personSchema),
  plan: z.nullish(z.object({ rate: units, assetCode: z.string(), assetScale: z.number() })),
})
export type ConnectRequest = z.infer<typeof connectRequestSchema>

export async function loadConnectRequest(challenge: string): Promise<ConnectRequest> {
  return await callApi(`/api/connect/${encodeURIComponent(challenge)}`, { answer: connectRequestSchema })
}

/** Consents; the answer is a code for one use that only the site's agent can redeem. */
export async function consent(challenge: string): Promise<string> {
  const { code } = await callApi(`/api/connect/${encodeURIComponent(challenge)}/consent`, { method: 'POST', body: {}, answer: z.object({ code: z.string() }) })
  return code
}
