export { type Action, type ActionResult, AuditLog, type AuditEntry, type AuditFilter, type AuditTransaction, ofKysely, recordAction } from './audit-store.ts'
export { actionOf, recordRefusals } from './http.ts'
export { auditMigrations } from './migrations.ts'
