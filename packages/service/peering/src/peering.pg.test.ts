import { randomBytes } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Accounts, accountsMigrations } from '@rivulet/accounts'
import { AuditLog, auditMigrations } from '@rivulet/audit'
import { newId, Seal } from '@rivulet/ids'
import { ledgerMigrations } from '@rivulet/ledger'
import { creditTo, connectionOf, rowsOf, testBooks, type TestBooks } from '@rivulet/ledger/testing'
import { testPostgres } from '@rivulet/postgres/testing'
import { systemClock } from '@rivulet/time'
import { TestClock } from '@rivulet/time/testing'
import express from 'express'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { LeasedCredit } from './credit-line.ts'
import { peeringMigrations, peerRoutes, Peers } from './index.ts'
import { PeerStore } from './peer-store.ts'

const silent = { info: () => undefined, warn: () => undefined, error: () => undefined }
const password = 'correct horse'
const usd = { code: 'USD', scale: 9 }
const eur = { code: 'EUR', scale: 9 }
let books: TestBooks
let peers: Peers
let store: PeerStore

beforeAll(async () => {
  books = await testBooks({ postgres: await testPostgres([ledgerMigrations, accountsMigrations, peeringMigrations, auditMigrations]) })
  const { postgres, ledger } = books
  peers = new Peers({ postgres, ledger, clock: systemClock, seal: new Seal(randomBytes(32)), ilpAddress: 'g.home', allowLocal: false, audit: new AuditLog(postgres) })
  store = new PeerStore(postgres)
})

afterAll(() => books[Symbol.asyncDispose]())

describe('peers', () => {
  test('a peer is kept with its routes; what it says is hashed, what we say is sealed, and its token is told once', async () => {
    const { peer, incomingToken } = await peers.add({ name: 'acme', link: { kind: 'http', url: 'https://acme.example/ilp', token: 'what-we-say-to-acme' }, address: 'g.acme', prefixes: ['g.beyond.acme'], asset: usd })
    expect(incomingToken).toMatch(/^[\w-]{43}$/)
    expect(peer).toMatchObject({ name: 'acme', state: 'active', prefixes: ['g.acme', 'g.beyond.acme'], link: { kind: 'http', url: 'https://acme.example/ilp' }, limits: { owedMax: '10000000000' }, settlementDue: '0' })
    const { rows } = await books.postgres.pool.query<{ everything: string }>('select p::text as everything from peering.peers p')
    expect(rows.map((row) => row.everything).join()).not.toMatch(new RegExp(`${Buffer.from('what-we-say-to-acme').toString('hex')}|${Buffer.from(incomingToken ?? '').toString('hex')}|${incomingToken}`))
    expect(JSON.stringify(await peers.list())).not.toContain('what-we-say')
  })

  test.each<[string, object, string]>([
    ['a known name', { name: 'acme' }, 'peer-known'],
    ['a taken prefix', { prefixes: ['g.beyond.acme'] }, 'prefix-taken'],
    ['our own address', { address: 'g.home.receiver.x' }, 'prefix-taken'],
    ['a prefix that holds us', { prefixes: ['g.home'] }, 'prefix-taken'],
    ['a role’s name', { name: 'receiver' }, 'peer-invalid'],
    ['a name with capitals', { name: 'Acme' }, 'peer-invalid'],
    ['http in the open', { link: { kind: 'http', url: 'http://b.example', token: 'x'.repeat(20) } }, 'url-insecure'],
    ['credentials in the URL', { link: { kind: 'btp-client', url: 'wss://me:pw@b.example', token: 'x'.repeat(20) } }, 'peer-invalid'],
    ['a token that is easily guessed', { link: { kind: 'btp-server', incomingToken: 'secret' } }, 'peer-invalid'],
    ['a link without a token', { link: { kind: 'btp-client', url: 'wss://b.example' } }, 'peer-invalid'],
    ['no ILP address', { address: 'https://b.example' }, 'peer-invalid'],
    ['a float for a limit', { limits: { owedMax: 1.5 } }, 'peer-invalid'],
    ['a packet beyond any', { limits: { packetAmountMax: '1000000000001' } }, 'peer-invalid'],
    ['a field that nobody knows', { colour: 'red' }, 'peer-invalid'],
  ])('%s is refused, and nothing is kept', async (_what, change, code) => {
    const before = await peers.list()
    await expect(peers.add({ name: 'bee', link: { kind: 'btp-server' }, address: 'g.bee', asset: usd, ...change })).rejects.toMatchObject({ code })
    expect(await peers.list()).toEqual(before)
  })

  test('two peers cannot have one token', async () => {
    const incomingToken = 'the-same-token-twice'
    await peers.add({ name: 'cat', link: { kind: 'btp-server', incomingToken }, asset: eur })
    await expect(peers.add({ name: 'dog', link: { kind: 'btp-server', incomingToken }, asset: eur })).rejects.toMatchObject({ code: 'token-taken' })
  })

  test('limits change alone, a pause and its end are kept, and a removed peer gives its name and prefixes back', async () => {
    await peers.add({ name: 'eve', link: { kind: 'btp-server' }, asset: eur })
    expect(await peers.limit('eve', { outgoingPacketsPerSecondMax: 50 })).toMatchObject({ address: 'g.home.eve', limits: { outgoingPacketsPerSecondMax: 50, packetsPerSecondMax: 1_000 } })
    const command = (action: { readonly name: string; readonly subject: string }) => ({ operator: 'command', ...action })
    expect(await peers.pause('eve', command)).toMatchObject({ state: 'paused' })
    expect(await peers.resume('eve')).toMatchObject({ state: 'active' })
    await peers.remove('eve', command)
    expect((await new AuditLog(books.postgres).list({ limit: 9 })).map(({ name, subject, operator, result }) => [name, subject, operator, result])).toEqual([['peer.remove', 'eve', 'command', 'done'], ['peer.pause', 'eve', 'command', 'done']])
    await expect(peers.view('eve')).rejects.toMatchObject({ code: 'peer-unknown' })
    await expect(peers.limit('eve', { owedMax: '1' })).rejects.toMatchObject({ code: 'peer-unknown' })
    expect((await peers.add({ name: 'eve', link: { kind: 'btp-server' }, asset: eur })).peer.name).toBe('eve')
    await peers.remove('eve')
    await expect(peers.add({ name: 'eve', link: { kind: 'btp-server' }, asset: usd })).rejects.toMatchObject({ code: 'peer-known' })
  })

  test('settlement is due from the threshold on, and a payment is booked once however often it is told', async () => {
    const { peer } = await peers.add({ name: 'fox', link: { kind: 'btp-server' }, asset: eur, limits: { settlementThreshold: '1000' } })
    const { linkAccountId } = await store.get(peer.id)
    await books.ledger.transfer({ key: 'paid to fox', debitAccountId: books.psp.id, creditAccountId: linkAccountId, amount: 999n, reason: 'correction' })
    expect(await peers.view('fox')).toMatchObject({ balance: { owedToPeer: '999', owedToUs: '0' }, settlementDue: '0' })
    await books.ledger.transfer({ key: 'paid more', debitAccountId: books.psp.id, creditAccountId: linkAccountId, amount: 1n, reason: 'correction' })
    expect(await peers.view('fox')).toMatchObject({ settlementDue: '1000' })
    const [one, other] = await Promise.all([1, 2].map(() => peers.settle('fox', { key: 'bank-1', direction: 'paid', amount: '1500' })))
    expect(one?.transfer.id).toBe(other?.transfer.id)
    expect(await peers.view('fox')).toMatchObject({ balance: { owedToPeer: '0', owedToUs: '500' }, settlementDue: '0' })
    await expect(peers.settle('fox', { key: 'bank-1', direction: 'paid', amount: '1501' })).rejects.toMatchObject({ code: 'key-reused' })
    await peers.settle('fox', { key: 'bank-2', direction: 'received', amount: '500' })
    expect((await rowsOf(books)).filter((row) => row.endsWith('settlement'))).toEqual(['link[fox] -> bank[EUR/9] 1500 settlement', 'bank[EUR/9] -> link[fox] 500 settlement'])
    expect(await peers.view('fox')).toMatchObject({ balance: { owedToPeer: '0', owedToUs: '0' } })
    expect((await books.ledger.verify()).problems).toEqual([])
  })
})

describe('the limit of what a peer may owe', () => {
  /** A process that credits packets of a peer as the receiver does. */
  function processOf(peerId: `peer_${string}`, clock = systemClock) {
    return new LeasedCredit({
      store, peerId, processId: newId('ownr', systemClock.nowMs()), clock, log: silent,
      owed: async (id) => {
        const { posted, accrued } = await books.ledger.balance(id)
        return -(posted + accrued)
      },
    })
  }

  async function peerWith(name: string, owedMax: bigint) {
    const { peer } = await peers.add({ name, link: { kind: 'btp-server' }, asset: eur, limits: { owedMax: String(owedMax) } })
    return store.get(peer.id)
  }

  test('four processes that take packets at once let the peer owe its limit and not a unit more', async () => {
    const { id, linkAccountId } = await peerWith('gnu', 100_000n)
    const processes = Array.from({ length: 4 }, () => processOf(id))
    let [sequence, taken] = [0, 0n]
    await Promise.all(processes.map(async (credit, process) => {
      for (let packet = 0; packet < 150; packet += 1) {
        const amount = BigInt(100 + ((packet * 37 + process * 11) % 400))
        if (!(await credit.reserve(amount))) continue
        // Every fifth packet is rejected after all.
        const fulfilled = packet % 5 !== 0
        sequence += 1
        if (fulfilled) {
          const result = await books.ledger.receiving.credit(creditTo(books, { connection: connectionOf(`gnu ${process}`), sequence, amount, debitAccountId: linkAccountId }))
          if (!result.applied) throw new Error(`a packet within the limit was not credited: ${result.why}`)
          taken += amount
        }
        credit.release(amount, fulfilled)
      }
    }))
    const { balance } = await peers.view(id)
    expect(BigInt(balance.owedToUs)).toBe(taken)
    expect(taken).toBeLessThanOrEqual(100_000n)
    expect(taken).toBeGreaterThan(50_000n)
    // What is left in slices comes back once nobody uses them: one process may then take all of it.
    for (const credit of [...processes, ...processes]) await credit.report()
    expect(await peers.view(id)).toMatchObject({ balance: { leased: '0' } })
    const [first] = processes
    first?.changed()
    expect(await first?.reserve(100_000n - taken)).toBe(true)
    expect(await first?.reserve(1n)).toBe(false)
    first?.release(100_000n - taken, false)
    for (const credit of processes) await credit[Symbol.asyncDispose]()
    expect(await peers.view(id)).toMatchObject({ balance: { leased: '0' } })
  })

  test('the slice of a process that is gone is free again after its lease, and its packets in flight are covered until then', async () => {
    const clock = new TestClock(systemClock.nowMs())
    const { id } = await peerWith('hen', 1_000n)
    const dead = processOf(id, clock)
    const living = processOf(id, clock)
    expect(await dead.reserve(900n)).toBe(true)
    expect(await living.reserve(200n)).toBe(false)
    clock.jump(89_000)
    expect(await living.reserve(200n)).toBe(false)
    clock.jump(2_000)
    expect(await living.reserve(200n)).toBe(true)
  })

  test('a lowered limit holds from the next packet on, a raised one too', async () => {
    const { id } = await peerWith('ibis', 1_000n)
    const credit = processOf(id)
    expect(await credit.reserve(100n)).toBe(true)
    await peers.limit(id, { owedMax: '150' })
    credit.changed()
    expect(await credit.reserve(51n)).toBe(false)
    await peers.limit(id, { owedMax: '151' })
    credit.changed()
    expect(await credit.reserve(51n)).toBe(true)
    expect(await credit.reserve(1n)).toBe(false)
  })
})

describe('the operator’s port', () => {
  let server: Server
  let origin: string
  let cookie: string
  let accounts: Accounts

  beforeAll(async () => {
    const app = express()
    server = createServer(app)
    await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve))
    origin = `http://localhost:${(server.address() as AddressInfo).port}`
    const entrances = { subscriber: { publicUrl: 'http://localhost:1' }, publisher: { publicUrl: 'http://localhost:2' }, operator: { publicUrl: origin } }
    accounts = await Accounts.open({ postgres: books.postgres, ledger: books.ledger, clock: systemClock, secret: Buffer.alloc(32, 7), entrances, sandbox: true })
    const entrance = accounts.entrance('operator')
    app.use(entrance.handler, peerRoutes({ peers, entrance, links: () => Promise.resolve(new Map([['jay', true], ['receiver', false]])) }))
    await accounts.createPerson({ role: 'operator', email: 'olga@example.org', password, name: 'Olga' })
    const signedIn = await fetch(`${origin}/api/auth/sign-in/email`, { method: 'POST', headers: { origin, 'content-type': 'application/json' }, body: JSON.stringify({ email: 'olga@example.org', password }) })
    cookie = signedIn.headers.getSetCookie().map((line) => line.split(';')[0]).join('; ')
  })

  afterAll(async () => {
    await new Promise((resolve) => server.close(resolve))
    await accounts[Symbol.asyncDispose]()
  })

  async function ask(method: string, path: string, { body, headers = { origin, cookie } }: { readonly body?: object; readonly headers?: Record<string, string> } = {}): Promise<{ status: number; answer: Record<string, unknown> }> {
    const response = await fetch(`${origin}/api/peers${path}`, { method, headers: { ...headers, ...(body && { 'content-type': 'application/json' }) }, ...(body && { body: JSON.stringify(body) }) })
    return { status: response.status, answer: (await response.json()) as Record<string, unknown> }
  }

  test('an operator adds, lists, limits, pauses, resumes, settles with and removes a peer', async () => {
    const added = await ask('POST', '', { body: { name: 'jay', link: { kind: 'btp-server' }, asset: usd } })
    expect(added).toMatchObject({ status: 201, answer: { peer: { name: 'jay' } } })
    expect(added.answer['incomingToken']).toMatch(/^[\w-]{43}$/)
    expect((await ask('GET', '/jay')).answer).not.toHaveProperty('incomingToken')
    expect((await ask('GET', '')).answer['peers']).toContainEqual(expect.objectContaining({ name: 'jay' }))
    expect(await ask('PATCH', '/jay', { body: { owedMax: '7' } })).toMatchObject({ status: 200, answer: { peer: { limits: { owedMax: '7' } } } })
    expect(await ask('GET', '')).toMatchObject({ answer: { person: { name: 'Olga' }, own: [{ peer: 'receiver', up: false }] } })
    expect(await ask('GET', '/jay')).toMatchObject({ answer: { peer: { connected: true, accountId: expect.stringMatching(/^acct_/) as string } } })
    expect(await ask('POST', '/jay/pause', { body: { reason: 'it owes too much' } })).toMatchObject({ status: 200, answer: { peer: { state: 'paused', connected: null } } })
    expect(await new AuditLog(books.postgres).list({ name: 'peer.pause', subject: 'jay', limit: 9 })).toMatchObject([{ reason: 'it owes too much', result: 'done' }])
    expect(await ask('POST', '/jay/pause', { body: { reason: 'x' } })).toMatchObject({ status: 400, answer: { error: { code: 'peer-invalid', message: 'reason: must be 3 to 500 characters' } } })
    expect(await ask('POST', '/jay/resume')).toMatchObject({ status: 200, answer: { peer: { state: 'active' } } })
    expect(await ask('POST', '/jay/settlements', { body: { key: 'k', direction: 'received', amount: '5' } })).toMatchObject({ status: 201, answer: { peer: { balance: { owedToPeer: '5' } } } })
    expect(await ask('POST', '/jay/settlements', { body: { key: 'k', direction: 'received', amount: '6' } })).toMatchObject({ status: 409, answer: { error: { code: 'key-reused' } } })
    expect(await ask('DELETE', '/jay')).toMatchObject({ status: 200 })
    expect(await ask('GET', '/jay')).toMatchObject({ status: 404, answer: { error: { code: 'peer-unknown' } } })
  })

  test.each<[string, Record<string, string>, number, string]>([
    ['nobody signed in', {}, 403, 'origin-foreign'],
    ['another site with the operator’s cookie', { origin: 'https://evil.example' }, 403, 'origin-foreign'],
  ])('%s changes nothing', async (_who, headers, status, code) => {
    expect(await ask('POST', '', { body: { name: 'kea', link: { kind: 'btp-server' }, asset: usd }, headers: { ...headers, cookie } })).toMatchObject({ status, answer: { error: { code } } })
  })

  test('without a session nothing is told', async () => {
    expect(await ask('GET', '', { headers: {} })).toMatchObject({ status: 401, answer: { error: { code: 'signed-out' } } })
    expect(await ask('POST', '', { body: { name: 'kea' }, headers: { origin } })).toMatchObject({ status: 401, answer: { error: { code: 'signed-out' } } })
  })

  test.each<[string, object | string]>([['no body', {}], ['a name of another kind', { name: 7, link: { kind: 'btp-server' }, asset: usd }], ['a huge limit', { name: 'lynx', link: { kind: 'btp-server' }, asset: usd, limits: { owedMax: '9'.repeat(30) } }]])('%s is told what is wrong with it', async (_what, body) => {
    expect(await ask('POST', '', { body: body as object })).toMatchObject({ status: 400, answer: { error: { code: 'peer-invalid' } } })
  })
})
