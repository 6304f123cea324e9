import { generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Accounts, accountsMigrations } from '@rivulet/accounts'
import { type Access, Gnap, gnapMigrations } from '@rivulet/gnap'
import { signRequest } from '@rivulet/http-signature'
import { Ledger, ledgerMigrations } from '@rivulet/ledger'
import type { Postgres } from '@rivulet/postgres'
import { testPostgres } from '@rivulet/postgres/testing'
import { IncomingPayments, receiverMigrations } from '@rivulet/receiver'
import { StreamReceiver } from '@rivulet/stream-receiver'
import { systemClock } from '@rivulet/time'
import express from 'express'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { requireDescribed } from '../described-answer.ts'
import { incomingPaymentApi, incomingPaymentRoutes } from '../index.ts'
import { bent, wrongs } from '../wrong-values.ts'

const pay = 'https://pay.example'
const gazette = `${pay}/gazette`
const clock = systemClock

let postgres: Postgres
let ledger: Ledger
let accounts: Accounts
let gnap: Gnap
let payments: IncomingPayments
let server: Server
/** Where the door listens, behind its proxy. */
let at: string

beforeAll(async () => {
  postgres = await testPostgres([ledgerMigrations, accountsMigrations, gnapMigrations, receiverMigrations])
  ledger = await Ledger.open({ postgres, clock })
  const entrances = { subscriber: { publicUrl: 'https://wallet.example' }, publisher: { publicUrl: pay }, operator: { publicUrl: 'https://operator.example' } }
  accounts = await Accounts.open({ postgres, ledger, clock, secret: randomBytes(32), entrances, sandbox: true })
  const { id } = await accounts.createPerson({ role: 'publisher', email: 'gazette@example.com', password: 'correct horse', name: 'The Gazette', path: 'gazette' })
  await accounts.addWalletAddress(id, { path: 'gazette-2', publicName: 'Two', asset: { code: 'EUR', scale: 9 } })
  await accounts.createPerson({ role: 'subscriber', email: 'alice@example.com', password: 'correct horse', name: 'Alice', path: 'alice' })
  gnap = new Gnap({ postgres, clock, server: 'receiver' })
  const streams = new StreamReceiver({ address: 'test.receiver', keys: { current: '1', all: { 1: randomBytes(32) } }, clock, receiving: ledger.receiving })
  payments = new IncomingPayments({ postgres, clock, accounts, streams, receiving: ledger.receiving })
  const app = express()
  const clientKeys = { find: () => Promise.resolve(undefined) }
  app.use(incomingPaymentRoutes({ publicUrl: pay, gnap, clientKeys, clock, accounts, payments, role: 'publisher', log: { error: (fields) => console.error(fields) } }))
  server = createServer(app)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  at = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})

afterAll(async () => {
  server.close()
  await gnap[Symbol.asyncDispose]()
  await accounts[Symbol.asyncDispose]()
  await ledger[Symbol.asyncDispose]()
  await postgres[Symbol.asyncDispose]()
})

interface Answer {
  readonly status: number
  readonly body: {
    readonly id: string
    readonly methods?: unknown[]
    readonly error?: { readonly code: string; readonly description: string }
    readonly pagination?: { readonly startCursor?: string; readonly endCursor?: string; readonly hasNextPage: boolean; readonly hasPreviousPage: boolean }
    readonly result?: { readonly id: string }[]
  }
}

class Client {
  readonly #token: string
  readonly #privateKey: KeyObject

  constructor(token: string, privateKey: KeyObject) {
    this.#token = token
    this.#privateKey = privateKey
  }

  static async granted(actions: Extract<Access, { type: 'incoming-payment' }>['actions'], options: { readonly identifier?: string; readonly id?: string } = {}): Promise<Client> {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519')
    const x = String(publicKey.export({ format: 'jwk' }).x)
    const access: Access = { type: 'incoming-payment', actions, ...(options.identifier !== undefined && { identifier: options.identifier }) }
    const { token } = await gnap.issue({ client: { id: options.id ?? x, name: undefined, keyId: 'k', keyX: x }, access: [access] })
    return new Client(token.value, privateKey)
  }

  ask(method: string, path: string, body?: unknown): Promise<Answer> {
    return this.send(method, path, body === undefined ? undefined : Buffer.from(JSON.stringify(body)))
  }

  async send(method: string, path: string, sent?: Buffer): Promise<Answer> {
    const headers: Record<string, string> = { authorization: `GNAP ${this.#token}`, 'content-type': 'application/json' }
    const signature = signRequest({ method, url: `${pay}${path}`, headers, ...(sent !== undefined && { body: sent }) }, { keyId: 'k', privateKey: this.#privateKey }, clock.nowMs())
    const response = await fetch(`${at}${path}`, { method, headers: { ...headers, ...signature }, ...(sent !== undefined && { body: sent }) })
    const answer = { status: response.status, body: (await response.json()) as Answer['body'] }
    requireDescribed(incomingPaymentApi, { method, path, ...answer })
    return answer
  }

  create(more: object = {}): Promise<Answer> {
    return this.ask('POST', '/incoming-payments', { walletAddress: gazette, ...more })
  }
}

const pathOf = (url: string): string => new URL(url).pathname
const unsigned = async (path: string, headers: Record<string, string> = {}): Promise<Answer> => {
  const response = await fetch(`${at}${path}`, { headers })
  const answer = { status: response.status, body: (await response.json()) as Answer['body'] }
  requireDescribed(incomingPaymentApi, { method: 'GET', path, ...answer })
  return answer
}

describe('an incoming payment', () => {
  test('is created with what was asked, read by who asked, and shows to others only how much came', async () => {
    const client = await Client.granted(['create', 'read'], { identifier: gazette })
    const expiresAt = new Date(clock.nowMs() + 600_000).toISOString()
    const created = await client.create({ incomingAmount: { value: '2500', assetCode: 'EUR', assetScale: 9 }, expiresAt, metadata: { source: 'Web Monetization' } })
    expect(created).toEqual({
      status: 201,
      body: {
        id: expect.stringMatching(/^https:\/\/pay\.example\/incoming-payments\/inpm_[0-9a-z]{26}$/) as unknown, walletAddress: gazette, incomingAmount: { value: '2500', assetCode: 'EUR', assetScale: 9 },
        receivedAmount: { value: '0', assetCode: 'EUR', assetScale: 9 }, completed: false, metadata: { source: 'Web Monetization' }, expiresAt, createdAt: expect.any(String) as unknown,
        methods: [{ type: 'ilp', ilpAddress: expect.stringMatching(/^test\.receiver\.1~/) as unknown, sharedSecret: expect.stringMatching(/^[A-Za-z0-9_-]{43}$/) as unknown }],
      },
    })
    expect(await client.ask('GET', pathOf(created.body.id))).toEqual({ ...created, status: 200 })
    expect(await unsigned(pathOf(created.body.id))).toEqual({ status: 200, body: { authServer: `${pay}/auth`, walletAddress: gazette, receivedAmount: { value: '0', assetCode: 'EUR', assetScale: 9 } } })
    const reader = await Client.granted(['read-all'])
    expect((await reader.ask('GET', pathOf(created.body.id))).status).toBe(200)
  })

  test('that is completed has no methods any more, and is completed once', async () => {
    const client = await Client.granted(['create', 'read', 'complete'])
    const { body } = await client.create()
    expect(await client.ask('POST', `${pathOf(body.id)}/complete`)).toMatchObject({ status: 200, body: { id: body.id, completed: true } })
    expect(await client.ask('GET', pathOf(body.id))).toMatchObject({ status: 200, body: { completed: true, methods: [] } })
    expect(await client.ask('POST', `${pathOf(body.id)}/complete`)).toMatchObject({ status: 409, body: { error: { code: '409', description: 'wrong state' } } })
  })

  test('may be asked for by pages of any origin', async () => {
    const response = await fetch(`${at}/incoming-payments`, { method: 'OPTIONS' })
    expect([response.status, response.headers.get('access-control-allow-origin'), response.headers.get('access-control-allow-methods')]).toEqual([204, '*', 'GET, POST, OPTIONS'])
  })
})

describe('a list', () => {
  test('is walked from the newest to the oldest and back, page by page, and holds only what its client asked for', async () => {
    const client = await Client.granted(['create', 'list'])
    const stranger = await Client.granted(['create', 'list'])
    const of = encodeURIComponent(`${pay}/gazette-2`)
    const made: string[] = []
    for (let index = 0; index < 5; index += 1) made.push((await client.create({ walletAddress: `${pay}/gazette-2` })).body.id)
    await stranger.create({ walletAddress: `${pay}/gazette-2` })
    const newestFirst = made.toSorted().reverse()
    const page = async (query: string): Promise<{ ids: string[]; pagination: NonNullable<Answer['body']['pagination']> }> => {
      const { body } = await client.ask('GET', `/incoming-payments?wallet-address=${of}${query}`)
      return { ids: (body.result ?? []).map(({ id }) => id), pagination: body.pagination ?? { hasNextPage: false, hasPreviousPage: false } }
    }
    const first = await page('&first=2')
    expect([first.ids, first.pagination.hasNextPage, first.pagination.hasPreviousPage]).toEqual([newestFirst.slice(0, 2), true, false])
    const second = await page(`&first=2&cursor=${first.pagination.endCursor ?? ''}`)
    expect([second.ids, second.pagination.hasNextPage, second.pagination.hasPreviousPage]).toEqual([newestFirst.slice(2, 4), true, true])
    const third = await page(`&first=2&cursor=${second.pagination.endCursor ?? ''}`)
    expect([third.ids, third.pagination.hasNextPage]).toEqual([newestFirst.slice(4), false])
    const beyond = await page(`&first=2&cursor=${third.pagination.endCursor ?? ''}`)
    expect(beyond).toEqual({ ids: [], pagination: { hasNextPage: false, hasPreviousPage: true } })
    const back = await page(`&last=2&cursor=${third.pagination.startCursor ?? ''}`)
    expect([back.ids, back.pagination.hasNextPage, back.pagination.hasPreviousPage]).toEqual([newestFirst.slice(2, 4), true, true])
    expect((await page('')).ids).toEqual(newestFirst)
    const all = await Client.granted(['list-all'])
    expect((await all.ask('GET', `/incoming-payments?wallet-address=${of}`)).body.result).toHaveLength(6)
  })
})

describe('what is refused', () => {
  const eur = (value: string, more: object = {}) => ({ incomingAmount: { value, assetCode: 'EUR', assetScale: 9, ...more } })
  test.each([
    ['another person’s server', { walletAddress: 'https://wallet.example/alice' }, /^404 unknown wallet address$/],
    ['nobody', { walletAddress: `${pay}/nobody` }, /^404 unknown wallet address$/],
    ['an amount of nothing', eur('0'), /^400 invalid amount$/],
    ['an amount beyond all counters', eur('18446744073709551615'), /^400 invalid amount$/],
    ['another currency', eur('1', { assetCode: 'USD' }), /^400 invalid amount$/],
    ['another scale', eur('1', { assetScale: 2 }), /^400 invalid amount$/],
    ['a negative amount', eur('-1'), /^400 incomingAmount\.value: must be a whole number of units in a string$/],
    ['an amount that is a number', { incomingAmount: { value: 1, assetCode: 'EUR', assetScale: 9 } }, /^400 incomingAmount\.value: /],
    ['an end in the past', { expiresAt: '2020-01-01T00:00:00Z' }, /^400 invalid expiresAt$/],
    ['an end in a hundred years', { expiresAt: '2126-01-01T00:00:00Z' }, /^400 invalid expiresAt$/],
    ['an end that is no date', { expiresAt: 'tomorrow' }, /^400 expiresAt: /],
    ['metadata that is no object', { metadata: 'x' }, /^400 metadata: /],
    ['metadata that is too large', { metadata: { text: 'x'.repeat(5_000) } }, /^400 metadata: /],
    ['an unknown field', { more: 1 }, /^400 .*more/],
    ['no wallet address', { walletAddress: undefined }, /^400 walletAddress: /],
  ])('of a creation: %s', async (_what, more, said) => {
    const client = await Client.granted(['create'])
    const { status, body } = await client.create(more)
    expect(body.error?.code).toBe(String(status))
    expect(`${status} ${body.error?.description ?? ''}`).toMatch(said)
  })

  const create = (client: Client) => client.create()
  const any = '/incoming-payments/inpm_00000000000000000000000000'
  test.each<[string, Access['actions'] | readonly string[], (client: Client) => Promise<Answer>, string]>([
    ['creating with a grant to read', ['read'], create, '403 Insufficient Grant'],
    ['creating where the grant does not reach', ['create'], (client) => client.create({ walletAddress: `${pay}/gazette-2` }), '403 Insufficient Grant'],
    ['reading with a grant to create', ['create'], (client) => client.ask('GET', any), '403 Insufficient Grant'],
    ['reading what is not there', ['read'], (client) => client.ask('GET', any), '401 Unauthorized'],
    ['reading what is no id', ['read'], (client) => client.ask('GET', '/incoming-payments/%00'), '401 Unauthorized'],
    ['completing what is not there', ['complete'], (client) => client.ask('POST', `${any}/complete`), '401 Unauthorized'],
    ['a list from both ends', ['list'], (client) => client.ask('GET', `/incoming-payments?wallet-address=${gazette}&first=1&last=1`), '400 first and last provided. Only one allowed'],
    ['a list backwards from nowhere', ['list'], (client) => client.ask('GET', `/incoming-payments?wallet-address=${gazette}&last=1`), '400 cursor needed for backwards pagination'],
    ['a list from what is no cursor', ['list'], (client) => client.ask('GET', `/incoming-payments?wallet-address=${gazette}&cursor=7`), '400 invalid cursor'],
    ['a list of nobody', ['list'], (client) => client.ask('GET', `/incoming-payments?wallet-address=${pay}/nobody`), '404 unknown wallet address'],
    ['a method that does not exist', ['read'], (client) => client.ask('PUT', any), '404 Not Found'],
  ])('%s', async (_what, actions, ask, said) => {
    const client = await Client.granted(actions as ['read'], { identifier: gazette })
    const { status, body } = await ask(client)
    expect(`${status} ${body.error?.description ?? ''}`).toBe(said)
  })

  test.each(['first=0', 'first=101', 'first=x', 'last=-1', 'wallet-address=x'])('a list with %s', async (query) => {
    const client = await Client.granted(['list'])
    const { status } = await client.ask('GET', `/incoming-payments?wallet-address=${gazette}&${query}`)
    expect(status).toBe(400)
  })

  test('what another client asked for, to read and to complete', async () => {
    const owner = await Client.granted(['create'])
    const { body } = await owner.create()
    const other = await Client.granted(['read', 'complete'])
    for (const [method, path] of [['GET', pathOf(body.id)], ['POST', `${pathOf(body.id)}/complete`]] as const) {
      expect(await other.ask(method, path)).toMatchObject({ status: 404, body: { error: { code: '404', description: 'Incoming payment does not exist' } } })
    }
  })

  test('a payment of another role’s server, and one that does not exist, to everybody', async () => {
    const alice = await accounts.walletAddressByPath('alice')
    if (alice === undefined) throw new Error('alice is here')
    const { payment } = await payments.create({ walletAddress: alice, client: 'x' })
    for (const path of [`/incoming-payments/${payment.id}`, any]) expect(await unsigned(path)).toMatchObject({ status: 401, body: { error: { code: '401', description: 'Unauthorized' } } })
  })

  test('a token that is none, and a request without signature', async () => {
    const client = await Client.granted(['create', 'read'])
    const { body } = await client.create()
    expect(await unsigned(pathOf(body.id), { authorization: 'GNAP nonsense' })).toMatchObject({ status: 401, body: { error: { code: '401', description: 'Invalid Token' } } })
    expect(await new Client('nonsense', generateKeyPairSync('ed25519').privateKey).create()).toMatchObject({ status: 401, body: { error: { description: 'Invalid Token' } } })
  })
})

describe('every field alone, wrong in every way,', () => {
  const paymentsMade = async (): Promise<number> => (await postgres.pool.query<{ count: number }>('select count(*)::int as count from receiver.incoming_payment')).rows[0]?.count ?? 0
  const refusals = async (ask: (json: string | undefined) => Promise<Answer>, isWrong: (json: string | undefined) => boolean = () => true): Promise<string[]> => {
    const taken: string[] = []
    for (const [what, json] of wrongs) {
      if (!isWrong(json)) continue
      const { status, body } = await ask(json)
      const description = body.error?.description ?? ''
      if (status < 400 || status >= 500 || body.error?.code !== String(status) || description === '' || description.length > 500) taken.push(`${what}: ${status} ${JSON.stringify(body)}`)
    }
    return taken
  }

  test.each(['walletAddress', 'incomingAmount', 'incomingAmount.value', 'incomingAmount.assetCode', 'incomingAmount.assetScale', 'expiresAt', 'metadata'])('of a creation is refused with a reason, and nothing is made: %s', async (field) => {
    const client = await Client.granted(['create'])
    const whole = { walletAddress: gazette, incomingAmount: { value: '25', assetCode: 'EUR', assetScale: 9 }, expiresAt: new Date(clock.nowMs() + 600_000).toISOString(), metadata: {} }
    const before = await paymentsMade()
    const mayBeLeftOut = ['incomingAmount', 'expiresAt', 'metadata'].includes(field)
    expect(await refusals((json) => client.send('POST', '/incoming-payments', Buffer.from(bent(whole, field.split('.'), json))), (json) => !(json === undefined && mayBeLeftOut) && !(field === 'metadata' && json?.startsWith('{') === true))).toEqual([])
    expect(await paymentsMade()).toBe(before)
    expect((await client.ask('POST', '/incoming-payments', whole)).status).toBe(201)
  })

  test.each(['wallet-address', 'cursor', 'first', 'last'])('of a list is refused with a reason: %s', async (field) => {
    const client = await Client.granted(['list'])
    const asked = (json: string | undefined): string => {
      const query = new URLSearchParams({ 'wallet-address': gazette })
      if (field === 'last') query.set('cursor', 'inpm_00000000000000000000000000')
      if (json === undefined) query.delete(field)
      else query.set(field, String(JSON.parse(json) ?? 'null'))
      return `/incoming-payments?${query.toString()}`
    }
    // A count of 7 is right, and all but the address may be left out.
    const isWrong = (json: string | undefined): boolean => (json === undefined ? field === 'wallet-address' : !(json === '7' && field !== 'cursor' && field !== 'wallet-address'))
    expect(await refusals((json) => client.ask('GET', asked(json)), isWrong)).toEqual([])
  })

  const encodings: readonly (readonly [string, Buffer])[] = [
    ['UTF-16', Buffer.from(JSON.stringify({ walletAddress: gazette }), 'utf16le')], ['a byte order mark', Buffer.from(`\ufeff${JSON.stringify({ walletAddress: gazette })}`)], ['no JSON', Buffer.from('{')],
    ['a list', Buffer.from('[]')], ['bytes that are no text', Buffer.from([0x22, 0xff, 0xfe, 0x22])], ['a form', Buffer.from(`walletAddress=${gazette}`)],
  ]
  test.each(encodings)('of a body in another encoding is refused: %s', async (_what, body) => {
    const client = await Client.granted(['create'])
    const before = await paymentsMade()
    expect(await client.send('POST', '/incoming-payments', body)).toMatchObject({ status: 400, body: { error: { code: '400' } } })
    expect(await paymentsMade()).toBe(before)
  })

  const ids = ['nonsense', 'inpm_', 'inpm_00000000000000000000000000', 'INPM_00000000000000000000000000', 'quot_00000000000000000000000000', '%00', '%F0%9F%98%80', 'x'.repeat(3_000), '..%2F..%2Fquotes', encodeURIComponent("'; drop table receiver.incoming_payment; --")]
  test.each(ids)('of an id that names nothing is refused to everybody in the same words: %s', async (id) => {
    const client = await Client.granted(['read', 'complete'])
    const unauthorized = { status: 401, body: { error: { code: '401', description: 'Unauthorized' } } }
    expect([await client.ask('GET', `/incoming-payments/${id}`), await client.ask('POST', `/incoming-payments/${id}/complete`), await unsigned(`/incoming-payments/${id}`)]).toEqual([unauthorized, unauthorized, unauthorized])
  })
})
