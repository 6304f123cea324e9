import fc from 'fast-check'
import { amountMax } from '@rivulet/money'
import { describe, expect, test } from 'vitest'
import { formatAge, formatLiveMoney, formatMoney, perHour } from './amounts.ts'

const eur = { code: 'EUR', scale: 9 }

describe('amounts', () => {
  test.each([
    [5_000_000_000n, 'en', undefined, '€5.00'],
    [100_000n, 'en', undefined, '€0.0001'],
    [1n, 'en', undefined, '€0.000000001'],
    [-100_000n, 'en', undefined, '-€0.0001'],
    [4_999_999_999n, 'en', 2, '€4.99'],
    [1_234_567_800_000n, 'fr', 4, '1\u202f234,5678\u00a0€'],
    [360_000_000n, 'fr', 4, '0,36\u00a0€'],
  ] as const)('%s units of EUR at scale 9 read in %s (at most %s decimals) as %s', (units, locale, decimals, text) => {
    expect(formatMoney(units, eur, locale, decimals)).toBe(text)
  })

  test('an amount that changes keeps its decimals', () => {
    expect([1_000_000n, 1_100_000n, 2_000_000_000n].map((units) => formatLiveMoney(units, eur, 'en', 6))).toEqual(['€0.001000', '€0.001100', '€2.000000'])
    expect(formatLiveMoney(150n, { code: 'USD', scale: 2 }, 'en', 6)).toBe('$1.50')
  })

  test('an asset that is no currency of ISO 4217 is named by its code', () => {
    expect(formatMoney(1_500_000n, { code: 'USDC', scale: 6 }, 'en')).toBe('1.50 USDC')
    expect(formatMoney(12n, { code: 'POINTS', scale: 0 }, 'fr')).toBe('12 POINTS')
  })

  test('every digit is kept, however large the amount and whatever the scale', () => {
    fc.assert(
      fc.property(fc.bigInt(0n, amountMax), fc.integer({ min: 0, max: 18 }), (units, scale) => {
        const digits = formatMoney(units, { code: 'TOKENS', scale }, 'en').replace(' TOKENS', '').replaceAll(',', '')
        const [whole = '', decimals = ''] = digits.split('.')
        expect(BigInt(whole + decimals.padEnd(scale, '0').slice(0, scale))).toBe(units)
        expect(decimals.slice(scale)).toMatch(/^0*$/)
      }),
    )
  })

  test('what is cut is never rounded up', () => {
    fc.assert(
      fc.property(fc.bigInt(0n, 10n ** 15n), (units) => {
        const shown = formatMoney(units, { code: 'TOKENS', scale: 9 }, 'en', 2).replace(' TOKENS', '').replaceAll(/[,.]/g, '')
        expect(BigInt(shown)).toBe(units / 10n ** 7n)
      }),
    )
  })

  test('100,000 units a second are 0.36 EUR an hour', () => expect(formatMoney(perHour(100_000n), eur, 'en')).toBe('€0.36'))
})

test.each([
  [0, 'en', '0 sec'],
  [-5, 'en', '0 sec'],
  [42_000, 'en', '42 sec'],
  [60_000, 'en', '1 min'],
  [185_000, 'fr', '3\u00a0min 5\u202fs'],
  [7_800_000, 'en', '2 hr 10 min'],
  [356_400_000, 'fr', '4\u202fj 3\u202fh'],
] as const)('an age of %s ms reads in %s as %s', (ageMs, locale, text) => expect(formatAge(ageMs, locale)).toBe(text))
