import { expect, test } from 'vitest'
import { isAddress, isBelow } from './address.ts'

test.each(['g.a', 'test.rivulet.alice', 'test1.x', 'private.a~b.c_d-e', 'peer.config', 'local.host', `test.${'a'.repeat(1_018)}`])('%s is an ILP address', (text) => {
  expect(isAddress(text)).toBe(true)
})

test.each(['', 'g', 'g.', '.g', 'g..a', 'g.a.', 'test4.a', 'G.a', 'g.a b', 'g.ü', 'g.a\n', 'https://a.b', `test.${'a'.repeat(1_019)}`])('%j is no ILP address', (text) => {
  expect(isAddress(text)).toBe(false)
})

test('an address lies below a prefix segment by segment', () => {
  expect(isBelow('g.a.b', 'g.a')).toBe(true)
  expect(isBelow('g.a', 'g.a')).toBe(true)
  expect(isBelow('g.ab', 'g.a')).toBe(false)
  expect(isBelow('g', 'g.a')).toBe(false)
})
