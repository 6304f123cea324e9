/**
 * Whether an error is PostgreSQL's own word that a statement was rolled back. Anything else (a lost connection, a timeout of ours, a FATAL that may have
 * struck after the commit) leaves the outcome unknown.
 */
export function answerOf(error: unknown): 'failed' | 'unknown' {
  const code = codeOf(error)
  return error instanceof Error && 'severity' in error && error.severity === 'ERROR' && code !== undefined && !/^(08|57P)/.test(code) ? 'failed' : 'unknown'
}

/** The SQLSTATE of an error that PostgreSQL sent. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && /^[0-9A-Z]{5}$/.test(error.code) ? error.code : undefined
}
