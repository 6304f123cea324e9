/** The server of a data folder as the machine sees it: its lock file, its process, its port. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Clock } from '@rivulet/time'
import pg from 'pg'
import { PostgresFault } from './fault.ts'
import type { ProcessUser } from './process-user.ts'

/** Where a data folder's server has its files, and how to connect to it. */
export interface Place {
  readonly user: ProcessUser
  readonly password: string
  readonly log: string
  url(port: number): string
}

const stopTimeMaxMs = 20_000
const pauseMs = 20

/** The process of the lock file, when it lives and is a PostgreSQL on this folder: after a crash another process may have its number. */
export function runningPid(place: Place): number | undefined {
  const pid = Number(postmasterLine(place, 0))
  return Number.isInteger(pid) && pid > 1 && isServer(pid, place) ? pid : undefined
}

export function portOf(place: Place): number {
  return Number(postmasterLine(place, 3))
}

export async function answers(place: Place, port: number): Promise<boolean> {
  const client = await connectTo(place, port)
  await client?.end().catch(() => undefined)
  return client !== undefined
}

/** Undefined when nothing answers there. */
export async function connectTo(place: Place, port: number): Promise<pg.Client | undefined> {
  if (!Number.isInteger(port) || port <= 0) return undefined
  const client = new pg.Client({ connectionString: place.url(port), application_name: 'rivulet data folder', connectionTimeoutMillis: 5_000 })
  // Its server may be stopped under it; a statement says so.
  client.on('error', () => undefined)
  try {
    await client.connect()
    return client
  } catch {
    await client.end().catch(() => undefined)
    return undefined
  }
}

/** Throws `data-folder-in-use` when it does not end. */
export async function stopServer(pid: number, place: Place, clock: Clock): Promise<void> {
  signal(pid, 'SIGINT')
  const startMs = clock.monotonicMs()
  let pressed = false
  while (isServer(pid, place)) {
    const waitedMs = clock.monotonicMs() - startMs
    if (waitedMs > stopTimeMaxMs && !pressed) {
      signal(pid, 'SIGQUIT')
      pressed = true
    }
    if (waitedMs > 2 * stopTimeMaxMs) throw new PostgresFault('data-folder-in-use', `a PostgreSQL (process ${pid}) still runs on ${place.user.folder} and does not stop: stop it first`)
    await clock.sleep(pauseMs)
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

/** Lines 1 and 4 of postmaster.pid are the process and the port. */
function postmasterLine(place: Place, line: number): string {
  try {
    return readFileSync(join(place.user.folder, 'postmaster.pid'), 'utf8').split('\n')[line] ?? ''
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return ''
    throw error
  }
}

/** A process that ended and that nobody has waited for yet has no command line. */
function isServer(pid: number, place: Place): boolean {
  try {
    process.kill(pid, 0)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false
  }
  if (!existsSync('/proc/self/cmdline')) return true
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes(place.user.folder)
  } catch {
    return false
  }
}
