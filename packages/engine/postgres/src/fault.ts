import { Fault } from '@rivulet/faults'

export type PostgresFaultCode =
  | 'data-folder-in-use'
  | 'data-folder-of-another-version'
  | 'database-missing'
  | 'database-start-failed'
  | 'database-unreachable'
  | 'platform-unsupported'
  | 'schema-newer'

export class PostgresFault extends Fault<PostgresFaultCode> {}
