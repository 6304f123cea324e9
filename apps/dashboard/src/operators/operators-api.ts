/** Who runs this installation. */
import * as z from 'zod/mini'
import { anyAnswer, callApi } from '../api.ts'
import { personSchema } from '../session/session.ts'

const operatorSchema = z.object({
  id: z.string(),
  name: z.string(),
  email: z.string(),
  readOnly: z.boolean(),
  createdAtMs: z.number(),
  invited: z.boolean(),
  closed: z.nullable(z.object({ sinceMs: z.number(), reason: z.string() })),
  bound: z.nullable(z.object({ to: z.string(), untilMs: z.number() })),
  you: z.boolean(),
})
export type Operator = z.infer<typeof operatorSchema>

export interface Invitation {
  readonly name: string
  readonly email: string
  readonly readOnly: boolean
}

export function loadOperators() {
  return callApi('/api/operators', { answer: z.object({ person: personSchema, operators: z.array(operatorSchema) }) })
}

/** @returns the password to hand over, where no mail leaves. Throws ApiFault. */
export async function invite(invitation: Invitation): Promise<string | undefined> {
  return (await callApi('/api/operators', { method: 'POST', body: invitation, answer: z.object({ password: z.nullable(z.string()) }) })).password ?? undefined
}

export async function inviteAgain(id: string): Promise<void> {
  await callApi(`/api/operators/${id}/invite`, { method: 'POST', body: {}, answer: anyAnswer })
}

export async function setReadOnly(id: string, readOnly: boolean, reason: string): Promise<void> {
  await callApi(`/api/operators/${id}/role`, { method: 'POST', body: { readOnly, reason }, answer: anyAnswer })
}

export async function setClosed(id: string, closed: boolean, reason: string): Promise<void> {
  await callApi(`/api/operators/${id}/${closed ? 'close' : 'reopen'}`, { method: 'POST', body: { reason }, answer: anyAnswer })
}
