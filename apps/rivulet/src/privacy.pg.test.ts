/** A subscriber takes along all that is kept of her, and is forgotten: on the whole product in one process, looked at in every column of the database. */
import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Gnap } from '@rivulet/gnap'
import { Ledger } from '@rivulet/ledger'
import type { Postgres } from '@rivulet/postgres'
import { testPostgres } from '@rivulet/postgres/testing'
import { systemClock } from '@rivulet/time'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { WebSocket } from 'ws'
import { type RunningAll, startAll } from './compose.ts'
import { readConfig } from './config.ts'
import { allMigrations } from './database.ts'

const [name, email, password] = ['Wilhelmina Quax', 'wilhelmina.quax@readers.example', 'correct horse']
/** What her wallet address is made of, and everything that is read of her begins with. */
const traces = ['wilhelmina', 'quax']
const site = 'https://magazine.example'
const resources = new AsyncDisposableStack()
let postgres: Postgres
let all: RunningAll
let cookie = ''

interface Answer {
  readonly status: number
  readonly body: Record<string, unknown>
  readonly cookie: string
}

async function ask(method: string, path: string, body?: object, as = cookie): Promise<Answer> {
  const { wallet } = all.urls
  const response = await fetch(wallet + path, { method, headers: { origin: wallet, cookie: as, ...(body !== undefined && { 'content-type': 'application/json' }) }, ...(body !== undefined && { body: JSON.stringify(body) }) })
  const text = await response.text()
  return { status: response.status, body: text === '' ? {} : ((JSON.parse(text) ?? {}) as Record<string, unknown>), cookie: response.headers.getSetCookie().map((line) => line.split(';')[0]).join('; ') }
}

/** Columns of the database in which one of these words stands, as `schema.table.column`, with how often. Sealed bytes are looked at too. */
async function columnsWith(words: readonly string[]): Promise<ReadonlyMap<string, number>> {
  const { rows: columns } = await postgres.pool.query<{ place: string; schema: string; name: string; field: string }>(`
    select format('%s.%s.%s', table_schema, table_name, column_name) as place, table_schema as schema, table_name as name, column_name as field from information_schema.columns join information_schema.tables using (table_schema, table_name)
    where table_type = 'BASE TABLE' and table_schema not in ('pg_catalog', 'information_schema') and data_type in ('text', 'character varying', 'json', 'jsonb', 'bytea', 'ARRAY')`)
  expect(columns.length).toBeGreaterThan(150)
  const found = new Map<string, number>()
  for (const { place, schema, name: table, field } of columns) {
    const { rows } = await postgres.pool.query<{ count: bigint }>(`select count(*) from "${schema}"."${table}" where lower(encode(convert_to(coalesce("${field}"::text, ''), 'UTF8'), 'escape')) like any($1)`, [words.map((word) => `%${word}%`)])
    if (Number(rows[0]?.count) > 0) found.set(place, Number(rows[0]?.count))
  }
  return found
}

beforeAll(async () => {
  postgres = resources.use(await testPostgres(allMigrations))
  const folder = mkdtempSync(join(tmpdir(), 'rivulet-privacy-'))
  resources.defer(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }))
  const databaseUrl = (postgres.pool.options as { readonly connectionString?: string }).connectionString
  all = resources.use(await startAll({ ...readConfig({ data: folder, port: '0', link: 'memory' }), databaseUrl }, () => undefined))
  await ask('POST', '/api/auth/sign-up/email', { name, email, password })
  ;({ cookie } = await ask('POST', '/api/auth/sign-in/email', { email, password }))

  // She connects a site and reads: money streams until her account ends.
  const { body: challenged, cookie: verifier } = await ask('POST', '/agent/challenges', { site }, '')
  const { body: consent } = await ask('POST', `/api/connect/${String(challenged['challenge'])}/consent`, {})
  const { cookie: token } = await ask('POST', '/agent/redeem', { site, code: consent['code'] }, verifier)
  const socket = new WebSocket(`${all.urls.wallet.replace('http', 'ws')}/agent/socket`, { headers: { origin: all.urls.wallet, cookie: token } })
  resources.defer(() => socket.terminate())
  const paid = new Promise<void>((resolve) => socket.on('message', (data: Buffer) => data.toString().includes('"paid"') && resolve()))
  await once(socket, 'open')
  const mara = all.demoAccounts.find(({ role }) => role === 'publisher')?.walletAddress
  socket.send(JSON.stringify({ type: 'attach', site, visible: true }))
  socket.send(JSON.stringify({ type: 'start', requestId: 'article', pointer: mara }))
  await paid

  // A tip, another wallet address with a key, and an application that may pay.
  const { x } = generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' })
  const second = await ask('POST', '/api/addresses', { path: 'quax-two', publicName: 'Quax Two', assetCode: 'EUR' })
  const made = [
    second,
    await ask('POST', '/api/keys', { key: Buffer.from(JSON.stringify({ kty: 'OKP', crv: 'Ed25519', kid: 'quax-laptop', x })).toString('base64'), name: 'Quax laptop' }),
    await ask('POST', '/api/tips', { to: mara, amount: '5000000', key: 'quax-tip-1' }),
    await ask('PUT', '/api/subscription/policy', { policy: { kind: 'cause', payee: mara } }),
  ]
  if (made.some(({ status }) => status >= 300)) throw new Error(`not all could be made: ${made.map(({ status }) => status).join(', ')}`)
  const gnap = resources.use(new Gnap({ postgres, clock: systemClock, server: 'wallet' }))
  const { rows } = await postgres.pool.query<{ id: `pers_${string}` }>('select id from accounts.person where email = $1', [email])
  const id = rows[0]?.id ?? 'pers_'
  const own = `${all.urls.wallet}/wilhelmina-quax`
  const asked = await gnap.ask({ client: { id: 'https://shop.example/pay', name: 'Shop', keyId: 'k', keyX: undefined }, access: [{ type: 'outgoing-payment', actions: ['create'], identifier: own }], subject: own, finish: undefined })
  await gnap.accept({ id: asked.interactionId, nonce: asked.nonce }, { id, walletAddresses: [own] })
  await gnap.continue(asked.continuation.grantId, undefined).catch(() => undefined)
})
afterAll(() => resources.disposeAsync())

test('an export is one JSON file with all of it, and with nobody else’s and no secret', async () => {
  const { status, body } = await ask('GET', '/api/privacy/export')
  expect(status).toBe(200)
  expect(body).toMatchObject({
    person: { name, email, role: 'subscriber' }, cut: [], walletAddresses: [{ url: `${all.urls.wallet}/wilhelmina-quax` }, { url: `${all.urls.wallet}/quax-two` }], keys: [{ kid: 'quax-laptop', name: 'Quax laptop' }],
    signIns: [{ browser: 'node' }], sites: [{ site, revokedMs: null }], tips: [{ amount: '5000000' }], payments: [{ wallet_address: `${all.urls.wallet}/wilhelmina-quax` }],
    grants: [{ client: { id: 'https://shop.example/pay' } }], subscriptions: [{ status: 'active', card: { lastFour: '4242' } }], invoices: [{ kind: 'invoice', content: { buyer: { name, email } } }],
  })
  expect((body['transfers'] as readonly { readonly reason: string }[]).map(({ reason }) => reason)).toContain('subscription')
  expect(JSON.stringify(body)).not.toMatch(/hash|"password"|sealed|secret|@demo\.example/)
  expect((await ask('GET', '/api/privacy/export', undefined, '')).status).toBe(401)
})

test('whoever cannot show that it is she erases nothing', async () => {
  expect(await ask('POST', '/api/privacy/erasure', { password: 'wrong horse' })).toMatchObject({ status: 403, body: { error: { code: 'proof-wrong' } } })
  expect(await ask('POST', '/api/privacy/erasure', { passkey: { id: 'AAAA' } })).toMatchObject({ status: 403, body: { error: { code: 'proof-wrong' } } })
  expect(await ask('POST', '/api/privacy/erasure', {})).toMatchObject({ status: 400 })
  expect((await ask('GET', '/api/me')).status).toBe(200)
})

test('erased, nothing of hers is left in any column but invoices, which the law keeps; her streams end, what was left is shared, and the books verify', async () => {
  const before = await columnsWith(traces)
  expect([...before.keys()]).toEqual(expect.arrayContaining(['accounts.person.email', 'accounts.wallet_address.path', 'accounts.wallet_key.kid', 'gnap.grant.access', 'ledger.sending_details.label', 'open_payments.outgoing_payment.wallet_address', 'open_payments.tip.key', 'funding.invoice.content']))
  const { rows: people } = await postgres.pool.query<{ id: string }>('select id from accounts.person where email = $1', [email])
  const id = people[0]?.id ?? ''
  const { rows: accounts } = await postgres.pool.query<{ id: string }>('select ledger_account_id as id from accounts.wallet_address where person_id = $1', [id])

  expect(await ask('POST', '/api/privacy/erasure', { password })).toMatchObject({ status: 202, body: { erasing: true } })
  expect([(await ask('GET', '/api/me')).status, (await ask('POST', '/api/auth/sign-in/email', { email, password }, '')).status]).toEqual([401, 401])
  expect((await fetch(`${all.urls.wallet}/wilhelmina-quax`, { headers: { accept: 'application/json' } })).status).toBe(404)

  await vi.waitFor(async () => expect([...(await columnsWith(traces)).keys()]).toEqual(['funding.invoice.content']), { timeout: 40_000, interval: 500 })
  const of = async (text: string): Promise<unknown[]> => (await postgres.pool.query(text, [id])).rows
  expect(await of('select site from wallet.usage where person_id = $1 union all select site from wallet.connection where person_id = $1')).toEqual([])
  expect(await of('select status, card, policy from funding.subscription where person_id = $1')).toEqual([{ status: 'ended', card: { reference: '', brand: '', lastFour: '' }, policy: { kind: 'time' } }])
  const { rows: open } = await postgres.pool.query(`select id from ledger.sending_streams where debit_account_id = any($1) and state <> 'closed'`, [accounts.map((account) => account.id)])
  expect(open).toEqual([])
  // The rest of her budget went to the cause that she had chosen.
  const { rows: shared } = await postgres.pool.query<{ reason: string }>(`select reason from ledger.transfers where debit_account_id = any($1) and reason = 'sharing'`, [accounts.map((account) => account.id)])
  expect(shared).toEqual([{ reason: 'sharing' }])

  await using books = await Ledger.open({ postgres, clock: systemClock })
  expect((await books.verify()).ok).toBe(true)
})

test('nobody else is ever paid at her address: another of her name gets another one', async () => {
  await ask('POST', '/api/auth/sign-up/email', { name, email, password }, '')
  const again = await ask('POST', '/api/auth/sign-in/email', { email, password }, '')
  expect(again.status).toBe(200)
  const { body } = await ask('GET', '/api/addresses', undefined, again.cookie)
  expect((body['addresses'] as readonly { readonly url: string }[])[0]?.url).toMatch(/\/wilhelmina-quax-[a-z0-9]{6}$/)
})
