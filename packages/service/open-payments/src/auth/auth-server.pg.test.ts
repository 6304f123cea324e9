import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { thumbprintOf } from './grant-request.ts'
import { alice, type Answer, type Asking, newKey, origin, TestHouse } from './test-house.ts'

let house: TestHouse
beforeAll(async () => {
  house = await TestHouse.open()
})
afterAll(() => house[Symbol.asyncDispose]())
beforeEach(async () => {
  // Doors for people count by the house's clock.
  await house.clock.advance(60_000)
})

const limits = { debitAmount: { value: '500', assetCode: 'EUR', assetScale: 9 }, interval: 'R/2026-01-01T00:00:00Z/P1M' }
const paying = { type: 'outgoing-payment', actions: ['create', 'read'], identifier: alice, limits }
const creating = { type: 'incoming-payment', actions: ['create'] }
const finish = { method: 'redirect', uri: 'https://shop.example/back?order=7', nonce: 'client nonce' }
const interact = { start: ['redirect'], finish }

interface GrantAnswer {
  readonly access_token: { readonly value: string; readonly manage: string; readonly expires_in: number; readonly access: unknown }
  readonly continue: { readonly uri: string; readonly access_token: { readonly value: string }; readonly wait?: number }
  readonly interact: { readonly redirect: string; readonly finish: string }
  readonly subject?: unknown
}

const request = (more: object): object => ({ client: house.client, access_token: { access: [creating] }, ...more })
const granted = (answer: Answer): GrantAnswer => answer.body as unknown as GrantAnswer
const said = ({ status, body }: Answer): readonly [number, string | undefined] => [status, body.error?.code]

async function issued(more: object = {}): Promise<GrantAnswer> {
  return granted(await house.ask('POST', '/auth', { body: request(more) }))
}

async function asked(more: object = {}): Promise<GrantAnswer> {
  return issued({ access_token: { access: [paying] }, interact, ...more })
}

const apiOf = ({ interact: { redirect } }: GrantAnswer): string => redirect.replace('/auth/interact/', '/api/interactions/')

/** Alice accepts, her browser goes back; the reference that it brings. */
async function accepted(grant: GrantAnswer): Promise<string> {
  const cookie = await house.signIn('alice')
  expect((await house.browse('POST', `${apiOf(grant)}/accept`, { cookie })).status).toBe(200)
  const { headers } = await house.browse('GET', `${grant.interact.redirect}/finish`, { cookie })
  return new URL(headers.get('location') ?? '').searchParams.get('interact_ref') ?? ''
}

const goOn = (grant: GrantAnswer, body?: unknown, more: Asking = {}): Promise<Answer> => house.ask('POST', grant.continue.uri, { token: grant.continue.access_token.value, body, ...more })

test('discovery names the endpoint that wallet addresses name', async () => {
  expect((await house.browse('GET', '/auth/discovery')).body).toMatchObject({ grant_request_endpoint: `${origin}/auth`, interaction_start_modes_supported: ['redirect'] })
})

describe('who may ask', () => {
  test.each([['a string', () => house.client], ['an object', () => ({ walletAddress: house.client })]])('a client that names its wallet address as %s', async (_how, client) => {
    const answer = await house.ask('POST', '/auth', { body: request({ client: client() }) })
    expect([answer.status, answer.headers.get('cache-control')]).toEqual([200, 'no-store'])
    const { access_token: token } = granted(answer)
    expect(await house.gnap.introspect(token.value)).toMatchObject({ client: house.client, keyId: 'bobs-key', access: [creating] })
    expect([token.expires_in, token.manage.startsWith(`${origin}/auth/token/`), granted(answer).continue.uri.startsWith(`${origin}/auth/continue/`)]).toEqual([86_400, true, true])
  })

  test('a client that shows only its key is known by that key’s thumbprint, for continuing and rotating too', async () => {
    const key = newKey('directed')
    const answer = granted(await house.ask('POST', '/auth', { key, body: request({ client: { jwk: key.jwk } }) }))
    expect(await house.gnap.introspect(answer.access_token.value)).toMatchObject({ client: thumbprintOf(key.jwk) })
    const { value, manage } = answer.access_token
    expect(said(await house.ask('POST', manage, { token: value }))).toEqual([400, 'invalid_client'])
    expect((await house.ask('POST', manage, { key, token: value })).status).toBe(200)
    expect((await house.ask('DELETE', answer.continue.uri, { key, token: answer.continue.access_token.value })).status).toBe(204)
  })

  test('for a wallet address however it is written: the right is on its own URL', async () => {
    const { access_token: token } = await issued({ access_token: { access: [{ ...creating, identifier: `${alice}/` }] } })
    expect(token.access).toEqual([{ ...creating, identifier: alice }])
  })

  test('a client of another server, whose keys and name are asked for there', async () => {
    const key = newKey('far')
    house.network.set('https://app.example/pay/jwks.json', { keys: [{ ...key.jwk, kid: 'other' }, key.jwk] })
    house.network.set('https://app.example/pay', { publicName: 'Far\u202e App\n' })
    const grant = granted(await house.ask('POST', '/auth', { key, body: { client: 'https://app.example/pay', access_token: { access: [paying] }, interact } }))
    expect((await house.browse('GET', apiOf(grant))).body).toMatchObject({ client: { name: 'Far App', walletAddress: 'https://app.example/pay' } })
  })
})

describe('a grant request is refused', () => {
  const access = (...all: readonly unknown[]): object => ({ access_token: { access: all }, interact })
  const other = newKey('bobs-key')
  test.each<[string, readonly [number, string], () => Asking]>([
    ['that is no JSON', [400, 'invalid_request'], () => ({ body: '{' })],
    ['that is no object', [400, 'invalid_request'], () => ({ body: '[]' })],
    ['without a body', [400, 'invalid_request'], () => ({})],
    ['that is huge', [413, 'invalid_request'], () => ({ body: request({ more: 'x'.repeat(70_000) }) })],
    ['without a client', [400, 'invalid_request'], () => ({ body: { access_token: { access: [creating] } } })],
    ['of a client that is no URL', [400, 'invalid_request'], () => ({ body: request({ client: 'bob' }) })],
    ['of a client at ftp', [400, 'invalid_request'], () => ({ body: request({ client: 'ftp://wallet.example/bob' }) })],
    ['of two clients', [400, 'invalid_request'], () => ({ body: request({ client: { walletAddress: house.client, jwk: house.key.jwk } }) })],
    ['with a private key', [400, 'invalid_request'], () => ({ body: request({ client: { jwk: { ...house.key.jwk, d: 'secret' } } }) })],
    ['for nothing', [400, 'invalid_request'], () => ({ body: { client: house.client } })],
    ['for no access', [400, 'invalid_request'], () => ({ body: request(access()) })],
    ['for four accesses', [400, 'invalid_request'], () => ({ body: request(access(creating, paying, { type: 'quote', actions: ['create'] }, { type: 'quote', actions: ['read'] })) })],
    ['for the same access twice', [400, 'invalid_request'], () => ({ body: request(access(creating, creating)) })],
    ['for an unknown type', [400, 'invalid_request'], () => ({ body: request(access({ type: 'card', actions: ['create'] })) })],
    ['for an unknown action', [400, 'invalid_request'], () => ({ body: request(access({ type: 'quote', actions: ['list'] })) })],
    ['for an action twice', [400, 'invalid_request'], () => ({ body: request(access({ type: 'quote', actions: ['read', 'read'] })) })],
    ['for no action', [400, 'invalid_request'], () => ({ body: request(access({ type: 'quote', actions: [] })) })],
    ['for an access with a member that nobody knows', [400, 'invalid_request'], () => ({ body: request(access({ ...creating, limits: {} })) })],
    ['for payments from no wallet address', [400, 'invalid_request'], () => ({ body: request(access({ ...paying, identifier: undefined })) })],
    ['for payments from a wallet address that is none', [400, 'invalid_request'], () => ({ body: request(access({ ...paying, identifier: `${origin}/nobody` })) })],
    ['for payments from a wallet address of another server', [400, 'invalid_request'], () => ({ body: request(access({ ...paying, identifier: 'https://other.example/alice' })) })],
    ['for payments to a wallet address of the publishers’ server', [400, 'invalid_request'], () => ({ body: request(access({ ...creating, identifier: 'https://pay.example/mara' })) })],
    ['with both limits', [400, 'invalid_request'], () => ({ body: request(access({ ...paying, limits: { ...limits, receiveAmount: limits.debitAmount } })) })],
    ['with a limit in another currency', [400, 'invalid_request'], () => ({ body: request(access({ ...paying, limits: { debitAmount: { ...limits.debitAmount, assetCode: 'USD' } } })) })],
    ['with a limit at another scale', [400, 'invalid_request'], () => ({ body: request(access({ ...paying, limits: { debitAmount: { ...limits.debitAmount, assetScale: 2 } } })) })],
    ['with a limit below zero', [400, 'invalid_request'], () => ({ body: request(access({ ...paying, limits: { debitAmount: { ...limits.debitAmount, value: '-1' } } })) })],
    ['with a limit beyond 2^62', [400, 'invalid_request'], () => ({ body: request(access({ ...paying, limits: { debitAmount: { ...limits.debitAmount, value: '4611686018427387905' } } })) })],
    ['with a limit that is a number', [400, 'invalid_request'], () => ({ body: request(access({ ...paying, limits: { debitAmount: { ...limits.debitAmount, value: 5 } } })) })],
    ['with an interval that is none', [400, 'invalid_request'], () => ({ body: request(access({ ...paying, limits: { ...limits, interval: 'monthly' } })) })],
    ['with an interval that is over', [400, 'invalid_request'], () => ({ body: request(access({ ...paying, limits: { ...limits, interval: 'R2/2020-01-01T00:00:00Z/P1M' } })) })],
    ['with a receiver that is no incoming payment', [400, 'invalid_request'], () => ({ body: request(access({ ...paying, limits: { receiver: alice } })) })],
    ['for payments, without interact', [400, 'invalid_request'], () => ({ body: request({ access_token: { access: [paying] } }) })],
    ['for lists of everybody’s payments, without interact', [400, 'invalid_request'], () => ({ body: request({ access_token: { access: [{ type: 'incoming-payment', actions: ['list-all'] }] } }) })],
    ['for who she is, without interact', [400, 'invalid_request'], () => ({ body: { client: house.client, subject: { sub_ids: [{ id: alice, format: 'uri' }] } } })],
    ['for who somebody elsewhere is', [400, 'invalid_request'], () => ({ body: { client: house.client, interact, subject: { sub_ids: [{ id: 'https://other.example/alice', format: 'uri' }] } } })],
    ['with interaction other than by redirect', [400, 'invalid_request'], () => ({ body: request({ access_token: { access: [paying] }, interact: { start: ['app'] } }) })],
    ['with a way back that runs a script', [400, 'invalid_request'], () => ({ body: request({ access_token: { access: [paying] }, interact: { ...interact, finish: { ...finish, uri: 'javascript:alert(1)' } } }) })],
    ['with a way back without nonce', [400, 'invalid_request'], () => ({ body: request({ access_token: { access: [paying] }, interact: { ...interact, finish: { ...finish, nonce: undefined } } }) })],
    ['of a client that publishes no such key', [400, 'invalid_client'], () => ({ key: newKey('unknown'), body: request({}) })],
    ['of a client that is nobody', [400, 'invalid_client'], () => ({ body: request({ client: `${origin}/nobody` }) })],
    ['of a client elsewhere that does not answer', [400, 'invalid_client'], () => ({ body: request({ client: 'https://gone.example/app' }) })],
    ['of a client that shows another key than it signs with', [400, 'invalid_client'], () => ({ body: request({ client: { jwk: newKey('else').jwk } }) })],
    ['of a client that shows another key of the same name', [401, 'invalid_client'], () => ({ body: request({ client: { jwk: { ...house.key.jwk, x: 'A'.repeat(43) } } }) })],
    ['for payments, of a client that shows only its key', [400, 'invalid_client'], () => ({ body: request({ client: { jwk: house.key.jwk }, access_token: { access: [paying] }, interact }) })],
    ['signed by another key of the same name', [401, 'invalid_client'], () => ({ key: other, body: request({}) })],
    ['without a signature', [401, 'invalid_client'], () => ({ body: request({}), instead: { signature: undefined, 'signature-input': undefined } })],
    ['signed more than five minutes ago', [401, 'invalid_client'], () => ({ body: request({}), aheadMs: -301_000 })],
    ['signed more than five minutes ahead', [401, 'invalid_client'], () => ({ body: request({}), aheadMs: 301_000 })],
    ['without a digest', [401, 'invalid_client'], () => ({ body: request({}), instead: { 'content-digest': undefined } })],
    ['whose body was changed', [401, 'invalid_client'], () => ({ body: request({}), bodyInstead: JSON.stringify(request({ access_token: { access: [{ ...creating, actions: ['create', 'read-all'] }] } })) })],
    ['signed for where the server listens', [401, 'invalid_client'], () => ({ body: request({}), urlSigned: 'http://127.0.0.1:4000/auth' })],
    ['signed for another method', [401, 'invalid_client'], () => ({ body: request({}), methodSigned: 'PUT' })],
  ])('%s: %j', async (_what, expected, asking) => expect(said(await house.ask('POST', '/auth', asking()))).toEqual(expected))

  test('for payments, by a client whose wallet address has no publicName', async () => {
    const key = newKey('nameless')
    house.network.set('https://nameless.example/app/jwks.json', { keys: [key.jwk] })
    house.network.set('https://nameless.example/app', { id: 'https://nameless.example/app' })
    const asking = { key, body: { client: 'https://nameless.example/app', access_token: { access: [paying] }, interact } }
    expect(said(await house.ask('POST', '/auth', asking))).toEqual([400, 'invalid_client'])
  })

  test('when an address asks without end', async () => {
    const answers: Answer[] = []
    while (answers.at(-1)?.status !== 429 && answers.length < 4_000) answers.push(...(await Promise.all(Array.from({ length: 100 }, () => house.browse('POST', '/auth')))))
    expect([said(answers.at(-1) ?? answers[0] as Answer), answers[0]?.status]).toEqual([[429, 'too_fast'], 400])
  })

  test('by a client whose key was revoked, at every door from that moment on', async () => {
    const key = newKey('short-lived')
    const carol = await house.accounts.createPerson({ role: 'subscriber', email: 'carol@example.org', password: 'correct horse', name: 'Carol', path: 'carol' })
    const revoke = await house.register(carol, key)
    const body = { client: `${origin}/carol`, access_token: { access: [creating] } }
    const grant = granted(await house.ask('POST', '/auth', { key, body }))
    const { value, manage } = grant.access_token
    expect((await house.ask('POST', '/incoming-payments', { key, token: value, body: {} })).status).toBe(200)
    await revoke()
    expect(said(await house.ask('POST', '/auth', { key, body }))).toEqual([400, 'invalid_client'])
    expect(said(await house.ask('POST', manage, { key, token: value }))).toEqual([400, 'invalid_client'])
    expect(said(await house.ask('DELETE', grant.continue.uri, { key, token: grant.continue.access_token.value }))).toEqual([400, 'invalid_client'])
    const answer = await house.ask('POST', '/incoming-payments', { key, token: value, body: {} })
    expect([answer.status, answer.body.error?.description]).toEqual([401, 'Signature validation error: could not find key in list of client keys'])
  })
})

describe('continuing', () => {
  test('with the reference brings the token, once', async () => {
    const grant = await asked()
    expect(grant.continue.wait).toBe(0)
    const reference = await accepted(grant)
    const answer = await goOn(grant, { interact_ref: reference })
    expect(answer.status).toBe(200)
    expect(granted(answer)).toEqual({
      access_token: { value: expect.any(String) as string, manage: expect.stringContaining(`${origin}/auth/token/`) as string, expires_in: 90 * 86_400, access: [paying] },
      continue: { access_token: { value: grant.continue.access_token.value }, uri: grant.continue.uri },
    })
    expect(said(await goOn(grant, { interact_ref: reference }))).toEqual([401, 'request_denied'])
  })

  test('tells a client that only asked who she is', async () => {
    const subject = { sub_ids: [{ id: alice, format: 'uri' }] }
    const grant = await asked({ access_token: undefined, subject })
    const answer = await goOn(grant, { interact_ref: await accepted(grant) })
    expect(answer.body).toEqual({ subject, continue: expect.anything() as unknown })
  })

  test('by polling: too_fast, then to wait, then the token', async () => {
    const grant = await asked({ interact: { start: ['redirect'] } })
    expect([grant.continue.wait, said(await goOn(grant))]).toEqual([5, [400, 'too_fast']])
    await house.clock.advance(5_000)
    expect(granted(await goOn(grant)).continue.wait).toBe(5)
    expect(said(await goOn(grant, {}))).toEqual([400, 'too_fast'])
    expect((await house.browse('POST', `${apiOf(grant)}/accept`, { cookie: await house.signIn('alice') })).body).toEqual({ next: null, confirming: false })
    await house.clock.advance(5_000)
    expect(granted(await goOn(grant)).access_token.access).toEqual([paying])
  })

  test.each<[string, readonly [number, string], (grant: GrantAnswer, other: GrantAnswer) => Promise<Answer>]>([
    ['without a token', [401, 'invalid_continuation'], (grant) => house.ask('POST', grant.continue.uri)],
    ['with the token of another grant', [404, 'invalid_continuation'], (grant, other) => house.ask('POST', grant.continue.uri, { token: other.continue.access_token.value })],
    ['of no grant', [404, 'invalid_continuation'], (grant) => house.ask('POST', '/auth/continue/nonsense', { token: grant.continue.access_token.value })],
    ['signed by another key', [400, 'invalid_client'], (grant) => goOn(grant, {}, { key: newKey('else') })],
    ['signed by another key of the same name', [401, 'invalid_client'], (grant) => goOn(grant, {}, { key: newKey('bobs-key') })],
    ['with a reference, before she decided', [401, 'request_denied'], (grant) => goOn(grant, { interact_ref: 'guess' })],
    ['without the reference that was asked for', [401, 'request_denied'], (grant) => goOn(grant)],
    ['with a reference that is a number', [400, 'invalid_request'], (grant) => goOn(grant, { interact_ref: 7 })],
    ['with another reference', [404, 'invalid_continuation'], async (grant) => ((await accepted(grant)) === '' ? Promise.reject(new Error('not accepted')) : goOn(grant, { interact_ref: 'guess' }))],
    ['after she declined', [401, 'request_denied'], async (grant) => ((await house.browse('POST', `${apiOf(grant)}/decline`)).status === 200 ? goOn(grant, { interact_ref: 'guess' }) : Promise.reject(new Error('not declined')))],
  ])('%s is refused: %j', async (_what, expected, attempt) => expect(said(await attempt(await asked(), await asked()))).toEqual(expected))

  test('ends: the grant is given back, and again; its token is inactive', async () => {
    const grant = await issued()
    const cancel = (uri: string, token?: string): Promise<Answer> => house.ask('DELETE', uri, { ...(token !== undefined && { token }) })
    const { uri, access_token: token } = grant.continue
    expect([said(await cancel(uri)), said(await cancel(uri, 'else'))]).toEqual([[401, 'invalid_continuation'], [404, 'invalid_request']])
    expect([(await cancel(uri, token.value)).status, (await cancel(uri, token.value)).status]).toEqual([204, 204])
    expect(await house.gnap.introspect(grant.access_token.value)).toBe('inactive')
  })
})

describe('tokens', () => {
  test('rotate, and their old value and address are dead at once', async () => {
    const { access_token: first } = await issued()
    const second = granted(await house.ask('POST', first.manage, { token: first.value })).access_token
    expect([second.value === first.value, second.manage === first.manage]).toEqual([false, false])
    expect(said(await house.ask('POST', first.manage, { token: first.value }))).toEqual([404, 'invalid_rotation'])
    expect(said(await house.ask('POST', '/incoming-payments', { token: first.value, body: {} }))).toEqual([403, '403'])
    expect((await house.ask('POST', '/incoming-payments', { token: second.value, body: {} })).status).toBe(200)
    expect([(await house.ask('DELETE', second.manage, { token: second.value })).status, (await house.ask('DELETE', second.manage, { token: second.value })).status]).toEqual([204, 204])
    expect((await house.ask('POST', '/incoming-payments', { token: second.value, body: {} })).body.error?.description).toBe('Inactive Token')
  })

  test.each<[string, readonly [number, string], (grant: GrantAnswer, other: GrantAnswer) => Promise<Answer>]>([
    ['rotated without their value', [400, 'invalid_rotation'], ({ access_token: { manage } }) => house.ask('POST', manage)],
    ['rotated with the value of another', [404, 'invalid_rotation'], ({ access_token: { manage } }, other) => house.ask('POST', manage, { token: other.access_token.value })],
    ['rotated that are none', [404, 'invalid_rotation'], ({ access_token: { value } }) => house.ask('POST', '/auth/token/nonsense', { token: value })],
    ['rotated by another key', [400, 'invalid_client'], ({ access_token: { manage, value } }) => house.ask('POST', manage, { token: value, key: newKey('else') })],
    ['revoked by another key of the same name', [401, 'invalid_client'], ({ access_token: { manage, value } }) => house.ask('DELETE', manage, { token: value, key: newKey('bobs-key') })],
    ['revoked without their value', [401, 'invalid_client'], ({ access_token: { manage } }) => house.ask('DELETE', manage)],
    ['revoked that are none', [401, 'invalid_client'], ({ access_token: { value } }) => house.ask('DELETE', '/auth/token/nonsense', { token: value })],
  ])('%s are refused: %j', async (_what, expected, attempt) => expect(said(await attempt(await issued(), await issued()))).toEqual(expected))
})

describe('the resource server', () => {
  test('lets in who has a token, its key and the right, and hands on what was sent', async () => {
    const { access_token: token } = await issued()
    expect((await house.ask('POST', '/incoming-payments', { token: token.value, body: { a: 1 } })).body).toEqual({ got: { a: 1 }, client: house.client })
  })

  test('reading everybody’s is more than reading one’s own, creating is neither', async () => {
    const all = await issued({ access_token: { access: [{ type: 'incoming-payment', actions: ['list-all'] }] }, interact })
    const answer = granted(await goOn(all, { interact_ref: await accepted(all) }))
    expect((await house.ask('GET', '/incoming-payments', { token: answer.access_token.value })).status).toBe(200)
  })

  const signature = 'Signature validation error: '
  test.each<[string, number, string, Asking & { readonly method?: string }]>([
    ['without a token', 401, 'Missing or invalid authorization header value', {}],
    ['with a token of another scheme', 401, 'Missing or invalid authorization header value', { instead: { authorization: 'Bearer abc' } }],
    ['with a token that is none', 401, 'Invalid Token', { token: 'nonsense' }],
    ['without the right', 403, 'Insufficient Grant', { method: 'GET' }],
    ['with a body that is no JSON', 400, 'the body is no JSON', { body: '{' }],
    ['signed more than five minutes ago', 401, signature, { aheadMs: -301_000 }],
    ['signed more than five minutes ahead', 401, signature, { aheadMs: 301_000 }],
    ['signed by another key', 401, signature, { key: newKey('else') }],
    ['signed by another key of the same name', 401, signature, { key: newKey('bobs-key') }],
    ['without a signature', 401, signature, { instead: { signature: undefined } }],
    ['without a digest', 401, signature, { body: {}, instead: { 'content-digest': undefined } }],
    ['with another body', 401, signature, { body: {}, bodyInstead: '{"a":1}' }],
    ['signed for another method', 401, signature, { methodSigned: 'GET' }],
    ['signed for where the server listens', 401, signature, { urlSigned: 'http://127.0.0.1:4000/incoming-payments' }],
    ['signed for another query', 401, signature, { urlSigned: `${origin}/incoming-payments?a=1` }],
  ])('%s: %i %s', async (_what, status, description, { method = 'POST', ...asking }) => {
    const { access_token: token } = await issued()
    const withToken = description.startsWith('Missing') ? {} : { token: token.value }
    const answer = await house.ask(method, '/incoming-payments', { ...withToken, ...asking })
    expect([answer.status, answer.body.error?.code, answer.body.error?.description.startsWith(description)]).toEqual([status, String(status), true])
    expect(answer.headers.get('www-authenticate')).toBe(status === 400 ? null : `GNAP as_uri=${origin}/auth`)
  })
})

describe('people', () => {
  test('see who asks and for what; signed in, whether it is theirs', async () => {
    const grant = await asked()
    const stranger = await house.browse('GET', apiOf(grant))
    expect(stranger.body).toMatchObject({ state: 'asked', client: { name: 'Bob’s Shop', walletAddress: house.client }, access: [paying], person: null, mine: null, next: `${grant.interact.redirect}/finish` })
    expect((await house.browse('GET', apiOf(grant), { cookie: await house.signIn('bob') })).body).toMatchObject({ person: { name: 'Bob’s Shop' }, mine: false })
  })

  test.each<[string, readonly [number, string], (api: string) => Promise<Answer>]>([
    ['a request that is none', [404, 'interaction-unknown'], () => house.browse('GET', '/api/interactions/nonsense/nonsense')],
    ['a request with another nonce', [404, 'interaction-unknown'], (api) => house.browse('GET', `${api.slice(0, -3)}abc`)],
    ['accepting signed out', [401, 'signed-out'], (api) => house.browse('POST', `${api}/accept`)],
    ['accepting from another site', [403, 'origin-foreign'], async (api) => house.browse('POST', `${api}/accept`, { cookie: await house.signIn('alice'), from: 'https://evil.example' })],
    ['declining from another site', [403, 'origin-foreign'], (api) => house.browse('POST', `${api}/decline`, { from: 'https://evil.example' })],
    ['accepting what is another’s', [403, 'interaction-foreign'], async (api) => house.browse('POST', `${api}/accept`, { cookie: await house.signIn('bob') })],
    ['the list signed out', [401, 'signed-out'], () => house.browse('GET', '/api/grants')],
    ['a grant that is none', [404, 'grant-unknown'], async () => house.browse('DELETE', '/api/grants/nonsense', { cookie: await house.signIn('alice') })],
    ['the way back of no request', [404, 'unknown_interaction'], () => house.browse('GET', '/auth/interact/nonsense/nonsense/finish')],
  ])('%s is refused: %j', async (_what, expected, attempt) => expect(said(await attempt(apiOf(await asked())))).toEqual(expected))

  test('decide once; the way back says how', async () => {
    const cookie = await house.signIn('alice')
    const [undecided, declined, accepting, late] = [await asked(), await asked(), await asked(), await asked()]
    const back = async (grant: GrantAnswer, who: { readonly cookie?: string } = { cookie }): Promise<string | null> => (await house.browse('GET', `${grant.interact.redirect}/finish`, who)).headers.get('location')
    expect(await back(undecided)).toBe(`${finish.uri}&result=grant_invalid`)
    await house.browse('POST', `${apiOf(declined)}/decline`)
    expect(await back(declined, {})).toBe(`${finish.uri}&result=grant_rejected`)
    expect(said(await house.browse('POST', `${apiOf(declined)}/accept`, { cookie }))).toEqual([409, 'grant-decided'])
    await house.browse('POST', `${apiOf(accepting)}/accept`, { cookie })
    expect(said(await house.browse('POST', `${apiOf(accepting)}/decline`))).toEqual([409, 'grant-decided'])
    expect(said(await house.browse('GET', `${accepting.interact.redirect}/finish`))).toEqual([401, 'invalid_interaction'])
    expect(await back(accepting)).toMatch(/^https:\/\/shop\.example\/back\?order=7&hash=[A-Za-z0-9%]+&interact_ref=[A-Za-z0-9_-]{22}$/)
    await house.clock.advance(900_000)
    expect(said(await house.browse('POST', `${apiOf(late)}/accept`, { cookie }))).toEqual([410, 'grant-ended'])
  })

  test('show once more that it is they, when they signed in more than five minutes ago and the application may pay then', async () => {
    const cookie = await house.signIn('alice')
    await house.clock.advance(301_000)
    const grant = await asked()
    expect((await house.browse('POST', `${apiOf(grant)}/accept`, { cookie })).body).toEqual({ next: null, confirming: true })
    expect((await house.browse('GET', apiOf(grant), { cookie })).body).toMatchObject({ state: 'confirming' })
    const confirm = (body: object, who = cookie): Promise<Answer> => house.browse('POST', `${apiOf(grant)}/confirm`, { cookie: who, body })
    expect(said(await confirm({ password: 'wrong horse' }))).toEqual([403, 'proof-wrong'])
    expect(said(await confirm({}))).toEqual([400, 'body-invalid'])
    expect((await house.browse('GET', `${grant.interact.redirect}/finish`, { cookie })).headers.get('location')).toBe(`${finish.uri}&result=grant_invalid`)
    expect((await confirm({ password: 'correct horse' })).body).toEqual({ next: `${grant.interact.redirect}/finish` })
    expect((await house.browse('GET', `${grant.interact.redirect}/finish`, { cookie })).headers.get('location')).toContain('interact_ref=')
    expect(said(await confirm({ password: 'correct horse' }))).toEqual([409, 'grant-decided'])
    const harmless = await asked({ access_token: { access: [{ type: 'incoming-payment', actions: ['list-all'] }] } })
    expect((await house.browse('POST', `${apiOf(harmless)}/accept`, { cookie })).body).toMatchObject({ confirming: false })
  })

  test('see what they agreed to and what was spent of it, and take it back at once', async () => {
    const cookie = await house.signIn('alice')
    const grant = await asked()
    const { access_token: token } = granted(await goOn(grant, { interact_ref: await accepted(grant) }))
    const listed = (await house.browse('GET', '/api/grants', { cookie })).body as unknown as { grants: { id: string; spent: unknown; access: unknown }[] }
    expect(listed.grants[0]).toMatchObject({ client: { name: 'Bob’s Shop' }, access: [paying], spent: { debitAmount: { value: '123', assetCode: 'EUR', assetScale: 9 }, receiveAmount: null }, untilMs: null })
    const id = listed.grants[0]?.id ?? ''
    expect(said(await house.browse('DELETE', `/api/grants/${id}`, { cookie: await house.signIn('bob') }))).toEqual([404, 'grant-unknown'])
    expect(said(await house.browse('DELETE', `/api/grants/${id}`, { cookie, from: 'https://evil.example' }))).toEqual([403, 'origin-foreign'])
    expect(listed.grants[0]).toMatchObject({ state: 'live', endedAtMs: null })
    expect((await house.browse('DELETE', `/api/grants/${id}`, { cookie })).status).toBe(204)
    const past = (await house.browse('GET', '/api/grants?past=1', { cookie })).body as unknown as { grants: { id: string }[]; next: string | null }
    expect(past.grants[0]).toMatchObject({ id, state: 'revoked', endedAtMs: house.clock.nowMs(), spent: { debitAmount: { value: '123' } } })
    expect(past.next).toBeNull()
    expect((await house.browse('GET', `/api/grants?past=1&cursor=${past.grants.at(-1)?.id ?? ''}`, { cookie })).body).toMatchObject({ grants: [], next: null })
    expect(said(await house.ask('POST', token.manage, { token: token.value }))).toEqual([404, 'invalid_rotation'])
    expect(await house.gnap.introspect(token.value)).toBe('inactive')
  })

  test('from one address may not ask without end', async () => {
    const answers = await Promise.all(Array.from({ length: 130 }, () => house.browse('GET', '/api/interactions/nonsense/nonsense')))
    expect(answers.filter(({ status }) => status === 429).length).toBeGreaterThan(0)
  })
})

test('tokens, references and nonces are in the clear neither in the database nor in the log', async () => {
  const grant = await asked()
  const reference = await accepted(grant)
  const { access_token: token } = granted(await goOn(grant, { interact_ref: reference }))
  const { rows } = await house.postgres.pool.query('select g::text as row from gnap."grant" g union all select t::text from gnap.token t')
  const nonce = grant.interact.redirect.split('/').at(-1) ?? ''
  const all = JSON.stringify(rows)
  const secrets = [token.value, grant.continue.access_token.value, reference, nonce]
  expect(secrets.filter((secret) => secret === '' || all.includes(secret))).toEqual([])
  await house.postgres.pool.query('alter table gnap."grant" rename to hidden')
  const failed = [await house.browse('GET', apiOf(grant)), await house.browse('GET', `${grant.interact.redirect}/finish`), await goOn(grant, { interact_ref: reference }), await house.ask('POST', '/incoming-payments', { token: token.value, body: {} })]
  await house.postgres.pool.query('alter table gnap.hidden rename to "grant"')
  expect(failed.map(({ status, body }) => [status, body.error?.code])).toEqual([[500, 'internal'], [500, 'request_denied'], [500, 'request_denied'], [500, '500']])
  const logged = JSON.stringify(house.logged)
  expect([house.logged.length, secrets.filter((secret) => logged.includes(secret))]).toEqual([4, []])
})
