import fc from 'fast-check'
import { expect, test } from 'vitest'
import { partOf, partsOf, vatOf } from '../plan.ts'

const eur = { code: 'EUR', scale: 9 }

test.each([[5_000_000_000n, 2_000, 830_000_000n], [5_000_000_000n, 0, 0n], [5_000_000_000n, 550, 260_000_000n], [1n, 2_000, 0n], [12_000_000_000n, 2_000, 2_000_000_000n]])('%d units at %d hundredths of a percent contain %d of VAT', (total, rate, vat) => {
  expect(vatOf({ total, asset: eur, vatBasisPoints: rate })).toBe(vat)
})

test('the VAT is whole cents, never more than its rate gives, and less than a cent below it', () => {
  fc.assert(
    fc.property(fc.bigInt(1n, 10n ** 15n), fc.integer({ min: 0, max: 10_000 }), (total, rate) => {
      const vat = vatOf({ total, asset: eur, vatBasisPoints: rate })
      const exact = total * BigInt(rate)
      const whole = BigInt(10_000 + rate)
      expect([vat % 10_000_000n, vat * whole <= exact, (vat + 10_000_000n) * whole > exact]).toEqual([0n, true, true])
    }),
  )
})

test('a price is its VAT, its fee and its budget, and taking it back piece by piece takes back each part whole', () => {
  fc.assert(
    fc.property(fc.oneof(fc.bigInt(1n, 200n), fc.bigInt(1n, 10n ** 13n)), fc.integer({ min: 0, max: 10_000 }), fc.integer({ min: 0, max: 10_000 }), fc.array(fc.nat(100), { minLength: 1, maxLength: 8 }), (price, feeBasisPoints, vatBasisPoints, cuts) => {
      const whole = partsOf({ price, asset: eur, feeBasisPoints }, vatBasisPoints)
      expect([whole.vat + whole.fee + whole.budget, whole.vat >= 0n && whole.fee >= 0n && whole.budget >= 0n]).toEqual([price, true])
      const taken = { vat: 0n, fee: 0n, budget: 0n, before: 0n }
      for (const until of [...cuts.map((cut) => (price * BigInt(cut)) / 100n).toSorted((one, other) => (one < other ? -1 : 1)), price]) {
        const part = partOf({ total: price, asset: eur, ...whole }, { before: taken.before, amount: until - taken.before })
        expect([part.vat >= 0n && part.fee >= 0n && part.budget >= 0n, part.vat % 10_000_000n]).toEqual([true, 0n])
        Object.assign(taken, { vat: taken.vat + part.vat, fee: taken.fee + part.fee, budget: taken.budget + part.budget, before: until })
      }
      expect(taken).toEqual({ ...whole, before: price })
    }),
  )
})
