import { Fault, messageOf } from '@rivulet/faults'
import { isDatabaseAway } from '@rivulet/postgres'
import type { LedgerRefusal, LedgerRefusalCode } from './types.ts'

export function refusal(code: LedgerRefusalCode, message: string, cause?: unknown): LedgerRefusal {
  return new Fault(code, message, cause === undefined ? {} : { cause })
}

export function unavailable(cause: unknown): LedgerRefusal {
  return refusal('database-unavailable', `the database did not take the write, nothing was written: ${messageOf(cause)}`, cause)
}

/** What a failed reading throws: `database-unavailable` while the database is away, else the error itself. */
export function unreadable(error: unknown): unknown {
  return isDatabaseAway(error) ? refusal('database-unavailable', `the books cannot be read now: ${messageOf(error)}`, error) : error
}
