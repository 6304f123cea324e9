import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Entrance, Person, PersonListed } from '@rivulet/accounts'
import { AuditLog, auditMigrations, recordRefusals } from '@rivulet/audit'
import { type Id, newId, Seal } from '@rivulet/ids'
import { Ledger, ledgerMigrations } from '@rivulet/ledger'
import { Mails, notifyMigrations } from '@rivulet/notify'
import { testPostgres } from '@rivulet/postgres/testing'
import { TestClock } from '@rivulet/time/testing'
import express from 'express'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Funding } from '../funding.ts'
import { FundingStore } from '../funding-store.ts'
import { InvoiceStore } from '../invoice-store.ts'
import { fundingMigrations } from '../migrations.ts'
import { SandboxProvider } from '../providers/sandbox.ts'
import { SandboxStore } from '../providers/sandbox-store.ts'
import { fundingQueue } from '../queue-store.ts'
import { SubscriptionListStore } from './subscription-list-store.ts'
import { overseenRoutes } from './subscription-routes.ts'

const eur = { code: 'EUR', scale: 9 }
const dayMs = 86_400_000
const good = '4242 4242 4242 4242'
const names = ['alice', 'ben', 'chloe', 'dora'] as const
const people = new Map(names.map((name, index) => [name, newId('pers', index)]))

const resources = new AsyncDisposableStack()
let clock: TestClock
let ledger: Ledger
let funding: Funding
let audit: AuditLog
let sandbox: SandboxProvider
let origin: string
let postgres: Awaited<ReturnType<typeof testPostgres>>

beforeAll(async () => {
  clock = new TestClock(Date.parse('2027-01-31T10:00:00Z'))
  postgres = resources.use(await testPostgres([ledgerMigrations, notifyMigrations, fundingMigrations, auditMigrations]))
  ledger = resources.use(await Ledger.open({ postgres, clock }))
  sandbox = new SandboxProvider(new SandboxStore(postgres), clock)
  await new FundingStore(postgres).offer(
    [
      { key: 'monthly', name: 'Monthly', price: 5_000_000_000n, asset: eur, period: 'month', feeBasisPoints: 1_000, rate: 100_000n, pacing: 'stream', trialDays: 0 },
      { key: 'tried', name: 'Tried', price: 9_000_000_000n, asset: eur, period: 'month', feeBasisPoints: 0, rate: 100_000n, pacing: 'stream', trialDays: 14 },
    ], () => newId('plan', clock.nowMs()))
  funding = resources.use(new Funding({
    store: new FundingStore(postgres), ledger, clock, providers: [sandbox], background: false, invoices: new InvoiceStore(postgres), log: { warn: () => undefined, error: () => undefined },
    mails: new Mails({ postgres, clock, mailbox: true, server: undefined, seal: new Seal(Buffer.alloc(32, 7)), random: () => 1, log: { warn: () => undefined } }),
    invoiceTerms: { seller: { name: 'Rivulet Test', address: [] }, prefix: 'T-', vatBasisPoints: 0 },
    readerOf: () => Promise.resolve(undefined), attentionOf: () => Promise.resolve([]), accountOf: () => Promise.resolve(undefined),
  }))
  audit = new AuditLog(postgres)
  const known = [...people].map(([name, id]) => ({ id, role: 'subscriber', name, email: `${name}@example.org`, createdAtMs: 0 }) as unknown as PersonListed)
  const requireSession: Entrance['requireSession'] = (_request, response, next) => {
    response.locals['person'] = { id: 'pers_olivia', name: 'Olivia', email: 'olivia@example.org' } as unknown as Person
    next()
  }
  const accounts = { search: ({ text }: { readonly text: string }) => Promise.resolve(known.filter(({ name }) => name.includes(text))), personById: (id: string) => Promise.resolve(known.find((person) => person.id === id)) }
  const app = express().use(recordRefusals({ audit, nowMs: () => clock.nowMs(), log: { error: () => undefined } }))
  app.use(overseenRoutes({ store: new SubscriptionListStore(postgres), funding, accounts, entrance: { requireSession, requireSameOrigin: requireSession }, audit, nowMs: () => clock.nowMs() }))
  const server: Server = createServer(app)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  resources.defer(() => new Promise<void>((resolve) => server.close(() => resolve())))
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => resources.disposeAsync())

const personOf = (name: (typeof names)[number]): Id<'pers'> => people.get(name) ?? newId('pers', 9)

async function subscribe(name: (typeof names)[number], plan: 'Monthly' | 'Tried'): Promise<void> {
  const account = await ledger.openAccount({ name: `subscriber[${name}]`, kind: 'subscriber', asset: eur, debitsMayExceedCredits: false })
  const planId = (await funding.plans()).find((one) => one.name === plan)?.id ?? ''
  await funding.subscribe({ personId: personOf(name), accountId: account.id, planId, provider: 'sandbox', card: sandbox.card(good), policy: { kind: 'time' } })
}

interface Answer {
  readonly status: number
  readonly body: { readonly subscriptions?: readonly { readonly id: string; readonly name: string; readonly state: string; readonly attempts: number }[]; readonly counts?: object; readonly timeline?: readonly { readonly kind: string; readonly status?: string }[]; readonly error?: object; readonly plans?: readonly string[] }
}

async function ask(path: string, body?: object): Promise<Answer> {
  const response = await fetch(`${origin}/api/subscriptions${path}`, body === undefined ? {} : { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })
  const text = await response.text()
  return { status: response.status, body: (text === '' ? {} : JSON.parse(text)) as Answer['body'] }
}

const listed = async (query: string): Promise<readonly string[]> => ((await ask(query)).body.subscriptions ?? []).map(({ name, state }) => `${name} ${state}`).toSorted()
const idOf = async (name: string): Promise<string> => (await ask(`?text=${name}`)).body.subscriptions?.[0]?.id ?? ''
const reason = 'she asked by telephone'

test('operators list subscriptions by state, plan and person, and act on them with a reason that is written down', async () => {
  await subscribe('alice', 'Monthly')
  await subscribe('ben', 'Monthly')
  await subscribe('chloe', 'Tried')
  await subscribe('dora', 'Monthly')
  expect(await listed('')).toEqual(['alice active', 'ben active', 'chloe trial', 'dora active'])
  expect(await listed('?state=trial')).toEqual(['chloe trial'])
  expect(await listed('?plan=Monthly&text=b')).toEqual(['ben active'])
  expect((await ask('')).body).toMatchObject({ counts: { active: 3, trial: 1 }, plans: ['Monthly', 'Tried'] })

  const alice = await idOf('alice')
  expect(await ask(`/${alice}/cancel`, { reason })).toMatchObject({ status: 204 })
  expect(await listed('?state=cancelled')).toEqual(['alice cancelled'])
  expect(await ask(`/${alice}/keep`, { reason })).toMatchObject({ status: 204 })
  expect(await listed('?state=cancelled')).toEqual([])
  expect(await ask(`/${alice}/cancel`, { reason: 'x' })).toMatchObject({ status: 400, body: { error: { code: 'request-invalid' } } })
  expect(await ask(`/${alice}/retry`, { reason })).toMatchObject({ status: 409, body: { error: { code: 'subscription-state' } } })
  expect(await ask('/subs_none')).toMatchObject({ status: 404, body: { error: { code: 'subscription-unknown' } } })
  // A refusal is written when it has been answered, and what is written in one millisecond has no order.
  const told = async (): Promise<readonly string[]> => (await audit.list({ subject: alice, limit: 9 })).map(({ name, result, reason: why }) => `${name} ${result}: ${why}`).toSorted()
  await expect.poll(told).toEqual(['cancel begun', 'cancel done', 'keep begun', 'keep done', 'retry begun', 'retry refused'].map((what) => `subscription.${what}: ${reason}`))
})

test('a renewal that fails is past due, is charged again by an operator, and its timeline tells it all', async () => {
  const ben = personOf('ben')
  await funding.changeCard(ben, sandbox.card('4000 0000 0000 0002'))
  await clock.advance(29 * dayMs)
  await funding.work()
  expect(await listed('?state=past-due')).toEqual(['ben past-due'])
  const id = await idOf('ben')
  expect(await ask(`/${id}/retry`, { reason })).toMatchObject({ status: 204 })
  expect((await ask('?state=past-due')).body.subscriptions).toMatchObject([{ name: 'ben', attempts: 2 }])
  await funding.changeCard(ben, sandbox.card(good))
  expect(await listed('?text=ben')).toEqual(['ben active'])
  const { timeline = [] } = (await ask(`/${id}`)).body
  const told = timeline.map(({ kind, status }) => (status === undefined ? kind : `${kind} ${status}`))
  expect(told.toSorted()).toEqual(['action', 'action', 'begun', 'charge failed', 'charge failed', 'charge succeeded', 'charge succeeded', 'invoice', 'invoice', 'shared'])
  expect(timeline.find(({ kind }) => kind === 'invoice')).toMatchObject({ refundable: true, total: '5000000000' })
  expect(await fundingQueue(postgres)).toEqual({ waiting: 0, failing: 0, oldestMs: null, dead: 0, lastError: null })
})

test('what cannot be done waits with its error, in the queue and on the subscription', async () => {
  await postgres.pool.query(`insert into funding.effect (subscription_id, effect, attempts, not_before_ms, created_ms, error) values ($1, '{"type":"tell","what":"receipt"}', 3, $2, 7, 'the provider is away')`, [await idOf('dora'), clock.nowMs() + dayMs])
  expect(await fundingQueue(postgres)).toEqual({ waiting: 1, failing: 1, oldestMs: 7, dead: 0, lastError: 'the provider is away' })
  expect(await ask(`/${await idOf('dora')}`)).toMatchObject({ body: { open: [{ type: 'tell', attempts: 3, error: 'the provider is away' }] } })
})
