import pg from 'pg'
import { expect, inject, test } from 'vitest'
import { TestHouse } from './test-house.ts'

const site = 'https://news.example'
const rate = 100_000n
const budget = 1_000_000_000n

test('a wallet that dies with packets out is settled exactly by the next: subscriber debits equal publisher credits', async () => {
  await using house = await TestHouse.open()
  const first = await house.wallet()
  const agent = await house.agent(first.url, site, await house.connect(first.url, site))
  agent.start('one')
  await house.until(() => agent.told('paid').length >= 3)
  // The receiver credits a packet whose answer nobody hears any more.
  house.wire.losesAnswers = true
  const heard = agent.paid()
  await house.until(async () => (await house.received()) > heard)
  first.die()
  house.wire.losesAnswers = false
  const received = await house.received()
  const held = (await house.ledger.balance(house.accountId)).pending
  expect(held).toBeGreaterThan(0n)
  const second = await house.wallet()
  expect(await house.while(second.wallet.settleDoubts())).toBe(0)
  await house.until(async () => (await house.ledger.balance(house.accountId)).pending === 0n)
  expect((await house.ledger.balance(house.accountId)).posted).toBe(budget - received)
  expect(await house.received()).toBe(received)
  expect(await house.ledger.sending.list({ states: ['open', 'in-doubt'], limit: 10 })).toEqual([])
  expect(await house.ledger.verify()).toMatchObject({ ok: true, problems: [] })
}, 120_000)

test.each([{ says: 'its total', settled: true }, { says: 'nothing', settled: false }])('a wallet that dies with packets out to a foreign receiver is settled by the next, which asks: the receiver says $says', async ({ settled }) => {
  await using house = await TestHouse.open()
  const first = await house.wallet({ foreign: true })
  const agent = await house.agent(first.url, site, await house.connect(first.url, site))
  agent.start('one')
  await house.until(() => agent.told('paid').length >= 3)
  house.wire.losesAnswers = true
  const heard = agent.paid()
  await house.until(async () => (await house.received()) > heard)
  first.die()
  const received = await house.received()
  let asked = 0
  house.wire.losesAnswers = false
  house.wire.before = () => {
    asked += 1
    return settled ? undefined : 'lost'
  }
  await house.wallet({ foreign: true })
  await house.until(async () => (await house.ledger.balance(house.accountId)).pending === 0n)
  expect(asked).toBe(settled ? 1 : 4)
  expect((await house.ledger.balance(house.accountId)).posted).toBe(budget - (settled ? received : heard))
  expect(await house.received()).toBe(received)
  expect(house.errors).toEqual([])
}, 120_000)

test.each([{ lateMs: 30_000, booked: true }, { lateMs: 110_000, booked: false }])('an answer that comes $lateMs ms after its packet is booked ($booked), or refused and reported because the stream is settled', async ({ lateMs, booked }) => {
  await using house = await TestHouse.open()
  const { url, wallet } = await house.wallet({ foreign: true })
  const agent = await house.agent(url, site, await house.connect(url, site))
  agent.start('one')
  await house.until(() => agent.told('paid').length >= 2)
  const { promise: released, resolve: release } = Promise.withResolvers<void>()
  house.wire.holdsAnswers = released
  const before = agent.paid()
  await house.until(async () => (await house.received()) > before)
  agent.send({ type: 'stop', requestId: 'one', final: true })
  house.wire.before = () => 'lost'
  await house.passes(lateMs)
  const received = await house.received()
  expect(wallet.live()).toEqual([])
  const read = async () => (await house.ledger.sending.list({ states: ['in-doubt', 'closed'], limit: 2 }))[0]
  expect(await read()).toMatchObject({ state: booked ? 'in-doubt' : 'closed', total: before })
  release()
  await house.until(async () => (booked ? (await read())?.total === received : house.errors.length > 0))
  expect(await read()).toMatchObject({ total: booked ? received : before })
  expect(house.errors.filter((message) => message.includes('not booked'))).toHaveLength(booked ? 0 : 1)
  await house.until(async () => (await read())?.state === 'closed')
  expect((await house.ledger.balance(house.accountId))).toMatchObject({ posted: budget - (booked ? received : before), pending: 0n })
}, 120_000)

/** The database goes away for everyone, or comes back. */
async function databaseAway(house: TestHouse, away: boolean): Promise<void> {
  const name = new URL(house.postgres.url).pathname.slice(1)
  const admin = new pg.Client({ connectionString: inject('postgresUrl') })
  await admin.connect()
  await admin.query(`ALTER DATABASE ${name} WITH ALLOW_CONNECTIONS ${away ? 'false' : 'true'}`)
  if (away) await admin.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1', [name])
  await admin.end()
}

test('while the database is away streams pause and nothing unbacked is paid; when it is back they go on', async () => {
  await using house = await TestHouse.open()
  const { url, wallet } = await house.wallet()
  const agent = await house.agent(url, site, await house.connect(url, site))
  agent.start('one')
  await house.until(() => agent.told('paid').length >= 2)
  await databaseAway(house, true)
  await house.until(() => agent.last() === 'paused wallet-unavailable' || agent.last() === 'paused receiver-unreachable')
  const before = agent.paid()
  await house.passes(5_000)
  expect(agent.paid()).toBe(before)
  const asked = await fetch(`${url}/api/connect/${'A'.repeat(43)}`)
  expect({ status: asked.status, body: await asked.json() }).toMatchObject({ status: 503, body: { error: { code: 'database-unavailable' } } })
  await databaseAway(house, false)
  await house.until(() => agent.paid() > before + rate)
  agent.send({ type: 'stop', requestId: 'one', final: true })
  await house.until(() => wallet.live().length === 0)
  await house.until(async () => (await house.ledger.balance(house.accountId)).pending === 0n)
  const received = await house.received()
  expect((await house.ledger.balance(house.accountId)).posted).toBe(budget - received)
  expect(agent.paid()).toBe(received)
  expect(await house.ledger.verify()).toMatchObject({ ok: true, problems: [] })
}, 120_000)

test('after a database that was away for longer than the lease the books are exact, and paying goes on with a fresh stream', async () => {
  await using house = await TestHouse.open()
  const { url, wallet } = await house.wallet()
  const agent = await house.agent(url, site, await house.connect(url, site))
  agent.start('one')
  await house.until(() => agent.told('paid').length >= 2)
  await databaseAway(house, true)
  await house.passes(75_000)
  const before = agent.paid()
  await databaseAway(house, false)
  await house.until(() => agent.paid() > before + 2n * rate)
  agent.send({ type: 'stop', requestId: 'one', final: true })
  await house.until(() => wallet.live().length === 0)
  await house.until(async () => (await house.ledger.balance(house.accountId)).pending === 0n)
  expect((await house.ledger.balance(house.accountId)).posted).toBe(budget - (await house.received()))
  expect(agent.paid()).toBe(await house.received())
  expect(await house.ledger.verify()).toMatchObject({ ok: true, problems: [] })
}, 120_000)

test('a graceful stop posts what was paid and releases the rest at once', async () => {
  await using house = await TestHouse.open()
  const { url, wallet } = await house.wallet()
  const agent = await house.agent(url, site, await house.connect(url, site))
  agent.start('one')
  await house.until(() => agent.told('paid').length >= 2)
  const atMs = house.clock.nowMs()
  await house.while(wallet[Symbol.asyncDispose]())
  expect(house.clock.nowMs() - atMs).toBeLessThan(10_000)
  await house.until(() => agent.closed === 1001)
  const { posted, pending } = await house.ledger.balance(house.accountId)
  expect({ posted, pending }).toEqual({ posted: budget - (await house.received()), pending: 0n })
})

test('a graceful stop with answers outstanding takes less than 10 s and loses nothing', async () => {
  await using house = await TestHouse.open()
  const { url, wallet } = await house.wallet()
  const agent = await house.agent(url, site, await house.connect(url, site))
  agent.start('one')
  await house.until(() => agent.told('paid').length >= 2)
  house.wire.losesAnswers = true
  const heard = agent.paid()
  await house.until(async () => (await house.received()) > heard)
  const atMs = house.clock.nowMs()
  await house.while(wallet[Symbol.asyncDispose]())
  expect(house.clock.nowMs() - atMs).toBeLessThan(10_000)
  const { posted, pending } = await house.ledger.balance(house.accountId)
  expect({ posted, pending }).toEqual({ posted: budget - (await house.received()), pending: 0n })
})

test('a receiver that is busy for a while is paid again afterwards', async () => {
  await using house = await TestHouse.open()
  const { url, wallet } = await house.wallet()
  const agent = await house.agent(url, site, await house.connect(url, site))
  house.wire.before = () => 'refused'
  agent.start('one')
  await house.until(() => (wallet.counters().rejectsByCode['T03'] ?? 0) >= 2)
  expect(agent.paid()).toBe(0n)
  house.wire.before = undefined
  await house.until(() => agent.paid() > 0n)
})

test('a pointer that leads nowhere fails with a reason and holds nothing', async () => {
  await using house = await TestHouse.open()
  const { url, wallet } = await house.wallet()
  const agent = await house.agent(url, site, await house.connect(url, site))
  agent.start('one', 'http://localhost:4001/nobody')
  agent.start('two', 'no pointer')
  await house.until(() => agent.told('failed').length === 2)
  expect(agent.told('failed').map((message) => ('code' in message ? message.code : '')).toSorted()).toEqual(['pointer-invalid', 'pointer-not-found'])
  expect(wallet.live()).toEqual([])
  expect((await house.ledger.balance(house.accountId)).pending).toBe(0n)
})

test.each([['dollars', 'rate-unknown'], ['silent', 'asset-unsupported']])('a receiver whose asset has no rate or is unknown is refused before anything is held: %s, %s', async (name, reason) => {
  await using house = await TestHouse.open()
  const { url, wallet } = await house.wallet()
  const agent = await house.agent(url, site, await house.connect(url, site))
  agent.start('one', `http://localhost:4001/${name}`)
  await house.until(() => agent.last() === `stopped ${reason}`)
  await house.until(() => wallet.live().length === 0)
  expect(await house.ledger.sending.list({ states: ['open', 'in-doubt', 'closed'], limit: 10 })).toEqual([])
  expect((await house.ledger.balance(house.accountId)).pending).toBe(0n)
})
