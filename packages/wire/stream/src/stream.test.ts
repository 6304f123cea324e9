import { createCipheriv, createHash, createHmac, randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { OctetWriter, PacketFault, PacketType } from '@rivulet/ilp'
import { mangle } from '@rivulet/ilp/testing'
import { decodeStreamPacket, framesMax, writeStreamPacket } from './codec.ts'
import { type Frame, FrameType, type StreamPacket } from './frame.ts'
import { conditionOf, StreamFault, StreamKeys } from './keys.ts'
import { decodeReceipt, encodeReceipt, receiptBytes, verifyReceipt } from './receipt.ts'

const uint64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })
const streamId = fc.integer({ min: 1, max: 1_000_000 })
const byte = fc.integer({ min: 0, max: 255 })
const text = fc.string({ maxLength: 200, unit: 'grapheme' })
const octets = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes))
const frame: fc.Arbitrary<Frame> = fc.oneof(
  fc.record({ type: fc.constant(FrameType.connectionClose), errorCode: byte, errorMessage: text }),
  fc.record({ type: fc.constant(FrameType.connectionNewAddress), sourceAccount: text }),
  fc.record({ type: fc.constantFrom(FrameType.connectionMaxData, FrameType.connectionDataBlocked), maxOffset: uint64 }),
  fc.record({ type: fc.constantFrom(FrameType.connectionMaxStreamId, FrameType.connectionStreamIdBlocked), maxStreamId: uint64 }),
  fc.record({ type: fc.constant(FrameType.connectionAssetDetails), assetCode: text, assetScale: byte }),
  fc.record({ type: fc.constant(FrameType.streamClose), streamId, errorCode: byte, errorMessage: text }),
  fc.record({ type: fc.constant(FrameType.streamMoney), streamId, shares: uint64 }),
  fc.record({ type: fc.constant(FrameType.streamMaxMoney), streamId, receiveMax: uint64, totalReceived: uint64 }),
  fc.record({ type: fc.constant(FrameType.streamMoneyBlocked), streamId, sendMax: uint64, totalSent: uint64 }),
  fc.record({ type: fc.constant(FrameType.streamData), streamId, offset: uint64, data: octets }),
  fc.record({ type: fc.constantFrom(FrameType.streamMaxData, FrameType.streamDataBlocked), streamId, maxOffset: uint64 }),
  fc.record({ type: fc.constant(FrameType.streamReceipt), streamId, receipt: octets }),
)
const packets: fc.Arbitrary<StreamPacket> = fc.record({
  type: fc.constantFrom(...Object.values(PacketType)),
  sequence: fc.maxSafeNat(),
  amount: uint64,
  frames: fc.array(frame, { maxLength: 10 }),
})

const secret = Buffer.alloc(32, 9)
const keys = new StreamKeys(secret)
const plainOf = (packet: StreamPacket): Buffer => writeStreamPacket(new OctetWriter(Buffer.alloc(32_000)), packet).copy()
const sealPlain = (plain: Buffer): Buffer => {
  const iv = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', createHmac('sha256', secret).update('ilp_stream_encryption').digest(), iv)
  const sealed = Buffer.concat([cipher.update(plain), cipher.final()])
  return Buffer.concat([iv, cipher.getAuthTag(), sealed])
}

test('every packet, with any frames, is opened as it was sealed', () => {
  fc.assert(fc.property(packets, (packet) => {
    expect(keys.open(keys.seal(packet))).toEqual(packet)
  }))
})

test('the packet of every second is what the general writer would have written', () => {
  fc.assert(fc.property(fc.maxSafeNat(), uint64, (sequence, amount) => {
    const packet = { type: PacketType.prepare, sequence, amount, frames: [{ type: FrameType.streamMoney, streamId: 1, shares: 1n }] }
    expect(keys.decrypt(keys.sealMoney(packet.type, sequence, amount))).toEqual(plainOf(packet))
  }))
})

test('keys, fulfillment and condition are derived as RFC 29 says', () => {
  const data = sealPlain(plainOf({ type: 12, sequence: 1, amount: 5n, frames: [] }))
  expect(keys.open(data)).toEqual({ type: 12, sequence: 1, amount: 5n, frames: [] })
  const fulfillment = createHmac('sha256', createHmac('sha256', secret).update('ilp_stream_fulfillment').digest()).update(data).digest()
  expect(keys.fulfillmentOf(data)).toEqual(fulfillment)
  expect(conditionOf(fulfillment)).toEqual(createHash('sha256').update(fulfillment).digest())
})

test('no IV is used twice', () => {
  const ivs = Array.from({ length: 3_000 }, (_, index) => keys.sealMoney(12, index, 1n).toString('hex', 0, 12))
  expect(new Set(ivs).size).toBe(ivs.length)
})

test('data that was changed, cut, or sealed under another secret does not open', () => {
  const sealed = keys.sealMoney(12, 1, 100n)
  expect(mangle(sealed, (data) => keys.open(data))).toBe(sealed.length * 5 + 1)
  expect(() => new StreamKeys(Buffer.alloc(32, 8)).open(sealed)).toThrow(StreamFault)
  expect(() => keys.open(Buffer.alloc(10))).toThrow(expect.objectContaining({ code: 'packet-undecryptable' }))
  expect(() => new StreamKeys(Buffer.alloc(31))).toThrow(PacketFault)
})

test('mangled packets in the clear end in a value or a refusal', () => {
  fc.assert(fc.property(packets, (packet) => {
    expect(mangle(plainOf({ ...packet, frames: packet.frames.slice(0, 2) }), decodeStreamPacket)).toBeGreaterThan(0)
  }), { numRuns: 30 })
})

test('unknown frames and bytes behind the frames are passed over, another version is not', () => {
  const money = { type: 12, sequence: 3, amount: 4n, frames: [{ type: FrameType.streamMoney, streamId: 1, shares: 1n }] } as const
  const plain = plainOf(money)
  const countAt = 6
  const stranger = Buffer.concat([plain.subarray(0, countAt), Buffer.from([1, 2, 0x77, 3, 1, 2, 3]), plain.subarray(countAt + 2), Buffer.alloc(40)])
  expect(plain.subarray(countAt, countAt + 2)).toEqual(Buffer.from([1, 1]))
  expect(keys.open(sealPlain(stranger))).toEqual(money)
  plain[0] = 2
  expect(() => decodeStreamPacket(plain)).toThrow(/version 2/)
})

test('too many frames are refused, on either side', () => {
  const frames = Array.from({ length: framesMax + 1 }, () => ({ type: FrameType.connectionMaxData, maxOffset: 1n }))
  expect(() => keys.seal({ type: 12, sequence: 1, amount: 0n, frames })).toThrow(PacketFault)
  expect(() => decodeStreamPacket(Buffer.from('010c01010101020101', 'hex'))).toThrow(PacketFault)
  expect(() => keys.seal({ type: 12, sequence: 1, amount: 0n, frames: [{ type: FrameType.streamData, streamId: 1, offset: 0n, data: Buffer.alloc(33_000) }] })).toThrow(PacketFault)
})

test('a receipt is true only under its secret, and every changed byte shows', () => {
  const receiptSecret = randomBytes(32)
  const receipt = { nonce: randomBytes(16), streamId: 1, totalReceived: 2n ** 60n }
  const encoded = encodeReceipt(receipt, receiptSecret)
  expect(encoded).toHaveLength(receiptBytes)
  expect(decodeReceipt(encoded)).toEqual(receipt)
  expect(verifyReceipt(encoded, receiptSecret)).toBe(true)
  expect(verifyReceipt(encoded, randomBytes(32))).toBe(false)
  let accepted = 0
  mangle(encoded, (bytes) => {
    if (verifyReceipt(bytes, receiptSecret)) accepted += 1
  })
  expect(accepted).toBe(0)
  expect(() => encodeReceipt({ ...receipt, streamId: 256 }, receiptSecret)).toThrow(PacketFault)
})
