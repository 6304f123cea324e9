/** Roles as separate processes, killed at random moments under load: afterwards the books are right to the unit. */
import { setTimeout as wait } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { freeBasePort } from '../support/ports.ts'
import { dataFolder } from '../support/product.ts'
import { Random } from '../support/random.ts'
import { demoPublishers, demoSubscribers } from '../support/demo.ts'
import { Installation, leaseSeconds, type Part } from './installation.ts'

const long = process.env['RIVULET_TEST_LONG'] === '1'
const kills = Number(process.env['RIVULET_KILLS'] ?? (long ? 50 : 5))
const seed = Number(process.env['RIVULET_SEED'] ?? Date.now() % 1_000_000)
const streamsAtOnce = 12
const budget = 5_000_000_000n
/** A packet of the dead process may arrive until its lease ends; then 5 s, then the wallet's next look; more where the machine has other work. */
const settleTimeMaxMs = (leaseSeconds + 120) * 1_000

interface Balance {
  readonly posted: string
  readonly pending: string
  readonly accrued: string
}

test(`after ${kills} times kill -9 of wallet, receiver and PostgreSQL under load (seed ${seed}) subscribers have paid what publishers have got, to the unit`, { timeout: (kills * 12 + 320) * 1_000 }, async () => {
  const random = new Random(seed)
  using folder = dataFolder()
  await using installation = new Installation(folder.path, await freeBasePort())
  for (const part of ['postgres', 'receiver', 'wallet'] as const) await installation.start(part)

  let loaded = true
  let completed = 0
  const readers = Array.from({ length: streamsAtOnce }, async () => {
    while (loaded) {
      const summary = await installation.stream(random.pick(demoSubscribers), random.pick(demoPublishers), random.between(2, 6))
      if (typeof summary === 'object' && summary !== null && 'packets' in summary) completed += 1
      else await wait(200)
    }
  })
  const killed: Part[] = []
  for (let kill = 0; kill < kills; kill += 1) {
    await wait(random.between(500, 4_000))
    const part = random.pick<Part>(['wallet', 'wallet', 'receiver', 'receiver', 'postgres'])
    killed.push(part)
    await installation.kill(part)
    await wait(random.between(0, 1_500))
    await installation.start(part)
    // The others outlive it.
    for (const other of ['wallet', 'receiver'] as const) expect(installation.stateOf(other)).toBe('running')
  }
  await wait(3_000)
  loaded = false
  await Promise.all(readers)
  expect(completed).toBeGreaterThan(0)

  const settledBy = Date.now() + settleTimeMaxMs
  let report = (await installation.command('verify')) as { ok: boolean; problems: unknown[]; streamsOpen: number; streamsInDoubt: number }
  while (report.streamsOpen + report.streamsInDoubt > 0 && Date.now() < settledBy) {
    await wait(2_000)
    report = (await installation.command('verify')) as typeof report
  }
  expect(await installation.stop('wallet')).toBe(0)
  expect(await installation.stop('receiver')).toBe(0)
  expect({ killed, ...((await installation.command('verify')) as object) }).toMatchObject({ ok: true, problems: [], streamsOpen: 0, streamsInDoubt: 0 })

  const balances = async (names: readonly string[]): Promise<Balance[]> => Promise.all(names.map(async (name) => (await installation.command('balance', name)) as Balance))
  const paid = (await balances(demoSubscribers)).map((balance) => {
    expect(balance).toMatchObject({ pending: '0', accrued: '0' })
    return budget - BigInt(balance.posted)
  })
  const got = (await balances(demoPublishers)).map(({ posted, accrued }) => BigInt(posted) + BigInt(accrued))
  const sum = (amounts: readonly bigint[]): bigint => amounts.reduce((total, amount) => total + amount, 0n)
  expect(sum(paid)).toBe(sum(got))
  expect(sum(paid)).toBeGreaterThan(0n)
})
