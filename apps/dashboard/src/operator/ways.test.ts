import { expect, test } from 'vitest'
import { operatorPageAt } from './ways.ts'

test.each([
  ['/', '/', undefined],
  ['/payouts', '/payouts', undefined],
  ['/payouts/', '/payouts', undefined],
  ['/payouts/pout_1', '/payouts', 'pout_1'],
  ['/elsewhere', '/', undefined],
])('the address %s belongs to the page %s, and is about %s', (address, path, id) => expect(operatorPageAt(address)).toEqual({ path, id }))
