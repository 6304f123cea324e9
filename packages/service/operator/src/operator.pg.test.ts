import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Accounts, accountsMigrations } from '@rivulet/accounts'
import { FundingStore, fundingMigrations } from '@rivulet/funding'
import { ledgerMigrations } from '@rivulet/ledger'
import { connectionOf, creditTo, streamOf, testBooks, type TestBooks } from '@rivulet/ledger/testing'
import { testPostgres } from '@rivulet/postgres/testing'
import { systemClock } from '@rivulet/time'
import { JourneyStore, walletMigrations } from '@rivulet/wallet'
import express from 'express'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createOperator, type Operator, operatorMigrations, RoleReporter } from './index.ts'
import type { LiveEvent } from './live-state.ts'

const warnings: string[] = []
const log = { warn: (_about: object, message: string) => void warnings.push(message), error: (_about: object, message: string) => void warnings.push(message) }
const password = 'correct horse'
let books: TestBooks
let accounts: Accounts
let operator: Operator
let server: Server
let origin: string
let cookie: string

async function listen(app: express.Express): Promise<string> {
  server = createServer(app)
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve))
  return `http://localhost:${(server.address() as AddressInfo).port}`
}

beforeAll(async () => {
  books = await testBooks({ postgres: await testPostgres([ledgerMigrations, accountsMigrations, operatorMigrations, walletMigrations, fundingMigrations]) })
  const { postgres, ledger } = books
  const app = express()
  origin = await listen(app)
  const entrances = { subscriber: { publicUrl: 'http://localhost:1' }, publisher: { publicUrl: 'http://localhost:2' }, operator: { publicUrl: origin } }
  accounts = await Accounts.open({ postgres, ledger, clock: systemClock, secret: Buffer.alloc(32, 7), entrances, sandbox: true })
  const standings = [
    { name: 'acme', balance: { owedToUs: '9000000000000' }, limits: { owedMax: '10000000000000' }, settlementDue: '0' }, { name: 'bolt', balance: { owedToUs: '0' }, limits: { owedMax: '0' }, settlementDue: '4000000000000000001' },
  ]
  operator = createOperator({ ledger, accounts, postgres, peers: { list: () => Promise.resolve(standings) }, clock: systemClock, log, indicators: { journeys: new JourneyStore(postgres), charges: new FundingStore(postgres), payouts: () => Promise.resolve({ settled: 0, lost: 0, p50Ms: null, p95Ms: null }), asset: { code: 'EUR', scale: 9 } }, reconcile: () => Promise.resolve({ ok: true, checkedMs: systemClock.nowMs(), clearing: [], comparisons: [] }), metricsToken: 'scrape me' })
  app.use(accounts.entrance('operator').handler, operator.routes)
  await accounts.createPerson({ role: 'operator', email: 'olga@example.org', password, name: 'Olga' })
  const signedIn = await fetch(`${origin}/api/auth/sign-in/email`, {
    method: 'POST', headers: { origin, 'content-type': 'application/json' }, body: JSON.stringify({ email: 'olga@example.org', password }),
  })
  cookie = signedIn.headers.getSetCookie().map((line) => line.split(';')[0]).join('; ')
})

afterAll(async () => {
  await operator[Symbol.asyncDispose]()
  await new Promise((resolve) => server.close(resolve))
  await accounts[Symbol.asyncDispose]()
  await books[Symbol.asyncDispose]()
})

/** A reader of Server-Sent Events over a real connection. */
class Follower implements AsyncDisposable {
  readonly #abort = new AbortController()
  #reader: ReadableStreamDefaultReader<Uint8Array> | undefined
  #text = ''

  async open(): Promise<Response> {
    const response = await fetch(`${origin}/api/live`, { headers: { cookie }, signal: this.#abort.signal })
    this.#reader = response.body?.getReader()
    return response
  }

  /** The next event of which `wanted` is true. */
  async next(wanted: (event: LiveEvent, name: string) => boolean = () => true): Promise<LiveEvent & { readonly name: string }> {
    for (;;) {
      const end = this.#text.indexOf('\n\n')
      if (end < 0) {
        const chunk = await this.#reader?.read()
        if (chunk === undefined || chunk.done) throw new Error('the server ended the stream')
        this.#text += Buffer.from(chunk.value).toString()
        continue
      }
      const block = this.#text.slice(0, end)
      this.#text = this.#text.slice(end + 2)
      const match = /^event: (\w+)\ndata: (.*)$/.exec(block)
      if (match === null) continue
      const event = JSON.parse(match[2] ?? '') as LiveEvent
      if (wanted(event, match[1] ?? '')) return { ...event, name: match[1] ?? '' }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#abort.abort()
    await this.#reader?.closed.catch(() => undefined)
  }
}

describe('the live page', () => {
  test('follows a stream from its opening over its totals to its end, all from the ledger’s rows', async () => {
    const spec = streamOf(books, { label: { payer: 'https://w.example/alice', payee: 'https://p.example/bob', site: 'https://news.example' } })
    await using follower = new Follower()
    expect((await follower.open()).headers.get('content-type')).toContain('text/event-stream')
    expect(await follower.next()).toMatchObject({ name: 'snapshot', streams: [], streamsOpen: 0, flows: [] })

    const { ownerEpoch } = await books.ledger.sending.open(spec)
    const opened = await follower.next(({ streams }) => streams.length > 0)
    expect(opened).toMatchObject({
      name: 'update', streamsOpen: 1, streamsInDoubt: 0, flows: [{ rate: '10', assetCode: 'EUR', assetScale: 9 }],
      streams: [{ id: spec.id, payer: 'https://w.example/alice', payee: 'https://p.example/bob', site: 'https://news.example', rate: '10', total: '0', held: '600', assetCode: 'EUR', assetScale: 9, state: 'open' }],
    })

    await books.ledger.receiving.credit(creditTo(books, { amount: 30n }))
    await books.ledger.sending.book(spec.id, ownerEpoch, 30n)
    expect((await follower.next(({ totals }) => spec.id in totals)).totals).toEqual({ [spec.id]: '30' })

    await using second = new Follower()
    await second.open()
    expect(await second.next()).toMatchObject({ name: 'snapshot', streams: [{ id: spec.id, total: '30' }] })

    await books.ledger.sending.leaveInDoubt(spec.id, ownerEpoch, 'no answer')
    expect(await follower.next(({ streams }) => streams.length > 0)).toMatchObject({ streamsOpen: 0, streamsInDoubt: 1, streams: [{ id: spec.id, state: 'in-doubt' }] })

    await books.ledger.sending.close(spec.id, ownerEpoch, 'settled')
    expect(await follower.next(({ gone }) => gone.length > 0)).toMatchObject({ gone: [spec.id], streamsInDoubt: 0 })
  })

  test('packets a second and rejects by code come from what each process reports, and a stopped process is gone', async () => {
    const counters = { packets: 100, fulfilled: 99, rejectsByCode: { T00: 1 } as Record<string, number>, lateness: { bucketsMs: [], counts: [], sumMs: 0 } }
    const reporter = new RoleReporter({ postgres: books.postgres, clock: systemClock, role: 'wallet', version: '1.2.3', counters: () => counters, log })
    await using follower = new Follower()
    await follower.open()
    expect(await follower.next(({ processes }) => processes.length > 0)).toMatchObject({ processes: [{ role: 'wallet', version: '1.2.3' }], packetsPerSecond: 0, rejectsByCode: { T00: { total: 1 } } })
    counters.packets += 50
    counters.rejectsByCode = { T00: 1, F08: 4, 'not a code': 9 }
    const busy = await follower.next(({ packetsPerSecond }) => packetsPerSecond > 0)
    expect(busy.rejectsByCode).toMatchObject({ T00: { total: 1, perSecond: 0 }, F08: { total: 4 } })
    expect(Object.keys(busy.rejectsByCode)).toEqual(['F08', 'T00'].toSorted())
    await reporter[Symbol.asyncDispose]()
    expect((await follower.next(({ processes }) => processes.length === 0)).packetsPerSecond).toBe(0)
  })

  test('without an operator’s session nothing is told', async () => {
    for (const path of ['/api/live', '/api/pulse', '/api/overview', '/api/ledger/accounts', '/api/streams', '/api/indicators', '/metrics']) {
      const response = await fetch(origin + path)
      expect(response.status).toBe(401)
      expect(await response.json()).toMatchObject({ error: { code: 'signed-out' } })
    }
  })

  test('the fifty-first follower is refused, and a place that is left is free again', async () => {
    const followers = Array.from({ length: 50 }, () => new Follower())
    const responses = await Promise.all(followers.map((follower) => follower.open()))
    expect(responses.map(({ status }) => status)).toEqual(responses.map(() => 200))
    const late = await fetch(`${origin}/api/live`, { headers: { cookie } })
    expect(late.status).toBe(503)
    expect(await late.json()).toMatchObject({ error: { code: 'followers-too-many' } })
    for (const follower of followers) await follower[Symbol.asyncDispose]()
    await using again = new Follower()
    for (;;) if ((await again.open()).status === 200) break
    expect((await again.next()).name).toBe('snapshot')
  })
})

test('the overview names the operator and, once they are checked, the state of the books', async () => {
  const read = async (): Promise<{ person: object; books: { ok: boolean; problem: string | null } | null }> =>
    (await (await fetch(`${origin}/api/overview`, { headers: { cookie } })).json()) as { person: object; books: { ok: boolean; problem: string | null } | null }
  expect((await read()).person).toEqual({ name: 'Olga', email: 'olga@example.org' })
  let checked = await read()
  while (checked.books === null) checked = await read()
  expect(checked.books).toMatchObject({ ok: true, problem: null })
})

test('the pulse tells the figures without the streams, and whether the money is safe', async () => {
  const abort = new AbortController()
  const response = await fetch(`${origin}/api/pulse`, { headers: { cookie }, signal: abort.signal })
  let text = ''
  for await (const chunk of response.body ?? []) {
    text += Buffer.from(chunk).toString()
    if (text.includes('"light":"safe"')) break
  }
  const event = JSON.parse(/^data: (.*"light":"safe".*)$/m.exec(text)?.[1] ?? '{}') as LiveEvent
  expect(event).toMatchObject({ streams: [], totals: {}, safety: { light: 'safe', comparedAgoMs: null }, alerts: [{ code: 'wallet-silent', level: 'danger' }, { code: 'receiver-silent', level: 'danger' }] })
  abort.abort()
})

describe('the explorer', () => {
  const read = async (path: string, as = cookie): Promise<{ readonly status: number; readonly body: unknown }> => {
    const response = await fetch(origin + path, { headers: { cookie: as } })
    return { status: response.status, body: await response.json() }
  }

  test('shows an account with its counters and its transfers, newest first, each with the names of both sides', async () => {
    const { ledger, psp, subscriber } = books
    const transfer = await ledger.transfer({ key: 'explored', debitAccountId: psp.id, creditAccountId: subscriber.id, amount: 5n, reason: 'deposit' })
    const { posted } = await ledger.balance(subscriber.id)
    expect((await read('/api/ledger/accounts?text=alice')).body).toMatchObject({ more: false, accounts: [{ id: subscriber.id, name: 'subscriber[alice]', kind: 'subscriber', assetCode: 'EUR', assetScale: 9, debitsMayExceedCredits: false }] })
    expect((await read(`/api/ledger/accounts/${subscriber.id}`)).body).toMatchObject({
      account: { name: 'subscriber[alice]' }, more: false,
      transfers: expect.arrayContaining([{ id: transfer.id, key: 'explored', debitAccountId: psp.id, creditAccountId: subscriber.id, amount: '5', reason: 'deposit', stream: null, postedAtMs: transfer.postedAtMs }]) as unknown,
      accounts: { [psp.id]: { name: 'psp[sandbox]', assetCode: 'EUR', assetScale: 9 } },
    })
    expect((await read(`/api/ledger/accounts/${subscriber.id}/balance?atMs=${transfer.postedAtMs + 1}`)).body).toMatchObject({ posted: String(posted) })
    expect((await read(`/api/ledger/transfers/${transfer.id}`)).body).toMatchObject({ transfer: { amount: '5' }, debit: { name: 'psp[sandbox]' }, credit: { name: 'subscriber[alice]' }, sendingStream: null })
  })

  test('leads from the posting of a connection to the stream that paid it, and shows the stream without its secret', async () => {
    const connection = connectionOf('to and fro')
    const spec = streamOf(books, { connection })
    const { ownerEpoch } = await books.ledger.sending.open(spec)
    await books.ledger.receiving.credit(creditTo(books, { connection, amount: 20n }))
    await books.ledger.sending.book(spec.id, ownerEpoch, 20n)
    await books.ledger.sending.close(spec.id, ownerEpoch, 'stopped')
    await books.ledger.receiving.close(connection)
    const { body } = await read(`/api/streams/${spec.id}`)
    const { transfers } = body as { readonly transfers: readonly { readonly id: string; readonly stream: string }[] }
    expect(body).toMatchObject({ stream: { total: '20', posted: '20', received: '20', state: 'closed', closeReason: 'stopped' }, debit: { name: 'subscriber[alice]' } })
    expect(transfers.map(({ stream }) => stream).toSorted()).toEqual([spec.id, connection.toString('hex')].toSorted())
    expect(JSON.stringify(body)).not.toContain(spec.resume.encryptedSecret.toString('base64'))
    const received = transfers.find(({ stream }) => stream !== spec.id)?.id ?? ''
    expect((await read(`/api/ledger/transfers/${received}`)).body).toMatchObject({ sendingStream: spec.id })
    expect((await read(`/api/streams?text=alice&state=closed`)).body).toMatchObject({ streams: expect.arrayContaining([expect.objectContaining({ id: spec.id, total: '20' })]) as unknown })
  })

  test.each([
    ['/api/ledger/accounts/nonsense', 400, 'query-invalid'],
    ['/api/ledger/accounts?kind=gold', 400, 'query-invalid'],
    ['/api/ledger/accounts/acct_00000000000000000000000000', 404, 'not-found'],
    ['/api/ledger/accounts/acct_00000000000000000000000000/balance?atMs=1', 404, 'account-unknown'],
    ['/api/ledger/transfers/xfer_00000000000000000000000000', 404, 'not-found'],
    ['/api/streams/strm_00000000000000000000000000', 404, 'not-found'],
    ['/api/streams?before=x', 400, 'query-invalid'],
  ])('%s is answered %i %s', async (path, status, code) => expect(await read(path)).toMatchObject({ status, body: { error: { code } } }))
})

test('the indicators are there once they are computed', async () => {
  const read = async (): Promise<{ readonly report: { readonly windows: readonly { readonly days: number }[] } | null }> => (await (await fetch(`${origin}/api/indicators`, { headers: { cookie } })).json()) as { readonly report: { readonly windows: readonly { readonly days: number }[] } | null }
  let answer = await read()
  while (answer.report === null) answer = await read()
  expect(answer.report.windows.map(({ days }) => days)).toEqual([7, 30, 90])
})

test('metrics join what all processes report, each under its role, with what only the database knows', async () => {
  const counters = { packets: 7, fulfilled: 5, rejectsByCode: { R02: 2 }, lateness: { bucketsMs: [50, 100], counts: [2, 2, 1], sumMs: 480 } }
  await using wallet = new RoleReporter({ postgres: books.postgres, clock: systemClock, role: 'wallet', version: '1', counters: () => counters, queues: () => ({ link: 3, journal: 0 }), log })
  await using receiver = new RoleReporter({ postgres: books.postgres, clock: systemClock, role: 'receiver', version: '1', log })
  const spec = streamOf(books, { connection: connectionOf('metrics') })
  const { ownerEpoch } = await books.ledger.sending.open(spec)
  const scrape = async (): Promise<string> => (await fetch(`${origin}/metrics`, { headers: { authorization: 'Bearer scrape me' } })).text()
  let text = await scrape()
  while (!/role="wallet"/.test(text) || !/role="receiver"/.test(text)) text = await scrape()
  expect(text).toMatch(/^rivulet_packets_total\{role="wallet",process="ownr_\w+"\} 7$/m)
  expect(text).toMatch(/^rivulet_queue_length\{role="wallet",queue="link",process="ownr_\w+"\} 3$/m)
  expect(text).toMatch(/^rivulet_packets_rejected_total\{code="R02",role="wallet",process="ownr_\w+"\} 2$/m)
  for (const line of ['bucket{le="0.05",', 'bucket{le="0.1",', 'bucket{le="+Inf",', 'count{', 'sum{']) expect(text).toContain(`\nrivulet_payment_lateness_seconds_${line}role="wallet",process="`)
  expect([...text.matchAll(/^rivulet_payment_lateness_seconds_\w+\{.*\} (.*)$/gm)].map(([, value]) => value)).toEqual(['2', '4', '5', '0.48', '5'])
  expect(text).toMatch(/^rivulet_tick_lateness_seconds_bucket\{le="\+Inf",role="receiver",process="ownr_\w+"\} [1-9]/m)
  expect(text).toMatch(/^rivulet_streams\{state="open",asset="EUR"\} 1$/m)
  expect([...text.matchAll(/^rivulet_peer_(\w+)\{peer="(\w+)"\} (.*)$/gm)].map(([, ...parts]) => parts.join(' '))).toEqual(['exposure_ratio acme 0.9', 'exposure_ratio bolt 1', 'settlement_due acme 0', 'settlement_due bolt 1'])
  expect((await fetch(`${origin}/metrics`, { headers: { authorization: 'Bearer wrong' } })).status).toBe(401)
  await books.ledger.sending.close(spec.id, ownerEpoch, 'done')
  expect([wallet, receiver]).toHaveLength(2)
})

test('a database that refuses the report is one warning, and the process goes on', async () => {
  await using empty = await testPostgres([ledgerMigrations])
  warnings.length = 0
  const reporter = new RoleReporter({ postgres: empty, clock: systemClock, role: 'wallet', version: '1', log })
  await reporter[Symbol.asyncDispose]()
  expect(warnings).toHaveLength(1)
})
