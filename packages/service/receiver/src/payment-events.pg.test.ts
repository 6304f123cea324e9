import { randomBytes } from 'node:crypto'
import { Accounts, accountsMigrations, type WalletAddress } from '@rivulet/accounts'
import { isFulfill, PacketType, type Prepare } from '@rivulet/ilp'
import { type Account, Ledger, ledgerMigrations } from '@rivulet/ledger'
import { notifyMigrations } from '@rivulet/notify'
import { migrate, type Postgres } from '@rivulet/postgres'
import { testPostgres } from '@rivulet/postgres/testing'
import { conditionOf, FrameType, StreamKeys } from '@rivulet/stream'
import { type Credentials, StreamReceiver } from '@rivulet/stream-receiver'
import { systemClock } from '@rivulet/time'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { IncomingPayments, PaymentEvents, receiverMigrations } from './index.ts'

const asset = { code: 'EUR', scale: 9 }
const client = 'https://client.example/app'
const firstStep = { schema: 'receiver', steps: receiverMigrations.steps.slice(0, 1) }

let postgres: Postgres
let ledger: Ledger
let accounts: Accounts
let link: Account
let publisher: WalletAddress
let streams: StreamReceiver
let payments: IncomingPayments
let before: string

beforeAll(async () => {
  postgres = await testPostgres([ledgerMigrations, accountsMigrations, firstStep])
  ledger = await Ledger.open({ postgres, clock: systemClock })
  const entrances = { subscriber: { publicUrl: 'https://wallet.example' }, publisher: { publicUrl: 'https://pay.example' }, operator: { publicUrl: 'https://operator.example' } }
  accounts = await Accounts.open({ postgres, ledger, clock: systemClock, secret: randomBytes(32), entrances, sandbox: true })
  const person = await accounts.createPerson({ role: 'publisher', email: 'gazette@example.com', password: 'correct horse', name: 'The Gazette', path: 'gazette' })
  if (person.walletAddress === undefined) throw new Error('a publisher has a wallet address')
  publisher = person.walletAddress
  link = await ledger.openAccount({ name: 'link[wallet]@receiver', kind: 'link', asset, debitsMayExceedCredits: true })
  streams = new StreamReceiver({ address: 'test.rivulet.receiver', keys: { current: '1', all: { 1: randomBytes(32) } }, clock: systemClock, receiving: ledger.receiving })
  payments = new IncomingPayments({ postgres, clock: systemClock, accounts, streams, receiving: ledger.receiving })
  // What a database of the first step holds: a payment, paid in full.
  const { payment, credentials } = await payments.create({ walletAddress: publisher, client, incomingAmount: 5n })
  await pay(credentials, 5n, { close: true })
  before = payment.id
  await migrate(postgres, [notifyMigrations, receiverMigrations])
})

beforeEach(async () => {
  await postgres.pool.query('delete from notify.events')
})

afterAll(async () => {
  await accounts[Symbol.asyncDispose]()
  await ledger[Symbol.asyncDispose]()
  await postgres[Symbol.asyncDispose]()
})

function prepareFor({ destination, sharedSecret }: Credentials, amount: bigint, { sequence = 1, close = false }: { readonly sequence?: number; readonly close?: boolean }): Prepare {
  const keys = new StreamKeys(sharedSecret)
  const frames = [{ type: FrameType.streamMoney, streamId: 1, shares: 1n } as const, ...(close ? [{ type: FrameType.connectionClose, errorCode: 1, errorMessage: '' } as const] : [])]
  const data = keys.seal({ type: PacketType.prepare, sequence, amount, frames })
  return { amount, expiresAtMs: systemClock.nowMs() + 20_000, condition: conditionOf(keys.fulfillmentOf(data)), destination, data }
}

async function pay(credentials: Credentials, amount: bigint, options: { readonly sequence?: number; readonly close?: boolean } = {}): Promise<void> {
  expect(isFulfill(await streams.handle(prepareFor(credentials, amount, options), { debitAccountId: link.id, asset }))).toBe(true)
}

/** The kind, what came in all, and the amount of each event, in order. */
async function told(): Promise<unknown[]> {
  const { rows } = await postgres.pool.query<{ body: string; object: string }>('select e.body, d.object from notify.events e join notify.deliveries d on d.event_id = e.id order by d.seq')
  return rows.map(({ body }) => {
    const { type, data } = JSON.parse(body) as { type: string; data: { receivedAmount: { value: string }; amount?: { value: string } } }
    return [type, data.receivedAmount.value, ...(data.amount === undefined ? [] : [data.amount.value])]
  })
}

/** One process; `until` says when its database work breaks off. */
function events(owners: readonly string[] = [publisher.personId]): PaymentEvents {
  return new PaymentEvents({ postgres, clock: systemClock, ledger, accounts, payments, owners: () => Promise.resolve(new Set(owners)), log: { warn: () => undefined } })
}

test('a database of the step before is brought up to date: its payments stay, and nothing of before is told', async () => {
  await addEndpoint()
  await events().look()
  expect(await told()).toEqual([])
  expect(await payments.get(before)).toMatchObject({ receivedAmount: 5n, state: 'completed' })
})

async function addEndpoint(): Promise<void> {
  await postgres.pool.query(`insert into notify.endpoints (id, owner_id, url, secret_sealed, kinds, created_at_ms) values ('hook_1', $1, 'https://shop.example', '', '{incoming_payment.received,incoming_payment.completed,stream.closed}', 0)`, [publisher.personId])
}

test('a payment is told as it is posted, then completed, then the end of its connection: each once, whoever looks', async () => {
  const { payment, credentials } = await payments.create({ walletAddress: publisher, client, incomingAmount: 100n, metadata: { order: 7 } })
  await pay(credentials, 40n)
  await events().look()
  expect(await told()).toEqual([])
  await pay(credentials, 60n, { sequence: 2, close: true })
  await Promise.all([events().look(), events().look(), events().look()])
  await events().look()
  expect(await told()).toEqual([['incoming_payment.received', '100', '100'], ['incoming_payment.completed', '100'], ['stream.closed', '100']])
  const { rows } = await postgres.pool.query<{ body: string; object: string }>('select e.body, d.object from notify.events e join notify.deliveries d on d.event_id = e.id order by d.seq')
  const amount = { value: '100', assetCode: 'EUR', assetScale: 9 }
  const payee = { incomingPayment: payment.url, walletAddress: publisher.url }
  expect(rows.map(({ body }) => (JSON.parse(body) as { data: object }).data)).toEqual([
    { ...payee, receivedAmount: amount, incomingAmount: amount, metadata: { order: 7 }, amount }, { ...payee, receivedAmount: amount, incomingAmount: amount, metadata: { order: 7 } },
    { ...payee, receivedAmount: amount, stream: expect.stringMatching(/^[0-9a-f]{64}$/) as string },
  ])
  expect(new Set(rows.map(({ object }) => object))).toEqual(new Set([payment.id]))
})

test('payers who bring a payment together are told with what each brought, and somebody’s word completes it', async () => {
  const { payment, credentials } = await payments.create({ walletAddress: publisher, client })
  const other = (await payments.open(payment.id))?.credentials
  if (other === undefined) throw new Error('the payment is open')
  await pay(credentials, 30n, { close: true })
  await events().look()
  await pay(other, 12n)
  await payments.complete(payment.id)
  await events().look()
  await events().look()
  expect(await told()).toEqual([['incoming_payment.received', '30', '30'], ['stream.closed', '30'], ['incoming_payment.received', '42', '12'], ['incoming_payment.completed', '42'], ['stream.closed', '12']])
})

test('a stream without an incoming payment is told at its end, one that brought nothing is not', async () => {
  const open = (): Credentials => streams.issue({ accountId: publisher.ledgerAccountId, asset })
  await pay(open(), 9n, { close: true })
  await pay(open(), 0n, { close: true })
  await events().look()
  expect(await told()).toEqual([['stream.closed', '9']])
})

test('what cannot be written is told later, whole', async () => {
  const { credentials } = await payments.create({ walletAddress: publisher, client })
  await pay(credentials, 7n, { close: true })
  await postgres.pool.query('alter table notify.deliveries rename to away')
  await expect(events().look()).rejects.toThrow('notify.deliveries')
  await postgres.pool.query('alter table notify.away rename to deliveries')
  await events().look()
  expect(await told()).toEqual([['incoming_payment.received', '7', '7'], ['stream.closed', '7']])
})

test('nothing is told of people who do not want to know', async () => {
  const { credentials } = await payments.create({ walletAddress: publisher, client })
  await pay(credentials, 7n, { close: true })
  await events([]).look()
  await events().look()
  expect(await told()).toEqual([])
})
