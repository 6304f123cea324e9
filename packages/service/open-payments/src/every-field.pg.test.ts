/** Every field of what a client may ask of the paying half, missing or wrong, one at a time: refused in JSON, and nothing is written, held or sent. */
import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Access, Gnap } from '@rivulet/gnap'
import { signRequest } from '@rivulet/http-signature'
import express from 'express'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { requireDescribed } from './described-answer.ts'
import { payingApi, payingRoutes } from './paying-routes.ts'
import { requireToken } from './signed/require-token.ts'
import { TestHouse } from './test-house.ts'
import { bent, wrongs } from './wrong-values.ts'

const publicUrl = 'https://wallet.example'
const budget = 1_000_000_000n
const eur = (value: string) => ({ value, assetCode: 'EUR', assetScale: 9 })
let house: TestHouse
let gnap: Gnap
let server: Server
let at: string
let quoteToken: string
let payToken: string
let privateKey: KeyObject
let receiver: string
/** Of a quote that could be paid. */
let quoteId: string
/** Every route that was asked, and how it answered. */
const answered = new Set<string>()

beforeAll(async () => {
  house = await TestHouse.open({ budget })
  const { quotes, payments } = house.open({ fee: { fixed: 10n, basisPoints: 0n } })
  gnap = new Gnap({ postgres: house.postgres, clock: house.clock, server: 'wallet' })
  const pair = generateKeyPairSync('ed25519')
  privateKey = pair.privateKey
  const client = { id: 'a client', name: undefined, keyId: 'k', keyX: String(pair.publicKey.export({ format: 'jwk' }).x) }
  const granted = async (access: Access): Promise<string> => (await gnap.issue({ client, access: [access] })).token.value
  quoteToken = await granted({ type: 'quote', actions: ['create', 'read'] })
  payToken = await granted({ type: 'outgoing-payment', actions: ['create', 'read', 'list'], identifier: house.alice.url, limits: { debitAmount: eur('1000') } })
  receiver = house.receivable()
  const app = express()
  app.use(payingRoutes({
    publicUrl, accounts: { walletAddressByUrl: (url) => Promise.resolve(url === house.alice.url ? { ...house.alice, personId: 'pers_1', role: 'subscriber', path: 'alice', publicName: 'Alice', main: true } : undefined) },
    quotes, payments, requireToken: requireToken({ publicUrl, gnap, clientKeys: { find: () => Promise.resolve(undefined) }, clock: house.clock }), clock: house.clock, log: { error: (fields) => console.error(fields) },
  }))
  server = createServer(app)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  at = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  quoteId = String((await ask('POST', '/quotes', { token: quoteToken, body: JSON.stringify(quote()) })).body['id'])
})
afterAll(async () => {
  server.close()
  await gnap[Symbol.asyncDispose]()
  await house[Symbol.asyncDispose]()
})

interface Answer {
  readonly status: number
  readonly body: { readonly error?: { readonly code: string; readonly description: string; readonly details?: unknown } } & Record<string, unknown>
}

async function ask(method: string, path: string, { token, body }: { readonly token: string; readonly body?: string | Buffer }): Promise<Answer> {
  const sent = body === undefined ? undefined : Buffer.from(body)
  const headers = { authorization: `GNAP ${token}`, 'content-type': 'application/json' }
  const signature = signRequest({ method, url: `${publicUrl}${path}`, headers, ...(sent !== undefined && { body: sent }) }, { keyId: 'k', privateKey }, house.clock.nowMs())
  const response = await fetch(`${at}${path}`, { method, headers: { ...headers, ...signature }, ...(sent !== undefined && { body: sent }) })
  const answer = { status: response.status, body: (await response.json()) as Answer['body'] }
  requireDescribed(payingApi, { method, path, ...answer })
  answered.add(`${method} ${path.replace(/[?].*$/, '').replace(/(quot|outp)_.*/, ':id')} ${answer.status}`)
  return answer
}

const quote = (changes: object = {}) => ({ walletAddress: house.alice.url, receiver, method: 'ilp', debitAmount: eur('100'), ...changes })
const payment = (changes: object = {}) => ({ walletAddress: house.alice.url, incomingPayment: receiver, debitAmount: eur('100'), ...changes })

/** As if nobody had asked for more than the one quote. */
async function nothingDone(): Promise<void> {
  expect(await house.balances()).toEqual({ alice: budget, pending: 0n, publisher: 0n, fees: 0n })
  const { rows } = await house.postgres.pool.query('select (select count(*)::int from open_payments.quote) as quotes, (select count(*)::int from open_payments.outgoing_payment) as payments, (select coalesce(sum(debit), 0)::int from open_payments.grant_spending) as spent')
  expect([rows, house.packets]).toEqual([[{ quotes: 1, payments: 0, spent: 0 }], 0])
}

test.each([
  ['/quotes', 'debitAmount', ['walletAddress', 'receiver', 'method', 'debitAmount', 'debitAmount.value', 'debitAmount.assetCode', 'debitAmount.assetScale']],
  ['/quotes', 'receiveAmount', ['receiveAmount', 'receiveAmount.value', 'receiveAmount.assetCode', 'receiveAmount.assetScale']],
  ['/outgoing-payments', 'incomingPayment', ['walletAddress', 'incomingPayment', 'debitAmount', 'debitAmount.value', 'debitAmount.assetCode', 'debitAmount.assetScale', 'metadata']],
  ['/outgoing-payments', 'quoteId', ['walletAddress', 'quoteId', 'metadata']],
] as const)('%s with a %s: each field alone, wrong in every way, is refused with a reason', async (path, form, fields) => {
  const valid = path === '/quotes' ? (form === 'debitAmount' ? quote() : quote({ debitAmount: undefined, receiveAmount: eur('100') }))
    : form === 'quoteId' ? { walletAddress: house.alice.url, quoteId, metadata: {} } : payment({ metadata: {} })
  const body = JSON.parse(JSON.stringify(valid)) as object
  const accepted: string[] = []
  for (const field of fields) {
    for (const [what, json] of wrongs) {
      // What may be left out, or be any object, is not wrong.
      if (field === 'metadata' && (json === undefined || json.startsWith('{'))) continue
      const { status, body: said } = await ask('POST', path, { token: path === '/quotes' ? quoteToken : payToken, body: bent(body, field.split('.'), json) })
      const refused = status >= 400 && status < 500 && said.error?.code === String(status) && said.error.description.length > 0 && said.error.description.length < 500
      if (!refused) accepted.push(`${field} ${what}: ${status} ${JSON.stringify(said)}`)
    }
  }
  expect(accepted).toEqual([])
  await nothingDone()
})

test.each<[string, number, string, () => Promise<Answer>]>([
  ['too small an amount to quote', 400, 'non-positive receive amount', () => ask('POST', '/quotes', { token: quoteToken, body: JSON.stringify(quote({ debitAmount: eur('10') })) })],
  ['too small an amount to pay', 400, 'non-positive receive amount', () => ask('POST', '/outgoing-payments', { token: payToken, body: JSON.stringify(payment({ debitAmount: eur('10') })) })],
])('%s names the least that can be sent', async (_what, status, description, asking) => {
  expect(await asking()).toEqual({ status, body: { error: { code: String(status), description, details: { minSendAmount: eur('11') } } } })
})

test.each<[string, string, () => Promise<Answer>]>([
  ['a quote of nobody’s', '404 unknown wallet address', () => ask('POST', '/quotes', { token: quoteToken, body: JSON.stringify(quote({ walletAddress: `${publicUrl}/nobody` })) })],
  ['a quote in another asset', '400 invalid amount', () => ask('POST', '/quotes', { token: quoteToken, body: JSON.stringify(quote({ debitAmount: { ...eur('100'), assetCode: 'USD' } })) })],
  ['a quote to what is not there', '400 invalid receiver', () => ask('POST', '/quotes', { token: quoteToken, body: JSON.stringify(quote({ receiver: `${receiver}0` })) })],
  ['a payment to what is not there', '400 invalid receiver', () => ask('POST', '/outgoing-payments', { token: payToken, body: JSON.stringify(payment({ incomingPayment: `${receiver}0` })) })],
  ['a payment of a quote that is none', '400 invalid quote', () => ask('POST', '/outgoing-payments', { token: payToken, body: JSON.stringify({ walletAddress: house.alice.url, quoteId: `${publicUrl}/quotes/x` }) })],
  ['a payment from where the grant does not reach', '403 Insufficient Grant', () => ask('POST', '/outgoing-payments', { token: payToken, body: JSON.stringify(payment({ walletAddress: `${publicUrl}/nobody` })) })],
  ['a payment beyond the limit', '403 unauthorized', () => ask('POST', '/outgoing-payments', { token: payToken, body: JSON.stringify(payment({ debitAmount: eur('1001') })) })],
  ['a payment with a token for quotes', '403 Insufficient Grant', () => ask('POST', '/outgoing-payments', { token: quoteToken, body: JSON.stringify(payment()) })],
  ['a token that is none', '401 Invalid Token', () => ask('GET', '/outgoing-payment-grant', { token: 'nonsense' })],
  ['a token for quotes, asked what its grant spent', '403 Insufficient Grant', () => ask('GET', '/outgoing-payment-grant', { token: quoteToken })],
  ['a quote that is not there', '401 Unauthorized', () => ask('GET', '/quotes/quot_00000000000000000000000000', { token: quoteToken })],
  ['a payment that is not there', '401 Unauthorized', () => ask('GET', '/outgoing-payments/outp_00000000000000000000000000', { token: payToken })],
  ['a list from both ends', '400 first and last provided. Only one allowed', () => ask('GET', `/outgoing-payments?wallet-address=${house.alice.url}&first=1&last=1`, { token: payToken })],
  ['a list backwards from nowhere', '400 cursor needed for backwards pagination', () => ask('GET', `/outgoing-payments?wallet-address=${house.alice.url}&last=1`, { token: payToken })],
  ['a list from what is no cursor', '400 invalid cursor', () => ask('GET', `/outgoing-payments?wallet-address=${house.alice.url}&cursor=7`, { token: payToken })],
  ['a body that is no JSON', '400 the body is no JSON', () => ask('POST', '/quotes', { token: quoteToken, body: '{' })],
  ['a body in UTF-16', '400 the body is no JSON', () => ask('POST', '/quotes', { token: quoteToken, body: Buffer.from(JSON.stringify(quote()), 'utf16le') })],
  ['a body of 100 kB', '413 the body is too large', () => ask('POST', '/quotes', { token: quoteToken, body: JSON.stringify(quote({ more: 'x'.repeat(100_000) })) })],
  ['a token whose grant has ended', '403 Inactive Token', async () => {
    const client = { id: 'another', name: undefined, keyId: 'k', keyX: undefined }
    const { token, continuation } = await gnap.issue({ client, access: [{ type: 'quote', actions: ['create'] }] })
    await gnap.end(continuation.grantId)
    return ask('POST', '/quotes', { token: token.value, body: JSON.stringify(quote()) })
  }],
])('%s: %s', async (_what, said, asking) => {
  const { status, body } = await asking()
  expect([`${status} ${body.error?.description ?? ''}`, body.error?.code]).toEqual([said, String(status)])
  await nothingDone()
})

test('the same requests are taken when nothing of them is wrong', async () => {
  const asked = [
    ask('POST', '/quotes', { token: quoteToken, body: JSON.stringify(quote()) }), ask('POST', '/quotes', { token: quoteToken, body: JSON.stringify(quote({ debitAmount: undefined, receiveAmount: eur('100') })) }),
    ask('POST', '/outgoing-payments', { token: payToken, body: JSON.stringify(payment({ metadata: {} })) }), ask('POST', '/outgoing-payments', { token: payToken, body: JSON.stringify({ walletAddress: house.alice.url, quoteId, metadata: {} }) }),
  ]
  const answers = await Promise.all(asked)
  expect(answers.map(({ status }) => status)).toEqual([201, 201, 201, 201])
  // And every route once that answers, each held to its description by `ask`.
  const [quoted, paid] = [answers[0], answers[2]].map((answer) => new URL(String(answer?.body['id'])).pathname)
  for (const [path, token] of [[quoted, quoteToken], [paid, payToken], [`/outgoing-payments?wallet-address=${house.alice.url}`, payToken], ['/outgoing-payment-grant', payToken]] as const) expect((await ask('GET', path ?? '', { token })).status).toBe(200)
  expect([...answered].filter((one) => /20[01]$/.test(one)).map((one) => one.slice(0, -4)).toSorted()).toEqual(Object.keys(payingApi).toSorted())
})
