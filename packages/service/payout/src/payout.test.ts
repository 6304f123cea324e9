import { isFault } from '@rivulet/faults'
import { newId } from '@rivulet/ids'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { feeShare, leastPayout } from './least.ts'
import { begin, next, type Payout, type PayoutEvent, type RailName } from './payout.ts'
import { approvalsFor, priceOf, type PayoutTerms } from './terms.ts'

const eur = { code: 'EUR', scale: 9 }
const cent = 10_000_000n
const publisher = { kind: 'publisher', id: 'pers_mara' } as const
const none = { fixed: 0n, basisPoints: 0 }
const terms: PayoutTerms = {
  asset: eur, minimum: 100n * cent, approvalAbove: 5_000n * cent, fourEyesAbove: 100_000n * cent, patienceMs: 60 * 86_400_000,
  fees: { manual: none, sepa: { fixed: 25n * cent, basisPoints: 0 }, interledger: { fixed: 0n, basisPoints: 50 }, stripe: { fixed: 10n * cent + 1n, basisPoints: 25 } },
}

function requested(rail: RailName = 'sepa', approvalsNeeded: 0 | 1 | 2 = 0, requestedBy: Payout['requestedBy'] = publisher): Payout {
  return begin({ id: newId('pout', 0), accountId: newId('acct', 0), rail, asset: eur, amount: 1_000n * cent, fee: 25n * cent, requestedBy, approvalsNeeded }).payout
}

/** Applies events; the last step. */
function after(payout: Payout, ...events: readonly PayoutEvent[]) {
  let step = { payout, effects: [] as readonly { readonly type: string }[] }
  for (const event of events) step = next(step.payout, event) ?? { payout: step.payout, effects: [] }
  return { status: step.payout.status, effects: step.effects.map(({ type }) => type), payout: step.payout }
}

describe('a payout', () => {
  test('of a bank waits for its file, then for the bank', () => {
    expect(after(requested(), { type: 'reserved' })).toMatchObject({ status: 'approved', effects: [] })
    expect(after(requested(), { type: 'reserved' }, { type: 'sent', reference: 'btch' }, { type: 'settled' })).toMatchObject({ status: 'settled', effects: ['settle', 'tell'] })
  })

  test('of a rail that sends by itself is sent and asked for', () => {
    expect(after(requested('interledger'), { type: 'reserved' }).effects).toEqual(['send'])
    expect(after(requested('interledger'), { type: 'reserved' }, { type: 'sent', reference: 'x' }).effects).toEqual(['check', 'tell'])
  })

  test('that could not be set aside has failed, and nothing goes back', () => expect(after(requested(), { type: 'refused', reason: 'too little' })).toMatchObject({ status: 'failed', effects: ['tell'] }))

  test('that comes back after it was settled takes its fee back too', () => {
    const sent = [{ type: 'reserved' }, { type: 'sent', reference: 'x' }] as const
    expect(after(requested(), ...sent, { type: 'settled' }, { type: 'returned', reason: 'AC04' }).effects).toEqual(['unsettle', 'release', 'tell'])
    // A statement names both movements, though it may say the second one first.
    expect(after(requested(), ...sent, { type: 'returned', reason: 'AC04' }).effects).toEqual(['settle', 'unsettle', 'release', 'tell'])
    expect(after(requested('manual'), ...sent, { type: 'returned', reason: 'nobody was there' }).effects).toEqual(['release', 'tell'])
  })

  test('that failed is tried again as another attempt, with fresh eyes', () => {
    const { payout, effects } = after(requested('sepa', 1), { type: 'reserved' }, { type: 'approve', by: 'olivia' }, { type: 'failed', reason: 'no' }, { type: 'retry' })
    expect([payout.attempt, payout.approvals, payout.status, effects]).toEqual([2, [], 'requested', ['reserve']])
  })

  test('of which a part has arrived is not tried again', () => {
    const failed = after(requested('interledger'), { type: 'reserved' }, { type: 'sent', reference: 'x' }, { type: 'failed', reason: 'no', carried: 1n }).payout
    expect(() => next(failed, { type: 'retry' })).toThrow('a part of this payout has arrived')
  })

  test('above the limit needs two operators', () => {
    const waiting = after(requested('sepa', 2), { type: 'reserved' }, { type: 'approve', by: 'olivia' }).payout
    expect(waiting.status).toBe('awaiting-approval')
    expect(() => next(waiting, { type: 'approve', by: 'olivia' })).toThrow('a second operator')
    expect(after(waiting, { type: 'approve', by: 'paul' }).status).toBe('approved')
  })

  test('is never approved by the operator who requested it', () => {
    const waiting = after(requested('sepa', 1, { kind: 'operator', id: 'olivia' }), { type: 'reserved' }).payout
    expect(() => next(waiting, { type: 'approve', by: 'olivia' })).toThrow('another operator')
    expect(after(waiting, { type: 'approve', by: 'paul' }).status).toBe('approved')
  })

  test('is not called back once a rail may be sending it', () => {
    expect(after(requested(), { type: 'reserved' }, { type: 'cancel' })).toMatchObject({ status: 'cancelled', effects: ['release'] })
    expect(() => after(requested('stripe'), { type: 'reserved' }, { type: 'cancel' })).toThrow('cannot be cancelled')
    expect(() => after(requested(), { type: 'reserved' }, { type: 'sent', reference: 'x' }, { type: 'cancel' })).toThrow('cannot be cancelled')
  })

  test('gives back, over any events, exactly what was set aside and has not left', () => {
    const event: fc.Arbitrary<PayoutEvent> = fc.oneof(
      fc.constantFrom<PayoutEvent>({ type: 'reserved' }, { type: 'refused', reason: 'r' }, { type: 'reject', reason: 'r' }, { type: 'cancel' }, { type: 'settled' }, { type: 'failed', reason: 'r' }, { type: 'returned', reason: 'r' }, { type: 'retry' }),
      fc.constantFrom<PayoutEvent>({ type: 'approve', by: 'olivia' }, { type: 'approve', by: 'paul' }, { type: 'sent', reference: 'a' }, { type: 'sent', reference: 'b' }),
    )
    fc.assert(
      fc.property(fc.array(event, { maxLength: 30 }), fc.constantFrom<RailName>('sepa', 'manual', 'interledger'), fc.constantFrom<0 | 1 | 2>(0, 1, 2), (events, rail, approvals) => {
        let payout = requested(rail, approvals)
        const net = payout.amount - payout.fee
        // Where the money is: with the publisher, set aside, at the bank, ours.
        const money = { publisher: payout.amount, clearing: 0n, bank: 0n, fee: 0n }
        let reserving = true
        for (const each of events) {
          // Whether it could be set aside is known only while it is being set aside.
          if ((each.type === 'reserved' || each.type === 'refused') && !reserving) continue
          let step
          try {
            step = next(payout, each)
          } catch (error) {
            if (isFault(error)) continue
            throw error
          }
          if (each.type === 'reserved' && payout.status === 'requested') Object.assign(money, { publisher: 0n, clearing: payout.amount })
          if (step === undefined) continue
          payout = step.payout
          reserving = payout.status === 'requested'
          for (const { type } of step.effects) {
            if (type === 'release') Object.assign(money, { publisher: money.publisher + money.clearing, clearing: 0n })
            if (type === 'settle') Object.assign(money, { clearing: money.clearing - payout.amount, bank: money.bank + net, fee: money.fee + payout.fee })
            if (type === 'unsettle') Object.assign(money, { clearing: money.clearing + payout.amount, bank: money.bank - net, fee: money.fee - payout.fee })
          }
          const expected =
            payout.status === 'settled' ? { publisher: 0n, clearing: 0n, bank: net, fee: payout.fee }
              : ['awaiting-approval', 'approved', 'sent'].includes(payout.status) ? { publisher: 0n, clearing: payout.amount, bank: 0n, fee: 0n } : { publisher: payout.amount, clearing: 0n, bank: 0n, fee: 0n }
          expect(money).toEqual(expected)
        }
      }),
    )
  })
})

describe('terms', () => {
  test.each([
    ['sepa', 1_000n * cent, 25n * cent],
    ['interledger', 1_000n * cent + 1n, 5n * cent + 1n],
    ['stripe', 1_000n * cent, 13n * cent],
    ['manual', 100n * cent, 0n],
  ] as const)('by %s take of %s units a fee of %s, rounded up to what the rail carries', (rail, amount, fee) => expect(priceOf(amount, rail, terms)).toEqual({ amount, fee, net: amount - fee }))

  test.each([
    ['nothing', 0n, 'amount-invalid'],
    ['less than nothing', -5n * cent, 'amount-invalid'],
    ['parts of cents', 200n * cent + 1n, 'amount-invalid'],
    ['less than the least', 99n * cent, 'amount-too-small'],
    ['more than banks carry', 100_000_000_000n * cent, 'amount-too-large'],
  ] as const)('refuse %s', (_name, amount, code) => {
    expect(() => priceOf(amount, 'sepa', terms)).toThrowError(expect.objectContaining({ code }) as Error)
  })

  test('ask for no, one or two operators by the amount', () => {
    const by = [publisher, { kind: 'operator', id: 'olivia' }] as const
    expect([5_000n, 5_001n, 100_000n, 100_001n].map((amount) => by.map((actor) => approvalsFor(amount * cent, actor, terms)))).toEqual([[0, 1], [1, 1], [1, 1], [2, 1]])
  })
})

describe('the least payout that is worth its fee', () => {
  const least = (rail: RailName, given: Partial<PayoutTerms>): readonly (bigint | undefined)[] => [feeShare.warned, feeShare.alarming].map((share) => leastPayout(rail, { ...terms, ...given }, share))

  test.each([
    ['sepa', { fees: { ...terms.fees, sepa: { fixed: 25n * cent, basisPoints: 0 } } }, [167n * cent, 125n * cent]],
    ['sepa', { fees: { ...terms.fees, sepa: none }, costs: { sepa: { fixed: 35n * cent, basisPoints: 0 } } }, [234n * cent, 175n * cent]],
    ['stripe', { fees: { ...terms.fees, stripe: { fixed: 25n * cent, basisPoints: 150 } } }, [193n * cent, 141n * cent]],
    ['manual', {}, [100n * cent, 100n * cent]],
    ['sepa', { fees: { ...terms.fees, sepa: { fixed: 0n, basisPoints: 1_500 } } }, [undefined, 100n * cent]],
  ] as const)('by %s is told for 15 and 20 %%', (rail, given, expected) => expect(least(rail, given)).toEqual(expected))

  const given = fc.record({ fixed: fc.bigInt(1n, 60n * cent), basisPoints: fc.integer({ min: 0, max: 1_400 }), share: fc.bigInt(1_401n, 5_000n), steps: fc.bigInt(0n, 10_000n) })

  test('keeps the fee below the share, and so does every larger one', () => {
    fc.assert(fc.property(given, ({ fixed, basisPoints, share, steps }) => {
      const fees = { ...terms.fees, sepa: { fixed, basisPoints } }
      const amount = (leastPayout('sepa', { ...terms, minimum: cent, fees }, share) ?? 0n) + steps * cent
      expect(priceOf(amount, 'sepa', { ...terms, minimum: cent, fees }).fee * 10_000n <= amount * share).toBe(true)
    }))
  })

  test('is the smallest that does, when the fee has no rate', () => {
    fc.assert(fc.property(given, ({ fixed, share }) => {
      const fees = { ...terms.fees, sepa: { fixed, basisPoints: 0 } }
      const smaller = (leastPayout('sepa', { ...terms, minimum: cent, fees }, share) ?? 0n) - cent
      const { fee } = priceOf(1_000n * cent, 'sepa', { ...terms, minimum: cent, fees })
      expect(fee * 10_000n > smaller * share).toBe(true)
    }))
  })
})
