/** Crashes and faults in virtual time on the real ledger. `RIVULET_SEED=n` runs one seed again, `RIVULET_SEEDS=n` so many. */
import { ledgerMigrations } from '@rivulet/ledger'
import type { Postgres } from '@rivulet/postgres'
import { testPostgres } from '@rivulet/postgres/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { crashPoints } from './faults-database.ts'
import { type Mutant, mutants } from './simulator-mutants.ts'
import { simulate } from './simulator.ts'

const one = process.env['RIVULET_SEED']
const count = Number(process.env['RIVULET_SEEDS'] ?? (process.env['RIVULET_TEST_LONG'] === '1' ? 2_000 : 200))
const seeds = one === undefined ? Array.from({ length: count }, (_, index) => index + 1) : [Number(one)]
/** Each of these must have happened somewhere in a full run. */
const mustHappen = [
  ...crashPoints.map((point) => `death:${point}`), 'packet-lost', 'answer-lost', 'packet-late', 'answer-late', 'answer-after-all', 'packet-doubled', 'packet-replayed', 'packet-reordered', 'swallowed-by-partition', 'never-left',
  'commit-fails', 'commit-question-lost', 'commit-answer-lost', 'commit-orphaned', 'commit-slow', 'orphaned-by-death', 'connection-refused', 'statement-lost', 'settled',
]

let postgres: Postgres
const seen = new Map<string, number>()
/** Seeds in which something was paid: faults may well keep a reader from paying at all, but seldom. */
let paying = 0

beforeAll(async () => {
  postgres = await testPostgres([ledgerMigrations])
})
afterAll(async () => {
  await postgres[Symbol.asyncDispose]()
})

describe('through crashes and faults', () => {
  test.each(seeds)('no unit is lost, made or paid twice (seed %i)', { timeout: 60_000 }, async (seed) => {
    const run = simulate({ url: postgres.url, seed })
    // It rejects as soon as an invariant is broken.
    await expect(run).resolves.toBeDefined()
    const { happened, streams, unitsPaid } = await run
    if (streams > 0 && unitsPaid > 0n) paying += 1
    for (const [what, times] of happened) seen.set(what, (seen.get(what) ?? 0) + times)
  })

  test.runIf(seeds.length >= 100)('every fault has struck and every named point has seen a death', () => {
    expect(mustHappen.filter((what) => !seen.has(what))).toEqual([])
    expect(paying).toBeGreaterThan(seeds.length * 0.9)
  })
})

describe('the simulation finds', () => {
  test.each(Object.entries(mutants))('%s', { timeout: 120_000 }, async (mutant, finding) => {
    const failure = await firstFailure(mutant as Mutant)
    expect(failure).toMatch(finding)
    expect(failure).toContain('RIVULET_SEED=')
  })
})

async function firstFailure(mutant: Mutant): Promise<string> {
  for (let seed = 1; seed <= 30; seed += 1) {
    try {
      await simulate({ url: postgres.url, seed, mutant })
    } catch (error) {
      return error instanceof Error ? error.message : String(error)
    }
  }
  return 'nothing was found'
}
