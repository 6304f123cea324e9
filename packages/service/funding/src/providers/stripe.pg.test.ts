import { createHmac } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Person } from '@rivulet/accounts'
import { type Id, newId, Seal } from '@rivulet/ids'
import { Ledger, ledgerMigrations } from '@rivulet/ledger'
import { Mails, notifyMigrations } from '@rivulet/notify'
import type { Postgres } from '@rivulet/postgres'
import { testPostgres } from '@rivulet/postgres/testing'
import { TestClock } from '@rivulet/time/testing'
import express, { type RequestHandler } from 'express'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Funding } from '../funding.ts'
import { FundingStore } from '../funding-store.ts'
import { InvoiceStore } from '../invoice-store.ts'
import { fundingMigrations } from '../migrations.ts'
import { StripeProvider } from './stripe.ts'
import { stripeRoutes } from './stripe-routes.ts'
import { StripeStandIn } from './stripe-stand-in.ts'

const eur = { code: 'EUR', scale: 9 }
const webhookSecret = 'whsec_test_secret'
const dayMs = 86_400_000

let clock: TestClock
let postgres: Postgres
let ledger: Ledger
let stripe: StripeStandIn
let provider: StripeProvider
let funding: Funding
let mails: Mails
let server: Server
let origin: string
let her: Id<'pers'>
const errors: string[] = []

beforeEach(async () => {
  clock = new TestClock(Date.parse('2027-01-31T10:00:00Z'))
  postgres = await testPostgres([ledgerMigrations, notifyMigrations, fundingMigrations])
  stripe = new StripeStandIn()
  await stripe.open()
  await start()
})

afterEach(async () => {
  await stop()
  await stripe.close()
  await postgres[Symbol.asyncDispose]()
})

async function start(): Promise<void> {
  errors.length = 0
  her = newId('pers', clock.nowMs())
  ledger = await Ledger.open({ postgres, clock })
  provider = new StripeProvider({ secretKey: 'sk_test_12345678', webhookSecret, returnUrl: 'https://wallet.example/subscription', apiUrl: stripe.url })
  mails = new Mails({ postgres, clock, mailbox: true, server: undefined, seal: new Seal(Buffer.alloc(32, 7)), random: () => 1, log: { warn: () => undefined } })
  const log = { warn: () => undefined, error: (_about: object, message: string) => void errors.push(message) }
  const store = new FundingStore(postgres)
  await store.offer([{ key: 'monthly', name: 'Monthly', price: 5_000_000_000n, asset: eur, period: 'month', feeBasisPoints: 1_000, rate: 100_000n, trialDays: 0, pacing: 'stream' }], () => newId('plan', clock.nowMs()))
  funding = new Funding({
    store, ledger, clock, log, mails, providers: [provider], background: false, invoices: new InvoiceStore(postgres), invoiceTerms: { seller: { name: 'S', address: [] }, prefix: '', vatBasisPoints: 0 },
    readerOf: () => Promise.resolve({ name: 'Her', email: 'her@example.com', language: 'en', url: 'https://wallet.example/subscription' }), attentionOf: () => Promise.resolve([]), accountOf: () => Promise.resolve(undefined),
  })
  const letIn: RequestHandler = (_request, response, next) => {
    response.locals['person'] = { id: her } as Person
    next()
  }
  server = createServer(express().use(stripeRoutes({ stripe: provider, funding, entrance: { requireSession: letIn, requireSameOrigin: letIn }, asset: eur, clock, log })))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

async function stop(): Promise<void> {
  await new Promise((resolve) => server.close(resolve))
  await funding[Symbol.asyncDispose]()
  const { ok, problems } = await ledger.verify()
  await ledger[Symbol.asyncDispose]()
  if (!ok) throw new Error(`the books are wrong: ${JSON.stringify(problems)}`)
}

async function subscribe(method: string) {
  const account = await ledger.openAccount({ name: `subscriber[${her}]`, kind: 'subscriber', asset: eur, debitsMayExceedCredits: false })
  const [plan] = await funding.plans()
  return funding.subscribe({ personId: her, accountId: account.id, planId: plan?.id ?? '', provider: 'stripe', card: { reference: `cus_1/${method}`, brand: 'visa', lastFour: '4242' }, policy: { kind: 'roll-over' } })
}

/** Signs as Stripe does (https://docs.stripe.com/webhooks#verify-manually). */
async function webhook(about: object, given: { readonly secret?: string; readonly atMs?: number; readonly event?: object; readonly change?: (body: string) => string } = {}): Promise<number> {
  const body = JSON.stringify({ id: 'evt_1', object: 'event', api_version: '2026-01-01', created: 1, livemode: false, pending_webhooks: 1, request: null, type: 'payment_intent.succeeded', data: { object: about }, ...given.event })
  const seconds = Math.floor((given.atMs ?? clock.nowMs()) / 1_000)
  const signature = `t=${seconds},v1=${createHmac('sha256', given.secret ?? webhookSecret).update(`${seconds}.${body}`).digest('hex')}`
  return (await fetch(`${origin}/webhooks/stripe`, { method: 'POST', headers: { 'content-type': 'application/json', 'stripe-signature': signature }, body: given.change?.(body) ?? body })).status
}

const paymentOf = (id: string) => ({ object: 'payment_intent', id })
const disputeOf = (id: string) => ({ object: 'dispute', id: 'dp_1', payment_intent: id })

/** Every row of the ledger, and what is known of each charge. */
async function books(): Promise<readonly string[]> {
  const { rows } = await postgres.pool.query<{ row: string }>(
    `select t.reason || ': ' || d.name || ' -> ' || c.name || ' ' || t.amount as row from ledger.transfers t join ledger.accounts d on d.id = t.debit_account_id join ledger.accounts c on c.id = t.credit_account_id
      union all select 'charge ' || status || ' fee ' || coalesce(provider_fee::text, '-') from funding.charge`)
  return rows.map(({ row }) => row.replaceAll(/\[pers_[0-9a-z]+\]/g, '')).toSorted()
}

const kept = 'provider-fee: cost[stripe] -> psp[stripe] 330000000'
const paid = ['subscription-fee: psp[stripe] -> fee.subscription 500000000', 'subscription: psp[stripe] -> subscriber 4500000000']

describe('a charge', () => {
  test('is asked in cents, once under its key, and booked row by row; what Stripe kept is booked when it says so', async () => {
    await subscribe('pm_good')
    expect(stripe.intent('pi_1')).toMatchObject({ amount: 500, currency: 'eur' })
    expect(await webhook(paymentOf('pi_1'))).toBe(200)
    expect(await books()).toEqual(['charge succeeded fee 330000000', kept, ...paid])
  })

  test('that her bank asks her about waits, leads her there, and counts once she confirmed', async () => {
    const { subscription } = await subscribe('pm_asks')
    const answer = await fetch(`${origin}/api/stripe/confirmation`, { redirect: 'manual' })
    expect([subscription.status, answer.status, answer.headers.get('location')]).toEqual(['starting', 303, `${stripe.url}/bank/pi_1`])
    expect(await webhook(paymentOf('pi_1'))).toBe(200)
    expect((await books()).filter((row) => !row.startsWith('charge'))).toEqual([])
    stripe.pay('pi_1')
    await webhook(paymentOf('pi_1'))
    expect([await books(), (await funding.of(her))?.subscription.status]).toEqual([['charge succeeded fee 330000000', kept, ...paid], 'active'])
  })

  test('that she does not confirm ends, and is closed at Stripe', async () => {
    await subscribe('pm_asks')
    stripe.intent('pi_1').status = 'requires_payment_method'
    await webhook(paymentOf('pi_1'))
    expect([await books(), await funding.of(her), stripe.intent('pi_1').status]).toEqual([['charge failed fee -'], undefined, 'canceled'])
  })

  test('of a renewal that her bank wants to ask her about waits: she is written to, is led to her bank, and it goes on when she said yes', async () => {
    await subscribe('pm_asks')
    stripe.pay('pi_1')
    await webhook(paymentOf('pi_1'))
    clock.jump(28 * dayMs)
    await funding.work()
    await webhook(paymentOf('pi_2'))
    expect([(await funding.of(her))?.subscription, stripe.intent('pi_2').status]).toMatchObject([{ status: 'grace', attempts: 0, charging: { kind: 'period' } }, 'requires_payment_method'])
    await mails.sendDue()
    const [mail] = await mails.mailbox()
    expect([mail?.template, mail?.text.includes('https://wallet.example/subscription')]).toEqual(['confirm-payment', true])
    const answer = await fetch(`${origin}/api/stripe/confirmation`, { redirect: 'manual' })
    expect(answer.headers.get('location')).toBe(`${stripe.url}/bank/pi_2`)
    await fetch(`${stripe.url}/bank/pi_2/yes`, { redirect: 'manual' })
    // Stripe's own report is late: she asks.
    expect((await fetch(`${origin}/api/stripe/checks`, { method: 'POST' })).status).toBe(204)
    expect([(await funding.of(her))?.subscription.status, (await books()).filter((row) => !row.startsWith('charge'))]).toEqual(['active', [kept, kept, paid[0], paid[0], paid[1], paid[1]]])
  })

  test('that nobody confirms is closed at Stripe after a day, and one that was confirmed unheard counts', async () => {
    await subscribe('pm_asks')
    clock.jump(dayMs)
    await funding.work()
    expect([await funding.of(her), stripe.intent('pi_1').status, await books()]).toEqual([undefined, 'canceled', ['charge failed fee -']])
    await subscribe('pm_asks')
    stripe.pay('pi_2')
    clock.jump(dayMs)
    await funding.work()
    expect((await books()).filter((row) => !row.startsWith('charge'))).toEqual(paid)
  })

  test('of which a part is given back in Stripe’s dashboard is followed, however often and in whichever order that is told', async () => {
    await subscribe('pm_good')
    stripe.giveBack('pi_1', 200)
    for (let told = 0; told < 3; told += 1) await webhook({ object: 'charge', id: 'ch_pi_1', payment_intent: 'pi_1' })
    expect((await books()).filter((row) => !row.startsWith('charge'))).toEqual([kept, 'refund-fee: fee.subscription -> psp[stripe] 200000000', 'refund: subscriber -> psp[stripe] 1800000000', ...paid].toSorted())
    stripe.giveBack('pi_1', 300)
    for (let told = 0; told < 3; told += 1) await webhook({ object: 'refund', id: 're_2', payment_intent: 'pi_1' })
    expect([await funding.of(her), (await books()).filter((row) => row.startsWith('refund'))]).toEqual([undefined, ['refund-fee: fee.subscription -> psp[stripe] 200000000', 'refund-fee: fee.subscription -> psp[stripe] 300000000', 'refund: subscriber -> psp[stripe] 1800000000', 'refund: subscriber -> psp[stripe] 2700000000']])
  })

  test('of a renewal without her, by a card that died, fails; she is told with a link back, and a new card goes on', async () => {
    await subscribe('pm_dies')
    clock.jump(28 * dayMs)
    await funding.work()
    expect((await funding.of(her))?.subscription).toMatchObject({ status: 'grace', attempts: 1 })
    await mails.sendDue()
    const [failed] = await mails.mailbox()
    expect([failed?.template, failed?.text.includes('https://wallet.example/subscription')]).toEqual(['renewal-failed', true])
    await funding.changeCard(her, { reference: 'cus_1/pm_good', brand: 'visa', lastFour: '4242' })
    expect((await funding.of(her))?.subscription).toMatchObject({ status: 'active', attempts: 0 })
  })

  test.each([['pm_stolen', 'stolen_card'], ['pm_poor', 'insufficient_funds']])('by %s begins nothing', async (method, reason) => {
    expect((await subscribe(method)).subscription.status).toBe('ended')
    expect((await postgres.pool.query('select reason from funding.charge')).rows).toEqual([{ reason }])
    expect((await books()).filter((row) => !row.startsWith('charge'))).toEqual([])
  })

  test.each([0n, 1n, -500_000_000n, 5_000_000_001n, 10n ** 20n])('of %d units is refused before Stripe is asked', async (amount) => {
    await expect(provider.charge({ key: 'k', card: { reference: 'cus_1/pm_good', brand: '', lastFour: '' }, amount, asset: eur, present: true })).rejects.toMatchObject({ code: 'amount-not-chargeable' })
    expect(stripe.asked).toEqual([])
  })

  test('that is disputed costs what Stripe takes for it, and comes back with that when it is won, row by row, in any order of reports', async () => {
    await subscribe('pm_good')
    await webhook(paymentOf('pi_1'))
    stripe.dispute('pi_1')
    for (let told = 0; told < 3; told += 1) await webhook(disputeOf('pi_1'))
    const taken = ['dispute-cost: cost[stripe] -> psp[stripe] 15000000000', 'dispute-fee: fee.subscription -> psp[stripe] 500000000', 'dispute: subscriber -> psp[stripe] 4500000000']
    expect(await books()).toEqual(['charge disputed fee 330000000', ...taken, kept, ...paid].toSorted())
    stripe.endDispute('pi_1', 'won')
    for (let told = 0; told < 3; told += 1) await Promise.all([webhook(disputeOf('pi_1')), webhook(paymentOf('pi_1'))])
    const won = ['dispute-cost-returned: psp[stripe] -> cost[stripe] 15000000000', 'dispute-won-fee: psp[stripe] -> fee.subscription 500000000', 'dispute-won: psp[stripe] -> subscriber 4500000000']
    expect(await books()).toEqual(['charge succeeded fee 330000000', ...taken, ...won, kept, ...paid].toSorted())
  })

  test('that a bank only asks about is no dispute, and one that is lost stays lost', async () => {
    await subscribe('pm_good')
    stripe.dispute('pi_1', 'warning_needs_response')
    await webhook(disputeOf('pi_1'))
    expect([(await funding.of(her))?.subscription.status, await books()]).toEqual(['active', ['charge succeeded fee 330000000', kept, ...paid].toSorted()])
    stripe.dispute('pi_1')
    await webhook(disputeOf('pi_1'))
    stripe.endDispute('pi_1', 'lost')
    await webhook(disputeOf('pi_1'))
    expect((await books())[0]).toBe('charge disputed fee 330000000')
  })

  test('given back leaves the books row by row, however often it is asked for and told', async () => {
    const { subscription } = await subscribe('pm_good')
    await Promise.all([funding.refund(`${subscription.id}/1`), webhook(paymentOf('pi_1'))])
    await funding.refund(`${subscription.id}/1`)
    await webhook({ object: 'charge', id: 'ch_pi_1', payment_intent: 'pi_1' })
    expect((await books()).filter((row) => !row.startsWith('charge'))).toEqual([kept, 'refund-fee: fee.subscription -> psp[stripe] 500000000', 'refund: subscriber -> psp[stripe] 4500000000', ...paid].toSorted())
    expect(await funding.of(her)).toBeUndefined()
  })
})

describe('a webhook', () => {
  test.each<[string, () => Promise<number>]>([
    ['forged', () => webhook(paymentOf('pi_1'), { secret: 'whsec_other' })],
    ['changed', () => webhook(paymentOf('pi_1'), { change: (body) => body.replace('evt_1', 'evt_2') })],
    ['stale', () => webhook(paymentOf('pi_1'), { atMs: clock.nowMs() - 301_000 })],
    ['for another account', () => webhook(paymentOf('pi_1'), { event: { account: 'acct_other' } })],
    ['of live money to a test key', () => webhook(paymentOf('pi_1'), { event: { livemode: true } })],
    ['without a signature', async () => (await fetch(`${origin}/webhooks/stripe`, { method: 'POST', body: '{}' })).status],
    ['without a body', async () => (await fetch(`${origin}/webhooks/stripe`, { method: 'POST' })).status],
  ])('that is %s is refused and changes nothing', async (_, send) => {
    await subscribe('pm_asks')
    stripe.pay('pi_1')
    expect([await send(), await books()]).toEqual([400, ['charge authentication fee -']])
  })

  test('about what is not ours, or about nothing, is taken and changes nothing', async () => {
    expect([await webhook(paymentOf('pi_unknown')), await webhook({ object: 'customer', id: 'cus_9' })]).toEqual([200, 200])
    expect(await books()).toEqual([])
  })

  test.each([['less', 499, 'eur'], ['more', 50_000, 'eur'], ['another currency', 500, 'usd']])('about a payment of %s than was asked books nothing and raises an alarm', async (_, amount, currency) => {
    await subscribe('pm_asks')
    stripe.pay('pi_1', amount)
    stripe.intent('pi_1').currency = currency
    expect([await webhook(paymentOf('pi_1')), await books(), errors]).toEqual([409, ['charge authentication fee -'], ['Stripe took another amount than was asked: nothing is booked']])
  })

  test('may come ten times and in any order: the books are the same', async () => {
    const told = Array.from({ length: 10 }, () => [paymentOf('pi_1'), disputeOf('pi_1'), { object: 'charge', id: 'ch_pi_1', payment_intent: 'pi_1' }]).flat()
    const expected = ['charge disputed fee 330000000', 'dispute-cost: cost[stripe] -> psp[stripe] 15000000000', 'dispute-fee: fee.subscription -> psp[stripe] 500000000', 'dispute: subscriber -> psp[stripe] 4500000000', kept, ...paid].toSorted()
    await fc.assert(
      fc.asyncProperty(fc.shuffledSubarray(told, { minLength: told.length }), async (order) => {
        await stop()
        await postgres[Symbol.asyncDispose]()
        postgres = await testPostgres([ledgerMigrations, notifyMigrations, fundingMigrations])
        stripe.intents.clear()
        stripe.disputes.length = 0
        await start()
        await subscribe('pm_asks')
        stripe.pay('pi_1')
        stripe.dispute('pi_1')
        for (const about of order) expect(await webhook(about)).toBe(200)
        expect(await books()).toEqual(expected)
      }),
      { numRuns: 4 },
    )
  })
})

test('a card is entered at Stripe, which leads back with it and the plan; it is hers alone, and only once it is there', async () => {
  const asked = await fetch(`${origin}/api/stripe/card-pages`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"planId":"plan_1"}' })
  const { url } = (await asked.json()) as { url: string }
  expect([asked.status, (await fetch(`${origin}/api/stripe/cards/cs_test_1`)).status]).toEqual([201, 400])
  const back = await fetch(`${url}/pm_good`, { redirect: 'manual' })
  expect([back.headers.get('location'), await (await fetch(`${origin}/api/stripe/cards/cs_test_1`)).json()]).toEqual(['https://wallet.example/subscription?card=cs_test_1&plan=plan_1', { brand: 'Visa', lastFour: '4242' }])
  expect(await provider.card('cs_test_1', her)).toEqual({ reference: 'cus_1/pm_good', brand: 'Visa', lastFour: '4242' })
  for (const [session, person] of [['cs_test_1', 'pers_other'], ['pi_1', her], ['../x', her], ['', her]] as const) await expect(provider.card(session, person)).rejects.toMatchObject({ code: 'card-invalid' })
  for (const body of ['{"planId":"https://elsewhere.example"}', '{"other":1}']) expect((await fetch(`${origin}/api/stripe/card-pages`, { method: 'POST', headers: { 'content-type': 'application/json' }, body })).status).toBe(400)
})

test('while Stripe is away nothing is lost: the charge is asked again under its key', async () => {
  await stripe.close()
  expect((await subscribe('pm_good')).subscription.status).toBe('starting')
  await stripe.open()
  await stop()
  const whose = her
  await start()
  her = whose
  clock.jump(10_000)
  await funding.work()
  expect([(await funding.of(her))?.subscription.status, new Set(stripe.asked).size, (await books()).filter((row) => !row.startsWith('charge'))]).toEqual(['active', 1, paid])
})
