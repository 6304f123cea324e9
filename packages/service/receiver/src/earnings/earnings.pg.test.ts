import type { Person } from '@rivulet/accounts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type PublisherHouse, publisherHouse } from '../test-house.ts'
import type { LiveEarnings } from './live-earnings.ts'
import { type EarningsRoutes, earningsRoutes } from './routes.ts'

let house: PublisherHouse
let earnings: EarningsRoutes
const warnings: string[] = []
beforeAll(async () => {
  house = await publisherHouse(Date.UTC(2026, 2, 10, 23, 59))
  const { books, accounts, clock } = house
  earnings = earningsRoutes({ ledger: books.ledger, accounts, clock, log: { warn: (_about, message) => void warnings.push(message) }, entrance: accounts.entrance('publisher') })
  house.mount(earnings.routes)
})
afterAll(async () => {
  await earnings[Symbol.asyncDispose]()
  await house[Symbol.asyncDispose]()
})

/** A page that follows over a real connection. */
class Follower implements AsyncDisposable {
  readonly #abort = new AbortController()
  readonly #reader: ReadableStreamDefaultReader<Uint8Array> | undefined
  #text = ''

  private constructor(response: Response, abort: AbortController) {
    this.#reader = response.body?.getReader()
    this.#abort = abort
  }

  static async open(who: Person): Promise<Follower> {
    const abort = new AbortController()
    return new Follower(await house.ask(who, '/api/live', { signal: abort.signal }), abort)
  }

  async next(wanted: (event: LiveEarnings) => boolean): Promise<LiveEarnings> {
    for (;;) {
      const end = this.#text.indexOf('\n\n')
      if (end < 0) {
        const chunk = await this.#reader?.read()
        if (chunk === undefined || chunk.done) throw new Error('the server ended the stream')
        this.#text += Buffer.from(chunk.value).toString()
        continue
      }
      const match = /^event: earnings\ndata: (.*)$/.exec(this.#text.slice(0, end))
      this.#text = this.#text.slice(end + 2)
      const event = match === null ? undefined : (JSON.parse(match[1] ?? '') as LiveEarnings)
      if (event !== undefined && wanted(event)) return event
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#abort.abort()
    await this.#reader?.closed.catch(() => undefined)
  }
}

test('a page follows what arrives from the first packet over the posting into the next day, and nobody sees what is another’s', async () => {
  await house.transfer(undefined, house.mara, { amount: 50n, reason: 'share' })
  await house.transfer(undefined, house.mara, { amount: 7n, reason: 'payout-return' })
  await using mara = await Follower.open(house.mara)
  await using noah = await Follower.open(house.noah)
  expect(await mara.next(() => true)).toEqual({ day: '2026-03-10', assets: [{ assetCode: 'EUR', assetScale: 9, balance: '57', today: '50', booked: '50', passedOn: '0', arriving: '0' }], paying: 0, places: [], overMs: 0, more: false })
  expect(await noah.next(() => true)).toMatchObject({ assets: [{ today: '0' }], paying: 0 })
  await house.pay(house.mara, { name: 'one', amount: 30n, site: 'https://magazine.example' })
  const arriving = await mara.next(({ paying }) => paying > 0)
  expect(arriving).toMatchObject({ assets: [{ balance: '87', today: '80', booked: '50', arriving: '30' }], paying: 1, places: [{ pointer: house.mara.walletAddress?.url, site: 'https://magazine.example', streams: 1, arrived: '30', assetCode: 'EUR' }] })
  expect(arriving.overMs).toBeGreaterThan(0)
  // Posted: not a unit more or less than before.
  await house.close('one')
  expect((await mara.next(({ assets }) => assets[0]?.arriving === '0')).assets).toMatchObject([{ balance: '87', today: '80', booked: '80' }])
  await house.transfer(house.mara, house.noah, { amount: 20n, reason: 'split' })
  expect((await mara.next(({ assets }) => assets[0]?.passedOn !== '0')).assets).toMatchObject([{ today: '60', booked: '80', passedOn: '20' }])
  expect((await noah.next(({ assets }) => assets[0]?.today !== '0'))).toMatchObject({ assets: [{ today: '20', booked: '20' }], paying: 0, places: [] })
  house.clock.ahead(120_000)
  expect(await mara.next(({ day }) => day === '2026-03-11')).toMatchObject({ assets: [{ today: '0', booked: '0', passedOn: '0' }], paying: 0 })
  expect(warnings).toEqual([])
})

test('who is not signed in is refused, and a publisher has at most five pages open', async () => {
  expect((await house.ask({}, '/api/live')).status).toBe(401)
  await using open = new AsyncDisposableStack()
  for (let page = 0; page < 5; page += 1) open.use(await Follower.open(house.mara))
  expect((await house.ask(house.mara, '/api/live')).status).toBe(503)
  await using other = await Follower.open(house.noah)
  expect((await other.next(() => true)).assets).toHaveLength(1)
})
