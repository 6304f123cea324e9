/** What people may say about money, said wrongly, at the doors of a running product: refused by a code and words that say what to change, nothing moves, and what was chosen before stays. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type GuestLedger, guestLedger, verified } from './support/books.ts'
import { Server } from './support/product.ts'
import { sharedFolder } from './support/shared-folder.ts'

type Door = 'wallet' | 'receiver' | 'operator'
const people = { wallet: 'alice', receiver: 'mara', operator: 'olivia' } as const

const resources = new AsyncDisposableStack()
let folder: string
let product: Server
let books: GuestLedger
const cookies = new Map<Door, string>()

beforeAll(async () => {
  folder = resources.use(await sharedFolder()).path
  product = resources.use(await Server.start(['up', '--port', '0', '--data', folder]))
  books = resources.use(await guestLedger({ folder }))
  for (const door of Object.keys(people) as Door[]) {
    const { headers } = await send(door, 'POST', '/api/auth/sign-in/email', { email: `${people[door]}@demo.example`, password: 'rivulet-demo' })
    cookies.set(door, headers.getSetCookie().map((line) => line.split(';')[0]).join('; '))
  }
})
afterAll(() => resources.disposeAsync())

async function send(door: Door, method: string, path: string, body?: object): Promise<Response> {
  const origin = product.ready[door].replace(/\/$/, '')
  return fetch(`${origin}${path}`, { method, headers: { origin, cookie: cookies.get(door) ?? '', 'content-type': 'application/json' }, ...(body !== undefined && { body: JSON.stringify(body) }) })
}

/** All that could have changed. */
async function standing(): Promise<object> {
  const { rows } = await books.postgres.pool.query('select (select count(*) from ledger.transfers) as transfers, (select count(*) from payout.payout) as payouts, (select count(*) from operator.corrections) as corrections')
  const answers = await Promise.all(([['wallet', '/api/subscription'], ['wallet', '/api/tips'], ['receiver', '/api/payouts'], ['receiver', '/api/splits'], ['receiver', '/api/sites']] as const).map(async ([door, path]) => (await send(door, 'GET', path)).json()))
  return { rows, answers: answers as object[] }
}

const sandboxCard = { number: '4242 4242 4242 4242' }
const pins = (...given: readonly (readonly [payee: string, basisPoints: unknown])[]) => ({ policy: { kind: 'pinned', pins: given.map(([payee, basisPoints]) => ({ payee, basisPoints })) } })
const tip = (amount: unknown, to = '$mara.example') => ({ to, amount, key: 'bad-input-1' })
const method = (destination: object, threshold = '0') => ({ destination, schedule: 'none', threshold })
const bank = { rail: 'sepa', name: 'Mara Lindqvist', iban: 'FR1420041010050500013M02606' }
const toPublisher = (amount: unknown, publisher = 'mara') => ({ publisher, amount, key: 'bad-input-1' })
const correction = (amount: unknown, credit = 'operator') => ({ debit: 'psp[sandbox]', credit, amount, reason: 'a test of it' })
const beyond = '9'.repeat(19)

test.each<[door: Door, method: string, path: string, body: object, status: number, code: string]>([
  ['wallet', 'POST', '/api/subscription', { planId: 'plan_nobody', card: sandboxCard }, 409, 'plan-unknown'],
  ['wallet', 'POST', '/api/subscription', { card: sandboxCard }, 400, 'request-invalid'],
  ['wallet', 'POST', '/api/subscription/plan', { planId: 'plan_nobody' }, 409, 'plan-unknown'],
  ['wallet', 'POST', '/api/subscription/plan', { planId: 5 }, 400, 'request-invalid'],
  ['wallet', 'POST', '/api/subscription/wishes', { wish: 'fly' }, 400, 'request-invalid'],
  ['wallet', 'PUT', '/api/subscription/card', { card: { number: '4242' } }, 400, 'card-invalid'],
  ['wallet', 'PUT', '/api/subscription/card', { card: { session: 'cs_test_1' } }, 400, 'card-invalid'],
  ['wallet', 'PUT', '/api/subscription/card', { card: {} }, 400, 'request-invalid'],
  ['wallet', 'POST', '/api/sandbox/confirmations', { reference: 'sandbox:nobody/1' }, 404, 'charge-unknown'],
  ...[pins(['https://a.example/x', 6_000], ['https://b.example/x', 4_001]), pins(['https://a.example/x', 1], ['https://a.example/x', 1]), pins(['https://a.example/x', 0]), pins(['https://a.example/x', -1]), pins(['https://a.example/x', 0.5]), pins(['ftp://a.example/x', 1]), pins(),
    { policy: { kind: 'cause' } }, { policy: { kind: 'lottery' } }].map((body): [Door, string, string, object, number, string] => ['wallet', 'PUT', '/api/subscription/policy', body, 400, 'request-invalid']),
  ...['0', '-5', '1e9', '1.5', 500, '', beyond].map((amount): [Door, string, string, object, number, string] => ['wallet', 'POST', '/api/tips', tip(amount), 400, 'tip-invalid']),
  ['wallet', 'POST', '/api/tips', { ...tip('1000'), key: 'short' }, 400, 'tip-invalid'],
  ['wallet', 'POST', '/api/tips', tip('1000', 'javascript:alert(1)'), 400, 'tip-receiver-invalid'],
  ...['0', '-5', beyond].map((rate): [Door, string, string, object, number, string] => ['wallet', 'PUT', '/api/pace', { pacing: null, rate }, 400, rate === '0' ? 'rate-out-of-range' : 'request-invalid']),
  ['receiver', 'PUT', '/api/payouts/method', method({ ...bank, iban: 'FR1420041010050500013M02607' }), 400, 'iban-invalid'],
  ['receiver', 'PUT', '/api/payouts/method', method({ ...bank, iban: 'TR330006100519786457841326' }), 400, 'iban-invalid'],
  ['receiver', 'PUT', '/api/payouts/method', method({ ...bank, name: '☃' }), 400, 'destination-invalid'],
  ['receiver', 'PUT', '/api/payouts/method', method({ ...bank, bic: 'X' }), 400, 'destination-invalid'],
  ['receiver', 'PUT', '/api/payouts/method', method({ rail: 'cheque' }), 400, 'destination-invalid'],
  ['receiver', 'PUT', '/api/payouts/method', method({ rail: 'stripe', account: 'acct_1234567890' }), 400, 'destination-invalid'],
  ['receiver', 'PUT', '/api/payouts/method', method(bank, '-1'), 400, 'request-invalid'],
  ['receiver', 'PUT', '/api/payouts/method', method(bank, beyond), 400, 'request-invalid'],
  ['receiver', 'PUT', '/api/payouts/method', { ...method(bank, '1'), schedule: 'daily' }, 400, 'amount-too-small'],
  ['receiver', 'POST', '/api/payouts', { amount: '1000000000', key: 'bad-input-1' }, 409, 'method-missing'],
  ['receiver', 'POST', '/api/payouts/quotes', { amount: '0' }, 409, 'method-missing'],
  ['receiver', 'POST', '/api/payouts/pout_nobody/retry', {}, 404, 'payout-unknown'],
  ...[0, -1, 0.5, 10_001, '5'].map((weight): [Door, string, string, object, number, string] => ['receiver', 'PUT', '/api/splits/SPLIT', { parts: [{ pointer: 'POINTER', weight }] }, 400, 'split-invalid']),
  ['receiver', 'PUT', '/api/splits/SPLIT', { parts: [{ pointer: 'POINTER', weight: 1 }, { pointer: 'POINTER', weight: 1 }] }, 400, 'split-invalid'],
  ['receiver', 'PUT', '/api/splits/wadr_nobody', { parts: [] }, 404, 'split-unknown'],
  ['receiver', 'POST', '/api/sites', { site: 'javascript:alert(1)' }, 400, 'site-invalid'],
  ...['0', '-5', '1e9', beyond].map((amount): [Door, string, string, object, number, string] => ['operator', 'POST', '/api/payouts', toPublisher(amount), amount === '0' ? 409 : 400, amount === '0' ? 'method-missing' : 'request-invalid']),
  ['operator', 'POST', '/api/payouts', toPublisher('1000000000', 'alice'), 400, 'request-invalid'],
  ['operator', 'POST', '/api/payouts', toPublisher('1000000000', 'nobody'), 404, 'person-unknown'],
  ...['0', '-5', '1.5', beyond].map((amount): [Door, string, string, object, number, string] => ['operator', 'POST', '/api/corrections', correction(amount), 400, 'request-invalid']),
  ['operator', 'POST', '/api/corrections', correction('5', 'nobody at all'), 400, 'account-unknown'],
  ['operator', 'POST', '/api/invoices/none/refund', {}, 404, 'invoice-unknown'],
  ['operator', 'POST', '/api/bank-statements/stmt_nobody/lines/1/explain', { as: 'bank-fee' }, 409, 'line-explained'],
])('at the %s: %s %s %j is %i %s', async (...[door, how, path, body, status, code]) => {
  const { pointers } = (await (await send('receiver', 'GET', '/api/splits')).json()) as { readonly pointers: readonly [{ readonly id: string; readonly url: string }] }
  const before = await standing()
  const given = JSON.parse(JSON.stringify(body).replaceAll('POINTER', pointers[0].url)) as object
  const answer = await send(door, how, path.replace('SPLIT', pointers[0].id), given)
  const { error } = (await answer.json()) as { readonly error?: { readonly code: string; readonly message: string } }
  expect([answer.status, error?.code, (error?.message.length ?? 0) > 10]).toEqual([status, code, true])
  expect(await standing()).toEqual(before)
})

test('after all this the books are right', async () => {
  expect(await verified(folder)).toMatchObject({ ok: true })
})
