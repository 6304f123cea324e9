import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Seal } from '@rivulet/ids'
import { Ledger, ledgerMigrations } from '@rivulet/ledger'
import { Mails, notifyMigrations } from '@rivulet/notify'
import type { Postgres } from '@rivulet/postgres'
import { testPostgres } from '@rivulet/postgres/testing'
import { systemClock } from '@rivulet/time'
import { TestClock } from '@rivulet/time/testing'
import express from 'express'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Accounts, accountsMigrations } from './index.ts'

const resources = new AsyncDisposableStack()
const clock = new TestClock(Date.now())
let postgres: Postgres
let mails: Mails
let accounts: Accounts
let origin: string

beforeAll(async () => {
  postgres = resources.use(await testPostgres([ledgerMigrations, notifyMigrations, accountsMigrations]))
  const ledger = resources.use(await Ledger.open({ postgres, clock: systemClock }))
  mails = resources.use(new Mails({ postgres, clock, mailbox: true, server: undefined, seal: new Seal(Buffer.alloc(32, 7)), random: () => 1, log: { warn: () => undefined } }))
  const app = express()
  const server = createServer(app)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  resources.defer(() => new Promise<void>((resolve) => server.close(() => resolve())))
  origin = `http://localhost:${(server.address() as AddressInfo).port}`
  accounts = resources.use(await Accounts.open({
    postgres, ledger, clock, mails, secret: Buffer.alloc(32, 7), sandbox: false,
    entrances: { subscriber: { publicUrl: origin }, publisher: { publicUrl: 'https://pay.example' }, operator: { publicUrl: 'http://localhost:4002' } },
  }))
  app.use(accounts.entrance('subscriber').handler)
  app.use((error: Error & { status?: number }, _request: express.Request, response: express.Response, _next: express.NextFunction) => void response.status(error.status ?? 500).json({ message: error.message }))
})
afterAll(() => resources.disposeAsync())

interface Answer {
  readonly status: number
  readonly body: Record<string, unknown>
  readonly cookie: string
}

async function ask(method: string, path: string, { body, cookie = '', from = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0' }: { readonly body?: object; readonly cookie?: string; readonly from?: string } = {}): Promise<Answer> {
  // The limit for one address is another test's.
  await postgres.pool.query('delete from accounts.rate_limit')
  const response = await fetch(`${origin}${path}`, { method, headers: { origin, cookie, 'user-agent': from, ...(body !== undefined && { 'content-type': 'application/json' }) }, ...(body !== undefined && { body: JSON.stringify(body) }) })
  const text = await response.text()
  return { status: response.status, body: text === '' ? {} : ((JSON.parse(text) ?? {}) as Record<string, unknown>), cookie: response.headers.getSetCookie().map((line) => line.split(';')[0]).join('; ') }
}

const password = 'correct horse'
const signIn = (email: string, given = password, from?: string): Promise<Answer> => ask('POST', '/api/auth/sign-in/email', { body: { email, password: given }, ...(from !== undefined && { from }) })
const person = (name: string) => accounts.createPerson({ role: 'subscriber', email: `${name}@example.com`, password, name })

interface SignIn {
  readonly id: string
  readonly userAgent: string
  readonly current: boolean
}

async function signInsOf(cookie: string): Promise<readonly SignIn[]> {
  return (await ask('GET', '/api/sign-ins', { cookie })).body['signIns'] as readonly SignIn[]
}

describe('sign-ins', () => {
  test('are listed with their device, this one among them; one is ended, then all others, and they open nothing any more', async () => {
    await person('ann')
    const [here, phone, office] = [(await signIn('ann@example.com')).cookie, (await signIn('ann@example.com', password, 'phone')).cookie, (await signIn('ann@example.com', password, 'office')).cookie]
    const listed = await signInsOf(here)
    expect(listed.map(({ userAgent, current }) => `${userAgent.slice(0, 7)} ${current}`).toSorted()).toEqual(['Mozilla true', 'office false', 'phone false'])
    const phoneId = listed.find(({ userAgent }) => userAgent === 'phone')?.id ?? ''
    expect((await ask('DELETE', `/api/sign-ins/${phoneId}`, { cookie: here })).status).toBe(204)
    expect((await ask('DELETE', `/api/sign-ins/${phoneId}`, { cookie: here })).body).toMatchObject({ error: { code: 'sign-in-unknown' } })
    expect([(await ask('GET', '/api/sign-ins', { cookie: phone })).status, (await ask('GET', '/api/sign-ins', { cookie: office })).status]).toEqual([401, 200])
    expect((await ask('DELETE', '/api/sign-ins', { cookie: here })).body).toEqual({ ended: 1 })
    expect([(await ask('GET', '/api/sign-ins', { cookie: office })).status, (await ask('GET', '/api/sign-ins', { cookie: here })).status]).toEqual([401, 200])
  })

  test('of somebody else are neither seen nor ended', async () => {
    await person('bea')
    await person('cy')
    const [bea, cy] = [(await signIn('bea@example.com')).cookie, (await signIn('cy@example.com')).cookie]
    const [own] = await signInsOf(bea)
    expect((await signInsOf(cy)).map(({ id }) => id)).not.toContain(own?.id)
    expect((await ask('DELETE', `/api/sign-ins/${own?.id}`, { cookie: cy })).status).toBe(404)
    expect((await ask('DELETE', '/api/sign-ins', { cookie: cy })).body).toEqual({ ended: 0 })
    expect((await ask('GET', '/api/sign-ins', { cookie: bea })).status).toBe(200)
  })

  test('a visitor asks who is signed in and is told nobody, without a refusal', async () => {
    expect(await ask('GET', '/api/auth/get-session')).toMatchObject({ status: 200, body: {} })
  })

  test('end elsewhere with a new password, which needs the old one', async () => {
    await person('dan')
    const [here, there] = [(await signIn('dan@example.com')).cookie, (await signIn('dan@example.com')).cookie]
    const change = (currentPassword: string) => ask('POST', '/api/auth/change-password', { cookie: here, body: { currentPassword, newPassword: 'a better horse', revokeOtherSessions: true } })
    expect(await change('wrong horse')).toMatchObject({ status: 400, body: { code: 'INVALID_PASSWORD' } })
    expect((await ask('GET', '/api/sign-ins', { cookie: there })).status).toBe(200)
    const changed = await change(password)
    expect(changed.status).toBe(200)
    expect([(await ask('GET', '/api/sign-ins', { cookie: there })).status, (await ask('GET', '/api/sign-ins', { cookie: changed.cookie })).status]).toEqual([401, 200])
    expect([(await signIn('dan@example.com')).status, (await signIn('dan@example.com', 'a better horse')).status]).toEqual([401, 200])
  })
})

describe('another e-mail', () => {
  const mailedTo = async (email: string): Promise<readonly string[]> => {
    await mails.sendDue()
    return (await mails.mailbox()).filter(({ to }) => to === email).map(({ text }) => /#(\S+)/.exec(text)?.[1] ?? '')
  }

  test('counts once the mail to it was followed, and the old one is then nobody’s', async () => {
    await person('eva')
    const { cookie } = await signIn('eva@example.com')
    expect((await ask('POST', '/api/auth/change-email', { cookie, body: { newEmail: 'Eva.New@example.com' } })).status).toBe(200)
    expect((await signIn('eva.new@example.com')).status).toBe(401)
    const [token] = await mailedTo('eva.new@example.com')
    expect((await ask('GET', `/api/auth/verify-email?token=${token}`)).status).toBe(200)
    expect([(await signIn('eva@example.com')).status, (await signIn('eva.new@example.com')).status]).toEqual([401, 200])
  })

  test('that somebody has is answered the same, and nothing is mailed or changed', async () => {
    await person('fay')
    await person('gus')
    const { cookie } = await signIn('fay@example.com')
    const taken = await ask('POST', '/api/auth/change-email', { cookie, body: { newEmail: 'gus@example.com' } })
    const free = await ask('POST', '/api/auth/change-email', { cookie, body: { newEmail: 'nobody@example.com' } })
    expect([taken.status, taken.body]).toEqual([free.status, free.body])
    expect(await mailedTo('gus@example.com')).toEqual([])
    expect((await signIn('fay@example.com')).status).toBe(200)
  })
})

describe('guessing a password', () => {
  test.each([['known', 'hal@example.com'], ['unknown', 'no-hal@example.com']])('of one %s e-mail ends after ten attempts in a quarter of an hour, from wherever they come', async (_what, email) => {
    if (email.startsWith('hal')) await person('hal')
    const statuses: number[] = []
    for (let attempt = 0; attempt < 12; attempt += 1) statuses.push((await signIn(email, 'wrong horse')).status)
    expect(statuses).toEqual([...Array<number>(10).fill(401), 429, 429])
    // Not even the right one opens now: whoever guesses would know.
    expect((await signIn(email)).status).toBe(429)
    clock.jump(900_001)
    expect((await signIn(email)).status).toBe(email.startsWith('hal') ? 200 : 401)
  })

  test('is forgiven by the right one', async () => {
    await person('ida')
    const statuses: number[] = []
    for (const given of [...Array<string>(9).fill('wrong horse'), password, 'wrong horse', 'wrong horse', password]) statuses.push((await signIn('ida@example.com', given)).status)
    expect(statuses).toEqual([...Array<number>(9).fill(401), 200, 401, 401, 200])
  })
})

describe('a passkey', () => {
  const response = (challenge: string): object => ({
    id: 'AAAA', rawId: 'AAAA', type: 'public-key', clientExtensionResults: {},
    response: { clientDataJSON: Buffer.from(JSON.stringify({ type: 'webauthn.get', challenge, origin })).toString('base64url'), authenticatorData: 'AAAA', signature: 'AAAA' },
  })

  test('is asked for of nobody in particular, and an answer that proves nothing is refused in one way', async () => {
    const options = await ask('POST', '/api/auth/passkey/options', { body: {} })
    expect(options).toMatchObject({ status: 200, body: { rpId: 'localhost', userVerification: 'required' } })
    expect((options.body['allowCredentials'] as unknown[] | undefined) ?? []).toEqual([])
    const challenge = String(options.body['challenge'])
    const answers = [await ask('POST', '/api/auth/passkey/sign-in', { body: { response: response(challenge) } }), await ask('POST', '/api/auth/passkey/sign-in', { body: { response: response('A'.repeat(43)) } }), await ask('POST', '/api/auth/passkey/sign-in', { body: { response: {} } })]
    for (const answer of answers) expect(answer).toMatchObject({ status: 401, body: { code: 'PASSKEY_INVALID' }, cookie: '' })
  })

  test('is added only by who signed in today, for a challenge of her own, and under a name', async () => {
    await person('jo')
    const { cookie } = await signIn('jo@example.com')
    const { body } = await ask('POST', '/api/passkeys/options', { cookie })
    expect(body).toMatchObject({ rp: { id: 'localhost' }, user: { name: 'jo@example.com' }, authenticatorSelection: { residentKey: 'required', userVerification: 'required' } })
    for (const given of [{ name: 'Key', response: response(String(body['challenge'])) }, { name: '', response: {} }, {}]) expect(await ask('POST', '/api/passkeys', { cookie, body: given })).toMatchObject({ status: 400, body: { error: { code: 'passkey-invalid' } } })
    expect((await ask('GET', '/api/sign-ins', { cookie })).body['passkeys']).toEqual([])
    clock.jump(25 * 3600_000)
    expect(await ask('POST', '/api/passkeys/options', { cookie })).toMatchObject({ status: 403, body: { error: { code: 'sign-in-old' } } })
  })
})
