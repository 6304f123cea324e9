export { operatorMigrations } from './migrations.ts'
export { createOperator, type Operator, type OperatorOptions } from './operator.ts'
export { type PacketCounters, RoleReporter, type RoleReporterOptions } from './role-reporter.ts'
