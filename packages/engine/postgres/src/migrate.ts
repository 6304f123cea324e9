import { createHash } from 'node:crypto'
import type pg from 'pg'
import { PostgresFault } from './fault.ts'
import type { Postgres } from './pool.ts'

/** One forward step of a schema. A landed step never changes: what it did stands in other people's databases. */
export interface MigrationStep {
  readonly name: string
  readonly sql: string
}

/** The PostgreSQL schema that one package owns, and how it came to be. */
export interface Migrations {
  readonly schema: string
  readonly steps: readonly MigrationStep[]
}

/** Any constant: serialises the migrations of processes that start together. */
const migrationLock = 7_410_202_601

/**
 * Brings each schema to its last step. All in one transaction: a failing step leaves the database as it was. Throws `schema-newer` when the database
 * was written by a newer Rivulet, or a landed step is not the one that was applied.
 */
export async function migrate(postgres: Postgres, migrations: readonly Migrations[]): Promise<void> {
  const client = await postgres.pool.connect()
  try {
    await client.query('BEGIN')
    await applySteps(client, migrations)
    await client.query('COMMIT')
    client.release()
  } catch (error) {
    client.release(true)
    throw error
  }
}

/** Within a transaction of the caller's. Throws `schema-newer`. */
export async function applySteps(client: pg.PoolClient, migrations: readonly Migrations[]): Promise<void> {
  await client.query('SELECT pg_advisory_xact_lock($1)', [migrationLock])
  await client.query('SET LOCAL client_min_messages = warning')
  await client.query(`CREATE TABLE IF NOT EXISTS public.schema_step (
    schema text NOT NULL, step int NOT NULL, name text NOT NULL, digest text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (schema, step))`)
  for (const { schema, steps } of migrations) {
    const { rows } = await client.query<{ name: string; digest: string }>('SELECT name, digest FROM public.schema_step WHERE schema = $1 ORDER BY step', [schema])
    for (const [index, applied] of rows.entries()) {
      const step = steps[index]
      if (step === undefined || digestOf(step) !== applied.digest) {
        throw new PostgresFault('schema-newer', `the database has step ${index + 1} (${applied.name}) of schema ${schema}, which this version does not know: run the version that wrote it, or a newer one`)
      }
    }
    if (rows.length === 0) await client.query(`CREATE SCHEMA IF NOT EXISTS "${schema}"`)
    for (const [index, step] of steps.entries()) {
      if (index < rows.length) continue
      await client.query(step.sql)
      await client.query('INSERT INTO public.schema_step (schema, step, name, digest) VALUES ($1, $2, $3, $4)', [schema, index + 1, step.name, digestOf(step)])
    }
  }
}

/** The steps that a database has, by schema; empty for a database that never was Rivulet's. */
export async function schemaVersions(postgres: Postgres): Promise<ReadonlyMap<string, number>> {
  const { rows: found } = await postgres.pool.query<{ exists: boolean }>(`SELECT to_regclass('public.schema_step') IS NOT NULL AS exists`)
  if (found[0]?.exists !== true) return new Map()
  const { rows } = await postgres.pool.query<{ schema: string; steps: number }>('SELECT schema, count(*)::int AS steps FROM public.schema_step GROUP BY schema')
  return new Map(rows.map(({ schema, steps }) => [schema, steps]))
}

function digestOf(step: MigrationStep): string {
  return createHash('sha256').update(step.sql).digest('hex').slice(0, 16)
}
