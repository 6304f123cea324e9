import { expect, test } from 'vitest'
import { KnownRows } from './known-rows.ts'

test('a row that was added is known until it is deleted', () => {
  const known = new KnownRows(10)
  known.add('a')
  expect(known.has('a')).toBe(true)
  known.delete('a')
  expect(known.has('a')).toBe(false)
})

test('beyond the bound the rows that were not asked for are forgotten, those in use stay', () => {
  const known = new KnownRows(100)
  for (let index = 0; index < 1_000; index += 1) {
    known.add(`row ${index}`)
    expect(known.has('row 0')).toBe(true)
  }
  const remembered = Array.from({ length: 1_000 }, (_, index) => known.has(`row ${index}`)).filter(Boolean).length
  expect(remembered).toBeGreaterThanOrEqual(50)
  expect(remembered).toBeLessThanOrEqual(101)
  expect(known.has('row 1')).toBe(false)
})
