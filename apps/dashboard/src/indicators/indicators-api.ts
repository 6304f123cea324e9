import * as z from 'zod/mini'
import { callApi } from '../api.ts'
import { personSchema } from '../session/session.ts'

const decimal = z.nullable(z.string())
const journeySteps = ['shown', 'popup', 'signed-in', 'consented', 'first-packet'] as const

const windowSchema = z.object({
  days: z.number(), gross: z.string(), fees: z.string(), losses: z.string(), creators: z.string(), payments: z.number(), active: z.number(), paying: z.number(),
  arpu: decimal, arppu: decimal, adoption: decimal, frequency: decimal, basket: decimal, costPerTransaction: decimal, unitMargin: decimal, marginRate: decimal, feeRatio: decimal, allInRatio: decimal,
  feeMark: z.nullable(z.enum(['fine', 'warning', 'alarm'])), chargebackRate: decimal, fraudRate: decimal, refundRate: decimal, batchingGain: decimal, dust: z.string(), payoutsLost: decimal,
  payouts: z.object({ settled: z.number(), lost: z.number(), p50Ms: z.nullable(z.number()), p95Ms: z.nullable(z.number()) }),
  journey: z.object({ steps: z.array(z.object({ step: z.enum(journeySteps), journeys: z.number(), lost: decimal })), abandonment: decimal, p50S: z.nullable(z.number()), p95S: z.nullable(z.number()) }),
})
export type IndicatorWindow = z.infer<typeof windowSchema>

const reportSchema = z.object({
  windows: z.array(windowSchema),
  cohorts: z.array(z.object({ cohort: z.string(), size: z.number(), retention: z.array(z.string()) })),
  monthlyRetention: decimal,
  monthlyChurn: decimal,
  lifetimeValue: decimal,
  assetCode: z.string(),
  assetScale: z.number(),
})
export type IndicatorReport = z.infer<typeof reportSchema>

/** `report` is null until the first computation in the background is done. Throws ApiFault. */
export function loadIndicators() {
  return callApi('/api/indicators', { answer: z.object({ person: personSchema, computedAgoMs: z.nullable(z.number()), report: z.nullable(reportSchema) }) })
}
