import { createHmac } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Person } from '@rivulet/accounts'
import express, { type RequestHandler } from 'express'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { PayoutRecord } from '../payout-store.ts'
import { StripeAccountStore } from '../stripe-account-store.ts'
import { stripePayoutRoutes } from '../stripe-routes.ts'
import { cent, type House, openHouse } from '../test-house.ts'
import { stripeRail } from './stripe.ts'
import { StripeConnect } from './stripe-connect.ts'
import { StripeStandIn, type StripeTransfer as Transfer } from './stripe-stand-in.ts'

const secrets = ['whsec_own_account', 'whsec_connected'] as const
const earned = 10_000n * cent
let stripe: StripeStandIn
let connect: StripeConnect
let connected: StripeAccountStore
let house: House
let server: Server
let origin: string
let account: string
const errors: string[] = []

beforeEach(async () => {
  errors.length = 0
  stripe = new StripeStandIn()
  await stripe.open()
  connect = new StripeConnect({ secretKey: 'sk_test_12345678', webhookSecrets: secrets, returnUrl: 'https://pay.example/payouts', apiUrl: stripe.url })
  house = await openHouse({ stripeAccountOf: (personId) => connected.of(personId) })
  connected = new StripeAccountStore(house.postgres)
  house.payouts.sendBy(stripeRail(connect))
  const letIn: RequestHandler = (_request, response, next) => {
    response.locals['person'] = { id: house.mara.personId, email: 'mara@example.com' } as Person
    next()
  }
  const log = { error: (_about: object, message: string) => void errors.push(message) }
  server = createServer(express().use(stripePayoutRoutes({ stripe: connect, connected, payouts: house.payouts, store: house.store, entrance: { requireSession: letIn, requireSameOrigin: letIn }, clock: house.clock, log })))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  await fetch(`${origin}/api/payouts/stripe-account`, { method: 'POST' })
  account = (await connected.of(house.mara.personId)) ?? ''
  stripe.accounts.set(account, { transfers: 'active', due: [], payout: undefined })
  await house.payouts.setMethod(house.mara, { destination: { rail: 'stripe' }, schedule: 'none', threshold: 0n })
  await house.earn(earned)
})

afterEach(async () => {
  await new Promise((resolve) => server.close(resolve))
  await house[Symbol.asyncDispose]()
  await stripe.close()
})

const now = async ({ payout }: PayoutRecord): Promise<PayoutRecord['payout'] | undefined> => (await house.store.get(payout.id))?.payout

/** Time goes by, and what waits is done. */
async function later(): Promise<void> {
  house.clock.jump(120_000)
  await house.payouts.work()
}

/** Signs as Stripe does (https://docs.stripe.com/webhooks#verify-manually). */
async function webhook(about: object, given: { readonly secret?: string; readonly atMs?: number; readonly event?: object; readonly change?: (body: string) => string } = {}): Promise<number> {
  const body = JSON.stringify({ id: 'evt_1', object: 'event', api_version: '2026-01-01', created: 1, livemode: false, pending_webhooks: 1, request: null, type: 'transfer.reversed', data: { object: about }, ...given.event })
  const seconds = Math.floor((given.atMs ?? house.clock.nowMs()) / 1_000)
  const signature = `t=${seconds},v1=${createHmac('sha256', given.secret ?? secrets[0]).update(`${seconds}.${body}`).digest('hex')}`
  return (await fetch(`${origin}/webhooks/stripe-payouts`, { method: 'POST', headers: { 'content-type': 'application/json', 'stripe-signature': signature }, body: given.change?.(body) ?? body })).status
}

const about = (transfer: number): object => ({ id: `tr_${transfer}`, object: 'transfer' })

describe('an account at Stripe', () => {
  test('is opened once for each publisher, and Stripe’s page leads back to ours', async () => {
    const asked = await Promise.all(Array.from({ length: 3 }, async () => (await fetch(`${origin}/api/payouts/stripe-account`, { method: 'POST' })).json()))
    expect([stripe.accounts.size, asked[0]]).toEqual([1, { url: `https://connect.example/account_onboarding/${account}?back=https://pay.example/payouts&again=https://pay.example/payouts/stripe` }])
    const again = await fetch(`${origin}/payouts/stripe`, { redirect: 'manual' })
    expect([again.status, again.headers.get('location')?.startsWith('https://connect.example/')]).toEqual([303, true])
  })

  test('tells how it stands, also that a bank refused what Stripe paid on', async () => {
    const state = async (): Promise<unknown> => (await fetch(`${origin}/api/payouts/stripe-account`)).json()
    expect(await state()).toEqual({ connected: true, ready: true, due: false, bankRefused: null })
    stripe.accounts.set(account, { transfers: 'pending', due: ['individual.dob'], payout: { status: 'failed', failure_code: 'account_closed' } })
    expect(await state()).toEqual({ connected: true, ready: false, due: true, bankRefused: 'account_closed' })
    expect([await webhook({ id: 'po_1', object: 'payout' }, { secret: secrets[1], event: { account, type: 'payout.failed' } }), errors]).toEqual([200, ['Stripe could not pay a publisher’s bank: she must correct it at Stripe']])
  })

  test('of somebody else cannot be named, and none is none', async () => {
    await expect(house.payouts.setMethod(house.mara, { destination: { rail: 'stripe', account: 'acct_ofSomebodyElse' }, schedule: 'none', threshold: 0n })).rejects.toMatchObject({ code: 'destination-invalid' })
    await expect(house.payouts.setMethod({ ...house.mara, personId: 'pers_nobody' }, { destination: { rail: 'stripe' }, schedule: 'none', threshold: 0n })).rejects.toMatchObject({ code: 'destination-invalid' })
  })
})

describe('a payout by Stripe', () => {
  test('is one transfer of what arrives, and its rows are exact', async () => {
    const { payout } = await house.request(1_000n * cent)
    expect(payout.status).toBe('settled')
    expect(stripe.transfers).toMatchObject([{ amount: 975, currency: 'eur', destination: account, transfer_group: `${payout.id}/1` }])
    expect(await house.rows()).toEqual([`publisher[mara] -> payout[stripe] ${1_000n * cent} payout`, `payout[stripe] -> psp[stripe] ${975n * cent} payout-settled`, `payout[stripe] -> fee.payout ${25n * cent} payout-fee`])
  })

  test('whose answer was lost is found again, a day later too, and is not sent twice', async () => {
    stripe.next = 'no-answer'
    const record = await house.request(1_000n * cent)
    house.clock.jump(2 * 86_400_000)
    await later()
    expect([(await now(record))?.status, stripe.transfers.length]).toEqual(['settled', 1])
  })

  test.each(['balance_insufficient', 'lock_timeout'])('waits while Stripe says %s, and goes on by itself', async (code) => {
    stripe.next = { status: 400, code }
    const record = await house.request(1_000n * cent)
    expect([record.payout.status, stripe.transfers.length]).toEqual(['approved', 0])
    await later()
    expect([(await now(record))?.status, stripe.transfers.length]).toEqual(['settled', 1])
  })

  test.each(['account_invalid', 'insufficient_capabilities_for_transfer'])('that Stripe refuses for good (%s) fails, tells why without Stripe’s own words, and the money is back', async (code) => {
    stripe.next = { status: 400, code }
    const record = await house.request(1_000n * cent)
    expect(await house.posted()).toEqual({ 'psp[sandbox]': -earned, 'publisher[mara]': earned })
    const note = (await house.store.timelines([record.payout.id])).get(record.payout.id)?.at(-1)?.note
    expect([(await now(record))?.status, note]).toEqual(['failed', `Stripe does not take this transfer: ${code}`])
  })

  test('to an account that was closed fails before anything is sent; when it is open again a retry brings it there', async () => {
    stripe.accounts.set(account, { transfers: 'inactive', due: ['external_account'], payout: undefined })
    const record = await house.request(1_000n * cent)
    expect([record.payout.status, stripe.transfers]).toEqual(['failed', []])
    stripe.accounts.set(account, { transfers: 'active', due: [], payout: undefined })
    await house.payouts.decide(record.payout.id, { type: 'retry' }, { kind: 'publisher', id: 'mara' })
    expect([(await now(record))?.status, stripe.transfers.map(({ transfer_group: group }) => group)]).toEqual(['settled', [`${record.payout.id}/2`]])
  })

  test('that is taken back at Stripe comes back to the unit, and a retry pays it again', async () => {
    const record = await house.request(1_000n * cent)
    const [transfer] = stripe.transfers as [Transfer]
    transfer.amount_reversed = transfer.amount
    expect(await webhook(about(1))).toBe(200)
    expect((await house.rows()).slice(3)).toEqual([`psp[stripe] -> payout[stripe] ${975n * cent} payout-returned`, `fee.payout -> payout[stripe] ${25n * cent} payout-fee-returned`, `payout[stripe] -> publisher[mara] ${1_000n * cent} payout-return`])
    expect([(await now(record))?.status, await house.posted()]).toEqual(['returned', { 'psp[sandbox]': -earned, 'publisher[mara]': earned }])
    await house.payouts.decide(record.payout.id, { type: 'retry' }, { kind: 'publisher', id: 'mara' })
    // Of the first attempt: long known.
    expect([await webhook(about(1)), (await now(record))?.status, stripe.transfers.length]).toEqual([200, 'settled', 2])
  })

  test('that is taken back before we look has come back all the same, in the rows that Stripe’s own statement has', async () => {
    const rail = stripeRail(connect)
    const payouts = house.open({}, { ...rail, send: async (sending) => {
      await rail.send(sending)
      for (const transfer of stripe.transfers) transfer.amount_reversed = transfer.amount
    } })
    const record = await payouts.request({ payee: house.mara, amount: 1_000n * cent, key: 'taken-back-at-once', by: { kind: 'publisher', id: 'mara' } })
    expect([(await now(record))?.status, (await house.rows()).slice(1), await webhook(about(1))]).toEqual(['returned', [
      `payout[stripe] -> psp[stripe] ${975n * cent} payout-settled`,
      `payout[stripe] -> fee.payout ${25n * cent} payout-fee`,
      `psp[stripe] -> payout[stripe] ${975n * cent} payout-returned`,
      `fee.payout -> payout[stripe] ${25n * cent} payout-fee-returned`,
      `payout[stripe] -> publisher[mara] ${1_000n * cent} payout-return`,
    ], 200])
  })

  test('of more than a number says exactly is refused by name before Stripe is asked', async () => {
    const transfer = (amount: bigint): Promise<void> => connect.transfer({ group: 'pout_x/1', account, amount, asset: { code: 'EUR', scale: 2 }, metadata: {} })
    await expect(transfer(2n ** 53n)).rejects.toMatchObject({ code: 'rail-refused', message: 'Stripe carries at most 90071992547409.91 EUR at once: request less, several times' })
    expect(stripe.transfers).toEqual([])
    await transfer(2n ** 53n - 1n)
    expect(stripe.transfers).toMatchObject([{ amount: Number.MAX_SAFE_INTEGER }])
  })

  test('of which a part is taken back raises an alarm and books nothing', async () => {
    const record = await house.request(1_000n * cent)
    const [transfer] = stripe.transfers as [Transfer]
    transfer.amount_reversed = 100
    expect([await webhook(about(1)), (await now(record))?.status, errors]).toEqual([200, 'settled', ['Stripe took back another amount than was paid out: nothing is booked']])
  })
})

describe('a webhook', () => {
  test.each<[string, () => Promise<number>]>([
    ['forged', () => webhook(about(1), { secret: 'whsec_other' })],
    ['changed', () => webhook(about(1), { change: (body) => body.replace('evt_1', 'evt_2') })],
    ['stale', () => webhook(about(1), { atMs: house.clock.nowMs() - 301_000 })],
    ['of live money to a test key', () => webhook(about(1), { event: { livemode: true } })],
    ['without a signature', async () => (await fetch(`${origin}/webhooks/stripe-payouts`, { method: 'POST', body: '{}' })).status],
    ['without a body', async () => (await fetch(`${origin}/webhooks/stripe-payouts`, { method: 'POST' })).status],
  ])('that is %s is refused and changes nothing', async (_, send) => {
    const record = await house.request(1_000n * cent)
    const [transfer] = stripe.transfers as [Transfer]
    transfer.amount_reversed = transfer.amount
    expect([await send(), (await now(record))?.status]).toEqual([400, 'settled'])
  })

  test('about what is not ours is taken and changes nothing', async () => {
    stripe.transfers.push({ id: 'tr_1', object: 'transfer', amount: 5, amount_reversed: 5, currency: 'eur', destination: 'acct_other', transfer_group: 'order-7' })
    expect([await webhook(about(1)), await webhook({ object: 'customer', id: 'cus_9' }), await webhook({ object: 'payout', id: 'po_9' }, { event: { account: 'acct_other' } })]).toEqual([200, 200, 200])
    expect([await house.rows(), errors]).toEqual([[], []])
  })

  test('may come ten times and in any order among several payouts: the books are the same', async () => {
    const records = [await house.request(1_000n * cent), await house.request(2_000n * cent), await house.request(1_500n * cent)]
    for (const transfer of stripe.transfers.slice(1)) transfer.amount_reversed = transfer.amount
    const told = Array.from({ length: 10 }, () => [about(1), about(2), about(3)]).flat()
    const expected = { 'psp[sandbox]': -earned, 'psp[stripe]': 975n * cent, 'fee.payout': 25n * cent, 'publisher[mara]': earned - 1_000n * cent }
    await fc.assert(
      fc.asyncProperty(fc.shuffledSubarray(told, { minLength: told.length }), async (order) => {
        expect(new Set(await Promise.all(order.map((one) => webhook(one))))).toEqual(new Set([200]))
        expect(await house.posted()).toEqual(expected)
      }),
      { numRuns: 3 },
    )
    expect((await Promise.all(records.map(now))).map((payout) => payout?.status)).toEqual(['settled', 'returned', 'returned'])
  })
})
