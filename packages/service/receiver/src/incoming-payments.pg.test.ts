import { createHash, randomBytes } from 'node:crypto'
import { Accounts, accountsMigrations, type WalletAddress } from '@rivulet/accounts'
import { isFulfill, PacketType, type Prepare, type Reply } from '@rivulet/ilp'
import { type Account, Ledger, ledgerMigrations } from '@rivulet/ledger'
import type { Postgres } from '@rivulet/postgres'
import { testPostgres } from '@rivulet/postgres/testing'
import { conditionOf, FrameType, StreamKeys } from '@rivulet/stream'
import { type Credentials, StreamReceiver } from '@rivulet/stream-receiver'
import { type Clock, systemClock } from '@rivulet/time'
import { TestClock } from '@rivulet/time/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { IncomingPayments, receiverMigrations } from './index.ts'

const address = 'test.rivulet.receiver'
const asset = { code: 'EUR', scale: 9 }
const client = 'https://client.example/app'
const dayMs = 24 * 3_600_000
const keys = { current: '1', all: { 1: randomBytes(32) } }

let postgres: Postgres
let ledger: Ledger
let accounts: Accounts
let link: Account
let publisher: WalletAddress
let house: House

interface House {
  readonly streams: StreamReceiver
  readonly payments: IncomingPayments
}

/** A clock that runs with the machine's and can be put forward. */
class ShiftedClock implements Clock {
  aheadMs = 0
  nowMs = (): number => systemClock.nowMs() + this.aheadMs
  monotonicMs = (): number => systemClock.monotonicMs() + this.aheadMs
  after = systemClock.after.bind(systemClock)
  sleep = systemClock.sleep.bind(systemClock)
}

/** The receiving role of one process, whose clock may differ from the ledger's. */
function openHouse(clock: Clock): House {
  const streams = new StreamReceiver({ address, keys, clock, receiving: ledger.receiving })
  return { streams, payments: new IncomingPayments({ postgres, clock, accounts, streams, receiving: ledger.receiving }) }
}

beforeAll(async () => {
  postgres = await testPostgres([ledgerMigrations, accountsMigrations, receiverMigrations])
  ledger = await Ledger.open({ postgres, clock: systemClock })
  const entrances = { subscriber: { publicUrl: 'https://wallet.example' }, publisher: { publicUrl: 'https://pay.example' }, operator: { publicUrl: 'https://operator.example' } }
  accounts = await Accounts.open({ postgres, ledger, clock: systemClock, secret: randomBytes(32), entrances, sandbox: true })
  const person = await accounts.createPerson({ role: 'publisher', email: 'gazette@example.com', password: 'correct horse', name: 'The Gazette', path: 'gazette' })
  if (person.walletAddress === undefined) throw new Error('a publisher has a wallet address')
  publisher = person.walletAddress
  link = await ledger.openAccount({ name: 'link[wallet]@receiver', kind: 'link', asset, debitsMayExceedCredits: true })
  house = openHouse(systemClock)
})

afterAll(async () => {
  await accounts[Symbol.asyncDispose]()
  await ledger[Symbol.asyncDispose]()
  await postgres[Symbol.asyncDispose]()
})

function prepareFor({ destination, sharedSecret }: Credentials, amount: bigint, options: { readonly sequence?: number; readonly close?: boolean } = {}): Prepare {
  const stream = new StreamKeys(sharedSecret)
  const frames = options.close === true ? [{ type: FrameType.connectionClose, errorCode: 1, errorMessage: '' } as const] : []
  const data = stream.seal({ type: PacketType.prepare, sequence: options.sequence ?? 1, amount, frames })
  return { amount, expiresAtMs: systemClock.nowMs() + 20_000, condition: conditionOf(stream.fulfillmentOf(data)), destination, data }
}

const pay = async (credentials: Credentials | undefined, amount: bigint, options: Parameters<typeof prepareFor>[2] & { readonly at?: House } = {}): Promise<string> => {
  if (credentials === undefined) throw new Error('the payment takes no money')
  return outcome(await (options.at ?? house).streams.handle(prepareFor(credentials, amount, options), { debitAccountId: link.id, asset }))
}
const outcome = (reply: Reply): string => (isFulfill(reply) ? 'fulfilled' : reply.code)
const balance = async (): Promise<bigint> => {
  const { posted, accrued } = await ledger.balance(publisher.ledgerAccountId)
  return posted + accrued
}

test('a payment begins open and empty, and every durable credit is in its received amount', async () => {
  const before = await balance()
  const { payment, credentials } = await house.payments.create({ walletAddress: publisher, client, metadata: { source: 'Web Monetization' } })
  expect(payment).toMatchObject({ url: `https://pay.example/incoming-payments/${payment.id}`, client, incomingAmount: undefined, receivedAmount: 0n, metadata: { source: 'Web Monetization' }, state: 'open' })
  expect(payment.expiresAtMs - payment.createdAtMs).toBe(30 * dayMs)
  for (const sequence of [1, 2, 3]) expect(await pay(credentials, 100n, { sequence })).toBe('fulfilled')
  expect(await house.payments.get(payment.id)).toEqual({ ...payment, receivedAmount: 300n })
  expect(await balance()).toBe(before + 300n)
})

test('every payer of an open amount gets a connection of its own, counts from 1, and all of it is received once', async () => {
  const { payment, credentials } = await house.payments.create({ walletAddress: publisher, client })
  const others = await Promise.all(Array.from({ length: 8 }, () => house.payments.open(payment.id)))
  const payers = [credentials, ...others.map((other) => other?.credentials)]
  expect(new Set(payers.map((payer) => payer?.destination)).size).toBe(9)
  expect(await Promise.all(payers.map((payer) => pay(payer, 10n)))).toEqual(Array(9).fill('fulfilled'))
  expect(await pay(credentials, 10n)).toBe('F99')
  expect((await house.payments.get(payment.id))?.receivedAmount).toBe(90n)
})

describe('a limited amount', () => {
  test('is reached exactly and never passed, however many packets come at once to several processes; then the payment is completed', async () => {
    const other = openHouse(systemClock)
    const { payment, credentials } = await house.payments.create({ walletAddress: publisher, client, incomingAmount: 1_000n })
    const before = await balance()
    const outcomes = await Promise.all(Array.from({ length: 60 }, (_, index) => pay(credentials, 70n, { sequence: index + 1, at: index % 2 === 0 ? house : other })))
    expect(outcomes.filter((one) => one === 'fulfilled')).toHaveLength(14)
    expect(new Set(outcomes)).toEqual(new Set(['fulfilled', 'F99']))
    expect((await house.payments.get(payment.id))?.state).toBe('open')
    expect(await Promise.all([1, 2, 3, 4].map((index) => pay(credentials, 20n, { sequence: 60 + index })))).toEqual(expect.arrayContaining(['fulfilled', 'F99', 'F99', 'F99']))
    expect(await house.payments.get(payment.id)).toMatchObject({ receivedAmount: 1_000n, state: 'completed' })
    expect(await balance()).toBe(before + 1_000n)
    expect((await house.payments.open(payment.id))?.credentials).toBeUndefined()
  })

  test('may come from several payers, one after the other: whoever closes the connection leaves the rest to the next', async () => {
    const { payment, credentials } = await house.payments.create({ walletAddress: publisher, client, incomingAmount: 100n })
    expect((await house.payments.open(payment.id))?.credentials).toEqual(credentials)
    expect(await pay(credentials, 60n)).toBe('fulfilled')
    expect(await pay(credentials, 0n, { sequence: 2, close: true })).toBe('fulfilled')
    const asked = await Promise.all(Array.from({ length: 5 }, () => house.payments.open(payment.id)))
    expect(new Set(asked.map((one) => one?.credentials?.destination)).size).toBe(1)
    const next = asked[0]?.credentials
    expect(next?.destination).not.toBe(credentials.destination)
    expect([await pay(credentials, 1n, { sequence: 3 }), await pay(next, 41n), await pay(next, 40n, { sequence: 2 })]).toEqual(['F99', 'F99', 'fulfilled'])
    expect(await house.payments.get(payment.id)).toMatchObject({ receivedAmount: 100n, state: 'completed' })
  })
})

describe('an end', () => {
  test('that somebody declares keeps out what comes later, also on connections that nothing has come on, and is declared once', async () => {
    const { payment, credentials } = await house.payments.create({ walletAddress: publisher, client })
    const unused = (await house.payments.open(payment.id))?.credentials
    expect(await pay(credentials, 5n)).toBe('fulfilled')
    const [ended, ...refused] = (await Promise.allSettled([1, 2, 3].map(() => house.payments.complete(payment.id)))).toSorted((one, two) => one.status.localeCompare(two.status))
    expect(ended).toMatchObject({ status: 'fulfilled', value: { state: 'completed', receivedAmount: 5n } })
    expect(refused.map((one) => (one as PromiseRejectedResult).reason as unknown)).toEqual(Array(2).fill(expect.objectContaining({ code: 'payment-over' })))
    expect([await pay(credentials, 5n, { sequence: 2 }), await pay(unused, 5n)]).toEqual(['F99', 'F99'])
    expect((await house.payments.get(payment.id))?.receivedAmount).toBe(5n)
    expect((await house.payments.open(payment.id))?.credentials).toBeUndefined()
  })

  test('by the clock is kept by the flush itself, even when the process that took the packet has another time', async () => {
    const clock = new TestClock(systemClock.nowMs() - 3_600_000)
    const late = openHouse(clock)
    const { payment, credentials } = await late.payments.create({ walletAddress: publisher, client, expiresAtMs: clock.nowMs() + 600_000 })
    expect(await pay(credentials, 5n, { at: late })).toBe('F99')
    expect(await late.payments.get(payment.id)).toMatchObject({ state: 'open', receivedAmount: 0n })
    expect(await house.payments.get(payment.id)).toMatchObject({ state: 'expired', receivedAmount: 0n })
    expect((await house.payments.open(payment.id))?.credentials).toBeUndefined()
    await expect(house.payments.complete(payment.id)).rejects.toMatchObject({ code: 'payment-over' })
    await clock.advance(600_000)
    expect(await pay(credentials, 5n, { at: late })).toBe('F06')
  })

  test('days ahead is kept as well: the row of its connection stays', async () => {
    const clock = new TestClock(systemClock.nowMs() - 3 * dayMs)
    const early = openHouse(clock)
    const { payment, credentials } = await early.payments.create({ walletAddress: publisher, client, expiresAtMs: clock.nowMs() + 10 * dayMs })
    expect(await pay(credentials, 5n)).toBe('fulfilled')
    expect(await house.payments.get(payment.id)).toMatchObject({ state: 'open', receivedAmount: 5n })
    expect(await pay(credentials, 5n)).toBe('F99')
  })
})

test.each([
  ['no amount', { incomingAmount: 0n }, 'amount-invalid'],
  ['an amount beyond 2^62', { incomingAmount: 2n ** 62n + 1n }, 'amount-invalid'],
  ['an end in the past', { expiresAtMs: 0 }, 'expiry-invalid'],
  ['an end in 31 days', { expiresAtMs: systemClock.nowMs() + 31 * dayMs }, 'expiry-invalid'],
  ['metadata of 5 kB', { metadata: { text: 'x'.repeat(5_000) } }, 'metadata-too-large'],
])('%s is refused', async (_what, wrong, code) => {
  await expect(house.payments.create({ walletAddress: publisher, client, ...wrong })).rejects.toMatchObject({ code })
})

test('lists are cut from either end, by address and by client', async () => {
  const other = await accounts.addWalletAddress(publisher.personId, { path: 'gazette-2', publicName: 'Two', asset })
  const made: string[] = []
  for (let index = 0; index < 5; index += 1) made.push((await house.payments.create({ walletAddress: other, client: index === 2 ? 'https://else.example/app' : client })).payment.id)
  made.sort().reverse()
  const ids = async (page: object): Promise<string[]> => (await house.payments.list({ walletAddressId: other.id, limit: 2, ...page })).map(({ id }) => id)
  expect(await ids({})).toEqual(made.slice(0, 2))
  expect(await ids({ after: made[1] })).toEqual(made.slice(2, 4))
  expect(await ids({ before: made[4] })).toEqual(made.slice(2, 4))
  expect(await ids({ after: made[4] })).toEqual([])
  expect(await ids({ client, limit: 10 })).toHaveLength(4)
  expect(await house.payments.get('inpm_00000000000000000000000000')).toBeUndefined()
  expect(await house.payments.get('nonsense')).toBeUndefined()
})

test('a payer who vanishes holds a payment of limited amount for 30 s after others have asked, and the next one brings the rest', async () => {
  const clock = new ShiftedClock()
  const later = openHouse(clock)
  const { payment, credentials } = await later.payments.create({ walletAddress: publisher, client, incomingAmount: 1_000n })
  const open = async () => (await later.payments.open(payment.id))?.credentials
  // Nobody has used it: it serves whoever comes.
  expect((await open())?.destination).toBe(credentials.destination)
  expect(await pay(credentials, 400n, { at: later })).toBe('fulfilled')
  expect((await open())?.destination).toBe(credentials.destination)
  clock.aheadMs = 29_000
  expect((await open())?.destination).toBe(credentials.destination)
  expect(await pay(credentials, 100n, { at: later, sequence: 2 })).toBe('fulfilled')
  clock.aheadMs = 31_000
  expect((await open())?.destination).toBe(credentials.destination)
  clock.aheadMs = 61_000
  const next = await open()
  expect(next?.destination).not.toBe(credentials.destination)
  expect(await pay(credentials, 1n, { at: later, sequence: 3 })).toBe('F99')
  expect(await pay(next, 501n, { at: later })).toBe('F99')
  expect(await pay(next, 500n, { at: later, sequence: 2 })).toBe('fulfilled')
  expect(await later.payments.get(payment.id)).toMatchObject({ receivedAmount: 1_000n, state: 'completed' })
})

test('a week after its end a payment that got nothing is forgotten, and one that got something stays', async () => {
  const clock = new ShiftedClock()
  const later = openHouse(clock)
  const create = async (livesMs: number) => later.payments.create({ walletAddress: publisher, client, expiresAtMs: clock.nowMs() + livesMs })
  const [empty, paid, living] = await Promise.all([create(60_000), create(60_000), create(20 * dayMs)])
  expect(await pay(paid.credentials, 1n, { at: later })).toBe('fulfilled')
  const left = async () => (await Promise.all([empty, paid, living].map(({ payment }) => later.payments.get(payment.id)))).map((payment) => payment?.receivedAmount)
  clock.aheadMs = 7 * dayMs
  while ((await later.payments.sweep()) > 0);
  expect(await left()).toEqual([0n, 1n, 0n])
  clock.aheadMs = 7 * dayMs + 61_000
  expect(await later.payments.sweep()).toBeGreaterThan(0)
  expect(await left()).toEqual([undefined, 1n, 0n])
  expect(await later.payments.sweep()).toBe(0)
})

test('a client has at most 10,000 open payments at a wallet address; others, and this installation, go on', async () => {
  const [greedy, own] = ['https://greedy.example/app', 'https://wallet.example/instance']
  const nowMs = systemClock.nowMs()
  for (const name of [greedy, own]) {
    await postgres.pool.query(`insert into receiver.incoming_payment (id, wallet_address_id, client, created_at_ms, expires_at_ms) select 'inpm_' || $2 || n, $1, $2, $3, $4 from generate_series(1, 10000) n`, [publisher.id, name, nowMs, nowMs + 60_000])
  }
  const payments = new IncomingPayments({ postgres, clock: systemClock, accounts, streams: house.streams, receiving: ledger.receiving, unlimitedClients: [own] })
  await expect(payments.create({ walletAddress: publisher, client: greedy })).rejects.toMatchObject({ code: 'payments-too-many' })
  await payments.create({ walletAddress: publisher, client: own })
  await payments.create({ walletAddress: publisher, client })
  await postgres.pool.query(`update receiver.incoming_payment set completed_at_ms = $2 where id = 'inpm_' || $1 || 1`, [greedy, nowMs])
  await payments.create({ walletAddress: publisher, client: greedy })
  // Those who ask at the same moment, of two processes, share what is left.
  const other = new IncomingPayments({ postgres, clock: systemClock, accounts, streams: house.streams, receiving: ledger.receiving })
  await postgres.pool.query(`update receiver.incoming_payment set completed_at_ms = $2 where id in ('inpm_' || $1 || 2, 'inpm_' || $1 || 3)`, [greedy, nowMs])
  const tries = await Promise.allSettled(Array.from({ length: 20 }, (_, index) => (index % 2 === 0 ? payments : other).create({ walletAddress: publisher, client: greedy })))
  expect(tries.filter(({ status }) => status === 'fulfilled')).toHaveLength(2)
  const { rows } = await postgres.pool.query<{ open: number }>('select count(*)::int as open from receiver.incoming_payment where client = $1 and completed_at_ms is null', [greedy])
  expect(rows).toEqual([{ open: 10_000 }])
})

const connectionOf = ({ destination }: Credentials): Buffer => createHash('sha256').update(destination).digest()
const unfolded = async (id: string): Promise<number> => (await postgres.pool.query<{ count: number }>('select count(*)::int as count from receiver.connection where incoming_payment_id = $1 and not folded', [id])).rows[0]?.count ?? 0

test('a payment that thousands pay goes on, and what is looked at whenever it is read stays little', async () => {
  const other = openHouse(systemClock)
  const { payment, credentials } = await house.payments.create({ walletAddress: publisher, client })
  expect(await pay(credentials, 1n)).toBe('fulfilled')
  let received = 1n
  for (let round = 0; round < 6; round += 1) {
    const payers = await Promise.all(Array.from({ length: 500 }, (_, index) => (index % 2 === 0 ? house : other).payments.openAlone(payment.id)))
    expect(payers.filter((payer) => payer === undefined)).toEqual([])
    const paying = payers.map((payer) => payer?.credentials).filter((payer, index) => payer !== undefined && index % 20 === 0)
    expect(new Set(await Promise.all(paying.map((payer) => pay(payer, 3n))))).toEqual(new Set(['fulfilled']))
    received += BigInt(paying.length) * 3n
    expect((await other.payments.get(payment.id))?.receivedAmount).toBe(received)
    // Paying ends with the connection: the wallet's ledger closes it with its own row.
    await Promise.all(payers.filter((payer) => payer !== undefined).map((payer) => ledger.receiving.close(connectionOf(payer.credentials), payment.expiresAtMs)))
  }
  expect((await house.payments.get(payment.id))?.receivedAmount).toBe(received)
  expect(await unfolded(payment.id)).toBeLessThan(1_500)
  expect(await house.payments.complete(payment.id)).toMatchObject({ receivedAmount: received, state: 'completed' })
})

test('while 2,000 connections of a payment are open its payers share one; those that bring nothing for a quarter of an hour are closed, and the next payer has its own again', async () => {
  const clock = new ShiftedClock()
  const later = openHouse(clock)
  const { payment, credentials } = await later.payments.create({ walletAddress: publisher, client })
  expect(await pay(credentials, 7n, { at: later })).toBe('fulfilled')
  const vanished = (await later.payments.open(payment.id))?.credentials
  await postgres.pool.query(`insert into receiver.connection (incoming_payment_id, destination, connection) select $1, 'test.gone.' || n, sha256(($1 || n)::bytea) from generate_series(1, 1997) n`, [payment.id])
  const newest = (await later.payments.open(payment.id))?.credentials
  expect(await pay(newest, 11n, { at: later })).toBe('fulfilled')
  const open = async () => (await later.payments.open(payment.id))?.credentials
  expect((await open())?.destination).toBe(newest?.destination)
  clock.aheadMs = 899_000
  expect((await open())?.destination).toBe(newest?.destination)
  clock.aheadMs = 901_000
  const next = await open()
  expect(next?.destination).not.toBe(newest?.destination)
  expect([await unfolded(payment.id), await pay(next, 100n, { at: later }), await pay(newest, 1n, { at: later, sequence: 2 }), await pay(vanished, 1n, { at: later })]).toEqual([2, 'fulfilled', 'fulfilled', 'F99'])
  expect(await later.payments.get(payment.id)).toMatchObject({ receivedAmount: 119n, state: 'open' })
  expect((await house.payments.get(payment.id))?.receivedAmount).toBe(119n)
})

test('the books are right', async () => {
  expect(await ledger.verify()).toMatchObject({ ok: true, problems: [] })
})
