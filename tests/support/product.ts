/** The product as its users have it: child processes, the command line, HTTP. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const main = new URL('../../apps/rivulet/src/main.ts', import.meta.url).pathname

interface DemoAccount {
  readonly role: 'subscriber' | 'publisher' | 'operator'
  readonly name: string
  readonly email: string
  readonly password: string
  readonly walletAddress: string
}

export interface Ready {
  readonly wallet: string
  readonly receiver: string
  readonly operator: string
  readonly demo: string
  readonly demoAccounts: readonly DemoAccount[]
}

/** By data folder: where its database is, when that is not its own. */
const databases = new Map<string, string>()

/** Every command and server of this folder uses the database at `url`, as with DATABASE_URL. */
export function putDatabase(folder: string, url: string): void {
  databases.set(folder, url)
}

/** The database that was put to a folder; undefined for one that has its own PostgreSQL. */
export function databaseOf(folder: string): string | undefined {
  return databases.get(folder)
}

/** A command that runs to its end. */
export async function rivulet(args: readonly string[], environment: NodeJS.ProcessEnv = {}): Promise<{ readonly status: number | null; readonly stdout: string; readonly stderr: string }> {
  const child = launch(args, environment)
  let stdout = ''
  let stderr = ''
  child.stdout?.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
  child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  const [status] = (await once(child, 'close')) as [number | null]
  return { status, stdout, stderr }
}

/** A server that prints one line of JSON when it is up. */
export class Server {
  readonly ready: Ready
  readonly #child: ChildProcess
  readonly #errors: () => string

  private constructor(child: ChildProcess, ready: Ready, errors: () => string) {
    this.#child = child
    this.ready = ready
    this.#errors = errors
  }

  /** Throws with what it said on standard error, unless it comes up. */
  static async start(args: readonly string[], environment: NodeJS.ProcessEnv = {}): Promise<Server> {
    const child = launch([...args, '--json'], environment)
    let stderr = ''
    child.stderr?.on('data', (chunk: Buffer) => (stderr = (stderr + chunk.toString()).slice(-20_000)))
    let stdout = ''
    const line = new Promise<string>((resolve) => {
      child.stdout?.on('data', (chunk: Buffer) => {
        stdout += chunk.toString()
        if (stdout.includes('\n')) resolve(stdout)
      })
    })
    const end = once(child, 'close').then(() => {
      throw new Error(`rivulet ${args.join(' ')} did not come up: ${stderr}`)
    })
    const ready = JSON.parse(await Promise.race([line, end])) as Ready
    end.catch(() => undefined)
    return new Server(child, ready, () => stderr)
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null
  }

  /** What it said on standard error, the last 20 kB. */
  get errors(): string {
    return this.#errors()
  }

  async end(signal: NodeJS.Signals): Promise<number | null> {
    if (this.isRunning) {
      const closed = once(this.#child, 'close')
      this.#child.kill(signal)
      await closed
    }
    return this.#child.exitCode
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end('SIGTERM')
  }
}

/** A data folder that goes with the test. */
export function dataFolder(): Disposable & { readonly path: string } {
  const path = mkdtempSync(join(tmpdir(), 'rivulet-data-'))
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true, maxRetries: 5 }) }
}

function launch(args: readonly string[], environment: NodeJS.ProcessEnv): ChildProcess {
  const url = databases.get(args[args.indexOf('--data') + 1] ?? '')
  return spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, RIVULET_LOG: 'warn', ...(url !== undefined && { DATABASE_URL: url }), ...environment } })
}
