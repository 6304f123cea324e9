import * as z from 'zod/mini'
import { anyAnswer, callApi } from '../api.ts'
import type { Proof } from '../security/prove.tsx'
import { forgetPresence } from '../session/presence.ts'
import { personSchema } from '../session/session.ts'

const privacySchema = z.object({
  person: personSchema,
  /** What is left, units. */
  budget: z.pipe(z.string().check(z.regex(/^-?[0-9]{1,20}$/)), z.transform((text: string) => BigInt(text))),
  assetCode: z.string(),
  assetScale: z.number(),
  plan: z.nullable(z.string()),
})
export type Privacy = z.infer<typeof privacySchema>

/** Throws ApiFault, status 401 when nobody is signed in. */
export async function loadPrivacy(): Promise<Privacy> {
  return await callApi('/api/privacy', { answer: privacySchema })
}

/** She is forgotten, and signed out. Throws ApiFault, `proof-wrong` among others. */
export async function erase(proof: Proof): Promise<void> {
  await callApi('/api/privacy/erasure', { method: 'POST', body: proof, answer: anyAnswer })
  forgetPresence()
}
