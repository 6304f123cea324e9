import { Fault } from '@rivulet/faults'

export type PostgresFaultCode =
  | 'backup-damaged'
  | 'backup-exists'
  | 'backup-of-another-version'
  | 'data-folder-foreign'
  | 'data-folder-in-use'
  | 'data-folder-of-another-version'
  | 'database-missing'
  | 'database-not-empty'
  | 'database-start-failed'
  | 'database-unreachable'
  | 'platform-unsupported'
  | 'schema-newer'

export class PostgresFault extends Fault<PostgresFaultCode> {}
