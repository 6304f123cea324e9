import * as z from 'zod/mini'
import { anyAnswer, callApi } from '../api.ts'
import { personSchema } from '../session/session.ts'

/** Whole units in a decimal string, as a bigint. */
export const units = z.pipe(z.string().check(z.regex(/^-?[0-9]{1,20}$/)), z.transform((text: string) => BigInt(text)))

const railSchema = z.enum(['sepa', 'interledger', 'manual', 'stripe'])
export type Rail = z.infer<typeof railSchema>
export const statusSchema = z.enum(['requested', 'awaiting-approval', 'approved', 'sent', 'settled', 'returned', 'failed', 'cancelled'])
const scheduleSchema = z.enum(['none', 'daily', 'weekly', 'monthly'])
export type Schedule = z.infer<typeof scheduleSchema>

export const payoutSchema = z.object({
  id: z.string(),
  rail: railSchema,
  status: statusSchema,
  destination: z.string(),
  amount: units,
  fee: units,
  net: units,
  assetCode: z.string(),
  assetScale: z.number(),
  createdMs: z.number(),
  approvalsNeeded: z.number(),
  approvals: z.number(),
  timeline: z.array(z.object({ atMs: z.number(), status: statusSchema, by: z.enum(['publisher', 'operator', 'schedule', 'rail']), note: z.nullable(z.string()) })),
})
export type Payout = z.infer<typeof payoutSchema>

const methodSchema = z.object({ rail: railSchema, destination: z.string(), schedule: scheduleSchema, threshold: units, dueMs: z.nullable(z.number()) })
export type Method = z.infer<typeof methodSchema>

const pageSchema = z.object({
  available: units,
  assetCode: z.string(),
  assetScale: z.number(),
  minimum: units,
  method: z.nullable(methodSchema),
  rails: z.array(z.object({ rail: railSchema, fixed: units, basisPoints: z.number(), step: units, proposed: z.nullable(units), least: z.nullable(units) })),
  payouts: z.array(payoutSchema),
})
export type PayoutsPageData = z.infer<typeof pageSchema>

/** All that the page shows, at one moment. Throws ApiFault, status 401 when nobody is signed in. */
export async function loadPayouts() {
  const [{ person }, page] = await Promise.all([callApi('/api/me', { answer: z.object({ person: personSchema }) }), callApi('/api/payouts', { answer: pageSchema })])
  return { person, page }
}

const stripeSchema = z.object({ connected: z.boolean(), ready: z.boolean(), due: z.boolean(), bankRefused: z.nullable(z.string()) })
export type StripeState = z.infer<typeof stripeSchema>

/** How the publisher's account at Stripe stands. */
export async function loadStripeAccount(): Promise<StripeState> {
  return await callApi('/api/payouts/stripe-account', { answer: stripeSchema })
}

/** Stripe's page where the account is opened or completed. */
export async function stripePage(): Promise<string> {
  return (await callApi('/api/payouts/stripe-account', { method: 'POST', body: {}, answer: z.object({ url: z.url() }) })).url
}

const quoteSchema = z.object({ fee: units, net: units, approvalsNeeded: z.number() })
export type Quote = z.infer<typeof quoteSchema>

export async function quotePayout(amount: bigint): Promise<Quote> {
  return await callApi('/api/payouts/quotes', { method: 'POST', body: { amount: String(amount) }, answer: quoteSchema })
}

/** How it stands then. */
export async function requestPayout(amount: bigint, key: string): Promise<Payout['status']> {
  return (await callApi('/api/payouts', { method: 'POST', body: { amount: String(amount), key }, answer: z.object({ payout: z.object({ status: statusSchema }) }) })).payout.status
}

export async function decidePayout(id: string, what: 'cancel' | 'retry'): Promise<void> {
  await callApi(`/api/payouts/${id}/${what}`, { method: 'POST', body: {}, answer: anyAnswer })
}

export async function savePayoutMethod(destination: object, schedule: Schedule, threshold: bigint): Promise<void> {
  await callApi('/api/payouts/method', { method: 'PUT', body: { destination, schedule, threshold: String(threshold) }, answer: anyAnswer })
}
