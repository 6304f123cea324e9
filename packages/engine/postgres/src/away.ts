import { isFault } from '@rivulet/faults'

/**
 * Whether an error only says that the database is away for now: connections refused, lost or timed out, a statement that took too long, and SQLSTATEs of a
 * server that starts, stops or takes nobody in (classes 08, 53, 57 and 55000). The same request may succeed later.
 */
export function isDatabaseAway(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  if (isFault(error, 'database-unavailable') || isFault(error, 'database-unreachable')) return true
  if ('code' in error && typeof error.code === 'string') return /^(?:ECONN|EPIPE|ETIMEDOUT|08|53|57|55000)/.test(error.code)
  return /^(?:Connection terminated|Query read timeout|timeout exceeded when trying to connect)/.test(error.message)
}
