import { expect, test } from 'vitest'
import { idFloor, isId, newId, newSecret } from './index.ts'

test('ids are unique, have the form of their kind, and sort by time', () => {
  const early = Array.from({ length: 2_000 }, () => newId('strm', 1_000))
  expect(new Set(early).size).toBe(2_000)
  expect(early.every((id) => isId('strm', id))).toBe(true)
  expect(early.every((id) => id < newId('strm', 1_001))).toBe(true)
})

test('an id of another kind, or a mangled one, is not taken', () => {
  const id = newId('acct', 1_000)
  expect(isId('xfer', id)).toBe(false)
  expect(isId('acct', `${id}0`)).toBe(false)
  expect(isId('acct', id.replace(/.$/, 'l'))).toBe(false)
})

test('secrets differ and carry 256 bits', () => {
  expect(Buffer.from(newSecret(), 'base64url')).toHaveLength(32)
  expect(newSecret()).not.toBe(newSecret())
})

test('the floor of a moment lies between what was made before it and what was made from then on', () => {
  expect([newId('xfer', 999) < idFloor('xfer', 1_000), idFloor('xfer', 1_000) <= newId('xfer', 1_000)]).toEqual([true, true])
})
