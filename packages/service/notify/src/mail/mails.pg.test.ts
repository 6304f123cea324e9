import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { Seal } from '@rivulet/ids'
import { migrate, type Postgres } from '@rivulet/postgres'
import { testPostgres } from '@rivulet/postgres/testing'
import { TestClock } from '@rivulet/time/testing'
import { SMTPServer, type SMTPServerOptions } from 'smtp-server'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Mails, notifyMigrations, QueueStore, smtpServer } from '../index.ts'
import type { NewMail } from './mail-store.ts'

const reset: NewMail = { key: 'reset/1', to: 'zoe@example.com', language: 'en', template: 'reset-password', fields: { url: 'https://wallet.example/reset#secret-token' } }
const receipt = (key: string): NewMail => ({
  key, to: 'zoé@example.com', language: 'fr', template: 'receipt',
  fields: { plan: 'Lecture & <plus>', paid: { amount: 5_000_000_000n, asset: { code: 'EUR', scale: 9 } }, paidMs: Date.parse('2027-01-31'), url: 'https://wallet.example/subscription' },
})

let postgres: Postgres
let clock: TestClock
let server: SMTPServer | undefined
let arrived: { readonly from: string; readonly to: readonly string[]; readonly source: string }[]
const said: object[] = []

beforeEach(async () => {
  postgres = await testPostgres([notifyMigrations])
  clock = new TestClock()
  arrived = []
  said.length = 0
})

afterEach(async () => {
  const closing = server
  server = undefined
  if (closing !== undefined) await new Promise<void>((resolve) => closing.close(resolve))
  await postgres[Symbol.asyncDispose]()
})

/** A real SMTP server. Returns its URL. */
async function listen(options: SMTPServerOptions = {}): Promise<string> {
  const smtp = new SMTPServer({
    authOptional: true, disabledCommands: ['STARTTLS'], logger: false,
    onData: (stream, { envelope }, done) => {
      const chunks: Buffer[] = []
      stream.on('data', (chunk: Buffer) => chunks.push(chunk))
      stream.on('end', () => {
        arrived.push({ from: envelope.mailFrom === false ? '' : envelope.mailFrom.address, to: envelope.rcptTo.map(({ address }) => address), source: Buffer.concat(chunks).toString('utf8') })
        done()
      })
    },
    ...options,
  })
  server = smtp
  smtp.on('error', () => undefined)
  smtp.listen(0, '127.0.0.1')
  await once(smtp.server, 'listening')
  return `smtp://127.0.0.1:${(smtp.server.address() as AddressInfo).port}`
}

function open(url: string | undefined, mailbox = false): Mails {
  return new Mails({
    postgres, clock, mailbox, seal: new Seal(Buffer.alloc(32, 7)), random: () => 1, log: { warn: (fields, message) => void said.push({ ...fields, message }) },
    server: url === undefined ? undefined : smtpServer({ url, from: 'Rivulet <money@wallet.example>' }),
  })
}

async function rows(): Promise<readonly { key: string; status: string; attempts: number; error: string | null; sealed: boolean; due_at_ms: bigint }[]> {
  return (await postgres.pool.query<{ key: string; status: string; attempts: number; error: string | null; sealed: boolean; due_at_ms: bigint }>(
    'select key, status, attempts, error, content_sealed is not null as sealed, due_at_ms from notify.mail order by key')).rows
}

test('a mail leaves after its transaction, once under its key, whole, and then nothing of it stays', async () => {
  await using mails = open(await listen())
  const client = await postgres.pool.connect()
  await client.query('begin')
  await mails.write(client, receipt('a'))
  await mails.sendDue()
  expect(arrived).toEqual([])
  await client.query('commit')
  await client.query('begin')
  await mails.write(client, receipt('b'))
  await client.query('rollback')
  client.release()
  await mails.post(receipt('a'))
  await Promise.all([mails.sendDue(), open(undefined, true).sendDue()])
  await mails.sendDue()
  expect(arrived.length + (await open(undefined, true).mailbox()).length).toBe(1)
  expect(await rows()).toMatchObject([{ key: 'a', status: 'sent', attempts: 1 }])
})

test('what arrives has both forms, in the language, with the amount of that language, and nothing that reads as markup', async () => {
  await using mails = open(await listen())
  await mails.post(receipt('a'))
  await mails.sendDue()
  const [one] = arrived
  const source = one?.source ?? ''
  expect(one).toMatchObject({ from: 'money@wallet.example', to: ['zoé@example.com'] })
  expect(source).toMatch(/^Message-ID: <mail_[0-9a-z]{26}@wallet\.example>$/im)
  expect(source).toContain('Auto-Submitted: auto-generated')
  expect(source).toContain('multipart/alternative')
  const { text, html, subject } = await readKept(receipt('b'))
  expect(subject).toBe('Reçu : 5,00\u00a0€')
  expect(text).toContain('Le 31 janvier 2027, vous avez payé 5,00\u00a0€ pour Lecture & <plus>.')
  expect(html).toContain('Lecture &amp; &lt;plus&gt;')
  expect((await rows()).find(({ key }) => key === 'a')).toMatchObject({ status: 'sent', sealed: false })
})

/** Through a mailbox. */
async function readKept(mail: NewMail): Promise<{ readonly text: string; readonly html: string; readonly subject: string }> {
  await using box = open(undefined, true)
  await box.post(mail)
  await box.sendDue()
  const [kept] = await box.mailbox()
  if (kept === undefined) throw new Error('nothing is in the mailbox')
  return kept
}

describe('a server that does not take it', () => {
  test('for the moment is asked again with growing pauses, and the link of the mail is in no log and no column', async () => {
    await using mails = open(await listen({ onRcptTo: (_address, _session, done) => done(Object.assign(new Error('try secret-token later'), { responseCode: 451 })) }))
    await mails.post(reset)
    const pauses: number[] = []
    for (let attempt = 1; attempt <= 4; attempt += 1) {
      await mails.sendDue()
      const [row] = await rows()
      expect(row).toMatchObject({ status: 'waiting', attempts: attempt, error: 'mail-server-away' })
      pauses.push(Number(row?.due_at_ms) - clock.nowMs())
      clock.jump(pauses.at(-1) ?? 0)
    }
    expect(pauses).toEqual([10_000, 20_000, 40_000, 80_000])
    const { rows: all } = await postgres.pool.query<{ text: string }>('select m::text as text from notify.mail m')
    expect(JSON.stringify([all, said])).not.toMatch(/secret-token|zoe@example\.com/)
    expect(JSON.stringify(all)).not.toContain(Buffer.from('secret-token').toString('hex'))
  })

  test('for good is not asked again', async () => {
    await using mails = open(await listen({ onRcptTo: (_address, _session, done) => done(Object.assign(new Error('no such person'), { responseCode: 550 })) }))
    await mails.post(receipt('a'))
    await mails.sendDue()
    expect(await rows()).toMatchObject([{ status: 'dead', attempts: 1, error: 'mail-refused', sealed: false }])
    // Operators see that one was given up and why; to whom it was nobody knows any more.
    expect(await new QueueStore(postgres).givenUp(clock.nowMs(), 9)).toMatchObject([{ queue: 'mails', what: 'receipt', ownerId: null, url: null, attempts: 1, triedMs: clock.nowMs(), answerCode: null, error: 'mail-refused' }])
  })

  test('at all makes it wait until nobody wants it any more: a link to a new password for an hour', async () => {
    await using mails = open('smtp://127.0.0.1:1')
    await mails.post(reset)
    await mails.post(receipt('a'))
    for (let round = 0; round < 12; round += 1) {
      await mails.sendDue()
      clock.jump(600_000)
    }
    expect(await rows()).toMatchObject([{ key: 'a', status: 'waiting' }, { key: 'reset/1', status: 'dead', sealed: false }])
  })

  test('because of the password waits for the operator to mend it', async () => {
    const url = await listen({ authOptional: false, allowInsecureAuth: true, onAuth: ({ password }, _session, done) => (password === 'right' ? done(null, { user: 'me' }) : done(new Error('no'))) })
    const wrong = open(url.replace('//', '//me:wrong@'))
    await wrong.post(receipt('a'))
    await wrong.sendDue()
    await wrong[Symbol.asyncDispose]()
    expect(await rows()).toMatchObject([{ status: 'waiting', error: 'mail-server-away' }])
    expect(JSON.stringify(said)).not.toContain('wrong')
    await using right = open(url.replace('//', '//me:right@'))
    clock.jump(60_000)
    await right.sendDue()
    expect(arrived).toHaveLength(1)
  })
})

test('a process that dies while it sends leaves the mail to the next, after its lease', async () => {
  await using mails = open(await listen())
  await mails.post(reset)
  await postgres.pool.query(`update notify.mail set attempts = 1, due_at_ms = $1`, [clock.nowMs() + 180_000])
  await mails.sendDue()
  expect(arrived).toEqual([])
  clock.jump(180_000)
  await mails.sendDue()
  expect(arrived).toHaveLength(1)
})

test('without a server and without a mailbox nothing is written', async () => {
  await using mails = open(undefined)
  expect(mails.sends).toBe(false)
  await mails.post(reset)
  expect(await rows()).toEqual([])
})

test('a database of step 1 keeps its webhooks and can be written mails to', async () => {
  const [first] = notifyMigrations.steps
  if (first === undefined) throw new Error('there is a first step')
  await using old = await testPostgres([{ ...notifyMigrations, steps: [first] }])
  await old.pool.query(`insert into notify.endpoints (id, owner_id, url, secret_sealed, kinds, created_at_ms) values ('hook_1', 'pers_1', 'https://a.example', '\\x00', '{stream.closed}', 1)`)
  await old.pool.query(`insert into notify.events (id, owner_id, kind, body, created_at_ms) values ('evnt_1', 'pers_1', 'stream.closed', '{}', 1)`)
  await old.pool.query(`insert into notify.deliveries (id, endpoint_id, event_id, object, due_at_ms, created_at_ms) values ('dlvr_1', 'hook_1', 'evnt_1', 'a', 1, 1)`)
  await migrate(old, [notifyMigrations])
  await using mails = new Mails({ postgres: old, clock, mailbox: true, server: undefined, seal: new Seal(Buffer.alloc(32, 7)), random: () => 1, log: { warn: () => undefined } })
  await mails.post(reset)
  await mails.sendDue()
  expect(await mails.mailbox()).toMatchObject([{ to: 'zoe@example.com', template: 'reset-password' }])
  expect((await old.pool.query('select from notify.deliveries')).rowCount).toBe(1)
})
