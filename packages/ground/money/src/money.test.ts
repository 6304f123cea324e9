import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { amountMax, ceilDivide, floorDivide, formatAmount, MoneyFault, multiplyCeil, multiplyFloor, parseAmount, parseUnits, ratioOfDecimal } from './index.ts'

const eur = { code: 'EUR', scale: 9 }

describe('amounts', () => {
  test('what is formatted is read back exactly, at every scale', () => {
    fc.assert(
      fc.property(fc.bigInt(0n, amountMax), fc.integer({ min: 0, max: 18 }), (units, scale) => {
        expect(parseAmount(formatAmount(units, { code: 'EUR', scale }), { code: 'EUR', scale })).toBe(units)
      }),
    )
  })

  test.each([
    ['5', 5_000_000_000n],
    ['0.0001', 100_000n],
    ['0.0001000000000', 100_000n],
  ])('%s EUR is %s units', (text, units) => expect(parseAmount(text, eur)).toBe(units))

  test.each(['', '-1', '1.', '.5', '1e3', '0x10', ' 1', '1,5', '0.0000000001', '99999999999999999999', '9999999999'])('%j EUR is refused', (text) => {
    expect(() => parseAmount(text, eur)).toThrow(MoneyFault)
  })

  test.each(['', '-1', '01', '1.0', ' 1', '4611686018427387905', '1'.repeat(500)])('%j units are refused', (text) => {
    expect(() => parseUnits(text)).toThrow(MoneyFault)
  })
})

describe('ratios', () => {
  test('floor and ceiling enclose the exact product and differ by at most one unit', () => {
    const positive = fc.bigInt(1n, 10n ** 18n)
    fc.assert(
      fc.property(fc.bigInt(0n, amountMax), positive, positive, (units, numerator, denominator) => {
        const ratio = { numerator, denominator }
        const low = multiplyFloor(units, ratio)
        const high = multiplyCeil(units, ratio)
        expect(low * denominator <= units * numerator && units * numerator <= high * denominator && high - low <= 1n).toBe(true)
      }),
    )
  })

  test('a decimal becomes an exact fraction', () => expect(ratioOfDecimal('1.0835')).toEqual({ numerator: 10835n, denominator: 10000n }))

  test.each(['0', '0.00', '-1', '', 'NaN', '1/2'])('%j is no ratio', (text) => expect(() => ratioOfDecimal(text)).toThrow(MoneyFault))

  test('dividing by zero and dividing a debt are refused', () => {
    expect(() => floorDivide(1n, 0n)).toThrow(MoneyFault)
    expect(() => ceilDivide(-1n, 3n)).toThrow(MoneyFault)
  })
})
