import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { AuditLog, auditMigrations, recordRefusals } from '@rivulet/audit'
import { Seal } from '@rivulet/ids'
import { Ledger, ledgerMigrations } from '@rivulet/ledger'
import { Mails, notifyMigrations } from '@rivulet/notify'
import type { Postgres } from '@rivulet/postgres'
import { testPostgres } from '@rivulet/postgres/testing'
import { systemClock as clock } from '@rivulet/time'
import express from 'express'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Accounts, accountsMigrations, operatorsRoutes } from '../index.ts'

const resources = new AsyncDisposableStack()
let postgres: Postgres
let mails: Mails
let audit: AuditLog
/** Two doors of the same people: one writes mails, the other cannot. */
let writing: string
let silent: string
let people: Accounts

beforeAll(async () => {
  postgres = resources.use(await testPostgres([ledgerMigrations, notifyMigrations, accountsMigrations, auditMigrations]))
  const ledger = resources.use(await Ledger.open({ postgres, clock }))
  mails = resources.use(new Mails({ postgres, clock, mailbox: true, server: undefined, seal: new Seal(Buffer.alloc(32, 7)), random: () => 1, log: { warn: () => undefined } }))
  audit = new AuditLog(postgres)
  const door = async (given: { readonly mails?: Mails }): Promise<{ readonly url: string; readonly accounts: Accounts }> => {
    const app = express()
    const server = createServer(app)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const url = `http://localhost:${(server.address() as AddressInfo).port}`
    resources.defer(() => new Promise<void>((resolve) => server.close(() => resolve())))
    const accounts = resources.use(await Accounts.open({ ...given, postgres, ledger, clock, secret: Buffer.alloc(32, 7), sandbox: true, entrances: { subscriber: { publicUrl: 'http://localhost:4000' }, publisher: { publicUrl: 'http://localhost:4001' }, operator: { publicUrl: url } } }))
    const entrance = accounts.entrance('operator')
    app.use(entrance.handler, recordRefusals({ audit, nowMs: () => clock.nowMs(), log: console }), operatorsRoutes({ operators: accounts.operators(), entrance }))
    return { url, accounts }
  }
  const { url, accounts } = await door({ mails })
  writing = url
  silent = (await door({})).url
  for (const [name, readOnly] of [['Olivia', false], ['Paul', false], ['Rita', true]] as const) await accounts.createPerson({ role: 'operator', email: `${name.toLowerCase()}@example.com`, password: 'correct horse', name, readOnly })
  people = accounts
})
afterAll(() => resources.disposeAsync())

type Answer = { readonly status: number; readonly body: Record<string, unknown> }
async function ask(method: string, path: string, { cookie = '', body, door = writing }: { readonly cookie?: string; readonly body?: object; readonly door?: string } = {}): Promise<Answer & { readonly cookie: string }> {
  const response = await fetch(door + path, { method, headers: { origin: door, cookie, 'content-type': 'application/json' }, ...(body !== undefined && { body: JSON.stringify(body) }) })
  const text = await response.text()
  return { status: response.status, body: (text === '' ? {} : JSON.parse(text)) as Record<string, unknown>, cookie: response.headers.getSetCookie().map((line) => line.split(';')[0]).join('; ') }
}
const signIn = async (name: string, password = 'correct horse', door = writing): Promise<string> => (await ask('POST', '/api/auth/sign-in/email', { door, body: { email: `${name}@example.com`, password } })).cookie
interface Listed {
  readonly id: string
  readonly name: string
  readonly readOnly: boolean
  readonly invited: boolean
  readonly you: boolean
  readonly closed: object | null
}
const listed = async (cookie: string): Promise<ReadonlyMap<string, Listed>> => new Map(((await ask('GET', '/api/operators', { cookie })).body['operators'] as readonly Listed[]).map((one) => [one.name, one]))
const codeOf = ({ status, body }: Answer): unknown => [status, (body['error'] as { readonly code: string } | undefined)?.code]

test('an invited operator chooses a password by the link of a mail, in the language of who invited, signs in and looks; what she would change is refused and stands in the log', async () => {
  const olivia = await signIn('olivia')
  const invited = await ask('POST', '/api/operators', { cookie: olivia, body: { name: 'Nadia', email: 'Nadia@example.com', readOnly: true } })
  expect([invited.status, invited.body['password']]).toEqual([201, null])
  expect(codeOf(await ask('POST', '/api/operators', { cookie: olivia, body: { name: 'Nadia', email: 'nadia@example.com', readOnly: false } }))).toEqual([409, 'email-taken'])
  expect((await listed(olivia)).get('Nadia')).toMatchObject({ readOnly: true, invited: true, you: false, closed: null })
  await mails.sendDue()
  const mail = (await mails.mailbox()).find(({ to }) => to === 'nadia@example.com')
  expect(mail?.template).toBe('operator-invited')
  const token = /\/reset#(\S+)/.exec(mail?.text ?? '')?.[1]
  // An invitation may wait for its reader for a week; a link that somebody asked for lasts an hour.
  const lasting = async (of: string): Promise<number> => Number((await postgres.pool.query<{ seconds: string }>("select extract(epoch from v.expires_at - now()) as seconds from accounts.verification v join accounts.person p on p.id = v.value where p.email = $1", [of])).rows.at(-1)?.seconds)
  expect(Math.round((await lasting('nadia@example.com')) / 3_600)).toBe(7 * 24)
  expect((await ask('POST', '/api/auth/request-password-reset', { body: { email: 'paul@example.com' } })).status).toBe(200)
  expect(Math.round((await lasting('paul@example.com')) / 3_600)).toBe(1)
  expect((await ask('POST', '/api/auth/reset-password', { body: { token, newPassword: 'her own horse' } })).status).toBe(200)
  const nadia = await signIn('nadia', 'her own horse')
  const session = await ask('GET', '/api/auth/get-session', { cookie: nadia })
  expect(session.body['user']).toMatchObject({ readOnly: true })
  expect((await listed(nadia)).get('Nadia')).toMatchObject({ invited: false, you: true })
  expect(codeOf(await ask('POST', '/api/operators', { cookie: nadia, body: { name: 'Eve', email: 'eve@example.com', readOnly: false } }))).toEqual([403, 'read-only'])
  // What is her own she changes.
  expect((await ask('DELETE', '/api/sign-ins', { cookie: nadia })).status).toBe(200)
  await expect.poll(async () => (await audit.list({ name: 'request.change', limit: 9 })).map(({ subject, result, code }) => [subject, result, code])).toEqual([['POST /api/operators', 'refused', 'read-only']])
  expect((await audit.list({ name: 'operator.invite', result: 'done', limit: 9 })).map(({ subject, detail }) => [subject, detail])).toEqual([[invited.body['id'], { email: 'nadia@example.com', role: 'read-only' }]])
})

test('only operators only look', async () => {
  await expect(people.createPerson({ role: 'publisher', email: 'mara@example.com', password: 'correct horse', name: 'Mara', readOnly: true })).rejects.toMatchObject({ code: 'person-invalid' })
})

test('where no mail leaves, the password to hand over is in the answer, once', async () => {
  const { body } = await ask('POST', '/api/operators', { door: silent, cookie: await signIn('olivia', 'correct horse', silent), body: { name: 'Sven', email: 'sven@example.com', readOnly: false } })
  expect(body['password']).toMatch(/^[\w-]{20}$/)
  expect(await signIn('sven', String(body['password']), silent)).toContain('rivulet-operator')
})

test('a role changes from the next request on, with a reason; nobody changes her own', async () => {
  const [olivia, rita] = [await signIn('olivia'), await signIn('rita')]
  const ids = await listed(olivia)
  const role = (name: string, readOnly: boolean, cookie = olivia): Promise<Answer> => ask('POST', `/api/operators/${ids.get(name)?.id}/role`, { cookie, body: { readOnly, reason: 'she has learned it' } })
  expect(codeOf(await role('Rita', true))).toEqual([409, 'operator-changed'])
  expect(codeOf(await role('Olivia', true))).toEqual([409, 'operator-self'])
  expect(codeOf(await ask('POST', `/api/operators/pers_${'0'.repeat(26)}/role`, { cookie: olivia, body: { readOnly: true, reason: 'nobody' } }))).toEqual([404, 'operator-unknown'])
  expect(codeOf(await ask('POST', `/api/operators/${ids.get('Rita')?.id}/role`, { cookie: olivia, body: { readOnly: false } }))).toEqual([400, 'request-invalid'])
  expect((await role('Rita', false)).status).toBe(204)
  expect((await role('Paul', true, rita)).status).toBe(204)
  expect((await role('Paul', false, rita)).status).toBe(204)
  expect((await role('Rita', true)).status).toBe(204)
  expect(codeOf(await role('Paul', true, rita))).toEqual([403, 'read-only'])
  expect((await audit.list({ subject: ids.get('Rita')?.id, result: 'done', limit: 9 })).map(({ name, reason }) => [name, reason])).toEqual([['operator.restrict', 'she has learned it'], ['operator.entrust', 'she has learned it']])
})

test('of two who close each other out at once, one stays; who is out is out at once and comes in again when let', async () => {
  const [olivia, paul] = [await signIn('olivia'), await signIn('paul')]
  const ids = await listed(olivia)
  const close = (name: string, cookie: string, verb = 'close'): Promise<Answer> => ask('POST', `/api/operators/${ids.get(name)?.id}/${verb}`, { cookie, body: { reason: 'has left us' } })
  const answers = await Promise.all([close('Paul', olivia), close('Olivia', paul)])
  expect(answers.map(({ status }) => status).filter((status) => status === 204)).toHaveLength(1)
  const [left, other, otherCookie] = answers[0].status === 204 ? [olivia, 'Paul', paul] : [paul, 'Olivia', olivia]
  expect((await ask('GET', '/api/operators', { cookie: otherCookie })).status).toBe(401)
  expect((await ask('POST', '/api/auth/sign-in/email', { body: { email: `${other.toLowerCase()}@example.com`, password: 'correct horse' } })).status).toBe(403)
  expect((await listed(left)).get(other)?.closed).toMatchObject({ reason: 'has left us' })
  expect((await close(other, left, 'reopen')).status).toBe(204)
  expect(await signIn(other.toLowerCase())).toContain('rivulet-operator')
})

test('who was invited lately looks with the eyes of who invited, and who that one was invited by; after a week, with her own', async () => {
  const [olivia, { pool }] = [await signIn('olivia'), postgres]
  const invite = async (cookie: string, name: string): Promise<string> => {
    const { body } = await ask('POST', '/api/operators', { cookie, door: silent, body: { name, email: `${name}@example.com`, readOnly: false } })
    return `${String(body['id'])} ${String(body['password'])}`
  }
  const [tom = '', password] = (await invite(await signIn('olivia', 'correct horse', silent), 'tom')).split(' ')
  const [uma = ''] = (await invite(await signIn('tom', password, silent), 'uma')).split(' ')
  const all = await listed(olivia)
  const first = all.get('Olivia')?.id ?? ''
  const eyes = await people.operators().eyes()
  expect([eyes.get(tom), eyes.get(uma), eyes.has(first), eyes.has(all.get('Paul')?.id ?? '')]).toEqual([first, first, false, false])
  expect([all.get('tom'), all.get('uma'), all.get('Olivia')]).toMatchObject([{ bound: { to: 'Olivia' } }, { bound: { to: 'tom' } }, { bound: null }])
  await pool.query("update accounts.person set created_at = created_at - interval '8 days' where id = $1", [tom])
  const later = await people.operators().eyes()
  expect([later.has(tom), later.get(uma)]).toEqual([false, tom])
  expect((await listed(olivia)).get('tom')).toMatchObject({ bound: null })
})
