import { createHash } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { JourneyStore } from './journey-store.ts'
import { cookiesOf, origin, post, TestAgent, TestHouse } from './test-house.ts'

const site = 'https://news.example'
const other = 'https://other.example'
let house: TestHouse
let url: string
let session: string

beforeAll(async () => {
  house = await TestHouse.open()
  url = (await house.wallet()).url
  session = await house.signIn(url)
})

afterAll(() => house[Symbol.asyncDispose]())

beforeEach(async () => {
  // The limit per address counts by the house's clock.
  await house.clock.advance(15_000)
})

async function challenge(from = site): Promise<{ readonly challenge: string; readonly verifier: string }> {
  const { body, response } = await post(`${url}/agent/challenges`, { site: from })
  return { challenge: String(body['challenge']), verifier: cookiesOf(response) }
}

async function consent(given: string): Promise<string> {
  return String((await post(`${url}/api/connect/${given}/consent`, {}, session)).body['code'])
}

/** Everything that a refusal must leave alone. */
async function rows(): Promise<unknown> {
  const all = await Promise.all(['wallet.code', 'wallet.challenge', 'wallet.connection', 'wallet.agent_token'].map((table) => house.postgres.pool.query(`select * from ${table} order by 1`)))
  return all.map(({ rows: found }) => found as unknown)
}

describe('the way to a connection', () => {
  test('challenge, consent and redemption connect the site, with cookies that no script can read', async () => {
    const asked = await post(`${url}/agent/challenges`, { site })
    expect(asked.status).toBe(201)
    expect(asked.body).toEqual({ challenge: expect.stringMatching(/^[A-Za-z0-9_-]{43}$/) as string, expiresInMs: 600_000 })
    expect(asked.response.headers.getSetCookie()).toEqual([expect.stringMatching(/^rivulet-verifier-[0-9a-f]{16}=[A-Za-z0-9_-]{43}; Path=\/agent; Max-Age=600; Secure; HttpOnly; SameSite=None; Partitioned$/)])
    expect(asked.response.headers.get('access-control-allow-origin')).toBeNull()
    const given = String(asked.body['challenge'])
    const page = (await (await fetch(`${url}/api/connect/${given}`, { headers: { cookie: session } })).json()) as unknown
    expect(page).toMatchObject({ site, person: { name: 'Alice', email: 'alice@example.org' }, plan: { rate: '100000', assetCode: 'EUR', assetScale: 9 } })
    const redeemed = await post(`${url}/agent/redeem`, { site, code: await consent(given) }, cookiesOf(asked.response))
    expect(redeemed.status).toBe(200)
    expect(redeemed.response.headers.getSetCookie()[0]).toMatch(/^rivulet-agent-[0-9a-f]{16}=[A-Za-z0-9_-]{43}; Path=\/agent; Max-Age=34560000; Secure; HttpOnly; SameSite=None; Partitioned$/)
    const agent = await house.agent(url, site, cookiesOf(redeemed.response))
    expect(agent.heard).toEqual([{ type: 'attached', connected: true }])
    const token = cookiesOf(redeemed.response).split('=')[1] ?? ''
    const { rows: kept } = await house.postgres.pool.query('select 1 from wallet.agent_token where token_hash = $1', [createHash('sha256').update(token).digest()])
    expect(kept).toHaveLength(1)
  })

  test('a visitor who is not signed in sees the site that asks, and nobody', async () => {
    const page = await fetch(`${url}/api/connect/${(await challenge()).challenge}`)
    expect(await page.json()).toMatchObject({ site, person: null, plan: null })
  })

  test('two pages of one browser share a challenge, and neither spoils the other', async () => {
    const first = await challenge()
    const again = await post(`${url}/agent/challenges`, { site }, first.verifier)
    expect(again.body['challenge']).toBe(first.challenge)
    expect((await post(`${url}/agent/redeem`, { site, code: await consent(first.challenge) }, cookiesOf(again.response))).status).toBe(200)
  })

  test('a second browser joins the connection that the person has with the site', async () => {
    await house.connect(url, 'https://twice.example')
    await house.connect(url, 'https://twice.example')
    const { rows: found } = await house.postgres.pool.query(`select c.id, count(*)::int as tokens from wallet.connection c join wallet.agent_token t on t.connection_id = c.id where site = 'https://twice.example' group by c.id`)
    expect(found).toEqual([expect.objectContaining({ tokens: 2 })])
  })
})

describe('what is refused changes nothing', () => {
  interface Answer {
    readonly status: number
    readonly body: Record<string, unknown>
  }
  interface Refusal {
    readonly status: number
    readonly code: string
    readonly changed: boolean
  }

  async function outcome(attempt: () => Promise<Answer>): Promise<Refusal> {
    const before = await rows()
    const { status, body } = await attempt()
    return { status, code: (body['error'] as { code: string }).code, changed: !isDeepStrictEqual(await rows(), before) }
  }
  const refused = (status: number, code: string): Refusal => ({ status, code, changed: false })

  test('a code that was used', async () => {
    const { challenge: given, verifier } = await challenge()
    const code = await consent(given)
    await post(`${url}/agent/redeem`, { site, code }, verifier)
    expect(await outcome(() => post(`${url}/agent/redeem`, { site, code }, verifier))).toEqual(refused(409, 'code-used'))
  })

  test('a code that is redeemed twice at the same moment, while others are too: once', async () => {
    const asked = [await challenge(), await challenge(), await challenge(other)]
    const codes = await Promise.all(asked.map(({ challenge: given }) => consent(given)))
    const redeem = (index: number, from = site) => post(`${url}/agent/redeem`, { site: from, code: codes[index] }, asked[index]?.verifier)
    const answers = await Promise.all([redeem(0), redeem(0), redeem(1), redeem(2, other)])
    const statuses = answers.map(({ status }) => status)
    expect(new Set(statuses.slice(0, 2))).toEqual(new Set([200, 409]))
    expect(statuses.slice(2)).toEqual([200, 200])
  })

  test('a second code for a challenge that was redeemed, and consent to it', async () => {
    const { challenge: given, verifier } = await challenge()
    const [code, late] = [await consent(given), await consent(given)]
    await post(`${url}/agent/redeem`, { site, code }, verifier)
    expect(await outcome(() => post(`${url}/agent/redeem`, { site, code: late }, verifier))).toEqual(refused(409, 'challenge-used'))
    expect(await outcome(() => post(`${url}/api/connect/${given}/consent`, {}, session))).toEqual(refused(409, 'challenge-used'))
  })

  test('a stale code, one minute old', async () => {
    const { challenge: given, verifier } = await challenge()
    const code = await consent(given)
    await house.clock.advance(60_000)
    expect(await outcome(() => post(`${url}/agent/redeem`, { site, code }, verifier))).toEqual(refused(410, 'code-expired'))
  })

  test('a stale challenge, ten minutes old', async () => {
    const { challenge: given } = await challenge()
    await house.clock.advance(600_000)
    expect(await outcome(() => post(`${url}/api/connect/${given}/consent`, {}, session))).toEqual(refused(410, 'challenge-expired'))
  })

  test('a code that this wallet did not give', async () => {
    const { verifier } = await challenge()
    expect(await outcome(() => post(`${url}/agent/redeem`, { site, code: 'A'.repeat(43) }, verifier))).toEqual(refused(404, 'code-unknown'))
  })

  test('a challenge that this wallet did not give', async () => {
    expect(await outcome(() => post(`${url}/api/connect/${'A'.repeat(43)}/consent`, {}, session))).toEqual(refused(404, 'challenge-unknown'))
  })

  test('a foreign code: asked for by another browser', async () => {
    const [mine, theirs] = [await challenge(), await challenge()]
    const code = await consent(theirs.challenge)
    expect(await outcome(() => post(`${url}/agent/redeem`, { site, code }, mine.verifier))).toEqual(refused(403, 'verifier-mismatch'))
    expect((await post(`${url}/agent/redeem`, { site, code }, theirs.verifier)).status).toBe(200)
  })

  test('a code of another site, even with the verifiers of both', async () => {
    const [mine, theirs] = [await challenge(site), await challenge(other)]
    const code = await consent(mine.challenge)
    expect(await outcome(() => post(`${url}/agent/redeem`, { site: other, code }, `${mine.verifier}; ${theirs.verifier}`))).toEqual(refused(403, 'site-mismatch'))
  })

  test('a code without the verifier', async () => {
    const { challenge: given } = await challenge()
    const code = await consent(given)
    expect(await outcome(() => post(`${url}/agent/redeem`, { site, code }))).toEqual(refused(403, 'verifier-missing'))
  })

  test('consent without signing in, from another origin, and from none', async () => {
    const { challenge: given } = await challenge()
    const attempt = (cookie: string, headers: Record<string, string>) => () => post(`${url}/api/connect/${given}/consent`, {}, cookie, headers)
    expect(await outcome(attempt('', { origin }))).toEqual(refused(401, 'signed-out'))
    expect(await outcome(attempt(session, { origin: site }))).toEqual(refused(403, 'origin-foreign'))
    expect(await outcome(attempt(session, {}))).toEqual(refused(403, 'origin-foreign'))
  })

  test.each([
    ['a site that is no origin', '/agent/challenges', { site: 'https://news.example/path' }, 'site-invalid'],
    ['a site over http', '/agent/challenges', { site: 'http://news.example' }, 'site-invalid'],
    ['a body of another form', '/agent/challenges', { sites: [] }, 'request-invalid'],
    ['a body that is no JSON', '/agent/challenges', '{', 'request-invalid'],
    ['a pause that is no yes or no', '/api/pause', { paused: 'yes' }, 'request-invalid'],
  ])('%s', async (_name, path, body, code) => {
    expect(await outcome(() => post(`${url}${path}`, body, session))).toEqual(refused(400, code))
  })

  test('a body that is too large', async () => {
    expect(await outcome(() => post(`${url}/agent/redeem`, { site, code: 'a'.repeat(10_000) }))).toEqual(refused(413, 'request-too-large'))
  })

  test('too many requests from one address', async () => {
    const statuses: number[] = []
    for (let request = 0; request < 140; request += 1) statuses.push((await fetch(`${url}/api/connect/short`)).status)
    expect(statuses[0]).toBe(400)
    expect(statuses.at(-1)).toBe(429)
  })
})

describe('the agent and its socket', () => {
  test('a token of another site connects nothing', async () => {
    const cookie = await house.connect(url, 'https://one.example')
    const agent = await house.agent(url, other, cookie)
    expect(agent.heard).toEqual([{ type: 'attached', connected: false }])
    // Not even when the token is passed off as that of the other site.
    const token = cookie.split('=')[1] ?? ''
    const name = (cookiesOf((await post(`${url}/agent/challenges`, { site: other })).response).split('=')[0] ?? '').replace('verifier', 'agent')
    const forged = await house.agent(url, other, `${name}=${token}`)
    expect(forged.heard).toEqual([{ type: 'attached', connected: false, reason: 'disconnected' }])
  })

  test('a page that is not connected is told whether its pointer resolves, and pays nothing', async () => {
    const agent = await house.agent(url, site, '')
    agent.start('one')
    agent.start('two', 'http://localhost:4001/nobody')
    await house.until(() => agent.heard.length === 3)
    expect(agent.heard.map(({ type }) => type).toSorted()).toEqual(['attached', 'failed', 'loaded'])
  })

  test.each([['https://news.example'], ['null'], [undefined]])('a socket opened from origin %s is refused', async (from) => {
    const socket = new WebSocket(`${url.replace('http', 'ws')}/agent/socket`, { headers: from === undefined ? {} : { origin: from } })
    await expect(new TestAgent(socket).open).rejects.toThrow('403')
  })

  test('an upgrade of another path is answered', async () => {
    await expect(new TestAgent(new WebSocket(`${url.replace('http', 'ws')}/elsewhere`, { headers: { origin } })).open).rejects.toThrow('404')
  })

  test.each([
    ['what is not JSON', 'hello', 1008],
    ['an unknown message', '{"type":"pay","amount":"1"}', 1008],
    ['a message before attach', '{"type":"beat"}', 1008],
    ['a site that is no origin', '{"type":"attach","site":"news","visible":true}', 1008],
    ['a message that is too large', `{"type":"attach","site":"${'a'.repeat(5_000)}","visible":true}`, 1009],
  ])('%s closes the socket', async (_name, text, code) => {
    const socket = new WebSocket(`${url.replace('http', 'ws')}/agent/socket`, { headers: { origin } })
    const agent = new TestAgent(socket)
    await agent.open
    socket.send(text)
    await house.until(() => agent.closed !== undefined)
    expect(agent.closed).toBe(code)
  })

  test('an agent that floods is sent away', async () => {
    const agent = await house.agent(url, site, '')
    for (let message = 0; message < 200; message += 1) agent.send({ type: 'beat' })
    await house.until(() => agent.closed !== undefined)
    expect(agent.closed).toBe(1008)
  })

  test('a page has a bounded number of requests', async () => {
    const agent = await house.agent(url, site, '')
    for (let request = 0; request < 12; request += 1) agent.start(`r${request}`)
    await house.until(() => agent.heard.length === 13)
    expect(agent.told('failed')).toEqual([10, 11].map((request) => expect.objectContaining({ requestId: `r${request}`, code: 'requests-too-many' }) as unknown))
  })
})

describe('journeys are counted by day', () => {
  const counts = async (): Promise<Readonly<Record<string, number>>> => (await new JourneyStore(house.postgres).journeys('1970-01-01')).steps
  const grown = async (before: Readonly<Record<string, number>>): Promise<Readonly<Record<string, number>>> => Object.fromEntries(Object.entries(await counts()).map(([step, journeys]) => [step, journeys - (before[step] ?? 0)]))

  test('each step once, however often it is seen, and nobody is named', async () => {
    const before = await counts()
    const { challenge: given } = await challenge('https://counted.example')
    await fetch(`${url}/api/connect/${given}`)
    await fetch(`${url}/api/connect/${given}`)
    expect(await grown(before)).toMatchObject({ popup: 1, 'signed-in': 0, consented: 0 })
    await fetch(`${url}/api/connect/${given}`, { headers: { cookie: session } })
    expect(await grown(before)).toMatchObject({ popup: 1, 'signed-in': 1, consented: 0 })
    await consent(given)
    await consent(given)
    expect(await grown(before)).toMatchObject({ popup: 1, 'signed-in': 1, consented: 1, 'first-packet': 0 })
    const { rows: columns } = await house.postgres.pool.query<{ column_name: string }>(`select column_name from information_schema.columns where table_schema = 'wallet' and table_name in ('journey_day', 'journey_time') order by 1`)
    expect([...new Set(columns.map(({ column_name: name }) => name))]).toEqual(['day', 'journeys', 'seconds_max', 'step'])
  })

  test('the first packet of a connection ends its journey, with the time since its popup, once', async () => {
    const journeys = new JourneyStore(house.postgres)
    const before = await counts()
    const { challenge: given, verifier } = await challenge('https://paid.example')
    await fetch(`${url}/api/connect/${given}`, { headers: { cookie: session } })
    const redeemed = await post(`${url}/agent/redeem`, { site: 'https://paid.example', code: await consent(given) }, verifier)
    const token = createHash('sha256').update(cookiesOf(redeemed.response).split(';')[0]?.split('=')[1] ?? '').digest()
    const { rows: [row] } = await house.postgres.pool.query<{ opened_ms: bigint }>('select opened_ms from wallet.challenge where challenge = $1', [given])
    const openedMs = Number(row?.opened_ms)
    await journeys.paid([token], openedMs + 12_000)
    await journeys.paid([token], openedMs + 13_000)
    expect(await grown(before)).toMatchObject({ popup: 1, 'signed-in': 1, consented: 1, 'first-packet': 1 })
    expect((await journeys.journeys('1970-01-01')).times).toContainEqual({ secondsMax: 15, journeys: 1 })
  })
})
