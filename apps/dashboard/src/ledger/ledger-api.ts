import * as z from 'zod/mini'
import { callApi } from '../api.ts'
import { units } from '../payouts/payouts-api.ts'
import { personSchema } from '../session/session.ts'

export const accountKinds = ['subscriber', 'publisher', 'link', 'exchange', 'psp', 'bank', 'fee', 'loss', 'dust'] as const
type AccountKind = (typeof accountKinds)[number]

const asset = { assetCode: z.string(), assetScale: z.number() }
const accountSchema = z.object({
  id: z.string(), name: z.string(), kind: z.enum(accountKinds), ...asset, debitsPending: units, debitsPosted: units, creditsPending: units, creditsPosted: units, debitsMayExceedCredits: z.boolean(),
})
export type LedgerAccount = z.infer<typeof accountSchema>

export const transferSchema = z.object({
  id: z.string(), key: z.string(), debitAccountId: z.string(), creditAccountId: z.string(), amount: units, reason: z.string(), stream: z.nullable(z.string()), postedAtMs: z.number(),
})
export type LedgerTransfer = z.infer<typeof transferSchema>

/** Name and asset of the accounts that a list of transfers names. */
export const namesSchema = z.record(z.string(), z.object({ name: z.string(), ...asset }))
export type AccountNames = z.infer<typeof namesSchema>

const overviewSchema = z.object({ person: personSchema })

/** What a page of the operator shows, with who is signed in. Throws ApiFault, status 401 when nobody is. */
export async function withOperator<T>(load: Promise<T>): Promise<{ readonly person: z.infer<typeof personSchema>; readonly value: T }> {
  const [{ person }, value] = await Promise.all([callApi('/api/overview', { answer: overviewSchema }), load])
  return { person, value }
}

export interface AccountsQuery {
  readonly text: string
  readonly kind: AccountKind | ''
  /** Last name of the page before. */
  readonly after: string
}

export function loadAccounts({ text, kind, after }: AccountsQuery) {
  const query = new URLSearchParams({ text, after, ...(kind !== '' && { kind }) })
  return callApi(`/api/ledger/accounts?${query}`, { answer: z.object({ accounts: z.array(accountSchema), more: z.boolean() }) })
}

/** @param before id of the last transfer of the page before */
export function loadAccount(id: string, before: string | undefined) {
  const answer = z.object({ account: accountSchema, accrued: units, transfers: z.array(transferSchema), accounts: namesSchema, more: z.boolean() })
  return callApi(`/api/ledger/accounts/${id}${before === undefined ? '' : `?before=${before}`}`, { answer })
}

export function loadBalanceAt(id: string, atMs: number) {
  return callApi(`/api/ledger/accounts/${id}/balance?atMs=${atMs}`, { answer: z.object({ debitsPosted: units, creditsPosted: units, posted: units }) })
}

const transferPageSchema = z.object({
  transfer: transferSchema,
  debit: accountSchema,
  credit: accountSchema,
  sendingStream: z.nullable(z.string()),
  chain: z.object({ id: z.string(), length: units, hash: z.string(), previousHash: z.nullable(z.string()), content: z.string(), recomputedHash: z.string() }),
  sameEntry: z.array(transferSchema),
  accounts: namesSchema,
})
export type TransferDetails = z.infer<typeof transferPageSchema>

export function loadTransfer(id: string) {
  return callApi(`/api/ledger/transfers/${id}`, { answer: transferPageSchema })
}
