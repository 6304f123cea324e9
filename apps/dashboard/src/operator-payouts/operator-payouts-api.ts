import * as z from 'zod/mini'
import { anyAnswer, callApi } from '../api.ts'
import { payoutSchema, units } from '../payouts/payouts-api.ts'
import { personSchema } from '../session/session.ts'

const operatorPayoutSchema = z.extend(payoutSchema, { publisher: z.nullable(z.string()) })
export type OperatorPayout = z.infer<typeof operatorPayoutSchema>

const batchSchema = z.object({ id: z.string(), createdMs: z.number(), payouts: z.number(), total: units })

const lineSchema = z.object({
  number: z.number(),
  amount: units,
  outcome: z.enum(['new', 'settled', 'returned', 'unknown', 'doubled', 'altered', 'explained']),
  payoutId: z.nullable(z.string()),
  note: z.nullable(z.string()),
  description: z.string(),
  bookedMs: z.number(),
})
export type BankLine = z.infer<typeof lineSchema>
const statementSchema = z.object({ id: z.string(), bankId: z.string(), accountShown: z.string(), opening: units, closing: units, toMs: z.number(), lines: z.array(lineSchema) })
export type BankStatement = z.infer<typeof statementSchema>

const providerStatementSchema = z.object({ id: z.string(), provider: z.string(), name: z.string(), fromMs: z.number(), toMs: z.number(), lines: z.number() })
export type ProviderStatement = z.infer<typeof providerStatementSchema>

const payeeSchema = z.object({
  id: z.string(),
  walletAddress: z.string(),
  failures: z.number(),
  failingSinceMs: z.nullable(z.number()),
  lastReason: z.nullable(z.string()),
  underWay: z.boolean(),
  sharedBy: z.nullable(z.string()),
  waiting: units,
  givingUp: z.nullable(z.object({ by: z.nullable(z.string()), agreedBy: z.nullable(z.string()), reason: z.string(), atMs: z.nullable(z.number()) })),
})
export type PayeeElsewhere = z.infer<typeof payeeSchema>

const overviewSchema = z.object({ person: personSchema })

/** All that the page shows, at one moment. Throws ApiFault, status 401 when nobody is signed in. */
export async function loadOperatorPayouts() {
  const [{ person }, { payees }, { statements: providerStatements }, { payouts, bank, assetCode, assetScale }] = await Promise.all([
    callApi('/api/overview', { answer: overviewSchema }),
    callApi('/api/payees-elsewhere', { answer: z.object({ payees: z.array(payeeSchema) }) }),
    callApi('/api/provider-statements', { answer: z.object({ statements: z.array(providerStatementSchema) }) }),
    callApi('/api/payouts', { answer: z.object({ payouts: z.array(operatorPayoutSchema), bank: z.boolean(), assetCode: z.string(), assetScale: z.number() }) }),
  ])
  const [{ batches }, { statements }] = bank
    ? await Promise.all([callApi('/api/payout-batches', { answer: z.object({ batches: z.array(batchSchema) }) }), callApi('/api/bank-statements', { answer: z.object({ statements: z.array(statementSchema) }) })])
    : [{ batches: [] }, { statements: [] }]
  return { person, payees, payouts, bank, asset: { code: assetCode, scale: assetScale }, batches, statements, providerStatements }
}
export type OperatorPayouts = Awaited<ReturnType<typeof loadOperatorPayouts>>

export type Decision = 'approve' | 'reject' | 'sent' | 'settled' | 'failed' | 'returned' | 'retry'

export async function decide(id: string, decision: Decision, body: object): Promise<void> {
  await callApi(`/api/payouts/${id}/${decision}`, { method: 'POST', body, answer: anyAnswer })
}

export async function giveUp(id: string, reason: string): Promise<void> {
  await callApi(`/api/payees-elsewhere/${id}/give-up`, { method: 'POST', body: { reason }, answer: anyAnswer })
}

export async function tryAgain(id: string): Promise<void> {
  await callApi(`/api/payees-elsewhere/${id}/try-again`, { method: 'POST', body: {}, answer: anyAnswer })
}

export async function makeBatch(): Promise<void> {
  await callApi('/api/payout-batches', { method: 'POST', body: {}, answer: anyAnswer })
}

export async function uploadStatement(xml: string): Promise<void> {
  await callApi('/api/bank-statements', { method: 'POST', xml, answer: anyAnswer })
}

/** @param days `2027-01-31`; empty for those of its first and last line */
export async function uploadProviderStatement({ provider, name, from, to }: { readonly provider: string; readonly name: string; readonly from: string; readonly to: string }, csv: string): Promise<void> {
  const query = new URLSearchParams({ provider, name, ...(from !== '' && { from }), ...(to !== '' && { to }) })
  await callApi(`/api/provider-statements?${query.toString()}`, { method: 'POST', csv, answer: anyAnswer })
}

export async function explainLine(statementId: string, number: number, explanation: { readonly as: 'bank-fee' | 'own-funds' } | { readonly as: 'payout'; readonly payout: string }): Promise<void> {
  await callApi(`/api/bank-statements/${statementId}/lines/${number}/explain`, { method: 'POST', body: explanation, answer: anyAnswer })
}

const clearingSchema = z.object({
  name: z.string(),
  balance: units,
  unexplained: units,
  items: z.number(),
  late: z.array(z.object({ reference: z.string(), amount: units, waitsFor: z.string(), sinceMs: z.number(), dueMs: z.number() })),
})
const comparisonSchema = z.object({
  between: z.array(z.string()),
  untilMs: z.nullable(z.number()),
  lines: z.number(),
  findings: z.array(z.object({ kind: z.enum(['missing-in-books', 'missing-in-statement', 'doubled-in-books', 'doubled-in-statement', 'altered']), reference: z.string(), booked: z.nullable(units), stated: z.nullable(units), atMs: z.number() })),
})
const reconciliationSchema = z.object({ ok: z.boolean(), checkedMs: z.number(), assetCode: z.string(), assetScale: z.number(), clearing: z.array(clearingSchema), comparisons: z.array(comparisonSchema) })
export type ReconciliationData = z.infer<typeof reconciliationSchema>

/** Throws ApiFault, status 401 when nobody is signed in. */
export async function loadReconciliation() {
  const [{ person }, report] = await Promise.all([callApi('/api/overview', { answer: overviewSchema }), callApi('/api/reconciliation', { answer: reconciliationSchema })])
  return { person, report }
}
