/** A small simulation with the real services: its books are right, every unit is somewhere, and the same seed gives the same numbers. */
import { expect, test } from 'vitest'
import { rivulet } from './support/product.ts'

const words = (seed: number): string[] => ['simulate', '--subscribers', '20', '--publishers', '5', '--days', '1', '--seed', String(seed), '--json']

test('a day of twenty readers adds up, and the same seed tells the same story to the unit', async () => {
  const [first, second] = await Promise.all([rivulet(words(7)), rivulet(words(7))])
  expect([first.status, second.status]).toEqual([0, 0])
  const report = JSON.parse(first.stdout) as { books: { ok: boolean; everyUnitAccounted: boolean }; streams: { opened: number; packets: number }; spent: { streamed: string } }
  expect(report.books).toMatchObject({ ok: true, everyUnitAccounted: true, problems: [] })
  expect(report.streams.packets).toBeGreaterThan(report.streams.opened)
  expect(Number(report.spent.streamed)).toBeGreaterThan(0)
  expect(second.stdout).toBe(first.stdout)
})

test('what cannot be simulated is refused by name', async () => {
  expect(await rivulet(['simulate', '--days', '0'])).toMatchObject({ status: 1, stderr: expect.stringContaining('--days') as string })
})
