import { Fault, messageOf } from '@rivulet/faults'
import type { LedgerRefusal, LedgerRefusalCode } from './types.ts'

export function refusal(code: LedgerRefusalCode, message: string, cause?: unknown): LedgerRefusal {
  return new Fault(code, message, cause === undefined ? {} : { cause })
}

export function unavailable(cause: unknown): LedgerRefusal {
  return refusal('database-unavailable', `the database did not take the write, nothing was written: ${messageOf(cause)}`, cause)
}
