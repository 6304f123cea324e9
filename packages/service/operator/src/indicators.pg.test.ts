import { FundingStore, fundingMigrations } from '@rivulet/funding'
import { ledgerMigrations, type TransferReason } from '@rivulet/ledger'
import { connectionOf, creditTo, eur, streamOf, testBooks, type TestBooks } from '@rivulet/ledger/testing'
import { payoutFigures, payoutMigrations } from '@rivulet/payout'
import { testPostgres } from '@rivulet/postgres/testing'
import { TestClock } from '@rivulet/time/testing'
import { JourneyStore, walletMigrations } from '@rivulet/wallet'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { collectIndicators } from './indicator-keeper.ts'

const nowMs = Date.UTC(2026, 2, 15, 12)
const dayMs = 86_400_000
const clock = new TestClock(nowMs)
let books: TestBooks

beforeAll(async () => {
  books = await testBooks({ postgres: await testPostgres([ledgerMigrations, walletMigrations, fundingMigrations, payoutMigrations]), clock, funds: 0n })
})
afterAll(() => books[Symbol.asyncDispose]())

async function plantMoney(): Promise<void> {
  const { ledger, psp, subscriber, publisher, loss } = books
  const account = (name: string, overdraft: boolean): ReturnType<typeof ledger.openAccount> => ledger.openAccount({ name, kind: 'fee', asset: eur, debitsMayExceedCredits: overdraft })
  const [fee, cost] = [await account('fee.subscription', false), await account('cost[sandbox]', true)]
  const post = (reason: TransferReason, debit: { readonly id: typeof psp.id }, credit: { readonly id: typeof psp.id }, amount: bigint): Promise<unknown> => ledger.transfer({ key: reason, debitAccountId: debit.id, creditAccountId: credit.id, amount, reason })
  await post('subscription', psp, subscriber, 8_000n)
  await post('subscription-fee', psp, fee, 2_000n)
  await post('refund', subscriber, psp, 700n)
  await post('refund-fee', fee, psp, 200n)
  await post('refund-loss', loss, psp, 100n)
  await post('provider-fee', cost, psp, 1_800n)
  // One stream that is posted twice counts once; another counts once more. Publishers are credited what came.
  for (const [name, totals] of [['one', [300n, 500n]], ['two', [400n]]] as const) {
    const connection = connectionOf(name)
    const spec = streamOf(books, { connection }, clock.nowMs())
    const { ownerEpoch } = await ledger.sending.open(spec)
    for (const [index, total] of totals.entries()) {
      await ledger.receiving.credit(creditTo(books, { connection, sequence: index + 1, amount: total - (totals[index - 1] ?? 0n), creditAccountId: publisher.id }, clock.nowMs()))
      await ledger.sending.book(spec.id, ownerEpoch, total)
      await clock.advance(400_000)
      await ledger.postDue()
    }
    await ledger.sending.close(spec.id, ownerEpoch, 'stopped')
    await ledger.receiving.close(connection)
  }
}

/** The publisher is paid out by Interledger to another publisher of ours, whose account counts as any other. */
async function plantPayoutToOurs(): Promise<void> {
  const { ledger, publisher } = books
  const account = (name: string, kind: 'bank' | 'publisher'): ReturnType<typeof ledger.openAccount> => ledger.openAccount({ name, kind, asset: eur, debitsMayExceedCredits: false })
  const [clearing, other] = [await account('payout[interledger]', 'bank'), await account('publisher[other]', 'publisher')]
  await ledger.transfer({ key: 'payout', debitAccountId: publisher.id, creditAccountId: clearing.id, amount: 600n, reason: 'payout' })
  const connection = connectionOf('payout')
  const spec = streamOf(books, { connection, debitAccountId: clearing.id }, clock.nowMs())
  const { ownerEpoch } = await ledger.sending.open(spec)
  await ledger.receiving.credit(creditTo(books, { connection, amount: 600n, creditAccountId: other.id }, clock.nowMs()))
  await ledger.sending.book(spec.id, ownerEpoch, 600n)
  await ledger.sending.close(spec.id, ownerEpoch, 'stopped')
  expect((await ledger.account(other.id))?.creditsPosted).toBe(600n)
}

async function plantPeople(): Promise<void> {
  const usage = (person: string, day: string, amount: number): readonly unknown[] => [person, 'https://news.example', 'https://p.example/bob', day, amount, 1_000]
  for (const row of [usage('ann', '2026-01-05', 5), usage('ben', '2026-01-20', 5), usage('cat', '2026-01-21', 5), usage('dan', '2026-01-30', 5), usage('ann', '2026-02-03', 5), usage('ben', '2026-02-03', 5), usage('cat', '2026-02-09', 5), usage('eve', '2026-02-10', 0), usage('ann', '2026-03-02', 5), usage('ann', '2026-03-03', 5), usage('fay', '2026-03-10', 5), usage('gus', '2026-03-10', 0), usage('hal', '2026-03-15', 0)]) {
    await books.postgres.pool.query('insert into wallet.usage (person_id, site, payee, day, amount, attention_ms) values ($1, $2, $3, $4, $5, $6)', [...row])
  }
  await books.postgres.pool.query(`insert into funding.subscription (id, person_id, account_id, provider, card, policy, status, state, begun_ms, period_begun_ms) values ('subs_1', 'ann', 'acct_1', 'sandbox', '{}', '{}', 'active', '{}', 0, 0)`)
  for (const [key, amount, status, agoDays] of [['a', 1_000, 'succeeded', 1], ['b', 3_000, 'disputed', 2], ['c', 1_000, 'refunded', 3], ['d', 5_000, 'succeeded', 4], ['e', 9_000, 'failed', 4], ['f', 9_000, 'disputed', 60]] as const) {
    await books.postgres.pool.query(`insert into funding.charge (key, subscription_id, provider, amount, status, asked_ms) values ($1, 'subs_1', 'sandbox', $2, $3, $4)`, [key, amount, status, nowMs - agoDays * dayMs])
  }
  await books.postgres.pool.query(`insert into wallet.journey_day values ('2026-03-14', 'shown', 90), ('2026-03-15', 'shown', 10), ('2026-03-15', 'popup', 20), ('2026-03-15', 'signed-in', 10), ('2026-03-15', 'consented', 10), ('2026-03-15', 'first-packet', 8), ('2025-12-01', 'popup', 500)`)
  await books.postgres.pool.query(`insert into wallet.journey_time values ('2026-03-15', 15, 4), ('2026-03-15', 60, 4), ('2025-12-01', 1800, 500)`)
}

async function plantPayouts(): Promise<void> {
  for (const [id, minutes, status, agoDays] of [['1', 10, 'settled', 1], ['2', 30, 'settled', 2], ['3', 20, 'settled', 3], ['4', 5, 'returned', 3], ['5', 500, 'settled', 60]] as const) {
    const createdMs = nowMs - agoDays * dayMs
    await books.postgres.pool.query(
      `insert into payout.payout (id, account_id, person_id, key, rail, destination, shown, asset_code, asset_scale, amount, fee, status, requested_kind, requested_id, approvals_needed, approvals, attempt, created_ms, changed_ms)
        values ($1, 'acct_1', 'pers_1', $1, 'manual', '', '', 'EUR', 9, 100, 0, $2, 'publisher', 'pers_1', 0, '[]', 1, $3, $3)`, [id, status, createdMs])
    await books.postgres.pool.query(`insert into payout.event (payout_id, at_ms, status, attempt, actor_kind, actor_id) values ($1, $2, 'requested', 1, 'publisher', 'pers_1'), ($1, $3, $4, 1, 'rail', 'manual')`, [id, createdMs, createdMs + minutes * 60_000, status])
  }
}

test('the indicators are computed from the rows of the books, of usage, charges and journeys, by exact value', async () => {
  await plantMoney()
  await plantPayoutToOurs()
  await plantPeople()
  await plantPayouts()
  const report = await collectIndicators({ ledger: books.ledger, journeys: new JourneyStore(books.postgres), charges: new FundingStore(books.postgres), payouts: (fromMs) => payoutFigures(books.postgres, fromMs), tariff: { rate: '0.015', fixed: '0.000002' }, asset: eur, clock })
  // G = 8000 + 2000 - 700 - 200 - 100 = 9000; fees 1800; losses 100; to publishers 900, of which one pays another 600; streams 2. Since 14 February: ann and fay paid, gus and hal only read.
  expect(report.windows.find(({ days }) => days === 30)).toMatchObject({
    gross: '9000', fees: '1800', losses: '100', creators: '900', payments: 2, active: 4, paying: 2,
    arpu: '2250', arppu: '4500', adoption: '0.5', frequency: '1', basket: '4500', costPerTransaction: '950', unitMargin: '3100', marginRate: '0.688889', feeRatio: '0.2', feeMark: 'alarm', allInRatio: '0.211111',
    // Of a, b, c and d, asked for within the time: one disputed, one given back.
    chargebackRate: '0.25', fraudRate: '0.3', refundRate: '0.25',
    // 900 units were streamed in two payments: alone they had cost 13.5 + 2 × 2000; 1800 were paid.
    batchingGain: '0.551514', dust: '0', payoutsLost: '0.25', payouts: { settled: 3, lost: 1, p50Ms: 1_200_000, p95Ms: 1_800_000 },
    journey: { abandonment: '0.6', p50S: 15, p95S: 60, steps: [{ step: 'shown', journeys: 100, lost: null }, { step: 'popup', journeys: 20, lost: '0.8' }, { step: 'signed-in', journeys: 10, lost: '0.5' }, { step: 'consented', journeys: 10, lost: '0' }, { step: 'first-packet', journeys: 8, lost: '0.2' }] },
  })
  expect(report.windows.find(({ days }) => days === 90)).toMatchObject({ active: 8, paying: 5, chargebackRate: '0.4' })
  expect(report).toMatchObject({
    cohorts: [{ cohort: '2026-01-01', size: 4, retention: ['1', '0.75', '0.25'] }, { cohort: '2026-03-01', size: 1, retention: ['1'] }],
    // Three of January's four paid in February, the last whole month; a margin of 3100 each, 1.01 / (1.01 - 0.75).
    monthlyRetention: '0.75', monthlyChurn: '0.25', lifetimeValue: '12042.307692', assetCode: 'EUR', assetScale: 9,
  })
})
