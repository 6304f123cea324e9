import { expect, test } from 'vitest'
import { scoreOf } from './attention-score.ts'
import { WalletStore } from './store.ts'
import { SwitchStore } from './switch-store.ts'
import { post, TestHouse, type TestAgent } from './test-house.ts'

const site = 'https://news.example'
const rate = 100_000n
const budget = 1_000_000_000n

async function visit(house: TestHouse, { from = site, foreign = false }: { readonly from?: string; readonly foreign?: boolean } = {}) {
  const { url, wallet, die } = await house.wallet({ foreign })
  const cookie = await house.connect(url, from)
  const open = (shownForMs?: number): Promise<TestAgent> => house.agent(url, from, cookie, shownForMs)
  return { url, wallet, die, open, agent: await open() }
}

test('what the page is told, what the publisher gets and what the subscriber pays are the same, to the unit', async () => {
  await using house = await TestHouse.open()
  const { agent, wallet } = await visit(house)
  agent.start('one')
  await house.until(() => agent.told('paid').length >= 5)
  expect(agent.heard.slice(0, 2)).toEqual([{ type: 'attached', connected: true }, { type: 'loaded', requestId: 'one', paymentPointer: 'http://localhost:4001/bob' }])
  expect(wallet.live()).toMatchObject([{ payer: `${'http://localhost:4000'}/alice`, payee: 'http://localhost:4001/bob', site, rate, state: 'paying' }])
  agent.send({ type: 'stop', requestId: 'one', final: true })
  await house.until(() => wallet.live().length === 0)
  const paid = agent.paid()
  expect(paid).toBeGreaterThan(3n * rate)
  expect(await house.ledger.balance(house.accountId)).toMatchObject({ posted: budget - paid, pending: 0n, accrued: 0n })
  expect(await house.received()).toBe(paid)
  expect(wallet.counters()).toMatchObject({ packets: agent.told('paid').length, fulfilled: agent.told('paid').length, rejectsByCode: {} })
})

test.each([
  { what: 'by the credit of a receiver of ours', foreign: false },
  { what: 'by its booking where the receiver’s books are closed to us', foreign: true },
])('nobody hears of a payment before it is durable: $what', async ({ foreign }) => {
  await using house = await TestHouse.open()
  const { agent, wallet } = await visit(house, { foreign })
  agent.start('one')
  for (let round = 1; round <= 5; round += 1) {
    await house.until(() => agent.told('paid').length >= round)
    const told = agent.paid()
    const [stream] = wallet.live()
    const booked = stream === undefined ? undefined : (await house.ledger.sending.get(stream.id))?.total
    expect(booked !== undefined && (foreign ? booked : await house.received()) >= told).toBe(true)
  }
})

test('the row of a payer follows that of a receiver of ours, once for several packets', async () => {
  await using house = await TestHouse.open()
  const { agent, wallet } = await visit(house)
  agent.start('one')
  await house.until(() => agent.told('paid').length >= 3)
  const [stream] = wallet.live()
  if (stream === undefined) throw new Error('nothing is paid')
  const booked = async (): Promise<bigint> => (await house.ledger.sending.get(stream.id))?.total ?? 0n
  expect(await booked()).toBe(0n)
  await house.until(async () => (await booked()) > 0n)
  expect(await booked()).toBeGreaterThan(3n * rate)
  await house.until(() => agent.told('paid').length >= 10)
  agent.show(false)
  await house.until(async () => (await booked()) === agent.paid())
  expect(await house.received()).toBe(agent.paid())
})

test('a budget that runs out in mid-second is paid to its last unit and never a unit beyond', async () => {
  const small = 3n * rate + 12_345n
  await using house = await TestHouse.open(small)
  const { agent } = await visit(house)
  agent.start('one')
  await house.until(() => agent.last() === 'paused budget-spent')
  await house.until(() => agent.paid() === small)
  await house.until(async () => (await house.ledger.balance(house.accountId)).posted === 0n)
  expect(await house.received()).toBe(small)
  await house.deposit(2n * rate)
  await house.until(() => agent.paid() > small)
  expect(agent.told('resumed')).toHaveLength(1)
})

test('two links whose budget runs out are paid all of it between them, and not a unit more', async () => {
  const small = 70n * rate + 1n
  await using house = await TestHouse.open(small)
  const { agent } = await visit(house)
  agent.start('one')
  agent.start('two')
  await house.until(() => agent.paid() === small)
  await house.until(async () => (await house.ledger.balance(house.accountId)).posted === 0n)
  expect(await house.received()).toBe(small)
  expect(agent.paid('one') > 0n && agent.paid('two') > 0n).toBe(true)
})

test.each([65n, 10n])('two links on one page are paid evenly to the end of a budget of %i seconds, whoever was there first', async (seconds) => {
  const small = seconds * rate
  await using house = await TestHouse.open(small)
  const { agent } = await visit(house)
  agent.start('one')
  await house.until(() => agent.paid('one') > 0n)
  const ahead = agent.paid('one')
  agent.start('two')
  await house.until(() => agent.paid() === small)
  const apart = agent.paid('one') - ahead - agent.paid('two')
  // Without sharing the first holds nearly all of it. A busy machine lets one fall behind for some seconds.
  const most = small / 4n + 2n * rate
  expect(apart < most && apart > -most).toBe(true)
  await house.until(async () => (await house.ledger.balance(house.accountId)).posted === 0n)
  expect(await house.received()).toBe(small)
}, 120_000)

test('several links share one rate equally', async () => {
  await using house = await TestHouse.open()
  const { agent, wallet } = await visit(house)
  for (const id of ['one', 'two', 'three', 'four']) agent.start(id)
  await house.until(() => ['one', 'two', 'three', 'four'].every((id) => agent.paid(id) > 0n))
  expect(wallet.live().map((stream) => stream.rate)).toEqual([25_000n, 25_000n, 25_000n, 25_000n])
  for (const id of ['two', 'three', 'four']) agent.send({ type: 'stop', requestId: id, final: true })
  await house.until(() => wallet.live().length === 1)
  expect(wallet.live().map((stream) => stream.rate)).toEqual([rate])
})

test('of two tabs the one shown last pays; the other goes on when it hides, and when it closes', async () => {
  await using house = await TestHouse.open()
  const { agent: first, open } = await visit(house)
  first.start('one')
  await house.until(() => first.paid() > 0n)
  const second = await open()
  second.start('two')
  await house.until(() => second.paid() > 0n && first.last() === 'paused other-page')
  const before = first.paid()
  await house.passes(3_000)
  expect(first.paid()).toBe(before)
  second.show(false)
  await house.until(() => first.paid() > before && second.last() === 'paused hidden')
  second.show(true)
  await house.until(() => first.last() === 'paused other-page')
  second.leave()
  const left = first.paid()
  await house.until(() => first.paid() > left)
})

test('a page whose agent opens its socket again, or is heard again, does not take the turn of the one she looked at since', async () => {
  await using house = await TestHouse.open()
  const { agent: first, open } = await visit(house)
  first.start('one')
  await house.until(() => first.paid() > 0n)
  await house.passes(1_000)
  const second = await open()
  second.start('two')
  await house.until(() => second.paid() > 0n && first.last() === 'paused other-page')
  first.leave()
  const firstAgain = await open(60_000)
  firstAgain.start('one')
  await house.until(() => firstAgain.last() === 'paused other-page')
  firstAgain.visible = false
  await house.until(() => firstAgain.last() === 'paused hidden')
  firstAgain.send({ type: 'beat' })
  await house.until(() => firstAgain.last() === 'paused other-page')
  const paid = second.paid()
  await house.until(() => second.paid() > paid)
  expect(firstAgain.paid()).toBe(0n)
})

test('a visible page whose agent falls silent is not paid for', async () => {
  await using house = await TestHouse.open()
  const { agent } = await visit(house)
  agent.visible = false
  const sinceMs = house.clock.monotonicMs()
  agent.start('one')
  await house.until(() => agent.last() === 'paused hidden')
  expect(house.clock.monotonicMs() - sinceMs).toBeGreaterThanOrEqual(25_000)
  expect(agent.paid() > 0n && agent.paid() <= 27n * rate).toBe(true)
  agent.send({ type: 'beat' })
  await house.until(() => agent.last() === 'resumed')
})

test('a pause of more than 30 s closes the stream and releases its hold; showing the page pays on a fresh one', async () => {
  await using house = await TestHouse.open()
  const { agent, wallet } = await visit(house)
  agent.start('one')
  await house.until(() => agent.paid() > 0n)
  const [first] = wallet.live()
  agent.show(false)
  await house.until(() => wallet.live().length === 0)
  expect((await house.ledger.balance(house.accountId)).pending).toBe(0n)
  const before = agent.paid()
  agent.show(true)
  await house.until(() => agent.paid() > before)
  expect(wallet.live()).toHaveLength(1)
  expect(wallet.live()[0]?.id).not.toBe(first?.id)
})

test('a stream goes on past its first lease: the hold grows with what was paid', async () => {
  await using house = await TestHouse.open()
  const { agent, wallet } = await visit(house)
  agent.start('one')
  await house.until(() => agent.paid() > 70n * rate)
  const [stream] = wallet.live()
  expect(stream !== undefined && stream.held >= stream.total && stream.held <= stream.total + 60n * rate).toBe(true)
  expect(agent.told('paused')).toEqual([])
}, 120_000)

test('every payment names the incoming payment that got it, also after a long pause, and each is completed when its connection has ended', async () => {
  await using house = await TestHouse.open()
  const { agent, wallet } = await visit(house)
  const named = (): unknown[] => [...new Set(agent.told('paid').map((message) => (message.type === 'paid' ? message.incomingPayment : undefined)))]
  agent.start('one')
  await house.until(() => agent.told('paid').length >= 2)
  const [first] = named()
  expect(first).toMatch(/^http:\/\/localhost:4001\/incoming-payments\//)
  agent.show(false)
  await house.until(() => wallet.live().length === 0)
  expect(house.completed).toEqual([first])
  agent.show(true)
  await house.until(() => named().length === 2)
  const [, second] = named()
  expect(second).not.toBe(first)
  agent.send({ type: 'stop', requestId: 'one', final: true })
  await house.until(() => house.completed.length === 2)
  expect(house.completed).toEqual([first, second])
})

test('a wallet that is paused, a site that is blocked and a site at its cap are not paid, and say so', async () => {
  await using house = await TestHouse.open()
  const { agent, url } = await visit(house)
  const session = await house.signIn(url)
  const origin = 'http://localhost:4000'
  const id = await connectionId(url, session)
  const change = (body: object): Promise<Response> =>
    fetch(`${url}/api/connections/${id}`, { method: 'PATCH', headers: { origin, cookie: session, 'content-type': 'application/json' }, body: JSON.stringify(body) })
  agent.start('one')
  await house.until(() => agent.paid() > 0n)
  await post(`${url}/api/pause`, { paused: true }, session)
  await house.until(() => agent.last() === 'paused wallet-paused')
  await post(`${url}/api/pause`, { paused: false }, session)
  await house.until(() => agent.last() === 'resumed')
  expect((await change({ blocked: true, capPerMonth: null })).status).toBe(200)
  await house.until(() => agent.last() === 'paused site-blocked')
  expect((await change({ blocked: false, capPerMonth: (agent.paid() + 2n * rate).toString() })).status).toBe(200)
  const cap = agent.paid() + 2n * rate
  await house.until(() => agent.last() === 'paused site-cap-reached')
  expect(agent.paid() >= cap && agent.paid() <= cap + 2n * rate).toBe(true)
  const me = await meOf(url, session)
  expect(me).toMatchObject({ paused: false, rate: '100000', person: { name: 'Alice' }, connections: [{ id, site }], streams: [{ site, payee: 'http://localhost:4001/bob', state: 'paused' }] })
  expect((await fetch(`${url}/api/connections/${id}`, { method: 'DELETE', headers: { origin, cookie: session } })).status).toBe(204)
  await house.until(() => agent.told('attached').length === 2)
  expect(agent.told('stopped')).toEqual([{ type: 'stopped', requestId: 'one', reason: 'disconnected' }])
  expect(agent.told('attached')[1]).toEqual({ type: 'attached', connected: false, reason: 'disconnected' })
})

test('whom the operator freezes pays no more, in any process and by command, until that is taken back', async () => {
  await using house = await TestHouse.open()
  const { agent } = await visit(house)
  const another = await visit(house)
  agent.start('one')
  await house.until(() => agent.paid() > 0n)
  const [person] = await house.accounts.people('subscriber')
  if (person === undefined) throw new Error('alice is a subscriber')
  const action = { operator: 'olivia', name: 'person.freeze', subject: person.id }
  await house.accounts.freeze(person.id, 'a stolen card', action)
  await house.until(() => agent.last() === 'paused person-frozen')
  await house.passes(2_000)
  const paid = agent.paid()
  await house.passes(20_000)
  expect(agent.paid()).toBe(paid)
  // Another process learns it from the rows too, before anything is paid.
  another.agent.leave()
  const fresh = await another.open()
  fresh.start('two')
  await house.until(() => fresh.last() === 'paused person-frozen')
  expect(fresh.paid()).toBe(0n)
  await house.accounts.unfreeze(person.id, { ...action, name: 'person.unfreeze' })
  await house.until(() => fresh.paid() > 0n)
})

test('when the operator stops all streams every process stands still within seconds, and after a restart, until they may go on', async () => {
  await using house = await TestHouse.open()
  const { agent } = await visit(house)
  const other = await visit(house)
  agent.start('one')
  await house.until(() => agent.paid() > 0n)
  const store = new SwitchStore(house.postgres)
  const action = { operator: 'olivia', name: 'streams.stop', subject: 'all streams' }
  const sinceMs = house.clock.nowMs()
  expect(await store.set({ stopped: true, reason: 'something is wrong', sinceMs }, action)).toBe(true)
  expect(await store.set({ stopped: true, reason: 'again', sinceMs }, action)).toBe(false)
  await house.until(() => agent.last() === 'paused streams-stopped')
  expect(house.clock.nowMs() - sinceMs).toBeLessThan(5_000)
  // What was read until then is still paid.
  await house.passes(2_000)
  const paid = agent.paid()
  const restarted = await visit(house)
  for (const each of [other, restarted]) {
    each.agent.start('more')
    await house.until(() => each.agent.last() === 'paused streams-stopped')
  }
  await house.passes(10_000)
  expect([agent.paid(), restarted.agent.paid(), other.agent.paid()]).toEqual([paid, 0n, 0n])
  expect(await store.state()).toEqual({ stopped: true, reason: 'something is wrong', sinceMs })
  expect(await store.set({ stopped: false, reason: 'all is well', sinceMs: house.clock.nowMs() }, { ...action, name: 'streams.resume' })).toBe(true)
  await house.until(() => restarted.agent.paid() > 0n)
  const { rows } = await house.postgres.pool.query('select name, result from audit.actions order by id')
  expect(rows).toEqual([{ name: 'streams.stop', result: 'done' }, { name: 'streams.resume', result: 'done' }])
})

test('what a subscriber changes through one process of the wallet, the others follow', async () => {
  await using house = await TestHouse.open()
  const { agent } = await visit(house)
  const another = await house.wallet()
  const session = await house.signIn(another.url)
  const id = await connectionId(another.url, session)
  agent.start('one')
  await house.until(() => agent.paid() > 0n)
  await post(`${another.url}/api/pause`, { paused: true }, session)
  await house.until(() => agent.last() === 'paused wallet-paused')
  await post(`${another.url}/api/pause`, { paused: false }, session)
  await house.until(() => agent.last() === 'resumed')
  expect((await fetch(`${another.url}/api/connections/${id}`, { method: 'DELETE', headers: { origin: 'http://localhost:4000', cookie: session } })).status).toBe(204)
  await house.until(() => agent.last() === 'stopped disconnected')
})

test('the rate is her plan’s, and follows when she changes it', async () => {
  await using house = await TestHouse.open()
  house.rates.set(house.alice.id, 3n * rate)
  const { agent } = await visit(house)
  agent.start('one')
  const amounts = (): bigint[] => agent.told('paid').map((heard) => BigInt((heard as unknown as { amount: string }).amount))
  await house.until(() => amounts().length >= 3)
  expect(amounts().at(-1)).toBe(3n * rate)
  house.rates.set(house.alice.id, 2n * rate)
  await house.until(() => amounts().at(-1) === 2n * rate)
})

test('what was used is kept per site, payee and day: amounts, seconds and score, and nothing else', async () => {
  await using house = await TestHouse.open()
  const { agent } = await visit(house)
  agent.start('one')
  await house.until(() => agent.told('paid').length >= 12)
  const read = async () => (await house.postgres.pool.query('select * from wallet.usage')).rows as Record<string, unknown>[]
  await house.until(async () => ((await read())[0]?.['attention_ms'] as bigint | undefined ?? 0n) >= 8_000n)
  const [row] = await read()
  expect(Object.keys(row ?? {}).toSorted()).toEqual(['amount', 'attention_ms', 'day', 'payee', 'person_id', 'score', 'site'])
  expect(row).toMatchObject({ site, payee: 'http://localhost:4001/bob', person_id: house.alice.id })
  // Time is counted as it passes, money when it is booked.
  const apartMs = (row?.['attention_ms'] as bigint) - ((row?.['amount'] as bigint) * 1_000n) / rate
  expect(apartMs < 3_000n && apartMs > -3_000n).toBe(true)
  expect(row?.['score']).toBe(scoreOf(Number((row?.['attention_ms'] as bigint) / 1_000n)))
})

test('attention counts on when the budget is spent, for sharing at the end of the period', async () => {
  await using house = await TestHouse.open(3n * rate)
  const { agent, wallet } = await visit(house)
  agent.start('one')
  await house.until(() => agent.last() === 'paused budget-spent')
  await house.passes(20_000)
  agent.leave()
  await house.until(() => wallet.live().length === 0)
  const read = async () => (await house.postgres.pool.query('select amount, attention_ms from wallet.usage')).rows as { amount: bigint; attention_ms: bigint }[]
  await house.until(async () => ((await read())[0]?.attention_ms ?? 0n) >= 20_000n)
  expect((await read())[0]?.amount).toBe(3n * rate)
})

test('a site that is blocked at the end of the period has no part in the sharing', async () => {
  await using house = await TestHouse.open()
  const { agent, url } = await visit(house)
  agent.start('one')
  const store = new WalletStore(house.postgres)
  const today = new Date(house.clock.nowMs()).toISOString().slice(0, 10)
  const shared = () => store.attentionOf(house.alice.id, today, '2999-01-01')
  await house.until(async () => (await shared()).length > 0)
  const session = await house.signIn(url)
  const id = await connectionId(url, session)
  await fetch(`${url}/api/connections/${id}`, { method: 'PATCH', headers: { origin: 'http://localhost:4000', cookie: session, 'content-type': 'application/json' }, body: JSON.stringify({ blocked: true, capPerMonth: null }) })
  expect(await shared()).toEqual([])
})

async function connectionId(url: string, session: string): Promise<string> {
  const me = await meOf(url, session)
  return (me['connections'] as { id: string }[])[0]?.id ?? ''
}

async function meOf(url: string, session: string): Promise<Record<string, unknown>> {
  return (await (await fetch(`${url}/api/me`, { headers: { cookie: session } })).json()) as Record<string, unknown>
}
