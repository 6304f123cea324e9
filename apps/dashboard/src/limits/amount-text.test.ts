import { describe, expect, test } from 'vitest'
import { fieldAmount, typedAmount, typedRate } from './amount-text.ts'

const eur = { code: 'EUR', scale: 9 }

describe('an amount that is typed', () => {
  test.each([
    ['', null],
    ['  ', null],
    ['1.5', 1_500_000_000n],
    ['1,5', 1_500_000_000n],
    ['0.000000001', 1n],
    ['0', undefined],
    ['-1', undefined],
    ['0.0000000001', undefined],
    ['much', undefined],
    ['1e9', undefined],
    ['99999999999999999999', undefined],
  ])('%j is %s', (text, amount) => expect(typedAmount(text, eur)).toBe(amount))

  test('an hour is units a second, rounded down', () => {
    expect([typedRate('0.36', eur), typedRate('0.5', eur), typedRate('0.000000001', eur), typedRate('', eur)]).toEqual([100_000n, 138_888n, undefined, null])
  })

  test('is shown without zeros at its end, with the decimal mark of the reader, and read again as the same', () => {
    expect([fieldAmount(360_000_000n, eur, 'en'), fieldAmount(360_000_000n, eur, 'fr-FR'), fieldAmount(5_000_000_000n, eur, 'fr'), fieldAmount(null, eur, 'en'), fieldAmount(10n, { code: 'JPY', scale: 0 }, 'en')]).toEqual(['0.36', '0,36', '5', '', '10'])
    expect(typedAmount(fieldAmount(1_234_567_890_001n, eur, 'fr'), eur)).toBe(1_234_567_890_001n)
  })
})
