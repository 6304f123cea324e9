import type { Account, Transfer } from '@rivulet/ledger'
import { expect, test } from 'vitest'
import { costOf, costReport, tariffSchema } from './costs.ts'

const eur = { code: 'EUR', scale: 9 }
const cent = 10_000_000n
const card = { rate: '0.015', fixed: '0.25' }

test.each([
  [500n * cent, 325_000_000n],
  [1n, 250_000_001n],
  [0n, 250_000_000n],
])('a card of 1.5 % + 0.25 takes of %s units %s, rounded up', (units, cost) => expect(costOf(card, units, eur)).toBe(cost))

test('without a tariff nothing is known to be taken', () => expect(costOf(undefined, 500n * cent, eur)).toBe(0n))

/** Books of a few transfers, as the ledger gives them: newest first. */
function books(transfers: readonly (readonly [key: string, debit: string, credit: string, amount: bigint, reason: string, atMs: number])[]) {
  const known = new Set(transfers.flatMap(([, debit, credit]) => [debit, credit]))
  const all = transfers.map(([key, debit, credit, amount, reason, postedAtMs], index): Transfer => ({ id: `xfer_${index}`, key, debitAccountId: `acct_${debit}`, creditAccountId: `acct_${credit}`, amount, reason, postedAtMs })).toReversed()
  return {
    accountByName: (name: string) => Promise.resolve(known.has(name) ? ({ id: `acct_${name}`, name } as unknown as Account) : undefined),
    transfersOf: (id: string) => Promise.resolve(all.filter(({ debitAccountId, creditAccountId }) => debitAccountId === id || creditAccountId === id)),
  }
}

test('the ratio of fees to revenue is read from the books, is marked at 15 and 20 %, and says how many purchases a charge must carry', async () => {
  const ledger = books([
    ['fund:early', 'psp[card]', 'subscriber', 900n * cent, 'subscription', 0],
    ['fund:one', 'psp[card]', 'subscriber', 90n * cent, 'subscription', 10],
    ['fee:one', 'psp[card]', 'fee.subscription', 10n * cent, 'subscription-fee', 10],
    ['cost:one', 'cost[card]', 'psp[card]', 27n * cent, 'provider-fee', 10],
    ['fund:two', 'psp[store]', 'subscriber', 1_000n * cent, 'subscription', 11],
    ['cost:two', 'cost[store]', 'psp[store]', 150n * cent, 'provider-fee', 11],
    ['payout:p/1/settle', 'payout[sepa]', 'bank[sepa]', 500n * cent, 'payout-settled', 12],
    ['explain:s/1', 'cost[sepa]', 'bank[sepa]', 20n * cent, 'bank-fee', 12],
  ])
  const report = await costReport(ledger, { tariffs: { card, store: tariffSchema.parse({ rate: '0.15' }) }, names: ['sepa', 'manual'], asset: eur, fromMs: 5, toMs: 20 })
  expect(report.parts).toEqual([
    { name: 'card', gross: 100n * cent, movements: 1, costs: 27n * cent, ratio: '0.27', mark: 'alarm', perChargeForWarning: '2', perChargeForAlarm: '2' },
    { name: 'sepa', gross: 500n * cent, movements: 1, costs: 20n * cent, ratio: '0.04', mark: 'fine', perChargeForWarning: null, perChargeForAlarm: null },
    { name: 'store', gross: 1_000n * cent, movements: 1, costs: 150n * cent, ratio: '0.15', mark: 'warning', perChargeForWarning: '1', perChargeForAlarm: '1' },
  ])
  expect(report.total).toEqual({ gross: 1_100n * cent, costs: 197n * cent, vat: 0n, ratio: '0.179091', mark: 'warning' })
})

test('what is disputed is no revenue', async () => {
  const ledger = books([['fund:one', 'psp[card]', 'subscriber', 90n * cent, 'subscription', 1], ['reclaim:x', 'subscriber', 'psp[card]', 90n * cent, 'dispute', 2], ['cost:one', 'cost[card]', 'psp[card]', 26n * cent, 'provider-fee', 1]])
  expect((await costReport(ledger, { tariffs: { card }, names: [], asset: eur, fromMs: 0, toMs: 9 })).parts).toMatchObject([{ gross: 0n, costs: 26n * cent, ratio: null, mark: null }])
})
