import { execFileSync, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { PoolClient } from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { inTransaction, migrate, openEmbeddedPostgres, Postgres, schemaVersions, script, startEmbeddedPostgres, statement } from './index.ts'
import { testPostgres } from './testing.ts'

const counting = { schema: 'counting', steps: [{ name: 'counter', sql: 'CREATE TABLE counting.counter (id int PRIMARY KEY, value int8 NOT NULL)' }] }

describe('the pool', () => {
  test('int8 arrives as a bigint, exact beyond 2^53', async () => {
    await using postgres = await testPostgres([])
    const { rows } = await postgres.pool.query<{ value: bigint }>('SELECT 4611686018427387905::int8 AS value')
    expect(rows[0]?.value).toBe(4611686018427387905n)
  })

  test('a database that does not answer is said so', async () => {
    await using postgres = Postgres.connect({ url: 'postgresql://nobody@127.0.0.1:9/none', connectionsMax: 1, applicationName: 'test' })
    await expect(postgres.ping()).rejects.toMatchObject({ code: 'database-unreachable' })
  })
})

describe('a statement with its values in its text', () => {
  test('says what the same statement says with parameters, whatever the values hold', async () => {
    await using postgres = await testPostgres([])
    const texts = ["it's", String.raw`back\slash \' "quoted"`, '$1 $2', '{a,b}', 'null', '', 'é漢😀', "'; drop table x; --", '--', '/*']
    const text = 'select $1::text as one, $2::text[] as many, $3::int8 as number, $4::int8[] as numbers, $5::bool as flag, $6::bytea as bytes, $7::bytea[] as all_bytes, $8::text as nothing, $9::text[] as no_texts, $10::jsonb as json'
    for (const one of texts) {
      const values = [one, [...texts, null], -4611686018427387904n, [-1n, 0n, 4611686018427387904n], true, Buffer.from([0, 39, 92, 255]), [Buffer.alloc(0), Buffer.from([92, 39])], null, [], JSON.stringify({ one })]
      expect((await postgres.pool.query(statement(text, values))).rows).toEqual((await postgres.pool.query(text, values)).rows)
    }
  })

  test('several are one message, each seeing what those before it did', async () => {
    await using postgres = await testPostgres([])
    const answers = await script(postgres.pool, ['begin', 'create temporary table t (n int8)', statement('insert into t values ($1)', [7n]), 'select n from t', 'commit'])
    expect(answers).toEqual([[], [], [], [{ n: 7n }], []])
    expect(await script(postgres.pool, ['select 1 as one'])).toEqual([[{ one: 1 }]])
  })

  test('text that the database cannot hold is refused as the database does', () => {
    expect(() => statement('select $1', ['a\0b'])).toThrow(expect.objectContaining({ code: '22021', severity: 'ERROR' }))
  })
})

describe('a statement with values that is asked again and again', () => {
  const find = 'select * from counting.counter where id = $1'
  const namedOf = async (client: PoolClient, text: string) => (await client.query('select name, generic_plans, custom_plans from pg_prepared_statements where statement = $1', [text])).rows as unknown[]

  test('is parsed once on its connection, and answers as before, its faults too', async () => {
    await using postgres = await testPostgres([counting])
    const client = await postgres.pool.connect()
    await client.query('insert into counting.counter values ($1, $2)', [1, 7n])
    for (let turn = 0; turn < 4; turn += 1) await client.query(find, [1])
    expect(await namedOf(client, find)).toEqual([])
    for (let turn = 0; turn < 40; turn += 1) expect((await client.query(find, [1])).rows).toEqual([{ id: 1, value: 7n }])
    expect((await client.query({ text: find, values: [2] })).rows).toEqual([])
    expect(await namedOf(client, find)).toMatchObject([{ name: expect.stringMatching(/^rivulet-/) as string }])
    for (let turn = 0; turn < 8; turn += 1) await expect(client.query('select 1 / $1::int4', [0])).rejects.toMatchObject({ code: '22012' })
    expect((await new Promise<{ rows: unknown[] }>((resolve) => client.query(find, [1], (_error, result) => resolve(result)))).rows).toEqual([{ id: 1, value: 7n }])
    client.release()
  })

  test('keeps its place among what is asked without waiting, also when plans are made anew', async () => {
    await using postgres = await testPostgres([counting])
    const client = await postgres.pool.connect()
    await client.query('insert into counting.counter values ($1, $2)', [1, 0n])
    const asked: Promise<{ rows: unknown[] }>[] = []
    for (let turn = 1; turn <= 60; turn += 1) asked.push(client.query('update counting.counter set value = value + $1::int8 returning value', [1]), client.query('select value from counting.counter'))
    const seen = (await Promise.all(asked)).map(({ rows }) => (rows as { value: bigint }[])[0]?.value)
    expect(seen).toEqual(Array.from({ length: 120 }, (_, index) => BigInt(Math.floor(index / 2) + 1)))
    client.release()
  })

  test('has the columns of now when a table was changed meanwhile, and a transaction that it is too late for can be tried again', async () => {
    await using postgres = await testPostgres([counting])
    const client = await postgres.pool.connect()
    await client.query('insert into counting.counter values ($1, $2)', [1, 7n])
    for (let turn = 0; turn < 6; turn += 1) await client.query(find, [1])
    await client.query('alter table counting.counter add note text')
    expect((await client.query(find, [1])).rows).toEqual([{ id: 1, value: 7n, note: null }])
    expect((await client.query(find, [1])).rows).toEqual([{ id: 1, value: 7n, note: null }])
    const other = 'select c.* from counting.counter c where id = $1'
    for (let turn = 0; turn < 6; turn += 1) await client.query(other, [1])
    await client.query('alter table counting.counter drop note')
    await client.query('begin')
    await expect(client.query(other, [1])).rejects.toMatchObject({ code: '0A000' })
    await client.query('rollback')
    await client.query('begin')
    expect((await client.query(other, [1])).rows).toEqual([{ id: 1, value: 7n }])
    await client.query('commit')
    client.release()
  })

  test('is planned anew as tables grow, whoever looks at statistics: it does not go on to read all rows', async () => {
    await using postgres = await testPostgres([counting])
    const client = await postgres.pool.connect()
    await client.query('alter table counting.counter set (autovacuum_enabled = off)')
    const sum = 'select sum(value)::int8 as sum from counting.counter where id = any($1::int4[])'
    for (let turn = 0; turn < 20; turn += 1) await client.query(sum, [[1, 2]])
    await client.query('insert into counting.counter select n, n from generate_series(1, 20000) n')
    for (let turn = 0; turn < 40; turn += 1) await client.query(sum, [[1, 2]])
    const readWhole = async () => {
      await client.query('select pg_stat_force_next_flush()')
      await client.query('select 1')
      return (await client.query<{ seq_tup_read: bigint }>(`select seq_tup_read from pg_stat_user_tables where relname = 'counter'`)).rows[0]?.seq_tup_read
    }
    const before = await readWhole()
    for (let turn = 0; turn < 20; turn += 1) expect((await client.query(sum, [[1, 2]])).rows).toEqual([{ sum: 3n }])
    expect(await readWhole()).toBe(before)
    client.release()
  })
})

describe('a transaction', () => {
  test('is all or nothing, and hands on what its work answers or throws', async () => {
    await using postgres = await testPostgres([counting])
    const insert = (id: number, after: () => unknown) => inTransaction(postgres.pool, async (client) => {
      await client.query('insert into counting.counter values ($1, 7)', [id])
      return after()
    })
    expect(await insert(1, () => 'done')).toBe('done')
    await expect(insert(2, () => { throw new Error('no') })).rejects.toThrow('no')
    await expect(insert(1, () => 'twice')).rejects.toMatchObject({ code: '23505' })
    expect((await postgres.pool.query('select id from counting.counter')).rows).toEqual([{ id: 1 }])
    expect(postgres.pool.idleCount).toBe(postgres.pool.totalCount)
  })

  test('whose connection breaks is undone, and the connection is not used again', async () => {
    await using postgres = await testPostgres([counting])
    await expect(inTransaction(postgres.pool, async (client) => {
      await client.query('insert into counting.counter values (1, 7)')
      await client.query('select pg_terminate_backend(pg_backend_pid())')
    })).rejects.toMatchObject({ code: '57P01' })
    expect((await postgres.pool.query('select id from counting.counter')).rows).toEqual([])
  })
})

describe('migrations', () => {
  test('are applied once, in order, also when two processes start together', async () => {
    await using postgres = await testPostgres([])
    await Promise.all([migrate(postgres, [counting]), migrate(postgres, [counting])])
    const longer = { ...counting, steps: [...counting.steps, { name: 'first row', sql: 'INSERT INTO counting.counter VALUES (1, 7)' }] }
    await migrate(postgres, [longer])
    await migrate(postgres, [longer])
    expect((await postgres.pool.query('SELECT * FROM counting.counter')).rows).toEqual([{ id: 1, value: 7n }])
    expect(await schemaVersions(postgres)).toEqual(new Map([['counting', 2]]))
  })

  test('a failing step leaves the database as it was', async () => {
    await using postgres = await testPostgres([])
    await expect(migrate(postgres, [counting, { schema: 'broken', steps: [{ name: 'typo', sql: 'CREATE TABEL x ()' }] }])).rejects.toThrow(/syntax error/)
    expect(await schemaVersions(postgres)).toEqual(new Map())
  })

  test('a database of a newer version, or with another past, is refused', async () => {
    await using postgres = await testPostgres([counting])
    await expect(migrate(postgres, [{ ...counting, steps: [] }])).rejects.toMatchObject({ code: 'schema-newer' })
    await expect(migrate(postgres, [{ ...counting, steps: [{ name: 'counter', sql: 'SELECT 1' }] }])).rejects.toMatchObject({ code: 'schema-newer' })
  })
})

test('a connection that breaks between two statements of a transaction fails the next one, and ends nothing else', async () => {
  await using postgres = await testPostgres([])
  const client = await postgres.pool.connect()
  const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid')
  const ended = new Promise((resolve) => client.once('end', resolve))
  await postgres.pool.query('select pg_terminate_backend($1)', [rows[0]?.pid])
  await ended
  await expect(client.query('select 1')).rejects.toThrow(/not queryable/)
  client.release(true)
  expect((await postgres.pool.query('select 1 as one')).rows).toEqual([{ one: 1 }])
})

describe('the embedded server', () => {
  let folder: string
  /** A folder whose server was made, started and stopped once. */
  let stopped: string
  beforeAll(async () => {
    stopped = mkdtempSync(join(tmpdir(), 'rivulet embedded '))
    await (await startEmbeddedPostgres({ dataFolder: stopped }))[Symbol.asyncDispose]()
  })
  afterAll(() => rmSync(stopped, { recursive: true, force: true }))
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'rivulet embedded '))
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))
  /** The folder was used before. */
  const used = (): void => void execFileSync('cp', ['-a', `${stopped}/.`, folder])

  const keep = async (url: string, value: number): Promise<void> => {
    await using postgres = Postgres.connect({ url, connectionsMax: 1, applicationName: 'test' })
    await postgres.pool.query('CREATE TABLE IF NOT EXISTS kept (value int)')
    await postgres.pool.query('INSERT INTO kept VALUES ($1)', [value])
  }
  const kept = async (url: string): Promise<unknown> => {
    await using postgres = Postgres.connect({ url, connectionsMax: 1, applicationName: 'test' })
    return (await postgres.pool.query<{ value: number }>('SELECT value FROM kept ORDER BY value')).rows.map(({ value }) => value)
  }

  test('keeps what was written over a stop, also in a folder of mode 0700 with a space in its name, and asks for its password', async () => {
    expect(statSync(folder).mode & 0o777).toBe(0o700)
    {
      await using first = await startEmbeddedPostgres({ dataFolder: folder })
      await keep(first.url, 1)
      const stranger = Postgres.connect({ url: first.url.replace(/:[^:@]+@/, ':wrong@'), connectionsMax: 1, applicationName: 'test' })
      await expect(stranger.ping()).rejects.toMatchObject({ code: 'database-unreachable' })
    }
    await using second = await startEmbeddedPostgres({ dataFolder: folder })
    expect(await kept(second.url)).toEqual([1])
    expect(statSync(join(folder, 'postgres.password')).mode & 0o777).toBe(0o600)
  })

  test('a second start on the same folder is refused, a guest may look, and the first is unharmed', async () => {
    used()
    await using first = await startEmbeddedPostgres({ dataFolder: folder })
    await expect(startEmbeddedPostgres({ dataFolder: folder })).rejects.toMatchObject({ code: 'data-folder-in-use' })
    {
      await using guest = await openEmbeddedPostgres({ dataFolder: folder })
      expect(guest).toMatchObject({ pid: first.pid, url: first.url })
    }
    await keep(first.url, 2)
    expect(await kept(first.url)).toEqual([2])
  })

  /** A process that uses the folder until it is killed. */
  const user = async (how: 'startEmbeddedPostgres' | 'openEmbeddedPostgres'): Promise<{ url: string; pid: number; kill: () => Promise<void> }> => {
    const script = `import { ${how} } from ${JSON.stringify(new URL('./index.ts', import.meta.url).href)}
      const server = await ${how}({ dataFolder: process.argv[1] }); console.log(JSON.stringify({ url: server.url, pid: server.pid })); setInterval(() => {}, 1000)`
    const child = spawn(process.execPath, ['--input-type=module', '-e', script, folder], { stdio: ['ignore', 'pipe', 'inherit'] })
    const server = await new Promise<{ url: string; pid: number }>((resolve) => child.stdout.once('data', (line: Buffer) => resolve(JSON.parse(line.toString()) as { url: string; pid: number })))
    const ended = new Promise((resolve) => child.once('exit', resolve))
    return { ...server, kill: async () => { child.kill('SIGKILL'); await ended } }
  }
  const isStopped = (): boolean => !existsSync(join(folder, 'postgres', 'postmaster.pid'))

  test('survives kill -9 of the process that started it, and the next start takes over', async () => {
    used()
    const orphan = await user('startEmbeddedPostgres')
    await keep(orphan.url, 3)
    await orphan.kill()
    await using next = await startEmbeddedPostgres({ dataFolder: folder })
    expect(next.pid).not.toBe(orphan.pid)
    expect(await kept(next.url)).toEqual([3])
  })

  test('commands that open a stopped folder at once share one server, and the last of them stops it, whoever started it', async () => {
    used()
    expect(isStopped()).toBe(true)
    for (const first of [0, 2]) {
      const users = await Promise.all([0, 1, 2].map(() => openEmbeddedPostgres({ dataFolder: folder })))
      expect(new Set(users.map(({ pid }) => pid)).size).toBe(1)
      const last = users.splice(first, 1)[0]
      await Promise.all(users.map((each) => each[Symbol.asyncDispose]()))
      await keep(last?.url ?? '', first)
      await last?.[Symbol.asyncDispose]()
      expect(isStopped()).toBe(true)
    }
  })

  test('commands and a server that start and stop at once all get their turn', async () => {
    used()
    const use = async (value: number): Promise<void> => {
      await using server = value === 3 ? await startEmbeddedPostgres({ dataFolder: folder }) : await openEmbeddedPostgres({ dataFolder: folder })
      await using postgres = Postgres.connect({ url: server.url, connectionsMax: 1, applicationName: 'test' })
      await postgres.pool.query('SELECT 1')
    }
    await Promise.all([0, 1, 2, 3, 4, 5].map(use))
    expect(isStopped()).toBe(true)
  })

  test('a command that is killed with -9 leaves its server to those beside it and to the next, and nothing behind', async () => {
    used()
    const killed = await user('openEmbeddedPostgres')
    const beside = await openEmbeddedPostgres({ dataFolder: folder })
    await killed.kill()
    await keep(beside.url, 6)
    await beside[Symbol.asyncDispose]()
    expect(isStopped()).toBe(true)
    const alone = await user('openEmbeddedPostgres')
    await alone.kill()
    const next = await openEmbeddedPostgres({ dataFolder: folder })
    expect(next.pid).toBe(alone.pid)
    expect(await kept(next.url)).toEqual([6])
    await next[Symbol.asyncDispose]()
    expect(isStopped()).toBe(true)
  })

  test('a start waits for the command that uses the folder, says so, and is refused when that takes too long', async () => {
    used()
    const command = await openEmbeddedPostgres({ dataFolder: folder })
    await expect(startEmbeddedPostgres({ dataFolder: folder, turnTimeMaxMs: 50 })).rejects.toMatchObject({ code: 'data-folder-in-use', message: expect.stringContaining('a command still uses') as string })
    await keep(command.url, 7)
    const waits = Promise.withResolvers<void>()
    const starting = startEmbeddedPostgres({ dataFolder: folder, onProgress: (step) => { if (step.startsWith('waiting')) waits.resolve() } })
    await waits.promise
    await command[Symbol.asyncDispose]()
    await using server = await starting
    expect(server.pid).not.toBe(command.pid)
    expect(await kept(server.url)).toEqual([7])
  })

  test('a server that goes leaves PostgreSQL to a command that is not done', async () => {
    used()
    const server = await startEmbeddedPostgres({ dataFolder: folder })
    const command = await openEmbeddedPostgres({ dataFolder: folder })
    await server[Symbol.asyncDispose]()
    await keep(command.url, 8)
    await command[Symbol.asyncDispose]()
    expect(isStopped()).toBe(true)
  })

  test('survives kill -9 of the server itself', async () => {
    used()
    const first = await startEmbeddedPostgres({ dataFolder: folder })
    await keep(first.url, 4)
    process.kill(first.pid, 'SIGKILL')
    await first[Symbol.asyncDispose]()
    await using next = await startEmbeddedPostgres({ dataFolder: folder })
    expect(await kept(next.url)).toEqual([4])
  })

  test('where namespaces are refused, root runs it as another user', async () => {
    await using server = await startEmbeddedPostgres({ dataFolder: folder, namespaces: false })
    await keep(server.url, 5)
    expect(await kept(server.url)).toEqual([5])
    await server[Symbol.asyncDispose]()
    rmSync(`/var/lib/rivulet/data-${createHash('sha256').update(join(folder, 'postgres')).digest('hex').slice(0, 16)}`, { recursive: true, force: true })
  })

  test('a folder of another PostgreSQL version, and one that never was Rivulet’s, are refused in words', async () => {
    await expect(openEmbeddedPostgres({ dataFolder: join(folder, 'none') })).rejects.toMatchObject({ code: 'database-missing' })
    expect(existsSync(join(folder, 'none'))).toBe(false)
    used()
    writeFileSync(join(folder, 'postgres', 'PG_VERSION'), '17\n')
    await expect(startEmbeddedPostgres({ dataFolder: folder })).rejects.toMatchObject({ code: 'data-folder-of-another-version' })
  })
})
