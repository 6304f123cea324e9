import { type EmbeddedPostgres, startEmbeddedPostgres } from '@rivulet/postgres'
import { askForStream } from '../support/control.ts'
import { rivulet, Server } from '../support/product.ts'

export type Part = 'wallet' | 'receiver' | 'postgres'

export const leaseSeconds = 30

/** One installation as separate processes on one machine: PostgreSQL, a receiver and a wallet, each of which may die. */
export class Installation implements AsyncDisposable {
  readonly #data: string
  readonly #port: number
  #postgres: EmbeddedPostgres | undefined
  readonly #servers = new Map<Part, Server>()

  constructor(data: string, port: number) {
    this.#data = data
    this.#port = port
  }

  get databaseUrl(): string {
    return this.#postgres?.url ?? ''
  }

  async start(part: Part): Promise<void> {
    if (part === 'postgres') this.#postgres = await startEmbeddedPostgres({ dataFolder: this.#data, port: this.#port + 9 })
    else this.#servers.set(part, await Server.start([part, '--data', this.#data, '--port', String(this.#port)], this.#environment()))
  }

  async kill(part: Part): Promise<void> {
    if (part !== 'postgres') await this.#servers.get(part)?.end('SIGKILL')
    else if (this.#postgres !== undefined) {
      process.kill(this.#postgres.pid, 'SIGKILL')
      await this.#postgres[Symbol.asyncDispose]()
    }
  }

  /** Whether the process still runs, and what it said last. */
  stateOf(part: 'wallet' | 'receiver'): string {
    const server = this.#servers.get(part)
    return server?.isRunning === true ? 'running' : `ended: ${server?.errors ?? 'never started'}`
  }

  async command(...args: readonly string[]): Promise<unknown> {
    const { stdout, stderr } = await rivulet([...args, '--json', '--data', this.#data], this.#environment())
    if (stdout === '') throw new Error(`rivulet ${args.join(' ')}: ${stderr}`)
    return JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '')
  }

  /** Streams for some seconds; resolves to what the wallet says was paid, or undefined when it died meanwhile. */
  async stream(as: string, payee: string, seconds: number): Promise<unknown> {
    try {
      const response = await askForStream(this.#data, { as, pointer: `http://localhost:${this.#port + 1}/${payee}`, seconds })
      return JSON.parse((await response.text()).trimEnd().split('\n').at(-1) ?? '')
    } catch {
      return undefined
    }
  }

  async stop(part: 'wallet' | 'receiver'): Promise<number | null> {
    return (await this.#servers.get(part)?.end('SIGTERM')) ?? null
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const server of this.#servers.values()) await server.end('SIGKILL')
    await this.#postgres?.[Symbol.asyncDispose]()
  }

  #environment(): NodeJS.ProcessEnv {
    return { DATABASE_URL: this.#postgres?.url, RIVULET_LEASE_SECONDS: String(leaseSeconds), RIVULET_LOG: 'error' }
  }
}
