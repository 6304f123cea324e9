import type { Id } from '@rivulet/ids'
import type { Postgres } from '@rivulet/postgres'
import type { Clock } from '@rivulet/time'

/** The part of a logger that the ledger uses; pino fits. */
export interface LedgerLog {
  warn(about: object, message: string): void
  /** Somebody must look: money went to `loss`, or the books cannot be written. */
  error(about: object, message: string): void
}

/** What every part of one open ledger shares. */
export interface LedgerContext {
  readonly postgres: Postgres
  readonly clock: Clock
  readonly log: LedgerLog
  /** The books of this process cannot be trusted further: the process must end. */
  readonly fatal: (error: unknown) => void
  readonly newFlushId: () => Id<'flsh'>
}
