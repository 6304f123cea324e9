/** Weeks of the virtual clock with the real services: what happens in which order is decided by the seed alone. */
import { testPostgres } from '@rivulet/postgres/testing'
import { expect, test } from 'vitest'
import { simulate, type SimulationReport } from './simulate.ts'

/** Of this seed: readers who come rarely, each from the first day, one of whom tips, one has another card, and one's payment is disputed and won back. */
async function month(): Promise<SimulationReport> {
  await using database = await testPostgres([])
  return await simulate(database.url, { subscribers: 4, publishers: 2, days: 31, seed: 1019 }, () => undefined)
}

test('a month of reading, renewals, shares, tips, disputes and payouts ends with the same report twice, and with right books', async () => {
  const [first, second] = await Promise.all([month(), month()])
  expect(second).toEqual(first)
  const { books, subscribersPaid, spent, streams, publishersEarned } = first
  expect(books).toMatchObject({ ok: true, everyUnitAccounted: true, reconciled: true, problems: [] })
  expect(subscribersPaid).toMatchObject({ charges: 7, disputes: 1, disputesWon: 1, ended: 1, changes: { cards: 1 } })
  expect([spent.tipsGiven, publishersEarned.payouts, streams.opened]).toEqual([1, 1, 26])
  expect(Number(spent.streamed)).toBeGreaterThan(0)
  expect(Number(spent.shared)).toBeGreaterThan(0)
})
