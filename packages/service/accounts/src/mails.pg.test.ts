import crypto from 'node:crypto'
import { createServer, type Server } from 'node:http'
import { syncBuiltinESMExports } from 'node:module'
import type { AddressInfo } from 'node:net'
import { Seal } from '@rivulet/ids'
import { Ledger, ledgerMigrations } from '@rivulet/ledger'
import { Mails, notifyMigrations } from '@rivulet/notify'
import { migrate, type Postgres } from '@rivulet/postgres'
import { testPostgres } from '@rivulet/postgres/testing'
import { systemClock } from '@rivulet/time'
import { TestClock } from '@rivulet/time/testing'
import express from 'express'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { z } from 'zod'
import { Accounts, accountsMigrations, authApi } from './index.ts'

let postgres: Postgres
let ledger: Ledger
let mails: Mails
/** Only for what is mailed: sessions and tokens run on the machine's clock, as better-auth does. */
const clock = new TestClock(Date.now())
const stop: (() => Promise<unknown>)[] = []
/** Routes that have answered, each as the API reference says: it throws otherwise. */
const answered = new Set<string>()

beforeAll(async () => {
  postgres = await testPostgres([ledgerMigrations, notifyMigrations, accountsMigrations])
  ledger = await Ledger.open({ postgres, clock: systemClock })
  mails = new Mails({ postgres, clock, mailbox: true, server: undefined, seal: new Seal(Buffer.alloc(32, 7)), random: () => 1, log: { warn: () => undefined } })
})

afterAll(async () => {
  for (const end of stop) await end()
  await mails[Symbol.asyncDispose]()
  await ledger[Symbol.asyncDispose]()
  await postgres[Symbol.asyncDispose]()
})

interface Site {
  readonly accounts: Accounts
  readonly origin: string
  readonly post: (path: string, body: object, language?: string) => Promise<{ readonly status: number; readonly text: string; readonly cookie: string }>
  readonly get: (path: string, cookie?: string) => Promise<{ readonly status: number; readonly text: string }>
}

/** The subscribers' entrance. */
async function open(given: { readonly mails?: Mails; readonly confirmAddresses?: boolean }): Promise<Site> {
  const app = express()
  const server: Server = createServer(app)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const origin = `http://localhost:${(server.address() as AddressInfo).port}`
  const accounts = await Accounts.open({
    ...given, postgres, ledger, clock, secret: Buffer.alloc(32, 7), sandbox: true,
    entrances: { subscriber: { publicUrl: origin }, publisher: { publicUrl: 'https://pay.example' }, operator: { publicUrl: 'http://localhost:4002' } },
  })
  app.use(accounts.entrance('subscriber').handler)
  app.use((error: Error & { status?: number }, _request: express.Request, response: express.Response, _next: express.NextFunction) => void response.status(error.status ?? 500).json({}))
  stop.push(() => new Promise((resolve) => server.close(resolve)), () => accounts[Symbol.asyncDispose]())
  const read = async (response: Response) => {
    const answer = { status: response.status, text: await response.text(), cookie: response.headers.getSetCookie().map((cookie) => cookie.split(';')[0]).join('; ') }
    const described = answer.status === 200 ? Object.entries<{ readonly answer: z.ZodType }>(authApi).find(([row]) => row.endsWith(` ${new URL(response.url).pathname}`)) : undefined
    if (described !== undefined) {
      const [route, { answer: schema }] = described
      schema.parse(JSON.parse(answer.text))
      answered.add(route)
    }
    return answer
  }
  return {
    accounts,
    origin,
    post: async (path, body, language = 'en') =>
      read(await fetch(`${origin}/api/auth/${path}`, { method: 'POST', headers: { 'content-type': 'application/json', origin, 'accept-language': language }, body: JSON.stringify(body) })),
    get: async (path, cookie = '') => read(await fetch(`${origin}/api/auth/${path}`, { headers: { cookie } })),
  }
}

async function mailedTo(email: string): Promise<readonly { readonly template: string; readonly subject: string; readonly token: string }[]> {
  await mails.sendDue()
  return (await mails.mailbox()).filter(({ to }) => to === email).map(({ template, subject, text }) => ({ template, subject, token: /#(\S+)/.exec(text)?.[1] ?? '' }))
}

/** What a stranger sees of an answer: ids and times differ always. */
const seen = ({ status, text }: { readonly status: number; readonly text: string }): unknown => [status, text.replaceAll(/"(id|createdAt|updatedAt)":"[^"]*"/g, '"$1":""')]

describe('where addresses are confirmed', () => {
  test('nobody signs in before, the link of the mail confirms, and the mail is in the language of the page', async () => {
    const { post, get, accounts } = await open({ mails, confirmAddresses: true })
    const credentials = { email: 'zoe@example.com', password: 'correct horse' }
    expect((await post('sign-up/email', { name: 'Zoé', ...credentials }, 'fr-CH, en;q=0.5')).status).toBe(200)
    const wrong = await post('sign-in/email', { ...credentials, password: 'wrong horse' })
    const unconfirmed = await post('sign-in/email', credentials)
    expect([unconfirmed.status, seen(unconfirmed)]).toEqual([401, seen(wrong)])
    const [mail, ...more] = await mailedTo(credentials.email)
    expect([mail?.template, mail?.subject, more.length]).toEqual(['confirm-address', 'Confirmez votre adresse', 0])
    expect((await get('verify-email?token=forged')).status).toBe(401)
    expect((await get(`verify-email?token=${mail?.token}`)).status).toBe(200)
    const { status } = await post('sign-in/email', credentials, 'fr')
    expect([status, (await accounts.personByName('zoe@example.com')).language]).toEqual([200, 'fr'])
  })

  test('signing up, and signing in then, answer the same for a known e-mail as for a new one', async () => {
    const { post, accounts } = await open({ mails, confirmAddresses: true })
    await accounts.createPerson({ role: 'subscriber', email: 'known@example.com', password: 'her own horse', name: 'Known' })
    const attempt = async (email: string) => {
      const credentials = { email, password: 'a guess of mine' }
      const up = await post('sign-up/email', { name: 'X', ...credentials })
      const [again, signIn] = [await post('sign-up/email', { name: 'X', ...credentials }), await post('sign-in/email', credentials)]
      return JSON.stringify([seen(up), seen(again), seen(signIn)]).replaceAll(email, '')
    }
    expect(await attempt('known@example.com')).toBe(await attempt('fresh@example.com'))
    expect((await mailedTo('known@example.com')).map(({ template }) => template)).toEqual(['account-exists'])
    expect((await post('sign-in/email', { email: 'known@example.com', password: 'her own horse' })).status).toBe(200)
  })

  test('whoever signed up before, or was made by command, still gets in', async () => {
    const { post, accounts } = await open({ mails, confirmAddresses: true })
    await accounts.createPerson({ role: 'subscriber', email: 'made@example.com', password: 'correct horse', name: 'Made' })
    expect((await post('sign-in/email', { email: 'made@example.com', password: 'correct horse' })).status).toBe(200)
    const old = await testPostgres([ledgerMigrations, { ...accountsMigrations, steps: accountsMigrations.steps.slice(0, 2) }])
    await old.pool.query(`insert into accounts.person (id, role, email, name, created_at, updated_at) values ('pers_old', 'publisher', 'old@example.com', 'Old', now(), now())`)
    await migrate(old, [ledgerMigrations, accountsMigrations])
    expect((await old.pool.query('select email_verified, language from accounts.person')).rows).toEqual([{ email_verified: true, language: 'en' }])
    await old[Symbol.asyncDispose]()
  })
})

describe('a forgotten password', () => {
  test('is replaced by the link of a mail, once, which ends all sessions and confirms the address', async () => {
    const { post, get } = await open({ mails, confirmAddresses: true })
    await post('sign-up/email', { name: 'Ann', email: 'ann@example.com', password: 'the old horse' })
    const [confirm] = await mailedTo('ann@example.com')
    await get(`verify-email?token=${confirm?.token}`)
    const { cookie } = await post('sign-in/email', { email: 'ann@example.com', password: 'the old horse' })
    expect((await get('get-session', cookie)).text).toContain('ann@example.com')
    await post('request-password-reset', { email: 'ann@example.com' })
    const token = (await mailedTo('ann@example.com')).find(({ template }) => template === 'reset-password')?.token ?? ''
    const { rows } = await postgres.pool.query<{ text: string }>('select v::text as text from accounts.verification v')
    expect([rows.length, rows.filter(({ text }) => text.includes(token))]).toEqual([1, []])
    expect((await post('reset-password', { token, newPassword: 'short' })).status).toBe(400)
    expect((await post('reset-password', { token: 'forged', newPassword: 'the new horse' })).status).toBe(400)
    expect((await post('reset-password', { token, newPassword: 'the new horse' })).status).toBe(200)
    expect((await post('reset-password', { token, newPassword: 'another horse' })).status).toBe(400)
    expect((await get('get-session', cookie)).text).toBe('null')
    const statuses = await Promise.all(['the old horse', 'another horse', 'the new horse'].map(async (password) => (await post('sign-in/email', { email: 'ann@example.com', password })).status))
    expect(statuses).toEqual([401, 401, 200])
  })

  test('asked for by whoever owns no account is answered the same, and writes nobody', async () => {
    const { post, accounts } = await open({ mails, confirmAddresses: true })
    await accounts.createPerson({ role: 'subscriber', email: 'bob@example.com', password: 'correct horse', name: 'Bob' })
    await accounts.createPerson({ role: 'publisher', email: 'only-publisher@example.com', password: 'correct horse', name: 'Pub' })
    const known = await post('request-password-reset', { email: 'bob@example.com' })
    expect([seen(await post('request-password-reset', { email: 'nobody@example.com' })), seen(await post('request-password-reset', { email: 'only-publisher@example.com' }))]).toEqual([seen(known), seen(known)])
    expect([await mailedTo('nobody@example.com'), await mailedTo('only-publisher@example.com')]).toEqual([[], []])
  })

  test('asked for again and again writes one mail in two minutes', async () => {
    const { post, accounts } = await open({ mails })
    await accounts.createPerson({ role: 'subscriber', email: 'many@example.com', password: 'correct horse', name: 'Many' })
    for (let ask = 0; ask < 5; ask += 1) await post('request-password-reset', { email: 'many@example.com' })
    expect(await mailedTo('many@example.com')).toHaveLength(1)
    clock.jump(120_000)
    await post('request-password-reset', { email: 'many@example.com' })
    expect(await mailedTo('many@example.com')).toHaveLength(2)
  })
})

test('in a sandbox signing up works at once, and its mail is in the mailbox', async () => {
  const { post, get } = await open({ mails })
  const credentials = { email: 'quick@example.com', password: 'correct horse' }
  await post('sign-up/email', { name: 'Quick', ...credentials })
  expect((await post('sign-in/email', credentials)).status).toBe(200)
  expect((await mailedTo(credentials.email)).map(({ template }) => template)).toEqual(['confirm-address'])
  expect((await get('ways')).text).toBe('{"confirms":false,"writes":true,"sandbox":true}')
})

test('where no mail leaves a new password cannot be asked for, and the answer says so', async () => {
  const { post, get } = await open({})
  expect(await post('request-password-reset', { email: 'zoe@example.com' })).toMatchObject({ status: 400, text: expect.stringContaining('RESET_PASSWORD_DISABLED') as string })
  expect((await get('ways')).text).toBe('{"confirms":false,"writes":false,"sandbox":true}')
})

test('whoever tries an unknown e-mail is answered after the same work as for a known one: one password hash each, and for a reset none', async () => {
  const { post, accounts } = await open({ mails, confirmAddresses: true })
  await accounts.createPerson({ role: 'subscriber', email: 'worked@example.com', password: 'her own horse', name: 'Known' })
  const { scrypt } = crypto
  let hashes = 0
  // The real function, counted where better-auth calls it.
  const counted = (...given: Parameters<typeof scrypt>): void => {
    hashes += 1
    scrypt(...given)
  }
  crypto.scrypt = counted as typeof scrypt
  syncBuiltinESMExports()
  try {
    const work = async (path: string, body: object): Promise<number> => {
      hashes = 0
      await post(path, body)
      return hashes
    }
    const credentials = (email: string) => ({ name: 'X', email, password: 'a guess of mine' })
    for (const [path, each] of [['sign-in/email', 1], ['sign-up/email', 1], ['sign-in/email', 1], ['request-password-reset', 0]] as const) {
      const bodyOf = (email: string): object => (path === 'sign-up/email' ? credentials(email) : path === 'sign-in/email' ? { email, password: 'a guess of mine' } : { email })
      expect([path, await work(path, bodyOf('worked@example.com')), await work(path, bodyOf('strange@example.com'))]).toEqual([path, each, each])
    }
  } finally {
    crypto.scrypt = scrypt
    syncBuiltinESMExports()
  }
})

test('what mails lead to, and signing out, is answered as the API reference says', async () => {
  const { post } = await open({})
  expect((await post('sign-out', {})).status).toBe(200)
  expect([...answered]).toEqual(expect.arrayContaining(['POST /api/auth/request-password-reset', 'POST /api/auth/reset-password', 'GET /api/auth/verify-email', 'POST /api/auth/sign-out', 'POST /api/auth/sign-up/email', 'POST /api/auth/sign-in/email']))
})
