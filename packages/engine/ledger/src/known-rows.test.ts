import { expect, test } from 'vitest'
import { KnownRows } from './known-rows.ts'

test('a row that was added is known until it is deleted', () => {
  const known = new KnownRows<number>(10)
  known.set('a', 7)
  expect(known.get('a')).toBe(7)
  known.delete('a')
  expect(known.get('a')).toBeUndefined()
})

test('beyond the bound the rows that were not asked for are forgotten, those in use stay', () => {
  const known = new KnownRows<number>(100)
  for (let index = 0; index < 1_000; index += 1) {
    known.set(`row ${index}`, index)
    expect(known.get('row 0')).toBe(0)
  }
  const remembered = Array.from({ length: 1_000 }, (_, index) => known.get(`row ${index}`)).filter((row) => row !== undefined).length
  expect(remembered).toBeGreaterThanOrEqual(50)
  expect(remembered).toBeLessThanOrEqual(101)
  expect(known.get('row 1')).toBeUndefined()
})
