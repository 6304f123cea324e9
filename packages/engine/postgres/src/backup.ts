import { createHash, type Hash } from 'node:crypto'
import { createReadStream, createWriteStream, existsSync } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { PassThrough } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip, createGzip } from 'node:zlib'
import type pg from 'pg'
import { PostgresFault } from './fault.ts'
import { applySteps, type Migrations, schemaVersions } from './migrate.ts'
import type { Postgres } from './pool.ts'

const format = 'rivulet-backup-1'
const rowsPerFetch = 2_000

interface TableShape {
  readonly schema: string
  readonly table: string
  /** Stored columns in order, generated ones left out. */
  readonly columns: readonly string[]
}

export interface BackupSummary {
  readonly tables: number
  readonly rows: number
}

/**
 * Writes one consistent snapshot of every schema to a gzip file, beside running processes and without outside tools: a line of JSON that names the format and the
 * schemas' versions, then each table and its rows in PostgreSQL's own text form, then the SHA-256 of all lines before. The file appears when it is whole. Throws
 * `backup-exists` rather than replace a file.
 */
export async function backup(postgres: Postgres, file: string): Promise<BackupSummary> {
  if (existsSync(file)) throw new PostgresFault('backup-exists', `${file} is there already: name another file, or move it away`)
  const unfinished = `${file}.unfinished`
  const client = await postgres.pool.connect()
  try {
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY')
    await client.query('SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0')
    const versions = Object.fromEntries(await schemaVersions(postgres))
    const summary = { tables: 0, rows: 0 }
    const lines = new PassThrough()
    const written = pipeline(lines, createGzip(), createWriteStream(unfinished, { mode: 0o600 }))
    // Awaited below; until then a failure is met by the next write.
    written.catch(() => undefined)
    const digest = createHash('sha256')
    const write = async (value: unknown): Promise<void> => {
      const line = `${JSON.stringify(value)}\n`
      digest.update(line)
      if (!lines.write(line)) await Promise.race([new Promise((resolve) => lines.once('drain', resolve)), written])
    }
    await write({ format, versions })
    for (const shape of await tablesOf(client)) {
      await write(shape)
      summary.tables += 1
      await client.query(`DECLARE rows NO SCROLL CURSOR FOR SELECT ROW(${shape.columns.map(quoted).join(', ')})::text AS row FROM ${nameOf(shape)}`)
      for (;;) {
        const { rows } = await client.query<{ row: string }>(`FETCH ${rowsPerFetch} FROM rows`)
        if (rows.length === 0) break
        for (const { row } of rows) await write(row)
        summary.rows += rows.length
      }
      await client.query('CLOSE rows')
    }
    await client.query('COMMIT')
    lines.end(`${JSON.stringify({ sha256: digest.digest('hex'), ...summary })}\n`)
    await written
    await rename(unfinished, file)
    client.release()
    return summary
  } catch (error) {
    client.release(true)
    await rm(unfinished, { force: true })
    throw error
  }
}

/**
 * Fills a database whose tables are empty. A backup of an older version is filled into the schemas as that version had them, and then brought up to date: `migrations`
 * are all that this version knows. All in one transaction, committed only when the checksum at the end is right. Throws `backup-damaged`, `backup-of-another-version`
 * when a newer version wrote it, `database-not-empty`.
 */
export async function restore(postgres: Postgres, file: string, migrations: readonly Migrations[]): Promise<BackupSummary> {
  const client = await postgres.pool.connect()
  try {
    await client.query('BEGIN')
    await client.query('SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0')
    const summary = await new Restoring(client, await schemaVersions(postgres), migrations).read(file)
    await applySteps(client, migrations)
    await advanceSequences(client)
    await client.query('COMMIT')
    client.release()
    return summary
  } catch (error) {
    client.release(true)
    throw error
  }
}

class Restoring {
  readonly #client: pg.PoolClient
  /** The steps that the database has. */
  readonly #versions: ReadonlyMap<string, number>
  readonly #migrations: readonly Migrations[]
  readonly #digest: Hash = createHash('sha256')
  #tables = 0
  #rows = 0
  #shape: TableShape | undefined
  #waiting: string[] = []

  constructor(client: pg.PoolClient, versions: ReadonlyMap<string, number>, migrations: readonly Migrations[]) {
    this.#client = client
    this.#versions = versions
    this.#migrations = migrations
  }

  async read(file: string): Promise<BackupSummary> {
    const source = createReadStream(file)
    const text = source.pipe(createGunzip())
    source.on('error', (error) => text.destroy(error))
    let first = true
    let whole = false
    try {
      for await (const line of createInterface({ input: text, crlfDelay: Number.POSITIVE_INFINITY })) {
        if (whole) throw damaged('it goes on after its end')
        const value: unknown = JSON.parse(line)
        if (isEnd(value)) {
          await this.#flush()
          if (value.sha256 !== this.#digest.digest('hex') || value.tables !== this.#tables || value.rows !== this.#rows) throw damaged('its checksum is another')
          whole = true
          continue
        }
        this.#digest.update(`${line}\n`)
        if (first) await this.#header(value)
        else if (typeof value === 'string') await this.#row(value)
        else await this.#table(value as TableShape)
        first = false
      }
    } catch (error) {
      if (error instanceof SyntaxError || (error instanceof Error && 'code' in error && String(error.code).startsWith('Z_'))) throw damaged('it cannot be read', error)
      throw error
    }
    if (!whole) throw damaged('its end is missing')
    return { tables: this.#tables, rows: this.#rows }
  }

  async #header(value: unknown): Promise<void> {
    const header = value as { format?: string; versions?: Record<string, number> }
    if (header.format !== format) throw damaged('it is no backup of Rivulet')
    for (const [schema, count] of Object.entries(header.versions ?? {})) {
      const { steps } = this.#migrations.find((known) => known.schema === schema) ?? { steps: [] }
      if (steps.length < count) throw new PostgresFault('backup-of-another-version', `the backup has schema ${schema} at step ${count}, this version knows ${steps.length}: restore with the version that wrote it, or a newer one`)
      if (this.#versions.get(schema) !== count) await this.#remake({ schema, steps: steps.slice(0, count) })
    }
  }

  /** The schema as the backup's version had it, in place of one without rows. */
  async #remake(older: Migrations): Promise<void> {
    const tables = (await tablesOf(this.#client)).filter(({ schema }) => schema === older.schema)
    for (const table of tables) await this.#requireEmpty(table)
    await this.#client.query('SET LOCAL client_min_messages = warning')
    await this.#client.query(`DROP SCHEMA IF EXISTS ${quoted(older.schema)} CASCADE`)
    if (this.#versions.size > 0) await this.#client.query('DELETE FROM public.schema_step WHERE schema = $1', [older.schema])
    await applySteps(this.#client, [older])
  }

  async #table(shape: TableShape): Promise<void> {
    await this.#flush()
    await this.#requireEmpty(shape)
    this.#shape = shape
    this.#tables += 1
  }

  async #requireEmpty(shape: TableShape): Promise<void> {
    const { rowCount } = await this.#client.query(`SELECT FROM ${nameOf(shape)} LIMIT 1`)
    if (rowCount !== 0) throw new PostgresFault('database-not-empty', `table ${shape.schema}.${shape.table} has rows: restore into a new database`)
  }

  async #row(row: string): Promise<void> {
    this.#waiting.push(row)
    if (this.#waiting.length >= rowsPerFetch) await this.#flush()
  }

  async #flush(): Promise<void> {
    const rows = this.#waiting
    this.#waiting = []
    if (this.#shape === undefined || rows.length === 0) return
    const shape = this.#shape
    const columns = shape.columns.map(quoted).join(', ')
    // A row's text form is read back by a type of exactly these columns.
    await this.#client.query(`CREATE TEMP TABLE IF NOT EXISTS ${quoted(`r_${shape.schema}_${shape.table}`)} ON COMMIT DROP AS SELECT ${columns} FROM ${nameOf(shape)} WHERE false`)
    const type = `pg_temp.${quoted(`r_${shape.schema}_${shape.table}`)}`
    await this.#client.query(`INSERT INTO ${nameOf(shape)} (${columns}) OVERRIDING SYSTEM VALUE SELECT (r.row::${type}).* FROM unnest($1::text[]) WITH ORDINALITY AS r(row, place) ORDER BY place`, [rows])
    this.#rows += rows.length
  }
}

/** Every table but the steps of the migrations, parents of foreign keys first. */
async function tablesOf(client: pg.PoolClient): Promise<TableShape[]> {
  const { rows: tables } = await client.query<TableShape & { oid: number }>(
    `SELECT c.oid::int4 AS oid, n.nspname AS schema, c.relname AS table, array_agg(a.attname::text ORDER BY a.attnum) AS columns
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
    WHERE c.relkind = 'r' AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema' AND NOT (n.nspname = 'public' AND c.relname = 'schema_step')
    GROUP BY 1, 2, 3 ORDER BY 2, 3`)
  const { rows: keys } = await client.query<{ child: number; parent: number }>(`SELECT conrelid::int4 AS child, confrelid::int4 AS parent FROM pg_constraint WHERE contype = 'f' AND conrelid <> confrelid`)
  const sorted: TableShape[] = []
  const left = new Map(tables.map((table) => [table.oid, table]))
  while (left.size > 0) {
    const free = [...left.values()].filter(({ oid }) => !keys.some(({ child, parent }) => child === oid && left.has(parent)))
    if (free.length === 0) throw new PostgresFault('database-start-failed', 'foreign keys run in a circle: no order of tables restores them')
    for (const { oid, schema, table, columns } of free) {
      sorted.push({ schema, table, columns })
      left.delete(oid)
    }
  }
  return sorted
}

/** Columns that number their rows go on above what was restored. */
async function advanceSequences(client: pg.PoolClient): Promise<void> {
  const { rows } = await client.query<{ sequence: string; column: string; schema: string; table: string }>(
    `SELECT pg_get_serial_sequence(quote_ident(n.nspname) || '.' || quote_ident(c.relname), a.attname) AS sequence, a.attname AS column, n.nspname AS schema, c.relname AS table
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    WHERE c.relkind = 'r' AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema' AND pg_get_serial_sequence(quote_ident(n.nspname) || '.' || quote_ident(c.relname), a.attname) IS NOT NULL`)
  for (const { sequence, column, schema, table } of rows) {
    await client.query(`SELECT setval($1, coalesce(max(${quoted(column)}), 1), max(${quoted(column)}) IS NOT NULL) FROM ${nameOf({ schema, table, columns: [] })}`, [sequence])
  }
}

function isEnd(value: unknown): value is { sha256: string } & BackupSummary {
  return typeof value === 'object' && value !== null && 'sha256' in value
}

function damaged(how: string, cause?: unknown): PostgresFault {
  return new PostgresFault('backup-damaged', `the backup is damaged, ${how}: nothing was restored`, cause === undefined ? {} : { cause })
}

function nameOf({ schema, table }: TableShape): string {
  return `${quoted(schema)}.${quoted(table)}`
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}
