import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { AuditLog, auditMigrations } from '@rivulet/audit'
import { Ledger, ledgerMigrations } from '@rivulet/ledger'
import { migrate, type Postgres } from '@rivulet/postgres'
import { testPostgres } from '@rivulet/postgres/testing'
import { systemClock } from '@rivulet/time'
import { getAuthTables } from 'better-auth/db'
import express from 'express'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { betterAuthNames } from './better-auth-store.ts'
import { Accounts, type AccountsOptions, accountsMigrations, type Person, personOf, type WalletAddress } from './index.ts'

let postgres: Postgres
const servers: Server[] = []
let accounts: Accounts
let origin: string
/** The publishers' entrance, as behind a TLS proxy: its public URL is another. */
let publishers: string
let ledger: Ledger
/** How many times opening a ledger account fails first, as when the process dies between two steps. */
let failures = 0
const welcomed: Person[] = []
const secret = Buffer.alloc(32, 7)

const options = (own: string): AccountsOptions => ({
  postgres,
  ledger: {
    openAccount: (spec) => {
      failures -= 1
      return failures >= 0 ? Promise.reject(new Error('the process died here')) : ledger.openAccount(spec)
    },
  },
  clock: systemClock,
  secret,
  entrances: { subscriber: { publicUrl: own }, publisher: { publicUrl: 'https://pay.example' }, operator: { publicUrl: 'http://localhost:4002' } },
  sandbox: true,
  onPersonCreated: async (person) => void welcomed.push(person),
})

beforeAll(async () => {
  postgres = await testPostgres([ledgerMigrations, accountsMigrations, auditMigrations])
  ledger = await Ledger.open({ postgres, clock: systemClock })
  const app = express()
  const publisherApp = express()
  origin = await listen(app)
  publishers = await listen(publisherApp)
  accounts = await Accounts.open(options(origin))
  const subscriber = accounts.entrance('subscriber')
  app.use(subscriber.handler)
  publisherApp.use(accounts.entrance('publisher').handler)
  app.get('/me', subscriber.requireSession, (_request, response) => void response.json(personOf(response)))
  publisherApp.get('/me', accounts.entrance('publisher').requireSession, (_request, response) => void response.json(personOf(response)))
  app.use((error: Error & { status?: number }, _request: express.Request, response: express.Response, _next: express.NextFunction) => void response.status(error.status ?? 500).json({}))
  app.post('/change', subscriber.requireSameOrigin, (_request, response) => void response.json({}))
})

afterAll(async () => {
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  await accounts[Symbol.asyncDispose]()
  await ledger[Symbol.asyncDispose]()
  await postgres[Symbol.asyncDispose]()
})

async function listen(app: express.Express): Promise<string> {
  const server = createServer(app)
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://localhost:${(server.address() as AddressInfo).port}`
}

function idOf(address: WalletAddress | undefined): WalletAddress['id'] {
  if (address === undefined) throw new Error('a publisher has a wallet address')
  return address.id
}

const at = (path: string, init?: RequestInit): Promise<Response> => fetch(new URL(path, origin), init)
const post = (path: string, body: unknown, headers: Record<string, string> = { origin }): Promise<Response> =>
  at(path, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) })
const cookieOf = (response: Response): string => response.headers.getSetCookie().map((cookie) => cookie.split(';')[0]).join('; ')
const signIn = async (email: string, password: string): Promise<string> => {
  const response = await post('/api/auth/sign-in/email', { email, password })
  expect(response.status).toBe(200)
  return cookieOf(response)
}

test('who is frozen is signed out at once, told why by the door to the right password only, and comes in again when that is taken back', async () => {
  await accounts.createPerson({ role: 'subscriber', email: 'fran@example.com', password: 'correct horse', name: 'Fran' })
  const cookie = await signIn('fran@example.com', 'correct horse')
  const person = await accounts.personByName('fran@example.com')
  const action = { operator: 'olivia', name: 'person.freeze', subject: person.id, reason: 'a stolen card' }
  await accounts.freeze(person.id, 'a stolen card', action)
  await expect(accounts.freeze(person.id, 'again', action)).rejects.toMatchObject({ code: 'freeze-state' })
  expect([await accounts.frozenAmong([person.id]), await accounts.isAccountFrozen(person.walletAddress?.ledgerAccountId ?? 'acct_none')]).toEqual([new Set([person.id]), true])
  expect((await at('/me', { headers: { cookie } })).status).toBe(401)
  const told = await post('/api/auth/sign-in/email', { email: 'fran@example.com', password: 'correct horse' })
  expect([told.status, await told.json()]).toMatchObject([403, { code: 'PERSON_FROZEN', message: 'a stolen card' }])
  const wrong = await post('/api/auth/sign-in/email', { email: 'fran@example.com', password: 'wrong horse' })
  expect([wrong.status, await wrong.json()]).toMatchObject([401, { code: 'INVALID_EMAIL_OR_PASSWORD' }])
  const asked = { role: 'subscriber', text: 'FRAN', before: undefined, limit: 10 } as const
  expect(await accounts.search({ ...asked, frozenOnly: true })).toMatchObject([{ id: person.id, frozen: { reason: 'a stolen card' } }])
  expect(await accounts.search({ ...asked, text: 'fr%n', frozenOnly: false })).toEqual([])
  await accounts.unfreeze(person.id, { ...action, name: 'person.unfreeze' })
  await signIn('fran@example.com', 'correct horse')
  expect(await accounts.isAccountFrozen(person.walletAddress?.ledgerAccountId ?? 'acct_none')).toBe(false)
  expect((await new AuditLog(postgres).list({ subject: person.id, limit: 9 })).map(({ name, reason, result }) => [name, reason, result])).toEqual([['person.unfreeze', 'a stolen card', 'done'], ['person.freeze', 'a stolen card', 'done']])
})

describe('a visitor', () => {
  test('signs up, signs in, and then has a ledger account, a wallet address and a session under the cookie of this role', async () => {
    const signedUp = await post('/api/auth/sign-up/email', { name: 'Zoë Grün', email: 'Zoe@Example.com', password: 'correct horse' })
    expect([signedUp.status, signedUp.headers.getSetCookie()]).toEqual([200, []])
    const signedIn = await post('/api/auth/sign-in/email', { email: 'zoe@example.com', password: 'correct horse' })
    const [cookie] = signedIn.headers.getSetCookie()
    expect(cookie).toMatch(/^rivulet-wallet\.session_token=[^;]+;.*HttpOnly; SameSite=Lax/)
    const person = (await (await at('/me', { headers: { cookie: cookieOf(signedIn) } })).json()) as Person
    expect(person).toMatchObject({ role: 'subscriber', name: 'Zoë Grün', email: 'zoe@example.com', walletAddress: { path: 'zoe-grun', url: `${origin}/zoe-grun`, asset: { code: 'EUR', scale: 9 } } })
    expect((await ledger.accountByName(`subscriber[${person.id}]`))?.id).toBe(person.walletAddress?.ledgerAccountId)
    expect(welcomed.filter(({ id }) => id === person.id)).toHaveLength(1)
  })

  test('who dies between signing up and the ledger account is completed at the next sign-in, once', async () => {
    await post('/api/auth/sign-up/email', { name: 'Ada', email: 'ada@example.com', password: 'correct horse' })
    failures = 1
    expect((await post('/api/auth/sign-in/email', { email: 'ada@example.com', password: 'correct horse' })).status).toBe(500)
    const cookie = await signIn('ada@example.com', 'correct horse')
    await signIn('ada@example.com', 'correct horse')
    const person = (await (await at('/me', { headers: { cookie } })).json()) as Person
    expect(person.walletAddress?.path).toBe('ada')
    expect(welcomed.filter(({ id }) => id === person.id)).toHaveLength(1)
  })

  test('cannot tell from any answer whether an e-mail is known', async () => {
    await accounts.createPerson({ role: 'subscriber', email: 'known@example.com', password: 'correct horse', name: 'Known' })
    const shape = async (response: Response) => {
      const body = (await response.json()) as { user?: Record<string, unknown> }
      return { status: response.status, headers: [...response.headers.keys()].sort(), keys: Object.keys(body).sort(), user: Object.entries(body.user ?? {}).map(([key, value]) => `${key}:${value === null ? 'null' : typeof value}`).sort() }
    }
    const signUp = (email: string) => post('/api/auth/sign-up/email', { name: 'Known', email, password: 'correct horse' })
    expect(await shape(await signUp('known@example.com'))).toEqual(await shape(await signUp('fresh@example.com')))
    const refused = async (email: string) => {
      const response = await post('/api/auth/sign-in/email', { email, password: 'wrong horse' })
      return [response.status, await response.json()]
    }
    expect(await refused('known@example.com')).toEqual(await refused('unknown@example.com'))
    expect((await refused('known@example.com'))[0]).toBe(401)
  })

  test.each([
    { what: 'a foreign origin', path: '/api/auth/sign-in/email', body: { email: 'zoe@example.com', password: 'correct horse' }, headers: { origin: 'https://evil.example' }, status: 403 },
    { what: 'no origin', path: '/api/auth/sign-in/email', body: { email: 'zoe@example.com', password: 'correct horse' }, headers: {}, status: 403 },
    { what: 'a short password', path: '/api/auth/sign-up/email', body: { name: 'A', email: 'a@example.com', password: 'short' }, headers: { origin: 'own' }, status: 400 },
    { what: 'a control character in the name', path: '/api/auth/sign-up/email', body: { name: 'A\0', email: 'a@example.com', password: 'correct horse' }, headers: { origin: 'own' }, status: 400 },
    { what: 'no e-mail', path: '/api/auth/sign-up/email', body: { name: 'A', email: 'nobody', password: 'correct horse' }, headers: { origin: 'own' }, status: 400 },
    { what: 'a path that is not served', path: '/api/auth/delete-user', body: {}, headers: { origin: 'own' }, status: 404 },
    { what: 'a body too large', path: '/api/auth/sign-up/email', body: { name: 'A'.repeat(20_000), email: 'a@example.com', password: 'correct horse' }, headers: { origin: 'own' }, status: 413 },
    { what: 'a foreign origin on our own paths', path: '/change', body: {}, headers: { origin: 'https://evil.example' }, status: 403 },
  ])('is refused with $what', async ({ path, body, headers, status }) => {
    expect((await post(path, body, headers.origin === 'own' ? { origin } : { ...headers })).status).toBe(status)
  })
})

describe('a session', () => {
  test('ends when its person signs out', async () => {
    const cookie = await signIn('zoe@example.com', 'correct horse')
    expect((await at('/me', { headers: { cookie } })).status).toBe(200)
    expect((await post('/api/auth/sign-out', {}, { origin, cookie })).status).toBe(200)
    expect((await at('/me', { headers: { cookie } })).status).toBe(401)
  })

  test('is stored only as a hash', async () => {
    const cookie = await signIn('zoe@example.com', 'correct horse')
    const token = decodeURIComponent(cookie).split('=')[1]?.split('.')[0] ?? ''
    expect(token.length).toBeGreaterThan(20)
    const { rows } = await postgres.pool.query<{ text: string }>('select s::text as text from accounts.session s')
    expect(rows.length).toBeGreaterThan(0)
    expect(rows.filter(({ text }) => text.includes(token))).toEqual([])
  })

  test('of one role opens no other entrance, even under the name of its cookie', async () => {
    const cookie = await signIn('zoe@example.com', 'correct horse')
    const renamed = cookie.replace('rivulet-wallet', '__Secure-rivulet-receiver')
    expect(renamed).not.toBe(cookie)
    expect((await at(`${publishers}/me`, { headers: { cookie: `${cookie}; ${renamed}` } })).status).toBe(401)
  })

  test('of a role needs a person of that role, and is Secure on https', async () => {
    await accounts.createPerson({ role: 'publisher', email: 'pub@example.com', password: 'correct horse', name: 'Pub' })
    expect((await post('/api/auth/sign-in/email', { email: 'pub@example.com', password: 'correct horse' })).status).toBe(401)
    const response = await post(`${publishers}/api/auth/sign-in/email`, { email: 'pub@example.com', password: 'correct horse' }, { origin: 'https://pay.example' })
    expect(response.headers.getSetCookie()[0]).toMatch(/^__Secure-rivulet-receiver\.session_token=.*; Secure/)
    expect((await at(`${publishers}/me`, { headers: { cookie: cookieOf(response) } })).status).toBe(200)
  })
})

describe('people made by command', () => {
  test('are made once: ensuring twice gives the same person, creating twice is refused', async () => {
    const demo = { role: 'publisher', email: 'gazette@example.com', password: 'correct horse', name: 'The Gazette', path: 'gazette' } as const
    const first = await accounts.ensurePerson(demo)
    expect(await accounts.ensurePerson(demo)).toEqual(first)
    expect(first.walletAddress?.url).toBe('https://pay.example/gazette')
    await expect(accounts.createPerson(demo)).rejects.toMatchObject({ code: 'path-taken' })
    await expect(accounts.createPerson({ ...demo, path: 'gazette-2' })).rejects.toMatchObject({ code: 'email-taken' })
    await expect(accounts.createPerson({ ...demo, email: 'x@example.com', path: 'api' })).rejects.toMatchObject({ code: 'path-invalid' })
    expect(await accounts.walletAddressByPath('gazette')).toEqual(first.walletAddress)
    expect(await accounts.personByName('gazette')).toEqual(first)
  })

  test('of the same name get different addresses, and the name alone is ambiguous', async () => {
    const make = (email: string) => accounts.createPerson({ role: 'subscriber', email, password: 'correct horse', name: 'Jo Doe' })
    const [one, two] = await Promise.all([make('jo1@example.com'), make('jo2@example.com')])
    expect(new Set([one.walletAddress?.path, two.walletAddress?.path]).size).toBe(2)
    await expect(accounts.personByName('jo doe')).rejects.toMatchObject({ code: 'person-ambiguous' })
    await expect(accounts.personByName('no\0body')).rejects.toMatchObject({ code: 'person-unknown' })
    await expect(accounts.personByName('nobody')).rejects.toMatchObject({ code: 'person-unknown' })
  })

  test('operators have no wallet address and cannot sign themselves up', async () => {
    expect((await accounts.createPerson({ role: 'operator', email: 'op@example.com', password: 'correct horse', name: 'Op' })).walletAddress).toBeUndefined()
  })

  test('keep their public keys: twice is once, another key under the same kid is refused, and who owns the address revokes', async () => {
    const { id, walletAddress } = await accounts.personByName('gazette')
    const other = await accounts.personByName('zoe@example.com')
    const encode = (x: string) => Buffer.from(JSON.stringify({ kid: 'k1', kty: 'OKP', crv: 'Ed25519', x })).toString('base64')
    const x = '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo'
    const address = idOf(walletAddress)
    const key = await accounts.addKey(address, encode(x), ' My browser ')
    expect(key).toEqual({ id: key.id, name: 'My browser', createdAtMs: expect.any(Number) as number, kid: 'k1', kty: 'OKP', crv: 'Ed25519', alg: 'EdDSA', use: 'sig', x })
    expect(await accounts.addKey(address, encode(x), 'Another name')).toEqual(key)
    expect(await accounts.keysOf(address)).toEqual([key])
    await expect(accounts.addKey(address, encode(x.replace('11', '12')))).rejects.toMatchObject({ code: 'key-differs' })
    await expect(accounts.addKey(address, encode(x), 'a\u0000b')).rejects.toMatchObject({ code: 'key-invalid' })
    await expect(accounts.addKey('wadr_00000000000000000000000000', encode(x))).rejects.toMatchObject({ code: 'wallet-address-unknown' })
    await expect(accounts.revokeKey(other.id, key.id)).rejects.toMatchObject({ code: 'key-unknown' })
    await accounts.revokeKey(id, key.id)
    expect(await accounts.keysOf(address)).toEqual([])
    await expect(accounts.revokeKey(id, key.id)).rejects.toMatchObject({ code: 'key-unknown' })
  })

  test('may have further wallet addresses, each with its own asset, account, keys and name; the main one stays theirs', async () => {
    const { id, walletAddress } = await accounts.personByName('gazette')
    const other = await accounts.personByName('zoe@example.com')
    const dollars = await accounts.addWalletAddress(id, { path: 'gazette-usd', publicName: 'The Gazette, New York', asset: { code: 'USD', scale: 9 } })
    expect(dollars).toMatchObject({ personId: id, role: 'publisher', url: 'https://pay.example/gazette-usd', asset: { code: 'USD', scale: 9 }, main: false })
    expect((await ledger.accountByName(`publisher[${dollars.id}]`))?.asset).toEqual({ code: 'USD', scale: 9 })
    expect(await accounts.walletAddresses(id)).toEqual([walletAddress, dollars])
    expect([await accounts.walletAddressByPath('gazette-usd'), await accounts.walletAddressById(dollars.id)]).toEqual([dollars, dollars])
    expect((await accounts.personByName('gazette-usd')).walletAddress).toEqual(walletAddress)
    expect(await accounts.renameWalletAddress(id, dollars.id, 'NY')).toEqual({ ...dollars, publicName: 'NY' })
    expect((await accounts.walletAddressByPath('gazette-usd'))?.publicName).toBe('NY')
    const refusals: [() => Promise<unknown>, string][] = [
      [() => accounts.renameWalletAddress(other.id, dollars.id, 'mine'), 'wallet-address-unknown'],
      [() => accounts.renameWalletAddress(id, dollars.id, ''), 'wallet-address-invalid'],
      [() => accounts.addWalletAddress(id, { path: 'gazette', publicName: 'x', asset: dollars.asset }), 'path-taken'],
      [() => accounts.addWalletAddress(id, { path: 'instance', publicName: 'x', asset: dollars.asset }), 'path-invalid'],
      [() => accounts.addWalletAddress(id, { path: 'zero', publicName: 'x', asset: { code: 'JPY', scale: 0 } }), 'wallet-address-invalid'],
      [() => accounts.addWalletAddress(id, { path: 'euro', publicName: 'x', asset: { code: '€', scale: 2 } }), 'wallet-address-invalid'],
      [() => accounts.addWalletAddress('pers_00000000000000000000000000', { path: 'nobody', publicName: 'x', asset: dollars.asset }), 'person-unknown'],
    ]
    for (const [refused, code] of refusals) await expect(refused()).rejects.toMatchObject({ code })
  })

  test.each([
    ['https://pay.example/gazette', true], ['https://pay.example/gazette/', true], ['https://pay.example/gazette?x', false], ['https://pay.example/gazette#x', false],
    ['http://pay.example/gazette', false], ['https://pay.example/zoe-grun', false], ['https://other.example/gazette', false], ['gazette', false], ['', false],
  ])('the URL %j names a wallet address here: %s', async (url, here) => expect((await accounts.walletAddressByUrl(url)) !== undefined).toBe(here))

  test('have at most twenty wallet addresses, however many are asked for at once', async () => {
    const { id } = await accounts.createPerson({ role: 'publisher', email: 'many@example.com', password: 'correct horse', name: 'Many' })
    const made = await Promise.allSettled(Array.from({ length: 25 }, (_, index) => accounts.addWalletAddress(id, { path: `many-${index}`, publicName: 'Many', asset: { code: 'EUR', scale: 9 } })))
    expect(made.filter(({ status }) => status === 'fulfilled')).toHaveLength(19)
    expect(await accounts.walletAddresses(id)).toHaveLength(20)
  })
})

test('a database of step 1 keeps its people, their wallet addresses and keys', async () => {
  const [first] = accountsMigrations.steps
  if (first === undefined) throw new Error('there is a first step')
  await using old = await testPostgres([ledgerMigrations, { ...accountsMigrations, steps: [first] }])
  await using books = await Ledger.open({ postgres: old, clock: systemClock })
  const account = await books.openAccount({ name: 'publisher[old]', kind: 'publisher', asset: { code: 'EUR', scale: 9 }, debitsMayExceedCredits: false })
  const person = 'pers_00000000000000000000000001'
  const address = 'wadr_00000000000000000000000001'
  await old.pool.query(`insert into accounts.person (id, role, email, name, created_at, updated_at, provisioned_at) values ($1, 'publisher', 'old@example.com', 'Old', now(), now(), now())`, [person])
  await old.pool.query(`insert into accounts.wallet_address (id, person_id, path, public_name, asset_code, asset_scale, ledger_account_id, created_at) values ($1, $2, 'old', 'Old', 'EUR', 9, $3, now())`, [address, person, account.id])
  await old.pool.query(`insert into accounts.client_key (person_id, kid, x, created_at) values ($1, 'k1', 'x1', now()), ($1, 'k2', 'x2', now())`, [person])
  await migrate(old, [ledgerMigrations, accountsMigrations])
  await using upgraded = await Accounts.open({ ...options('http://localhost:4000'), postgres: old, ledger: books })
  expect((await upgraded.personByName('old')).walletAddress).toMatchObject({ id: address, path: 'old', main: true, ledgerAccountId: account.id })
  const keys = await upgraded.keysOf(address)
  expect(keys.map(({ kid, x, name }) => [kid, x, name])).toEqual([['k1', 'x1', ''], ['k2', 'x2', '']])
  for (const { id } of keys) await upgraded.revokeKey(person, id)
  expect(await upgraded.keysOf(address)).toEqual([])
  expect((await upgraded.addWalletAddress(person, { path: 'old-2', publicName: 'Old', asset: { code: 'USD', scale: 9 } })).main).toBe(false)
})

test('our tables hold every column that the installed better-auth wants', async () => {
  const { rows } = await postgres.pool.query<{ column: string }>(`select table_name || '.' || column_name as column from information_schema.columns where table_schema = 'accounts'`)
  const wanted = Object.values(getAuthTables({ ...betterAuthNames, rateLimit: { ...betterAuthNames.rateLimit, enabled: true, storage: 'database' } })).flatMap(({ modelName, fields }) =>
    Object.entries(fields).map(([name, field]) => `${modelName}.${field.fieldName ?? name}`),
  )
  expect(wanted.length).toBeGreaterThan(30)
  expect(rows.map(({ column }) => column)).toEqual(expect.arrayContaining(wanted))
})

test('without a sandbox the eleventh attempt within a minute is refused', async () => {
  const strict = await Accounts.open({ ...options('http://localhost:4000'), sandbox: false })
  const own = await listen(express().use(strict.entrance('publisher').handler))
  await postgres.pool.query('delete from accounts.rate_limit')
  const statuses: number[] = []
  for (let attempt = 0; attempt < 11; attempt += 1) {
    const response = await fetch(`${own}/api/auth/sign-in/email`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: 'https://pay.example', 'x-rivulet-client-address': `10.0.0.${attempt}`, 'x-forwarded-for': `10.0.1.${attempt}` },
      body: JSON.stringify({ email: 'pub@example.com', password: 'wrong horse' }),
    })
    statuses.push(response.status)
  }
  expect(statuses).toEqual([...Array<number>(10).fill(401), 429])
  await strict[Symbol.asyncDispose]()
})
