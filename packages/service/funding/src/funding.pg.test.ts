import { type Id, newId, Seal } from '@rivulet/ids'
import { type Account, Ledger, ledgerMigrations } from '@rivulet/ledger'
import { connectionOf, newOwner } from '@rivulet/ledger/testing'
import { isFault } from '@rivulet/faults'
import { Mails, notifyMigrations } from '@rivulet/notify'
import type { Postgres } from '@rivulet/postgres'
import { testPostgres } from '@rivulet/postgres/testing'
import { TestClock } from '@rivulet/time/testing'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Funding, type FundingOptions } from './funding.ts'
import { FundingStore } from './funding-store.ts'
import { InvoiceStore } from './invoice-store.ts'
import { fundingMigrations } from './migrations.ts'
import type { PaymentProvider } from './providers/provider.ts'
import { SandboxProvider } from './providers/sandbox.ts'
import { SandboxStore } from './providers/sandbox-store.ts'
import type { DayAttention } from './sharing/counted.ts'
import type { Attention } from './sharing/policy.ts'
import { pool } from './sharing/pool.ts'
import { openPots } from './sharing/pools.ts'
import { ShareReturns } from './sharing/share-returns.ts'
import { ShareReturnStore } from './share-return-store.ts'

const eur = { code: 'EUR', scale: 9 }
const startMs = Date.parse('2027-01-31T10:00:00Z')
const dayMs = 86_400_000
const good = '4242 4242 4242 4242'

let clock: TestClock
let postgres: Postgres
let ledger: Ledger
let sandbox: SandboxProvider
let mails: Mails
let funding: Funding
let alice: Account
let mara: Account
let tomas: Account
let attention: readonly Attention[]
const alicia = newId('pers', 0)
const warnings: object[] = []

beforeEach(async () => {
  clock = new TestClock(startMs)
  postgres = await testPostgres([ledgerMigrations, notifyMigrations, fundingMigrations])
  ledger = await Ledger.open({ postgres, clock })
  sandbox = new SandboxProvider(new SandboxStore(postgres), clock)
  mails = new Mails({ postgres, clock, mailbox: true, server: undefined, seal: new Seal(Buffer.alloc(32, 7)), random: () => 1, log: { warn: () => undefined } })
  attention = [
    { payee: 'mara', seconds: 300, score: 0n },
    { payee: 'tomas', seconds: 100, score: 0n },
  ]
  warnings.length = 0
  const open = (name: string, kind: 'subscriber' | 'publisher'): Promise<Account> => ledger.openAccount({ name, kind, asset: eur, debitsMayExceedCredits: false })
  ;[alice, mara, tomas] = await Promise.all([open('subscriber[alice]', 'subscriber'), open('publisher[mara]', 'publisher'), open('publisher[tomas]', 'publisher')])
  const store = new FundingStore(postgres)
  await store.offer(
    [
      { key: 'monthly', name: 'Monthly', price: 5_000_000_000n, asset: eur, period: 'month', feeBasisPoints: 1_000, rate: 100_000n, pacing: 'stream', trialDays: 0 },
      { key: 'patron', name: 'Patron', price: 15_000_000_000n, asset: eur, period: 'month', feeBasisPoints: 500, rate: 300_000n, pacing: 'stretch', trialDays: 0 },
    ],
    () => newId('plan', clock.nowMs()),
  )
  funding = start()
})

afterEach(async () => {
  await funding[Symbol.asyncDispose]()
  const { ok, problems } = await ledger.verify()
  await ledger[Symbol.asyncDispose]()
  await postgres[Symbol.asyncDispose]()
  if (!ok) throw new Error(`the books are wrong: ${JSON.stringify(problems)}`)
})

function start(more: Partial<FundingOptions> = {}): Funding {
  return new Funding({
    store: new FundingStore(postgres),
    ledger,
    clock,
    log: { warn: (about) => void warnings.push(about), error: (about) => void warnings.push(about) },
    providers: [sandbox],
    background: false,
    mails,
    invoices: new InvoiceStore(postgres),
    invoiceTerms: { seller: { name: 'Rivulet Test', address: [] }, prefix: 'T-', vatBasisPoints: 0 },
    readerOf: (personId) => Promise.resolve(personId === alicia ? { name: 'Alice', email: 'alice@example.com', language: 'fr', url: 'https://wallet.example/subscription' } : undefined),
    // Given some days before it is asked for, in each period anew.
    attentionOf: (_person, _from, to) => Promise.resolve(attention.map(({ payee, seconds, score }) => ({ day: new Date(Date.parse(to) - 3 * dayMs).toISOString().slice(0, 10), payee, ms: seconds * 1_000, score }))),
    accountOf: (payee) => Promise.resolve({ mara: mara.id, tomas: tomas.id }[payee]),
    ...more,
  })
}

async function subscribe(card = good, by = funding, plan = 0) {
  const plans = await funding.plans()
  return by.subscribe({ personId: alicia, accountId: alice.id, planId: plans[plan]?.id ?? '', provider: 'sandbox', card: sandbox.card(card), policy: { kind: 'time' } })
}

async function posted(): Promise<Record<string, bigint>> {
  const { rows } = await postgres.pool.query<{ name: string; posted: bigint }>('select name, credits_posted - debits_posted as posted from ledger.accounts order by name')
  return Object.fromEntries(rows.map((row) => [row.name, row.posted]))
}

/** Every transfer of an account, in a stable order. */
async function rowsOf(account: string): Promise<readonly string[]> {
  const { rows } = await postgres.pool.query<{ row: string }>(
    `select t.reason || ': ' || d.name || ' -> ' || c.name || ' ' || t.amount as row from ledger.transfers t join ledger.accounts d on d.id = t.debit_account_id join ledger.accounts c on c.id = t.credit_account_id where $1 in (d.name, c.name)`, [account])
  return rows.map(({ row }) => row).toSorted()
}

async function spend(amount: bigint): Promise<void> {
  await ledger.transfer({ key: `spent/${clock.nowMs()}`, debitAccountId: alice.id, creditAccountId: mara.id, amount, reason: 'stream' })
}

/** Days pass, and what is due is done now and then, at least when they are over. */
async function days(count: number, by: Funding = funding, step = 7): Promise<void> {
  for (let passed = 0; passed < count; ) {
    const days = Math.min(step, count - passed)
    passed += days
    clock.jump(days * dayMs)
    await by.work()
  }
}

describe('a subscription', () => {
  test('splits its price into fee and budget', async () => {
    const { subscription, funded } = await subscribe()
    expect([subscription.status, funded, await posted()]).toEqual([
      'active',
      4_500_000_000n,
      { 'fee.subscription': 500_000_000n, 'psp[sandbox]': -5_000_000_000n, 'publisher[mara]': 0n, 'publisher[tomas]': 0n, 'subscriber[alice]': 4_500_000_000n },
    ])
  })

  test('books the VAT of its price apart before fee and budget are made, and takes it back with a payment that is given back', async () => {
    await using own = start({ invoiceTerms: { seller: { name: 'Rivulet Test', address: [] }, prefix: 'T-', vatBasisPoints: 2_000 } })
    const { subscription } = await subscribe(good, own)
    await own.work()
    expect(own.budgetOf(subscription.plan)).toBe(3_753_000_000n)
    const paid = ['subscription-fee: psp[sandbox] -> fee.subscription 417000000', 'subscription: psp[sandbox] -> subscriber[alice] 3753000000', 'vat: psp[sandbox] -> vat 830000000']
    expect(await rowsOf('psp[sandbox]')).toEqual(paid)
    await own.refund(`${subscription.id}/1`)
    expect(await rowsOf('psp[sandbox]')).toEqual(['refund-fee: fee.subscription -> psp[sandbox] 417000000', 'refund-vat: vat -> psp[sandbox] 830000000', 'refund: subscriber[alice] -> psp[sandbox] 3753000000', ...paid].toSorted())
    expect((await new InvoiceStore(postgres).ofPerson(alicia, 10)).map(({ kind, content: { total, fee, vat } }) => [kind, total, fee, vat])).toEqual([['credit-note', 5_000_000_000n, 417_000_000n, 830_000_000n], ['invoice', 5_000_000_000n, 417_000_000n, 830_000_000n]])
  })

  test('books what the provider keeps of its price, by the operator’s tariff, once', async () => {
    await using own = start({ costOf: (provider, amount) => (provider === 'sandbox' ? amount / 100n : 0n) })
    await subscribe(good, own)
    await own.work()
    const { rows } = await postgres.pool.query('select d.name as debit, c.name as credit, amount, reason from ledger.transfers t join ledger.accounts d on d.id = t.debit_account_id join ledger.accounts c on c.id = t.credit_account_id where d.name = $1', ['cost[sandbox]'])
    expect(rows).toEqual([{ debit: 'cost[sandbox]', credit: 'psp[sandbox]', amount: 50_000_000n, reason: 'provider-fee' }])
  })

  test('shares at the end of its period what was not streamed, exactly, and begins the next', async () => {
    const { subscription } = await subscribe()
    await spend(500_000_001n)
    await days(28)
    expect(await posted()).toEqual({
      'fee.subscription': 1_000_000_000n,
      'psp[sandbox]': -10_000_000_000n,
      'publisher[mara]': 500_000_001n + 2_999_999_999n,
      'publisher[tomas]': 1_000_000_000n,
      sharing: 0n,
      'subscriber[alice]': 4_500_000_000n,
    })
    expect(await rowsOf('sharing')).toEqual(['share: sharing -> publisher[mara] 2999999999', 'share: sharing -> publisher[tomas] 1000000000', 'sharing: subscriber[alice] -> sharing 3999999999'])
    expect(await funding.statements(subscription.id)).toMatchObject([{ period: 0, rest: 3_999_999_999n, rolledOver: 0n, shares: [{ id: 'mara', amount: 2_999_999_999n }, { id: 'tomas', amount: 1_000_000_000n }] }])
  })

  test('that begins with a trial is the operator’s gift, and is charged when that is over', async () => {
    await new FundingStore(postgres).offer([{ key: 'tried', name: 'Tried', price: 5_000_000_000n, asset: eur, period: 'month', feeBasisPoints: 1_000, rate: 100_000n, pacing: 'stream', trialDays: 14 }], () => newId('plan', clock.nowMs()))
    const { subscription } = await subscribe()
    expect([subscription.status, await rowsOf('subscriber[alice]')]).toEqual(['trial', ['trial: fee.trial -> subscriber[alice] 4500000000']])
    attention = []
    await days(14)
    expect([(await funding.of(alicia))?.subscription.status, await rowsOf('psp[sandbox]')]).toEqual(['active', ['subscription-fee: psp[sandbox] -> fee.subscription 500000000', 'subscription: psp[sandbox] -> subscriber[alice] 4500000000']])
  })

  test('shares each second of attention once: the day on which one period ends and the next begins is divided between them', async () => {
    await funding[Symbol.asyncDispose]()
    const rows: DayAttention[] = [{ day: '2027-01-31', payee: 'tomas', ms: 999_000, score: 0n }]
    const asked: string[] = []
    funding = start({
      attentionOf: (_person, from, to) => {
        asked.push(`${from} ${to}`)
        return Promise.resolve(rows.filter(({ day }) => day >= from && day <= to))
      },
    })
    const { subscription } = await subscribe()
    rows.push({ day: '2027-02-28', payee: 'mara', ms: 300_000, score: 0n })
    await days(28)
    // She reads on that same day: Mara's row grows, Tomas gets one.
    rows[1] = { day: '2027-02-28', payee: 'mara', ms: 300_000 + 100_000, score: 0n }
    rows.push({ day: '2027-02-28', payee: 'tomas', ms: 300_000, score: 0n })
    await days(31)
    expect(await funding.statements(subscription.id)).toMatchObject([
      { period: 1, shares: [{ id: 'mara', amount: 1_125_000_000n }, { id: 'tomas', amount: 3_375_000_000n }] },
      { period: 0, shares: [{ id: 'mara', amount: 4_500_000_000n }] },
    ])
    expect(new Set(asked)).toEqual(new Set(['2027-01-30 2027-01-31', '2027-01-30 2027-02-28', '2027-02-27 2027-03-31']))
  })

  test('shares nothing by what she read while she had paused it', async () => {
    await funding[Symbol.asyncDispose]()
    const rows: DayAttention[] = []
    funding = start({ attentionOf: (_person, from, to) => Promise.resolve(rows.filter(({ day }) => day >= from && day <= to)) })
    await subscribe()
    await funding.ask(alicia, { type: 'pause' })
    await days(28)
    rows.push({ day: '2027-03-02', payee: 'mara', ms: 60_000, score: 0n }, { day: '2027-03-07', payee: 'mara', ms: 60_000, score: 0n })
    await days(7)
    await funding.ask(alicia, { type: 'resume' })
    rows.push({ day: '2027-03-09', payee: 'tomas', ms: 60_000, score: 0n })
    await days(3)
    expect(await funding.preview(alicia)).toEqual({ rest: 9_000_000_000n, rolledOver: 0n, shares: [{ id: 'tomas', amount: 9_000_000_000n }] })
  })

  test('lets roll over what nobody earned, and what is not ours to credit', async () => {
    await subscribe()
    attention = []
    await days(28)
    expect(await funding.of(alicia)).toMatchObject({ funded: 4_500_000_000n, carried: 4_500_000_000n })
    attention = [{ payee: 'mara', seconds: 1, score: 0n }, { payee: 'https://elsewhere.test/', seconds: 1, score: 0n }]
    await days(31)
    expect([await funding.of(alicia), (await posted())['publisher[mara]']]).toMatchObject([{ funded: 4_500_000_000n, carried: 4_500_000_000n }, 4_500_000_000n])
  })

  test('never shares money that came to her otherwise', async () => {
    const friend = await ledger.openAccount({ name: 'psp[friend]', kind: 'psp', asset: eur, debitsMayExceedCredits: true })
    await ledger.transfer({ key: 'gift', debitAccountId: friend.id, creditAccountId: alice.id, amount: 7n, reason: 'deposit' })
    await subscribe()
    await days(28)
    expect((await posted())['subscriber[alice]']).toBe(4_500_000_000n + 7n)
  })

  test('carries over only what is still there: what she streamed is no budget of the next period, and what came to her otherwise is not shared in its place', async () => {
    const { subscription } = await subscribe()
    await spend(2_000_000_000n)
    await days(28)
    expect(await funding.of(alicia)).toMatchObject({ funded: 4_500_000_000n, carried: 0n })
    expect((await funding.termsOf([alicia])).get(alicia)?.budget).toBe(4_500_000_000n)
    const friend = await ledger.openAccount({ name: 'psp[friend]', kind: 'psp', asset: eur, debitsMayExceedCredits: true })
    await ledger.transfer({ key: 'gift', debitAccountId: friend.id, creditAccountId: alice.id, amount: 1_000_000_000n, reason: 'deposit' })
    await days(31)
    expect([(await funding.statements(subscription.id)).map(({ rest }) => rest), (await posted())['subscriber[alice]']]).toEqual([[4_500_000_000n, 2_500_000_000n], 5_500_000_000n])
  })

  test('carries over into the period in which it is resumed what is still there then', async () => {
    attention = []
    await subscribe()
    await funding.ask(alicia, { type: 'pause' })
    await days(28)
    expect(await funding.of(alicia)).toMatchObject({ subscription: { status: 'paused' }, carried: 4_500_000_000n })
    await spend(4_000_000_000n)
    await funding.ask(alicia, { type: 'resume' })
    expect([await funding.of(alicia), (await funding.preview(alicia)).rest]).toMatchObject([{ funded: 4_500_000_000n, carried: 500_000_000n }, 5_000_000_000n])
  })

  test('carries over what an open stream holds when its period ends', async () => {
    const { subscription } = await subscribe()
    await spend(2_000_000_000n)
    const [link, loss] = [await ledger.openAccount({ name: 'link[receiver]@wallet', kind: 'link', asset: eur, debitsMayExceedCredits: true }), await ledger.openAccount({ name: 'loss@wallet', kind: 'loss', asset: eur, debitsMayExceedCredits: true })]
    const nowMs = clock.nowMs()
    const streamId = newId('strm', nowMs)
    const { ownerEpoch } = await ledger.sending.open({
      id: streamId, debitAccountId: alice.id, creditAccountId: link.id, lossAccountId: loss.id, connection: connectionOf('read over midnight'), rate: 100_000n, held: 6_000_000n, sequenceCeiling: 1_000, sendUntilMs: nowMs + 60_000,
      resume: { destination: 'test.elsewhere.mara', encryptedSecret: Buffer.from('sealed'), receiverIsOurs: false }, ownerId: newOwner(nowMs), label: { payer: 'alice', payee: 'mara' },
    })
    await days(28)
    expect([await funding.of(alicia), (await funding.statements(subscription.id)).map(({ rest }) => rest)]).toMatchObject([{ funded: 4_500_000_000n, carried: 6_000_000n }, [2_494_000_000n]])
    await ledger.sending.close(streamId, ownerEpoch, 'the page is gone')
    expect((await funding.preview(alicia)).rest).toBe(4_506_000_000n)
  })

  test('renews for two years without losing a unit', async () => {
    await subscribe()
    await days(730)
    const books = await posted()
    expect([books['psp[sandbox]'], books['fee.subscription'], books['sharing']]).toEqual([-24n * 5_000_000_000n, 24n * 500_000_000n, 0n])
    expect((books['publisher[mara]'] ?? 0n) + (books['publisher[tomas]'] ?? 0n) + (books['subscriber[alice]'] ?? 0n)).toBe(24n * 4_500_000_000n)
  }, 120_000)

  test('upgraded takes the difference for what is left of the month, less its fee', async () => {
    await subscribe()
    const [, patron] = await funding.plans()
    await days(14)
    await funding.ask(alicia, { type: 'change-plan', planId: patron?.id ?? '' })
    const books = await posted()
    expect((await funding.termsOf([alicia, newId('pers', 1)])).entries().toArray()).toEqual([[alicia, { rate: 300_000n, pacing: 'stretch', periodEndsMs: Date.parse('2027-02-28T10:00:00Z'), budget: 9_250_000_000n }]])
    expect([books['psp[sandbox]'], books['subscriber[alice]'], books['fee.subscription']]).toEqual([-10_000_000_000n, 4_500_000_000n + 4_750_000_000n, 750_000_000n])
  })

  test('is had once: a second is refused, and so is a plan that is not offered', async () => {
    await subscribe()
    await expect(subscribe()).rejects.toThrow(expect.objectContaining({ code: 'subscribed-already' }))
    await expect(funding.ask(alicia, { type: 'change-plan', planId: 'plan_none' })).rejects.toThrow(expect.objectContaining({ code: 'plan-unknown' }))
    await expect(funding.ask(newId('pers', 1), { type: 'cancel' })).rejects.toThrow(expect.objectContaining({ code: 'not-subscribed' }))
  })
})

describe('a pooled plan', () => {
  const ben = newId('pers', 9)
  const hourMs = 3_600_000

  test.each([
    ['pro-rata', [1_350_000_000n, 7_650_000_000n]],
    ['user-centric', [3_375_000_000n, 5_625_000_000n]],
  ] as const)('puts together what its members leave and is divided %s when the month is over, once, with both numbers shown', async (rule, [toMara, toTomas]) => {
    await new FundingStore(postgres).offer([{ key: 'pooled', name: 'Pooled', price: 5_000_000_000n, asset: eur, period: 'month', feeBasisPoints: 1_000, rate: 100_000n, pacing: 'stream', pool: rule, trialDays: 0 }], () => newId('plan', clock.nowMs()))
    await funding[Symbol.asyncDispose]()
    // Alice reads Mara for 300 s and Tomas for 100, Ben reads Tomas for 1,600 s, and both leave 4.5.
    const attentionOf: FundingOptions['attentionOf'] = (person, _from, to) => {
      const day = new Date(Date.parse(to) - 3 * dayMs).toISOString().slice(0, 10)
      return Promise.resolve(person === ben ? [{ day, payee: 'tomas', ms: 1_600_000, score: 0n }] : attention.map(({ payee, seconds, score }) => ({ day, payee, ms: seconds * 1_000, score })))
    }
    funding = start({ attentionOf })
    const his = await ledger.openAccount({ name: 'subscriber[ben]', kind: 'subscriber', asset: eur, debitsMayExceedCredits: false })
    const [plan] = await funding.plans()
    await funding.subscribe({ personId: ben, accountId: his.id, planId: plan?.id ?? '', provider: 'sandbox', card: sandbox.card(good), policy: { kind: 'time' } })
    clock.jump(hourMs)
    const { subscription } = await subscribe()
    clock.jump(28 * dayMs - hourMs / 2)
    await funding.work()
    // Ben's period is over, hers not yet.
    const [pot, month] = [`pool[${subscription.plan.id}]`, '2027-02']
    expect((await funding.preview(alicia)).pool).toEqual({ month, rule, proRata: [{ id: 'tomas', amount: 3_825_000_000n }, { id: 'mara', amount: 675_000_000n }], userCentric: [{ id: 'mara', amount: 3_375_000_000n }, { id: 'tomas', amount: 1_125_000_000n }] })
    clock.jump(hourMs)
    await funding.work()
    const rowsOfPot = async (): Promise<readonly string[]> => (await rowsOf(pot)).map((row) => row.replace(pot, 'pool[plan]'))
    expect([await rowsOfPot(), await funding.pools(subscription.id)]).toEqual([['pooling: subscriber[alice] -> pool[plan] 4500000000', 'pooling: subscriber[ben] -> pool[plan] 4500000000'], []])
    const { pools } = new FundingStore(postgres)
    expect(await openPots(pools)).toEqual([{ name: pot, months: [{ month, amount: 9_000_000_000n, endsMs: Date.parse('2027-03-01'), dividing: false }] }])
    clock.jump(dayMs)
    await using other = start({ attentionOf })
    await Promise.all([funding.work(), other.work()])
    await funding.work()
    expect(await openPots(pools)).toEqual([{ name: pot, months: [] }])
    expect((await rowsOfPot()).filter((row) => row.startsWith('share'))).toEqual([`share: pool[plan] -> publisher[mara] ${toMara}`, `share: pool[plan] -> publisher[tomas] ${toTomas}`])
    const both = { proRata: [{ id: 'mara', amount: 1_350_000_000n }, { id: 'tomas', amount: 7_650_000_000n }], userCentric: [{ id: 'tomas', amount: 5_625_000_000n }, { id: 'mara', amount: 3_375_000_000n }] }
    const [divided] = await funding.pools(subscription.id)
    const byId = (shares: readonly { readonly id: string }[] = []): readonly object[] => shares.toSorted((one, two) => (one.id < two.id ? -1 : 1))
    expect([divided, byId(divided?.proRata), byId(divided?.userCentric), (await posted())[pot]]).toMatchObject([{ month, rule, members: 2, budget: 9_000_000_000n }, byId(both.proRata), byId(both.userCentric), 0n])
    expect(await funding.statements(subscription.id)).toMatchObject([{ period: 0, rest: 4_500_000_000n, rolledOver: 0n, pooled: 4_500_000_000n, shares: [] }])
  })

  test('pays what of a pot goes to another provider onto the account on which all that gathers', async () => {
    await new FundingStore(postgres).offer([{ key: 'pooled', name: 'Pooled', price: 5_000_000_000n, asset: eur, period: 'month', feeBasisPoints: 1_000, rate: 100_000n, pacing: 'stream', pool: 'user-centric', trialDays: 0 }], () => newId('plan', clock.nowMs()))
    const gathering = await ledger.openAccount({ name: 'elsewhere[everybody/bob]', kind: 'publisher', asset: eur, debitsMayExceedCredits: false })
    await funding[Symbol.asyncDispose]()
    const bob = 'https://elsewhere.test/bob'
    funding = start({ accountOf: (payee) => Promise.resolve({ mara: mara.id, [bob]: gathering.id }[payee]), creditable: (payees) => Promise.resolve(new Set(payees.filter((payee) => payee === 'mara' || payee === bob))) })
    attention = [{ payee: 'mara', seconds: 300, score: 0n }, { payee: bob, seconds: 100, score: 0n }, { payee: 'https://elsewhere.test/gone', seconds: 500, score: 0n }]
    const { subscription } = await subscribe()
    await days(30)
    const rows = (await rowsOf(`pool[${subscription.plan.id}]`)).map((row) => row.replace(`pool[${subscription.plan.id}]`, 'pool[plan]'))
    expect(rows).toEqual(['pooling: subscriber[alice] -> pool[plan] 4500000000', 'share: pool[plan] -> elsewhere[everybody/bob] 1125000000', 'share: pool[plan] -> publisher[mara] 3375000000'])
    // Nobody is there who takes it: it goes back to whom the pot was made of.
    const store = new FundingStore(postgres)
    const returns = new ShareReturns({ store, returns: new ShareReturnStore(postgres), ledger, clock, isThere: () => Promise.resolve(true) })
    expect(await Promise.all([returns.empty(gathering.id), returns.empty(gathering.id)])).toContain(1_125_000_000n)
    await funding.work()
    expect((await rowsOf('sharing')).filter((row) => row.startsWith('share-'))).toEqual(['share-return: elsewhere[everybody/bob] -> sharing 1125000000', 'share-returned: sharing -> subscriber[alice] 1125000000'])
    expect([await returns.empty(gathering.id), (await funding.of(alicia))?.carried, (await posted())['sharing']]).toEqual([0n, 1_125_000_000n, 0n])
  })

  test('is divided though somebody whom its members read is not there any more: that share waits for an operator’s word, and is paid once though a process dies', async () => {
    await new FundingStore(postgres).offer([{ key: 'pooled', name: 'Pooled', price: 5_000_000_000n, asset: eur, period: 'month', feeBasisPoints: 1_000, rate: 100_000n, pacing: 'stream', pool: 'pro-rata', trialDays: 0 }], () => newId('plan', clock.nowMs()))
    const { subscription } = await subscribe()
    await days(28)
    const accountOf: FundingOptions['accountOf'] = (payee) => Promise.resolve(payee === 'mara' ? mara.id : undefined)
    let left = 1
    await using dying = start({ accountOf, ledger: { openAccount: (spec) => ledger.openAccount(spec), balance: (id) => ledger.balance(id), transferAll: (specs) => ledger.transferAll(specs), transfer: (spec) => (left-- > 0 ? ledger.transfer(spec) : Promise.reject(new Error('dead'))) } })
    await days(1, dying)
    const rowsOfPot = async (): Promise<readonly string[]> => (await rowsOf(`pool[${subscription.plan.id}]`)).map((row) => row.replace(`pool[${subscription.plan.id}]`, 'pool[plan]'))
    const paid = ['pooling: subscriber[alice] -> pool[plan] 4500000000', 'share: pool[plan] -> publisher[mara] 3375000000']
    expect(await rowsOfPot()).toEqual(paid)
    await using next = start({ accountOf })
    await next.work()
    expect([await rowsOfPot(), (await posted())['unclaimed']]).toEqual([[paid[0], 'share-unclaimed: pool[plan] -> unclaimed 1125000000', paid[1]], 1_125_000_000n])
    // As when a process dies once all is paid, and then somebody goes.
    await postgres.pool.query('update funding.pool_statement set done_ms = null')
    await using late = start({ accountOf: () => Promise.resolve(undefined) })
    await late.work()
    expect([(await rowsOfPot()).length, await openPots(new FundingStore(postgres).pools)]).toMatchObject([3, [{ months: [] }]])
  })

  test('lets who read nobody keep her budget, and a month that is divided takes nothing more', async () => {
    await new FundingStore(postgres).offer([{ key: 'pooled', name: 'Pooled', price: 5_000_000_000n, asset: eur, period: 'month', feeBasisPoints: 1_000, rate: 100_000n, pacing: 'stream', pool: 'pro-rata', trialDays: 0 }], () => newId('plan', clock.nowMs()))
    attention = []
    const { subscription } = await subscribe()
    await days(28)
    expect(await funding.of(alicia)).toMatchObject({ funded: 4_500_000_000n, carried: 4_500_000_000n })
    attention = [{ payee: 'mara', seconds: 1, score: 0n }]
    const { pools } = new FundingStore(postgres)
    const entry = { subscriptionId: subscription.id, planId: subscription.plan.id, months: ['2027-03', '2027-04'] as const, budget: 1n, attention: [{ payee: 'mara', seconds: 1 }] }
    const query = { query: (text: string, values: readonly unknown[]) => postgres.pool.query(text, [...values]) }
    await pools.enter(query, { ...entry, period: 7 })
    await pools.close({ planId: entry.planId, month: '2027-03' }, clock.nowMs(), pool)
    for (let again = 0; again < 2; again += 1) await pools.enter(query, { ...entry, period: 8 })
    expect((await postgres.pool.query('select period, month from funding.pool_entry order by period')).rows).toEqual([{ period: 7, month: '2027-03' }, { period: 8, month: '2027-04' }])
    await postgres.pool.query('truncate funding.pool_entry, funding.pool_statement')
  })
})

describe('cards of the sandbox', () => {
  test('that are declined begin nothing', async () => {
    expect((await subscribe('4000 0000 0000 0002')).subscription.status).toBe('ended')
    expect((await posted())['psp[sandbox]']).toBeUndefined()
    expect((await subscribe()).subscription.status).toBe('active')
  })

  test('that ask for her wait, and count once she confirmed, however often that is reported', async () => {
    const { subscription } = await subscribe('4000 0025 0000 3155')
    expect(subscription.status).toBe('starting')
    const reference = `sandbox:${subscription.id}/1`
    expect([await sandbox.confirm(reference), await sandbox.confirm(reference)]).toEqual([true, false])
    for (let report = 0; report < 10; report += 1) await funding.reported('sandbox', reference, 'succeeded')
    await funding.reported('sandbox', reference, 'failed')
    expect([(await funding.of(alicia))?.subscription.status, (await posted())['psp[sandbox]']]).toEqual(['active', -5_000_000_000n])
  })

  test('that die at the first renewal are tried four times more, and end it when no other comes', async () => {
    await subscribe('4000 0000 0000 0341')
    await days(28 + 1 + 3 + 5, funding, 1)
    expect((await funding.of(alicia))?.subscription).toMatchObject({ status: 'grace', attempts: 4 })
    await days(8, funding, 1)
    expect([await funding.of(alicia), (await posted())['psp[sandbox]']]).toEqual([undefined, -5_000_000_000n])
  })

  test('that are declined for a dearer plan, or for a renewal that failed, say so, and nothing is charged', async () => {
    await subscribe('4000 0000 0000 0341')
    await funding.changeCard(alicia, sandbox.card('4000 0000 0000 0002'))
    const [, patron] = await funding.plans()
    await expect(funding.ask(alicia, { type: 'change-plan', planId: patron?.id ?? '' })).rejects.toThrow(expect.objectContaining({ code: 'card-declined' }))
    expect([(await funding.of(alicia))?.subscription.plan.name, (await posted())['psp[sandbox]']]).toEqual(['Monthly', -5_000_000_000n])
    await days(28)
    await expect(funding.changeCard(alicia, sandbox.card('4000 0000 0000 0341'))).rejects.toThrow(expect.objectContaining({ code: 'card-declined' }))
    expect(await funding.of(alicia)).toMatchObject({ subscription: { status: 'grace', attempts: 2 }, card: { lastFour: '0341' } })
  })

  test('that die are replaced', async () => {
    await subscribe('4000 0000 0000 0341')
    await days(29)
    await funding.changeCard(alicia, sandbox.card(good))
    expect((await funding.of(alicia))?.subscription).toMatchObject({ status: 'active', attempts: 0 })
  })

  test('that ask for her and are not answered lapse after a day: she was written to, and it counts as a payment that failed', async () => {
    const { subscription } = await subscribe('4000 0025 0000 3155')
    await mails.sendDue()
    const [mail] = await mails.mailbox()
    expect([mail?.template, mail?.subject, mail?.text.includes('Vous avez jusqu’au 1 février 2027.')]).toEqual(['confirm-payment', 'Confirmez votre paiement de 5,00\u00a0€', true])
    clock.jump(dayMs - 1)
    await funding.work()
    expect((await funding.of(alicia))?.subscription.status).toBe('starting')
    clock.jump(1)
    await funding.work()
    const { rows } = await postgres.pool.query('select c.status, s.status as at_provider from funding.charge c join funding.sandbox_charge s using (key)')
    expect([await funding.of(alicia), await sandbox.confirm(`sandbox:${subscription.id}/1`), rows]).toEqual([undefined, false, [{ status: 'failed', at_provider: 'abandoned' }]])
    for (const late of ['succeeded', 'failed'] as const) await funding.reported('sandbox', `sandbox:${subscription.id}/1`, late)
    expect((await posted())['psp[sandbox]']).toBeUndefined()
  })

  test('that are confirmed in the last moment count, though their report comes after the day', async () => {
    const { subscription } = await subscribe('4000 0025 0000 3155')
    await sandbox.confirm(`sandbox:${subscription.id}/1`)
    clock.jump(dayMs)
    await funding.work()
    await funding.reported('sandbox', `sandbox:${subscription.id}/1`, 'succeeded')
    expect([(await funding.of(alicia))?.subscription.status, (await posted())['psp[sandbox]']]).toEqual(['active', -5_000_000_000n])
  })

  test('whose payment is disputed leave the books whole: budget, fee, and what was spent as a loss, row by row', async () => {
    const { subscription } = await subscribe()
    await spend(1_000_000_000n)
    const reference = `sandbox:${subscription.id}/1`
    for (let report = 0; report < 3; report += 1) await funding.reported('sandbox', reference, { disputed: true, won: 0 })
    expect((await rowsOf('psp[sandbox]')).filter((row) => row.startsWith('dispute'))).toEqual(['dispute-fee: fee.subscription -> psp[sandbox] 500000000', 'dispute-loss: loss@wallet -> psp[sandbox] 1000000000', 'dispute: subscriber[alice] -> psp[sandbox] 3500000000'])
    const books = await posted()
    expect([await funding.of(alicia), books['subscriber[alice]'], books['psp[sandbox]'], books['loss@wallet'], books['fee.subscription']]).toEqual([undefined, 0n, 0n, -1_000_000_000n, 0n])
  })

  test('whose dispute is won get each part back where it was taken, share what of it is hers, and get a new invoice, however often and late that is told', async () => {
    await using own = start({ invoiceTerms: { seller: { name: 'Rivulet Test', address: [] }, prefix: 'T-', vatBasisPoints: 2_000 } })
    const { subscription } = await subscribe('4000 0000 0000 1976', own)
    await spend(1_000_000_000n)
    await days(2, own, 1)
    expect((await own.of(alicia))?.subscription.status).toBe('active')
    await days(1, own, 1)
    const taken = [
      'dispute-fee: fee.subscription -> psp[sandbox] 417000000', 'dispute-loss: loss@wallet -> psp[sandbox] 1000000000', 'dispute-vat: vat -> psp[sandbox] 830000000', 'dispute: subscriber[alice] -> psp[sandbox] 2753000000',
      'subscription-fee: psp[sandbox] -> fee.subscription 417000000', 'subscription: psp[sandbox] -> subscriber[alice] 3753000000', 'vat: psp[sandbox] -> vat 830000000',
    ]
    expect([await own.of(alicia), await rowsOf('psp[sandbox]'), (await posted())['psp[sandbox]']]).toEqual([undefined, taken.toSorted(), 0n])
    await days(7, own, 1)
    const won = ['dispute-won-fee: psp[sandbox] -> fee.subscription 417000000', 'dispute-won-loss: psp[sandbox] -> loss@wallet 1000000000', 'dispute-won-vat: psp[sandbox] -> vat 830000000', 'dispute-won: psp[sandbox] -> subscriber[alice] 2753000000']
    expect(await rowsOf('psp[sandbox]')).toEqual([...taken, ...won].toSorted())
    // Old news changes nothing, nor does the same again.
    for (const news of [{ disputed: true, won: 0 }, { disputed: false, won: 1 }, { disputed: true, won: 0 }]) await own.reported('sandbox', `sandbox:${subscription.id}/1`, news)
    expect(await posted()).toEqual({
      'fee.subscription': 417_000_000n, 'loss@wallet': 0n, 'psp[sandbox]': -5_000_000_000n, 'publisher[mara]': 1_000_000_000n + 2_064_750_000n, 'publisher[tomas]': 688_250_000n, sharing: 0n, 'subscriber[alice]': 0n, vat: 830_000_000n,
    })
    const documents = (await new InvoiceStore(postgres).ofPerson(alicia, 10)).map(({ kind, content: { total, vat, corrects } }) => [kind, total, vat, corrects])
    expect(documents).toEqual([['invoice', 5_000_000_000n, 830_000_000n, 'T-000002'], ['credit-note', 5_000_000_000n, 830_000_000n, 'T-000001'], ['invoice', 5_000_000_000n, 830_000_000n, undefined]])
  })

  test('whose dispute is won when she has another plan share what came back, and nothing of that plan’s budget', async () => {
    const { subscription } = await subscribe()
    await spend(1_000_000_000n)
    const reference = `sandbox:${subscription.id}/1`
    await funding.reported('sandbox', reference, { disputed: true, won: 0 })
    await subscribe()
    await funding.reported('sandbox', reference, { disputed: false, won: 1 })
    expect([(await funding.statements(subscription.id)).map(({ rest }) => rest), (await posted())['subscriber[alice]'], (await funding.preview(alicia)).rest]).toEqual([[3_500_000_000n], 4_500_000_000n, 4_500_000_000n])
  })

  test('whose payment is disputed again after it was won lose it again, and it may be given back instead', async () => {
    const { subscription } = await subscribe()
    const reference = `sandbox:${subscription.id}/1`
    for (const news of [{ disputed: true, won: 0 }, { disputed: false, won: 1 }, { disputed: true, won: 1 }, { disputed: true, won: 1 }]) await funding.reported('sandbox', reference, news)
    expect([(await posted())['psp[sandbox]'], (await rowsOf('loss@wallet'))]).toEqual([0n, ['dispute-loss: loss@wallet -> psp[sandbox] 4500000000']])
    await funding.reported('sandbox', reference, { disputed: false, won: 2 })
    expect((await posted())['psp[sandbox]']).toBe(-5_000_000_000n)
    await funding.refund(`${subscription.id}/1`)
    expect([(await posted())['psp[sandbox]'], (await posted())['fee.subscription']]).toEqual([0n, 0n])
    expect((await new InvoiceStore(postgres).ofPerson(alicia, 10)).map(({ kind, content: { corrects } }) => `${kind} ${corrects ?? ''}`).toReversed()).toEqual([
      'invoice ', 'credit-note T-000001', 'invoice T-000002', 'credit-note T-000003', 'invoice T-000004', 'credit-note T-000005',
    ])
  })

  test('whose payment was given back, and is disputed all the same, are taken a second time, at the operator’s loss, and cost what the provider takes for that, until it is won; old reports change nothing any more', async () => {
    const { subscription } = await subscribe()
    const reference = `sandbox:${subscription.id}/1`
    await funding.refund(`${subscription.id}/1`)
    const before = await posted()
    for (const news of ['succeeded', 'failed', 'refunded', { refundedTo: 1n }, { refundedTo: 5_000_000_000n }, { disputed: true, won: 0 }, { disputed: false, won: 1 }] as const) await funding.reported('sandbox', reference, news)
    expect(await posted()).toEqual(before)
    const books = { taken: 5_000_000_000n, refunded: 5_000_000_000n, cost: 15_000_000_000n, entries: 1 }
    for (let told = 0; told < 2; told += 1) await funding.reported('sandbox', reference, { disputed: true, won: 1, books })
    for (const told of [{ taken: 0n, cost: 0n, entries: 2 }, { entries: 1 }]) await funding.reported('sandbox', reference, { disputed: false, won: 1, books: { ...books, ...told } })
    expect((await rowsOf('psp[sandbox]')).filter((row) => row.startsWith('dispute'))).toEqual([
      'dispute-beyond: loss@wallet -> psp[sandbox] 5000000000', 'dispute-cost-returned: psp[sandbox] -> cost[sandbox] 15000000000', 'dispute-cost: cost[sandbox] -> psp[sandbox] 15000000000', 'dispute-won-beyond: psp[sandbox] -> loss@wallet 5000000000',
    ])
    expect(await posted()).toEqual({ ...before, 'cost[sandbox]': 0n, 'loss@wallet': 0n })
    expect((await postgres.pool.query('select status, refunded from funding.charge')).rows).toEqual([{ status: 'refunded', refunded: 5_000_000_000n }])
  })

  test('whose older payment is disputed too, after the end, leave the books again', async () => {
    const { subscription } = await subscribe()
    await days(28)
    for (const charge of [2, 1]) for (let report = 0; report < 2; report += 1) await funding.reported('sandbox', `sandbox:${subscription.id}/${charge}`, { disputed: true, won: 0 })
    const books = await posted()
    expect([books['psp[sandbox]'], books['subscriber[alice]'], books['loss@wallet'], books['fee.subscription']]).toEqual([0n, 0n, -4_500_000_000n, 0n])
  })

  test('whose payment is given back in parts lose each part once, in any order of reports, and the plan goes on until the whole is back', async () => {
    const { subscription } = await subscribe()
    await spend(4_000_000_000n)
    const reference = `sandbox:${subscription.id}/1`
    for (const refundedTo of [1_000_000_001n, 400_000_000n, 1_000_000_001n, 3_000_000_000n]) await funding.reported('sandbox', reference, { refundedTo })
    expect((await rowsOf('psp[sandbox]')).filter((row) => row.startsWith('refund'))).toEqual([
      'refund-fee: fee.subscription -> psp[sandbox] 100000000', 'refund-fee: fee.subscription -> psp[sandbox] 200000000', 'refund-loss: loss@wallet -> psp[sandbox] 1799999999', 'refund-loss: loss@wallet -> psp[sandbox] 400000001',
      'refund: subscriber[alice] -> psp[sandbox] 500000000',
    ])
    expect((await funding.of(alicia))?.subscription.status).toBe('active')
    for (let report = 0; report < 2; report += 1) await funding.reported('sandbox', reference, { refundedTo: 5_000_000_000n })
    const books = await posted()
    expect([await funding.of(alicia), books['psp[sandbox]'], books['fee.subscription'], books['loss@wallet']]).toEqual([undefined, 0n, 0n, -4_000_000_000n])
    const notes = (await new InvoiceStore(postgres).ofPerson(alicia, 10)).filter(({ kind }) => kind === 'credit-note')
    expect(notes.map(({ content: { total, fee } }) => [total, fee])).toEqual([[2_000_000_000n, 200_000_000n], [1_999_999_999n, 200_000_000n], [1_000_000_001n, 100_000_000n]])
  })

  test('whose payment is given back leave the books row by row also when the operator has taken out what was earned: the fee is missing then, and says so', async () => {
    const { subscription } = await subscribe()
    const [fees, operator] = [await ledger.accountByName('fee.subscription'), await ledger.openAccount({ name: 'operator', kind: 'bank', asset: eur, debitsMayExceedCredits: true })]
    await ledger.transfer({ key: 'profit', debitAccountId: fees?.id ?? operator.id, creditAccountId: operator.id, amount: 500_000_000n, reason: 'correction' })
    await funding.refund(`${subscription.id}/1`)
    expect((await rowsOf('psp[sandbox]')).filter((row) => row.startsWith('refund'))).toEqual(['refund-fee: fee.subscription -> psp[sandbox] 500000000', 'refund: subscriber[alice] -> psp[sandbox] 4500000000'])
    const books = await posted()
    expect([await funding.of(alicia), books['psp[sandbox]'], books['fee.subscription']]).toEqual([undefined, 0n, -500_000_000n])
  })

  test('that are charged while an earlier payment is disputed get back what then still succeeds', async () => {
    const { subscription } = await subscribe()
    await funding.changeCard(alicia, sandbox.card('4000 0025 0000 3155'))
    await funding.ask(alicia, { type: 'change-plan', planId: (await funding.plans())[1]?.id ?? '' })
    await funding.work()
    await funding.reported('sandbox', `sandbox:${subscription.id}/1`, { disputed: true, won: 0 })
    const before = await posted()
    expect([await funding.of(alicia), before['subscriber[alice]']]).toEqual([undefined, 0n])
    expect(await sandbox.confirm(`sandbox:${subscription.id}/2`)).toBe(true)
    for (let report = 0; report < 3; report += 1) await funding.reported('sandbox', `sandbox:${subscription.id}/2`, 'succeeded')
    expect(await posted()).toEqual(before)
    const { rows } = await postgres.pool.query<{ key: string; status: string; at_provider: string }>('select c.key, c.status, s.status as at_provider from funding.charge c join funding.sandbox_charge s using (key) order by key')
    expect(rows.map(({ status, at_provider: provider }) => [status, provider])).toEqual([['disputed', 'succeeded'], ['refunded', 'refunded']])
  })

  test('have no other numbers', () => {
    for (const number of ['', '4242', '4111 1111 1111 1111', 'constructor', '4242424242424242424242']) expect(() => sandbox.card(number)).toThrow(expect.objectContaining({ code: 'card-invalid' }))
  })
})

describe('she is written to', () => {
  const subjects = async (): Promise<readonly string[]> => {
    await mails.sendDue()
    return (await mails.mailbox()).map(({ subject }) => subject).toReversed()
  }

  test('when she paid, when a renewal fails and when it ends, once each', async () => {
    await subscribe('4000 0000 0000 0341')
    expect(await subjects()).toEqual(['Reçu : 5,00\u00a0€'])
    await days(28)
    await subjects()
    const [failed] = await mails.mailbox()
    expect(failed?.text).toContain('Nous réessayons le 1 mars 2027.')
    await days(20, funding, 1)
    const failing = 'Votre renouvellement n’a pas pu être payé'
    expect(await subjects()).toEqual(['Reçu : 5,00\u00a0€', failing, failing, failing, failing, 'Votre formule a pris fin'])
  })

  test('a week before her free days end, what they cost then and from when on, unless she has cancelled', async () => {
    const store = new FundingStore(postgres)
    await store.offer([{ key: 'tried', name: 'Tried', price: 5_000_000_000n, asset: eur, period: 'month', feeBasisPoints: 1_000, rate: 100_000n, pacing: 'stream', trialDays: 14 }], () => newId('plan', clock.nowMs()))
    expect(await funding.mayTry(alicia)).toBe(true)
    await subscribe()
    expect([await funding.mayTry(alicia), await subjects()]).toEqual([false, []])
    await days(7, funding, 1)
    expect(await subjects()).toEqual(['Vos jours gratuits se terminent le 14 février 2027'])
    expect((await mails.mailbox())[0]?.text).toContain('Ensuite, votre carte est débitée de 5,00\u00a0€ par mois, jusqu’à ce que vous résiliiez.')
    await funding.ask(alicia, { type: 'cancel' })
    await days(7, funding, 1)
    expect((await subjects()).at(-1)).toBe('Votre formule a pris fin')
    const ben = newId('pers', 9)
    const account = await ledger.openAccount({ name: 'subscriber[ben]', kind: 'subscriber', asset: eur, debitsMayExceedCredits: false })
    await using own = start({ readerOf: () => Promise.resolve({ name: 'Ben', email: 'ben@example.com', language: 'en', url: 'https://wallet.example/subscription' }) })
    await own.subscribe({ personId: ben, accountId: account.id, planId: (await own.plans())[0]?.id ?? '', provider: 'sandbox', card: sandbox.card(good), policy: { kind: 'time' } })
    await own.ask(ben, { type: 'cancel' })
    await days(8, own, 1)
    expect((await subjects()).filter((subject) => subject.startsWith('Your free days'))).toEqual([])
  })

  test('not about a card that was declined before her eyes', async () => {
    await subscribe('4000 0000 0000 0002')
    expect(await subjects()).toEqual([])
  })
})

describe('a subscriber whom the operator has frozen', () => {
  test('is not charged when her plan renews: it waits, and goes on when she resumes it', async () => {
    const frozen = new Set<string>()
    await using own = start({ frozenAmong: (ids) => Promise.resolve(new Set(ids.filter((id) => frozen.has(id)))) })
    await subscribe(good, own)
    frozen.add(alicia)
    await days(60, own)
    expect([(await own.of(alicia))?.subscription.status, (await posted())['psp[sandbox]']]).toEqual(['paused', -5_000_000_000n])
    frozen.clear()
    await own.ask(alicia, { type: 'resume' })
    expect([(await own.of(alicia))?.subscription.status, (await posted())['psp[sandbox]']]).toEqual(['active', -10_000_000_000n])
  })

  test('is not charged for what was decided just before either, until that is taken back', async () => {
    const frozen = new Set<string>([alicia])
    await using own = start({ frozenAmong: (ids) => Promise.resolve(new Set(ids.filter((id) => frozen.has(id)))) })
    await subscribe(good, own)
    clock.jump(dayMs)
    await own.work()
    expect([(await own.of(alicia))?.subscription.status, (await posted())['psp[sandbox]']]).toEqual(['starting', undefined])
    frozen.clear()
    clock.jump(60_000)
    await own.work()
    expect((await posted())['psp[sandbox]']).toBe(-5_000_000_000n)
  })
})

test('under any order of events the books hold what was charged and not taken back, in the parts of the documents that were written', async () => {
  const frozen = new Set<string>()
  await using own = start({ invoiceTerms: { seller: { name: 'Rivulet Test', address: [] }, prefix: 'T-', vatBasisPoints: 2_000 }, frozenAmong: (ids) => Promise.resolve(new Set(ids.filter((id) => frozen.has(id)))) })
  const [monthly, patron] = await own.plans()
  const store = new FundingStore(postgres)
  let people = 0
  const kinds = ['cancel', 'keep', 'pause', 'resume', 'dearer', 'cheaper', 'dies', 'good', 'asks', 'dispute', 'win', 'part', 'refund', 'taken again', 'returned', 'freeze', 'thaw', 'spend', 'again'] as const
  await fc.assert(
    fc.asyncProperty(fc.array(fc.oneof({ weight: 1, arbitrary: fc.integer({ min: 1, max: 33 }) }, { weight: 2, arbitrary: fc.constantFrom(...kinds) }), { minLength: 6, maxLength: 16 }), async (events) => {
      people += 1
      let entries = 0
      const personId = newId('pers', people)
      const account = await ledger.openAccount({ name: `subscriber[${people}]`, kind: 'subscriber', asset: eur, debitsMayExceedCredits: false })
      const begin = () => own.subscribe({ personId, accountId: account.id, planId: monthly?.id ?? '', provider: 'sandbox', card: sandbox.card(good), policy: { kind: 'time' } })
      const first = await begin()
      // Of the subscription that she began with: also when it has ended.
      const charge = async () => (await store.charges(first.subscription.id, 100)).findLast(({ status }) => status === 'succeeded' || status === 'disputed')
      const happen = async (kind: (typeof kinds)[number]): Promise<unknown> => {
        const latest = await charge()
        const report = (outcome: Parameters<Funding['reported']>[2]) => (latest === undefined ? undefined : own.reported('sandbox', latest.reference ?? '', outcome))
        switch (kind) {
          case 'cancel':
          case 'keep':
          case 'pause':
          case 'resume':
            return own.ask(personId, { type: kind })
          case 'dearer':
          case 'cheaper':
            return own.ask(personId, { type: 'change-plan', planId: (kind === 'dearer' ? patron : monthly)?.id ?? '' })
          case 'dies':
            return own.changeCard(personId, sandbox.card('4000 0000 0000 0341'))
          case 'good':
            return own.changeCard(personId, sandbox.card(good))
          case 'asks':
            return own.changeCard(personId, sandbox.card('4000 0025 0000 3155'))
          case 'dispute':
            return report({ disputed: true, won: latest?.disputesWon ?? 0 })
          case 'win':
            return report({ disputed: false, won: (latest?.disputesWon ?? 0) + 1 })
          case 'part':
            return report({ refundedTo: 1_230_000_000n })
          case 'refund':
            return latest?.status === 'succeeded' ? own.refund(latest.key) : undefined
          case 'taken again':
          case 'returned': {
            // What her bank takes though it was given back already, and returns: as a provider's own books say it.
            const back = (await store.charges(first.subscription.id, 100)).find(({ status }) => status === 'refunded')
            if (back === undefined) return undefined
            entries += 1
            const [taken, cost] = kind === 'returned' ? [0n, 0n] : [back.amount, 15_000_000_000n]
            return own.reported('sandbox', back.reference ?? '', { disputed: kind !== 'returned', won: back.disputesWon, books: { taken, refunded: back.amount, cost, entries } })
          }
          case 'freeze':
            return frozen.add(personId)
          case 'thaw':
            return frozen.delete(personId)
          case 'spend': {
            const { posted: has } = await ledger.balance(account.id)
            return has < 2n ? undefined : ledger.transfer({ key: newId('evnt', clock.nowMs()), debitAccountId: account.id, creditAccountId: mara.id, amount: has / 2n, reason: 'stream' })
          }
          case 'again':
            return begin()
        }
      }
      for (const one of events) {
        if (typeof one === 'number') {
          await days(one, own, 11)
          continue
        }
        try {
          await happen(one)
        } catch (error) {
          // What she may not ask now changes nothing.
          if (!isFault(error)) throw error
        }
      }
      await days(3, own, 1)
      const { rows } = await postgres.pool.query<{ beyond: bigint; cost: bigint; charged: bigint; vat: bigint; fee: bigint; total: bigint }>(`
        select (select sum(dispute_beyond)::int8 from funding.charge) as beyond, (select sum(dispute_cost)::int8 from funding.charge) as cost, (select coalesce(sum(amount - refunded), 0)::int8 from funding.charge where status = 'succeeded') as charged, coalesce(sum(sign * (content->>'vat')::int8), 0)::int8 as vat, coalesce(sum(sign * (content->>'fee')::int8), 0)::int8 as fee,
          coalesce(sum(sign * (content->>'total')::int8), 0)::int8 as total from (select case kind when 'invoice' then 1 else -1 end as sign, content from funding.invoice) documents`)
      const [written] = rows
      const books = await posted()
      expect([(books['psp[sandbox]'] ?? 0n) - (written?.beyond ?? 0n) - (written?.cost ?? 0n), -(books['cost[sandbox]'] ?? 0n), books['vat'], books['fee.subscription'], books['sharing'] ?? 0n, written?.charged]).toEqual([-(written?.total ?? 0n), written?.cost, written?.vat, written?.fee, 0n, written?.total])
    }),
    { numRuns: 8 },
  )
})

describe('whatever happens in between', () => {
  test('two processes at the same work charge, fund and share once', async () => {
    await using other = start()
    await subscribe()
    for (let week = 0; week < 9; week += 1) {
      clock.jump(7 * dayMs)
      await Promise.all([funding.work(), other.work()])
    }
    const books = await posted()
    expect([books['psp[sandbox]'], books['fee.subscription'], books['sharing'], (await funding.of(alicia))?.funded]).toEqual([-15_000_000_000n, 1_500_000_000n, 0n, 4_500_000_000n])
  })

  test('a process that dies after any call of the ledger or the provider is taken up by the next without a unit more or less', async () => {
    // The n-th call takes effect, and its caller never learns of it.
    for (let died = 1; died <= 6; died += 1) {
      let calls = 0
      const dies = <Result>(work: () => Promise<Result>): Promise<Result> => {
        calls += 1
        return calls === died ? work().then(() => Promise.reject(new Error('died'))) : calls > died ? Promise.reject(new Error('dead')) : work()
      }
      const provider: PaymentProvider = { name: 'sandbox', abandon: (reference) => sandbox.abandon(reference), refund: (reference) => sandbox.refund(reference), charge: (request) => dies(() => sandbox.charge(request)) }
      const dying = start({ providers: [provider], ledger: { openAccount: (spec) => ledger.openAccount(spec), balance: (id) => ledger.balance(id), transfer: (spec) => dies(() => ledger.transfer(spec)), transferAll: (specs) => dies(() => ledger.transferAll(specs)) } })
      const person: Id<'pers'> = newId('pers', died)
      const account = await ledger.openAccount({ name: `subscriber[${died}]`, kind: 'subscriber', asset: eur, debitsMayExceedCredits: false })
      const [plan] = await funding.plans()
      await dying.subscribe({ personId: person, accountId: account.id, planId: plan?.id ?? '', provider: 'sandbox', card: sandbox.card(good), policy: { kind: 'time' } })
      await days(31, dying)
      await dying[Symbol.asyncDispose]()
      clock.jump(3_600_000)
      await funding.work()
      const record = await funding.of(person)
      await funding.ask(person, { type: 'cancel' })
      expect([died, record?.funded, record?.carried, (await ledger.balance(account.id)).posted]).toEqual([died, 4_500_000_000n, 0n, 4_500_000_000n])
    }
    const books = await posted()
    expect([books['psp[sandbox]'], books['fee.subscription'], books['sharing']]).toEqual([-6n * 10_000_000_000n, 6n * 1_000_000_000n, 0n])
  })

  test('a provider that is away is asked again, later and later', async () => {
    let away = true
    const provider: PaymentProvider = { name: 'sandbox', abandon: (reference) => sandbox.abandon(reference), refund: (reference) => sandbox.refund(reference), charge: (request) => (away ? Promise.reject(new Error('away')) : sandbox.charge(request)) }
    await funding[Symbol.asyncDispose]()
    funding = start({ providers: [provider] })
    expect((await subscribe()).subscription.status).toBe('starting')
    await funding.work()
    expect(warnings).toHaveLength(1)
    away = false
    clock.jump(2_000)
    await funding.work()
    expect((await funding.of(alicia))?.subscription.status).toBe('active')
  })

  test('she spends during the sharing: the statement is made anew, and nothing is overdrawn', async () => {
    const { subscription } = await subscribe()
    await funding[Symbol.asyncDispose]()
    let spent = false
    const meddling: FundingOptions['ledger'] = {
      openAccount: (spec) => ledger.openAccount(spec),
      balance: (id) => ledger.balance(id),
      transfer: (spec) => ledger.transfer(spec),
      transferAll: async (specs) => {
        if (specs.some(({ reason }) => reason === 'sharing') && !spent) {
          spent = true
          await spend(500_000_000n)
        }
        return ledger.transferAll(specs)
      },
    }
    funding = start({ ledger: meddling })
    await days(28)
    clock.jump(2_000)
    await funding.work()
    expect([await funding.statements(subscription.id), (await posted())['subscriber[alice]']]).toMatchObject([[{ rest: 4_000_000_000n }], 4_500_000_000n])
  })

  test('changes asked for at once are one transaction: what is refused leaves no trace, and those of one subscription follow each other', async () => {
    const { subscription } = await subscribe()
    const [bruna, carla] = [newId('pers', 1), newId('pers', 2)]
    const planId = subscription.plan.id
    const others = await Promise.all([bruna, carla].map((personId) => funding.subscribe({ personId, accountId: mara.id, planId, provider: 'sandbox', card: sandbox.card(good), policy: { kind: 'time' } })))
    const ids = [subscription.id, ...others.map((record) => record.subscription.id)]
    const store = new FundingStore(postgres)
    const nowMs = clock.nowMs()
    const { rows: numbers } = await postgres.pool.query<{ number: bigint }>(`insert into funding.effect (subscription_id, effect, attempts, not_before_ms) values ($1, '{"type":"tell","what":"renewed"}', 0, 0) returning number`, [ids[0]])
    const add = (amount: bigint) => ({ subscription: its, carried }: { subscription: typeof subscription; carried: bigint }) => ({ subscription: its, effects: [], set: { carried: carried + amount } })
    const settled = await Promise.allSettled([
      store.change(ids[0] as Id<'subs'>, { nowMs, completes: numbers[0]?.number ?? 0n }, () => {
        throw new Error('no')
      }),
      store.change(ids[1] as Id<'subs'>, { nowMs }, add(5n)),
      store.change(ids[1] as Id<'subs'>, { nowMs }, add(7n)),
      // What the database does not take.
      store.change(ids[2] as Id<'subs'>, { nowMs }, ({ subscription: its }) => ({ subscription: its, effects: [], set: { card: { reference: 'nul \0', brand: '', lastFour: '' } } })),
      store.change(ids[2] as Id<'subs'>, { nowMs }, add(9n)),
    ])
    expect(settled.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'fulfilled', 'rejected', 'fulfilled'])
    expect((await Promise.all(ids.map((id) => store.byId(id)))).map((record) => record?.carried)).toEqual([0n, 12n, 9n])
    expect((await postgres.pool.query('select done_ms from funding.effect where number = $1', [numbers[0]?.number])).rows).toEqual([{ done_ms: null }])
    await postgres.pool.query('delete from funding.effect where number = $1', [numbers[0]?.number])
  })
})

test('what many subscriptions write in the same turn is each one’s own, whatever words are in it: who asks twice has one, and invoices are numbered one after the other', async () => {
  const people = await Promise.all(Array.from({ length: 12 }, async (_, number) => ({ personId: newId('pers', number), accountId: (await ledger.openAccount({ name: `subscriber[${number}]`, kind: 'subscriber', asset: eur, debitsMayExceedCredits: false })).id, name: `Zoë "the" O'Neil \\ {${number},null} $1, NULL` })))
  await using busy = start({ readerOf: (personId) => Promise.resolve({ name: people.find((one) => one.personId === personId)?.name ?? '', email: '', language: 'en', url: '' }) })
  const [plan] = await funding.plans()
  const asked = [...people, ...people.slice(0, 1)].map(({ personId, accountId }) => busy.subscribe({ personId, accountId, planId: plan?.id ?? '', provider: 'sandbox', card: sandbox.card(good), policy: { kind: 'time' } }))
  expect((await Promise.allSettled(asked)).map(({ status }) => status).toSorted()).toEqual([...people.map(() => 'fulfilled'), 'rejected'])
  await busy.work()
  const { rows: invoices } = await postgres.pool.query<{ number: bigint; person_id: string; name: string }>(`select number, person_id, content->'buyer'->>'name' as name from funding.invoice order by number`)
  expect(invoices.map(({ number }) => number)).toEqual(people.map((_, index) => BigInt(index + 1)))
  expect(new Map(invoices.map(({ person_id: id, name }) => [id, name]))).toEqual(new Map(people.map(({ personId, name }) => [personId, name])))
  const { rows: effects } = await postgres.pool.query<{ effects: string; subscriptions: bigint }>(
    `select effects, count(*) as subscriptions from (select string_agg(effect->>'type', ' ' order by number) as effects from funding.effect where done_ms is not null group by subscription_id) each group by effects`)
  expect(effects).toEqual([{ effects: 'charge fund tell', subscriptions: 12n }])
})
