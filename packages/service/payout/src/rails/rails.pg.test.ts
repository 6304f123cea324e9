/** What every rail holds, whichever way it moves money: the fee is shown before, a request is paid once, each state is seen in its order, and what comes back can be sent again. */
import { createHmac, randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Person, WalletAddress } from '@rivulet/accounts'
import { Funding, fundingMigrations, FundingStore, InvoiceStore, SandboxProvider, SandboxStore } from '@rivulet/funding'
import { gnapMigrations } from '@rivulet/gnap'
import { newId, Seal } from '@rivulet/ids'
import { memoryLinkPair } from '@rivulet/links'
import { notifyMigrations } from '@rivulet/notify'
import { createPaying, findReceiver, openPaymentsMigrations } from '@rivulet/open-payments'
import type { Migrations } from '@rivulet/postgres'
import { IncomingPayments, Splits } from '@rivulet/receiver'
import { StreamReceiver } from '@rivulet/stream-receiver'
import { StreamSender } from '@rivulet/stream-sender'
import express, { type RequestHandler } from 'express'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { RailName } from '../payout.ts'
import type { PayoutRecord } from '../payout-store.ts'
import { everybody } from '../everybody.ts'
import { PayeesElsewhere, payerOf } from '../payees-elsewhere.ts'
import { sharesElsewhere, statesElsewhere } from '../shares-elsewhere.ts'
import { StripeAccountStore } from '../stripe-account-store.ts'
import { stripePayoutRoutes } from '../stripe-routes.ts'
import { camt, cent, eur, type House, maraIban, openHouse } from '../test-house.ts'
import { interledgerRail } from './interledger.ts'
import { stripeRail } from './stripe.ts'
import { StripeConnect } from './stripe-connect.ts'
import { StripeStandIn } from './stripe-stand-in.ts'
import { PayoutFault } from '../fault.ts'
import { RailRefusal } from './rail.ts'

/** One rail with what it needs, and what the world on its other side does. */
interface Way {
  readonly house: House
  readonly destination: unknown
  /** Units that have left by this rail, each time that something did. */
  left(): readonly bigint[] | Promise<readonly bigint[]>
  /** Everything is done for an approved payout to arrive. */
  arrives(record: PayoutRecord): Promise<void>
  /** What has arrived comes back, where it can. */
  comesBack(record: PayoutRecord): Promise<void>
  close(): Promise<void>
}

const earned = 10_000n * cent
const operator = { kind: 'operator', id: 'olivia' } as const

async function sepa(): Promise<Way> {
  const house = await openHouse()
  const files: string[] = []
  let statements = 0
  const take = async (record: PayoutRecord, sign: 'DBIT' | 'CRDT'): Promise<void> => {
    statements += 1
    await house.bank.take(camt([{ amount: '9.75', sign, payout: record, ...(sign === 'CRDT' && { returned: 'AC04' }) }], { id: `S-${statements}` }), operator.id)
  }
  return {
    house, destination: { rail: 'sepa', name: 'Mara Lindqvist', iban: maraIban },
    left: () => files.flatMap((file) => Array.from(file.matchAll(/<InstdAmt Ccy="EUR">([0-9.]+)</g), ([, amount = '']) => BigInt(amount.replace('.', '')) * cent)),
    async arrives(record) {
      const { id } = await house.bank.batch(operator.id)
      files.push((await house.bank.file(id)).toString())
      await take((await house.store.get(record.payout.id)) ?? record, 'DBIT')
    },
    comesBack: (record) => take(record, 'CRDT'),
    close: () => Promise.resolve(),
  }
}

async function manual(): Promise<Way> {
  const house = await openHouse()
  const left: bigint[] = []
  return {
    house, destination: { rail: 'manual', instructions: 'cash, at the desk' },
    left: () => left,
    async arrives({ payout }) {
      await house.payouts.decide(payout.id, { type: 'sent', reference: 'envelope 7' }, operator)
      left.push(payout.amount - payout.fee)
      await house.payouts.decide(payout.id, { type: 'settled' }, operator)
    },
    comesBack: async ({ payout }) => void (await house.payouts.decide(payout.id, { type: 'returned', reason: 'nobody was there' }, operator)),
    close: () => Promise.resolve(),
  }
}

async function stripe(): Promise<Way> {
  const standIn = new StripeStandIn()
  await standIn.open()
  const connect = new StripeConnect({ secretKey: 'sk_test_12345678', webhookSecrets: ['whsec_own'], returnUrl: 'https://pay.example/payouts', apiUrl: standIn.url })
  const house: House = await openHouse({ stripeAccountOf: (personId) => connected.of(personId) })
  const connected = new StripeAccountStore(house.postgres)
  house.payouts.sendBy(stripeRail(connect))
  const letIn: RequestHandler = (_request, response, next) => {
    response.locals['person'] = { id: house.mara.personId, email: 'mara@example.com' } as Person
    next()
  }
  const server = createServer(express().use(stripePayoutRoutes({ stripe: connect, connected, payouts: house.payouts, store: house.store, entrance: { requireSession: letIn, requireSameOrigin: letIn }, clock: house.clock, log: { error: () => undefined } })))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  await fetch(`${origin}/api/payouts/stripe-account`, { method: 'POST' })
  standIn.accounts.set((await connected.of(house.mara.personId)) ?? '', { transfers: 'active', due: [], payout: undefined })
  return {
    house, destination: { rail: 'stripe' },
    left: () => standIn.transfers.map(({ amount }) => BigInt(amount) * cent),
    // By itself.
    arrives: () => Promise.resolve(),
    async comesBack({ payout }) {
      const transfer = standIn.transfers.find(({ transfer_group: group }) => group === `${payout.id}/${payout.attempt}`)
      if (transfer === undefined) throw new Error('it was not sent')
      transfer.amount_reversed = transfer.amount
      const body = JSON.stringify({ id: 'evt_1', object: 'event', livemode: false, type: 'transfer.reversed', data: { object: { object: 'transfer', id: transfer.id } } })
      const seconds = Math.floor(house.clock.nowMs() / 1_000)
      const signature = createHmac('sha256', 'whsec_own').update(`${seconds}.${body}`).digest('hex')
      await fetch(`${origin}/webhooks/stripe-payouts`, { method: 'POST', headers: { 'content-type': 'application/json', 'stripe-signature': `t=${seconds},v1=${signature}` }, body })
    },
    async close() {
      await new Promise((resolve) => server.close(resolve))
      await standIn.close()
    },
  }
}

/** To a wallet address of Open Payments, by real STREAM packets into real books. */
async function interledger(migrations: readonly Migrations[] = []): Promise<Way> {
  const house = await openHouse({}, [gnapMigrations, openPaymentsMigrations, ...migrations])
  const { ledger, clock, postgres, mara } = house
  const account = (name: string, kind: 'link' | 'publisher') => ledger.openAccount({ name, kind, asset: eur, debitsMayExceedCredits: kind === 'link' })
  const [there, here, bob] = [await account('link[receiver]@wallet', 'link'), await account('link[wallet]@receiver', 'link'), await account('publisher[bob]', 'publisher')]
  const address: WalletAddress = { id: newId('wadr', clock.nowMs()), personId: newId('pers', 1), role: 'publisher', path: 'bob', url: 'https://receiver.example/bob', publicName: 'bob', asset: eur, ledgerAccountId: bob.id, main: true }
  const streams = new StreamReceiver({ address: 'test.receiver', keys: { current: 'a', all: { a: randomBytes(32) } }, clock, receiving: ledger.receiving })
  const [link, far] = memoryLinkPair({ clock })
  far.receive((prepare) => streams.handle(prepare, { debitAccountId: here.id, asset: eur }))
  const incoming = new IncomingPayments({ postgres, clock, streams, receiving: ledger.receiving, accounts: { walletAddressById: () => Promise.resolve(address) } })
  const paying = await createPaying({
    stopped: () => Promise.resolve(undefined), postgres, ledger, clock, log: { warn: () => undefined, error: () => undefined }, sender: new StreamSender({ clock, random: () => 0.5 }), asset: eur, seal: new Seal(randomBytes(32)), publicUrl: 'https://wallet.example', leaseMs: 60_000, ilpAddress: 'test.wallet.pay',
    fee: { fixed: 0n, basisPoints: 0n }, accounts: { walletAddressByUrl: () => Promise.resolve(undefined), isAccountFrozen: () => Promise.resolve(false) }, requireToken: () => [],
    routing: { to: () => Promise.resolve({ link, creditAccountId: there.id }), rateOf: () => undefined, slippage: { numerator: 0n, denominator: 1n } },
    find: findReceiver({ incoming, publicUrls: ['https://receiver.example'], reader: { read: () => Promise.resolve(undefined) } }),
  })
  const paid: string[] = []
  const maras = { ...address, personId: mara.personId, path: 'mara', url: 'https://pay.example/mara', ledgerAccountId: mara.accountId }
  const accounts = {
    walletAddressByAccount: (id: string) => Promise.resolve(id === mara.accountId ? maras : undefined),
    personById: (id: string) => Promise.resolve(id === mara.personId ? ({ id, name: 'Mara', email: 'mara@example.com', role: 'publisher', walletAddress: maras } as Person) : undefined),
  }
  house.payouts.sendBy(
    interledgerRail({
      payments: paying.payments, ledger, client: 'https://wallet.example', payerOf: payerOf({ accounts, store: house.store, instance: { url: 'https://wallet.example/instance', asset: eur } }),
      resolver: {
        resolve: async () => {
          const { payment } = await incoming.create({ walletAddress: address, client: 'https://wallet.example' })
          paid.push(payment.id)
          return { paymentPointer: address.url, asset: eur, receiptsEnabled: false, incomingPayment: payment.url, destination: '', sharedSecret: Buffer.alloc(32) }
        },
      },
    }),
  )
  return {
    house, destination: { rail: 'interledger', walletAddress: address.url },
    left: async () => (await Promise.all(paid.map((id) => incoming.get(id)))).flatMap((payment) => (payment === undefined || payment.receivedAmount === 0n ? [] : [payment.receivedAmount])),
    async arrives({ payout }) {
      // Packets, flushes and looks take their time, on this clock.
      for (let turn = 0; turn < 500 && (await house.store.get(payout.id))?.payout.status !== 'settled'; turn += 1) {
        await clock.advance(200)
        await house.payouts.work()
      }
    },
    comesBack: () => Promise.reject(new Error('it stays there')),
    async close() {
      const closing = Promise.resolve(paying[Symbol.asyncDispose]())
      await clock.advance(10_000)
      await closing
    },
  }
}

const ways: readonly (readonly [RailName, () => Promise<Way>, bigint])[] = [['sepa', sepa, 25n * cent], ['manual', manual, 0n], ['stripe', stripe, 25n * cent], ['interledger', () => interledger(), 3n]]

const amount = 1_000n * cent
let way: Way

async function begin(openWay: () => Promise<Way>): Promise<void> {
  way = await openWay()
  await way.house.payouts.setMethod(way.house.mara, { destination: way.destination, schedule: 'none', threshold: 0n })
  await way.house.earn(earned)
}

afterEach(async () => {
  await way.close()
  await way.house[Symbol.asyncDispose]()
})

const now = async ({ payout }: PayoutRecord): Promise<PayoutRecord> => (await way.house.store.get(payout.id)) as PayoutRecord

describe.each(ways)('a payout by %s', (rail, openWay, fee) => {
  const net = amount - fee
  beforeEach(() => begin(openWay))

  test('shows its fee before, and brings exactly the rest', async () => {
    expect(await way.house.payouts.quote(way.house.mara, amount)).toMatchObject({ rail, amount, fee, net })
    const record = await way.house.request(amount)
    await way.arrives(record)
    expect([(await now(record)).payout.status, await way.left()]).toEqual(['settled', [net]])
    const posted = await way.house.posted()
    expect([posted['publisher[mara]'], posted['fee.payout'] ?? 0n, posted[`payout[${rail}]`]]).toEqual([earned - amount, fee, undefined])
  })

  test('goes through its states in order, each once, and what has arrived is not tried again', async () => {
    const record = await way.house.request(amount)
    await way.arrives(record)
    const timeline = (await way.house.store.timelines([record.payout.id])).get(record.payout.id) ?? []
    expect(timeline.map(({ status }) => status)).toEqual(['requested', 'approved', 'sent', 'settled'])
    await expect(way.house.payouts.decide(record.payout.id, { type: 'retry' }, operator)).rejects.toMatchObject({ code: 'payout-state' })
  })

  test('is one payment, however often it is asked for under its key, by whichever process, and looked at afterwards', async () => {
    const other = way.house.open()
    const asked = await Promise.all(Array.from({ length: 4 }, (_, index) => (index % 2 === 0 ? way.house.payouts : other).request({ payee: way.house.mara, amount, key: 'the-only-key', by: { kind: 'publisher', id: 'mara' } })))
    const [record] = asked as [PayoutRecord]
    expect(new Set(asked.map(({ payout }) => payout.id)).size).toBe(1)
    await way.house.payouts.work()
    await way.arrives(record)
    for (let again = 0; again < 2; again += 1) await Promise.all([way.house.payouts.work(), other.work()])
    expect([(await now(record)).payout.status, await way.left(), (await way.house.rows()).filter((row) => row.endsWith(' payout'))]).toEqual(['settled', [net], [`publisher[mara] -> payout[${rail}] ${amount} payout`]])
    await expect(way.house.request(amount + cent, 'the-only-key')).rejects.toMatchObject({ code: 'key-reused' })
  })
})

// What has arrived by Interledger stays there.
describe.each(ways.filter(([rail]) => rail !== 'interledger'))('a payout by %s that comes back', (_rail, openWay, fee) => {
  beforeEach(() => begin(openWay))

  test('is the publisher’s again to the unit, and a retry pays it a second time', async () => {
    const record = await way.house.request(amount)
    await way.arrives(record)
    await way.comesBack(await now(record))
    expect([(await now(record)).payout.status, await way.house.posted()]).toEqual(['returned', { 'psp[sandbox]': -earned, 'publisher[mara]': earned }])
    await way.house.payouts.decide(record.payout.id, { type: 'retry' }, operator)
    await way.arrives(await now(record))
    expect([(await now(record)).payout, await way.left()]).toMatchObject([{ status: 'settled', attempt: 2 }, [amount - fee, amount - fee]])
    expect((await way.house.posted())['publisher[mara]']).toBe(earned - amount)
  })
})

test('a share for a wallet address of another provider gathers on an account of its own, and leaves by Interledger when there is enough, exact over time', async () => {
  await begin(() => interledger())
  const { ledger, clock, postgres, mara, payouts, store } = way.house
  const address: WalletAddress = { id: newId('wadr', clock.nowMs()), personId: mara.personId, role: 'publisher', path: 'mara', url: 'https://pay.example/mara', publicName: 'Mara', asset: eur, ledgerAccountId: mara.accountId, main: true }
  const there = 'https://receiver.example/bob'
  const elsewhere = sharesElsewhere({
    ledger, payouts, store, publicUrls: ['https://pay.example'],
    resolver: { lookUp: (pointer) => (pointer === 'https://closed.example/x' ? Promise.reject(new PayoutFault('destination-invalid', 'nobody is there')) : Promise.resolve({ paymentPointer: pointer, payee: undefined })) },
  })
  const found = (url: string): WalletAddress | undefined => (url === address.url ? address : undefined)
  await using splits = new Splits({
    postgres, ledger, clock, allowLocal: false, log: { warn: () => undefined }, elsewhere, statesElsewhere: statesElsewhere({ ledger, store }),
    accounts: { walletAddresses: () => Promise.resolve([address]), walletAddressByUrl: (url) => Promise.resolve(found(url)), walletAddressById: () => Promise.resolve(address) },
  })
  const refused = (pointer: string): Promise<void> => expect(splits.change(mara.personId, address.id, [{ pointer, weight: 1 }])).rejects.toMatchObject({ code: 'split-pointer-unknown' })
  await refused('https://closed.example/x')
  await refused('https://pay.example/nobody')
  await splits.change(mara.personId, address.id, [{ pointer: address.url, weight: 2 }, { pointer: there, weight: 1 }])
  const account = (await splits.list(mara.personId))[0]?.since?.parts.at(1)?.pointer
  expect(account).toBe(there)
  const state = async () => (await splits.list(mara.personId))[0]?.since?.parts.map((part) => part.elsewhere)
  expect(await state()).toEqual([undefined, { waiting: 0n, awaitingApproval: 0n, underWay: 0n, sent: 0n, refused: undefined, givenUpMs: undefined }])
  const gathered = async (): Promise<bigint> => (await way.house.posted())[Object.keys(await way.house.posted()).find((name) => name.startsWith('elsewhere[')) ?? ''] ?? 0n
  const nextMorning = async (): Promise<void> => {
    clock.jump(86_400_000)
    await payouts.work()
    for (const record of await store.list({ limit: 10, statuses: ['approved', 'sent'] })) await way.arrives(record)
  }
  await way.house.earn(100_000_001n)
  await splits.move()
  await nextMorning()
  // Less than the smallest payout waits.
  expect([await gathered(), await way.left()]).toEqual([33_333_333n, []])
  expect(await state()).toMatchObject([undefined, { waiting: 33_333_333n, underWay: 0n, sent: 0n }])
  await way.house.earn(3_000_000_001n)
  await splits.move()
  expect(await gathered()).toBe(1_033_333_334n)
  // The other side takes nothing that morning: nothing is lost, it is said, and it leaves on the next.
  const refuses = (): Promise<never> => Promise.reject(new RailRefusal('this wallet address takes no payments'))
  clock.jump(86_400_000)
  await way.house.open({}, { name: 'interledger', prepare: refuses, send: refuses, check: refuses }).work()
  expect(await state()).toMatchObject([undefined, { waiting: 1_033_333_334n, underWay: 0n, sent: 0n, refused: { reason: 'this wallet address takes no payments' } }])
  await nextMorning()
  expect([await gathered(), await way.left()]).toEqual([0n, [1_033_333_331n]])
  expect(await state()).toEqual([undefined, { waiting: 0n, awaitingApproval: 0n, underWay: 0n, sent: 1_033_333_331n, refused: undefined, givenUpMs: undefined }])
  const { rows: payers } = await postgres.pool.query('select wallet_address from open_payments.outgoing_payment')
  expect(payers).toEqual([{ wallet_address: address.url }])
  await way.house.earn(1n)
  await splits.move()
  // Of 3,100,000,003 units a third, to the unit; three of them were the fee.
  expect(await gathered()).toBe(0n)
  expect((await way.house.rows()).filter((row) => row.includes('elsewhere')).map((row) => row.replace(/elsewhere\[[^\]]*\]/, 'elsewhere[there]'))).toEqual([
    'publisher[mara] -> elsewhere[there] 33333333 split', 'publisher[mara] -> elsewhere[there] 1000000001 split', 'elsewhere[there] -> payout[interledger] 1033333334 payout',
    'payout[interledger] -> elsewhere[there] 1033333334 payout-return', 'elsewhere[there] -> payout[interledger] 1033333334 payout',
  ])
})

test('what subscribers share with a wallet address of another provider gathers on one account, and leaves by Interledger in nobody’s name when there is enough; who takes no payments gets nothing of it', async () => {
  await begin(() => interledger([notifyMigrations, fundingMigrations]))
  const { ledger, clock, postgres, mara, payouts, store } = way.house
  const [there, streamsOnly, gone] = ['https://receiver.example/bob', 'https://spsp.example/x', 'https://gone.example/x']
  const asked: string[] = []
  const elsewhere = new PayeesElsewhere({
    ledger, payouts, store, clock, publicUrls: ['https://pay.example'],
    resolver: {
      lookUp(pointer) {
        asked.push(pointer)
        if (pointer === gone) return Promise.reject(new PayoutFault('destination-invalid', 'nobody is there'))
        return Promise.resolve({ paymentPointer: pointer, payee: pointer === there ? undefined : { paymentPointer: pointer, asset: eur, receiptsEnabled: false, incomingPayment: undefined, destination: '', sharedSecret: Buffer.alloc(32) } })
      },
    },
  })
  const ours = (payee: string) => (payee === 'https://pay.example/mara' ? mara.accountId : undefined)
  const sandbox = new SandboxProvider(new SandboxStore(postgres), clock)
  const plans = new FundingStore(postgres)
  await plans.offer([{ key: 'reader', name: 'Reader', price: 600_000_000n, asset: eur, period: 'month', feeBasisPoints: 0, rate: 100_000n, pacing: 'stream', trialDays: 0 }], () => newId('plan', clock.nowMs()))
  const payees = [...[there, 'https://pay.example/mara', streamsOnly, gone].map((payee) => ({ payee, ms: 60_000 })), { payee: 'https://pay.example/nobody', ms: 60_000 }]
  await using funding = new Funding({
    store: plans, ledger, clock, log: { warn: () => undefined, error: () => undefined }, providers: [sandbox], background: false, mails: { write: () => Promise.resolve() }, readerOf: () => Promise.resolve(undefined),
    invoices: new InvoiceStore(postgres), invoiceTerms: { seller: { name: 'Rivulet Test', address: [] }, prefix: 'T-', vatBasisPoints: 0 },
    attentionOf: (_person, fromDay, toDay) => Promise.resolve(fromDay <= '2026-12-01' && toDay >= '2026-12-01' ? payees.map((one) => ({ ...one, day: '2026-12-01', score: 0n })) : []),
    accountOf: async (payee) => ours(payee) ?? elsewhere.accountOf(payee),
    creditable: async (all) => new Set([...all.filter((payee) => ours(payee) !== undefined), ...(await elsewhere.among(all))]),
  })
  const people = await Promise.all(['alice', 'beth'].map(async (name) => {
    const { id: accountId } = await ledger.openAccount({ name: `subscriber[${name}]`, kind: 'subscriber', asset: eur, debitsMayExceedCredits: false })
    const personId = newId('pers', 1)
    await funding.subscribe({ personId, accountId, planId: (await funding.plans())[0]?.id ?? '', provider: sandbox.name, card: sandbox.card('4242 4242 4242 4242'), policy: { kind: 'time' } })
    return personId
  }))
  clock.jump(11 * 86_400_000)
  // A look changes nothing: no account is opened by it, and nobody is asked twice.
  const fifth = 120_000_000n
  const expected = { rest: 600_000_000n, shares: [{ id: there, amount: fifth }, { id: 'https://pay.example/mara', amount: fifth }], rolledOver: 3n * fifth }
  for (const person of people) expect(await funding.preview(person)).toMatchObject(expected)
  expect([asked.toSorted(), Object.keys(await way.house.posted()).filter((name) => name.startsWith('elsewhere['))]).toEqual([[gone, streamsOnly, there].toSorted(), []])
  const { rows: opened } = await postgres.pool.query("select name from ledger.accounts where name like 'elsewhere[%'")
  expect(opened).toEqual([])
  clock.jump(19 * 86_400_000)
  await funding.work()
  expect((await way.house.posted())['sharing']).toBeUndefined()
  const named = async (): Promise<readonly string[]> => (await way.house.rows()).filter((row) => /elsewhere|payout|share$/.test(row)).map((row) => row.replace(/elsewhere\[[^\]]*\]/, 'elsewhere[bob]')).toSorted()
  const shares = ['sharing -> elsewhere[bob] 120000000 share', 'sharing -> elsewhere[bob] 120000000 share', 'sharing -> publisher[mara] 120000000 share', 'sharing -> publisher[mara] 120000000 share']
  expect(await named()).toEqual(shares)
  // Two shares together are less than the smallest payout of 1.00: they wait.
  clock.jump(86_400_000)
  await payouts.work()
  expect(await named()).toEqual(shares)
  const { rows: [{ id: bob } = { id: '' }] } = await postgres.pool.query<{ id: `acct_${string}` }>("select id from ledger.accounts where name like 'elsewhere[%'")
  const sandboxed = await ledger.accountByName('psp[sandbox]')
  await ledger.transfer({ key: 'other readers', debitAccountId: sandboxed?.id ?? 'acct_', creditAccountId: bob as `acct_${string}`, amount: 800_000_003n, reason: 'deposit' })
  clock.jump(86_400_000)
  await payouts.work()
  const [record] = await store.list({ limit: 1 })
  expect(record).toMatchObject({ personId: everybody.personId, shown: there, payout: { amount: 1_040_000_003n, requestedBy: { kind: 'schedule' } } })
  if (record !== undefined) await way.arrives(record)
  expect(await way.left()).toEqual([1_040_000_000n])
  const payers = async (): Promise<readonly string[]> => (await postgres.pool.query<{ wallet_address: string }>('select wallet_address from open_payments.outgoing_payment')).rows.map((row) => row.wallet_address)
  expect(await payers()).toEqual(['https://wallet.example/instance'])
  expect(await named()).toEqual([
    'elsewhere[bob] -> payout[interledger] 1040000003 payout', 'payout[interledger] -> fee.payout 3 payout-fee',
    'psp[sandbox] -> elsewhere[bob] 800000003 deposit', ...shares,
  ])
  expect([(await way.house.posted())['link[receiver]@wallet'], (await way.house.posted())['payout[interledger]'], (await ledger.verify()).ok]).toEqual([1_040_000_000n, undefined, true])
})
