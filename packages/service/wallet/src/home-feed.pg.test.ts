import { expect, test } from 'vitest'
import { origin, TestHouse } from './test-house.ts'

const site = 'https://news.example'

/** Follows the feed; what it said so far. */
async function follow(url: string, cookie: string) {
  const leaving = new AbortController()
  const response = await fetch(`${url}/api/me/live`, { headers: { cookie }, signal: leaving.signal })
  let text = ''
  let ended = false
  const reading = (async () => {
    for await (const chunk of response.body ?? []) text += Buffer.from(chunk as Uint8Array).toString()
    ended = true
  })().catch(() => undefined)
  const homes = (): Record<string, unknown>[] => [...text.matchAll(/^event: me\ndata: (.*)$/gm)].map(([, data = '{}']) => JSON.parse(data) as Record<string, unknown>)
  return { status: response.status, type: response.headers.get('content-type'), homes, beats: () => text.split('event: beat\n').length - 1, ended: () => ended, leave: () => (leaving.abort(), reading) }
}

test('an open home is told what is paid each second, what pages wait for and why, and what today came to, as the ledger has it', async () => {
  await using house = await TestHouse.open()
  const { url } = await house.wallet()
  const agent = await house.agent(url, site, await house.connect(url, site))
  const cookie = await house.signIn(url)
  const feed = await follow(url, cookie)
  expect([feed.status, feed.type]).toEqual([200, 'text/event-stream; charset=utf-8'])
  await house.until(() => feed.homes().length > 0)
  expect(feed.homes()[0]).toMatchObject({ spentToday: '0', streams: [], waiting: [], waitingInAll: 0, paused: false })
  await house.until(() => feed.beats() > 0)
  agent.start('one')
  await house.until(() => feed.homes().some(({ spentToday }) => spentToday !== '0'))
  expect(feed.homes().at(-1)).toMatchObject({ streams: [{ site, payee: 'http://localhost:4001/bob', state: 'paying', reason: null }], waiting: [] })
  await fetch(`${url}/api/pause`, { method: 'POST', headers: { origin, cookie, 'content-type': 'application/json' }, body: '{"paused":true}' })
  await house.until(() => feed.homes().at(-1)?.['paused'] === true)
  expect(feed.homes().at(-1)).toMatchObject({ streams: [{ state: 'paused', reason: 'wallet-paused' }] })
  // A stream that stood too long is closed; the page still waits.
  await house.until(() => {
    const home = feed.homes().at(-1)
    return home?.['waitingInAll'] === 1 && Array.isArray(home['streams']) && home['streams'].length === 0
  })
  const last = feed.homes().at(-1)
  const { posted, accrued } = await house.ledger.balance(house.accountId)
  expect(last).toMatchObject({ streams: [], waiting: [{ site, payee: 'http://localhost:4001/bob', reason: 'wallet-paused' }], waitingInAll: 1, spentToday: String(1_000_000_000n - posted - accrued) })
  expect(await house.received()).toBe(1_000_000_000n - posted - accrued)
  await feed.leave()
})

test('the feed ends with the session, and one person has at most ten', async () => {
  await using house = await TestHouse.open()
  const { url } = await house.wallet()
  expect((await fetch(`${url}/api/me/live`)).status).toBe(401)
  const cookie = await house.signIn(url)
  const feeds = await Promise.all(Array.from({ length: 10 }, () => follow(url, cookie)))
  expect(feeds.map(({ status }) => status)).toEqual(Array.from({ length: 10 }, () => 200))
  expect((await fetch(`${url}/api/me/live`, { headers: { cookie } })).status).toBe(429)
  await house.postgres.pool.query('delete from accounts.session')
  await house.until(() => feeds.every(({ ended }) => ended()))
})
