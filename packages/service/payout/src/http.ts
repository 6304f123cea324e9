/** What the doors of publishers and operators share: reading bodies, answering faults, writing payouts. */
import { assetParts, unitsPart } from '@rivulet/accounts'
import { isFault, messageOf } from '@rivulet/faults'
import type { ErrorRequestHandler } from 'express'
import { z } from 'zod'
import { PayoutFault, type PayoutFaultCode } from './fault.ts'
import { netOf, payoutStatuses, railNames } from './payout.ts'
import type { PayoutRecord, TimelineEntry } from './payout-store.ts'

const statuses: Readonly<Record<PayoutFaultCode, number>> = {
  'request-invalid': 400,
  'destination-invalid': 400,
  'iban-invalid': 400,
  'amount-invalid': 400,
  'amount-too-small': 400,
  'amount-too-large': 400,
  'asset-unsupported': 400,
  'rail-unknown': 400,
  'method-missing': 409,
  'funds-insufficient': 409,
  'key-reused': 409,
  'payout-unknown': 404,
  'payout-state': 409,
  'payee-unknown': 404,
  'approver-same': 409,
  'approver-bound': 409,
  'batch-empty': 409,
  'batch-unknown': 404,
  'statement-invalid': 400,
  'statement-foreign': 400,
  'line-explained': 409,
  'line-differs': 409,
  'payout-at-bank': 409,
  'webhook-invalid': 400,
  'provider-away': 503,
  'person-frozen': 409,
}

export interface RoutesLog {
  error(about: object, message: string): void
}

/** Units as a decimal string; signs, exponents and points are refused. */
export const unitsSchema = z.string().regex(/^(0|[1-9][0-9]{0,18})$/, 'must be a whole number of units').transform(BigInt).refine((units) => units <= 2n ** 62n, 'must be at most 2^62 units')
export const keySchema = z.string().regex(/^[A-Za-z0-9._:-]{8,100}$/, 'must be 8 to 100 letters, digits or . _ : -')

/** Throws `request-invalid`, naming the first field that is wrong. */
export function parseBody<Schema extends z.ZodType>(schema: Schema, given: unknown): z.output<Schema> {
  const parsed = schema.safeParse(given ?? {})
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  throw new PayoutFault('request-invalid', `${issue === undefined || issue.path.length === 0 ? 'the request' : issue.path.join('.')}: ${issue?.message ?? 'invalid'}`)
}

export function answerFaults(log: RoutesLog): ErrorRequestHandler {
  return (error: unknown, request, response, next) => {
    if (response.headersSent) return next(error)
    if (error instanceof PayoutFault) {
      response.status(statuses[error.code]).json({ error: { code: error.code, message: error.message } })
      return
    }
    const away = isFault(error, 'database-unavailable') || isFault(error, 'split-waiting')
    const nobody = isFault(error, 'person-unknown') || isFault(error, 'person-ambiguous')
    const status = nobody ? 404 : away ? 503 : error instanceof Error && 'status' in error && typeof error.status === 'number' ? error.status : 500
    if (status >= 500) log.error({ path: request.path, error: error instanceof Error ? error.stack : messageOf(error) }, 'a request failed')
    response.status(status).json({ error: { code: nobody ? error.code : away ? 'database-unavailable' : status < 500 ? 'request-invalid' : 'internal', message: status < 500 ? messageOf(error) : 'try again in a moment' } })
  }
}

/** As `payoutJson` writes it. */
export const payoutAnswer = z.strictObject({
  id: z.string(), rail: z.enum(railNames), status: z.enum(payoutStatuses), attempt: z.int(), destination: z.string(), amount: unitsPart, fee: unitsPart, net: unitsPart, ...assetParts, createdMs: z.int(), changedMs: z.int(), batchId: z.string().nullable(),
  requestedBy: z.enum(['publisher', 'operator', 'schedule', 'rail']), approvalsNeeded: z.int().min(0).max(2), approvals: z.int(),
  timeline: z.array(z.strictObject({ atMs: z.int(), status: z.enum(payoutStatuses), attempt: z.int(), by: z.enum(['publisher', 'operator', 'schedule', 'rail']), note: z.string().nullable() })),
})

export function payoutJson({ payout, shown, createdMs, changedMs, batchId }: PayoutRecord, timeline: readonly TimelineEntry[] = []): object {
  const { id, rail, asset, amount, fee, status, requestedBy, approvalsNeeded, approvals, attempt } = payout
  return {
    id, rail, status, attempt, destination: shown, amount: String(amount), fee: String(fee), net: String(netOf(payout)), assetCode: asset.code, assetScale: asset.scale, createdMs, changedMs, batchId: batchId ?? null,
    requestedBy: requestedBy.kind, approvalsNeeded, approvals: approvals.length,
    timeline: timeline.map(({ atMs, status: then, attempt: of, actor, note }) => ({ atMs, status: then, attempt: of, by: actor.kind, note: note ?? null })),
  }
}
