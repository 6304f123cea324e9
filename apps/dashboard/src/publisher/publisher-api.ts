import * as z from 'zod/mini'
import { callApi } from '../api.ts'
import { personSchema } from '../session/session.ts'
import { units } from './units.ts'


const publisherSchema = z.object({
  person: personSchema,
  /** The public URL that money is sent to. */
  paymentPointer: z.string(),
  balance: z.object({ posted: units, pending: units, accrued: units, assetCode: z.string(), assetScale: z.number() }),
})
export type Publisher = z.infer<typeof publisherSchema>

/** Throws ApiFault, status 401 when no publisher is signed in. */
export async function loadPublisher(): Promise<Publisher> {
  return await callApi('/api/me', { answer: publisherSchema })
}
