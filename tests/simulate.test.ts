/** A small simulation with the real services: its books are right, every unit is somewhere, and the same seed gives the same numbers. */
import { expect, test } from 'vitest'
import type { SimulationReport } from '../apps/rivulet/src/simulation/simulate.ts'
import { rivulet } from './support/product.ts'

const words = (seed: number): string[] => ['simulate', '--subscribers', '20', '--publishers', '5', '--days', '1', '--seed', String(seed), '--json']

/** Of a decimal string: everything in a report has the same scale. */
const units = (amount: string): bigint => BigInt(amount.replace('.', ''))

test('a day of twenty readers adds up, and the same seed tells the same story to the unit', async () => {
  const [first, second] = await Promise.all([rivulet(words(7)), rivulet(words(7))])
  expect([first.status, second.status]).toEqual([0, 0])
  const { books, streams, spent, subscribersPaid, publishersEarned, operator } = JSON.parse(first.stdout) as SimulationReport
  expect(books).toMatchObject({ ok: true, everyUnitAccounted: true, reconciled: true, problems: [] })
  expect(streams.packets).toBeGreaterThan(streams.opened)
  expect(units(spent.streamed)).toBeGreaterThan(0n)
  expect(units(publishersEarned.total)).toBe(units(spent.streamed) + units(spent.shared) + units(spent.tips))
  expect(units(publishersEarned.total)).toBe(units(publishersEarned.paidOut) + units(publishersEarned.left))
  expect(units(subscribersPaid.charged) - units(subscribersPaid.disputed) + units(operator.losses)).toBe(units(spent.left) + units(publishersEarned.total) + units(operator.fees) + units(operator.vat))
  expect(second.stdout).toBe(first.stdout)
})

test('what cannot be simulated is refused by name', async () => {
  expect(await rivulet(['simulate', '--days', '0'])).toMatchObject({ status: 1, stderr: expect.stringContaining('--days') as string })
})
