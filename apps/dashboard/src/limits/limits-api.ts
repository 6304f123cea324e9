import * as z from 'zod/mini'
import { anyAnswer, callApi } from '../api.ts'
import { personSchema } from '../session/session.ts'
import { units } from '../wallet/wallet-api.ts'

const pacing = z.enum(['stream', 'stretch'])

const limitsSchema = z.object({
  person: personSchema,
  paused: z.boolean(),
  /** Units a second, now. */
  rate: units,
  pace: z.object({ pacing, chosenPacing: z.nullable(pacing), chosenRate: z.nullable(units), planPacing: pacing, planRate: units, periodEndsMs: z.nullable(z.number()) }),
  balance: z.object({ assetCode: z.string(), assetScale: z.number() }),
  connections: z.array(
    z.object({
      id: z.string(),
      site: z.string(),
      blocked: z.boolean(),
      /** Units of a calendar month. */
      capPerMonth: z.nullable(units),
      /** Units a second. */
      rate: z.nullable(units),
      spentThisMonth: units,
      secondsThisMonth: z.number(),
    }),
  ),
})
export type Limits = z.infer<typeof limitsSchema>
export type LimitedSite = Limits['connections'][number]
export type Pacing = z.infer<typeof pacing>

/** Throws ApiFault, status 401 when nobody is signed in. */
export async function loadLimits(): Promise<Limits> {
  return await callApi('/api/me', { answer: limitsSchema })
}

/** Null: as the plan says. */
export async function changePace(choice: { readonly pacing: Pacing | null; readonly rate: bigint | null }): Promise<void> {
  await callApi('/api/pace', { method: 'PUT', body: { pacing: choice.pacing, rate: choice.rate === null ? null : String(choice.rate) }, answer: anyAnswer })
}

export async function changeSite(id: string, limits: { readonly blocked: boolean; readonly capPerMonth: bigint | null; readonly rate: bigint | null }): Promise<void> {
  const text = (amount: bigint | null): string | null => (amount === null ? null : String(amount))
  await callApi(`/api/connections/${encodeURIComponent(id)}`, { method: 'PATCH', body: { blocked: limits.blocked, capPerMonth: text(limits.capPerMonth), rate: text(limits.rate) }, answer: anyAnswer })
}
