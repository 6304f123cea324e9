/** Connect codes and agent tokens that are used, foreign or of another site connect nothing, and a budget that runs out is not overdrawn by one unit. Stale codes: service/wallet, on a clock of its own. */
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import type { Ledger } from '@rivulet/ledger'
import type { Postgres } from '@rivulet/postgres'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { guestLedger, verified } from './support/books.ts'
import { askForStream } from './support/control.ts'
import { Server } from './support/product.ts'
import { sandboxFolder } from './support/shared-folder.ts'
import { AgentSocket, Reader } from './support/reader.ts'

const site = 'https://news.example'
const other = 'https://other.example'

const resources = new AsyncDisposableStack()
let folder: string
let product: Server
let ledger: Ledger
let postgres: Postgres
let session: string
let mara: string

beforeAll(async () => {
  folder = resources.use(await sandboxFolder()).path
  product = resources.use(await Server.start(['up', '--port', '0', '--data', folder]))
  const guest = resources.use(await guestLedger({ folder }))
  ledger = guest.ledger
  postgres = guest.postgres
  mara = `${product.ready.receiver}/mara`
  session = (await post('/api/auth/sign-in/email', { email: 'alice@demo.example', password: 'rivulet-demo' })).cookie
})
afterAll(() => resources.disposeAsync())

interface Answer {
  readonly status: number
  readonly body: { readonly challenge?: string; readonly code?: string; readonly error?: { readonly code: string; readonly message: string } }
  readonly cookie: string
}

async function post(path: string, body: object, cookie = ''): Promise<Answer> {
  const { wallet } = product.ready
  const response = await fetch(wallet + path, { method: 'POST', headers: { 'content-type': 'application/json', origin: wallet, cookie }, body: JSON.stringify(body) })
  const cookies = response.headers.getSetCookie().map((line) => line.split(';')[0] ?? '').filter((pair) => !pair.endsWith('='))
  return { status: response.status, body: (await response.json()) as Answer['body'], cookie: cookies.join('; ') }
}

interface Journey {
  readonly code: string
  readonly verifier: string
}

/** As far as the code: the agent's challenge, and Alice's consent. */
async function journey(from: string): Promise<Journey> {
  const { body, cookie } = await post('/agent/challenges', { site: from })
  const { code } = (await post(`/api/connect/${body.challenge ?? ''}/consent`, {}, session)).body
  return { code: code ?? '', verifier: cookie }
}

const redeem = (from: string, code: string, cookie: string): Promise<Answer> => post('/agent/redeem', { site: from, code }, cookie)

const refusal = (status: number, code: string, says: RegExp): object => ({ status, body: { error: { code, message: expect.stringMatching(says) as string } }, cookie: '' })

/** Connections and tokens that exist. */
async function connected(): Promise<unknown> {
  const { rows } = await postgres.pool.query('SELECT (SELECT count(*)::int FROM wallet.connection) AS connections, (SELECT count(*)::int FROM wallet.agent_token) AS tokens')
  return rows[0]
}

async function attach(from: string, cookie: string): Promise<AgentSocket> {
  const { wallet } = product.ready
  const socket = new WebSocket(`${wallet.replace('http', 'ws')}/agent/socket`, { headers: { cookie, origin: wallet } })
  const agent = new AgentSocket(socket)
  await once(socket, 'open')
  agent.say({ type: 'attach', site: from, visible: true })
  await agent.until((heard) => heard.some(({ type }) => type === 'attached'))
  return agent
}

describe('a connect code', () => {
  test('that was used is refused the second time', async () => {
    const { code, verifier } = await journey(site)
    expect(await redeem(site, code, verifier)).toMatchObject({ status: 200 })
    const before = await connected()
    expect(await redeem(site, code, verifier)).toEqual(refusal(409, 'code-used', /./))
    expect(await connected()).toEqual(before)
  })

  test('that is foreign connects nothing: of another browser, of another site, of nobody, or without the agent’s cookie', async () => {
    const [mine, theirs, elsewhere] = [await journey('https://mine.example'), await journey('https://mine.example'), await journey(other)]
    const before = await connected()
    expect(await redeem('https://mine.example', theirs.code, mine.verifier)).toEqual(refusal(403, 'verifier-mismatch', /./))
    expect(await redeem('https://mine.example', elsewhere.code, `${mine.verifier}; ${elsewhere.verifier}`)).toEqual(refusal(403, 'site-mismatch', /./))
    expect(await redeem('https://mine.example', 'A'.repeat(43), mine.verifier)).toEqual(refusal(404, 'code-unknown', /./))
    expect(await redeem('https://mine.example', mine.code, '')).toEqual(refusal(403, 'verifier-missing', /connect again, and allow cookies of the wallet/))
    expect(await connected()).toEqual(before)
    // None of that used them up.
    expect(await redeem('https://mine.example', mine.code, mine.verifier)).toMatchObject({ status: 200 })
  })
})

test('a token of another site connects nothing and pays nothing, also when it is passed off as this site’s', async () => {
  const from = 'https://first.example'
  const { code, verifier } = await journey(from)
  const { cookie } = await redeem(from, code, verifier)
  const token = cookie.split('=')[1] ?? ''
  const forged = `rivulet-agent-${createHash('sha256').update(other).digest('hex').slice(0, 16)}=${token}`
  for (const given of [cookie, forged]) {
    using agent = await attach(other, given)
    expect(agent.heard[0]).toMatchObject({ type: 'attached', connected: false })
    agent.say({ type: 'start', requestId: 'one', pointer: mara })
    await agent.until((heard) => heard.some(({ type }) => type === 'loaded'))
    expect(agent.paid).toEqual([])
  }
  using rightful = await attach(from, cookie)
  expect(rightful.heard[0]).toMatchObject({ connected: true })
  expect(await ledger.sending.list({ states: ['open', 'in-doubt', 'closed'], limit: 10 })).toEqual([])
})

describe('a budget that runs out in mid-second', () => {
  const left = 234_567n

  /** A new reader, with so little left. */
  async function poorReader(name: string): Promise<Reader> {
    const reader = new Reader(product.ready.wallet)
    await reader.signUp(name)
    const { rows } = await postgres.pool.query<{ id: `acct_${string}` }>(`SELECT id FROM ledger.accounts WHERE kind = 'subscriber' ORDER BY id DESC LIMIT 1`)
    const debitAccountId = rows[0]?.id ?? 'acct_none'
    const sandbox = await postgres.pool.query<{ id: `acct_${string}` }>(`SELECT id FROM ledger.accounts WHERE name = 'psp[sandbox]'`)
    const { posted } = (await reader.me()).balance
    await ledger.transfer({ key: `correction:${debitAccountId}`, debitAccountId, creditAccountId: sandbox.rows[0]?.id ?? 'acct_none', amount: BigInt(posted) - left, reason: 'correction' })
    return reader
  }

  /** What is still held, and what is left with what was paid: one comes over another socket than the other, in any order. */
  const heldAndWith = ({ balance: { pending, posted } }: Awaited<ReturnType<Reader['me']>>, paid: bigint): readonly [string, bigint] => [pending, BigInt(posted) + paid]

  test('is paid to its last unit and not beyond, and the agent hears why it stops', async () => {
    const reader = await poorReader('Nora')
    await reader.connect(site)
    using agent = await reader.open(site)
    agent.say({ type: 'start', requestId: 'one', pointer: mara })
    await agent.until((heard) => heard.some(({ type, reason }) => type === 'paused' && reason === 'budget-spent'))
    const told = (): bigint => agent.paid.reduce((sum, { amount }) => sum + BigInt(amount), 0n)
    await expect.poll(async () => heldAndWith(await reader.me(), told())).toEqual(['0', left])
    expect(told()).toBe(left)
  })

  test('is not overdrawn by a page and commands that spend it at once', async () => {
    const reader = await poorReader('Piet')
    await reader.connect(site)
    const command = async (): Promise<bigint> => {
      const response = await askForStream(folder, { as: 'Piet', pointer: mara, seconds: 6 })
      const { sent } = JSON.parse((await response.text()).trimEnd().split('\n').at(-1) ?? '') as { sent: { value: string } }
      return BigInt(sent.value)
    }
    using agent = await reader.open(site)
    agent.say({ type: 'start', requestId: 'one', pointer: mara })
    const commanded = await Promise.all([command(), command(), command()])
    await agent.until((heard) => heard.some(({ reason }) => reason === 'budget-spent'))
    const all = (): bigint => [...commanded, ...agent.paid.map(({ amount }) => BigInt(amount))].reduce((sum, amount) => sum + amount, 0n)
    await expect.poll(async () => heldAndWith(await reader.me(), all())).toEqual(['0', left])
    expect(all()).toBeLessThanOrEqual(left)
  })

  test('and the books prove it', async () => {
    expect(await verified(folder)).toMatchObject({ ok: true, problems: [], streamsInDoubt: 0 })
  })
})
