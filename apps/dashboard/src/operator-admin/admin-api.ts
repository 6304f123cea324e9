import * as z from 'zod/mini'
import { anyAnswer, callApi } from '../api.ts'
import { units } from '../payouts/payouts-api.ts'
import { personSchema } from '../session/session.ts'

const entrySchema = z.object({
  id: z.string(),
  atMs: z.number(),
  operatorName: z.string(),
  name: z.string(),
  subject: z.string(),
  subjectName: z.nullable(z.string()),
  reason: z.nullable(z.string()),
  detail: z.record(z.string(), z.string()),
  result: z.enum(['begun', 'done', 'refused', 'failed']),
  code: z.nullable(z.string()),
})
export type Entry = z.infer<typeof entrySchema>

export interface AuditAsked {
  /** Empty: everybody, everything. */
  readonly operator: string
  readonly name: string
  readonly about: string
  readonly result: string
  /** Days of the browser's own time, as a field of dates has them; empty: no end. */
  readonly fromDay: string
  readonly toDay: string
  readonly before: string | undefined
}

/** As the query of the list and of its CSV. */
export function auditQuery({ operator, name, about, result, fromDay, toDay, before }: AuditAsked): string {
  const startOf = (day: string, later: number): string => {
    const [year = 1970, month = 1, date = 1] = day.split('-').map(Number)
    return String(new Date(year, month - 1, date + later).getTime())
  }
  return new URLSearchParams({
    ...(operator !== '' && { operator }), ...(name !== '' && { name }), ...(about !== '' && { about }), ...(result !== 'all' && { result }), ...(fromDay !== '' && { fromMs: startOf(fromDay, 0) }), ...(toDay !== '' && { toMs: startOf(toDay, 1) }),
    ...(before !== undefined && { before }),
  }).toString()
}

/** Throws ApiFault, status 401 when nobody is signed in; so does everything below. */
export function loadAudit(asked: AuditAsked) {
  return callApi(`/api/audit?${auditQuery(asked)}`, {
    answer: z.object({ person: personSchema, entries: z.array(entrySchema), more: z.boolean(), operators: z.array(z.object({ id: z.string(), name: z.string() })), names: z.array(z.string()) }),
  })
}

const frozenSchema = z.nullable(z.object({ sinceMs: z.number(), reason: z.string() }))
const listedSchema = z.object({
  id: z.string(),
  role: z.enum(['subscriber', 'publisher']),
  name: z.string(),
  email: z.string(),
  url: z.nullable(z.string()),
  createdAtMs: z.nullable(z.number()),
  frozen: frozenSchema,
  balance: z.nullable(z.object({ posted: units, pending: units, accrued: units, assetCode: z.string(), assetScale: z.number() })),
})
export type Listed = z.infer<typeof listedSchema>

export interface PeopleAsked {
  readonly role: 'subscriber' | 'publisher'
  readonly text: string
  readonly frozen: boolean
  readonly before: string | undefined
}

export function loadPeople({ role, text, frozen, before }: PeopleAsked) {
  const query = new URLSearchParams({ role, text, frozen: frozen ? 'yes' : 'no', ...(before !== undefined && { before }) })
  return callApi(`/api/people?${query.toString()}`, { answer: z.object({ person: personSchema, people: z.array(listedSchema), more: z.boolean() }) })
}

const shownSchema = z.extend(listedSchema, {
  subscription: z.nullable(z.object({ status: z.string(), plan: z.string(), periodEndsMs: z.number() })),
  payments: z.array(z.object({ number: z.number(), kind: z.string(), issuedMs: z.number(), total: units, assetCode: z.string(), assetScale: z.number(), refundable: z.boolean() })),
  connections: z.number(),
  payouts: z.array(z.object({ id: z.string(), status: z.enum(['requested', 'awaiting-approval', 'approved', 'sent', 'settled', 'returned', 'failed', 'cancelled']), amount: units, assetCode: z.string(), assetScale: z.number(), createdMs: z.number() })),
})
export type Shown = z.infer<typeof shownSchema>

export function loadPerson(id: string) {
  return callApi(`/api/people/${encodeURIComponent(id)}`, {
    answer: z.object({ person: personSchema, shown: shownSchema, history: z.array(z.object({ name: z.string(), atMs: z.number(), reason: z.nullable(z.string()), result: z.string() })) }),
  })
}

export async function setFrozen(id: string, freeze: boolean, reason: string): Promise<void> {
  await callApi(`/api/people/${encodeURIComponent(id)}/${freeze ? 'freeze' : 'unfreeze'}`, { method: 'POST', body: { reason }, answer: anyAnswer })
}

export async function refund(number: number, reason: string): Promise<void> {
  await callApi(`/api/invoices/${number}/refund`, { method: 'POST', body: { reason }, answer: anyAnswer })
}

const correctionSchema = z.object({
  id: z.string(),
  debit: z.string(),
  credit: z.string(),
  amount: units,
  assetCode: z.string(),
  assetScale: z.number(),
  reason: z.string(),
  status: z.enum(['proposed', 'approved', 'posted', 'declined', 'failed']),
  proposedBy: z.nullable(z.string()),
  proposedMs: z.number(),
  decidedBy: z.nullable(z.string()),
  note: z.nullable(z.string()),
  mine: z.boolean(),
})
export type Correction = z.infer<typeof correctionSchema>

export async function loadSafety() {
  const [{ person, corrections }, streams] = await Promise.all([
    callApi('/api/corrections', { answer: z.object({ person: personSchema, corrections: z.array(correctionSchema) }) }),
    callApi('/api/stream-switch', { answer: z.object({ stopped: z.boolean(), reason: z.string(), sinceMs: z.number() }) }),
  ])
  return { person, corrections, streams }
}
export type Safety = Awaited<ReturnType<typeof loadSafety>>

export async function propose(correction: { readonly debit: string; readonly credit: string; readonly amount: string; readonly reason: string }): Promise<void> {
  await callApi('/api/corrections', { method: 'POST', body: correction, answer: anyAnswer })
}

export async function approve(id: string): Promise<void> {
  await callApi(`/api/corrections/${id}/approve`, { method: 'POST', body: {}, answer: anyAnswer })
}

export async function decline(id: string, reason: string): Promise<void> {
  await callApi(`/api/corrections/${id}/decline`, { method: 'POST', body: { reason }, answer: anyAnswer })
}

export async function switchStreams(stopped: boolean, reason: string): Promise<void> {
  await callApi('/api/stream-switch', { method: 'POST', body: { stopped, reason }, answer: anyAnswer })
}
