import { afterAll, beforeAll, expect, test } from 'vitest'
import { type PublisherHouse, publisherHouse } from '../test-house.ts'
import { revenueRoutes } from './routes.ts'

const dayMs = 86_400_000
const magazine = 'https://magazine.example'
let house: PublisherHouse

beforeAll(async () => {
  house = await publisherHouse(Date.UTC(2026, 0, 29, 12))
  const { books, accounts, clock, apiKeys, mara, noah } = house
  house.mount(revenueRoutes({ ledger: books.ledger, accounts, clock, requireReader: apiKeys.requireReader('revenue') }))
  await house.pay(mara, { name: 'before', amount: 40n, site: magazine })
  await house.close('before')
  house.clock.ahead(2 * dayMs)
  await house.pay(mara, { name: 'one', amount: 30n, site: magazine })
  await house.pay(mara, { name: 'two', amount: 12n, site: '=https://other.example' })
  await house.close('one')
  await house.close('two')
  await house.transfer(undefined, mara, { amount: 5n, reason: 'stream' })
  await house.transfer(mara, noah, { amount: 9n, reason: 'split' })
  house.clock.ahead(dayMs)
  await house.transfer(undefined, mara, { amount: 100n, reason: 'share' })
  await house.transfer(mara, undefined, { amount: 60n, reason: 'payout' })
  await house.transfer(undefined, mara, { amount: 60n, reason: 'payout-return' })
})
afterAll(() => house[Symbol.asyncDispose]())

const query = '?from=2026-01-31&to=2026-02-01'

interface Answer {
  readonly assets: readonly { readonly amount: string; readonly byDay: readonly { readonly amount: string }[]; readonly bySite: readonly { readonly amount: string }[]; readonly byPointer: readonly { readonly amount: string }[] }[]
}

test('revenue by site, pointer and day stands beside the period before, and each way adds up to what the ledger’s accounts earned', async () => {
  const answer = (await (await house.ask(house.mara, `/api/revenue${query}`)).json()) as Answer
  const pointer = house.mara.walletAddress?.url
  expect(answer).toMatchObject({
    from: '2026-01-31', to: '2026-02-01', before: { from: '2026-01-29', to: '2026-01-30' },
    assets: [{
      assetCode: 'EUR', assetScale: 9, amount: '138', before: '40',
      bySite: [{ site: null, amount: '96', before: '0' }, { site: magazine, amount: '30', before: '40' }, { site: '=https://other.example', amount: '12', before: '0' }],
      byPointer: [{ pointer, amount: '138', before: '40' }],
      byDay: [{ day: '2026-01-31', amount: '38', before: '40' }, { day: '2026-02-01', amount: '100', before: '0' }],
    }],
  })
  const sum = (lines: readonly { readonly amount: string }[] = []): bigint => lines.reduce((total, { amount }) => total + BigInt(amount), 0n)
  const [eur] = answer.assets
  expect([sum(eur?.bySite), sum(eur?.byPointer), sum(eur?.byDay)]).toEqual([138n, 138n, 138n])
  // Nothing but earnings is on her account: what the whole time brought is her balance.
  const whole = (await (await house.ask(house.mara, '/api/revenue?from=2026-01-01&to=2026-03-01')).json()) as Answer
  const { posted } = await house.books.ledger.balance(house.mara.walletAddress?.ledgerAccountId ?? 'acct_')
  expect(BigInt(whole.assets[0]?.amount ?? '')).toBe(posted)
  expect(await (await house.ask(house.noah, `/api/revenue${query}`)).json()).toMatchObject({ assets: [{ amount: '9', before: '0', bySite: [{ site: null, amount: '9' }] }] })
})

test('the CSV has the same amounts, and no cell that a spreadsheet would run', async () => {
  const answer = await house.ask(house.mara, `/api/revenue.csv${query}`)
  const [head, ...lines] = (await answer.text()).trim().split('\r\n')
  const pointer = house.mara.walletAddress?.url ?? ''
  expect(head).toBe('day,pointer,site,amount,asset')
  expect(lines.toSorted()).toEqual([`2026-01-31,${pointer},'=https://other.example,0.000000012,EUR`, `2026-01-31,${pointer},,-0.000000004,EUR`, `2026-01-31,${pointer},${magazine},0.000000030,EUR`, `2026-02-01,${pointer},,0.000000100,EUR`].toSorted())
})

test.each(['', '?from=2026-02-01&to=2026-01-31', '?from=1970-01-01&to=1970-01-02', '?from=2026-01-01&to=tomorrow'])('%j is refused as no period', async (wrong) => {
  const answer = await house.ask(house.mara, `/api/revenue${wrong}`)
  expect([answer.status, await answer.json()]).toEqual([400, { error: { code: 'period-invalid', message: expect.any(String) as unknown } }])
})
