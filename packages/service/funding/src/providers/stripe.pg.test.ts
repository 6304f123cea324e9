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
import type { PaymentProvider } from './provider.ts'
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
/** Our process dies when Stripe has done what it asked for, before it has written that. */
let dies: boolean

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
  dies = false
  her = newId('pers', clock.nowMs())
  ledger = await Ledger.open({ postgres, clock })
  provider = new StripeProvider({ secretKey: 'sk_test_12345678', webhookSecret, returnUrl: 'https://wallet.example/subscription', apiUrl: stripe.url })
  mails = new Mails({ postgres, clock, mailbox: true, server: undefined, seal: new Seal(Buffer.alloc(32, 7)), random: () => 1, log: { warn: () => undefined } })
  const log = { info: () => undefined, warn: () => undefined, error: (_about: object, message: string) => void errors.push(message) }
  const mortal: PaymentProvider = {
    name: provider.name, refund: (reference) => provider.refund(reference), abandon: (reference) => provider.abandon(reference),
    charge: (request) => provider.charge(request).then((outcome) => (dies ? Promise.reject(new Error('died')) : outcome)),
  }
  const store = new FundingStore(postgres)
  await store.offer([{ key: 'monthly', name: 'Monthly', price: 5_000_000_000n, asset: eur, period: 'month', feeBasisPoints: 1_000, rate: 100_000n, trialDays: 0, pacing: 'stream' }], () => newId('plan', clock.nowMs()))
  funding = new Funding({
    store, ledger, clock, log, mails, providers: [mortal], background: false, invoices: new InvoiceStore(postgres), invoiceTerms: { seller: { name: 'S', address: [] }, prefix: '', vatBasisPoints: 0 },
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

/** What the books say that Stripe holds for us, cents. */
async function held(): Promise<number> {
  const { rows } = await postgres.pool.query<{ cents: bigint }>(`select (debits_posted - credits_posted) / 10000000 as cents from ledger.accounts where name = 'psp[stripe]'`)
  return Number(rows[0]?.cents ?? 0n)
}

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

  test.each([['pm_stolen', 'stolen_card'], ['pm_poor', 'insufficient_funds'], ['pm_gone', 'resource_missing']])('by %s begins nothing', async (method, reason) => {
    expect((await subscribe(method)).subscription.status).toBe('ended')
    expect((await postgres.pool.query('select reason from funding.charge')).rows).toEqual([{ reason }])
    expect((await books()).filter((row) => !row.startsWith('charge'))).toEqual([])
  })

  test('of less than any card pays, or of a card that somebody removed at Stripe, has failed, and is not asked again and again', async () => {
    const ask = (amount: bigint, method: string) => provider.charge({ key: `${method}/${amount}`, card: { reference: `cus_1/${method}`, brand: '', lastFour: '' }, amount, asset: eur, present: true, askedAgoMs: 0 })
    expect([await ask(490_000_000n, 'pm_good'), await ask(5_000_000_000n, 'pm_gone')]).toMatchObject([{ status: 'failed', final: false, reason: 'amount_too_small' }, { status: 'failed', final: false, reason: 'resource_missing' }])
    await subscribe('pm_good')
    await funding.changeCard(her, { reference: 'cus_1/pm_gone', brand: 'visa', lastFour: '4242' })
    clock.jump(28 * dayMs)
    await funding.work()
    expect((await funding.of(her))?.subscription).toMatchObject({ status: 'grace', attempts: 1, charging: undefined })
  })

  test.each([0n, 1n, -500_000_000n, 5_000_000_001n, 10n ** 20n])('of %d units is refused before Stripe is asked', async (amount) => {
    await expect(provider.charge({ key: 'k', card: { reference: 'cus_1/pm_good', brand: '', lastFour: '' }, amount, asset: eur, present: true, askedAgoMs: 0 })).rejects.toMatchObject({ code: 'amount-not-chargeable' })
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

  test('of which the bank returns something though the dispute is lost is our loss by so much less', async () => {
    await subscribe('pm_good')
    stripe.dispute('pi_1')
    await webhook(disputeOf('pi_1'))
    stripe.endDispute('pi_1', 'lost', 50)
    for (let told = 0; told < 2; told += 1) await webhook(disputeOf('pi_1'))
    expect([(await books()).filter((row) => row.startsWith('dispute-won')), (await funding.of(her))?.subscription.status, await held()]).toEqual([['dispute-won-beyond: psp[stripe] -> loss@wallet 500000000'], undefined, stripe.balance()])
  })

  test('that is given back whole and disputed all the same is taken a second time, at our loss; what is won of that comes back, and nothing else moves', async () => {
    const { subscription } = await subscribe('pm_good')
    await funding.refund(`${subscription.id}/1`)
    stripe.dispute('pi_1')
    for (let told = 0; told < 3; told += 1) await webhook(disputeOf('pi_1'))
    const refunded = ['refund-fee: fee.subscription -> psp[stripe] 500000000', 'refund: subscriber -> psp[stripe] 4500000000']
    const taken = ['dispute-beyond: loss@wallet -> psp[stripe] 5000000000', 'dispute-cost: cost[stripe] -> psp[stripe] 15000000000']
    expect(await books()).toEqual(['charge refunded fee 330000000', ...taken, kept, ...refunded, ...paid].toSorted())
    expect(await held()).toEqual(stripe.balance())
    stripe.endDispute('pi_1', 'won')
    for (let told = 0; told < 3; told += 1) await webhook(disputeOf('pi_1'))
    const won = ['dispute-won-beyond: psp[stripe] -> loss@wallet 5000000000', 'dispute-cost-returned: psp[stripe] -> cost[stripe] 15000000000']
    expect([await books(), await held()]).toEqual([['charge refunded fee 330000000', ...taken, ...won, kept, ...refunded, ...paid].toSorted(), -33])
  })

  test('of which a part is given back, and which is then disputed whole, is taken beyond what was left of it, until the bank returns that', async () => {
    await subscribe('pm_good')
    stripe.giveBack('pi_1', 200)
    stripe.dispute('pi_1')
    await webhook(disputeOf('pi_1'))
    const taken = [
      'dispute-beyond: loss@wallet -> psp[stripe] 2000000000', 'dispute-cost: cost[stripe] -> psp[stripe] 15000000000', 'dispute-fee: fee.subscription -> psp[stripe] 300000000', 'dispute: subscriber -> psp[stripe] 2700000000',
      'refund-fee: fee.subscription -> psp[stripe] 200000000', 'refund: subscriber -> psp[stripe] 1800000000',
    ]
    expect(await books()).toEqual(['charge disputed fee 330000000', ...taken, kept, ...paid].toSorted())
    stripe.endDispute('pi_1', 'lost', 200)
    for (let told = 0; told < 2; told += 1) await webhook(disputeOf('pi_1'))
    expect([await books(), await held()]).toEqual([['charge disputed fee 330000000', 'dispute-won-beyond: psp[stripe] -> loss@wallet 2000000000', ...taken, kept, ...paid].toSorted(), stripe.balance()])
  })

  test('of which a bank takes a part only loses that part, comes back when it is won, and is given back whole afterwards', async () => {
    const { subscription } = await subscribe('pm_good')
    stripe.dispute('pi_1', 'needs_response', 200)
    for (let told = 0; told < 2; told += 1) await webhook(disputeOf('pi_1'))
    expect((await books()).filter((row) => row.startsWith('dispute'))).toEqual(['dispute-cost: cost[stripe] -> psp[stripe] 15000000000', 'dispute-fee: fee.subscription -> psp[stripe] 200000000', 'dispute: subscriber -> psp[stripe] 1800000000'])
    await expect(funding.refund(`${subscription.id}/1`)).rejects.toMatchObject({ code: 'charge-disputed' })
    stripe.endDispute('pi_1', 'won')
    await webhook(disputeOf('pi_1'))
    expect((await books()).filter((row) => row.startsWith('dispute-won'))).toEqual(['dispute-won-fee: psp[stripe] -> fee.subscription 200000000', 'dispute-won: psp[stripe] -> subscriber 1800000000'])
    await funding.refund(`${subscription.id}/1`)
    expect([(await books())[0], await held()]).toEqual(['charge refunded fee 330000000', stripe.balance()])
    expect(stripe.balance()).toBe(-33)
  })

  test('that Stripe knows to be disputed before we do is not given back: the operator learns why, and what somebody gave back in the dashboard is no failure', async () => {
    const { subscription } = await subscribe('pm_good')
    stripe.dispute('pi_1')
    await expect(funding.refund(`${subscription.id}/1`)).rejects.toMatchObject({ code: 'charge-disputed' })
    expect(await books()).toEqual(['charge succeeded fee -', ...paid])
    stripe.endDispute('pi_1', 'won')
    stripe.giveBack('pi_1', 500)
    await funding.refund(`${subscription.id}/1`)
    await webhook(disputeOf('pi_1'))
    expect([(await books())[0], await held()]).toEqual(['charge refunded fee 330000000', -33])
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
    // Another shop on the same account.
    for (const key of ['', '&metadata[rivulet_charge]=subs_of_another_rivulet/1']) await fetch(`${stripe.url}/v1/payment_intents`, { method: 'POST', headers: { 'content-type': 'application/x-www-form-urlencoded', 'idempotency-key': `shop${key}` }, body: `amount=700&currency=eur&payment_method=pm_good${key}` })
    expect(await Promise.all([paymentOf('pi_unknown'), paymentOf('pi_1'), disputeOf('pi_2'), { object: 'customer', id: 'cus_9' }].map((about) => webhook(about)))).toEqual([200, 200, 200, 200])
    expect([await books(), errors]).toEqual([[], []])
  })

  test('about a charge of ours whose own answer we have not written yet must come again, and then counts, whatever happened to the charge meanwhile', async () => {
    dies = true
    await subscribe('pm_good')
    const told = [paymentOf('pi_1'), { object: 'charge', id: 'ch_pi_1', payment_intent: 'pi_1' }, disputeOf('pi_1')]
    stripe.giveBack('pi_1', 200)
    stripe.dispute('pi_1')
    for (const about of told) expect(await webhook(about)).toBe(503)
    expect(await books()).toEqual(['charge asked fee -'])
    // The next process asks under the same key, and hears the same answer.
    dies = false
    clock.jump(10_000)
    await funding.work()
    expect([await books(), stripe.intents.size]).toEqual([['charge succeeded fee -', ...paid], 1])
    for (const about of told) expect(await webhook(about)).toBe(200)
    expect([(await books())[0], await held()]).toEqual(['charge disputed fee 330000000', stripe.balance()])
  })

  test.each([
    ['pm_good', 'active', 'succeeded'], ['pm_poor', undefined, 'failed'], ['pm_asks', 'starting', 'authentication'],
  ])('that never came, about a charge by %s whose answer a process took with it days ago: Stripe has forgotten the key, and still it is charged once', async (method, status, charge) => {
    dies = true
    await subscribe(method)
    stripe.forgetKeys()
    clock.jump(3 * dayMs)
    dies = false
    await funding.work()
    expect([(await funding.of(her))?.subscription.status, stripe.intents.size, (await books()).filter((row) => row.startsWith('charge'))]).toEqual([status, 1, [`charge ${charge} fee -`]])
    expect(await held()).toBe(charge === 'succeeded' ? 500 : 0)
  })

  test('that never came, about a charge whose answer was lost, is found days later though she has another card since, of another customer at Stripe', async () => {
    dies = true
    await subscribe('pm_good')
    stripe.forgetKeys()
    dies = false
    await funding.changeCard(her, { reference: 'cus_2/pm_poor', brand: 'visa', lastFour: '9995' })
    clock.jump(3 * dayMs)
    await funding.work()
    expect([(await funding.of(her))?.subscription.status, stripe.intents.size, await books(), await held()]).toEqual(['active', 1, ['charge succeeded fee -', ...paid], 500])
  })

  test('about a second payment for what was asked once is refused, and raises an alarm', async () => {
    const { subscription } = await subscribe('pm_good')
    await fetch(`${stripe.url}/v1/payment_intents`, { method: 'POST', headers: { 'content-type': 'application/x-www-form-urlencoded', 'idempotency-key': 'forgotten' }, body: `amount=500&currency=eur&payment_method=pm_good&metadata[rivulet_charge]=${subscription.id}/1` })
    expect([await webhook(paymentOf('pi_2')), errors]).toEqual([409, ['Stripe has charged twice what was asked once: give the second payment back in its dashboard']])
    expect(await books()).toEqual(['charge succeeded fee -', ...paid])
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

  test('in any order, late, doubled, overtaking each other and across a death of ours: the books hold for each payment what Stripe holds', async () => {
    const things = ['part', 'rest', 'dispute', 'little dispute', 'inquiry', 'win', 'lose', 'lose some', 'spend', 'revive'] as const
    type Thing = (typeof things)[number] | { readonly deliver: number; readonly waits: boolean }
    const thing = fc.oneof<fc.Arbitrary<Thing>[]>(fc.constantFrom(...things), fc.record({ deliver: fc.nat(20), waits: fc.boolean() }))
    const reader = await ledger.openAccount({ name: 'publisher[mara]', kind: 'publisher', asset: eur, debitsMayExceedCredits: false })
    await fc.assert(
      fc.asyncProperty(fc.array(thing, { minLength: 4, maxLength: 14 }), fc.boolean(), async (story, died) => {
        her = newId('pers', clock.nowMs() + stripe.intents.size)
        dies = died
        await subscribe('pm_good')
        const id = `pi_${stripe.intents.size}`
        const about = [paymentOf(id), disputeOf(id), { object: 'charge', id: `ch_${id}`, payment_intent: id }]
        const waiting: object[] = [...about]
        const underWay: Promise<unknown>[] = []
        const isRefused = async (event: object): Promise<void> => void ((await webhook(event)) >= 300 && waiting.push(event))
        const revive = async (): Promise<void> => {
          dies = false
          clock.jump(10_000)
          await funding.work()
        }
        const disputes = () => stripe.disputes.filter(({ payment_intent: intent }) => intent === id)
        const stands = () => disputes().some(({ status }) => status === 'needs_response')
        for (const one of story) {
          const { latest_charge: charge } = stripe.intent(id)
          const left = 500 - (charge?.amount_refunded ?? 0)
          if (typeof one === 'object') {
            const event = waiting.splice(one.deliver % Math.max(1, waiting.length), 1)[0]
            if (event === undefined) continue
            const delivered = isRefused(event)
            underWay.push(delivered)
            if (one.waits) await delivered
            continue
          }
          if (one === 'revive') await revive()
          if (one === 'spend') {
            const account = await ledger.accountByName(`subscriber[${her}]`)
            const has = account === undefined ? 0n : account.creditsPosted - account.debitsPosted
            if (account !== undefined && has > 1n) await ledger.transfer({ key: newId('evnt', clock.nowMs()), debitAccountId: account.id, creditAccountId: reader.id, amount: has / 2n, reason: 'stream' }).catch(() => undefined)
          }
          const lost = disputes().some(({ status }) => status === 'lost')
          if (one === 'part' && !stands() && !lost && left > 120) stripe.giveBack(id, 120)
          if (one === 'rest' && !stands() && !lost && left > 0) stripe.giveBack(id, left)
          if (one === 'dispute' && !stands() && !lost) stripe.dispute(id)
          if (one === 'little dispute' && !stands() && !lost) stripe.dispute(id, 'needs_response', 130)
          if (one === 'inquiry' && disputes().length === 0) stripe.dispute(id, 'warning_needs_response')
          if (one === 'win' && stands()) stripe.endDispute(id, 'won')
          if (one === 'lose' && stands()) stripe.endDispute(id, 'lost')
          if (one === 'lose some' && stands()) stripe.endDispute(id, 'lost', 50)
          waiting.push(...about)
        }
        await Promise.all(underWay)
        await revive()
        for (const event of [...new Set(waiting), ...about]) expect(await webhook(event)).toBe(200)
        expect(await held()).toBe(stripe.balance())
        // What customers have paid by the documents, less what Stripe took of it or beyond it.
        const { rows } = await postgres.pool.query<{ cents: bigint }>(`
          select ((select sum(case kind when 'invoice' then 1 else -1 end * (content->>'total')::int8) from funding.invoice) - sum(coalesce(provider_fee, 0) + dispute_cost + dispute_beyond))::int8 / 10000000 as cents from funding.charge`)
        expect(Number(rows[0]?.cents)).toBe(stripe.balance())
        expect([stripe.intents.size, errors]).toEqual([Number(id.slice(3)), []])
      }),
      { numRuns: 8 },
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
