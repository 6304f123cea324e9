import { Webhooks, webhookRoutes } from '@rivulet/notify'
import { personOf } from '@rivulet/accounts'
import { Seal } from '@rivulet/ids'
import { guardedFetch } from '@rivulet/outbound'
import { systemClock } from '@rivulet/time'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { paymentRoutes } from '../payments/routes.ts'
import { revenueRoutes } from '../revenue/routes.ts'
import { statementRoutes } from '../statements/routes.ts'
import { type PublisherHouse, publisherHouse } from '../test-house.ts'
import { apiKeyRoutes } from './routes.ts'

let house: PublisherHouse
let webhooks: Webhooks

beforeAll(async () => {
  house = await publisherHouse(Date.UTC(2026, 0, 31, 12))
  const { books, accounts, clock, apiKeys, mara, noah } = house
  const { ledger, postgres } = books
  const entrance = accounts.entrance('publisher')
  webhooks = new Webhooks({ postgres, clock, log: { warn: () => undefined }, seal: new Seal(Buffer.alloc(32, 3)), random: () => 0.5, allowLocal: true, fetch: guardedFetch({ clock: systemClock, allowLocal: true }) })
  const read = { ledger, accounts, clock }
  house.mount(
    statementRoutes({ ...read, requireReader: apiKeys.requireReader('statements') }),
    revenueRoutes({ ...read, requireReader: apiKeys.requireReader('revenue') }),
    paymentRoutes({ ...read, requireReader: apiKeys.requireReader('payments') }),
    webhookRoutes({ webhooks, requireSession: apiKeys.requireReader('webhooks'), requireSameOrigin: entrance.requireSameOrigin, ownerOf: (response) => personOf(response).id }),
    apiKeyRoutes({ apiKeys, entrance }),
  )
  await house.transfer(undefined, mara, { amount: 41n, reason: 'stream' })
  await house.transfer(undefined, noah, { amount: 17n, reason: 'stream' })
  await webhooks.add(mara.id, { url: 'http://mara.example/hook' })
  await webhooks.add(noah.id, { url: 'http://noah.example/hook' })
})
beforeEach(() => house.books.postgres.pool.query('delete from receiver.api_key'))
afterAll(async () => {
  await webhooks[Symbol.asyncDispose]()
  await house[Symbol.asyncDispose]()
})

type Maker = PublisherHouse['mara']
const make = async (who: Maker, scopes: readonly string[]): Promise<{ readonly id: string; readonly bearer: { readonly authorization: string } }> => {
  const answer = await house.ask(who, '/api/api-keys', { method: 'POST', body: JSON.stringify({ name: 'shop', scopes }) })
  const { id, key } = (await answer.json()) as { id: string; key: string }
  return { id, bearer: { authorization: `Bearer ${key}` } }
}

const period = '?from=2026-01-31&to=2026-01-31'
const doors = [
  ['/api/statements', period, 'statements'],
  ['/api/statements.csv', period, 'statements'],
  ['/api/statements.pdf', period, 'statements'],
  ['/api/revenue', period, 'revenue'],
  ['/api/revenue.csv', period, 'revenue'],
  ['/api/payments', '', 'payments'],
  ['/api/webhooks', '', 'webhooks'],
] as const

test.each(doors)('%s%s opens to a key with the scope %s, to no other, and shows its publisher’s own and nothing of another', async (path, query, scope) => {
  const [mara, noah] = [await make(house.mara, [scope]), await make(house.noah, [scope])]
  const others = await make(house.mara, ['statements', 'revenue', 'payments', 'webhooks'].filter((one) => one !== scope))
  const [hers, his] = await Promise.all([mara, noah].map(async ({ bearer }) => {
    const answer = await house.ask(bearer, `${path}${query}`)
    expect(answer.status).toBe(200)
    return answer.text()
  }))
  // What a PDF says is compressed.
  const names = (text = ''): readonly boolean[] => [/mara/i, /noah/i].map((name) => name.test(text))
  expect([names(hers), names(his)]).toEqual(path.endsWith('.pdf') ? [[false, false], [false, false]] : [[true, false], [false, true]])
  const refused = await house.ask(others.bearer, `${path}${query}`)
  expect([refused.status, await refused.json()]).toMatchObject([403, { error: { code: 'api-key-scope' } }])
})

test('no key changes anything, reaches what has no scope, or makes and revokes keys', async () => {
  const { bearer, id } = await make(house.mara, ['statements', 'revenue', 'payments', 'webhooks'])
  const { webhooks: [hook] } = (await (await house.ask(bearer, '/api/webhooks')).json()) as { webhooks: { id: string }[] }
  const tries = await Promise.all(([['POST', '/api/webhooks'], ['DELETE', `/api/webhooks/${hook?.id}`], ['POST', '/api/api-keys'], ['DELETE', `/api/api-keys/${id}`], ['GET', '/api/api-keys']] as const)
    .flatMap(([method, path]) => [bearer, { ...bearer, origin: house.origin }].map(async (headers) => (await house.ask(headers, path, { method, ...(method === 'POST' && { body: '{}' }) })).status)))
  expect(new Set(tries)).toEqual(new Set([401, 403]))
  expect(await webhooks.list(house.mara.id)).toHaveLength(1)
})

test('a key is shown once and kept as its hash; the list says its start and when it was used; revoked, it is dead with the next request', async () => {
  const { bearer, id } = await make(house.mara, ['payments'])
  const key = bearer.authorization.slice('Bearer '.length)
  expect(await (await house.ask(bearer, '/api/payments')).json()).toMatchObject({ payments: [{ kind: 'stream', amount: '41', pointer: house.mara.walletAddress?.url, assetCode: 'EUR', assetScale: 9 }], next: null })
  const { rows } = await house.books.postgres.pool.query<{ text: string }>('select k::text as text from receiver.api_key k')
  expect(rows).toHaveLength(1)
  expect(rows[0]?.text).not.toContain(key.slice(13))
  const listed = await (await house.ask(house.mara, '/api/api-keys')).text()
  expect(listed).not.toContain(key)
  expect(JSON.parse(listed)).toMatchObject({ keys: [{ id, name: 'shop', start: key.slice(0, 12), scopes: ['payments'], usedAtMs: expect.any(Number) as unknown, revokedAtMs: null }] })
  // Not hers to revoke, then hers.
  const statuses = []
  for (const who of [house.noah, house.mara, house.mara]) statuses.push((await house.ask(who, `/api/api-keys/${id}`, { method: 'DELETE' })).status)
  expect(statuses).toEqual([404, 204, 404])
  const answer = await house.ask(bearer, '/api/payments')
  expect([answer.status, answer.headers.get('www-authenticate'), await answer.json()]).toMatchObject([401, 'Bearer', { error: { code: 'api-key-unknown' } }])
})

test.each([{}, { name: '', scopes: ['revenue'] }, { name: 'x', scopes: [] }, { name: 'x', scopes: ['payouts'] }, { name: 'x', scopes: ['revenue', 'revenue'] }, { name: 'x'.repeat(61), scopes: ['revenue'] }, { name: 'x', scopes: ['revenue'], more: 1 }])('%j makes no key', async (given) => {
  const answer = await house.ask(house.mara, '/api/api-keys', { method: 'POST', body: JSON.stringify(given) })
  expect([answer.status, await answer.json()]).toMatchObject([400, { error: { code: 'api-key-invalid' } }])
})

test('a publisher has at most twenty keys, also when many are made at once; who tries wrong keys waits, and who has a right one does not', async () => {
  const { bearer } = await make(house.mara, ['payments'])
  const made = await Promise.all(Array.from({ length: 25 }, async () => (await house.ask(house.mara, '/api/api-keys', { method: 'POST', body: JSON.stringify({ name: 'many', scopes: ['revenue'] }) })).status))
  expect([made.filter((status) => status === 201).length, new Set(made)]).toEqual([19, new Set([201, 409])])
  const wrong = await Promise.all(Array.from({ length: 25 }, async (_, index) => (await house.ask({ authorization: `Bearer rvk_${String(index).padEnd(43, 'x')}` }, '/api/payments')).status))
  expect(new Set(wrong)).toEqual(new Set([401, 429]))
  expect((await house.ask(bearer, '/api/payments')).status).toBe(200)
})

test('payments come in pages, newest first, and what went between two pointers of hers is not parted', async () => {
  const second = await house.accounts.addWalletAddress(house.noah.id, { path: 'noah-two', publicName: 'Second', asset: { code: 'EUR', scale: 9 } })
  await house.books.ledger.transfer({ key: 'own split', debitAccountId: house.noah.walletAddress?.ledgerAccountId ?? 'acct_', creditAccountId: second.ledgerAccountId, amount: 3n, reason: 'split' })
  type Page = { payments: { id: string; kind: string; amount: string }[]; next: string | null }
  const first = (await (await house.ask(house.noah, '/api/payments?limit=1')).json()) as Page
  expect(first.payments.map(({ kind, amount }) => `${kind} ${amount}`).toSorted()).toEqual(['split-in 3', 'split-out -3'])
  const then = (await (await house.ask(house.noah, `/api/payments?limit=1&before=${first.next}`)).json()) as Page
  expect([then.payments.map(({ kind, amount }) => `${kind} ${amount}`), then.next]).toEqual([['stream 17'], null])
  expect((await house.ask(house.noah, '/api/payments?limit=0')).status).toBe(400)
})
