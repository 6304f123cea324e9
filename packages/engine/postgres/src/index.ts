export { type EmbeddedPostgres, openEmbeddedPostgres, startEmbeddedPostgres } from './embedded.ts'
export { PostgresFault, type PostgresFaultCode } from './fault.ts'
export { migrate, type Migrations, type MigrationStep, schemaVersions } from './migrate.ts'
export { Postgres, type PostgresOptions } from './pool.ts'
