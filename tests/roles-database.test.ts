/** Roles as separate processes, and their database killed and started again: streams pause, nothing unbacked is credited, then they go on. */
import { expect, test } from 'vitest'
import { Installation } from './crash/installation.ts'
import { askForStream } from './support/control.ts'
import { freeBasePort } from './support/ports.ts'
import { dataFolder } from './support/product.ts'
import type { Balance, Verified } from './support/books.ts'

interface Second {
  readonly sent: string
  readonly state: string
  readonly reason?: string
}

/** A stream that runs until its caller hangs up. */
class Running implements Disposable {
  readonly seconds: Second[] = []
  readonly #abort = new AbortController()

  async start(folder: string, pointer: string): Promise<void> {
    const response = await askForStream(folder, { as: 'alice', pointer, seconds: 600 }, this.#abort.signal)
    if (!response.ok || response.body === null) throw new Error(await response.text())
    void this.#read(response.body).catch(() => undefined)
  }

  get last(): Second | undefined {
    return this.seconds.at(-1)
  }

  [Symbol.dispose](): void {
    this.#abort.abort()
  }

  async #read(body: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<void> {
    let rest = ''
    for await (const chunk of body.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + chunk).split('\n')
      rest = lines.pop() ?? ''
      this.seconds.push(...lines.map((line) => JSON.parse(line) as Second))
    }
  }
}

function signInAt(origin: string, email: string): Promise<Response> {
  return fetch(`${origin}/api/auth/sign-in/email`, { method: 'POST', headers: { origin, 'content-type': 'application/json' }, body: JSON.stringify({ email, password: 'rivulet-demo' }) })
}

async function signIn(origin: string, email: string): Promise<string> {
  const response = await signInAt(origin, email)
  return response.headers.getSetCookie().map((cookie) => cookie.split(';', 1)[0]).join('; ')
}

async function answerOf(response: Response): Promise<[number, string | undefined]> {
  const { error } = (await response.json()) as { readonly error?: { readonly code: string } }
  return [response.status, error?.code]
}

test('while PostgreSQL is away streams pause, nothing unbacked is credited, every door says so, and afterwards they go on', async () => {
  using folder = dataFolder()
  const port = await freeBasePort()
  const wallet = `http://localhost:${port}`
  await using installation = new Installation(folder.path, port)
  for (const part of ['postgres', 'receiver', 'wallet'] as const) await installation.start(part)
  const isReady = async (): Promise<number> => (await fetch(`${wallet}/readyz`)).status
  const receiver = `http://localhost:${port + 1}`
  const cookies = { [wallet]: await signIn(wallet, 'alice@demo.example'), [receiver]: await signIn(receiver, 'mara@demo.example') }
  const statuses = async (): Promise<unknown[]> => [
    ...(await Promise.all([wallet, receiver].map(async (origin) => answerOf(await fetch(`${origin}/api/me`, { headers: { cookie: cookies[origin] ?? '' } }))))),
    await answerOf(await signInAt(wallet, 'alice@demo.example')),
    await answerOf(await fetch(`${receiver}/mara`, { headers: { accept: 'application/spsp4+json' } })),
  ]

  const running = new Running()
  await running.start(folder.path, `http://localhost:${port + 1}/mara`)
  await expect.poll(() => BigInt(running.last?.sent ?? '0'), { timeout: 30_000 }).toBeGreaterThan(100_000n)
  expect(await isReady()).toBe(200)

  await installation.kill('postgres')
  await expect.poll(() => running.last, { timeout: 30_000 }).toMatchObject({ state: 'paused', reason: expect.stringMatching(/^(wallet-unavailable|receiver-unreachable)$/) as string })
  await expect.poll(isReady).toBe(503)
  expect(await statuses()).toEqual(Array(4).fill([503, 'database-unavailable']))
  const paused = running.seconds.length
  await expect.poll(() => running.seconds.length).toBeGreaterThan(paused + 3)
  // Not a unit was counted as paid from one of these seconds to the next.
  expect(new Set(running.seconds.slice(paused).map(({ sent }) => sent)).size).toBe(1)
  const beforeSent = BigInt(running.last?.sent ?? '0')

  await installation.start('postgres')
  await expect.poll(() => BigInt(running.last?.sent ?? '0'), { timeout: 90_000 }).toBeGreaterThan(beforeSent + 100_000n)
  expect(await isReady()).toBe(200)
  expect(await statuses()).toEqual(Array(4).fill([200, undefined]))
  for (const part of ['wallet', 'receiver'] as const) expect(installation.stateOf(part)).toBe('running')
  running[Symbol.dispose]()

  await expect.poll(async () => (await installation.command('verify')) as Verified, { timeout: 90_000, interval: 2_000 }).toMatchObject({ ok: true, streamsOpen: 0, streamsInDoubt: 0 })
  const [alice, mara] = [(await installation.command('balance', 'alice')) as Balance, (await installation.command('balance', 'mara')) as Balance]
  expect(alice.pending).toBe('0')
  expect(5_000_000_000n - BigInt(alice.posted)).toBe(BigInt(mara.posted) + BigInt(mara.accrued))
})
