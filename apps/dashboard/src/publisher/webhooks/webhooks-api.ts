import * as z from 'zod/mini'
import { anyAnswer, callApi } from '../../api.ts'
import { personSchema } from '../../session/session.ts'

/** In the order in which they are offered. */
export const eventKinds = ['incoming_payment.received', 'incoming_payment.completed', 'stream.closed', 'payout.sent', 'payout.settled', 'payout.failed', 'payout.returned'] as const
const kindSchema = z.enum(eventKinds)
export type EventKind = z.infer<typeof kindSchema>

const webhookSchema = z.object({ id: z.string(), url: z.string(), kinds: z.array(kindSchema), paused: z.boolean(), createdAtMs: z.number() })
export type Webhook = z.infer<typeof webhookSchema>

const statusSchema = z.enum(['pending', 'delivered', 'dead'])
export type DeliveryStatus = z.infer<typeof statusSchema>

const deliverySchema = z.object({
  id: z.string(), eventId: z.string(), kind: z.string(), status: statusSchema, attempts: z.number(), answerCode: z.nullable(z.number()), error: z.nullable(z.string()), createdAtMs: z.number(),
  triedAtMs: z.nullable(z.number()), dueAtMs: z.nullable(z.number()),
})
export type Delivery = z.infer<typeof deliverySchema>

/** Throws ApiFault, status 401 when nobody is signed in. */
export async function loadWebhooks() {
  const [{ person }, { webhooks }] = await Promise.all([callApi('/api/me', { answer: z.object({ person: personSchema }) }), callApi('/api/webhooks', { answer: z.object({ webhooks: z.array(webhookSchema) }) })])
  return { person, webhooks }
}

/** The secret is told this once. */
export async function addWebhook(url: string, kinds: readonly EventKind[]): Promise<{ readonly webhook: Webhook; readonly secret: string }> {
  return await callApi('/api/webhooks', { method: 'POST', body: { url, kinds }, answer: z.object({ webhook: webhookSchema, secret: z.string() }) })
}

export async function changeWebhook(id: string, change: { readonly paused?: boolean; readonly kinds?: readonly EventKind[] }): Promise<void> {
  await callApi(pathOf(id), { method: 'PATCH', body: change, answer: anyAnswer })
}

export async function removeWebhook(id: string): Promise<void> {
  await callApi(pathOf(id), { method: 'DELETE', answer: anyAnswer })
}

/** Newest first, a page at a time. */
export async function loadDeliveries(id: string, page: { readonly status: DeliveryStatus | undefined; readonly before?: string; readonly limit: number }): Promise<readonly Delivery[]> {
  const query = new URLSearchParams({ limit: String(page.limit), ...(page.status !== undefined && { status: page.status }), ...(page.before !== undefined && { before: page.before }) })
  return (await callApi(`${pathOf(id)}/deliveries?${query}`, { answer: z.object({ deliveries: z.array(deliverySchema) }) })).deliveries
}

export async function redeliver(id: string, delivery: string): Promise<void> {
  await callApi(`${pathOf(id)}/deliveries/${encodeURIComponent(delivery)}/redeliver`, { method: 'POST', body: {}, answer: anyAnswer })
}

function pathOf(id: string): string {
  return `/api/webhooks/${encodeURIComponent(id)}`
}
