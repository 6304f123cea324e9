import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Id, newId, Seal } from '@rivulet/ids'
import { guardedFetch } from '@rivulet/outbound'
import { verifyWebhook } from '@rivulet/payment-proof'
import type { Postgres } from '@rivulet/postgres'
import { testPostgres } from '@rivulet/postgres/testing'
import { systemClock } from '@rivulet/time'
import { TestClock } from '@rivulet/time/testing'
import express from 'express'
import fc from 'fast-check'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { appendEvents, notifyMigrations, QueueStore, webhookRoutes, Webhooks, writeEvents } from './index.ts'
import { type Delivery, type Endpoint, eventKinds } from './types.ts'

interface Arrived {
  readonly headers: IncomingHttpHeaders
  readonly body: string
  readonly n: number
}

type Answer = (response: ServerResponse, arrived: Arrived) => void

const ok: Answer = (response) => void response.writeHead(204).end()
const status = (code: number, headers: Record<string, string> = {}): Answer => (response) => void response.writeHead(code, headers).end('no')
const dayMs = 24 * 3_600_000

let postgres: Postgres
let server: Server
let url: string
let answer: Answer
let arrived: Arrived[]
let clock: TestClock
let owner: Id<'pers'>
const said: object[] = []

/** One process. The limits of a request run on the machine's clock, retries on the test's. */
function openWebhooks(options: { readonly allowLocal?: boolean; readonly durationMsMax?: number; readonly at?: TestClock } = {}): Webhooks {
  const { allowLocal = true, durationMsMax = 10_000, at = clock } = options
  return new Webhooks({
    postgres, clock: at, allowLocal, seal: new Seal(Buffer.alloc(32, 7)), random: () => 1, fetch: guardedFetch({ clock: systemClock, allowLocal, durationMsMax, bodyBytesMax: 65_536 }),
    log: { warn: (fields, message) => said.push({ ...fields, message }) },
  })
}

beforeAll(async () => {
  postgres = await testPostgres([notifyMigrations])
  server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString('utf8')
      const one = { headers: request.headers, body, n: (JSON.parse(body) as { data: { n: number } }).data.n }
      arrived.push(one)
      answer(response, one)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook?token=in-the-url`
})

beforeEach(() => {
  answer = ok
  arrived = []
  clock = new TestClock()
  owner = newId('pers', clock.nowMs())
})

afterEach(async () => {
  await postgres.pool.query('delete from notify.endpoints')
})

afterAll(async () => {
  server.closeAllConnections()
  server.close()
  await postgres[Symbol.asyncDispose]()
})

async function append(object: string, n: number): Promise<void> {
  const client = await postgres.pool.connect()
  try {
    await appendEvents(client, [{ ownerId: owner, kind: 'stream.closed', object, data: { object, n } }], clock.nowMs())
  } finally {
    client.release()
  }
}

const deliveriesOf = (webhooks: Webhooks, { id }: Endpoint, query: object = {}): Promise<readonly Delivery[]> => webhooks.deliveries(owner, id, query)
const numbers = (): number[] => arrived.map(({ n }) => n)

test('an event arrives once, signed with the secret that was shown, and only then counts as delivered', async () => {
  await using webhooks = openWebhooks()
  const { endpoint, secret } = await webhooks.add(owner, { url })
  await append('a', 1)
  await Promise.all([webhooks.deliverDue(), openWebhooks().deliverDue()])
  const [one] = arrived
  expect(arrived).toHaveLength(1)
  const signature = String(one?.headers['rivulet-signature'])
  expect(() => verifyWebhook(one?.body ?? '', signature, { secret, nowMs: clock.nowMs() })).not.toThrow()
  expect(() => verifyWebhook(one?.body ?? '', signature, { secret: `${secret}x`, nowMs: clock.nowMs() })).toThrow(expect.objectContaining({ code: 'signature-invalid' }))
  const [delivery] = await deliveriesOf(webhooks, endpoint)
  expect(JSON.parse(one?.body ?? '')).toEqual({ id: delivery?.eventId, type: 'stream.closed', createdAt: '2026-01-01T00:00:00.000Z', data: { object: 'a', n: 1 } })
  expect(one?.headers).toMatchObject({ 'content-type': 'application/json', 'rivulet-event': delivery?.eventId, 'rivulet-delivery': delivery?.id })
  expect(delivery).toMatchObject({ kind: 'stream.closed', status: 'delivered', attempts: 1, answerCode: 204, error: null, dueAtMs: null })
})

test('events of a transaction that is rolled back are never sent, nor are those that nobody asked for', async () => {
  await using webhooks = openWebhooks()
  await webhooks.add(owner, { url, kinds: ['stream.closed'] })
  const client = await postgres.pool.connect()
  await client.query('begin')
  await appendEvents(client, [{ ownerId: owner, kind: 'stream.closed', object: 'a', data: { n: 1 } }], clock.nowMs())
  await webhooks.deliverDue()
  await client.query('rollback')
  await appendEvents(client, [{ ownerId: owner, kind: 'incoming_payment.received', object: 'a', data: { n: 2 } }, { ownerId: newId('pers', 1), kind: 'stream.closed', object: 'a', data: { n: 3 } }], clock.nowMs())
  client.release()
  await webhooks.deliverDue()
  expect(numbers()).toEqual([])
})

test('an event with a key is told once, however often it is written', async () => {
  await using webhooks = openWebhooks()
  await webhooks.add(owner, { url, kinds: ['payout.sent'] })
  const event = { ownerId: owner, kind: 'payout.sent', object: 'pout_1', data: { n: 1 } } as const
  const write = (key: string): Promise<void> => writeEvents(postgres, [{ ...event, key }], clock.nowMs())
  await Promise.all([write('payout/1/sent'), write('payout/1/sent')])
  await write('payout/1/sent')
  await webhooks.deliverDue()
  expect(numbers()).toEqual([1])
  await write('payout/2/sent')
  await webhooks.deliverDue()
  expect(numbers()).toEqual([1, 1])
})

describe('a server that does not take it', () => {
  test.each<[string, Answer, number | null, string | null]>([
    ['fails', status(500), 500, null],
    ['answers with a redirect, which is not followed', status(307, { location: '/elsewhere' }), 307, null],
    ['dies in the middle', (response) => void response.destroy(), null, 'unreachable'],
    ['never answers', () => undefined, null, 'timed-out'],
    ['answers without end', (response) => void response.writeHead(200).end('x'.repeat(70_000)), null, 'body-too-large'],
  ])('and %s is asked again with growing pauses until it does', async (_, refuse, answerCode, error) => {
    // Short only where it is what ends the request: a busy machine may be slower than that.
    await using webhooks = openWebhooks({ durationMsMax: error === 'timed-out' ? 200 : 10_000 })
    const { endpoint } = await webhooks.add(owner, { url })
    answer = refuse
    await append('a', 1)
    const pauses: number[] = []
    for (let attempt = 1; attempt <= 4; attempt += 1) {
      await webhooks.deliverDue()
      const [delivery] = await deliveriesOf(webhooks, endpoint)
      expect(delivery).toMatchObject({ status: 'pending', attempts: attempt, answerCode, error })
      const pauseMs = (delivery?.dueAtMs ?? 0) - clock.nowMs()
      pauses.push(pauseMs)
      clock.jump(pauseMs - 1)
      await webhooks.deliverDue()
      expect(arrived).toHaveLength(attempt)
      clock.jump(1)
    }
    expect(pauses).toEqual([5_000, 10_000, 20_000, 40_000])
    answer = ok
    await using patient = openWebhooks()
    await patient.deliverDue()
    expect(await deliveriesOf(webhooks, endpoint)).toMatchObject([{ status: 'delivered', attempts: 5, answerCode: 204, error: null }])
    expect(new Set(arrived.map(({ body }) => body)).size).toBe(1)
  })

  test('for three days is given up on, what comes after it goes on, and it can be sent again', async () => {
    await using webhooks = openWebhooks()
    const { endpoint } = await webhooks.add(owner, { url })
    answer = (response, { n }) => (n === 1 ? status(503) : ok)(response, { headers: {}, body: '', n })
    await append('a', 1)
    await append('a', 2)
    let [first] = await deliveriesOf(webhooks, endpoint, { status: 'pending' }).then((all) => all.toReversed())
    const startMs = clock.nowMs()
    while (first?.status === 'pending') {
      clock.jump(Math.max(0, (first.dueAtMs ?? 0) - clock.nowMs()))
      expect(numbers().every((n) => n === 1)).toBe(true)
      await webhooks.deliverDue()
      first = (await deliveriesOf(webhooks, endpoint)).at(-1)
    }
    expect(clock.nowMs() - startMs).toBeGreaterThan(2.5 * dayMs)
    expect(clock.nowMs() - startMs).toBeLessThanOrEqual(3 * dayMs)
    expect(await deliveriesOf(webhooks, endpoint)).toMatchObject([{ status: 'delivered' }, { status: 'dead', answerCode: 503 }])
    // Operators find it with its reason until it was sent once more, which they may ask for too.
    const queues = new QueueStore(postgres)
    const lost = { id: first?.id, queue: 'webhooks', what: 'stream.closed', ownerId: owner, url: url.split('?')[0], attempts: first?.attempts, createdMs: startMs, triedMs: first?.triedAtMs, answerCode: 503, error: null }
    expect([await queues.givenUp(clock.nowMs(), 9), await queues.webhooks(clock.nowMs())]).toMatchObject([[lost], { waiting: 0, dead: 1 }])
    expect(await queues.givenUp(clock.nowMs() + 8 * dayMs, 9)).toEqual([])
    await expect(queues.sendAgain(first?.id ?? '', clock.nowMs(), () => Promise.reject(new Error('not written down')))).rejects.toThrow('not written down')
    await queues.sendAgain(first?.id ?? '', clock.nowMs(), () => Promise.resolve())
    await expect(queues.sendAgain(first?.id ?? '', clock.nowMs(), () => Promise.resolve())).rejects.toMatchObject({ code: 'delivery-pending' })
    await expect(queues.sendAgain('dlvr_none', clock.nowMs(), () => Promise.resolve())).rejects.toMatchObject({ code: 'delivery-unknown' })
    expect([await queues.givenUp(clock.nowMs(), 9), await queues.webhooks(clock.nowMs())]).toMatchObject([[], { waiting: 1, dead: 0 }])
    answer = ok
    await webhooks.deliverDue()
    expect(await deliveriesOf(webhooks, endpoint)).toMatchObject([{ status: 'delivered', eventId: first?.eventId }, { status: 'delivered' }, { status: 'dead' }])
    const again = await webhooks.redeliver(owner, endpoint.id, first?.id ?? '')
    expect(again).toMatchObject({ eventId: first?.eventId, status: 'pending', attempts: 0 })
    await expect(webhooks.redeliver(owner, endpoint.id, first?.id ?? '')).rejects.toMatchObject({ code: 'delivery-pending' })
    await webhooks.deliverDue()
    expect(numbers().at(-1)).toBe(1)
    expect(await deliveriesOf(webhooks, endpoint, { limit: '1' })).toMatchObject([{ id: again.id, status: 'delivered' }])
    expect(await deliveriesOf(webhooks, endpoint, { before: again.id })).toHaveLength(3)
  })

  test('at a private address is not reached, and http is no webhook, outside the sandbox', async () => {
    await using sandbox = openWebhooks()
    await using webhooks = openWebhooks({ allowLocal: false })
    await expect(webhooks.add(owner, { url })).rejects.toMatchObject({ code: 'webhook-invalid' })
    const { endpoint } = await sandbox.add(owner, { url: url.replace('http:', 'https:') })
    await append('a', 1)
    await webhooks.deliverDue()
    expect(await deliveriesOf(webhooks, endpoint)).toMatchObject([{ status: 'pending', answerCode: null, error: 'address-forbidden' }])
    expect(arrived).toEqual([])
  })
})

test('whatever fails, each object is told in order to its end, by processes that share the work', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.record({ object: fc.constantFrom('a', 'b', 'c'), failures: fc.integer({ min: 0, max: 3 }) }), { minLength: 1, maxLength: 12 }), async (events) => {
      await postgres.pool.query('delete from notify.endpoints')
      arrived = []
      const left = events.map(({ failures }) => failures)
      const taken: Record<string, number[]> = { a: [], b: [], c: [] }
      answer = (response, one) => {
        const more = left[one.n] ?? 0
        left[one.n] = more - 1
        if (more > 0) return void response.writeHead(500).end()
        taken[(JSON.parse(one.body) as { data: { object: string } }).data.object]?.push(one.n)
        response.writeHead(200).end()
      }
      const processes = [openWebhooks(), openWebhooks()] as const
      await processes[0].add(owner, { url })
      for (const [n, { object }] of events.entries()) await append(object, n)
      for (let round = 0; round <= 36 && left.some((failures) => failures >= 0); round += 1) {
        await Promise.all(processes.map((one) => one.deliverDue()))
        clock.jump(40_000)
      }
      for (const object of ['a', 'b', 'c']) expect(taken[object]).toEqual(events.flatMap((event, n) => (event.object === object ? [n] : [])))
    }),
    { numRuns: 15 },
  )
})

test('a process that ends in the middle of a request leaves it to the others, after its lease', async () => {
  let hold: (() => void) | undefined
  const held = new Promise<void>((resolve) => (hold = resolve))
  const dying = openWebhooks({ at: new TestClock() })
  await dying.add(owner, { url })
  answer = () => hold?.()
  await append('a', 1)
  const never = dying.deliverDue()
  await held
  answer = ok
  await using webhooks = openWebhooks()
  await webhooks.deliverDue()
  expect(numbers()).toEqual([1])
  clock.jump(60_000)
  await webhooks.deliverDue()
  expect(numbers()).toEqual([1, 1])
  server.closeAllConnections()
  await never
})

test('a paused webhook keeps what comes until it goes on, a removed one is told nothing more', async () => {
  await using webhooks = openWebhooks()
  const { endpoint } = await webhooks.add(owner, { url, paused: true })
  await append('a', 1)
  await webhooks.deliverDue()
  expect(numbers()).toEqual([])
  expect(await webhooks.change(owner, endpoint.id, { paused: false })).toMatchObject({ paused: false })
  await webhooks.deliverDue()
  expect(numbers()).toEqual([1])
  await append('a', 2)
  await webhooks.remove(owner, endpoint.id)
  await webhooks.deliverDue()
  expect(numbers()).toEqual([1])
})

test('secrets stand sealed in the database, and neither they nor the URL are logged', async () => {
  await using webhooks = openWebhooks()
  const { secret } = await webhooks.add(owner, { url })
  const { rows } = await postgres.pool.query<{ row: string }>('select h::text as row, encode(secret_sealed, \'escape\') as sealed from notify.endpoints h')
  expect(JSON.stringify(rows)).not.toContain(secret)
  answer = status(500)
  await append('a', 1)
  await webhooks.deliverDue()
  expect(JSON.stringify([said, await webhooks.list(owner)])).not.toContain(secret)
  expect(JSON.stringify(said)).not.toContain('in-the-url')
})

describe('the API', () => {
  let api: Server
  let at: string
  let webhooks: Webhooks

  beforeEach(async () => {
    webhooks = openWebhooks()
    const app = express()
    app.use(webhookRoutes({ webhooks, requireSession: (_request, _response, next) => next(), requireSameOrigin: (_request, _response, next) => next(), ownerOf: () => owner }))
    api = createServer(app)
    await new Promise<void>((resolve) => api.listen(0, '127.0.0.1', resolve))
    at = `http://127.0.0.1:${(api.address() as AddressInfo).port}/api/webhooks`
  })
  afterEach(() => {
    api.closeAllConnections()
    api.close()
  })

  const ask = async (method: string, path: string, body?: unknown): Promise<{ status: number; body: unknown }> => {
    const response = await fetch(at + path, { method, ...(body !== undefined && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }) })
    const text = await response.text()
    return { status: response.status, body: text === '' ? undefined : JSON.parse(text) }
  }

  test('shows a secret once, lists, changes, redelivers and removes', async () => {
    const made = (await ask('POST', '', { url })) as { status: number; body: { webhook: Endpoint; secret: string } }
    expect(made).toMatchObject({ status: 201, body: { webhook: { url, paused: false, kinds: [...eventKinds] } } })
    const { id } = made.body.webhook
    expect(await ask('GET', '')).toEqual({ status: 200, body: { webhooks: [made.body.webhook] } })
    expect(await ask('PATCH', `/${id}`, { kinds: ['stream.closed'] })).toMatchObject({ status: 200, body: { webhook: { id, url, kinds: ['stream.closed'] } } })
    await append('a', 1)
    await webhooks.deliverDue()
    const { deliveries } = (await ask('GET', `/${id}/deliveries?status=delivered`)).body as { deliveries: Delivery[] }
    expect(deliveries).toMatchObject([{ status: 'delivered', attempts: 1, answerCode: 204 }])
    expect(await ask('POST', `/${id}/deliveries/${deliveries[0]?.id}/redeliver`)).toMatchObject({ status: 202, body: { delivery: { status: 'pending' } } })
    expect(await ask('DELETE', `/${id}`)).toEqual({ status: 204, body: undefined })
    expect(await ask('GET', '')).toEqual({ status: 200, body: { webhooks: [] } })
  })

  test('refuses what is malformed, too many, or somebody else’s', async () => {
    for (const body of [{}, { url: 'ftp://host/' }, { url: 'nothing' }, { url: 'https://user:word@host/' }, { url: 'https://host/#part' }, { url: `https://host/${'x'.repeat(2_000)}` }, { url, kinds: [] }, { url, kinds: ['other'] }, { url, paused: 'yes' }, { url, more: 1 }, []]) {
      expect(await ask('POST', '', body)).toMatchObject({ status: 400, body: { error: { code: 'webhook-invalid' } } })
    }
    const mine = owner
    const { endpoint } = await webhooks.add(mine, { url })
    await append('a', 1)
    const [delivery] = await deliveriesOf(webhooks, endpoint)
    owner = newId('pers', 2)
    expect(await ask('GET', '')).toEqual({ status: 200, body: { webhooks: [] } })
    for (const [method, path] of [['PATCH', ''], ['DELETE', ''], ['GET', '/deliveries']] as const) expect(await ask(method, `/${endpoint.id}${path}`, method === 'PATCH' ? {} : undefined)).toMatchObject({ status: 404, body: { error: { code: 'webhook-unknown' } } })
    expect(await ask('POST', `/${endpoint.id}/deliveries/${delivery?.id}/redeliver`)).toMatchObject({ status: 404, body: { error: { code: 'delivery-unknown' } } })
    owner = mine
    expect(await ask('GET', `/${endpoint.id}/deliveries?limit=0`)).toMatchObject({ status: 400 })
    for (let more = 1; more < 10; more += 1) expect(await ask('POST', '', { url })).toMatchObject({ status: 201 })
    expect(await ask('POST', '', { url })).toMatchObject({ status: 409, body: { error: { code: 'webhooks-too-many' } } })
  })
})

test('operators see which servers fail, since when and with what answer, without the secret in their URL; they may try now, and pause, each written down in the same transaction', async () => {
  await using webhooks = openWebhooks()
  const queues = new QueueStore(postgres)
  const written: string[] = []
  const also = (what: string) => async (): Promise<void> => void written.push(what)
  const { endpoint } = await webhooks.add(owner, { url })
  const sinceMs = clock.nowMs()
  answer = status(500)
  await append('a', 1)
  await append('a', 2)
  expect(await queues.failing(clock.nowMs(), 9)).toEqual([])
  expect(await queues.webhooks(clock.nowMs())).toEqual({ waiting: 2, failing: 0, oldestMs: sinceMs, dead: 0, lastError: null })
  await webhooks.deliverDue()
  expect(await queues.failing(clock.nowMs(), 9)).toEqual([{ id: endpoint.id, ownerId: owner, url: url.split('?')[0], paused: false, waiting: 2, dead: 0, sinceMs, attempts: 1, triedMs: sinceMs, nextMs: sinceMs, answerCode: 500, error: null }])
  expect(await queues.webhooks(clock.nowMs())).toEqual({ waiting: 2, failing: 1, oldestMs: sinceMs, dead: 0, lastError: '500' })

  // An attempt may still be under way: it is left alone until its lease is over.
  await queues.retryNow(endpoint.id, clock.nowMs(), also('retry'))
  await webhooks.deliverDue()
  expect(numbers()).toEqual([1])
  await clock.advance(2 * 60_000)
  await webhooks.deliverDue()
  const waitedUntilMs = (await queues.failing(clock.nowMs(), 9))[0]?.nextMs ?? 0
  answer = ok
  await queues.setPaused(endpoint.id, true, also('pause'))
  await clock.advance(61_000)
  await queues.retryNow(endpoint.id, clock.nowMs(), also('retry'))
  await webhooks.deliverDue()
  expect(await queues.failing(clock.nowMs(), 9)).toMatchObject([{ paused: true, waiting: 2 }])
  await queues.setPaused(endpoint.id, false, also('resume'))
  await webhooks.deliverDue()
  expect(clock.nowMs()).not.toBe(waitedUntilMs)
  expect(numbers().slice(-2)).toEqual([1, 2])
  expect(await queues.failing(clock.nowMs(), 9)).toEqual([])
  expect(await queues.webhooks(clock.nowMs())).toEqual({ waiting: 0, failing: 0, oldestMs: null, dead: 0, lastError: null })
  expect(written).toEqual(['retry', 'pause', 'retry', 'resume'])

  await expect(queues.setPaused('hook_none', true, also('never'))).rejects.toMatchObject({ code: 'webhook-unknown' })
  await expect(queues.setPaused(endpoint.id, true, () => Promise.reject(new Error('not written down')))).rejects.toThrow('not written down')
  expect((await webhooks.list(owner))[0]?.paused).toBe(false)
  expect(await queues.mails(clock.nowMs())).toEqual({ waiting: 0, failing: 0, oldestMs: null, dead: 0, lastError: null })
})
