import * as z from 'zod/mini'
import { callApi } from '../api.ts'
import { personSchema } from '../session/session.ts'
import { units } from '../wallet/wallet-api.ts'

export const kinds = ['reading', 'share', 'payment', 'fee', 'returned', 'other'] as const

const activitySchema = z.object({
  person: personSchema,
  from: z.string(),
  to: z.string(),
  assetCode: z.string(),
  assetScale: z.number(),
  /** Of shares that nobody took, on these days. */
  cameBack: units,
  lines: z.array(
    z.object({
      /** UTC, `2026-01-31`. */
      day: z.string(),
      kind: z.enum(kinds),
      site: z.nullable(z.string()),
      payee: z.nullable(z.string()),
      amount: units,
      seconds: z.number(),
    }),
  ),
})
export type Activity = z.infer<typeof activitySchema>
export type ActivityLine = Activity['lines'][number]

/** What she spent on these days. Throws ApiFault, status 401 when nobody is signed in. */
export async function loadActivity(query: string): Promise<Activity> {
  return await callApi(`/api/activity?${query}`, { answer: activitySchema })
}
