import fc from 'fast-check'
import { expect, test } from 'vitest'
import { vatOf } from './invoice.ts'

const terms = (vatBasisPoints: number) => ({ seller: { name: 'S', address: [] }, prefix: '', vatBasisPoints })
const eur = { code: 'EUR', scale: 9 }

test.each([[5_000_000_000n, 2_000, 830_000_000n], [5_000_000_000n, 0, 0n], [5_000_000_000n, 550, 260_000_000n], [1n, 2_000, 0n], [12_000_000_000n, 2_000, 2_000_000_000n]])('%d units at %d hundredths of a percent contain %d of VAT', (total, rate, vat) => {
  expect(vatOf({ total, asset: eur, terms: terms(rate) })).toBe(vat)
})

test('the VAT is whole cents, never more than its rate gives, and less than a cent below it', () => {
  fc.assert(
    fc.property(fc.bigInt(1n, 10n ** 15n), fc.integer({ min: 0, max: 10_000 }), (total, rate) => {
      const vat = vatOf({ total, asset: eur, terms: terms(rate) })
      const exact = total * BigInt(rate)
      const whole = BigInt(10_000 + rate)
      expect([vat % 10_000_000n, vat * whole <= exact, (vat + 10_000_000n) * whole > exact]).toEqual([0n, true, true])
    }),
  )
})
