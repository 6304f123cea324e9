/** What a grant may allow, after the OpenAPI file of the Open Payments auth server, version 1.3.0 (`access-item`). */
import { amountMax } from '@rivulet/money'
import { z } from 'zod'
import { GnapFault } from './fault.ts'
import { intervalEndMs } from './interval.ts'

const urlCharactersMax = 2_000
const url = z.url({ protocol: /^https?$/ }).max(urlCharactersMax)

/** An amount as the wire has it: units in a decimal string, at most 2^62 of them. */
export const accessAmount = z.strictObject({
  value: z.string().regex(/^(0|[1-9][0-9]{0,19})$/, 'must be a whole number of units in a string').refine((value) => !/^[0-9]{1,20}$/.test(value) || BigInt(value) <= amountMax, 'must be at most 2^62 units'),
  assetCode: z.string().min(1).max(20),
  assetScale: z.int().min(0).max(255),
})

const interval = z.string().refine(isInterval, 'must be a repeating interval of ISO 8601, for instance R/2026-01-31T10:00:00Z/P1M')

/** How much may be paid: `debitAmount` and `receiveAmount` are maxima of each interval, or of the whole grant without one. */
const limits = z
  .strictObject({
    receiver: url.regex(/^https?:\/\/.+\/incoming-payments\/.+$/, 'must be the URL of an incoming payment').optional(),
    interval: interval.optional(),
    debitAmount: accessAmount.optional(),
    receiveAmount: accessAmount.optional(),
  })
  .refine(({ debitAmount, receiveAmount }) => debitAmount === undefined || receiveAmount === undefined, 'debitAmount and receiveAmount exclude each other')

function actions<const Action extends string>(...names: readonly [Action, ...Action[]]) {
  return z.array(z.enum(names)).min(1).max(names.length).refine((given) => new Set(given).size === given.length, 'must not repeat an action')
}

const incomingPaymentAccess = z.strictObject({ type: z.literal('incoming-payment'), actions: actions('create', 'complete', 'read', 'read-all', 'list', 'list-all'), identifier: url.optional() })
const outgoingPaymentAccess = z.strictObject({ type: z.literal('outgoing-payment'), actions: actions('create', 'read', 'read-all', 'list', 'list-all'), identifier: url, limits: limits.optional() })
const quoteAccess = z.strictObject({ type: z.literal('quote'), actions: actions('create', 'read', 'read-all') })

/** One right: what may be done with which type of resource, of which wallet address (`identifier`; any of this server when absent), up to which limits. */
const accessSchema = z.discriminatedUnion('type', [incomingPaymentAccess, outgoingPaymentAccess, quoteAccess])
export type Access = z.output<typeof accessSchema>
export type AccessType = Access['type']
export type AccessAction = Access['actions'][number]
export type Limits = NonNullable<Extract<Access, { type: 'outgoing-payment' }>['limits']>

/** `access` of a grant request: at most three, no two the same. */
export const accessListSchema = z
  .array(accessSchema)
  .max(3)
  .refine((given) => new Set(given.map((one) => JSON.stringify(one))).size === given.length, 'must not repeat an access')

/** Whether a person must agree: for anything that pays, and for lists of everybody's payments. */
export function needsInteraction(access: readonly Access[]): boolean {
  return access.some((one) => one.type === 'outgoing-payment' || (one.type === 'incoming-payment' && one.actions.includes('list-all')))
}

/** Whether one right allows an action; read and list are also allowed by read-all and list-all. */
export function allows(access: Access, type: AccessType, action: AccessAction): boolean {
  const granted: readonly AccessAction[] = access.actions
  return access.type === type && (granted.includes(action) || (action === 'read' && granted.includes('read-all')) || (action === 'list' && granted.includes('list-all')))
}

function isInterval(text: string): boolean {
  try {
    intervalEndMs(text)
    return true
  } catch (error) {
    if (error instanceof GnapFault) return false
    throw error
  }
}
