/** Crashes and faults in virtual time on the real ledger. `RIVULET_SEED=n` runs one seed again, `RIVULET_SEEDS=n` so many. */
import { setPriority } from 'node:os'
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
  'commit-fails', 'commit-question-lost', 'commit-answer-lost', 'commit-orphaned', 'commit-slow', 'orphaned-by-death', 'connection-refused', 'statement-lost', 'settled', 'adopted', 'foreign-exact',
  'wallet: another process has taken this stream over',
]

/** For this process, as `nice` counts: tests beside it wait for real time, and it does not. */
const niceness = 5
/** Simulations at a time, each with a database of its own: one waits for PostgreSQL while another computes. */
const lanes = 3
let lanePostgres: readonly Postgres[] = []
/** The databases that no simulation uses now, and who waits for one. */
const free: Postgres[] = []
const waiting: ((postgres: Postgres) => void)[] = []
const seen = new Map<string, number>()
/** Seeds in which something was paid: faults may well keep a reader from paying at all, but seldom. */
let paying = 0

beforeAll(async () => {
  setPriority(niceness)
  lanePostgres = await Promise.all(Array.from({ length: lanes }, () => testPostgres([ledgerMigrations])))
  free.push(...lanePostgres)
})
afterAll(async () => {
  for (const postgres of lanePostgres) await postgres[Symbol.asyncDispose]()
})

async function onFreeLane<Result>(work: (url: string) => Promise<Result>): Promise<Result> {
  const postgres = free.pop() ?? (await new Promise<Postgres>((resolve) => waiting.push(resolve)))
  try {
    return await work(postgres.url)
  } finally {
    const next = waiting.shift()
    if (next === undefined) free.push(postgres)
    else next(postgres)
  }
}

describe('through crashes and faults', () => {
  test.concurrent.each(seeds)('no unit is lost, made or paid twice (seed %i)', { timeout: 300_000 }, async (seed) => {
    const run = onFreeLane((url) => simulate({ url, seed }))
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
      await onFreeLane((url) => simulate({ url, seed, mutant }))
    } catch (error) {
      return error instanceof Error ? error.message : String(error)
    }
  }
  return 'nothing was found'
}
