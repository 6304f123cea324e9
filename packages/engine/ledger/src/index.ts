export type { LedgerLog } from './context.ts'
export { Ledger, transfersAtOnceMax, type LedgerOptions } from './ledger.ts'
export { ledgerMigrations } from './migrations/index.ts'
export type * from './types.ts'
