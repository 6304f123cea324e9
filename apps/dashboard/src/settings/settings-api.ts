import * as z from 'zod/mini'
import { callApi } from '../api.ts'
import { units } from '../payouts/payouts-api.ts'
import { personSchema } from '../session/session.ts'

const valueSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('text'), text: z.string() }),
  z.object({ type: z.literal('money'), units, assetCode: z.string(), assetScale: z.number() }),
  z.object({ type: z.literal('percent'), basisPoints: z.number() }),
  z.object({ type: z.literal('days'), days: z.number() }),
  z.object({ type: z.literal('seconds'), seconds: z.number() }),
  z.object({ type: z.literal('flag'), on: z.boolean() }),
  z.object({ type: z.literal('secret'), set: z.boolean() }),
  z.object({ type: z.literal('none') }),
])
export type SettingValue = z.infer<typeof valueSchema>

const settingSchema = z.object({ name: z.string(), more: z.optional(z.string()), value: valueSchema, source: z.enum(['file', 'environment', 'command-line', 'secrets', 'built-in']), at: z.string() })
export type Setting = z.infer<typeof settingSchema>

/** Throws ApiFault, status 401 when nobody is signed in. */
export function loadSettings() {
  return callApi('/api/settings', { answer: z.object({ person: personSchema, startedAtMs: z.number(), groups: z.array(z.object({ name: z.string(), settings: z.array(settingSchema) })) }) })
}
