import { createHash, randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { inject } from 'vitest'
import { startEmbeddedPostgres } from './embedded.ts'
import { migrate, type Migrations } from './migrate.ts'
import { Postgres } from './pool.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** URL of the server that tools/postgres-setup.ts started for the run. */
    postgresUrl: string
  }
}

const templateLock = 7_410_202_603

/** What a template holds beside its schemas: written once in a run, by who leaves no connection behind. */
export interface Filling {
  readonly name: string
  readonly fill: (url: string) => Promise<void>
}

/**
 * A fresh database with these schemas on the real server of the run, copied from a template that the first caller makes. Dropped at dispose, whoever is still connected.
 */
export async function testPostgres(migrations: readonly Migrations[], filling?: Filling): Promise<Postgres> {
  const serverUrl = inject('postgresUrl')
  const template = `template_${createHash('sha256').update(JSON.stringify([migrations, filling?.name])).digest('hex').slice(0, 16)}`
  const name = `test_${randomBytes(8).toString('hex')}`
  await admin(serverUrl, async (client) => {
    await client.query('SELECT pg_advisory_lock($1)', [templateLock])
    const { rowCount } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [template])
    if (rowCount === 0) {
      await client.query(`CREATE DATABASE ${template}_new`)
      await using postgres = Postgres.connect({ url: withDatabase(serverUrl, `${template}_new`), connectionsMax: 1, applicationName: 'template' })
      await migrate(postgres, migrations)
      await postgres[Symbol.asyncDispose]()
      await filling?.fill(postgres.url)
      await client.query(`ALTER DATABASE ${template}_new RENAME TO ${template}`)
    }
    await client.query(`CREATE DATABASE ${name} TEMPLATE ${template} STRATEGY file_copy`)
  })
  const postgres = Postgres.connect({ url: withDatabase(serverUrl, name), connectionsMax: 20, applicationName: name })
  const end = postgres[Symbol.asyncDispose].bind(postgres)
  postgres[Symbol.asyncDispose] = async () => {
    await end()
    await admin(serverUrl, (client) => client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`))
  }
  return postgres
}

/** A server of the test's own that can die as by kill -9. */
export interface MortalPostgres extends AsyncDisposable {
  /** Of the server that lives; another one after its death. */
  readonly postgres: Postgres
  /** Kills the server at once, and starts it again with what it had written to its log. */
  dieAndReturn(): Promise<void>
}

/** A fresh database whose server writes its log only for who waits for it: what was told before it was durable is gone when it returns. */
export async function mortalPostgres(migrations: readonly Migrations[]): Promise<MortalPostgres> {
  const dataFolder = mkdtempSync(join(tmpdir(), 'rivulet-mortal-'))
  const live = async () => {
    const server = await startEmbeddedPostgres({ dataFolder, settings: { wal_writer_delay: '10s', wal_writer_flush_after: '0' } })
    return { server, postgres: Postgres.connect({ url: server.url, connectionsMax: 4, applicationName: 'mortal' }) }
  }
  let now = await live()
  await migrate(now.postgres, migrations)
  return {
    get postgres() {
      return now.postgres
    },
    async dieAndReturn() {
      process.kill(now.server.pid, 'SIGKILL')
      await now.postgres[Symbol.asyncDispose]()
      await now.server[Symbol.asyncDispose]()
      now = await live()
    },
    async [Symbol.asyncDispose]() {
      await now.postgres[Symbol.asyncDispose]()
      await now.server[Symbol.asyncDispose]()
      rmSync(dataFolder, { recursive: true, force: true })
    },
  }
}

function withDatabase(url: string, database: string): string {
  const changed = new URL(url)
  changed.pathname = `/${database}`
  return changed.href
}

async function admin(url: string, work: (client: pg.Client) => Promise<unknown>): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await work(client)
  } finally {
    await client.end()
  }
}
