import { randomBytes } from 'node:crypto'
import { encodeReceipt } from '@rivulet/stream'
import fc from 'fast-check'
import { createReceipt } from 'ilp-protocol-stream'
import { describe, expect, test } from 'vitest'
import { newReceiptSetup, provePayment, receiptNonceOf, signWebhook, takeReceipt, verifyWebhook } from './index.ts'

const code = (name: string): unknown => expect.objectContaining({ code: name })

describe('a webhook', () => {
  const nowMs = Date.UTC(2026, 0, 1)
  const secret = 'a secret'

  test('is taken as it was signed, within five minutes, and in no other form', () => {
    const header = signWebhook('{"a":1}', secret, nowMs)
    expect(() => verifyWebhook(Buffer.from('{"a":1}'), header, { secret, nowMs: nowMs + 300_000 })).not.toThrow()
    for (const atMs of [nowMs + 300_001, nowMs - 300_001]) expect(() => verifyWebhook('{"a":1}', header, { secret, nowMs: atMs })).toThrow(code('signature-stale'))
    for (const other of [undefined, '', header.toUpperCase(), `${header},v1=00`, header.slice(0, -1)]) expect(() => verifyWebhook('{"a":1}', other, { secret, nowMs })).toThrow(code('signature-malformed'))
  })

  test('with any other body, secret or time is refused', () => {
    fc.assert(fc.property(fc.string(), fc.string({ minLength: 1 }), fc.string({ minLength: 1 }), fc.integer({ min: 1, max: 299 }), (body, more, moreSecret, seconds) => {
      const header = signWebhook(body, secret, nowMs)
      expect(() => verifyWebhook(body + more, header, { secret, nowMs })).toThrow(code('signature-invalid'))
      expect(() => verifyWebhook(body, header, { secret: secret + moreSecret, nowMs })).toThrow(code('signature-invalid'))
      const later = header.replace(/t=\d+/, `t=${nowMs / 1_000 + seconds}`)
      expect(() => verifyWebhook(body, later, { secret, nowMs })).toThrow(code('signature-invalid'))
    }))
  })
})

describe('a receipt', () => {
  test('of our receiver and of the reference library proves a total, and what is new of it', () => {
    const setup = newReceiptSetup()
    expect(setup.headers).toEqual({ 'receipt-nonce': setup.nonce.toString('base64'), 'receipt-secret': setup.secret.toString('base64') })
    const ours = encodeReceipt({ nonce: setup.nonce, streamId: 1, totalReceived: 500n }, setup.secret).toString('base64')
    const theirs = createReceipt({ nonce: setup.nonce, streamId: 1, totalReceived: 700, secret: setup.secret }).toString('base64')
    expect(receiptNonceOf(theirs)).toBe(setup.headers['receipt-nonce'])
    expect(takeReceipt(ours, setup, 0n)).toEqual({ streamId: 1, totalReceived: 500n, fresh: 500n })
    expect(takeReceipt(theirs, setup, 500n)).toEqual({ streamId: 1, totalReceived: 700n, fresh: 200n })
  })

  test('that was used, was overtaken, is another connection’s, or was changed in any bit proves nothing', () => {
    const setup = newReceiptSetup()
    const receipt = encodeReceipt({ nonce: setup.nonce, streamId: 1, totalReceived: 500n }, setup.secret)
    for (const seen of [500n, 700n]) expect(() => takeReceipt(receipt.toString('base64'), setup, seen)).toThrow(code('receipt-old'))
    expect(() => takeReceipt(receipt.toString('base64'), { ...setup, nonce: randomBytes(16) }, 0n)).toThrow(code('receipt-foreign'))
    for (const secret of [randomBytes(32), Buffer.alloc(0)]) expect(() => takeReceipt(receipt.toString('base64'), { ...setup, secret }, 0n)).toThrow(code('receipt-invalid'))
    for (let bit = 0; bit < receipt.length * 8; bit += 1) {
      const changed = Buffer.from(receipt)
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      expect(() => takeReceipt(changed.toString('base64'), setup, 0n)).toThrow(expect.objectContaining({ code: expect.stringMatching(/^receipt-(malformed|foreign|invalid)$/) as string }))
    }
    for (const text of ['', '!', receipt.subarray(1).toString('base64'), 'A'.repeat(10_000)]) expect(() => takeReceipt(text, setup, 0n)).toThrow(code('receipt-malformed'))
    expect(() => newReceiptSetup(Buffer.alloc(31))).toThrow(code('receipt-malformed'))
  })
})

describe('an incoming payment', () => {
  const walletAddress = 'https://pay.example/mara'
  const incomingPayment = 'https://pay.example/incoming-payments/inpm_1'
  const body = { walletAddress, receivedAmount: { value: '700', assetCode: 'EUR', assetScale: 9 } }
  const answers = (text: string, status = 200): typeof fetch => () => Promise.resolve(new Response(text, { status }))

  test('proves what it has received and what is new of it', async () => {
    const request = answers(JSON.stringify(body))
    expect(await provePayment({ incomingPayment, walletAddress, seen: 0n }, request)).toEqual({ incomingPayment, receivedAmount: 700n, assetCode: 'EUR', assetScale: 9, fresh: 700n })
    for (const [seen, fresh] of [[500n, 200n], [700n, 0n], [900n, 0n]] as const) expect(await provePayment({ incomingPayment, walletAddress, seen }, request)).toMatchObject({ fresh })
  })

  test('of another provider is not even asked for, and one to another wallet address proves nothing', async () => {
    const never: typeof fetch = () => Promise.reject(new Error('asked'))
    for (const url of ['https://evil.example/incoming-payments/1', 'http://pay.example/incoming-payments/1', 'https://pay.example/mara', 'https://a@pay.example/incoming-payments/1', `${incomingPayment}?a=1`, 'nothing', '']) {
      await expect(provePayment({ incomingPayment: url, walletAddress, seen: 0n }, never)).rejects.toThrow(code('payment-foreign'))
    }
    for (const other of ['https://pay.example/tomas', undefined]) {
      await expect(provePayment({ incomingPayment, walletAddress, seen: 0n }, answers(JSON.stringify({ ...body, walletAddress: other })))).rejects.toThrow(code('payment-foreign'))
    }
  })

  test.each([['{}', 404], ['no JSON', 200], ['null', 200], [JSON.stringify({ walletAddress, receivedAmount: { value: '-1', assetCode: 'EUR', assetScale: 9 } }), 200], [JSON.stringify({ ...body, more: 'x'.repeat(70_000) }), 200]])('whose provider answers %.20s with %d is not proven', async (text, status) => {
    await expect(provePayment({ incomingPayment, walletAddress, seen: 0n }, answers(text, status))).rejects.toMatchObject({ code: /null/.test(text) ? 'payment-foreign' : 'payment-unreadable' })
  })
})
