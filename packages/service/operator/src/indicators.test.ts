import type { Flow } from '@rivulet/ledger'
import fc from 'fast-check'
import Fraction from 'fraction.js'
import { describe, expect, test } from 'vitest'
import { cohortsOf, type Counted, indicatorsOf, journeyOf, lifetimeValue, perPersonOf } from './indicators.ts'

const flow = (reason: string, debitKind: Flow['debitKind'], creditKind: Flow['creditKind'], amount: bigint): Flow => ({ reason, debitKind, creditKind, amount, asset: { code: 'EUR', scale: 9 } })
const charges = { settled: 20, settledAmount: 10_000n, disputed: 1, disputedAmount: 500n, refunded: 2 }
const counted: Counted = {
  flows: [
    flow('subscription', 'psp', 'subscriber', 9_000n), flow('subscription-fee', 'psp', 'fee', 1_500n), flow('refund', 'subscriber', 'psp', 300n), flow('refund-fee', 'fee', 'psp', 50n), flow('refund-loss', 'loss', 'psp', 150n),
    flow('provider-fee', 'fee', 'psp', 1_400n), flow('bank-fee', 'fee', 'bank', 100n), flow('stream', 'link', 'publisher', 4_000n), flow('stream', 'subscriber', 'link', 4_000n), flow('stream', 'bank', 'link', 70n), flow('stream', 'bank', 'publisher', 70n), flow('share', 'fee', 'publisher', 600n), flow('share-return', 'publisher', 'fee', 100n), flow('payout', 'publisher', 'fee', 999n),
  ],
  payments: 40, active: 50, paying: 20, charges, payouts: { settled: 9, lost: 1, p50Ms: 60_000, p95Ms: 90_000 },
}

describe('the indicators', () => {
  test('of planted rows are these, to the last decimal', () => {
    // G = 9000 + 1500 - 300 - 50 - 150 = 10000; fees 1500; losses 150; creators 4000 + 600 - 100; the 70 of a payout to one of ours were hers before.
    expect(indicatorsOf(30, counted)).toEqual({
      days: 30, gross: '10000', fees: '1500', losses: '150', creators: '4500', payments: 40, active: 50, paying: 20,
      arpu: '200', arppu: '500', adoption: '0.4', frequency: '2', basket: '250', costPerTransaction: '41.25', unitMargin: '96.25', marginRate: '0.385', feeRatio: '0.15', allInRatio: '0.165', feeMark: 'warning',
      chargebackRate: '0.05', fraudRate: '0.05', refundRate: '0.1', batchingGain: null, dust: '0', payoutsLost: '0.1', payouts: { settled: 9, lost: 1, p50Ms: 60_000, p95Ms: 90_000 },
    })
  })

  test.each([[1_499n, 'fine'], [1_500n, 'warning'], [1_999n, 'warning'], [2_000n, 'alarm']] as const)('fees of %s in 10,000 are marked %s', (fees, mark) =>
    expect(indicatorsOf(30, { ...counted, flows: [flow('deposit', 'psp', 'subscriber', 10_000n), flow('provider-fee', 'fee', 'psp', fees)] }).feeMark).toBe(mark))

  test('without anybody nothing is divided by nothing', () =>
    expect(indicatorsOf(7, { flows: [], payments: 0, active: 0, paying: 0, charges: { ...charges, settled: 0, settledAmount: 0n }, payouts: { settled: 0, lost: 0, p50Ms: null, p95Ms: null } })).toMatchObject({ arpu: null, basket: null, feeRatio: null, feeMark: null, chargebackRate: null, payoutsLost: null }))

  test('charging each of the forty payments alone would have cost 1.5 % and a quarter each; what a division leaves over is told', () => {
    // Alone: 4,000 × 0.015 + 40 × 0.25 × 1,000 = 10,060 units at scale 3; paid were 1,500.
    const scaled = counted.flows.map((one) => ({ ...one, asset: { code: 'EUR', scale: 3 } }))
    const figures = indicatorsOf(30, { ...counted, flows: [...scaled, { ...flow('share', 'fee', 'dust', 7n), asset: { code: 'EUR', scale: 3 } }, { ...flow('share', 'dust', 'fee', 5n), asset: { code: 'EUR', scale: 3 } }], tariff: { rate: '0.015', fixed: '0.25' } })
    expect([figures.batchingGain, figures.dust]).toEqual([new Fraction(1).sub(new Fraction(1_500, 10_060)).round(6).toString(), '2'])
    expect(indicatorsOf(30, { ...counted, tariff: { rate: '0.015', fixed: '0.25' }, payments: 0 }).batchingGain).toBeNull()
  })

  test('ARPU is adoption × frequency × basket, exactly', () => {
    const count = fc.integer({ min: 1, max: 1_000_000 })
    fc.assert(fc.property(count, count, count, fc.bigInt(0n, 10n ** 15n), (active, paying, payments, gross) => {
      const { arpu, adoption, frequency, basket } = perPersonOf(gross, { payments, active, paying })
      expect([adoption, frequency, basket].reduce<Fraction>((product, factor) => product.mul(factor ?? 0), new Fraction(1)).equals(arpu ?? -1)).toBe(true)
    }))
  })
})

test('a journey loses its visitors step by step, and its times are those of its buckets', () => {
  const steps = { shown: 1_000, popup: 100, 'signed-in': 60, consented: 50, 'first-packet': 40 }
  expect(journeyOf({ steps, times: [{ secondsMax: 10, journeys: 19 }, { secondsMax: 30, journeys: 19 }, { secondsMax: 120, journeys: 2 }] })).toEqual({
    steps: [
      { step: 'shown', journeys: 1_000, lost: null }, { step: 'popup', journeys: 100, lost: '0.9' }, { step: 'signed-in', journeys: 60, lost: '0.4' }, { step: 'consented', journeys: 50, lost: '0.166667' }, { step: 'first-packet', journeys: 40, lost: '0.2' },
    ],
    abandonment: '0.6', p50S: 30, p95S: 30,
  })
})

test('a cohort keeps its payers month by month; the running month counts in no average', () => {
  const cells = [
    { cohort: '2026-01-01', age: 0, people: 10 }, { cohort: '2026-01-01', age: 1, people: 8 }, { cohort: '2026-01-01', age: 2, people: 4 },
    { cohort: '2026-02-01', age: 0, people: 20 }, { cohort: '2026-02-01', age: 1, people: 5 },
  ]
  expect(cohortsOf(cells, '2026-03-01')).toEqual({
    cohorts: [{ cohort: '2026-01-01', size: 10, retention: ['1', '0.8', '0.4'] }, { cohort: '2026-02-01', size: 20, retention: ['1', '0.25'] }],
    monthlyRetention: '0.8', monthlyChurn: '0.2',
  })
})

test('the lifetime value of 0.40 a month at 80 % is 1.9238, of which 1.5238 come after the first month', () => {
  expect(lifetimeValue(new Fraction('0.40'), '0.8')).toBe('1.92381')
  expect(new Fraction(lifetimeValue(new Fraction('0.40'), '0.8') ?? '').sub('0.40').round(4).toString()).toBe('1.5238')
  expect(lifetimeValue(undefined, '0.8')).toBeNull()
})
