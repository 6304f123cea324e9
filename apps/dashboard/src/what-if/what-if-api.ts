import * as z from 'zod/mini'
import { callApi } from '../api.ts'

/** Amounts of one currency; `percent` fields are written in per cent and sent as a part of one. */
export const fields = [
  { name: 'price', percent: false, initial: '5' },
  { name: 'cost', percent: false, initial: '0.25' },
  { name: 'creatorShare', percent: true, initial: '80' },
  { name: 'targetMargin', percent: true, initial: '5' },
  { name: 'feeRate', percent: true, initial: '1.5' },
  { name: 'feeFixed', percent: false, initial: '0.25' },
  { name: 'purchasesPerCharge', percent: false, initial: '1' },
  { name: 'fixedCost', percent: false, initial: '500' },
  { name: 'visits', percent: false, initial: '100000' },
  { name: 'conversion', percent: true, initial: '3' },
  { name: 'investment', percent: false, initial: '10000' },
  { name: 'cannibalised', percent: false, initial: '0' },
] as const
export type FieldName = (typeof fields)[number]['name']
export type Answers = Readonly<Record<FieldName, string>>

const calculationSchema = z.object({
  unitMargin: z.string(), marginRate: z.string(), targetMet: z.boolean(), priceForTarget: z.nullable(z.string()), costForTarget: z.nullable(z.string()), priceForMarkUp: z.nullable(z.string()), breakEvenVolume: z.nullable(z.string()), targetVolume: z.nullable(z.string()),
  fee: z.object({ perPurchase: z.string(), ratio: z.string(), mark: z.enum(['fine', 'warning', 'alarm']), purchasesForWarning: z.nullable(z.string()), purchasesForAlarm: z.nullable(z.string()) }),
  profit: z.string(),
  returnOnInvestment: z.nullable(z.string()),
  paybackPeriods: z.nullable(z.string()),
  tornado: z.array(z.object({ input: z.enum(['price', 'conversion', 'visits', 'cost', 'fixedCost']), lower: z.string(), higher: z.string() })),
  curve: z.array(z.object({ volume: z.string(), revenue: z.string(), costs: z.string(), profit: z.string() })),
})
export type Calculation = z.infer<typeof calculationSchema>

/** Throws ApiFault; `request-invalid` names the field before its first colon. */
export function calculate(answers: Answers): Promise<Calculation> {
  const body = Object.fromEntries(fields.map(({ name, percent }) => [name, percent ? partOf(decimalOf(answers[name])) : decimalOf(answers[name])]))
  return callApi('/api/economics/calculations', { method: 'POST', body, answer: calculationSchema })
}

/** As people write it, with a comma or a point. */
function decimalOf(text: string): string {
  return text.trim().replace(',', '.')
}

/** Per cent as a part of one, by moving the point: `1.5` is `0.015`. What is no number stays as it is, and is refused at its field. */
export function partOf(percent: string): string {
  const match = /^([0-9]+)(?:\.([0-9]*))?$/.exec(percent)
  if (match === null) return percent
  const whole = (match[1] ?? '').padStart(3, '0')
  return `${whole.slice(0, -2)}.${whole.slice(-2)}${match[2] ?? ''}`
}
