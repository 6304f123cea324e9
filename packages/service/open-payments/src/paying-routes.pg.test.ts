/** Who was told pays, and nobody else: outgoing payments over real HTTP for clients that hang up, and for answers that take too long. */
import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { once } from 'node:events'
import { type ClientRequest, createServer, type IncomingMessage, request, type Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { Gnap } from '@rivulet/gnap'
import { signRequest } from '@rivulet/http-signature'
import express from 'express'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { HeldPayment } from './outgoing/outgoing-payments.ts'
import { payingRoutes } from './paying-routes.ts'
import { requireToken } from './signed/require-token.ts'
import { type House, TestHouse } from './test-house.ts'

const budget = 1_000_000_000n
const publicUrl = 'https://wallet.example'
const resources: (() => Promise<unknown>)[] = []
let house: TestHouse
let paying: House
let server: Server
let token: string
let privateKey: KeyObject
/** What became of each payment that was secured. */
let decided: Promise<'started' | 'cancelled'>

beforeEach(async () => {
  house = await TestHouse.open({ budget })
  paying = house.open()
  const gnap = new Gnap({ postgres: house.postgres, clock: house.clock, server: 'wallet' })
  const pair = generateKeyPairSync('ed25519')
  privateKey = pair.privateKey
  const keyX = String(pair.publicKey.export({ format: 'jwk' }).x)
  const limits = { debitAmount: { value: '5000', assetCode: 'EUR', assetScale: 9 } }
  token = (await gnap.issue({ client: { id: 'a client', name: undefined, keyId: 'k', keyX }, access: [{ type: 'outgoing-payment', actions: ['create'], identifier: house.alice.url, limits }] })).token.value
  const decision = Promise.withResolvers<'started' | 'cancelled'>()
  decided = decision.promise
  const { payments } = paying
  const watched = (held: HeldPayment): HeldPayment => ({
    ...held,
    start: () => {
      held.start()
      decision.resolve('started')
    },
    cancel: async () => {
      await held.cancel()
      decision.resolve('cancelled')
    },
  })
  const app = express()
  app.use(payingRoutes({
    publicUrl, accounts: { walletAddressByUrl: () => Promise.resolve({ ...house.alice, personId: 'pers_1', role: 'subscriber', path: 'alice', publicName: 'Alice', main: true }) }, quotes: paying.quotes,
    payments: { create: async (given) => watched(await payments.create(given)), get: (id) => payments.get(id), list: (filter) => payments.list(filter), spending: (...given) => payments.spending(...given) },
    requireToken: requireToken({ publicUrl, gnap, clientKeys: { find: () => Promise.resolve(undefined) }, clock: house.clock }), clock: house.clock, log: { error: (fields) => console.error(fields) },
  }))
  server = createServer(app)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  resources.push(() => gnap[Symbol.asyncDispose](), () => house[Symbol.asyncDispose]())
})
afterEach(async () => {
  server.close()
  for (const end of resources.splice(0)) await end()
})

function pay(): ClientRequest {
  const body = Buffer.from(JSON.stringify({ walletAddress: house.alice.url, incomingPayment: house.receivable(), debitAmount: { value: '5000', assetCode: 'EUR', assetScale: 9 } }))
  const headers = { authorization: `GNAP ${token}`, 'content-type': 'application/json' }
  const signature = signRequest({ method: 'POST', url: `${publicUrl}/outgoing-payments`, headers, body }, { keyId: 'k', privateKey }, house.clock.nowMs())
  const sent = request({ host: '127.0.0.1', port: (server.address() as AddressInfo).port, path: '/outgoing-payments', method: 'POST', headers: { ...headers, ...signature } })
  sent.end(body)
  return sent
}

/** As if nobody had asked: no row, no hold, no spending, no packet. */
async function nothingPaid(): Promise<void> {
  expect(await house.balances()).toEqual({ alice: budget, pending: 0n, publisher: 0n, fees: 0n })
  expect(await house.postgres.pool.query('select from open_payments.outgoing_payment')).toMatchObject({ rowCount: 0 })
  expect((await house.postgres.pool.query('select debit, receive from open_payments.grant_spending')).rows).toEqual([{ debit: 0n, receive: 0n }])
  expect(house.packets).toBe(0)
  expect((await house.ledger.verify()).problems).toEqual([])
}

test('a client that waits is told 201 first, and then its payment is sent', async () => {
  const [answer] = (await once(pay(), 'response')) as [IncomingMessage]
  const text = Buffer.concat((await answer.toArray()) as Buffer[]).toString()
  expect([answer.statusCode, JSON.parse(text)]).toMatchObject([201, { sentAmount: { value: '0' }, failed: false, grantSpentDebitAmount: { value: '5000' } }])
  expect(await decided).toBe('started')
  while ((await house.balances()).pending !== 0n) await house.clock.sleep(5)
  expect(await house.balances()).toMatchObject({ alice: budget - 5_000n, publisher: 5_000n })
})

test('a client that hangs up before it is answered has paid nothing, and may pay again', async () => {
  const [looking, gate] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  house.finding = () => {
    looking.resolve()
    return gate.promise
  }
  const connected = once(server, 'connection') as Promise<[Socket]>
  const hanging = pay()
  hanging.on('error', () => undefined)
  const [socket] = await connected
  await looking.promise
  const gone = once(socket, 'close')
  hanging.destroy()
  await gone
  gate.resolve()
  expect(await decided).toBe('cancelled')
  await nothingPaid()
  house.finding = () => Promise.resolve()
  const [answer] = (await once(pay(), 'response')) as [IncomingMessage]
  answer.resume()
  expect(answer.statusCode).toBe(201)
})

test('a payment that took more than 7 s to secure is taken back, and its client is told so while it still listens', async () => {
  house.finding = () => {
    house.clock.aheadMs += 7_001
    return Promise.resolve()
  }
  const [answer] = (await once(pay(), 'response')) as [IncomingMessage]
  const text = Buffer.concat((await answer.toArray()) as Buffer[]).toString()
  expect([answer.statusCode, JSON.parse(text)]).toMatchObject([503, { error: { code: '503', description: 'the payment took too long to secure and was not made: try again in a moment' } }])
  expect(await decided).toBe('cancelled')
  await nothingPaid()
})
