import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Accounts, accountsMigrations, type Role } from '@rivulet/accounts'
import { Ledger, ledgerMigrations } from '@rivulet/ledger'
import type { Postgres } from '@rivulet/postgres'
import { testPostgres } from '@rivulet/postgres/testing'
import { systemClock } from '@rivulet/time'
import express from 'express'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { addressApi, instanceKeyOf, walletAddressRoutes } from '../index.ts'

const wallet = 'https://wallet.example'
const pay = 'https://pay.example'
const password = 'correct horse'
const instance = instanceKeyOf(Buffer.alloc(32, 5), wallet)

let postgres: Postgres
let ledger: Ledger
let accounts: Accounts
const servers: Server[] = []
/** Where each role's door listens: not its public URL. */
const at: Partial<Record<Role, string>> = {}

beforeAll(async () => {
  postgres = await testPostgres([ledgerMigrations, accountsMigrations])
  ledger = await Ledger.open({ postgres, clock: systemClock })
  accounts = await Accounts.open({
    postgres, ledger, clock: systemClock, secret: randomBytes(32), sandbox: true,
    entrances: { subscriber: { publicUrl: wallet }, publisher: { publicUrl: pay }, operator: { publicUrl: 'https://operator.example' } },
  })
  await accounts.createPerson({ role: 'subscriber', email: 'alice@example.org', password, name: 'Alice', path: 'alice' })
  await accounts.createPerson({ role: 'publisher', email: 'gazette@example.org', password, name: 'The <b>Gazette</b>', path: 'gazette' })
  for (const role of ['subscriber', 'publisher'] as const) {
    const app = express()
    const entrance = accounts.entrance(role)
    app.use(entrance.handler, walletAddressRoutes({ accounts, role, hostPath: role === 'publisher' ? 'gazette' : undefined, instance }), addressApi({ accounts, entrance }))
    app.use((_request, response) => void response.status(404).end('another route'))
    const server = createServer(app)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    servers.push(server)
    at[role] = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  }
})

afterAll(async () => {
  for (const server of servers) server.close()
  await accounts[Symbol.asyncDispose]()
  await ledger[Symbol.asyncDispose]()
  await postgres[Symbol.asyncDispose]()
})

const get = (role: Role, path: string, accept = 'application/json'): Promise<Response> => fetch(`${at[role] ?? ''}${path}`, { headers: { accept }, redirect: 'manual' })

describe('a wallet address', () => {
  test.each([
    ['subscriber', '/alice', `${wallet}/alice`, 'Alice'],
    ['publisher', '/gazette', `${pay}/gazette`, 'The <b>Gazette</b>'],
    ['publisher', '/gazette/', `${pay}/gazette`, 'The <b>Gazette</b>'],
    ['publisher', '/.well-known/pay', `${pay}/gazette`, 'The <b>Gazette</b>'],
  ] as const)('of a %s answers programs at %s with where to pay it, under its public URL %s', async (role, path, id, publicName) => {
    const response = await get(role, path)
    expect([response.status, response.headers.get('access-control-allow-origin'), response.headers.get('vary'), response.headers.get('cache-control')]).toEqual([200, '*', 'Accept', 'public, max-age=60'])
    const { origin } = new URL(id)
    expect(await response.json()).toEqual({ id, publicName, assetCode: 'EUR', assetScale: 9, authServer: `${origin}/auth`, resourceServer: origin })
  })

  test.each([
    ['publisher', '/alice'], ['subscriber', '/gazette'], ['publisher', '/nobody'], ['publisher', '/instance'], ['subscriber', '/instance'], ['subscriber', '/.well-known/pay'], ['publisher', '/nobody/jwks.json'],
    ['publisher', '/%00/jwks.json'], ['publisher', '/nobody/did.json'],
  ] as const)('is not there for a %s at %s', async (role, path) => {
    const response = await get(role, path, '*/*')
    expect([response.status, response.headers.get('access-control-allow-origin'), await response.json()]).toEqual([404, '*', { error: { code: '404', description: 'Could not get wallet address' } }])
  })

  test('answers people with a page that names it and lets nothing of theirs become markup, in their language', async () => {
    const browser = 'text/html,application/xhtml+xml,*/*;q=0.8'
    const response = await get('publisher', '/gazette', browser)
    const page = await response.text()
    expect([response.headers.get('content-type'), response.headers.get('content-security-policy')]).toEqual(['text/html; charset=utf-8', expect.stringMatching(/^default-src 'none'; style-src 'sha256-/)])
    expect(page).toContain('The &lt;b&gt;Gazette&lt;/b&gt;')
    expect(page).toContain(`<code>${pay}/gazette</code>`)
    const french = await (await fetch(`${at['publisher'] ?? ''}/gazette`, { headers: { accept: browser, 'accept-language': 'fr-CH, en;q=0.5' } })).text()
    expect(french).toContain('<html lang="fr">')
  })

  test.each([
    ['publisher', '/gazette', 'application/spsp4+json'], ['publisher', '/nobody', 'text/html'], ['publisher', '/api', 'application/json'], ['subscriber', '/connect', 'application/json'],
  ] as const)('leaves to others what a %s is asked at %s with Accept %s', async (role, path, accept) => expect(await (await get(role, path, accept)).text()).toBe('another route'))

  test('may be asked by pages of any origin, with the headers of signatures', async () => {
    const response = await fetch(`${at['publisher'] ?? ''}/gazette`, { method: 'OPTIONS', headers: { origin: 'https://page.example', 'access-control-request-method': 'GET', 'access-control-request-headers': 'signature' } })
    expect([response.status, response.headers.get('access-control-allow-origin')]).toEqual([204, '*'])
    for (const name of ['authorization', 'content-digest', 'content-type', 'signature', 'signature-input']) expect(response.headers.get('access-control-allow-headers')).toContain(name)
  })

  test('has an empty key set while nobody registered a key', async () => {
    const response = await get('subscriber', '/alice/jwks.json', '*/*')
    expect([response.status, response.headers.get('cache-control'), await response.json()]).toEqual([200, 'no-cache', { keys: [] }])
    expect(await (await get('subscriber', '/alice/did.json')).json()).toMatchObject({ id: 'did:web:wallet.example:alice', verificationMethod: [], authentication: [] })
  })
})

test('the installation has a key of its own, the same after every start, under an address that cannot be paid', async () => {
  for (const role of ['subscriber', 'publisher'] as const) {
    expect(await (await get(role, '/instance/jwks.json')).json()).toEqual({ keys: [{ kid: instance.keyId, alg: 'EdDSA', kty: 'OKP', crv: 'Ed25519', use: 'sig', x: expect.stringMatching(/^[A-Za-z0-9_-]{43}$/) as unknown }] })
  }
  expect(instanceKeyOf(Buffer.alloc(32, 5), wallet).jwk).toEqual(instance.jwk)
  expect(instanceKeyOf(Buffer.alloc(32, 6), wallet).keyId).not.toBe(instance.keyId)
  expect(instance.walletAddress).toBe(`${wallet}/instance`)
})

describe('a signed-in person', () => {
  const signIn = async (role: 'subscriber' | 'publisher', email: string) => {
    const origin = role === 'subscriber' ? wallet : pay
    const signedIn = await fetch(`${at[role] ?? ''}/api/auth/sign-in/email`, { method: 'POST', headers: { 'content-type': 'application/json', origin }, body: JSON.stringify({ email, password }) })
    const cookie = signedIn.headers.getSetCookie().map((line) => line.split(';')[0]).join('; ')
    return async (method: string, path: string, body?: unknown, from = origin) => {
      const response = await fetch(`${at[role] ?? ''}${path}`, { method, headers: { cookie, origin: from, 'content-type': 'application/json' }, ...(body !== undefined && { body: JSON.stringify(body) }) })
      const text = await response.text()
      return { status: response.status, body: (text === '' ? undefined : JSON.parse(text)) as { id: string; error?: { code: string }; keys?: unknown[]; addresses?: unknown[] } }
    }
  }
  const { x } = generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' })
  const shown = Buffer.from(JSON.stringify({ kty: 'OKP', crv: 'Ed25519', x, kid: '5c2a7d0e-1f7e-4c59-9a52-7a4f6c2f3d11' })).toString('base64')

  test('pastes the key that a client shows, sees its id, finds it published with its algorithm, and revokes it', async () => {
    const ask = await signIn('subscriber', 'alice@example.org')
    const added = await ask('POST', '/api/keys', { key: ` ${shown}\n`, name: 'Extension' })
    expect(added).toMatchObject({ status: 201, body: { kid: '5c2a7d0e-1f7e-4c59-9a52-7a4f6c2f3d11', name: 'Extension', walletAddress: `${wallet}/alice` } })
    expect((await ask('GET', '/api/keys')).body.keys).toEqual([added.body])
    const did = 'did:web:wallet.example:alice'
    expect(await (await get('subscriber', '/alice/did.json')).json()).toMatchObject({
      id: did, alsoKnownAs: [`${wallet}/alice`], verificationMethod: [{ id: `${did}#5c2a7d0e-1f7e-4c59-9a52-7a4f6c2f3d11`, type: 'JsonWebKey2020', controller: did, publicKeyJwk: { kty: 'OKP', crv: 'Ed25519', x } }],
      authentication: [`${did}#5c2a7d0e-1f7e-4c59-9a52-7a4f6c2f3d11`],
    })
    expect(await (await get('subscriber', '/alice/jwks.json')).json()).toEqual({ keys: [{ kid: '5c2a7d0e-1f7e-4c59-9a52-7a4f6c2f3d11', alg: 'EdDSA', kty: 'OKP', crv: 'Ed25519', use: 'sig', x }] })
    const stranger = await signIn('publisher', 'gazette@example.org')
    expect((await stranger('DELETE', `/api/keys/${added.body.id}`)).status).toBe(404)
    expect((await ask('DELETE', `/api/keys/${added.body.id}`)).status).toBe(204)
    expect(await (await get('subscriber', '/alice/jwks.json')).json()).toEqual({ keys: [] })
  })

  test('opens a wallet address in another currency, and renames it', async () => {
    const ask = await signIn('publisher', 'gazette@example.org')
    const made = await ask('POST', '/api/addresses', { path: 'gazette-usd', publicName: 'Gazette', assetCode: 'USD' })
    expect(made).toMatchObject({ status: 201, body: { url: `${pay}/gazette-usd`, assetCode: 'USD', assetScale: 9, main: false } })
    expect((await ask('PATCH', `/api/addresses/${made.body.id}`, { publicName: 'NY' })).status).toBe(200)
    expect(await (await get('publisher', '/gazette-usd')).json()).toMatchObject({ publicName: 'NY', assetCode: 'USD', assetScale: 9 })
    expect((await ask('GET', '/api/addresses')).body.addresses).toHaveLength(2)
    expect((await ask('POST', '/api/keys', { key: shown, walletAddress: made.body.id })).status).toBe(201)
    expect(await (await get('publisher', '/gazette/jwks.json')).json()).toEqual({ keys: [] })
  })

  test.each([
    ['POST', '/api/keys', { key: 'no key' }, '400 key-invalid'],
    ['POST', '/api/keys', { key: shown, walletAddress: 'wadr_00000000000000000000000000' }, '404 wallet-address-unknown'],
    ['POST', '/api/keys', { key: 7 }, '400 wallet-address-invalid'],
    ['POST', '/api/keys', { key: shown, more: 1 }, '400 wallet-address-invalid'],
    ['DELETE', '/api/keys/key_1', undefined, '404 key-unknown'],
    ['POST', '/api/addresses', { path: 'alice', publicName: 'A', assetCode: 'EUR' }, '409 path-taken'],
    ['POST', '/api/addresses', { path: 'API', publicName: 'A', assetCode: 'EUR' }, '400 path-invalid'],
    ['POST', '/api/addresses', { path: 'coins', publicName: 'A', assetCode: 'BEANS' }, '400 wallet-address-invalid'],
    ['PATCH', '/api/addresses/wadr_00000000000000000000000000', { publicName: 'A' }, '404 wallet-address-unknown'],
    ['PATCH', '/api/addresses/7', { publicName: 'A' }, '404 wallet-address-unknown'],
  ] as const)('is refused %s %s with %j: %s', async (method, path, body, refusal) => {
    const ask = await signIn('subscriber', 'alice@example.org')
    const answer = await ask(method, path, body)
    expect(`${answer.status} ${answer.body.error?.code ?? ''}`).toBe(refusal)
  })

  test('is needed, and her own page', async () => {
    expect((await fetch(`${at['subscriber'] ?? ''}/api/keys`)).status).toBe(401)
    const ask = await signIn('subscriber', 'alice@example.org')
    expect((await ask('POST', '/api/keys', { key: shown }, 'https://evil.example')).body.error?.code).toBe('origin-foreign')
  })
})
