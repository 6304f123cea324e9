import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { PacketFault } from './fault.ts'
import { decodeAmountTooLarge, encodeAmountTooLarge } from './error-codes.ts'
import { ildcpFulfill, ildcpRequest, isIldcpRequest, readIldcpFulfill } from './ildcp.ts'
import { mangle } from './testing.ts'

const response = { clientAddress: 'test.parent.child', assetScale: 9, assetCode: 'EUR' }

test('a child learns its address and asset, for the condition that both sides know', () => {
  const request = ildcpRequest(1_000)
  expect(isIldcpRequest(request)).toBe(true)
  expect(createHash('sha256').update(ildcpFulfill(response).fulfillment).digest()).toEqual(request.condition)
  expect(readIldcpFulfill(ildcpFulfill(response))).toEqual(response)
})

test('a response that is none is refused', () => {
  const fulfill = ildcpFulfill(response)
  expect(mangle(fulfill.data, (data) => readIldcpFulfill({ ...fulfill, data }))).toBeGreaterThan(0)
  expect(() => readIldcpFulfill({ ...fulfill, fulfillment: Buffer.alloc(32, 1) })).toThrow(PacketFault)
  expect(() => ildcpFulfill({ ...response, clientAddress: 'nowhere' })).toThrow(PacketFault)
  expect(() => ildcpFulfill({ ...response, assetScale: 256 })).toThrow(PacketFault)
})

test('F08 data says what arrived and what may, or nothing', () => {
  const amounts = { receivedAmount: 2n ** 63n, maximumAmount: 10n ** 12n }
  expect(decodeAmountTooLarge(encodeAmountTooLarge(amounts))).toEqual(amounts)
  expect(decodeAmountTooLarge(Buffer.alloc(15))).toBeUndefined()
})
