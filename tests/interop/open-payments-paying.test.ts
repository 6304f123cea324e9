/** The paying half of Open Payments, by the official client with response validation on, and by hand where a client would not go. The product runs in a process of its own. */
import { createPublicKey } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { createAuthenticatedClient, isFinalizedGrantWithAccessToken, isPendingGrant, OpenPaymentsClientError } from '@interledger/open-payments'
import type { WalletAddress } from '@rivulet/accounts'
import type { Access } from '@rivulet/gnap'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { newClientKey, PayingHouse, signed } from '../support/paying.ts'
import { rivulet, Server } from '../support/product.ts'
import { sandboxFolder } from '../support/shared-folder.ts'

type Client = Awaited<ReturnType<typeof createAuthenticatedClient>>

const resources = new AsyncDisposableStack()
const key = newClientKey()
let folder: string
const budget = 5_000_000_000n
let product: Server
let house: PayingHouse
let alice: WalletAddress
let mara: WalletAddress
let client: Client
let quoteToken: string

const eur = (value: bigint | number | string) => ({ value: String(value), assetCode: 'EUR', assetScale: 9 })
const outgoing = (limits?: Extract<Access, { type: 'outgoing-payment' }>['limits']): Access => ({ type: 'outgoing-payment', actions: ['create', 'read', 'list'], identifier: alice.url, ...(limits !== undefined && { limits }) })
const grant = (limits?: Parameters<typeof outgoing>[0]): Promise<string> => house.grant(alice, key, [outgoing(limits)])
const incoming = async (changes: Partial<Parameters<PayingHouse['incoming']['create']>[0]> = {}): Promise<string> => (await house.incoming.create({ walletAddress: mara, client: alice.url, ...changes })).payment.url
const descriptionOf = ({ body }: { readonly body: Record<string, unknown> }): unknown => (body['error'] as { description?: unknown } | undefined)?.description

beforeAll(async () => {
  const shared = resources.use(await sandboxFolder())
  folder = shared.path
  product = resources.use(await Server.start(['up', '--port', '0', '--data', folder]))
  house = resources.use(await PayingHouse.open({ databaseUrl: shared.databaseUrl, dataFolder: folder, urls: product.ready }))
  alice = await house.address('alice')
  mara = await house.address('mara')
  await rivulet(['keys', 'add', 'alice', key.base64Jwk, '--data', folder])
  client = recorded(await createAuthenticatedClient({ walletAddressUrl: alice.url, privateKey: key.privateKey, keyId: key.keyId, useHttp: true, validateResponses: true, logLevel: 'silent' }))
  quoteToken = await house.quoteGrant(alice, key)
})
afterAll(() => resources.disposeAsync())

/** What the official client has been answered, and found to be as the OpenAPI files say. */
const walked = new Set<string>()

function recorded<T extends object>(part: T, path: readonly string[] = []): T {
  return new Proxy(part, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name)
      const here = [...path, String(name)]
      if (typeof value === 'object' && value !== null) return recorded(value, here)
      if (typeof value !== 'function') return value
      return async (...given: unknown[]): Promise<unknown> => {
        const answer: unknown = await Reflect.apply(value, target, given)
        walked.add(here.join('.'))
        return answer
      }
    },
  })
}

/** Every operation of the OpenAPI files, and how the official client asks for it. */
const operations: Readonly<Record<string, string>> = {
  'post-request': 'grant.request', 'post-continue': 'grant.continue', 'delete-continue': 'grant.cancel', 'post-token': 'token.rotate', 'delete-token': 'token.revoke',
  'create-incoming-payment': 'incomingPayment.create', 'list-incoming-payments': 'incomingPayment.list', 'get-incoming-payment': 'incomingPayment.get', 'complete-incoming-payment': 'incomingPayment.complete',
  'create-quote': 'quote.create', 'get-quote': 'quote.get',
  'create-outgoing-payment': 'outgoingPayment.create', 'list-outgoing-payments': 'outgoingPayment.list', 'get-outgoing-payment': 'outgoingPayment.get', 'get-outgoing-payment-grant': 'outgoingPayment.getGrantSpentAmounts',
  'get-wallet-address': 'walletAddress.get', 'get-wallet-address-keys': 'walletAddress.getKeys', 'get-wallet-address-did-document': 'walletAddress.getDIDDocument',
}

/** Alice signs in and accepts what a client asks for; the reference that her browser takes back. */
async function accepted(redirect: string): Promise<string> {
  const origin = product.ready.wallet
  const { email, password } = product.ready.demoAccounts.find((account) => account.email.startsWith('alice@')) ?? {}
  const signedIn = await fetch(`${origin}/api/auth/sign-in/email`, { method: 'POST', headers: { origin, 'content-type': 'application/json' }, body: JSON.stringify({ email, password }) })
  const headers = { origin, cookie: signedIn.headers.getSetCookie().map((cookie) => cookie.split(';')[0]).join('; ') }
  expect((await fetch(`${redirect.replace('/auth/interact/', '/api/interactions/')}/accept`, { method: 'POST', headers })).status).toBe(200)
  const back = await fetch(`${redirect}/finish`, { headers, redirect: 'manual' })
  return new URL(back.headers.get('location') ?? '').searchParams.get('interact_ref') ?? ''
}

/** As the extension does for a one-time payment: until all is sent, or it has failed. */
async function settled(url: string, accessToken: string) {
  for (;;) {
    const payment = await client.outgoingPayment.get({ url, accessToken })
    if (payment.failed === true || payment.sentAmount.value === payment.debitAmount.value) return payment
  }
}

describe('the official client', () => {
  test('quotes, pays from the quote, reads, lists, and sees what its grant has spent', async () => {
    const accessToken = await grant({ debitAmount: eur(1_000_000), interval: 'R/2026-01-31T00:00:00Z/P1M' })
    expect(await client.outgoingPayment.getGrantSpentAmounts({ url: product.ready.wallet, accessToken })).toEqual({ spentDebitAmount: null, spentReceiveAmount: null })
    const receiver = await incoming()
    const quote = await client.quote.create({ url: product.ready.wallet, accessToken: quoteToken }, { walletAddress: alice.url, receiver, method: 'ilp', debitAmount: eur(400_000) })
    expect(quote).toMatchObject({ walletAddress: alice.url, receiver, debitAmount: eur(400_000), receiveAmount: eur(400_000), method: 'ilp' })
    expect(await client.quote.get({ url: quote.id, accessToken: quoteToken })).toEqual(quote)
    const metadata = { source: 'Web Monetization', nested: { deep: [1, null, 'ü'] } }
    const made = await client.outgoingPayment.create({ url: product.ready.wallet, accessToken }, { walletAddress: alice.url, quoteId: quote.id, metadata })
    expect(made).toMatchObject({ quoteId: quote.id, failed: false, receiver, grantSpentDebitAmount: eur(400_000), grantSpentReceiveAmount: eur(400_000), metadata })
    expect(await settled(made.id, accessToken)).toMatchObject({ failed: false, sentAmount: eur(400_000) })
    const second = await client.outgoingPayment.create({ url: product.ready.wallet, accessToken }, { walletAddress: alice.url, incomingPayment: receiver, debitAmount: eur(600_000) })
    expect(second).toMatchObject({ grantSpentDebitAmount: eur(1_000_000) })
    await settled(second.id, accessToken)
    expect((await house.incoming.get(receiver.slice(receiver.lastIndexOf('/') + 1)))?.receivedAmount).toBe(1_000_000n)
    expect(await client.outgoingPayment.getGrantSpentAmounts({ url: product.ready.wallet, accessToken })).toEqual({ spentDebitAmount: eur(1_000_000), spentReceiveAmount: eur(1_000_000) })
    const over = client.outgoingPayment.create({ url: product.ready.wallet, accessToken }, { walletAddress: alice.url, incomingPayment: receiver, debitAmount: eur(1) })
    await expect(over).rejects.toMatchObject({ status: 403, description: 'unauthorized' })
    await expect(over).rejects.toBeInstanceOf(OpenPaymentsClientError)
    const list = (page: { readonly first: number; readonly cursor?: string } | { readonly last: number; readonly cursor: string }) =>
      client.outgoingPayment.list({ url: product.ready.wallet, walletAddress: alice.url, accessToken }, { 'wallet-address': alice.url, ...page })
    const first = await list({ first: 1 })
    expect(first).toMatchObject({ result: [{ id: second.id }], pagination: { hasNextPage: true, hasPreviousPage: false } })
    const next = await list({ first: 1, cursor: first.pagination.endCursor ?? '' })
    expect(next).toMatchObject({ result: [{ id: made.id, metadata }], pagination: { hasPreviousPage: true } })
    expect(await list({ last: 1, cursor: next.pagination.startCursor ?? '' })).toMatchObject({ result: [{ id: second.id }], pagination: { hasNextPage: true, hasPreviousPage: false } })
    expect(await list({ first: 5, cursor: 'outp_00000000000000000000000000' })).toMatchObject({ result: [], pagination: { hasNextPage: false } })
  })

  test('asks for grants as the extension does: for what receives at once, for what pays by a person; goes on, rotates, revokes, and gives them back', async () => {
    const payee = await client.walletAddress.get({ url: mara.url })
    expect((await client.walletAddress.getKeys({ url: alice.url })).keys).toEqual([expect.objectContaining({ kid: key.keyId, alg: 'EdDSA' })])
    const { host } = new URL(alice.url)
    expect(await client.walletAddress.getDIDDocument({ url: alice.url })).toMatchObject({ id: `did:web:${encodeURIComponent(host)}:alice`, verificationMethod: [{ type: 'JsonWebKey2020' }] })
    const receiving = await client.grant.request({ url: payee.authServer }, { access_token: { access: [{ type: 'incoming-payment', actions: ['create', 'read', 'list', 'complete'], identifier: payee.id }] } })
    if (!isFinalizedGrantWithAccessToken(receiving)) throw new Error('no person is needed for this')
    const created = await client.incomingPayment.create({ url: payee.resourceServer, accessToken: receiving.access_token.value }, { walletAddress: payee.id, metadata: { source: 'Web Monetization' } })
    const { access_token: { value: accessToken, manage } } = await client.token.rotate({ url: receiving.access_token.manage, accessToken: receiving.access_token.value })
    expect(await client.incomingPayment.get({ url: created.id, accessToken })).toMatchObject({ id: created.id, completed: false })
    expect((await client.incomingPayment.list({ url: payee.resourceServer, accessToken, walletAddress: payee.id }, { first: 1, 'wallet-address': payee.id })).result.map(({ id }) => id)).toEqual([created.id])
    expect(await client.incomingPayment.complete({ url: created.id, accessToken })).toMatchObject({ completed: true })
    await client.token.revoke({ url: manage, accessToken })
    await expect(client.incomingPayment.get({ url: created.id, accessToken })).rejects.toMatchObject({ status: 403, description: 'Inactive Token' })
    await client.grant.cancel({ url: receiving.continue.uri, accessToken: receiving.continue.access_token.value })

    const { authServer } = await client.walletAddress.get({ url: alice.url })
    const asked = await client.grant.request({ url: authServer }, {
      access_token: { access: [{ type: 'outgoing-payment', actions: ['create', 'read'], identifier: alice.url, limits: { debitAmount: eur(1_000) } }] },
      interact: { start: ['redirect'], finish: { method: 'redirect', uri: 'http://localhost/welcome', nonce: 'a nonce' } },
    })
    if (!isPendingGrant(asked)) throw new Error('a person must agree to this')
    const paying = await client.grant.continue({ url: asked.continue.uri, accessToken: asked.continue.access_token.value }, { interact_ref: await accepted(asked.interact.redirect) })
    if (!isFinalizedGrantWithAccessToken(paying)) throw new Error('she has accepted')
    const payment = await client.outgoingPayment.create({ url: product.ready.wallet, accessToken: paying.access_token.value }, { walletAddress: alice.url, incomingPayment: await incoming(), debitAmount: eur(1_000) })
    expect(await settled(payment.id, paying.access_token.value)).toMatchObject({ failed: false })
    await client.grant.cancel({ url: paying.continue.uri, accessToken: paying.continue.access_token.value })
  })

  test('has by now walked every operation of the OpenAPI files', () => {
    const folder = join(dirname(createRequire(import.meta.url).resolve('@interledger/open-payments')), 'openapi', 'specs')
    const ids = readdirSync(folder).flatMap((file) => Array.from(readFileSync(join(folder, file), 'utf8').matchAll(/^ +operationId: (\S+)$/gm), ([, id]) => id ?? ''))
    expect(ids.toSorted()).toEqual(Object.keys(operations).toSorted())
    expect(Object.values(operations).filter((way) => !walked.has(way))).toEqual([])
  })

  test('pays an incoming payment to its amount, in parts, and not beyond', async () => {
    const accessToken = await grant()
    const receiver = await incoming({ incomingAmount: 10_000n })
    const part = await client.outgoingPayment.create({ url: product.ready.wallet, accessToken }, { walletAddress: alice.url, incomingPayment: receiver, debitAmount: eur(4_000) })
    await settled(part.id, accessToken)
    const quote = await client.quote.create({ url: product.ready.wallet, accessToken: quoteToken }, { walletAddress: alice.url, receiver, method: 'ilp' })
    expect(quote).toMatchObject({ debitAmount: eur(6_000), receiveAmount: eur(6_000) })
    const rest = await client.outgoingPayment.create({ url: product.ready.wallet, accessToken }, { walletAddress: alice.url, quoteId: quote.id })
    await settled(rest.id, accessToken)
    expect(await house.incoming.get(receiver.slice(receiver.lastIndexOf('/') + 1))).toMatchObject({ receivedAmount: 10_000n, state: 'completed' })
    await expect(client.quote.create({ url: product.ready.wallet, accessToken: quoteToken }, { walletAddress: alice.url, receiver, method: 'ilp', debitAmount: eur(1) })).rejects.toMatchObject({ status: 400, description: 'invalid receiver' })
    await expect(client.outgoingPayment.create({ url: product.ready.wallet, accessToken }, { walletAddress: alice.url, incomingPayment: receiver, debitAmount: eur(1) })).rejects.toMatchObject({ status: 400, description: 'invalid receiver' })
  })

  test('a receiver that disappears between quote and payment is an invalid receiver, and nothing is paid', async () => {
    const accessToken = await grant()
    const receiver = await incoming()
    const quote = await client.quote.create({ url: product.ready.wallet, accessToken: quoteToken }, { walletAddress: alice.url, receiver, method: 'ilp', receiveAmount: eur(5_000) })
    await house.incoming.complete(receiver.slice(receiver.lastIndexOf('/') + 1))
    await expect(client.outgoingPayment.create({ url: product.ready.wallet, accessToken }, { walletAddress: alice.url, quoteId: quote.id })).rejects.toMatchObject({ status: 400, description: 'invalid receiver' })
    expect(await client.outgoingPayment.getGrantSpentAmounts({ url: product.ready.wallet, accessToken })).toEqual({ spentDebitAmount: null, spentReceiveAmount: null })
  })
})

describe('what cannot be', () => {
  let token: string
  let receiver: string
  beforeAll(async () => {
    token = await grant({ debitAmount: eur(10n ** 15n) })
    receiver = await incoming()
  })
  const post = (path: string, body: unknown, accessToken: string) => signed('POST', `${product.ready.wallet}${path}`, { key, token: accessToken, body })
  const wrongAmounts: readonly (readonly [string, unknown])[] = [
    ['missing value', { assetCode: 'EUR', assetScale: 9 }], ['a number', { ...eur(1), value: 1 }], ['negative', eur(-1)], ['zero', eur(0)], ['a fraction', eur('1.5')], ['huge', eur('9'.repeat(400))], ['beyond 2^62', eur(2n ** 62n + 1n)],
    ['hexadecimal', eur('0x10')], ['blank', eur('')], ['another scale', { ...eur(1), assetScale: 2 }], ['another currency', { ...eur(1), assetCode: 'USD' }], ['lower case', { ...eur(1), assetCode: 'eur' }], ['scale as text', { ...eur(1), assetScale: '9' }],
    ['one field more', { ...eur(1), currency: 'EUR' }], ['text', '1'], ['null', null], ['a list', [eur(1)]],
  ]

  test.each(wrongAmounts)('an amount that is %s: 400 for quotes and payments', async (_what, amount) => {
    const answers = await Promise.all([
      post('/quotes', { walletAddress: alice.url, receiver, method: 'ilp', debitAmount: amount }, quoteToken),
      post('/quotes', { walletAddress: alice.url, receiver, method: 'ilp', receiveAmount: amount }, quoteToken),
      post('/outgoing-payments', { walletAddress: alice.url, incomingPayment: receiver, debitAmount: amount }, token),
    ])
    expect(answers.map(({ status, body }) => [status, (body['error'] as { code: string }).code])).toEqual([[400, '400'], [400, '400'], [400, '400']])
  })

  const bodies: readonly (readonly [string, string, () => unknown, number])[] = [
    ['no body', '/quotes', () => undefined, 400],
    ['no JSON', '/quotes', () => '{', 400],
    ['JSON in UTF-16', '/quotes', () => Buffer.from('{"a":1}', 'utf16le').toString('latin1'), 400],
    ['a list', '/quotes', () => [], 400],
    ['no wallet address', '/quotes', () => ({ receiver, method: 'ilp', debitAmount: eur(1) }), 400],
    ['a wallet address of nobody', '/quotes', () => ({ walletAddress: `${product.ready.wallet}/nobody`, receiver, method: 'ilp', debitAmount: eur(1) }), 404],
    ['a publisher’s wallet address', '/quotes', () => ({ walletAddress: mara.url, receiver, method: 'ilp', debitAmount: eur(1) }), 404],
    ['no receiver', '/quotes', () => ({ walletAddress: alice.url, method: 'ilp', debitAmount: eur(1) }), 400],
    ['a receiver that is none', '/quotes', () => ({ walletAddress: alice.url, receiver: 'https://host/other/1', method: 'ilp', debitAmount: eur(1) }), 400],
    ['a receiver of 3 kB', '/quotes', () => ({ walletAddress: alice.url, receiver: `${receiver}${'x'.repeat(3_000)}`, method: 'ilp', debitAmount: eur(1) }), 400],
    ['an unknown receiver here', '/quotes', () => ({ walletAddress: alice.url, receiver: `${product.ready.receiver}/incoming-payments/inpm_00000000000000000000000000`, method: 'ilp', debitAmount: eur(1) }), 400],
    ['another method', '/quotes', () => ({ walletAddress: alice.url, receiver, method: 'card', debitAmount: eur(1) }), 400],
    ['both amounts', '/quotes', () => ({ walletAddress: alice.url, receiver, method: 'ilp', debitAmount: eur(1), receiveAmount: eur(1) }), 400],
    ['no amount anywhere', '/quotes', () => ({ walletAddress: alice.url, receiver, method: 'ilp' }), 400],
    ['a field more', '/quotes', () => ({ walletAddress: alice.url, receiver, method: 'ilp', debitAmount: eur(1), tip: eur(1) }), 400],
    ['neither quote nor receiver', '/outgoing-payments', () => ({ walletAddress: alice.url }), 400],
    ['quote and receiver', '/outgoing-payments', () => ({ walletAddress: alice.url, quoteId: `${product.ready.wallet}/quotes/x`, incomingPayment: receiver, debitAmount: eur(1) }), 400],
    ['an unknown quote', '/outgoing-payments', () => ({ walletAddress: alice.url, quoteId: `${product.ready.wallet}/quotes/quot_00000000000000000000000000` }), 400],
    ['a quote of elsewhere', '/outgoing-payments', () => ({ walletAddress: alice.url, quoteId: 'https://elsewhere.example/quotes/quot_00000000000000000000000000' }), 400],
    ['a quote that is no URL', '/outgoing-payments', () => ({ walletAddress: alice.url, quoteId: 'quot_00000000000000000000000000' }), 400],
    ['a payment without amount', '/outgoing-payments', () => ({ walletAddress: alice.url, incomingPayment: receiver }), 400],
    ['metadata as text', '/outgoing-payments', () => ({ walletAddress: alice.url, incomingPayment: receiver, debitAmount: eur(1), metadata: 'x' }), 400],
    ['metadata of 9 kB', '/outgoing-payments', () => ({ walletAddress: alice.url, incomingPayment: receiver, debitAmount: eur(1), metadata: { text: 'x'.repeat(9_000) } }), 400],
    ['a body of 100 kB', '/outgoing-payments', () => ({ walletAddress: alice.url, incomingPayment: receiver, debitAmount: eur(1), metadata: { text: 'x'.repeat(100_000) } }), 413],
    ['another’s wallet address', '/outgoing-payments', () => ({ walletAddress: `${product.ready.wallet}/ben`, incomingPayment: receiver, debitAmount: eur(1) }), 403],
    ['more than there is', '/outgoing-payments', () => ({ walletAddress: alice.url, incomingPayment: receiver, debitAmount: eur(budget + 1n) }), 403],
  ]
  test.each(bodies)('%s at %s', async (_what, path, body, status) => {
    const answer = await post(path, body(), path === '/quotes' ? quoteToken : token)
    expect([answer.status, typeof descriptionOf(answer)]).toEqual([status, 'string'])
  })

  test('every string that clients compare is said exactly', async () => {
    const quote = (body: object) => post('/quotes', { walletAddress: alice.url, method: 'ilp', ...body }, quoteToken)
    const pay = (body: object, accessToken = token) => post('/outgoing-payments', { walletAddress: alice.url, ...body }, accessToken)
    const gone = `${product.ready.receiver}/incoming-payments/inpm_00000000000000000000000000`
    const limited = await grant({ debitAmount: eur(10), interval: 'R/2026-01-31T00:00:00Z/P1M' })
    const bound = await grant({ receiver })
    const early = await grant({ debitAmount: eur(10), interval: 'R1/2099-01-31T00:00:00Z/P1M' })
    const answers = await Promise.all([
      quote({ receiver: gone, debitAmount: eur(1) }), pay({ incomingPayment: gone, debitAmount: eur(1) }), pay({ incomingPayment: receiver, debitAmount: eur(11) }, limited),
      pay({ incomingPayment: await incoming(), debitAmount: eur(1) }, bound), pay({ incomingPayment: receiver, debitAmount: eur(1) }, early), pay({ incomingPayment: receiver, debitAmount: eur(budget * 2n) }),
      pay({ quoteId: `${product.ready.wallet}/quotes/quot_00000000000000000000000000` }), pay({ incomingPayment: receiver, debitAmount: eur(1) }, 'nonsense'), pay({ incomingPayment: receiver, debitAmount: eur(1) }, quoteToken),
      quote({ receiver, debitAmount: { ...eur(1), assetCode: 'USD' } }), pay({ incomingPayment: receiver, debitAmount: { ...eur(1), assetScale: 2 } }),
    ])
    expect(answers.map((answer) => [answer.status, descriptionOf(answer)])).toEqual([
      [400, 'invalid receiver'], [400, 'invalid receiver'], [403, 'unauthorized'], [403, 'unauthorized'], [403, 'unauthorized'], [403, 'unauthorized'], [400, 'invalid quote'], [401, 'Invalid Token'], [403, 'Insufficient Grant'], [400, 'invalid amount'], [400, 'invalid amount'],
    ])
    expect(answers[7]?.headers.get('www-authenticate')).toBe(`GNAP as_uri=${product.ready.wallet}/auth`)
    expect(descriptionOf(await signed('POST', `${product.ready.wallet}/outgoing-payments`, { key: newClientKey(), token, body: {} }))).toContain('Signature validation error')
  })

  test('unknown ids, malformed ids and ids of others are not found; pages out of bounds are refused', async () => {
    const ben = await house.address('ben')
    const other = await house.grant(ben, key, [{ type: 'outgoing-payment', actions: ['create', 'read', 'list'], identifier: ben.url }], alice.url)
    const mine = await post('/outgoing-payments', { walletAddress: alice.url, incomingPayment: receiver, debitAmount: eur(7) }, token)
    const quote = await post('/quotes', { walletAddress: alice.url, receiver, method: 'ilp', debitAmount: eur(7) }, quoteToken)
    const strangersQuotes = await house.quoteGrant(ben, key, 'https://stranger.example/app')
    const get = async (path: string, accessToken: string) => (await signed('GET', path.startsWith('http') ? path : `${product.ready.wallet}${path}`, { key, token: accessToken })).status
    expect(await get(String(mine.body['id']), token)).toBe(200)
    expect(await get(String(mine.body['id']), other)).toBe(403)
    expect(await get(String(quote.body['id']), quoteToken)).toBe(200)
    expect(await get(String(quote.body['id']), strangersQuotes)).toBe(401)
    const says = async (path: string, accessToken: string) => {
      const answer = await signed('GET', path.startsWith('http') ? path : `${product.ready.wallet}${path}`, { key, token: accessToken })
      return [answer.status, descriptionOf(answer)]
    }
    const thirds = { id: 'https://wallet.example/third', name: undefined, keyId: key.keyId, keyX: String(createPublicKey(key.privateKey).export({ format: 'jwk' }).x) }
    const [others, everybodys] = await Promise.all((['read', 'read-all'] as const).map(async (action) => (await house.gnap.issue({ client: thirds, access: [{ type: 'quote', actions: [action] }] })).token.value))
    expect(await says(String(quote.body['id']), others ?? '')).toEqual([404, 'Quote does not exist'])
    expect(await says(String(quote.body['id']), everybodys ?? '')).toEqual([200, undefined])
    const herOther = await house.grant(alice, key, [{ type: 'outgoing-payment', actions: ['read'], identifier: alice.url }], mara.url)
    await rivulet(['keys', 'add', 'mara', key.base64Jwk, '--data', folder])
    expect(await says(String(mine.body['id']), herOther)).toEqual([404, 'Outgoing payment does not exist'])
    for (const path of ['/outgoing-payments/outp_00000000000000000000000000', '/outgoing-payments/%00', `/outgoing-payments/${'x'.repeat(2_000)}`]) expect(await says(path, token)).toEqual([401, 'Unauthorized'])
    expect(await says('/quotes/quot_00000000000000000000000000', quoteToken)).toEqual([401, 'Unauthorized'])
    const list = `/outgoing-payments?wallet-address=${encodeURIComponent(alice.url)}`
    expect(await get(list, token)).toBe(200)
    expect(await get(list, other)).toBe(403)
    for (const wrong of ['&first=0', '&first=101', '&first=x', '&cursor=']) expect([wrong, await get(list + wrong, token)]).toEqual([wrong, 400])
    for (const [wrong, said] of [['&first=1&last=1&cursor=outp_00000000000000000000000000', 'first and last provided. Only one allowed'], ['&last=1', 'cursor needed for backwards pagination'], ['&cursor=inpm_00000000000000000000000000', 'invalid cursor']] as const) {
      expect(await says(list + wrong, token)).toEqual([400, said])
    }
    expect(await get('/outgoing-payments', token)).toBe(400)
  })

  test('afterwards the books are right, and nothing was paid but what was answered 201', async () => {
    // What was answered 201 is sent afterwards.
    await expect.poll(async () => (await house.ledger.balance(alice.ledgerAccountId)).pending).toBe(0n)
    const mine = await signed('GET', `${product.ready.wallet}/outgoing-payments?wallet-address=${encodeURIComponent(alice.url)}&first=100`, { key, token })
    const payments = mine.body['result'] as { sentAmount: { value: string }; failed: boolean }[]
    expect(payments.every(({ failed }) => !failed)).toBe(true)
    const { posted, accrued } = await house.ledger.balance(alice.ledgerAccountId)
    expect(budget - posted - accrued).toBe(payments.reduce((sum, { sentAmount }) => sum + BigInt(sentAmount.value), 0n))
    expect((await house.ledger.verify()).problems).toEqual([])
  })
})
