import { expect, test } from 'vitest'
import { stretchedRate } from './pace.ts'
import { origin, TestHouse, type TestAgent } from './test-house.ts'

const site = 'https://news.example'
const rate = 100_000n
const budget = 1_000_000_000n
const dayMs = 86_400_000

async function visit(house: TestHouse) {
  const { url } = await house.wallet()
  const agent = await house.agent(url, site, await house.connect(url, site))
  const session = await house.signIn(url)
  const send = (method: string, path: string, body: object): Promise<Response> => fetch(`${url}${path}`, { method, headers: { origin, cookie: session, 'content-type': 'application/json' }, body: JSON.stringify(body) })
  const me = async (): Promise<Record<string, unknown>> => (await (await fetch(`${url}/api/me`, { headers: { cookie: session } })).json()) as Record<string, unknown>
  return { agent, send, me, id: ((await me())['connections'] as { id: string }[])[0]?.id ?? '' }
}

function lastPaid(agent: TestAgent): bigint {
  const heard = agent.told('paid').at(-1)
  return heard === undefined ? 0n : BigInt((heard as unknown as { amount: string }).amount)
}

test('a stretched budget is paid at the rate that makes it last, and her own choice of rate and pacing at once at that', async () => {
  await using house = await TestHouse.open(budget)
  house.rates.set(house.alice.id, rate)
  house.pacing = { pacing: 'stretch', periodEndsMs: house.clock.nowMs() + 20 * dayMs }
  const { agent, send, me } = await visit(house)
  const bent = stretchedRate({ left: budget, msLeft: 20 * dayMs, readMs: 0, windowMs: 0, rate })
  expect(bent).toBeLessThan(rate / 2n)
  agent.start('one')
  // A slow database makes two ticks one packet now and then.
  await house.until(() => agent.told('paid').length >= 3 && lastPaid(agent) > bent - 100n && lastPaid(agent) < bent + 100n)
  expect(await me()).toMatchObject({ pace: { pacing: 'stretch', chosenPacing: null, chosenRate: null, planPacing: 'stretch', planRate: '100000' } })
  expect(await (await send('PUT', '/api/pace', { pacing: 'stream', rate: '250000' })).json()).toMatchObject({ rate: '250000', pace: { pacing: 'stream', chosenRate: '250000' } })
  await house.until(() => lastPaid(agent) === 250_000n)
  expect(await (await send('PUT', '/api/pace', { pacing: 'stream', rate: null })).json()).toMatchObject({ rate: '100000' })
  await house.until(() => lastPaid(agent) === rate)
})

test('a site may have a rate of its own, which stays when the rest changes', async () => {
  await using house = await TestHouse.open(budget)
  const { agent, send, me, id } = await visit(house)
  agent.start('one')
  await house.until(() => lastPaid(agent) === rate)
  expect((await send('PATCH', `/api/connections/${id}`, { blocked: false, capPerMonth: null, rate: '40000' })).status).toBe(200)
  await house.until(() => lastPaid(agent) === 40_000n)
  expect((await send('PUT', '/api/pace', { pacing: null, rate: '300000' })).status).toBe(200)
  expect((await send('PATCH', `/api/connections/${id}`, { blocked: false, capPerMonth: '900000000' })).status).toBe(200)
  expect(await me()).toMatchObject({ rate: '300000', connections: [{ id, rate: '40000', capPerMonth: '900000000' }] })
  await house.passes(6_000)
  expect(lastPaid(agent)).toBe(40_000n)
  expect((await send('PATCH', `/api/connections/${id}`, { blocked: false, capPerMonth: null, rate: null })).status).toBe(200)
  await house.until(() => lastPaid(agent) === 300_000n)
})

test.each([
  ['zero', { pacing: null, rate: '0' }, 'rate-out-of-range'],
  ['beyond twenty times the plan’s', { pacing: null, rate: '2000001' }, 'rate-out-of-range'],
  ['below a fiftieth of it', { pacing: null, rate: '1999' }, 'rate-out-of-range'],
  ['negative', { pacing: null, rate: '-5' }, 'request-invalid'],
  ['another way to pace', { pacing: 'sprint', rate: null }, 'request-invalid'],
])('a rate that is %s is refused, and nothing changes', async (_name, body, code) => {
  await using house = await TestHouse.open(budget)
  const { send, me, id } = await visit(house)
  const refused = await send('PUT', '/api/pace', body)
  expect([refused.status, await refused.json()]).toMatchObject([400, { error: { code } }])
  expect((await send('PATCH', `/api/connections/${id}`, { blocked: false, capPerMonth: null, rate: body.rate ?? 'much' })).status).toBe(400)
  expect(await me()).toMatchObject({ rate: '100000', connections: [{ rate: null }] })
})
