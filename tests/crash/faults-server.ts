/** The real PostgreSQL under a simulation: statements run at once and for real, and the simulation learns when they wait for each other's locks. */
import pg from 'pg'
import type { RealIo } from './simulator-time.ts'

export type Question = pg.QueryConfig & { readonly values?: unknown[] }
export type Answer = pg.QueryResult<pg.QueryResultRow>

const int8 = 20
const types = {
  getTypeParser: ((id: number, format?: 'text' | 'binary') =>
    id === int8 && format !== 'binary' ? (text: string) => BigInt(text) : pg.types.getTypeParser(id, format)) as typeof pg.types.getTypeParser,
}
/** A statement that is not answered by then may wait for a lock: then the server is asked. */
const patienceMs = 4
/** Nobody in a simulation waits longer than this for a real answer. */
const answerMaxMs = 20_000

/** One real connection. */
export class Backend {
  readonly client: pg.Client
  readonly pid: number
  #busy: Promise<unknown> | undefined
  /** Waits for a lock that another backend of the simulation holds. */
  blocked = false

  constructor(client: pg.Client, pid: number) {
    this.client = client
    this.pid = pid
  }

  get busy(): Promise<unknown> | undefined {
    return this.#busy
  }

  /** Runs now. One statement at a time. */
  async run(question: Question): Promise<Answer> {
    const running = this.client.query(question)
    const settled = running.then(() => undefined, () => undefined)
    this.#busy = settled
    try {
      return await running
    } finally {
      this.#busy = undefined
      this.blocked = false
    }
  }
}

export class RealServer implements RealIo, AsyncDisposable {
  readonly #url: string
  readonly #monitor: pg.Client
  readonly #backends: Backend[] = []
  readonly #free: Backend[] = []
  readonly #other = new Set<Promise<unknown>>()
  /** Called when nothing runs, before time goes on. */
  whenIdle: (() => Promise<void>) | undefined
  #changed = true

  private constructor(url: string, monitor: pg.Client) {
    this.#url = url
    this.#monitor = monitor
  }

  static async connect(url: string): Promise<RealServer> {
    const monitor = await connected(url)
    return new RealServer(url, monitor)
  }

  /** A connection with the settings of a fresh one. */
  async take(): Promise<Backend> {
    const free = this.#free.pop()
    if (free !== undefined) return free
    return this.#track(
      connected(this.#url).then(async (client) => {
        const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid')
        const backend = new Backend(client, rows[0]?.pid ?? 0)
        this.#backends.push(backend)
        return backend
      }),
    )
  }

  /** Rolls back what is open, and keeps the connection for another. */
  async giveBack(backend: Backend): Promise<void> {
    await backend.busy
    await backend.run({ text: 'rollback; reset all' })
    this.#changed = true
    this.#free.push(backend)
  }

  async cancel(backend: Backend): Promise<void> {
    this.#changed = true
    await this.#track(this.#monitor.query('select pg_cancel_backend($1)', [backend.pid]))
  }

  /** Something ended that may have held locks. */
  released(): void {
    this.#changed = true
  }

  /** A look at the books that no fault touches. */
  async look(text: string): Promise<unknown[]> {
    const { rows } = await this.#monitor.query<unknown[]>({ name: 'look', text, rowMode: 'array' })
    return rows
  }

  async execute(text: string): Promise<void> {
    await this.#monitor.query(text)
  }

  async idle(turns: () => Promise<void>): Promise<void> {
    const startedMs = performance.now()
    for (;;) {
      await turns()
      if (this.#other.size > 0) {
        await Promise.allSettled(this.#other)
        continue
      }
      const busy = this.#backends.filter((backend) => backend.busy !== undefined)
      if (busy.some(({ blocked }) => !blocked) || (busy.length > 0 && this.#changed)) {
        await this.#wait(busy)
        if (performance.now() - startedMs > answerMaxMs) throw new Error(`PostgreSQL did not answer for ${answerMaxMs} ms`)
        continue
      }
      if (this.whenIdle === undefined) return
      await this.whenIdle()
      return
    }
  }

  async #wait(busy: readonly Backend[]): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    const patience = new Promise<boolean>((resolve) => {
      timer = setTimeout(resolve, patienceMs, false)
    })
    const answered = await Promise.race([...busy.map(({ busy: one }) => Promise.resolve(one).then(() => true)), patience])
    clearTimeout(timer)
    if (answered) {
      this.#changed = true
      return
    }
    const { rows } = await this.#monitor.query<{ pid: number }>('select pid from pg_locks where not granted')
    const waiting = new Set(rows.map(({ pid }) => pid))
    for (const backend of busy) backend.blocked = backend.busy !== undefined && waiting.has(backend.pid)
    if (busy.every(({ blocked }) => blocked)) this.#changed = false
  }

  async #track<T>(work: Promise<T>): Promise<T> {
    this.#other.add(work)
    try {
      return await work
    } finally {
      this.#other.delete(work)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.whenIdle = undefined
    await this.#monitor.query('select pg_terminate_backend(pid) from unnest($1::int4[]) as u(pid)', [this.#backends.map(({ pid }) => pid)])
    await Promise.all(this.#backends.map(({ client }) => client.end().catch(() => undefined)))
    await this.#monitor.end()
  }
}

async function connected(url: string): Promise<pg.Client> {
  // A knot of locks is untied at once, and no commit waits for the disk: here only processes die, PostgreSQL itself does not.
  const client = new pg.Client({ connectionString: url, types, options: '-c synchronous_commit=off -c deadlock_timeout=20ms' })
  client.on('error', () => undefined)
  await client.connect()
  return client
}
