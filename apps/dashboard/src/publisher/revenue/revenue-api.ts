import * as z from 'zod/mini'
import { callApi } from '../../api.ts'
import { personSchema } from '../../session/session.ts'
import { units } from '../units.ts'

const pair = { amount: units, before: units }

const revenueSchema = z.object({
  person: personSchema,
  from: z.string(),
  to: z.string(),
  before: z.object({ from: z.string(), to: z.string() }),
  assets: z.array(
    z.object({
      assetCode: z.string(),
      assetScale: z.number(),
      ...pair,
      bySite: z.array(z.object({ site: z.nullable(z.string()), ...pair })),
      byPointer: z.array(z.object({ pointer: z.string(), ...pair })),
      byDay: z.array(z.object({ day: z.string(), ...pair })),
    }),
  ),
})
export type Revenue = z.infer<typeof revenueSchema>
export type AssetRevenue = Revenue['assets'][number]

/** Days as `2026-01-31`, both included. Throws ApiFault. */
export async function loadRevenue(from: string, to: string): Promise<Revenue> {
  return await callApi(`/api/revenue?${new URLSearchParams({ from, to }).toString()}`, { answer: revenueSchema })
}
