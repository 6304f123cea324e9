/**
 * No role sees or does what is another's: every route that the doors have mounted, asked by everybody. The routes are read from the routers themselves, so a new one without a row fails here: add it to
 * `rows`, with who may use it.
 */
import { generateKeyPairSync } from 'node:crypto'
import type { Express } from 'express'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type RunningAll, startAll } from '../apps/rivulet/src/compose.ts'
import { documented, type Section } from '../apps/rivulet/src/api/documented.ts'
import { readConfig } from '../apps/rivulet/src/config.ts'
import { dataFolder } from './support/product.ts'

type DoorName = 'wallet' | 'receiver' | 'operator'
/** `anyone` asks without a session; `token` needs a signature or token that no session replaces. */
type Who = 'anyone' | 'token' | 'subscriber' | 'publisher' | 'operator'

const everywhere = `anyone: GET /healthz, GET /readyz, GET /api/auth/ways, GET /api/openapi.json`

/** How a person gets in, at the door of the role. */
const signedIn = (role: Who): string => `
${role}: GET /api/sign-ins, DELETE /api/sign-ins/:id, DELETE /api/sign-ins, POST /api/passkeys/options, POST /api/passkeys, PATCH /api/passkeys/:id, DELETE /api/passkeys/:id`

const openPayments = `
anyone: OPTIONS /.well-known/pay, OPTIONS /:path, OPTIONS /:path/jwks.json, OPTIONS /:path/did.json, GET /.well-known/pay, GET /:path, GET /:path/jwks.json, GET /:path/did.json, GET /instance, GET /instance/jwks.json, GET /auth/discovery
anyone: GET /auth/interact/:id/:nonce/finish
token: POST /auth, POST /auth/continue/:id, DELETE /auth/continue/:id, POST /auth/token/:id, DELETE /auth/token/:id
token: POST /incoming-payments, GET /incoming-payments, GET /incoming-payments/:id, POST /incoming-payments/:id/complete`

/** Of a person with wallet addresses. */
const addressed = (role: Who): string => `
${role}: POST /api/interactions/:id/:nonce/accept, POST /api/interactions/:id/:nonce/confirm, GET /api/grants, DELETE /api/grants/:id
${role}: GET /api/addresses, POST /api/addresses, PATCH /api/addresses/:id, GET /api/keys, POST /api/keys, DELETE /api/keys/:id
anyone: GET /api/interactions/:id/:nonce, POST /api/interactions/:id/:nonce/decline`

const rows: Readonly<Record<DoorName, string>> = {
  wallet: `${everywhere}${signedIn('subscriber')}${openPayments}${addressed('subscriber')}
anyone: GET /monetize.js, GET /agent, GET /agent/agent.js, POST /agent/challenges, POST /agent/redeem, GET /api/connect/:challenge, GET /api/plans
token: POST /quotes, GET /quotes/:id, POST /outgoing-payments, GET /outgoing-payments/:id, GET /outgoing-payments, GET /outgoing-payment-grant
subscriber: POST /api/connect/:challenge/consent, GET /api/me, GET /api/me/live, POST /api/pause, PUT /api/pace, PATCH /api/connections/:id, DELETE /api/connections/:id
subscriber: GET /api/tips, POST /api/tips, GET /api/tips/:id, GET /api/invoices, GET /api/invoices/:number, GET /api/activity, GET /api/activity.csv, GET /api/privacy, GET /api/privacy/export, POST /api/privacy/erasure
subscriber: GET /api/subscription, POST /api/subscription, POST /api/subscription/plan, POST /api/subscription/wishes, PUT /api/subscription/card, PUT /api/subscription/policy
subscriber: POST /api/subscription/preview, POST /api/sandbox/confirmations`,
  receiver: `${everywhere}${signedIn('publisher')}${openPayments}${addressed('publisher')}
token: ALL /ilp
publisher: GET /api/me, GET /api/payouts, PUT /api/payouts/method, POST /api/payouts/quotes, POST /api/payouts, POST /api/payouts/:id/cancel, POST /api/payouts/:id/retry
publisher: GET /api/webhooks, POST /api/webhooks, PATCH /api/webhooks/:id, DELETE /api/webhooks/:id, GET /api/webhooks/:id/deliveries, POST /api/webhooks/:id/deliveries/:delivery/redeliver
publisher: GET /api/sites, POST /api/sites, POST /api/sites/:id/check, DELETE /api/sites/:id, GET /api/splits, PUT /api/splits/:id
publisher: GET /api/statements, GET /api/statements.csv, GET /api/statements.pdf
publisher: GET /api/live, GET /api/revenue, GET /api/revenue.csv, GET /api/payments, GET /api/api-keys, POST /api/api-keys, DELETE /api/api-keys/:id
publisher: GET /api/start, POST /api/tag-test, POST /api/test-stream`,
  operator: `${everywhere}${signedIn('operator')}
anyone: GET /metrics
operator: GET /api/peers, POST /api/peers, GET /api/peers/:name, PATCH /api/peers/:name, DELETE /api/peers/:name, POST /api/peers/:name/pause, POST /api/peers/:name/resume, POST /api/peers/:name/settlements
operator: GET /api/audit, GET /api/audit.csv, GET /api/people, GET /api/people/:id, POST /api/people/:id/freeze, POST /api/people/:id/unfreeze
operator: GET /api/corrections, POST /api/corrections, POST /api/corrections/:id/approve, POST /api/corrections/:id/decline, GET /api/stream-switch, POST /api/stream-switch
operator: GET /api/settings, GET /api/subscriptions, GET /api/subscriptions/:id, POST /api/subscriptions/:id/cancel, POST /api/subscriptions/:id/keep, POST /api/subscriptions/:id/retry
operator: GET /api/operators, POST /api/operators, POST /api/operators/:id/invite, POST /api/operators/:id/role, POST /api/operators/:id/close, POST /api/operators/:id/reopen
operator: GET /api/queues, POST /api/webhooks/:id/retry, POST /api/webhooks/:id/pause, POST /api/webhooks/:id/resume, POST /api/deliveries/:id/retry, POST /api/jobs/:name/run
operator: POST /api/invoices/:number/refund, GET /api/mailbox, GET /api/mailbox/:id
operator: GET /api/payouts, POST /api/payouts, GET /api/payouts/:id, POST /api/payouts/:id/approve, POST /api/payouts/:id/reject, POST /api/payouts/:id/cancel, POST /api/payouts/:id/retry
operator: POST /api/payouts/:id/sent, POST /api/payouts/:id/settled, POST /api/payouts/:id/failed, POST /api/payouts/:id/returned
operator: GET /api/payees-elsewhere, POST /api/payees-elsewhere/:id/give-up, POST /api/payees-elsewhere/:id/try-again
operator: GET /api/payout-batches, POST /api/payout-batches, GET /api/payout-batches/:id/file, GET /api/bank-statements, POST /api/bank-statements, POST /api/bank-statements/:id/lines/:number/explain
operator: GET /api/provider-statements, POST /api/provider-statements, GET /api/reconciliation, GET /api/economics/costs, POST /api/economics/calculations, GET /api/live, GET /api/pulse, GET /api/overview
operator: GET /api/ledger/accounts, GET /api/ledger/accounts/:id, GET /api/ledger/accounts/:id/balance, GET /api/ledger/transfers/:id, GET /api/streams, GET /api/streams/:id, GET /api/indicators`,
}

interface Route {
  readonly door: DoorName
  readonly method: string
  readonly path: string
}

const doors = ['wallet', 'receiver', 'operator'] as const
const people = ['nobody', 'alice', 'mara', 'olivia'] as const
type Caller = (typeof people)[number] | 'ben' | 'tomas' | 'rita'
const roleOf: Readonly<Record<Caller, Who | undefined>> = { nobody: undefined, alice: 'subscriber', ben: 'subscriber', mara: 'publisher', tomas: 'publisher', olivia: 'operator', rita: 'operator' }

const resources = new AsyncDisposableStack()
let all: RunningAll
const cookies = new Map<Caller, string>()

beforeAll(async () => {
  const folder = resources.use(dataFolder())
  all = resources.use(await startAll(readConfig({ data: folder.path, port: '0', link: 'memory' }), () => undefined))
  const entrances = { subscriber: 'wallet', publisher: 'receiver', operator: 'operator' } as const
  for (const [name, role] of Object.entries(roleOf) as [Caller, keyof typeof entrances | undefined][]) {
    if (role === undefined) continue
    const answer = await fetch(`${all.urls[entrances[role]]}/api/auth/sign-in/email`, {
      method: 'POST', headers: { origin: all.urls[entrances[role]], 'content-type': 'application/json' }, body: JSON.stringify({ email: `${name}@demo.example`, password: 'rivulet-demo' }),
    })
    if (!answer.ok) throw new Error(`${name} cannot sign in: ${answer.status}`)
    cookies.set(name, answer.headers.getSetCookie().map((line) => line.split(';')[0]).join('; '))
  }
})
afterAll(() => resources.disposeAsync())

/** What express keeps of a router. */
interface Layer {
  readonly name: string
  readonly slash: boolean
  readonly route?: { readonly path: string | readonly string[]; readonly methods: Readonly<Record<string, boolean>> }
  readonly handle: { readonly stack?: readonly Layer[] }
}

function* mounted(door: DoorName, stack: readonly Layer[]): Generator<Route> {
  for (const { route, handle, slash, name } of stack) {
    if (route !== undefined) for (const path of [route.path].flat()) for (const method of Object.keys(route.methods)) yield { door, method: method === '_all' ? 'ALL' : method.toUpperCase(), path }
    else if (handle.stack !== undefined) {
      if (!slash) throw new Error(`the ${door} has a router (${name}) below a path, which this test cannot read: give its routes their whole paths`)
      yield* mounted(door, handle.stack)
    }
  }
}

function routesOf(door: DoorName): readonly Route[] {
  const app: Express = all.apps[door]
  const found = new Map<string, Route>()
  for (const route of mounted(door, (app.router as unknown as { readonly stack: readonly Layer[] }).stack)) found.set(`${route.method} ${route.path}`, route)
  return [...found.values()]
}

function table(door: DoorName): ReadonlyMap<string, Who> {
  const entries = rows[door].split('\n').filter((line) => line !== '').flatMap((line) => {
    const [who = '', routes = ''] = line.split(/: (.*)/s)
    return routes.split(', ').map((route) => [route, who as Who] as const)
  })
  return new Map(entries)
}

/** An address of the route that names nothing which exists. */
function nowhere(path: string): string {
  return path.replaceAll(/:([a-z]+)/gi, (_whole, name: string) => ({ path: 'nobody-lives-here', number: '999999', challenge: 'A'.repeat(43), delivery: `dlvr_${'0'.repeat(26)}` })[name] ?? `none_${'0'.repeat(26)}`)
}

async function ask(door: DoorName, method: string, path: string, { as, body, origin = all.urls[door] }: { readonly as: Caller; readonly body?: object; readonly origin?: string }): Promise<{ readonly status: number; readonly type: string; readonly body: Record<string, unknown> }> {
  const leaving = new AbortController()
  const response = await fetch(`${all.urls[door]}${path}`, {
    method: method === 'ALL' ? 'POST' : method, redirect: 'manual', signal: leaving.signal,
    headers: { origin, cookie: cookies.get(as) ?? '', ...(body !== undefined && { 'content-type': 'application/json' }) }, ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  const type = response.headers.get('content-type') ?? ''
  const json = type.includes('json') ? ((await response.json()) as Record<string, unknown>) : {}
  // A live feed has no end.
  if (!type.includes('json')) leaving.abort()
  return { status: response.status, type, body: json }
}

describe.each(doors)('the %s', (door) => {
  test('serves the routes that have a row, and no others', async () => {
    const unknown: string[] = []
    const routes = routesOf(door)
    for (const { method, path } of routes) {
      if (table(door).has(`${method} ${path}`)) continue
      // The pages of the dashboard are the same file for everybody, unless somebody's wallet address may have their name: then reserve it.
      const answer = path.startsWith('/api/') ? undefined : await ask(door, method, nowhere(path), { as: 'nobody' })
      if (method !== 'GET' || answer?.status !== 200 || !answer.type.startsWith('text/html')) unknown.push(`${method} ${path}`)
    }
    expect(unknown, 'routes of which tests/roles-routes.test.ts does not say who may use them').toEqual([])
    const served = new Set(routes.map(({ method, path }) => `${method} ${path}`))
    expect([...table(door).keys()].filter((row) => !served.has(row)), 'rows without a route').toEqual([])
  })

  test('describes every route in its OpenAPI document, with who may use it', async () => {
    const { paths } = (await ask(door, 'GET', '/api/openapi.json', { as: 'nobody' })).body as unknown as { readonly paths: Readonly<Record<string, Readonly<Record<string, { readonly summary: string; readonly security: readonly object[] }>>>> }
    const wrong: string[] = []
    for (const [row, who] of table(door)) {
      const [method = '', path = ''] = row.split(' ')
      const operation = paths[path.replaceAll(/:(\w+)/g, '{$1}')]?.[method === 'ALL' ? 'post' : method.toLowerCase()]
      const by = operation?.security.map((scheme) => Object.keys(scheme)[0]).at(0) ?? 'nobody'
      const expected = who === 'anyone' ? 'nobody' : who === 'token' ? 'signature' : 'session'
      if (operation === undefined || operation.summary.length < 5 || by !== expected) wrong.push(`${row}: ${operation === undefined ? 'not described' : `for ${by} instead of ${expected}`}`)
    }
    expect(wrong, 'add the route to the description beside it, or say there who may use it').toEqual([])
  })

  test('lets in whom each route is for, nobody else, and changes nothing for a page of another origin', async () => {
    const wrong: string[] = []
    for (const [row, who] of table(door)) {
      const [method = '', path = ''] = row.split(' ')
      const anonymous = await ask(door, method, nowhere(path), { as: 'nobody' })
      for (const as of people) {
        const { status } = await ask(door, method, nowhere(path), { as })
        const open = who === 'anyone' ? status === anonymous.status && status < 500 && status !== 401 : who === 'token' ? status === anonymous.status && status >= 400 && status < 500 : roleOf[as] === who ? status < 500 && status !== 401 && status !== 403 : status === 401
        if (!open) wrong.push(`${row} for ${who}, asked by ${as}: ${status}`)
      }
      const mine = people.find((name) => roleOf[name] === who)
      if (mine === undefined || method === 'GET') continue
      const foreign = await ask(door, method, nowhere(path), { as: mine, origin: 'https://elsewhere.example' })
      if (foreign.status !== 403) wrong.push(`${row} from a page of another origin: ${foreign.status}`)
    }
    expect(wrong).toEqual([])
  })
})

test('an operator who may only look sees what operators see and changes nothing but what is her own', async () => {
  const own = /^\S+ \/api\/(sign-ins|passkeys)/
  /** A question that is too long for an address. */
  const asked = 'POST /api/economics/calculations'
  const wrong: string[] = []
  for (const [row, who] of table('operator')) {
    if (who !== 'operator') continue
    const [method = '', path = ''] = row.split(' ')
    const { status, body } = await ask('operator', method, nowhere(path), { as: 'rita' })
    const allowed = method === 'GET' || own.test(row) || row === asked
    if (allowed ? [401, 403].includes(status) || status >= 500 : status !== 403 || (body['error'] as { readonly code?: string } | undefined)?.code !== 'read-only') wrong.push(`${row}: ${status}`)
  }
  expect(wrong).toEqual([])
  const { body } = await ask('operator', 'GET', '/api/audit?name=request.change', { as: 'olivia' })
  expect((body['entries'] as readonly object[])[0]).toMatchObject({ operatorName: 'Rita Solberg', subject: expect.stringMatching(/^(POST|PATCH|DELETE) \/api\//) as string, result: 'refused', code: 'read-only' })
})

/** Whatever is one's own is to others as if it did not exist. */
describe('what is somebody’s', () => {
  const jwk = (): string => {
    const { x } = generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' })
    return Buffer.from(JSON.stringify({ kty: 'OKP', crv: 'Ed25519', alg: 'EdDSA', use: 'sig', kid: 'a-key', x })).toString('base64')
  }
  const created = async (door: DoorName, as: Caller, path: string, body: object): Promise<{ readonly id: string; readonly code: string }> => {
    const answer = await ask(door, 'POST', path, { as, body })
    expect([path, answer.status, answer.body['error']]).toEqual([path, 201, undefined])
    return (answer.body['webhook'] ?? answer.body) as { readonly id: string; readonly code: string }
  }
  const connected = async (): Promise<string> => {
    const site = 'http://127.0.0.1:9'
    const challenged = await fetch(`${all.urls.wallet}/agent/challenges`, { method: 'POST', headers: { origin: all.urls.wallet, 'content-type': 'application/json' }, body: JSON.stringify({ site }) })
    const { challenge } = (await challenged.json()) as { readonly challenge: string }
    const { code } = await created('wallet', 'alice', `/api/connect/${challenge}/consent`, {})
    const verifier = challenged.headers.getSetCookie().map((line) => line.split(';')[0]).join('; ')
    await fetch(`${all.urls.wallet}/agent/redeem`, { method: 'POST', headers: { origin: all.urls.wallet, cookie: verifier, 'content-type': 'application/json' }, body: JSON.stringify({ site, code }) })
    const me = (await ask('wallet', 'GET', '/api/me', { as: 'alice' })).body['connections'] as readonly { readonly id: string }[]
    return me[0]?.id ?? ''
  }
  const firstOf = async (door: DoorName, as: Caller, list: string, field: string): Promise<string> =>
    String(((await ask(door, 'GET', `/api/${list}`, { as })).body[list] as readonly Record<string, unknown>[])[0]?.[field])

  /** Whose it is, who else asks, how it comes to be, and what can be done with it. */
  const cases: readonly { readonly what: string; readonly door: DoorName; readonly owner: Caller; readonly other: Caller; readonly make: () => Promise<string>; readonly uses: readonly [method: string, path: string, body?: object][] }[] = [
    { what: 'connection', door: 'wallet', owner: 'alice', other: 'ben', make: connected, uses: [['PATCH', '/api/connections/:id', { blocked: false, capPerMonth: null }], ['DELETE', '/api/connections/:id']] },
    { what: 'invoice', door: 'wallet', owner: 'alice', other: 'ben', make: () => firstOf('wallet', 'alice', 'invoices', 'number'), uses: [['GET', '/api/invoices/:id']] },
    { what: 'wallet address', door: 'wallet', owner: 'alice', other: 'ben', make: async () => (await created('wallet', 'alice', '/api/addresses', { path: 'alice-two', publicName: 'Two', assetCode: 'EUR' })).id, uses: [['PATCH', '/api/addresses/:id', { publicName: 'Three' }]] },
    { what: 'key', door: 'wallet', owner: 'alice', other: 'ben', make: async () => (await created('wallet', 'alice', '/api/keys', { key: jwk(), name: 'a key' })).id, uses: [['DELETE', '/api/keys/:id']] },
    { what: 'webhook', door: 'receiver', owner: 'mara', other: 'tomas', make: async () => (await created('receiver', 'mara', '/api/webhooks', { url: 'http://127.0.0.1:9/hook' })).id, uses: [['PATCH', '/api/webhooks/:id', { paused: true }], ['GET', '/api/webhooks/:id/deliveries'], ['DELETE', '/api/webhooks/:id']] },
    { what: 'site', door: 'receiver', owner: 'mara', other: 'tomas', make: async () => (await created('receiver', 'mara', '/api/sites', { site: '127.0.0.1:9' })).id, uses: [['POST', '/api/sites/:id/check'], ['DELETE', '/api/sites/:id']] },
    { what: 'API key', door: 'receiver', owner: 'mara', other: 'tomas', make: async () => (await created('receiver', 'mara', '/api/api-keys', { name: 'shop', scopes: ['revenue'] })).id, uses: [['DELETE', '/api/api-keys/:id']] },
    { what: 'pointer', door: 'receiver', owner: 'mara', other: 'tomas', make: () => firstOf('receiver', 'mara', 'addresses', 'id'), uses: [['PATCH', '/api/addresses/:id', { publicName: 'Mara' }], ['PUT', '/api/splits/:id', { parts: [] }]] },
  ]
  test.each(cases)('$what: it is used by its owner, and unknown to others', async ({ door, owner, other, make, uses }) => {
    const id = await make()
    for (const [method, path, body] of uses) {
      const at = path.replace(':id', id)
      const others = await ask(door, method, at, { as: other, ...(body !== undefined && { body }) })
      expect([`${method} ${path} by another`, others.status]).toEqual([`${method} ${path} by another`, 404])
      const owners = await ask(door, method, at, { as: owner, ...(body !== undefined && { body }) })
      expect([`${method} ${path} by the owner`, owners.status < 300 || owners.status === 409, owners.body['error']]).toEqual([`${method} ${path} by the owner`, true, owners.body['error']])
    }
  })
})

test('what subscribers and publishers are answered is what the document of their door says, field by field', async () => {
  const person = { wallet: 'alice', receiver: 'mara' } as const
  const questionsAt = (door: keyof typeof person): Readonly<Record<string, object>> => ({
    'POST /api/subscription/preview': { policy: { kind: 'equal' } }, 'POST /api/sites': { site: 'magazine.example' }, 'POST /api/webhooks': { url: `${all.urls.receiver}/nobody` }, 'POST /api/api-keys': { name: 'shop', scopes: ['payments'] },
    'POST /api/auth/sign-in/email': { email: `${person[door]}@demo.example`, password: 'rivulet-demo' }, 'POST /api/auth/sign-up/email': { name: 'Nora', email: `nora-${door}@demo.example`, password: 'rivulet-nora' },
    'POST /api/auth/change-password': { currentPassword: 'rivulet-demo', newPassword: 'rivulet-demo' }, 'POST /api/auth/change-email': { newEmail: `${person[door]}-again@demo.example` },
    'POST /api/auth/request-password-reset': { email: `${person[door]}@demo.example` }, 'POST /api/auth/passkey/options': {}, 'POST /api/passkeys/options': {}, 'POST /agent/challenges': { site: 'http://127.0.0.1:8' },
    'POST /api/pause': { paused: false }, 'PUT /api/pace': { pacing: null, rate: null }, 'POST /api/addresses': { path: `second-${door}`, publicName: 'Second', assetCode: 'EUR', assetScale: 9 },
    'PUT /api/payouts/method': { destination: { rail: 'manual', instructions: 'cash, at the desk' }, schedule: 'none', threshold: '0' },
  })
  // Without Stripe nobody has an account there, and an address is confirmed by the token of a mail. What clients are answered, tests hold to it wherever they ask as one.
  const absent = ['GET /api/payouts/stripe-account', 'GET /api/auth/verify-email']
  let asked = 0
  const wrong: string[] = []
  for (const door of ['wallet', 'receiver'] as const) {
    const questions = questionsAt(door)
    const callers = table(door)
    for (const [row, { answer, type }] of Object.entries(Object.assign({}, ...Object.values(documented[door])) as Section)) {
      const [method = '', path = ''] = row.split(' ')
      if (answer === undefined || absent.includes(row) || callers.get(row) === 'token' || type !== undefined || path.includes(':') || (method !== 'GET' && questions[row] === undefined)) continue
      const { status, body } = await ask(door, method, method === 'GET' ? `${path}?from=2026-11-01&to=2026-11-30` : path, { as: person[door], ...(method !== 'GET' && { body: questions[row] ?? {} }) })
      const parsed = answer.safeParse(body)
      asked += 1
      if (status >= 300 || !parsed.success) wrong.push(`${row} ${status}: ${JSON.stringify(parsed.success ? body : parsed.error.issues).slice(0, 400)}`)
    }
  }
  // What needs something to be there first.
  const fits = (door: keyof typeof person, row: string, { status, body }: { readonly status: number; readonly body: object }): void => {
    const parsed = (Object.assign({}, ...Object.values(documented[door])) as Section)[row]?.answer?.safeParse(body)
    if (status >= 300 || parsed?.success !== true) wrong.push(`${row} ${status}: ${JSON.stringify(parsed?.error?.issues ?? body).slice(0, 400)}`)
  }
  const { challenge } = (await ask('wallet', 'POST', '/agent/challenges', { as: 'alice', body: { site: 'http://127.0.0.1:7' } })).body
  for (const as of ['nobody', 'alice'] as const) fits('wallet', 'GET /api/connect/:challenge', await ask('wallet', 'GET', `/api/connect/${String(challenge)}`, { as }))
  fits('wallet', 'POST /api/connect/:challenge/consent', await ask('wallet', 'POST', `/api/connect/${String(challenge)}/consent`, { as: 'alice', body: {} }))
  fits('wallet', 'GET /api/auth/get-session', await ask('wallet', 'GET', '/api/auth/get-session', { as: 'nobody' }))
  expect([wrong, asked > 50]).toEqual([[], true])
})

test('a preview, for which other providers may be asked, is answered to one person so often at once and no more', async () => {
  const statuses = await Promise.all(Array.from({ length: 40 }, async () => (await ask('wallet', 'POST', '/api/subscription/preview', { as: 'ben', body: { policy: { kind: 'equal' } } })).status))
  expect([new Set(statuses), statuses.filter((status) => status === 200).length >= 30]).toEqual([new Set([200, 429]), true])
})
