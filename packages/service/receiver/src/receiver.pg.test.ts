import { randomBytes } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Accounts, accountsMigrations, type Person } from '@rivulet/accounts'
import { isFulfill, PacketType, type Prepare, type Reply } from '@rivulet/ilp'
import { type Account, Ledger, ledgerMigrations } from '@rivulet/ledger'
import type { Postgres } from '@rivulet/postgres'
import { testPostgres } from '@rivulet/postgres/testing'
import { conditionOf, decodeReceipt, FrameType, StreamKeys, verifyReceipt } from '@rivulet/stream'
import { StreamReceiver } from '@rivulet/stream-receiver'
import { systemClock } from '@rivulet/time'
import express from 'express'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createReceiver, type PacketPeer, type Receiver } from './index.ts'

const ilpAddress = 'test.rivulet.receiver'
const asset = { code: 'EUR', scale: 9 }
const spspType = 'application/spsp4+json'
const errors: object[] = []

let postgres: Postgres
let ledger: Ledger
let accounts: Accounts
let receiver: Receiver
let server: Server
let origin: string
let publisher: Person
let link: Account
let peer: PacketPeer

beforeAll(async () => {
  postgres = await testPostgres([ledgerMigrations, accountsMigrations])
  ledger = await Ledger.open({ postgres, clock: systemClock })
  const app = express()
  server = createServer(app)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  origin = `http://localhost:${(server.address() as AddressInfo).port}`
  const entrances = { subscriber: { publicUrl: 'http://localhost:4000' }, publisher: { publicUrl: origin }, operator: { publicUrl: 'http://localhost:4002' } }
  accounts = await Accounts.open({ postgres, ledger, clock: systemClock, secret: randomBytes(32), entrances, sandbox: true })
  publisher = await accounts.ensurePerson({ role: 'publisher', email: 'gazette@example.com', password: 'correct horse', name: 'The Gazette', path: 'gazette' })
  await accounts.ensurePerson({ role: 'subscriber', email: 'alice@example.com', password: 'correct horse', name: 'Alice', path: 'alice' })
  link = await ledger.openAccount({ name: 'link[wallet]@receiver', kind: 'link', asset, debitsMayExceedCredits: true })
  peer = { id: 'wallet', asset, linkAccountId: link.id }
  const log = { error: (fields: object) => void errors.push(fields) }
  const streams = new StreamReceiver({ address: ilpAddress, keys: { current: '1', all: { 1: randomBytes(32) } }, clock: systemClock, receiving: ledger.receiving })
  receiver = createReceiver({ ledger, accounts, ilpAddress, streams, hostPath: 'gazette', log })
  app.use(receiver.routes)
})

afterAll(async () => {
  await new Promise((resolve) => server.close(resolve))
  await accounts[Symbol.asyncDispose]()
  await ledger[Symbol.asyncDispose]()
  await postgres[Symbol.asyncDispose]()
})

const query = (path: string, headers: Record<string, string> = {}): Promise<Response> => fetch(new URL(path, origin), { headers: { accept: spspType, ...headers } })

interface Spsp {
  readonly destination_account: string
  readonly shared_secret: string
}

function prepareFor(spsp: Spsp, amount: bigint, sequence = 1): Prepare {
  const keys = new StreamKeys(Buffer.from(spsp.shared_secret, 'base64'))
  const data = keys.sealMoney(PacketType.prepare, sequence, amount)
  return { amount, expiresAtMs: systemClock.nowMs() + 20_000, condition: conditionOf(keys.fulfillmentOf(data)), destination: spsp.destination_account, data }
}

const credentials = async (path = '/gazette', headers: Record<string, string> = {}): Promise<Spsp> => (await (await query(path, headers)).json()) as Spsp
const outcome = (reply: Reply): string => (isFulfill(reply) ? 'fulfilled' : reply.code)
const received = async (): Promise<bigint> => {
  const { posted, accrued } = await ledger.balance(publisher.walletAddress?.ledgerAccountId ?? link.id)
  return posted + accrued
}

describe('SPSP', () => {
  test.each([['/gazette', spspType], ['/gazette/', `application/json, ${spspType}`], ['/.well-known/pay', `${spspType.toUpperCase()};q=0.9`]])('%s with Accept %s gives fresh credentials', async (path, accept) => {
    const response = await query(path, { accept })
    expect([response.status, response.headers.get('content-type'), response.headers.get('cache-control'), response.headers.get('access-control-allow-origin')]).toEqual([200, spspType, 'no-cache', '*'])
    const body = (await response.json()) as Spsp
    expect(body).toEqual({ destination_account: expect.stringMatching(/^test\.rivulet\.receiver\.1~/) as unknown, shared_secret: expect.stringMatching(/^[A-Za-z0-9_-]{43}$/) as unknown, receipts_enabled: true, asset })
    expect(body.destination_account).not.toBe((await credentials(path)).destination_account)
  })

  test.each(['/nobody', '/alice', '/GAZETTE', '/%00'])('there is no publisher at %s', async (path) => {
    const response = await query(path)
    expect([response.status, response.headers.get('access-control-allow-origin'), await response.json()]).toEqual([404, '*', { error: { code: 'wallet-address-unknown', message: expect.any(String) as unknown } }])
  })

  test('what does not ask for SPSP is left to other routes', async () => {
    expect((await query('/gazette', { accept: 'text/html' })).status).toBe(404)
    expect((await query('/gazette', { accept: 'application/json' })).headers.get('access-control-allow-origin')).toBeNull()
  })

  test('a page of any origin may ask, with the headers of Web Monetization and of receipts', async () => {
    const response = await fetch(new URL('/gazette', origin), { method: 'OPTIONS', headers: { origin: 'https://page.example', 'access-control-request-method': 'GET', 'access-control-request-headers': 'web-monetization-id' } })
    expect([response.status, response.headers.get('access-control-allow-origin')]).toEqual([204, '*'])
    expect(response.headers.get('access-control-allow-headers')).toContain('web-monetization-id')
  })

  const nonce = randomBytes(16).toString('base64')
  const secret = randomBytes(32).toString('base64')
  test.each([
    ['only a nonce', { 'receipt-nonce': nonce }],
    ['only a secret', { 'receipt-secret': secret }],
    ['a nonce that is too long', { 'receipt-nonce': secret, 'receipt-secret': secret }],
    ['a secret that is no base64', { 'receipt-nonce': nonce, 'receipt-secret': '{}' }],
  ])('%s is refused', async (_what, headers) => {
    const response = await query('/gazette', headers as Record<string, string>)
    expect([response.status, await response.json()]).toEqual([400, { error: { code: 'receipt-invalid', message: expect.any(String) as unknown } }])
  })

  test('who gives a nonce and a secret gets receipts that the secret verifies', async () => {
    const spsp = await credentials('/gazette', { 'receipt-nonce': nonce, 'receipt-secret': secret })
    const reply = await receiver.packetHandler(prepareFor(spsp, 250n), peer)
    const packet = new StreamKeys(Buffer.from(spsp.shared_secret, 'base64')).open(reply.data)
    const receipt = packet.frames.flatMap((frame) => (frame.type === FrameType.streamReceipt ? [frame.receipt] : []))[0] ?? Buffer.alloc(0)
    expect(decodeReceipt(receipt)).toEqual({ nonce: Buffer.from(nonce, 'base64'), streamId: 1, totalReceived: 250n })
    expect(verifyReceipt(receipt, Buffer.from(secret, 'base64'))).toBe(true)
  })
})

test('a packet credits the publisher and debits the link of its peer, once, and only if the peer has one in the same asset', async () => {
  const before = await received()
  const prepare = prepareFor(await credentials(), 1_000n)
  expect(outcome(await receiver.packetHandler(prepare, { id: 'stranger', asset }))).toBe('F02')
  expect(outcome(await receiver.packetHandler(prepare, { ...peer, asset: { code: 'USD', scale: 9 } }))).toBe('F07')
  expect(await received()).toBe(before)
  expect(outcome(await receiver.packetHandler(prepare, peer))).toBe('fulfilled')
  expect(outcome(await receiver.packetHandler(prepare, peer))).toBe('F99')
  expect(await received()).toBe(before + 1_000n)
  const balance = await ledger.balance(link.id)
  expect(balance.posted + balance.accrued).toBe(-before - 1_000n)
})

test('a ledger that throws costs the sender a T00, no credit, and is told to the operator', async () => {
  const prepare = prepareFor(await credentials(), 5n)
  const told = errors.length
  expect(outcome(await receiver.packetHandler(prepare, { ...peer, linkAccountId: 'acct_00000000000000000000000000' }))).toBe('T00')
  expect(errors.length).toBe(told + 1)
})

test('a publisher signs in and sees the pointer and the balance with what has accrued', async () => {
  await receiver.packetHandler(prepareFor(await credentials(), 77n), peer)
  expect((await fetch(new URL('/api/me', origin))).status).toBe(401)
  const signedIn = await fetch(new URL('/api/auth/sign-in/email', origin), {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin },
    body: JSON.stringify({ email: 'gazette@example.com', password: 'correct horse' }),
  })
  const cookie = signedIn.headers.getSetCookie().map((line) => line.split(';')[0]).join('; ')
  const me = (await (await fetch(new URL('/api/me', origin), { headers: { cookie } })).json()) as { balance: Record<'posted' | 'accrued', string> }
  expect(me).toMatchObject({ person: { name: 'The Gazette', email: 'gazette@example.com' }, paymentPointer: `${origin}/gazette`, balance: { pending: '0', assetCode: 'EUR', assetScale: 9 } })
  expect(BigInt(me.balance.posted) + BigInt(me.balance.accrued)).toBe(await received())
})

test('the books are right', async () => {
  expect(await ledger.verify()).toMatchObject({ ok: true, problems: [] })
})
