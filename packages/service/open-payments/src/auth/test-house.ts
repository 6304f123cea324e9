/** For tests: an auth server with real accounts and grants on real PostgreSQL, reached behind a proxy: it listens elsewhere than clients address it. */
import { generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Accounts, accountsMigrations, type Person } from '@rivulet/accounts'
import { Gnap, gnapMigrations } from '@rivulet/gnap'
import { signRequest } from '@rivulet/http-signature'
import { Ledger, ledgerMigrations } from '@rivulet/ledger'
import type { GuardedFetch } from '@rivulet/outbound'
import type { Postgres } from '@rivulet/postgres'
import { testPostgres } from '@rivulet/postgres/testing'
import { systemClock } from '@rivulet/time'
import { TestClock } from '@rivulet/time/testing'
import express, { type Request, type Response } from 'express'
import { answerFaults } from '../answer-faults.ts'
import { createClientKeys } from '../client-keys.ts'
import { OpenPaymentsFault } from '../fault.ts'
import { requireDescribed } from '../described-answer.ts'
import { authServer, authServerApi, consentApi, consentRoutes, createClientNames, grantOf, requireToken } from '../index.ts'
import { instanceKeyOf } from '../instance-key.ts'

export const origin = 'https://wallet.example'
export const alice = `${origin}/alice`
const password = 'correct horse'

export interface Answer {
  readonly status: number
  readonly headers: Headers
  // Whatever the server says: each test looks at what it is about.
  readonly body: Record<string, never> & { readonly error?: { readonly code: string; readonly description: string } }
}

export interface Key {
  readonly keyId: string
  readonly privateKey: KeyObject
  readonly jwk: { readonly kid: string; readonly alg: 'EdDSA'; readonly kty: 'OKP'; readonly crv: 'Ed25519'; readonly x: string }
}

export function newKey(keyId: string): Key {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  return { keyId, privateKey, jwk: { kid: keyId, alg: 'EdDSA', kty: 'OKP', crv: 'Ed25519', x: String(publicKey.export({ format: 'jwk' }).x) } }
}

export interface Asking {
  readonly key?: Key
  readonly token?: string
  readonly body?: unknown
  /** Milliseconds that the client's clock is ahead. */
  readonly aheadMs?: number
  /** Headers that take the place of those that were signed; undefined leaves one out. */
  readonly instead?: Readonly<Record<string, string | undefined>>
  /** Sent in the place of the body that was signed. */
  readonly bodyInstead?: string
  /** Signed in the place of the URL that is asked for. */
  readonly urlSigned?: string
  readonly methodSigned?: string
}

export class TestHouse implements AsyncDisposable {
  readonly clock: TestClock
  readonly postgres: Postgres
  readonly accounts: Accounts
  readonly gnap: Gnap
  readonly person: Person
  /** Registered with the wallet address of Bob, who is the client. */
  readonly key = newKey('bobs-key')
  readonly client = `${origin}/bob`
  /** What other servers answer, by URL. */
  readonly network = new Map<string, unknown>()
  /** What the server has logged. */
  readonly logged: object[] = []
  readonly #ledger: Ledger
  readonly #server: Server

  private constructor(parts: { clock: TestClock; postgres: Postgres; ledger: Ledger; accounts: Accounts; person: Person }) {
    this.clock = parts.clock
    this.postgres = parts.postgres
    this.#ledger = parts.ledger
    this.accounts = parts.accounts
    this.person = parts.person
    const { clock, postgres, accounts } = parts
    this.gnap = new Gnap({ postgres, clock, server: 'wallet' })
    const fetch: GuardedFetch = (url) => {
      const known = this.network.get(String(url))
      return Promise.resolve({ status: known === undefined ? 404 : 200, headers: {}, body: Buffer.from(JSON.stringify(known ?? {})), url: String(url) })
    }
    const log = { error: (fields: object, message: string) => void this.logged.push({ ...fields, message }) }
    const clientKeys = createClientKeys({ accounts, fetch, clock, instance: instanceKeyOf(randomBytes(32), origin), ownOrigins: [origin] })
    const signed = { publicUrl: origin, gnap: this.gnap, clientKeys, clock }
    const spending = () => Promise.resolve({ debit: 123n, asset: { code: 'EUR', scale: 9 }, receive: undefined, receiveAsset: { code: 'EUR', scale: 9 } })
    const app = express()
    app.use(accounts.entrance('subscriber').handler)
    app.use(authServer({ ...signed, clientNames: createClientNames({ accounts, fetch }), accounts, pays: true, log }))
    app.use(consentRoutes({ publicUrl: origin, gnap: this.gnap, accounts, entrance: accounts.entrance('subscriber'), spending, clock, log }))
    const guard = requireToken(signed)
    app.post('/incoming-payments', guard('incoming-payment', 'create'), (request: Request, response: Response) => void response.json({ got: request.body as unknown, client: grantOf(response).token.client }))
    app.get('/incoming-payments', guard('incoming-payment', 'list'), (_request: Request, response: Response) => void response.json({}))
    app.use(answerFaults(log, (error) => (error instanceof OpenPaymentsFault ? { status: error.status, code: error.code, description: error.description } : undefined), String))
    this.#server = createServer(app)
  }

  static async open(): Promise<TestHouse> {
    const clock = new TestClock(systemClock.nowMs())
    const postgres = await testPostgres([ledgerMigrations, accountsMigrations, gnapMigrations])
    const ledger = await Ledger.open({ postgres, clock })
    const entrances = { subscriber: { publicUrl: origin }, publisher: { publicUrl: 'https://pay.example' }, operator: { publicUrl: 'https://operator.example' } }
    const accounts = await Accounts.open({ postgres, ledger, clock, secret: randomBytes(32), entrances, sandbox: true })
    const person = await accounts.createPerson({ role: 'subscriber', email: 'alice@example.org', password, name: 'Alice', path: 'alice' })
    await accounts.createPerson({ role: 'publisher', email: 'mara@example.org', password, name: 'Mara', path: 'mara' })
    const bob = await accounts.createPerson({ role: 'subscriber', email: 'bob@example.org', password, name: 'Bob’s Shop', path: 'bob' })
    const house = new TestHouse({ clock, postgres, ledger, accounts, person })
    await house.register(bob, house.key)
    await new Promise<void>((resolve) => house.#server.listen(0, '127.0.0.1', resolve))
    return house
  }

  /** Registers a key with the person's wallet address; returns how it is revoked. */
  async register({ id, walletAddress }: Person, key: Key): Promise<() => Promise<void>> {
    if (walletAddress === undefined) throw new Error('a subscriber has a wallet address')
    const registered = await this.accounts.addKey(walletAddress.id, Buffer.from(JSON.stringify(key.jwk)).toString('base64'))
    return () => this.accounts.revokeKey(id, registered.id)
  }

  /** Asks as a client does, signed for the public URL; what is answered must be as the API reference says. @param url a path, or what the server has named */
  async ask(method: string, url: string, asking: Asking = {}): Promise<Answer> {
    const { key = this.key, token, body, aheadMs = 0, instead = {}, urlSigned, methodSigned } = asking
    const target = new URL(url, origin)
    const sent = body === undefined ? undefined : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))
    const plain: Record<string, string> = { 'content-type': 'application/json', ...(token !== undefined && { authorization: `GNAP ${token}` }) }
    const signature = signRequest({ method: methodSigned ?? method, url: urlSigned ?? target.href, headers: plain, body: sent }, key, this.clock.nowMs() + aheadMs)
    const { 'content-length': _length, ...signing } = signature
    const headers = Object.entries({ ...plain, ...signing, ...instead }).filter((entry): entry is [string, string] => entry[1] !== undefined)
    const bodySent = asking.bodyInstead ?? sent
    const answer = await this.#fetch(target.pathname + target.search, { method, headers, ...(bodySent !== undefined && { body: bodySent }) })
    requireDescribed(authServerApi, { method, path: target.pathname, ...answer })
    return answer
  }

  /** Asks as a page of the wallet does. What is done is answered as the API reference says, field by field: throws otherwise. */
  async browse(method: string, url: string, { cookie, from = origin, body }: { readonly cookie?: string; readonly from?: string; readonly body?: object } = {}): Promise<Answer> {
    const { pathname, search } = new URL(url, origin)
    const answer = await this.#fetch(pathname + search, { method, redirect: 'manual', headers: { ...(method !== 'GET' && { origin: from }), ...(cookie !== undefined && { cookie }), ...(body !== undefined && { 'content-type': 'application/json' }) }, ...(body !== undefined && { body: JSON.stringify(body) }) })
    requireDescribed({ ...consentApi, ...authServerApi }, { method, path: pathname, ...answer })
    return answer
  }

  /** A session cookie. */
  async signIn(name: 'alice' | 'bob'): Promise<string> {
    const body = JSON.stringify({ email: `${name}@example.org`, password })
    const { headers } = await this.#fetch('/api/auth/sign-in/email', { method: 'POST', headers: { origin, 'content-type': 'application/json' }, body })
    // Its library has a clock of its own.
    await this.postgres.pool.query('update accounts.session set created_at = $1', [new Date(this.clock.nowMs())])
    return headers.getSetCookie().map((cookie) => cookie.split(';')[0]).join('; ')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close()
    await this.gnap[Symbol.asyncDispose]()
    await this.accounts[Symbol.asyncDispose]()
    await this.#ledger[Symbol.asyncDispose]()
    await this.postgres[Symbol.asyncDispose]()
  }

  async #fetch(path: string, init: RequestInit): Promise<Answer> {
    const response = await fetch(`http://127.0.0.1:${(this.#server.address() as AddressInfo).port}${path}`, init)
    const text = await response.text()
    return { status: response.status, headers: response.headers, body: (response.headers.get('content-type')?.includes('json') === true ? JSON.parse(text) : {}) as Answer['body'] }
  }
}
