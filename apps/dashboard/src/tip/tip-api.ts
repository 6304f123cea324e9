import * as z from 'zod/mini'
import { callApi } from '../api.ts'
import { personSchema } from '../session/session.ts'

const units = z.pipe(z.string().check(z.regex(/^[0-9]{1,20}$/)), z.transform((text: string) => BigInt(text)))

const tipSchema = z.object({
  id: z.string(),
  to: z.string(),
  amount: units,
  state: z.enum(['pending', 'completed', 'failed']),
  takenAmount: units,
  feeAmount: units,
  /** Null where only the receiver's provider knows. */
  deliveredAmount: z.nullable(units),
  createdAtMs: z.number(),
})
export type Tip = z.infer<typeof tipSchema>

const tipsSchema = z.object({ person: personSchema, assetCode: z.string(), assetScale: z.number(), tips: z.array(tipSchema) })
export type Tips = z.infer<typeof tipsSchema>

/** Throws ApiFault, status 401 when nobody is signed in. */
export async function loadTips(): Promise<Tips> {
  return await callApi('/api/tips', { answer: tipsSchema })
}

/** @param key names this tip: asked for again, for instance after a lost answer, it is not paid again */
export async function giveTip(to: string, amount: bigint, key: string): Promise<Tip> {
  return await callApi('/api/tips', { method: 'POST', body: { to, amount: String(amount), key }, answer: tipSchema })
}
