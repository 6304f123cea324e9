/** Every door of the product against bytes, bodies and methods that no client of ours sends: refused with a reason, never a 500, and the product goes on paying. */
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { ContentType, encodeFrame, type Frame, FrameType } from '@rivulet/btp'
import { encodePrepare } from '@rivulet/ilp'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { answerOf, balanceOf, verified } from './support/books.ts'
import { controlUrlOf } from './support/control.ts'
import { Server } from './support/product.ts'
import { sandboxFolder } from './support/shared-folder.ts'
import { Random } from './support/random.ts'
import { Reader } from './support/reader.ts'

/** The last one only this machine reaches. */
type DoorName = 'wallet' | 'receiver' | 'operator' | 'demo' | 'control'
const doors: readonly DoorName[] = ['wallet', 'receiver', 'operator', 'demo', 'control']
const site = 'https://news.example'

const resources = new AsyncDisposableStack()
let folder: string
let product: Server
let secrets: { readonly peer: string; readonly control: string }

beforeAll(async () => {
  folder = resources.use(await sandboxFolder()).path
  product = resources.use(await Server.start(['up', '--port', '0', '--data', folder]))
  secrets = JSON.parse(readFileSync(join(folder, 'secrets.json'), 'utf8')) as typeof secrets
})
afterAll(() => resources.disposeAsync())
afterEach(() => {
  if (!product.isRunning) throw new Error(`the product ended: ${product.errors}`)
})

interface Answer {
  readonly status: number
  readonly code: string | undefined
  readonly message: string | undefined
}

function urlOf(door: DoorName): string {
  return door === 'control' ? controlUrlOf(folder) : product.ready[door]
}

async function ask(door: DoorName, path: string, init: RequestInit = {}): Promise<Answer> {
  const response = await fetch(urlOf(door) + path, init)
  const text = await response.text()
  const isJson = response.headers.get('content-type')?.includes('json') === true
  const body = (isJson && text !== '' ? JSON.parse(text) : {}) as Partial<Answer> & { error?: Partial<Answer> }
  // The library behind sign-in has a form of its own.
  const { code, message } = body.error ?? body
  return { status: response.status, code, message }
}

interface Route {
  readonly door: DoorName
  readonly path: string
  readonly method?: string
  /** Signed in as the door's demo person, or with the control token. */
  readonly as?: 'person' | 'command'
}

/** Every door that takes a body. */
const routes: readonly Route[] = [
  { door: 'wallet', path: '/agent/challenges' },
  { door: 'wallet', path: '/agent/redeem' },
  { door: 'wallet', path: '/api/pause', as: 'person' },
  { door: 'wallet', path: `/api/connections/conn_${'0'.repeat(26)}`, method: 'PATCH', as: 'person' },
  { door: 'receiver', path: '/api/webhooks', as: 'person' },
  { door: 'control', path: '/control/streams', as: 'command' },
  ...(['wallet', 'receiver', 'operator'] as const).flatMap((door) => ['/api/auth/sign-up/email', '/api/auth/sign-in/email', '/api/auth/change-password'].map((path) => ({ door, path }))),
]

const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth)

const bodies: readonly { readonly what: string; readonly body: string | Uint8Array<ArrayBuffer>; readonly headers?: Readonly<Record<string, string>> }[] = [
  { what: 'no JSON', body: '{"site":' },
  { what: 'nothing', body: '' },
  { what: 'null', body: 'null' },
  { what: 'a list', body: '[]' },
  { what: 'a number', body: '7' },
  { what: 'wrong types', body: JSON.stringify({ site: 7, code: [], paused: 'yes', blocked: 1, capPerMonth: -1, as: {}, pointer: null, seconds: '1e9', email: 4, password: {}, name: [], newPassword: 1, currentPassword: null }) },
  { what: 'missing fields', body: '{}' },
  { what: 'fields that nobody knows', body: JSON.stringify({ __proto__x: 1, constructor: { prototype: 1 } }) },
  { what: 'a body deep as a well', body: nested(1_500) },
  { what: 'a body of 100 kB', body: JSON.stringify({ site: 'x'.repeat(100_000), email: 'x'.repeat(100_000) }) },
  { what: 'bytes that are no text', body: Uint8Array.from(randomBytes(512)) },
  { what: 'a NUL inside a text', body: JSON.stringify({ site: 'https://a\u0000.example', code: '\u0000', as: '\u0000', pointer: '$a\u0000', seconds: 1, email: 'a\u0000@b.example', password: '\u0000'.repeat(8), name: '\u0000', currentPassword: 'a', newPassword: 'b'.repeat(8) }) },
  { what: 'a lone surrogate', body: '{"site":"\\ud800","code":"\\ud800","as":"\\ud800","pointer":"\\ud800","seconds":1,"email":"\\ud800@example.com","password":"\\ud800aaaaaaa","name":"\\ud800"}' },
  { what: 'another type of content', body: 'site=https://news.example', headers: { 'content-type': 'application/x-www-form-urlencoded' } },
  { what: 'a compression that is none', body: 'abc', headers: { 'content-encoding': 'gzip' } },
  { what: 'a compression that nobody knows', body: 'abc', headers: { 'content-encoding': 'zip' } },
  { what: 'a charset that nobody knows', body: '{}', headers: { 'content-type': 'application/json; charset=klingon' } },
]

const people = { wallet: 'alice', receiver: 'mara', operator: 'olivia' }

/** A session of the demo person of a door. */
async function cookieOf(door: keyof typeof people): Promise<string> {
  const origin = product.ready[door]
  const response = await fetch(`${origin}/api/auth/sign-in/email`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin },
    body: JSON.stringify({ email: `${people[door]}@demo.example`, password: 'rivulet-demo' }),
  })
  expect(response.status).toBe(200)
  return response.headers.getSetCookie().map((line) => line.split(';')[0]).join('; ')
}

describe('HTTP', () => {
  test.each(bodies)('$what is refused at every door that takes a body, with a reason', async ({ body, headers }) => {
    const cookie = await cookieOf('wallet')
    for (const { door, path, method = 'POST', as } of routes) {
      const origin = as === 'command' ? undefined : urlOf(door)
      const answered = await ask(door, path, {
        method,
        body,
        headers: { 'content-type': 'application/json', ...(origin !== undefined && { origin }), ...(as === 'person' && { cookie }), ...(as === 'command' && { authorization: `Bearer ${secrets.control}` }), ...headers },
      })
      expect({ at: `${method} ${door}${path}`, ...answered }).toEqual({
        at: `${method} ${door}${path}`,
        status: expect.toSatisfy((status: number) => status >= 400 && status < 500) as number,
        code: expect.stringMatching(/^[a-zA-Z_-]+$/) as string,
        message: expect.stringMatching(/.{5}/) as string,
      })
    }
  })

  test.each(['GET', 'PUT', 'DELETE', 'OPTIONS', 'PROPFIND'])('the method %s where it means nothing is refused', async (method) => {
    for (const { door, path, as } of routes) {
      const headers = { origin: urlOf(door), ...(as === 'command' && { authorization: `Bearer ${secrets.control}` }) }
      const { status } = await ask(door, path, { method, headers })
      // A page of any origin may ask the receiver which methods it takes.
      const fits = (status >= 400 && status < 500) || (method === 'OPTIONS' && status < 300)
      expect({ at: `${method} ${door}${path}`, status, fits }).toMatchObject({ fits: true })
    }
  })

  test.each([
    ['wallet', '/%'], ['wallet', '/%ff%fe'], ['wallet', '/%00'], ['wallet', '/..%2f..%2fsecrets.json'], ['wallet', `/api/connect/${'a'.repeat(5_000)}`], ['wallet', '/api/connect/%00'],
    ['wallet', '/assets/..%2f..%2f..%2fpackage.json'], ['wallet', '/assets/%00'], ['wallet', '/agent/elsewhere'], ['wallet', '/control/streams'], ['control', '/control/elsewhere'], ['control', '/'], ['wallet', '/api/auth/__proto__'],
    ['receiver', '/%'], ['receiver', '/%00'], ['receiver', '/nobody'], ['receiver', `/${'a'.repeat(3_000)}`], ['receiver', '/api/elsewhere'],
    ['operator', '/%c0'], ['operator', '/api/elsewhere'], ['demo', '/%'], ['demo', '/nothing-here'], ['demo', '/..%2f..%2fpackage.json'],
  ] as const)('%s has nothing at %s, and says so', async (door, path) => {
    const { status } = await ask(door, path, { headers: { accept: 'application/spsp4+json' } })
    expect(status).toBeGreaterThanOrEqual(400)
    expect(status).toBeLessThan(500)
  })

  test('without signing in nothing of anybody is shown', async () => {
    for (const [door, path] of [['wallet', '/api/me'], ['receiver', '/api/me'], ['operator', '/api/overview'], ['operator', '/api/live']] as const) {
      expect(await ask(door, path)).toMatchObject({ status: 401, code: 'signed-out' })
      expect(await ask(door, path, { headers: { cookie: 'rivulet-wallet.session_token=abc.def; rivulet-receiver.session_token=x; rivulet-operator.session_token=%zz' } })).toMatchObject({ status: 401, code: 'signed-out' })
    }
  })

  test('a session of one role opens no door of another', async () => {
    const cookie = `${await cookieOf('wallet')}; ${await cookieOf('receiver')}`
    for (const path of ['/api/overview', '/api/live']) expect(await ask('operator', path, { headers: { cookie } })).toMatchObject({ status: 401 })
    const renamed = (await cookieOf('wallet')).replaceAll('rivulet-wallet', 'rivulet-operator')
    expect(await ask('operator', '/api/overview', { headers: { cookie: renamed } })).toMatchObject({ status: 401 })
  })

  test('commands have a door of their own on the loopback interface, and the public ones know nothing of it, whoever asks', async () => {
    expect(new URL(controlUrlOf(folder)).hostname).toBe('127.0.0.1')
    const body = JSON.stringify({ as: 'nobody', pointer: `${product.ready.receiver}/mara`, seconds: 1 })
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${secrets.control}` }
    for (const door of doors.filter((name) => name !== 'control')) expect({ door, ...(await ask(door, '/control/streams', { method: 'POST', headers, body })) }).toMatchObject({ door, status: 404 })
    expect(await ask('control', '/control/streams', { method: 'POST', headers, body })).toMatchObject({ status: 400, code: 'person-unknown' })
  })

  test('a command without the token of the data folder, or a page that has it, is refused', async () => {
    const body = JSON.stringify({ as: 'alice', pointer: `${product.ready.receiver}/mara`, seconds: 1 })
    const json = { 'content-type': 'application/json' }
    for (const headers of [json, { ...json, authorization: 'Bearer wrong' }, { ...json, authorization: `Bearer ${secrets.control}`, origin: product.ready.wallet }]) {
      expect(await ask('control', '/control/streams', { method: 'POST', headers, body })).toMatchObject({ status: 401, code: 'token-invalid' })
    }
  })
})

/** What a server first answers to raw bytes, or nothing when it hangs up; `leave` hangs up after the last byte. */
async function raw(door: DoorName, bytes: string | Buffer, leave = false): Promise<string> {
  const { port } = new URL(urlOf(door))
  const socket = connect(Number(port), '127.0.0.1')
  const answer = new Promise<string>((resolve) => {
    socket.once('data', (chunk) => resolve(chunk.toString('latin1')))
    socket.once('close', () => resolve(''))
  })
  socket.on('error', () => undefined)
  if (leave) socket.end(bytes)
  else socket.write(bytes)
  const heard = await answer
  socket.destroy()
  return heard
}

describe('bytes', () => {
  test('that are no HTTP, or half of it, end their connection and nothing else', async () => {
    for (const door of doors) {
      expect(await raw(door, 'what is this\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 /)
      expect(await raw(door, `GET / HTTP/1.1\r\nhost: a\r\nx: ${'y'.repeat(40_000)}\r\n\r\n`)).toMatch(/^HTTP\/1\.1 431 /)
      expect(await raw(door, 'POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nhello')).toMatch(/^HTTP\/1\.1 400 /)
      expect(await raw(door, 'POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n')).toMatch(/^(HTTP\/1\.1 4|$)/)
      await raw(door, 'GET / HT', true)
      await raw(door, randomBytes(2_000), true)
    }
  })

  test.each(['/', '/nothing', '/btp/more', '/agent/socket/more', '/api/live', '//', '/%', 'http://elsewhere.example:99999/'])('an upgrade to %s is refused at once, at every door', async (path) => {
    for (const door of doors) {
      const answer = await raw(door, `GET ${path} HTTP/1.1\r\nhost: localhost\r\nconnection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: ${randomBytes(16).toString('base64')}\r\n\r\n`)
      // A door that takes no upgrade at all may answer as if none was asked for.
      expect(answer).toMatch(/^HTTP\/1\.1 (?!101)[2-4]/)
    }
  })

  test('an upgrade that is no WebSocket is refused at the doors that take some', async () => {
    for (const [door, path] of [['receiver', '/btp'], ['wallet', '/agent/socket']] as const) {
      expect(await raw(door, `GET ${path} HTTP/1.1\r\nhost: localhost\r\norigin: ${product.ready.wallet}\r\nconnection: Upgrade\r\nupgrade: h2c\r\n\r\n`)).toMatch(/^HTTP\/1\.1 4/)
    }
  })
})

/** Opens a WebSocket, says everything, and resolves to how it ended. */
async function speak(url: string, origin: string | undefined, say: readonly (string | Buffer)[]): Promise<number> {
  const socket = new WebSocket(url, { perMessageDeflate: false, ...(origin !== undefined && { headers: { origin } }) })
  socket.on('error', () => undefined)
  const closed = new Promise<number>((resolve) => socket.once('close', resolve))
  socket.once('open', () => say.forEach((message) => socket.send(message)))
  return closed
}

const auth = (token: string): Frame => ({
  type: FrameType.message,
  requestId: 1,
  protocols: [
    { name: 'auth', contentType: ContentType.octets, data: Buffer.alloc(0) },
    { name: 'auth_username', contentType: ContentType.text, data: Buffer.from('wallet') },
    { name: 'auth_token', contentType: ContentType.text, data: Buffer.from(token) },
  ],
})

const ilp = (data: Buffer): Buffer => encodeFrame({ type: FrameType.message, requestId: 2, protocols: [{ name: 'ilp', contentType: ContentType.octets, data }] })

describe('BTP', () => {
  const btp = (): string => `${product.ready.receiver.replace('http', 'ws')}/btp`
  const prepare = encodePrepare({ amount: 1_000n, expiresAtMs: Date.now() + 60_000, condition: Buffer.alloc(32, 1), destination: 'test.rivulet.receiver.nobody', data: Buffer.alloc(64) })

  test.each([
    ['a text', ['hello']],
    ['no bytes', [Buffer.alloc(0)]],
    ['random bytes', [randomBytes(300)]],
    ['half of an auth frame', [encodeFrame(auth('x')).subarray(0, 20)]],
    ['a packet before auth', [ilp(prepare)]],
    ['a wrong token', [encodeFrame(auth('wrong'))]],
    ['an empty token', [encodeFrame(auth(''))]],
    ['a frame larger than any', [Buffer.alloc(200_000)]],
  ])('%s from a stranger ends the connection', async (_what, say) => {
    expect(await speak(btp(), undefined, say)).toBeGreaterThan(1_000)
  })

  test.each([
    ['a text', 'hello'],
    ['random bytes', randomBytes(300)],
    ['half of a packet', ilp(prepare.subarray(0, 40))],
    ['half of a frame', ilp(prepare).subarray(0, 60)],
    ['a packet that says it is longer', ilp(Buffer.concat([Buffer.from([12, 0x84, 0xff, 0xff, 0xff, 0xff]), prepare.subarray(2)]))],
    ['a frame larger than any', Buffer.alloc(200_000)],
  ])('%s from a peer ends its connection, and no other', async (_what, message) => {
    expect(await speak(btp(), undefined, [encodeFrame(auth(secrets.peer)), message])).toBeGreaterThan(1_000)
  })

  test('a thousand broken frames, whose seed is known, credit nothing', async () => {
    const random = new Random(7_410)
    const good = ilp(prepare)
    for (let round = 0; round < 20; round += 1) {
      const frames = Array.from({ length: 50 }, () => {
        const bytes = Buffer.from(good)
        for (let change = random.between(1, 5); change > 0; change -= 1) bytes[random.between(0, bytes.length)] = random.between(0, 256)
        return bytes.subarray(0, random.between(0, 4) === 0 ? random.between(0, bytes.length) : bytes.length)
      })
      const socket = new WebSocket(btp(), { perMessageDeflate: false })
      socket.on('error', () => undefined)
      const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
      socket.once('open', () => {
        socket.send(encodeFrame(auth(secrets.peer)))
        for (const frame of frames) socket.send(frame)
        socket.close()
      })
      await closed
    }
    expect(await balanceOf('mara', folder)).toMatchObject({ posted: '0', accrued: '0' })
  })
})

describe('the agent’s socket', () => {
  const agent = (): string => `${product.ready.wallet.replace('http', 'ws')}/agent/socket`
  const attach = JSON.stringify({ type: 'attach', site, visible: true })

  test.each([
    ['no JSON', ['{'], 1008],
    ['bytes', [randomBytes(10)], 1008],
    ['null', ['null'], 1008],
    ['a message of no kind', ['{"type":"pay","amount":"1000"}'], 1008],
    ['a message with a field too many', [JSON.stringify({ type: 'attach', site, visible: true, token: 'x' })], 1008],
    ['a start before attach', [JSON.stringify({ type: 'start', requestId: 'one', pointer: '$example.com' })], 1008],
    ['a site that is none', [JSON.stringify({ type: 'attach', site: 'nowhere', visible: true })], 1008],
    ['a second attach', [attach, attach], 1008],
    ['a message of 100 kB', [JSON.stringify({ type: 'attach', site: 'x'.repeat(100_000), visible: true })], 1009],
    ['a flood', [attach, ...Array.from({ length: 200 }, () => '{"type":"beat"}')], 1008],
  ])('%s closes it with a reason', async (_what, say, code) => {
    expect(await speak(agent(), product.ready.wallet, say)).toBe(code)
  })

  test('a pointer that is none is answered, and the socket goes on', async () => {
    const reader = new Reader(product.ready.wallet)
    using socket = await reader.open(site)
    socket.say({ type: 'start', requestId: 'one', pointer: 'javascript:alert(1)' })
    socket.say({ type: 'start', requestId: 'two', pointer: `${product.ready.receiver}/nobody` })
    await socket.until((heard) => heard.filter(({ type }) => type === 'failed').length === 2)
    expect(socket.heard.filter(({ type }) => type === 'failed')).toEqual([expect.objectContaining({ requestId: 'one', code: 'pointer-invalid' }), expect.objectContaining({ requestId: 'two', code: 'pointer-not-found' })])
  })
})

test('after all this nothing was logged as a failure, the books are right, nobody has paid, and a stream pays', async () => {
  expect(product.errors).not.toMatch(/"level":(50|60)/)
  expect(await balanceOf('alice', folder)).toMatchObject({ posted: '5000000000', pending: '0', accrued: '0' })
  const summary = await answerOf<{ sent: { value: string } }>(['stream', `${product.ready.receiver}/mara`, '--seconds', '2', '--data', folder])
  expect(BigInt(summary.sent.value)).toBeGreaterThan(0n)
  expect(await verified(folder)).toMatchObject({ ok: true, problems: [], streamsInDoubt: 0 })
})
