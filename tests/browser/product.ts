/** The whole product in a process of its own, as a person starts it, with a fresh data folder. */
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const root = join(import.meta.dirname, '../..')
const main = join(root, 'apps/rivulet/src/main.ts')
const readyMaxMs = 90_000

interface DemoAccount {
  readonly role: 'subscriber' | 'publisher' | 'operator'
  readonly name: string
  readonly email: string
  readonly password: string
  readonly walletAddress: string | null
}

interface Ready {
  readonly wallet: string
  readonly receiver: string
  readonly operator: string
  readonly demo: string
  readonly demoAccounts: readonly DemoAccount[]
}

export interface Product extends Ready, AsyncDisposable {
  /** What belongs to an account, in units: posted, and accrued on streams that are open. */
  readonly balance: (name: string) => Promise<bigint>
  /** Whether the books are right, and what the proof says otherwise. */
  readonly verify: () => Promise<{ readonly ok: boolean }>
}

/** Runs `rivulet up` on ports of its own. It ends, and its folder goes, with the object. */
export async function startProduct(): Promise<Product> {
  const data = await mkdtemp(join(tmpdir(), 'rivulet-journey-'))
  const child = spawn(process.execPath, [main, 'up', '--port', '0', '--data', data, '--json'], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
  const exited = once(child, 'exit')
  const dispose = async (): Promise<void> => {
    child.kill('SIGTERM')
    await exited
    await rm(data, { recursive: true, force: true, maxRetries: 5 })
  }
  let said = ''
  child.stderr.on('data', (chunk: Buffer) => {
    said = (said + chunk.toString()).slice(-20_000)
  })
  const command = async (...words: readonly string[]): Promise<unknown> => {
    const { stdout } = await promisify(execFile)(process.execPath, [main, ...words, '--json', '--data', data], { cwd: root })
    return JSON.parse(stdout)
  }
  try {
    const ready = await new Promise<Ready>((resolve, reject) => {
      const fail = (why: string): void => reject(new Error(`rivulet up ${why}: ${said}`))
      const timer = setTimeout(() => fail('was not ready in time'), readyMaxMs)
      let out = ''
      child.on('exit', (status) => fail(`ended with status ${status}`))
      child.stdout.on('data', (chunk: Buffer) => {
        out += chunk.toString()
        if (!out.includes('\n')) return
        clearTimeout(timer)
        resolve(JSON.parse(out) as Ready)
      })
    })
    return {
      ...ready,
      async balance(name) {
        const { posted, accrued } = (await command('balance', name)) as { posted: string; accrued: string }
        return BigInt(posted) + BigInt(accrued)
      },
      verify: async () => (await command('verify')) as { ok: boolean },
      [Symbol.asyncDispose]: dispose,
    }
  } catch (error) {
    await dispose()
    throw error
  }
}
