/** Mutated bodies, headers and messages at the doors of a real product: refused with a reason or served, never a 500, and nobody pays by accident. `RIVULET_SEED=n` runs another seed. */
import { createPublicKey } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { balanceOf, verified } from '../support/books.ts'
import { controlUrlOf } from '../support/control.ts'
import { newClientKey, signed } from '../support/paying.ts'
import { Server } from '../support/product.ts'
import { sandboxFolder } from '../support/shared-folder.ts'
import { mutatedJson, mutatedText } from './mutations.ts'
import { parser, type Parser } from './parsers.ts'
import { fuzz } from './run.ts'

const seed = Number(process.env['RIVULET_SEED'] ?? 1)
const runs = process.env['RIVULET_TEST_LONG'] === '1' ? 3_000 : 150
const site = 'https://news.example'
const resources = new AsyncDisposableStack()
let folder: string
let product: Server
let cookies: Readonly<Record<string, string>>
let control: string
let asked = 0

/** Each request comes from an address of its own, as a proxy would say: limits per address are another test's. */
const elsewhere = (): Record<string, string> => {
  asked += 1
  return { 'x-forwarded-for': `10.${(asked >> 16) & 255}.${(asked >> 8) & 255}.${asked & 255}` }
}

beforeAll(async () => {
  folder = resources.use(await sandboxFolder()).path
  product = resources.use(await Server.start(['up', '--port', '0', '--data', folder], { RIVULET_PROXY_HOPS: '1' }))
  control = (JSON.parse(readFileSync(join(folder, 'secrets.json'), 'utf8')) as { control: string }).control
  const sessionAt = async (door: 'wallet' | 'receiver', email: string): Promise<string> => {
    const origin = product.ready[door]
    const response = await fetch(`${origin}/api/auth/sign-in/email`, { method: 'POST', headers: { 'content-type': 'application/json', origin, ...elsewhere() }, body: JSON.stringify({ email, password: 'rivulet-demo' }) })
    return response.headers.getSetCookie().map((line) => line.split(';')[0]).join('; ')
  }
  cookies = { wallet: await sessionAt('wallet', 'ben@demo.example'), receiver: await sessionAt('receiver', 'mara@demo.example') }
})
afterAll(() => resources.disposeAsync())

interface Question {
  readonly door: 'wallet' | 'receiver' | 'control'
  readonly path: string
  readonly method: string
  readonly body?: string
  readonly headers?: Record<string, string>
  /** Commands come from no page. */
  readonly as?: 'person' | 'command' | undefined
}

async function ask({ door, path, method, body, headers = {}, as }: Question): Promise<void> {
  const origin = door === 'control' ? controlUrlOf(folder) : product.ready[door]
  const response = await fetch(origin + path, { method, headers: { 'content-type': 'application/json', ...(as !== 'command' && { origin }), ...elsewhere(), ...headers }, ...(body !== undefined && { body }) })
  const said = await response.text()
  if (response.status >= 500) throw new Error(`${method} ${path}: ${response.status} ${said.slice(0, 300)}`)
  if (response.status >= 400 && !/"code":"[a-zA-Z_-]+"/.test(said)) throw new Error(`${method} ${path}: ${response.status} without a code: ${said.slice(0, 300)}`)
  if (!product.isRunning) throw new Error(`the product ended: ${product.errors}`)
}

const person = { name: 'A reader', email: 'a@readers.example', password: 'correct horse' }
const bodies: readonly { readonly what: string; readonly door: Question['door']; readonly method?: string; readonly paths: readonly string[]; readonly valid: readonly object[]; readonly as?: 'person' | 'command' }[] = [
  { what: 'the agent', door: 'wallet', paths: ['/agent/challenges', '/agent/redeem'], valid: [{ site }, { site, code: 'c'.repeat(43) }] },
  { what: 'a subscriber', door: 'wallet', paths: ['/api/pause', `/api/connect/${'x'.repeat(43)}/consent`], valid: [{ paused: true }, { paused: false }], as: 'person' },
  { what: 'a subscriber’s connections', door: 'wallet', method: 'PATCH', paths: [`/api/connections/conn_${'0'.repeat(26)}`, '/api/connections/x'], valid: [{ blocked: true, capPerMonth: '1000' }, { capPerMonth: null }], as: 'person' },
  // Never a receiver that exists: what is well-formed is served for a second.
  { what: 'a command', door: 'control', paths: ['/control/streams'], valid: [{ as: 'nobody', pointer: '$localhost:1/mara', seconds: 1 }], as: 'command' },
  { what: 'sign-in', door: 'receiver', paths: ['/api/auth/sign-in/email', '/api/auth/sign-up/email'], valid: [person] },
]

const grantRequests = [
  { access_token: { access: [{ type: 'quote', actions: ['create', 'read'] }] }, client: { jwk: {} } },
  {
    access_token: { access: [{ type: 'outgoing-payment', actions: ['create'], identifier: 'https://wallet.example/ben', limits: { debitAmount: { value: '5', assetCode: 'EUR', assetScale: 9 }, interval: 'R/2026-01-31T10:00:00Z/P1M' } }] },
    interact: { start: ['redirect'], finish: { method: 'redirect', uri: 'https://shop.example/back', nonce: 'n' } }, client: { walletAddress: 'https://wallet.example/ben' },
  },
]
const amountOf = (value: string) => ({ value, assetCode: 'EUR', assetScale: 9 })

/** Signed as a client would sign it: its key lets it in, and what is inside is as wrong as can be. */
describe('whatever a client signs', () => {
  const key = newClientKey()
  const { x } = createPublicKey(key.privateKey).export({ format: 'jwk' })
  const jwk = { kid: key.keyId, alg: 'EdDSA', kty: 'OKP', crv: 'Ed25519', x }
  const post = async (url: string, body: string, token?: string): Promise<Record<string, unknown>> => {
    const answer = await signed('POST', url, { key, token, body, headers: elsewhere() })
    if (answer.status >= 500) throw new Error(`${url}: ${answer.status} ${JSON.stringify(answer.body)}`)
    if (!product.isRunning) throw new Error(`the product ended: ${product.errors}`)
    return answer.body
  }

  test('to the auth server is granted or refused', { timeout: 600_000 }, async () => {
    const bodies = fc.constantFrom(...grantRequests).map((given) => ({ ...given, client: 'jwk' in given.client ? { jwk } : given.client }))
    const one = parser(mutatedJson(bodies), async (body) => void (await post(`${product.ready.wallet}/auth`, body)))
    expect(await fuzz(one, { name: 'grant requests', seed, runs })).toBeUndefined()
  })

  test('to the resource server is made or refused, and pays nobody', { timeout: 600_000 }, async () => {
    const tokenAt = async (origin: string, type: string): Promise<string> => ((await post(`${origin}/auth`, JSON.stringify({ access_token: { access: [{ type, actions: ['create'] }] }, client: { jwk } })))['access_token'] as { value: string }).value
    const tokens = { wallet: await tokenAt(product.ready.wallet, 'quote'), receiver: await tokenAt(product.ready.receiver, 'incoming-payment') }
    const walletAddress = `${product.ready.wallet}/ben`
    const incoming = { walletAddress: `${product.ready.receiver}/mara`, incomingAmount: amountOf('100'), expiresAt: '2099-01-01T00:00:00Z', metadata: { a: { b: ['c'] } } }
    const quote = { walletAddress, receiver: `${product.ready.receiver}/incoming-payments/inpm_00000000000000000000000000`, method: 'ilp', debitAmount: amountOf('100') }
    const one = parser(fc.oneof(mutatedJson(fc.constant(incoming)).map((body) => ['receiver', '/incoming-payments', body] as const), mutatedJson(fc.constant(quote)).map((body) => ['wallet', '/quotes', body] as const)), async ([door, path, body]) => {
      await post(product.ready[door] + path, body, tokens[door])
    })
    expect(await fuzz(one, { name: 'open payments bodies', seed, runs })).toBeUndefined()
  })
})

describe('whatever is posted', () => {
  test.each(bodies)('as $what is served or refused with a reason', { timeout: 600_000 }, async ({ what, door, method = 'POST', paths, valid, as }) => {
    const headers = { ...(as === 'person' && { cookie: cookies[door] ?? '' }), ...(as === 'command' && { authorization: `Bearer ${control}` }) }
    const one = parser(fc.tuple(fc.constantFrom(...paths), mutatedJson(fc.constantFrom(...valid))), ([path, body]) => ask({ door, path, method, body, headers, as }))
    expect(await fuzz(one, { name: what, seed, runs })).toBeUndefined()
  })

  test('in the path and the headers of a payment pointer is served or refused with a reason', { timeout: 600_000 }, async () => {
    const header = mutatedText(fc.constantFrom('application/spsp4+json', 'AAAAAAAAAAAAAAAAAAAAAA==', Buffer.alloc(32, 1).toString('base64'))).map((text) => text.replaceAll(/[^\x20-\x7e]/g, '').trim())
    const one = parser(fc.tuple(mutatedText(fc.constant('mara')), header, header), ([path, nonce, secret]) =>
      ask({ door: 'receiver', path: `/${encodeURIComponent(path.toWellFormed())}`, method: 'GET', headers: { accept: 'application/spsp4+json', 'receipt-nonce': nonce, 'receipt-secret': secret } }))
    expect(await fuzz(one, { name: 'pointer', seed, runs })).toBeUndefined()
  })
})

/** Says everything, then leaves; resolves to the code that the wallet closed with, or 1005 when it was we who left. */
async function say(messages: readonly string[]): Promise<number> {
  const socket = new WebSocket(`${product.ready.wallet.replace('http', 'ws')}/agent/socket`, { headers: { origin: product.ready.wallet, ...elsewhere() } })
  socket.on('error', () => undefined)
  const closed = new Promise<number>((resolve) => socket.once('close', resolve))
  socket.once('open', () => {
    for (const message of messages) socket.send(message)
    socket.close()
  })
  return closed
}

const attach = { type: 'attach', site, visible: true }
const messages: readonly object[] = [
  attach, { type: 'start', requestId: 'r1', pointer: '$localhost:1/mara' }, { type: 'stop', requestId: 'r1', final: true }, { type: 'visible', visible: false }, { type: 'beat' },
]

test('whatever an agent says on its socket is served or closes it with a reason', { timeout: 600_000 }, async () => {
  const talk: Parser = parser(fc.tuple(fc.boolean(), fc.array(mutatedJson(fc.constantFrom(...messages)), { minLength: 1, maxLength: 5 })), async ([attached, said]) => {
    const code = await say([...(attached ? [JSON.stringify(attach)] : []), ...said])
    // 1005 and 1000: we left; 1007 to 1009: refused. 1013 would mean that something unforeseen was thrown.
    if (![1000, 1005, 1007, 1008, 1009].includes(code)) throw new Error(`closed with ${code}`)
    if (!product.isRunning) throw new Error(`the product ended: ${product.errors}`)
  })
  expect(await fuzz(talk, { name: 'agent', seed, runs })).toBeUndefined()
})

test('after all this nothing was logged as a failure, nobody has paid and the books are right', async () => {
  expect(product.errors).not.toMatch(/"level":(50|60)/)
  expect(await balanceOf('ben', folder)).toMatchObject({ posted: '5000000000', pending: '0', accrued: '0' })
  expect(await verified(folder)).toMatchObject({ ok: true, problems: [], streamsInDoubt: 0 })
})
