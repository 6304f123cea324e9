/** A publisher's server is told of what readers pay: a webhook of the running product, signed, after a stream that was paid as users do. */
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { provePayment, verifyWebhook } from '@rivulet/payment-proof'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { answerOf, balanceOf } from './support/books.ts'
import { Server } from './support/product.ts'
import { sandboxFolder } from './support/shared-folder.ts'

interface Told {
  readonly type: string
  readonly data: { readonly walletAddress: string; readonly receivedAmount: { readonly value: string }; readonly incomingPayment?: string }
}

const resources = new AsyncDisposableStack()
let folder: string
let product: Server

beforeAll(async () => {
  folder = resources.use(await sandboxFolder()).path
  product = resources.use(await Server.start(['up', '--port', '0', '--data', folder]))
})
afterAll(() => resources.disposeAsync())

async function ask(path: string, body: object, cookie = ''): Promise<Response> {
  const origin = product.ready.receiver
  return fetch(`${origin}${path}`, { method: 'POST', headers: { 'content-type': 'application/json', origin, cookie }, body: JSON.stringify(body) })
}

test('a stream that is paid arrives as signed webhooks that name what stands in the books, and only its publisher sees them', async () => {
  const arrived: { readonly headers: IncomingHttpHeaders; readonly body: string }[] = []
  const shop = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk: Buffer) => (body += chunk.toString()))
    request.on('end', () => {
      arrived.push({ headers: request.headers, body })
      response.end()
    })
  })
  await new Promise<void>((resolve) => shop.listen(0, '127.0.0.1', resolve))
  resources.defer(() => {
    shop.closeAllConnections()
    shop.close()
  })
  expect((await ask('/api/webhooks', {})).status).toBe(401)
  const signedIn = await ask('/api/auth/sign-in/email', { email: 'mara@demo.example', password: 'rivulet-demo' })
  const cookie = signedIn.headers.getSetCookie().map((line) => line.split(';')[0]).join('; ')
  const made = await ask('/api/webhooks', { url: `http://127.0.0.1:${(shop.address() as AddressInfo).port}/paid` }, cookie)
  expect(made.status).toBe(201)
  const { secret } = (await made.json()) as { secret: string }

  const { sent } = await answerOf<{ sent: { value: string } }>(['stream', `${product.ready.receiver}/mara`, '--seconds', '3', '--data', folder])
  await expect.poll(() => arrived.map(({ body }) => (JSON.parse(body) as Told).type), { timeout: 30_000 }).toContain('stream.closed')
  for (const { headers, body } of arrived) verifyWebhook(body, String(headers['rivulet-signature']), { secret, nowMs: performance.timeOrigin + performance.now() })
  const told = arrived.map(({ body }) => JSON.parse(body) as Told)
  expect(told.filter(({ type }) => type === 'stream.closed')).toMatchObject([{ data: { walletAddress: `${product.ready.receiver}/mara`, receivedAmount: { value: sent.value } } }])
  expect(told.every(({ data }) => data.incomingPayment === told[0]?.data.incomingPayment)).toBe(true)
  expect((await balanceOf('mara', folder)).posted).toBe(sent.value)
  // The same payment as a publisher's server proves it, by the URL alone.
  const incomingPayment = told[0]?.data.incomingPayment ?? ''
  const walletAddress = `${product.ready.receiver}/mara`
  expect(await provePayment({ incomingPayment, walletAddress, seen: 0n })).toEqual({ incomingPayment, receivedAmount: BigInt(sent.value), assetCode: 'EUR', assetScale: 9, fresh: BigInt(sent.value) })
  await expect(provePayment({ incomingPayment, walletAddress: `${product.ready.receiver}/tomas`, seen: 0n })).rejects.toMatchObject({ code: 'payment-foreign' })
  await expect(provePayment({ incomingPayment: `${incomingPayment}x`, walletAddress, seen: 0n })).rejects.toMatchObject({ code: 'payment-unreadable' })
  expect(product.errors).not.toContain(secret)
})
