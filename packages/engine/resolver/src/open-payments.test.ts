import { createPublicKey, generateKeyPairSync, randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { verifyRequest } from '@rivulet/http-signature'
import { guardedFetch } from '@rivulet/outbound'
import { TestClock } from '@rivulet/time/testing'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Asker } from './granted-requests.ts'
import { Resolver } from './index.ts'

const asker: Asker = { walletAddress: 'https://wallet.example/instance', keyId: 'instance', privateKey: generateKeyPairSync('ed25519').privateKey }
const secret = randomBytes(32)

/** Another wallet with Open Payments, on loopback. It checks every signature. */
class OtherWallet {
  readonly asked: string[] = []
  readonly bodies: unknown[] = []
  readonly tokens = new Set<string>()
  /** What it answers instead. */
  readonly bent: Record<string, { readonly status: number; readonly body?: unknown }> = {}
  readonly clock: TestClock
  url = ''
  #server: Server | undefined
  #count = 0

  constructor(clock: TestClock) {
    this.clock = clock
  }

  async open(): Promise<void> {
    const server = createServer((request, response) => {
      void this.#answer(request).then(({ status, body }) => response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body ?? null)))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    this.#server = server
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  }

  close(): void {
    this.#server?.close()
    this.#server?.closeAllConnections()
  }

  async #answer(request: IncomingMessage): Promise<{ readonly status: number; readonly body?: unknown }> {
    const { method = '', url: path = '', headers } = request
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const body = Buffer.concat(chunks)
    const what = `${method} ${path}`
    this.asked.push(what)
    const bent = this.bent[what]
    if (bent !== undefined) return bent
    if (what === 'GET /bob') return { status: 200, body: { id: `${this.url}/robert`, publicName: 'Bob', assetCode: 'EUR', assetScale: 9, authServer: `${this.url}/auth`, resourceServer: this.url } }
    if (method === 'GET') return { status: 404 }
    verifyRequest({ method, url: `${this.url}${path}`, headers, ...(body.length > 0 && { body }) }, createPublicKey(asker.privateKey), this.clock.nowMs())
    if (body.length > 0) this.bodies.push(JSON.parse(body.toString('utf8')))
    this.#count += 1
    if (path === '/auth') {
      this.tokens.add(`token-${this.#count}`)
      return { status: 200, body: { access_token: { value: `token-${this.#count}`, manage: `${this.url}/t`, expires_in: 600, access: [] }, continue: {} } }
    }
    if (!this.tokens.has(headers.authorization?.replace('GNAP ', '') ?? '')) return { status: 401, body: { error: { code: '401', description: 'Invalid Token' } } }
    if (path.endsWith('/complete')) return { status: 200, body: {} }
    return { status: 201, body: { id: `${this.url}/incoming-payments/${this.#count}`, methods: [{ type: 'cash' }, { type: 'ilp', ilpAddress: `g.other.${this.#count}`, sharedSecret: secret.toString('base64url') }] } }
  }
}

let other: OtherWallet
let resolver: Resolver
const clock = new TestClock()

beforeEach(async () => {
  other = new OtherWallet(clock)
  await other.open()
  resolver = new Resolver({ fetch: guardedFetch({ clock, allowLocal: true }), clock, asker, allowLocal: true })
})
afterEach(() => other.close())

const codeOf = (asked: Promise<unknown>): Promise<string> =>
  asked.then(
    () => 'resolved',
    (error: { code: string }) => error.code,
  )

describe('a wallet address with Open Payments', () => {
  test('is paid by an incoming payment of its own each time, with a grant that is asked for once and a look that holds for a minute', async () => {
    const [one, two] = [await resolver.resolve(`${other.url}/bob`), await resolver.resolve(`${other.url}/bob`)]
    expect(one).toEqual({ paymentPointer: `${other.url}/robert`, destination: 'g.other.2', sharedSecret: secret, asset: { code: 'EUR', scale: 9 }, receiptsEnabled: false, incomingPayment: `${other.url}/incoming-payments/2` })
    expect(two.incomingPayment).not.toBe(one.incomingPayment)
    expect(other.asked).toEqual(['GET /bob', 'POST /auth', 'POST /incoming-payments', 'POST /incoming-payments'])
    expect(other.bodies.slice(0, 2)).toEqual([
      { access_token: { access: [{ type: 'incoming-payment', actions: ['create', 'read-all', 'complete'] }] }, client: asker.walletAddress },
      { walletAddress: `${other.url}/robert`, expiresAt: new Date(clock.nowMs() + 86_400_000).toISOString(), metadata: { source: 'Web Monetization' } },
    ])
    await clock.advance(60_000)
    await resolver.resolve(`${other.url}/bob`)
    expect(other.asked.slice(4)).toEqual(['GET /bob', 'POST /incoming-payments'])
    await clock.advance(530_000)
    await resolver.resolve(`${other.url}/bob`)
    expect(other.asked.slice(6)).toEqual(['GET /bob', 'POST /auth', 'POST /incoming-payments'])
  })

  test('that is only looked at gets no incoming payment', async () => {
    expect(await resolver.lookUp(`${other.url}/bob`)).toEqual({ paymentPointer: `${other.url}/robert`, payee: undefined })
    expect(other.asked).toEqual(['GET /bob'])
  })

  test('is told once that nothing more comes', async () => {
    const payee = await resolver.resolve(`${other.url}/bob`)
    await resolver.complete(payee)
    await resolver.complete(payee)
    await resolver.complete({ incomingPayment: undefined })
    expect(other.asked.slice(3)).toEqual(['POST /incoming-payments/2/complete'])
  })

  test('whose server forgot our token is asked for another, once', async () => {
    await resolver.resolve(`${other.url}/bob`)
    other.tokens.clear()
    expect((await resolver.resolve(`${other.url}/bob`)).destination).toMatch(/^g\.other\./)
    expect(other.asked.slice(3)).toEqual(['POST /incoming-payments', 'POST /auth', 'POST /incoming-payments'])
  })

  test('many who begin at once share one grant', async () => {
    await resolver.lookUp(`${other.url}/bob`)
    await Promise.all(Array.from({ length: 20 }, () => resolver.resolve(`${other.url}/bob`)))
    expect(other.asked.filter((what) => what === 'POST /auth')).toHaveLength(1)
  })

  test.each([
    ['POST /auth', { status: 400, body: { error: { code: 'invalid_client' } } }, 'grant-refused'],
    ['POST /auth', { status: 503 }, 'unreachable'],
    ['POST /auth', { status: 200, body: { access_token: {} } }, 'answer-invalid'],
    ['POST /incoming-payments', { status: 403 }, 'payment-refused'],
    ['POST /incoming-payments', { status: 401 }, 'payment-refused'],
    ['POST /incoming-payments', { status: 429 }, 'unreachable'],
    ['POST /incoming-payments', { status: 201, body: { id: 'https://x.example/1', methods: [] } }, 'answer-invalid'],
    ['POST /incoming-payments', { status: 201, body: { id: 'x', methods: [{ type: 'ilp', ilpAddress: 'g.x', sharedSecret: secret.toString('base64url') }] } }, 'answer-invalid'],
    ['POST /incoming-payments', { status: 201, body: { id: 'https://x.example/1', methods: [{ type: 'ilp', ilpAddress: 'x y', sharedSecret: secret.toString('base64url') }] } }, 'answer-invalid'],
    ['POST /incoming-payments', { status: 201, body: { id: 'https://x.example/1', methods: [{ type: 'ilp', ilpAddress: 'g.x', sharedSecret: 'AAAA' }] } }, 'answer-invalid'],
    ['GET /bob', { status: 503 }, 'unreachable'],
    ['GET /bob', { status: 200, body: { id: 'https://x.example/bob' } }, 'answer-invalid'],
    ['GET /bob', { status: 404 }, 'pointer-not-found'],
  ])('whose %s answers %j is %s, and the next look is a fresh one', async (what, answer, code) => {
    other.bent[what] = answer
    expect(await codeOf(resolver.resolve(`${other.url}/bob`))).toBe(code)
    delete other.bent[what]
    expect(await codeOf(resolver.resolve(`${other.url}/bob`))).toBe('resolved')
  })

  test('that names servers of this machine or without TLS is not followed there outside of the sandbox', async () => {
    const asked: string[] = []
    const strict = guardedFetch({ clock, allowLocal: false })
    const resolve = (authServer: string): Promise<unknown> =>
      new Resolver({
        clock, asker, allowLocal: false,
        fetch: (url, request) => {
          asked.push(String(url))
          if (String(url) !== 'https://public.example/bob') return strict(url, request)
          const body = { id: 'https://public.example/bob', assetCode: 'EUR', assetScale: 9, authServer, resourceServer: authServer }
          return Promise.resolve({ status: 200, headers: { 'content-type': 'application/json' }, url: String(url), body: Buffer.from(JSON.stringify(body)) })
        },
      }).resolve('$public.example/bob')
    expect(await codeOf(resolve(`${other.url}/auth`))).toBe('not-https')
    expect(await codeOf(resolve('https://127.0.0.1/auth'))).toBe('address-forbidden')
    expect(await codeOf(resolve('https://[::1]:5432/auth'))).toBe('address-forbidden')
    expect(other.asked).toEqual([])
    expect(asked).toHaveLength(6)
  })
})
