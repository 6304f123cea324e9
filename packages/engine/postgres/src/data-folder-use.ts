import type { Clock } from '@rivulet/time'
import type pg from 'pg'
import { PostgresFault } from './fault.ts'
import { answers, connectTo, type Place, portOf, runningPid, stopServer } from './postmaster.ts'

/** Held alone by the Rivulet that serves the folder. */
const serverLock = 7_410_202_602
/** Shared by all who use the folder's PostgreSQL; whoever can have it alone is the last and may stop the server. */
const useLock = 7_410_202_604
const lockNotAvailable = '55P03'

/**
 * One process's use of a data folder's PostgreSQL: locks on a connection of its own, which end with the process however it ends. So the last user stops the
 * server, and nothing that a killed one leaves hinders the next.
 */
export class DataFolderUse {
  readonly pid: number
  readonly port: number
  readonly #place: Place
  #client: pg.Client

  private constructor(client: pg.Client, place: Place, { pid, port }: { readonly pid: number; readonly port: number }) {
    this.#client = client
    this.#place = place
    this.pid = pid
    this.port = port
  }

  /** Undefined when the server is starting, stopping or gone. Throws `data-folder-in-use` when `asServer` and another one serves the folder. */
  static async join(place: Place, { asServer }: { readonly asServer: boolean }): Promise<DataFolderUse | undefined> {
    return DataFolderUse.#connected(place, async (client) => {
      if (asServer && !(await tryLock(client, 'pg_try_advisory_lock', serverLock))) throw inUse()
      return tryLock(client, 'pg_try_advisory_lock_shared', useLock)
    })
  }

  /**
   * Waits until nobody uses the server any more and keeps others out. Undefined as above. Throws `data-folder-in-use` when another Rivulet serves the folder, or
   * somebody still uses it after `timeMaxMs`.
   */
  static async takeTurn(place: Place, { timeMaxMs, onWait }: { readonly timeMaxMs: number; readonly onWait: () => void }): Promise<DataFolderUse | undefined> {
    return DataFolderUse.#connected(place, async (client) => {
      if (!(await tryLock(client, 'pg_try_advisory_lock', serverLock))) throw inUse()
      if (await tryLock(client, 'pg_try_advisory_lock', useLock)) return true
      onWait()
      await client.query(`SET lock_timeout = ${timeMaxMs}`)
      // Who wants to join from now on waits behind this.
      await client.query('SELECT pg_advisory_lock($1)', [useLock])
      return true
    })
  }

  static async #connected(place: Place, lock: (client: pg.Client) => Promise<boolean>): Promise<DataFolderUse | undefined> {
    const [pid, port] = [runningPid(place), portOf(place)]
    const client = pid === undefined ? undefined : await connectTo(place, port)
    if (client === undefined || pid === undefined) return undefined
    try {
      // A server that is told to stop ends the connection that holds the lock, perhaps a moment before this one; it takes no new one from then on.
      if ((await lock(client)) && (await answers(place, port))) return new DataFolderUse(client, place, { pid, port })
    } catch (error) {
      await client.end().catch(() => undefined)
      if (error instanceof PostgresFault) throw error
      if ((error as { code?: string }).code === lockNotAvailable) throw new PostgresFault('data-folder-in-use', 'a command still uses this data folder: wait until it has ended, or name another folder with --data', { cause: error })
      return undefined
    }
    await client.end().catch(() => undefined)
    return undefined
  }

  /** Stops the server when nobody else uses it. */
  async leave(clock: Clock): Promise<void> {
    if (await this.#isLast()) await this.stop(clock)
    else await this.#client.end().catch(() => undefined)
  }

  async stop(clock: Clock): Promise<void> {
    // The lock is kept to the end: nobody joins a server that is about to stop.
    await stopServer(this.pid, this.#place, clock)
    await this.#client.end().catch(() => undefined)
  }

  async #isLast(): Promise<boolean> {
    try {
      await this.#client.query('SELECT pg_advisory_unlock_shared($1)', [useLock])
      return await tryLock(this.#client, 'pg_try_advisory_lock', useLock)
    } catch {
      // A server one of whose processes crashed has dropped every connection, and the locks with them.
      const client = runningPid(this.#place) === this.pid ? await connectTo(this.#place, this.port) : undefined
      if (client === undefined) return false
      this.#client = client
      return tryLock(client, 'pg_try_advisory_lock', useLock).catch(() => false)
    }
  }
}

function inUse(): PostgresFault {
  return new PostgresFault('data-folder-in-use', 'another Rivulet runs on this data folder: stop it, or name another folder with --data')
}

async function tryLock(client: pg.Client, name: 'pg_try_advisory_lock' | 'pg_try_advisory_lock_shared', lock: number): Promise<boolean> {
  const { rows } = await client.query<{ taken: boolean }>(`SELECT ${name}($1) AS taken`, [lock])
  return rows[0]?.taken === true
}
