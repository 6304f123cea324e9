import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Person } from '@rivulet/accounts'
import { newId } from '@rivulet/ids'
import { ledgerMigrations } from '@rivulet/ledger'
import { connectionOf, streamOf, type TestBooks, testBooks } from '@rivulet/ledger/testing'
import { notifyMigrations } from '@rivulet/notify'
import { testPostgres } from '@rivulet/postgres/testing'
import { type Clock, systemClock } from '@rivulet/time'
import express from 'express'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { FundingStore } from '../funding-store.ts'
import { fundingMigrations } from '../migrations.ts'
import { type ActivityLine, activityOf, type ActivitySources, type KeptReading, periodOf } from './activity.ts'
import { activityCsv } from './csv.ts'
import { activityRoutes } from './routes.ts'

const dayMs = 86_400_000
const startedMs = systemClock.nowMs()
let aheadMs = Date.UTC(2026, 0, 30, 12) - startedMs
/** Days pass when told; flushes run with the machine's time. */
const clock: Clock = { nowMs: () => startedMs + aheadMs, monotonicMs: () => systemClock.monotonicMs(), after: systemClock.after.bind(systemClock), sleep: systemClock.sleep.bind(systemClock) }
const site = 'https://magazine.example'
const [mara, tomas] = ['https://pay.example/mara', 'https://pay.example/tomas']
let books: TestBooks
let sources: ActivitySources
let subscriber: { readonly personId: Person['id']; readonly accountId: TestBooks['subscriber']['id'] }
const reading: KeptReading[] = []
const tip = newId('strm', clock.nowMs())

/** She reads: a stream of her wallet, closed or still open. */
async function streams(amount: bigint, label: { readonly payee: string; readonly site?: string }, { closes = true, id = newId('strm', clock.nowMs()) } = {}): Promise<void> {
  const stream = streamOf(books, { id, connection: connectionOf(id), label: { payer: 'https://wallet.example/alice', ...label } }, clock.nowMs())
  const { ownerEpoch } = await books.ledger.sending.open(stream)
  await books.ledger.sending.book(stream.id, ownerEpoch, amount)
  if (closes) await books.ledger.sending.close(stream.id, ownerEpoch, 'stopped')
}

beforeAll(async () => {
  books = await testBooks({ clock, postgres: await testPostgres([ledgerMigrations, notifyMigrations, fundingMigrations]) })
  subscriber = { personId: newId('pers', 0), accountId: books.subscriber.id }
  const store = new FundingStore(books.postgres)
  sources = {
    ledger: books.ledger,
    readingOf: (_person, { from, to }) => Promise.resolve(reading.filter(({ day }) => day >= from && day <= to)),
    sharesOf: store.sharesOf.bind(store),
    tippedBy: (_person, ids) => Promise.resolve(new Map(ids.filter((id) => id === tip).map((id) => [id, tomas]))),
  }
  // January 30.
  await streams(100n, { payee: mara, site })
  aheadMs += dayMs
  // January 31: two visits, another site, a tip with its fee, and a payment of an application to somebody elsewhere.
  await streams(30n, { payee: mara, site })
  await streams(12n, { payee: mara, site })
  await streams(5n, { payee: tomas, site: 'https://blog.example' })
  reading.push({ day: '2026-01-31', site, payee: mara, ms: 61_999, score: 7n }, { day: '2026-01-31', site: 'https://quiet.example', payee: mara, ms: 9_000, score: 0n })
  await streams(200n, { payee: 'https://pay.example/incoming-payments/1' }, { id: tip })
  await streams(40n, { payee: 'https://elsewhere.example/incoming-payments/7' })
  const fee = await books.ledger.openAccount({ name: 'fee.streaming', kind: 'fee', asset: books.subscriber.asset, debitsMayExceedCredits: false })
  await books.ledger.transfer({ key: 'fee', debitAccountId: books.subscriber.id, creditAccountId: fee.id, amount: 3n, reason: 'fee' })
  aheadMs += dayMs
  // February 1: the period ends and its rest is shared, a payment is given back, and a page is being read.
  const sharing = await books.ledger.openAccount({ name: 'sharing', kind: 'fee', asset: books.subscriber.asset, debitsMayExceedCredits: false })
  await books.postgres.pool.query(`
    insert into funding.plan values ('plan_1', 'monthly', 'Monthly', 1000, 'EUR', 9, 'month', 0, 1, 0, false);
    insert into funding.subscription (id, person_id, account_id, provider, card, policy, status, state, begun_ms, period_begun_ms) values ('subs_1', '${subscriber.personId}', '${subscriber.accountId}', 'sandbox', '{}', '{}', 'active', '{}', 0, 0);
    insert into funding.statement (subscription_id, period, begun_ms, ended_ms, policy, rest, rolled_over, shares) values ('subs_1', 0, 0, 1, '{"kind":"time"}', 1000, 100, '[{"id":"${mara}","amount":"600"},{"id":"${tomas}","amount":"300"}]')`)
  await books.ledger.transfer({ key: 'share:subs_1/0', debitAccountId: books.subscriber.id, creditAccountId: sharing.id, amount: 900n, reason: 'sharing' })
  await books.ledger.transfer({ key: 'refund:x', debitAccountId: books.subscriber.id, creditAccountId: books.psp.id, amount: 50n, reason: 'refund' })
  await streams(8n, { payee: mara, site }, { closes: false })
})
afterAll(() => books[Symbol.asyncDispose]())

const all = periodOf({ from: '2026-01-01', to: '2026-02-28' })
const sum = (lines: readonly ActivityLine[]): bigint => lines.reduce((total, { amount }) => total + amount, 0n)

test('activity has a line for each day, kind, site and payee; shares are told by who got them, and tips by whom she gave them to', async () => {
  const lines = await activityOf(subscriber, all, sources)
  expect(lines.map(({ score: _score, ...line }) => line)).toEqual([
    { day: '2026-02-01', kind: 'share', site: undefined, payee: mara, amount: 600n, seconds: 0 },
    { day: '2026-02-01', kind: 'share', site: undefined, payee: tomas, amount: 300n, seconds: 0 },
    { day: '2026-02-01', kind: 'returned', site: undefined, payee: undefined, amount: 50n, seconds: 0 },
    { day: '2026-02-01', kind: 'reading', site, payee: mara, amount: 8n, seconds: 0 },
    { day: '2026-01-31', kind: 'payment', site: undefined, payee: tomas, amount: 200n, seconds: 0 },
    { day: '2026-01-31', kind: 'reading', site, payee: mara, amount: 42n, seconds: 61 },
    { day: '2026-01-31', kind: 'payment', site: undefined, payee: 'https://elsewhere.example', amount: 40n, seconds: 0 },
    { day: '2026-01-31', kind: 'reading', site: 'https://blog.example', payee: tomas, amount: 5n, seconds: 0 },
    { day: '2026-01-31', kind: 'fee', site: undefined, payee: undefined, amount: 3n, seconds: 0 },
    { day: '2026-01-31', kind: 'reading', site: 'https://quiet.example', payee: mara, amount: 0n, seconds: 9 },
    { day: '2026-01-30', kind: 'reading', site, payee: mara, amount: 100n, seconds: 0 },
  ])
})

test('activity equals the ledger to the unit: all that left her account, posted or accrued, and each day by itself', async () => {
  const { rows } = await books.postgres.pool.query<{ debits_posted: bigint }>('select debits_posted from ledger.accounts where id = $1', [subscriber.accountId])
  const { accrued } = await books.ledger.balance(subscriber.accountId)
  const lines = await activityOf(subscriber, all, sources)
  expect([sum(lines), accrued]).toEqual([(rows[0]?.debits_posted ?? 0n) - accrued, -8n])
  const byDay = await Promise.all(['2026-01-30', '2026-01-31', '2026-02-01', '2026-02-02'].map(async (day) => sum(await activityOf(subscriber, periodOf({ from: day, to: day }), sources))))
  expect(byDay).toEqual([100n, 290n, 958n, 0n])
})

test('as CSV it says the same, exactly, and no cell begins as a formula does', async () => {
  const csv = activityCsv(await activityOf(subscriber, periodOf({ from: '2026-01-31', to: '2026-01-31' }), sources), books.subscriber.asset)
  expect(csv.split('\r\n').slice(0, 3)).toEqual(['\uFEFFday,kind,site,payee,seconds,amount,asset', '2026-01-31,payment,,https://pay.example/tomas,0,0.000000200,EUR', '2026-01-31,reading,https://magazine.example,https://pay.example/mara,61,0.000000042,EUR'])
  expect(activityCsv([{ day: '2026-01-31', kind: 'reading', site: '=1+1', payee: '@x', amount: 1n, seconds: 0, score: 0n }], books.subscriber.asset)).toContain(`reading,'=1+1,'@x,0`)
})

test.each([[{}], [{ from: '2026-02-30', to: '2026-03-01' }], [{ from: '2026-02-02', to: '2026-02-01' }], [{ from: '2024-01-01', to: '2026-01-01' }]])('the period %j is refused', (query) => {
  expect(() => periodOf(query)).toThrow(expect.objectContaining({ code: 'period-invalid' }) as Error)
})

test('everyone sees only her own, within a rate, and nobody without a session', async () => {
  const app = express()
  const people = new Map([['alice', { id: subscriber.personId, account: subscriber.accountId }], ['carol', { id: newId('pers', 1), account: books.publisher.id }]])
  app.use(
    activityRoutes({
      sources: { ...sources, readingOf: () => Promise.resolve([]) }, clock,
      entrance: {
        requireSession: (request, response, next) => {
          const known = people.get(String(request.headers['x-who']))
          if (known === undefined) return Promise.resolve(void response.status(401).json({}))
          response.locals['person'] = { id: known.id, role: 'subscriber', name: 'A', email: 'a@example.org', language: 'en', walletAddress: { ledgerAccountId: known.account, asset: books.subscriber.asset } } as unknown as Person
          next()
          return Promise.resolve()
        },
      },
    }),
  )
  const server = createServer(app)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const ask = async (who: string, query = 'from=2026-01-01&to=2026-02-28', path = '/api/activity') => {
    const response = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}${path}?${query}`, { headers: { 'x-who': who } })
    return { status: response.status, text: await response.text() }
  }
  try {
    expect((await ask('nobody')).status).toBe(401)
    expect(JSON.parse((await ask('alice')).text)).toMatchObject({ today: '2026-02-01', assetCode: 'EUR', lines: expect.arrayContaining([{ day: '2026-01-30', kind: 'reading', site, payee: mara, amount: '100', seconds: 0 }]) as unknown })
    expect(JSON.parse((await ask('carol')).text)).toMatchObject({ cameBack: '0', lines: [] })
    // An address took nothing, and what had gathered for it went back: no spending, and none of what was spent.
    const sharing = await books.ledger.openAccount({ name: 'sharing.back', kind: 'subscriber', asset: books.subscriber.asset, debitsMayExceedCredits: true })
    await books.ledger.transfer({ key: 'back', debitAccountId: sharing.id, creditAccountId: subscriber.accountId, amount: 17n, reason: 'share-returned' })
    const before = JSON.parse((await ask('alice')).text) as { cameBack: string; lines: object[] }
    expect(before.cameBack).toBe('17')
    expect(before.lines).not.toContainEqual(expect.objectContaining({ amount: '17' }))
    expect(JSON.parse((await ask('alice', 'from=2026-01-01&to=2026-01-31')).text)).toMatchObject({ cameBack: '0' })
    expect((await ask('carol', 'from=x&to=y')).status).toBe(400)
    expect((await ask('carol', undefined, '/api/activity.csv')).text).toBe('day,kind,site,payee,seconds,amount,asset\r\n')
    const many = await Promise.all(Array.from({ length: 25 }, () => ask('carol')))
    expect(many.some(({ status }) => status === 429)).toBe(true)
  } finally {
    server.closeAllConnections()
    server.close()
  }
})
