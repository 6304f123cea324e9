import * as z from 'zod/mini'
import { callApi } from '../api.ts'
import { namesSchema, transferSchema } from '../ledger/ledger-api.ts'
import { units } from '../payouts/payouts-api.ts'
import { personSchema } from '../session/session.ts'

/** Who is signed in. Throws ApiFault, status 401 when no operator is. */
export function loadOverview() {
  return callApi('/api/overview', { answer: z.object({ person: personSchema }) })
}

const streamSchema = z.object({
  id: z.string(), state: z.enum(['open', 'in-doubt', 'closed']), payer: z.string(), payee: z.string(), site: z.nullable(z.string()), rate: units, held: units, total: units, posted: units, openedAtMs: z.number(),
  closeReason: z.nullable(z.string()), assetCode: z.string(), assetScale: z.number(),
})
export type FoundStream = z.infer<typeof streamSchema>

/** Among all streams, also those that have ended; the newest first. */
export function findStreams(text: string, before: string | undefined) {
  const query = new URLSearchParams({ text, ...(before !== undefined && { before }) })
  return callApi(`/api/streams?${query}`, { answer: z.object({ streams: z.array(streamSchema), more: z.boolean() }) })
}

const keptSchema = z.extend(streamSchema, {
  excess: units, linkTotal: units, connection: z.string(), destination: z.string(), receiverIsOurs: z.boolean(), sendUntilMs: z.number(), sequenceCeiling: z.number(), ownerId: z.string(), ownerEpoch: z.number(), postedAtMs: z.number(),
  received: z.nullable(units), packetsSeen: z.nullable(z.number()), closedAtMs: z.nullable(z.number()),
})
export type KeptStream = z.infer<typeof keptSchema>
const sideSchema = z.object({ id: z.string(), name: z.string() })

export function loadStream(id: string) {
  return callApi(`/api/streams/${id}`, { answer: z.object({ stream: keptSchema, debit: sideSchema, credit: sideSchema, transfers: z.array(transferSchema), accounts: namesSchema }) })
}
