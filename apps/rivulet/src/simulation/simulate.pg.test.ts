/** Weeks of the virtual clock with the real services: what happens in which order is decided by the seed alone. */
import { testPostgres } from '@rivulet/postgres/testing'
import { expect, test } from 'vitest'
import { simulate, type SimulationReport } from './simulate.ts'

async function month(): Promise<SimulationReport> {
  await using database = await testPostgres([])
  return await simulate(database.url, { subscribers: 5, publishers: 2, days: 31, seed: 7 }, () => undefined)
}

test('a month of readers, renewals and shares ends with the same report twice, and with right books', async () => {
  const [first, second] = await Promise.all([month(), month()])
  expect(first.books).toMatchObject({ ok: true, everyUnitAccounted: true, reconciled: true, problems: [] })
  // More than one charge each: the month was renewed.
  expect(first.subscribersPaid.charges).toBeGreaterThan(5)
  expect(second).toEqual(first)
})
