/** Every field of what a client may ask of the auth server, missing or wrong, one at a time; every id that is another's or nobody's; every sentence that a refusal may have. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { bent, wrongs } from '../wrong-values.ts'
import { alice, type Answer, type Asking, newKey, origin, TestHouse } from './test-house.ts'

let house: TestHouse
beforeAll(async () => {
  house = await TestHouse.open()
})
afterAll(() => house[Symbol.asyncDispose]())
beforeEach(async () => {
  // Doors for people, and for clients of one address, count by the house's clock.
  await house.clock.advance(60_000)
})

const limits = { debitAmount: { value: '500', assetCode: 'EUR', assetScale: 9 }, interval: 'R/2026-01-01T00:00:00Z/P1M', receiver: `${origin}/incoming-payments/x` }
const paying = { type: 'outgoing-payment', actions: ['create'], identifier: alice, limits }
const creating = { type: 'incoming-payment', actions: ['create'], identifier: alice }
const quoting = { type: 'quote', actions: ['create'] }
const interact = { start: ['redirect'], finish: { method: 'redirect', uri: 'https://shop.example/back', nonce: 'a nonce' } }
const subject = { sub_ids: [{ id: alice, format: 'uri' }] }

interface GrantAnswer {
  readonly access_token: { readonly value: string; readonly manage: string }
  readonly continue: { readonly uri: string; readonly access_token: { readonly value: string } }
  readonly interact: { readonly redirect: string }
}

const said = ({ status, body }: Answer): string => `${status} ${body.error?.code ?? ''}: ${body.error?.description ?? ''}`
const issued = async (): Promise<GrantAnswer> => (await house.ask('POST', '/auth', { body: { client: house.client, access_token: { access: [creating] } } })).body as unknown as GrantAnswer
const asked = async (more: object = {}): Promise<GrantAnswer> => (await house.ask('POST', '/auth', { body: { client: house.client, access_token: { access: [paying] }, interact, ...more } })).body as unknown as GrantAnswer
const apiOf = ({ interact: { redirect } }: GrantAnswer): string => redirect.replace('/auth/interact/', '/api/interactions/')

/** Alice accepts; the reference that her browser brings back. */
async function accepted(grant: GrantAnswer): Promise<string> {
  const cookie = await house.signIn('alice')
  await house.browse('POST', `${apiOf(grant)}/accept`, { cookie })
  const { headers } = await house.browse('GET', `${grant.interact.redirect}/finish`, { cookie })
  return new URL(headers.get('location') ?? '').searchParams.get('interact_ref') ?? ''
}

/** What GNAP lets a client leave out, and what may be any text. */
const optional = new Set(['access_token', 'access_token.access.0', 'access_token.access.1', 'access_token.access.0.identifier', 'access_token.access.1.limits', 'access_token.access.1.limits.interval', 'access_token.access.1.limits.debitAmount', 'access_token.access.1.limits.receiver', 'interact.finish', 'subject'])
const anyText = new Set(['interact.finish.nonce'])
const anyUrl = new Set(['interact.finish.uri'])

function isWrong(field: string, json: string | undefined): boolean {
  if (json === undefined) return !optional.has(field)
  const value: unknown = JSON.parse(json)
  if (anyText.has(field)) return typeof value !== 'string' || value.length < 1 || value.length > 200 || /[\p{Cc}\p{Cs}]/u.test(value)
  if (anyUrl.has(field)) return value !== 'https://elsewhere.example/x'
  // Limits without a member limit nothing, and who may spend 0 spends nothing: neither is wrong.
  return !(field === 'access_token.access.1.limits' && json === '{}') && !(field.endsWith('debitAmount.value') && json === '"0"')
}

async function grants(): Promise<number> {
  const { rows } = await house.postgres.pool.query<{ count: number }>('select count(*)::int as count from gnap."grant"')
  return rows[0]?.count ?? 0
}

describe('a grant request', () => {
  const whole = { client: '', access_token: { access: [creating, paying, quoting] }, subject, interact }
  test.each([
    'client', 'access_token', 'access_token.access', 'access_token.access.0', 'access_token.access.0.type', 'access_token.access.0.actions', 'access_token.access.0.actions.0', 'access_token.access.0.identifier',
    'access_token.access.1', 'access_token.access.1.type', 'access_token.access.1.actions', 'access_token.access.1.actions.0', 'access_token.access.1.identifier', 'access_token.access.1.limits', 'access_token.access.1.limits.interval',
    'access_token.access.1.limits.receiver', 'access_token.access.1.limits.debitAmount', 'access_token.access.1.limits.debitAmount.value', 'access_token.access.1.limits.debitAmount.assetCode', 'access_token.access.1.limits.debitAmount.assetScale',
    'access_token.access.2.type', 'access_token.access.2.actions', 'access_token.access.2.actions.0', 'interact', 'interact.start', 'interact.start.0', 'interact.finish', 'interact.finish.method', 'interact.finish.uri', 'interact.finish.nonce',
    'subject', 'subject.sub_ids', 'subject.sub_ids.0', 'subject.sub_ids.0.id', 'subject.sub_ids.0.format',
  ])('whose %s is wrong in any way is refused with a reason, and nobody is asked', async (field) => {
    const before = await grants()
    const taken: string[] = []
    for (const [what, json] of wrongs) {
      if (!isWrong(field, json)) continue
      const answer = await house.ask('POST', '/auth', { body: bent({ ...whole, client: house.client }, field.split('.'), json) })
      const description = answer.body.error?.description ?? ''
      if (answer.status < 400 || answer.status >= 500 || !/^invalid_(request|client)$/.test(answer.body.error?.code ?? '') || description === '' || description.length > 2_500) taken.push(`${what}: ${said(answer)}`)
    }
    expect(taken).toEqual([])
    expect(await grants()).toBe(before)
  })

  test.each(['client.walletAddress', 'client.jwk.kid', 'client.jwk.alg', 'client.jwk.kty', 'client.jwk.crv', 'client.jwk.x', 'client.jwk'])('whose %s is wrong in any way is refused with a reason', async (field) => {
    const client = field === 'client.walletAddress' ? { walletAddress: house.client } : { jwk: house.key.jwk }
    const before = await grants()
    const taken: string[] = []
    for (const [what, json] of wrongs) {
      const answer = await house.ask('POST', '/auth', { body: bent({ client, access_token: { access: [creating] } }, field.split('.'), json) })
      if (![400, 401].includes(answer.status) || !/^invalid_(request|client)$/.test(answer.body.error?.code ?? '')) taken.push(`${what}: ${said(answer)}`)
    }
    expect(taken).toEqual([])
    expect(await grants()).toBe(before)
  })

  test('that is right in every one of those fields is taken', async () => {
    expect((await house.ask('POST', '/auth', { body: { ...whole, client: house.client } })).status).toBe(200)
    expect((await house.ask('POST', '/auth', { body: { client: { jwk: house.key.jwk }, access_token: { access: [creating] } } })).status).toBe(200)
  })

  const access = (...all: readonly unknown[]): object => ({ client: house.client, access_token: { access: all }, interact })
  test.each<[string, () => Asking]>([
    ['400 invalid_request: the body is no JSON', () => ({ body: Buffer.from(JSON.stringify(access(creating)), 'utf16le').toString('latin1') })],
    ['400 invalid_request: access_token: must be there, or subject', () => ({ body: { client: house.client } })],
    ['400 invalid_request: client: must be a wallet address, {walletAddress} or {jwk}', () => ({ body: { access_token: { access: [creating] } } })],
    ["400 invalid_request: missing required request field 'interact': a person must agree to this", () => ({ body: { client: house.client, access_token: { access: [paying] } } })],
    [`400 invalid_request: ${origin}/nobody is no wallet address of this server`, () => ({ body: access({ ...creating, identifier: `${origin}/nobody` }) })],
    ['400 invalid_request: https://other.example/alice is no wallet address of this server', () => ({ body: access({ ...paying, identifier: 'https://other.example/alice' }) })],
    ['400 invalid_request: debitAmount must be in the asset of the wallet address, EUR at scale 9', () => ({ body: access({ ...paying, limits: { debitAmount: { value: '1', assetCode: 'USD', assetScale: 9 } } }) })],
    ['400 invalid_request: the interval R1/2020-01-01T00:00:00Z/P1M is over', () => ({ body: access({ ...paying, limits: { ...limits, interval: 'R1/2020-01-01T00:00:00Z/P1M' } }) })],
    ['400 invalid_request: access_token.access.0.limits.interval: must be a repeating interval of ISO 8601, for instance R/2026-01-31T10:00:00Z/P1M', () => ({ body: access({ ...paying, limits: { ...limits, interval: 'P1M' } }) })],
    ['400 invalid_request: access_token.access.0.limits.receiver: must be the URL of an incoming payment', () => ({ body: access({ ...paying, limits: { receiver: alice } }) })],
    ['400 invalid_request: access_token.access.0.limits: debitAmount and receiveAmount exclude each other', () => ({ body: access({ ...paying, limits: { debitAmount: limits.debitAmount, receiveAmount: limits.debitAmount } }) })],
    ['400 invalid_request: access_token.access.0.limits.debitAmount.value: must be a whole number of units in a string', () => ({ body: access({ ...paying, limits: { debitAmount: { ...limits.debitAmount, value: '-1' } } }) })],
    ['400 invalid_request: access_token.access.0.limits.debitAmount.value: must be at most 2^62 units', () => ({ body: access({ ...paying, limits: { debitAmount: { ...limits.debitAmount, value: '4611686018427387905' } } }) })],
    ['400 invalid_request: access_token.access: must not repeat an access', () => ({ body: access(creating, creating) })],
    ['400 invalid_request: access_token.access.0.actions: must not repeat an action', () => ({ body: access({ ...creating, actions: ['read', 'read'] }) })],
    ['400 invalid_request: interact.start: must hold redirect', () => ({ body: { ...access(paying), interact: { start: ['app'] } } })],
    ['400 invalid_request: interact.finish.nonce: must be text that can be shown', () => ({ body: { ...access(paying), interact: { ...interact, finish: { ...interact.finish, nonce: 'a\u0000' } } } })],
    ['400 invalid_client: the request must be signed with the key of client.jwk', () => ({ body: { client: { jwk: { ...house.key.jwk, kid: 'else' } }, access_token: { access: [creating] } } })],
    ['400 invalid_client: could not determine client: it publishes no such key', () => ({ key: newKey('unknown'), body: access(creating) })],
    ['400 invalid_client: a client that a person is asked about must be identified by its wallet address', () => ({ body: { ...access(paying), client: { jwk: house.key.jwk } } })],
    ['413 invalid_request: the body is too large', () => ({ body: { ...access(creating), more: 'x'.repeat(70_000) } })],
  ])('is refused in these words: %s', async (sentence, asking) => expect(said(await house.ask('POST', '/auth', asking()))).toBe(sentence))

  test('of a client whose wallet address has no name is refused in words that say so', async () => {
    const key = newKey('nameless')
    house.network.set('https://nameless.example/a/jwks.json', { keys: [key.jwk] })
    house.network.set('https://nameless.example/a', { id: 'https://nameless.example/a' })
    expect(said(await house.ask('POST', '/auth', { key, body: { ...access(paying), client: 'https://nameless.example/a' } }))).toBe('400 invalid_client: the wallet address of the client must have a publicName')
  })
})

describe('ids that are nobody’s, or another’s', () => {
  const ids = ['', 'nonsense', '00000000000000000000000000', 'grnt_00000000000000000000000000', 'tokn_00000000000000000000000000', '%00', '%F0%9F%98%80', 'x'.repeat(3_000), '..%2F..%2Fcontinue', "'; drop table gnap.grant; --"]
  test.each([
    ['POST', '/auth/continue/', /^(404 (invalid_continuation: grant not found|.*))$/],
    ['DELETE', '/auth/continue/', /^404 (invalid_request: unknown grant|.*)$/],
    ['POST', '/auth/token/', /^404 (invalid_rotation: token not found|.*)$/],
    ['DELETE', '/auth/token/', /^(401 invalid_client: token not found|404 .*)$/],
  ] as const)('%s %s: refused, whatever they hold', async (method, path, words) => {
    const grant = await issued()
    for (const id of ids) {
      const answer = await house.ask(method, `${path}${id}`, { token: path.includes('token') ? grant.access_token.value : grant.continue.access_token.value })
      expect(said(answer)).toMatch(words)
    }
    expect(await house.gnap.introspect(grant.access_token.value)).not.toBe('inactive')
  })

  test('another’s grant and token stay as they are', async () => {
    const [mine, other] = [await issued(), await issued()]
    const with_ = (value: string): Asking => ({ token: value })
    expect(said(await house.ask('POST', other.continue.uri, with_(mine.continue.access_token.value)))).toBe('404 invalid_continuation: grant not found')
    expect(said(await house.ask('DELETE', other.continue.uri, with_(mine.continue.access_token.value)))).toBe('404 invalid_request: unknown grant')
    expect(said(await house.ask('POST', other.access_token.manage, with_(mine.access_token.value)))).toBe('404 invalid_rotation: token not found')
    expect(said(await house.ask('DELETE', other.access_token.manage, with_(mine.access_token.value)))).toBe('401 invalid_client: token not found')
    expect(said(await house.ask('POST', other.continue.uri, with_(other.access_token.value)))).toBe('404 invalid_continuation: grant not found')
    expect(await house.gnap.introspect(other.access_token.value)).toMatchObject({ client: house.client })
  })
})

describe('continuing', () => {
  test('with an interact_ref that is wrong in any way is refused, and the right one still opens', async () => {
    const grant = await asked()
    const reference = await accepted(grant)
    const goOn = (body: string): Promise<Answer> => house.ask('POST', grant.continue.uri, { token: grant.continue.access_token.value, body })
    for (const [what, json] of wrongs) {
      const answer = await goOn(bent({ interact_ref: reference }, ['interact_ref'], json))
      expect([what, said(answer)]).toEqual([what, expect.stringMatching(/^(400 invalid_request: interact_ref: .+|401 request_denied: .+|404 invalid_continuation: .+)$/)])
    }
    for (const body of ['{', '[]', '7', 'null null', '"text"']) expect([body, (await goOn(body)).status]).toEqual([body, 400])
    expect((await goOn(JSON.stringify({ interact_ref: reference }))).status).toBe(200)
  })

  test.each<[string, (grant: GrantAnswer) => Promise<Answer>]>([
    ['401 invalid_continuation: missing continuation token', (grant) => house.ask('POST', grant.continue.uri)],
    ['401 invalid_continuation: missing continuation token', (grant) => house.ask('POST', grant.continue.uri, { instead: { authorization: `Bearer ${grant.continue.access_token.value}` } })],
    ['400 too_fast: wait as long as the last answer said before asking again', async () => {
      const polling = await asked({ interact: { start: ['redirect'] } })
      return house.ask('POST', polling.continue.uri, { token: polling.continue.access_token.value })
    }],
  ])('is refused in these words: %s', async (sentence, attempt) => expect(said(await attempt(await asked()))).toBe(sentence))
})

describe('tokens', () => {
  test.each<[string, (grant: GrantAnswer) => Promise<Answer>]>([
    ['400 invalid_rotation: missing access token', ({ access_token: { manage } }) => house.ask('POST', manage)],
    ['401 invalid_client: token not found', ({ access_token: { manage } }) => house.ask('DELETE', manage)],
    ['400 invalid_client: could not determine client: it publishes no such key', ({ access_token: { manage, value } }) => house.ask('POST', manage, { token: value, key: newKey('else') })],
    ['404 invalid_rotation: token not found', ({ access_token: { manage, value } }) => house.ask('POST', manage, { token: value.slice(0, -1) })],
    ['404 invalid_rotation: token not found', ({ access_token: { manage, value } }) => house.ask('POST', manage, { token: `${value}x` })],
    ['400 invalid_rotation: missing access token', ({ access_token: { manage } }) => house.ask('POST', manage, { token: 'x'.repeat(300) })],
  ])('are refused in these words: %s', async (sentence, attempt) => expect(said(await attempt(await issued()))).toBe(sentence))

  test('a body that nobody asked for changes nothing of a rotation', async () => {
    const { access_token: token } = await issued()
    const answer = await house.ask('POST', token.manage, { token: token.value, body: { access_token: { access: [paying], value: 'mine' }, expires_in: 1e9 } })
    expect(answer).toMatchObject({ status: 200, body: { access_token: { access: [creating], expires_in: 86_400 } } })
  })
})
