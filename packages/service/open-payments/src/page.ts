/** Pages of a list (Open Payments 1.3), refused in the words of the reference server. */
import { type Id, isId } from '@rivulet/ids'
import { z } from 'zod'
import { OpenPaymentsFault } from './fault.ts'

export interface Page<Kind extends 'inpm' | 'outp'> {
  /** URL, as it was asked for. */
  readonly walletAddress: string
  readonly cursor: Id<Kind> | undefined
  readonly limit: number
  /** From the cursor towards newer ones. */
  readonly backwards: boolean
}

const pageDefault = 20
const pageMax = 100
const urlCharactersMax = 2_000

const count = z.string().regex(/^[1-9][0-9]{0,2}$/, `must be 1 to ${pageMax}`).transform(Number).refine((number) => number <= pageMax, `must be 1 to ${pageMax}`).optional()
/** A page of a list as it is answered. */
export function pageAnswer(one: z.ZodType): z.ZodType {
  return z.strictObject({ pagination: z.strictObject({ startCursor: z.string().optional(), endCursor: z.string().optional(), hasNextPage: z.boolean(), hasPreviousPage: z.boolean() }), result: z.array(one) })
}

const query = z.object({ 'wallet-address': z.string().min(1).max(urlCharactersMax), cursor: z.string().optional(), first: count, last: count })

/** Throws OpenPaymentsFault 400. What else a query holds is ignored. */
export function pageOf<Kind extends 'inpm' | 'outp'>(kind: Kind, given: unknown): Page<Kind> {
  const parsed = query.safeParse(given)
  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    throw new OpenPaymentsFault(400, `${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'invalid'}`)
  }
  const { 'wallet-address': walletAddress, cursor, first, last } = parsed.data
  if (first !== undefined && last !== undefined) throw new OpenPaymentsFault(400, 'first and last provided. Only one allowed')
  if (last !== undefined && cursor === undefined) throw new OpenPaymentsFault(400, 'cursor needed for backwards pagination')
  if (cursor !== undefined && !isId(kind, cursor)) throw new OpenPaymentsFault(400, 'invalid cursor')
  return { walletAddress, cursor, limit: last ?? first ?? pageDefault, backwards: last !== undefined }
}
