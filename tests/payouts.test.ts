/** What a publisher has earned leaves, through the running product: to a wallet address, to one that is closed, and by a file for the bank; and nobody else can touch it. */
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { answerOf, balanceOf } from './support/books.ts'
import { rivulet, Server } from './support/product.ts'
import { sharedFolder } from './support/shared-folder.ts'

interface PayoutJson {
  readonly id: string
  readonly status: string
  readonly net: string
  readonly timeline: readonly { readonly status: string; readonly by: string; readonly note: string | null }[]
}

const resources = new AsyncDisposableStack()
let folder: string
let product: Server
let mara: Client
let tomas: Client
let olivia: Client
/** What mara's server was told. */
const told: { readonly type: string; readonly data: { readonly payout: string } }[] = []

beforeAll(async () => {
  folder = resources.use(await sharedFolder()).path
  // Half a euro a second, so that seconds bring what a bank can carry.
  writeFileSync(join(folder, 'rivulet.json'), JSON.stringify({ sandbox: true, ilpAddress: 'test.rivulet', ratePerSecond: '500000000', tariffs: { sandbox: { rate: '0.015', fixed: '0.25' }, sepa: { fixed: '0.20' } } }))
  product = resources.use(await Server.start(['up', '--port', '0', '--data', folder]))
  const { receiver, operator } = product.ready
  ;[mara, tomas, olivia] = await Promise.all([signIn(receiver, 'mara'), signIn(receiver, 'tomas'), signIn(operator, 'olivia')])
  const shop = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk: Buffer) => (body += chunk.toString()))
    request.on('end', () => {
      told.push(JSON.parse(body) as (typeof told)[number])
      response.end()
    })
  })
  await new Promise<void>((resolve) => shop.listen(0, '127.0.0.1', resolve))
  resources.defer(() => {
    shop.closeAllConnections()
    shop.close()
  })
  const kinds = ['payout.sent', 'payout.settled', 'payout.failed', 'payout.returned']
  await mara('POST', '/api/webhooks', { url: `http://127.0.0.1:${(shop.address() as AddressInfo).port}/paid`, kinds })
  await answerOf(['stream', `${receiver}/mara`, '--seconds', '4', '--data', folder])
})
afterAll(() => resources.disposeAsync())

type Client = (method: string, path: string, body?: object | string) => Promise<{ readonly status: number; readonly body: { readonly payout?: PayoutJson; readonly payouts?: readonly PayoutJson[]; readonly error?: { readonly code: string } } & Record<string, unknown>; readonly text: string }>

async function signIn(origin: string, name: string): Promise<Client> {
  const send = async (cookie: string, method: string, path: string, body?: object | string) => {
    const headers = { origin, cookie, ...(body !== undefined && { 'content-type': typeof body === 'string' ? 'application/xml' : 'application/json' }) }
    return fetch(`${origin}${path}`, { method, headers, ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }) })
  }
  const signedIn = await send('', 'POST', '/api/auth/sign-in/email', { email: `${name}@demo.example`, password: 'rivulet-demo' })
  const cookie = signedIn.headers.getSetCookie().map((line) => line.split(';')[0]).join('; ')
  return async (method, path, body) => {
    const response = await send(cookie, method, path, body)
    const text = await response.text()
    return { status: response.status, body: text.startsWith('{') ? (JSON.parse(text) as Record<string, unknown>) : {}, text }
  }
}

async function posted(name: 'mara' | 'ben'): Promise<bigint> {
  return BigInt(name === 'mara' ? String((await mara('GET', '/api/payouts')).body['available']) : (await balanceOf(name, folder)).posted)
}

async function latest(): Promise<PayoutJson | undefined> {
  return (await mara('GET', '/api/payouts')).body.payouts?.[0]
}

async function pay(destination: object, amount: bigint, key: string): Promise<PayoutJson> {
  expect((await mara('PUT', '/api/payouts/method', { destination, schedule: 'none', threshold: '0' })).status).toBe(200)
  const { status, body } = await mara('POST', '/api/payouts', { amount: String(amount), key })
  expect([status, body.error]).toEqual([201, undefined])
  if (body.payout === undefined) throw new Error('no payout')
  return body.payout
}

/** As the bank writes it (camt.053). */
function statementOf(id: string, [opening, closing]: readonly [string, string], entries: string): string {
  const balance = (code: string, amount: string): string => `<Bal><Tp><CdOrPrtry><Cd>${code}</Cd></CdOrPrtry></Tp><Amt Ccy="EUR">${amount}</Amt><CdtDbtInd>CRDT</CdtDbtInd></Bal>`
  return `<?xml version="1.0"?><n:Document xmlns:n="urn:iso:std:iso:20022:tech:xsd:camt.053.001.02"><n:BkToCstmrStmt><n:Stmt><n:Id>${id}</n:Id><n:CreDtTm>2026-11-23T05:00:00</n:CreDtTm><n:Acct><n:Id><n:IBAN>DE89370400440532013000</n:IBAN></n:Id></n:Acct>
    ${balance('OPBD', opening)}${balance('CLBD', closing)}${entries}</n:Stmt></n:BkToCstmrStmt></n:Document>`
}

test('to a wallet address it arrives to the unit, once', async () => {
  await expect.poll(() => posted('mara')).toBeGreaterThan(1_200_000_000n)
  const [maras, bens] = [await posted('mara'), await posted('ben')]
  const paid = await pay({ rail: 'interledger', walletAddress: `${product.ready.wallet}/ben` }, 90_000_007n, 'to-ben-please')
  await mara('POST', '/api/payouts', { amount: '90000007', key: 'to-ben-please' })
  await expect.poll(async () => (await latest())?.status).toBe('settled')
  expect((await latest())?.timeline.map(({ status, by }) => `${status} ${by}`)).toEqual(['requested publisher', 'approved rail', 'sent rail', 'settled rail'])
  await expect.poll(() => posted('ben')).toBe(bens + 90_000_007n)
  expect([paid.id, await posted('mara')]).toEqual([(await latest())?.id, maras - 90_000_007n])
  await expect.poll(() => told.map(({ type, data }) => [type, data.payout])).toEqual([['payout.sent', paid.id], ['payout.settled', paid.id]])
})

test('to a closed pointer it fails in words, and the money is back', async () => {
  const maras = await posted('mara')
  await pay({ rail: 'interledger', walletAddress: `${product.ready.receiver}/nobody-lives-here` }, 9_000_001n, 'to-nobody-at-all')
  await expect.poll(async () => (await latest())?.status).toBe('failed')
  expect((await latest())?.timeline.at(-1)?.note).toContain('nobody-lives-here cannot be paid')
  expect(await posted('mara')).toBe(maras)
})

test('to a bank it waits for an operator, leaves in a file, and is settled by the bank’s statement', async () => {
  const { id } = await pay({ rail: 'sepa', name: 'Mara Lindqvist', iban: 'FR14 2004 1010 0505 0001 3M02 606' }, 1_000_000_000n, 'to-the-bank-now')
  expect((await latest())?.status).toBe('awaiting-approval')
  // Nobody else's: not another publisher's, and no publisher's to approve.
  expect((await tomas('POST', `/api/payouts/${id}/cancel`)).status).toBe(404)
  expect((await mara('POST', `/api/payouts/${id}/approve`)).status).toBe(404)
  expect((await (await signIn(product.ready.operator, 'mara'))('POST', `/api/payouts/${id}/approve`, {})).status).toBe(401)
  expect((await olivia('POST', `/api/payouts/${id}/settled`, {})).body.error?.code).toBe('payout-state')
  expect((await olivia('POST', `/api/payouts/${id}/approve`, {})).body.payout?.status).toBe('approved')
  const { batch } = (await olivia('POST', '/api/payout-batches')).body as unknown as { batch: { id: string } }
  const { text: file } = await olivia('GET', `/api/payout-batches/${batch.id}/file`)
  expect(file).toContain('<InstdAmt Ccy="EUR">1.00</InstdAmt>')
  const out = join(folder, 'bank.xml')
  expect(await answerOf(['bank-file', '--out', out, '--data', folder])).toEqual({ id: batch.id, payouts: 1, total: '1000000000', schema: 'pain.001.001.09', valid: true, faults: [], written: out })
  expect(readFileSync(out, 'utf8')).toBe(file)
  expect(await rivulet(['bank-file', 'btch_none', '--data', folder])).toMatchObject({ status: 1, stderr: 'rivulet: there is no such file (batch-unknown)\n' })
  const endToEnd = /<EndToEndId>(.*)<\/EndToEndId>/.exec(file)?.[1] ?? ''
  const booked = `<Ntry><Amt Ccy="EUR">1.00</Amt><CdtDbtInd>DBIT</CdtDbtInd><Sts>BOOK</Sts><NtryDtls><TxDtls><Refs><EndToEndId>${endToEnd}</EndToEndId></Refs></TxDtls></NtryDtls></Ntry>`
  const statement = statementOf('7', ['50.00', '49.00'], booked)
  expect((await olivia('POST', '/api/bank-statements', statement)).body).toMatchObject({ statements: [{ bankId: '7', lines: [{ outcome: 'settled', payoutId: id }] }] })
  expect((await olivia('POST', '/api/bank-statements', '<html/>')).body.error?.code).toBe('statement-invalid')
  expect((await latest())?.status).toBe('settled')
  expect(await answerOf(['verify', '--data', folder])).toMatchObject({ ok: true })
  expect((await olivia('GET', '/api/reconciliation')).body).toMatchObject({ ok: true, comparisons: [{ between: ['books', 'bank'], lines: 1, findings: [] }] })
  // The demo plan of 5.00, charged by a card of 1.5 % + 0.25 to two subscribers.
  expect((await olivia('GET', '/api/economics/costs?days=1')).body).toMatchObject({ total: { gross: '10000000000', costs: '650000000', ratio: '0.065', mark: 'fine' } })
  expect((await olivia('POST', '/api/economics/calculations', { price: '0.50', cost: '0.10' })).body).toMatchObject({ unitMargin: '0.4' })
  const { text: written } = await olivia('GET', '/api/mailbox')
  expect(['Where your payouts go has changed', 'FR14 •••• 2606'].filter((words) => !written.includes(words))).toEqual([])
  expect((await olivia('POST', '/api/economics/calculations', { price: '0' })).body.error?.code).toBe('request-invalid')
})

test('the command says what providers and the bank took of what came in, warns from 15 % on, alarms from 20 % on, and says how much must travel together', async () => {
  const fee = (amount: string): string => `<Ntry><Amt Ccy="EUR">${amount}</Amt><CdtDbtInd>DBIT</CdtDbtInd><Sts>BOOK</Sts><AddtlNtryInf>Fees</AddtlNtryInf></Ntry>`
  const { statements: [taken] } = (await olivia('POST', '/api/bank-statements', statementOf('8', ['49.00', '47.50'], fee('1.00') + fee('0.50')))).body as unknown as { readonly statements: readonly [{ readonly id: string; readonly lines: readonly { readonly number: number; readonly outcome: string }[] }] }
  expect(taken.lines.map(({ outcome }) => outcome)).toEqual(['unknown', 'unknown'])
  const explain = async (index: number): Promise<void> => expect((await olivia('POST', `/api/bank-statements/${taken.id}/lines/${taken.lines[index]?.number ?? ''}/explain`, { as: 'bank-fee' })).status).toBe(204)
  // Two subscriptions of 5.00 at 1.5 % + 0.25, and one payout of 1.00 by the bank at 0.20.
  const sandbox = { name: 'sandbox', gross: '10000000000', movements: 2, costs: '650000000', ratio: '0.065', mark: 'fine', perChargeForWarning: '1', perChargeForAlarm: '1' }
  const sepa = { name: 'sepa', gross: '1000000000', movements: 1, perChargeForWarning: '2', perChargeForAlarm: '1' }
  const costs = ['costs', '--days', '1', '--data', folder]
  await explain(0)
  expect(await answerOf(costs)).toMatchObject({ parts: expect.arrayContaining([sandbox, { ...sepa, costs: '1000000000', ratio: '1', mark: 'alarm' }]) as unknown, total: { gross: '10000000000', costs: '1650000000', ratio: '0.165', mark: 'warning' } })
  await explain(1)
  const alarmed = await rivulet(costs)
  expect([alarmed.status, alarmed.stdout.split('\n')[0]]).toEqual([1, expect.stringMatching(/^took 2\.15\d* EUR of 10\.\d* EUR, 0\.215 of it: alarm$/)])
  expect(alarmed.stdout).toContain('below 15 % with 2 to a charge, below 20 % with 1')
})

test.each([
  [{ amount: '0', key: 'bad-amount-1' }, 'amount-invalid'],
  [{ amount: '-5', key: 'bad-amount-2' }, 'request-invalid'],
  [{ amount: '1e9', key: 'bad-amount-3' }, 'request-invalid'],
  [{ amount: '9999999999999999999', key: 'bad-amount-4' }, 'request-invalid'],
  [{ amount: '4000000000000000000', key: 'bad-amount-5' }, 'amount-too-large'],
  [{ amount: '900000000000', key: 'bad-amount-6' }, 'funds-insufficient'],
  [{ amount: 'all' }, 'request-invalid'],
])('a request of %o is refused as %s', async (body, code) => {
  const before = (await mara('GET', '/api/payouts')).body.payouts?.length
  expect((await mara('POST', '/api/payouts', body)).body.error?.code).toBe(code)
  expect((await mara('GET', '/api/payouts')).body.payouts?.length).toBe(before)
})
