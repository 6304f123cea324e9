import * as z from 'zod/mini'
import { anyAnswer, callApi } from '../api.ts'
import { personSchema } from '../session/session.ts'

const ms = z.nullable(z.number())
const queueSchema = z.object({ name: z.string(), waiting: z.number(), failing: z.number(), oldestMs: ms, dead: z.number(), lastError: z.nullable(z.string()) })
export type Queue = z.infer<typeof queueSchema>

const webhookSchema = z.object({
  id: z.string(), ownerId: z.string(), ownerName: z.string(), url: z.string(), paused: z.boolean(), waiting: z.number(), dead: z.number(), sinceMs: z.number(), attempts: z.number(), triedMs: ms, nextMs: ms,
  answerCode: z.nullable(z.number()), error: z.nullable(z.string()),
})
export type FailingWebhook = z.infer<typeof webhookSchema>

const givenUpSchema = z.object({
  id: z.string(), queue: z.enum(['webhooks', 'mails']), what: z.string(), ownerId: z.nullable(z.string()), ownerName: z.nullable(z.string()), url: z.nullable(z.string()), attempts: z.number(), createdMs: z.number(), triedMs: ms,
  answerCode: z.nullable(z.number()), error: z.nullable(z.string()),
})
export type GivenUp = z.infer<typeof givenUpSchema>

const jobSchema = z.object({ name: z.string(), startedAtMs: ms, endedAtMs: ms, nextAtMs: ms, error: z.nullable(z.string()), mayRun: z.boolean() })
export type Job = z.infer<typeof jobSchema>

/** Throws ApiFault, status 401 when nobody is signed in; so does everything below. */
export function loadQueues() {
  return callApi('/api/queues', { answer: z.object({ person: personSchema, queues: z.array(queueSchema), webhooks: z.array(webhookSchema), givenUp: z.array(givenUpSchema), jobs: z.array(jobSchema) }) })
}

export async function changeWebhook(id: string, to: 'retry' | 'pause' | 'resume', reason: string): Promise<void> {
  await callApi(`/api/webhooks/${encodeURIComponent(id)}/${to}`, { method: 'POST', body: { reason }, answer: anyAnswer })
}

export async function sendAgain(id: string, reason: string): Promise<void> {
  await callApi(`/api/deliveries/${encodeURIComponent(id)}/retry`, { method: 'POST', body: { reason }, answer: anyAnswer })
}

export async function runJob(name: string): Promise<void> {
  await callApi(`/api/jobs/${encodeURIComponent(name)}/run`, { method: 'POST', body: {}, answer: anyAnswer })
}
