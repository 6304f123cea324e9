import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodePrepare, decodeReply, encodePrepare, encodeReply, packetBytesMax, packetDataBytesMax, rejectMessageBytesMax, writePrepare, writeReply } from './codec.ts'
import { ErrorCode, reject } from './error-codes.ts'
import { PacketFault } from './fault.ts'
import { PacketType, type Prepare, type Reply } from './packet.ts'
import { mangle } from './testing.ts'

const octets = (minLength: number, maxLength: number) => fc.uint8Array({ minLength, maxLength }).map((bytes) => Buffer.from(bytes))
const address = fc.array(fc.stringMatching(/^[A-Za-z0-9_~-]{1,20}$/), { minLength: 1, maxLength: 8 }).map((segments) => ['test', ...segments].join('.'))
const prepares: fc.Arbitrary<Prepare> = fc.record({
  amount: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  expiresAtMs: fc.integer({ min: 0, max: Date.UTC(9999, 11, 31) }),
  condition: octets(32, 32),
  destination: address,
  data: octets(0, 600),
})
const replies: fc.Arbitrary<Reply> = fc.oneof(
  fc.record({ type: fc.constant(PacketType.fulfill), fulfillment: octets(32, 32), data: octets(0, 600) }),
  fc.record({
    type: fc.constant(PacketType.reject),
    code: fc.constantFrom(...Object.values(ErrorCode)),
    triggeredBy: fc.oneof(address, fc.constant('')),
    message: fc.string({ maxLength: 100, unit: 'grapheme' }),
    data: octets(0, 600),
  }),
)

const prepare: Prepare = { amount: 107n, expiresAtMs: Date.UTC(2026, 4, 1, 12, 30, 59, 87), condition: Buffer.alloc(32, 3), destination: 'example.alice', data: Buffer.from('hello') }

test('a Prepare is the bytes that RFC 27 describes', () => {
  expect(encodePrepare(prepare).toString('hex')).toBe(
    `0c4d${'000000000000006b'}${Buffer.from('20260501123059087').toString('hex')}${'03'.repeat(32)}0d${Buffer.from('example.alice').toString('hex')}05${Buffer.from('hello').toString('hex')}`,
  )
})

test('every Prepare and every reply is read back as it was written', () => {
  fc.assert(fc.property(prepares, (value) => {
    expect(decodePrepare(encodePrepare(value))).toEqual(value)
  }))
  fc.assert(fc.property(replies, (value) => {
    expect(decodeReply(encodeReply(value))).toEqual(value)
  }))
})

test('a packet can be written into the middle of a larger buffer', () => {
  const buffer = Buffer.alloc(400, 0xaa)
  const end = writePrepare(prepare, buffer, 10)
  expect(decodePrepare(buffer.subarray(10, end))).toEqual(prepare)
  expect(buffer[end]).toBe(0xaa)
  const refusal = reject('F02', 'test.us', 'no route')
  expect(decodeReply(buffer.subarray(20, writeReply(refusal, buffer, 20)))).toEqual(refusal)
  expect(() => writePrepare(prepare, buffer, 350)).toThrow(PacketFault)
  expect(() => writePrepare(prepare, buffer, 395)).toThrow(PacketFault)
})

test('mangled packets end in a value or a refusal', () => {
  expect(mangle(encodePrepare(prepare), decodePrepare)).toBeGreaterThan(100)
  fc.assert(fc.property(prepares, (value) => mangle(encodePrepare({ ...value, data: value.data.subarray(0, 20) }), decodePrepare) > 0), { numRuns: 10 })
  fc.assert(fc.property(replies, (value) => mangle(encodeReply({ ...value, data: value.data.subarray(0, 20) }), decodeReply) > 0), { numRuns: 10 })
  fc.assert(fc.property(octets(0, 300), (noise) => {
    mangle(noise, decodePrepare)
    mangle(noise, decodeReply)
  }), { numRuns: 10 })
})

test.each([
  ['13th month', '20261301000000000'], ['31 February', '20260231000000000'], ['25 o’clock', '20260101250000000'], ['60 minutes', '20260101006000000'],
  ['60 seconds', '20260101000060000'], ['a letter', '2026010100000000x'], ['before 1970', '19691231235959999'],
])('a Prepare that expires at %s is refused', (_name, time) => {
  const bytes = encodePrepare(prepare)
  bytes.write(time, 10, 'latin1')
  expect(() => decodePrepare(bytes)).toThrow(PacketFault)
})

test('what is out of bounds is not written', () => {
  expect(() => encodePrepare({ ...prepare, amount: 2n ** 64n })).toThrow(PacketFault)
  expect(() => encodePrepare({ ...prepare, amount: -1n })).toThrow(PacketFault)
  expect(() => encodePrepare({ ...prepare, condition: Buffer.alloc(31) })).toThrow(PacketFault)
  expect(() => encodePrepare({ ...prepare, destination: 'example' })).toThrow(PacketFault)
  expect(() => encodePrepare({ ...prepare, expiresAtMs: Number.NaN })).toThrow(PacketFault)
  expect(() => encodePrepare({ ...prepare, data: Buffer.alloc(packetDataBytesMax + 1) })).toThrow(PacketFault)
  expect(() => encodeReply({ type: PacketType.fulfill, fulfillment: Buffer.alloc(33), data: Buffer.alloc(0) })).toThrow(PacketFault)
  expect(() => encodeReply({ type: PacketType.reject, code: 'X1', triggeredBy: '', message: '', data: Buffer.alloc(0) })).toThrow(PacketFault)
})

test('a message of bytes that are no text is read such that it can be passed on', () => {
  const refusal = encodeReply(reject('F00', 'test.us', 'm'.repeat(rejectMessageBytesMax)))
  refusal.fill(0xff, refusal.indexOf('mm'), refusal.indexOf('mm') + rejectMessageBytesMax)
  const read = decodeReply(refusal)
  expect(decodeReply(encodeReply(read))).toEqual(read)
})

test('the largest packets pass, and larger ones do not', () => {
  const largest = { ...prepare, destination: `test.${'a'.repeat(1_018)}`, data: Buffer.alloc(packetDataBytesMax) }
  expect(decodePrepare(encodePrepare(largest))).toEqual(largest)
  const refusal = reject('F00', largest.destination, 'm'.repeat(rejectMessageBytesMax), largest.data)
  expect(encodeReply(refusal).length).toBeLessThanOrEqual(packetBytesMax)
  expect(decodeReply(encodeReply(refusal))).toEqual(refusal)
  expect(() => decodePrepare(Buffer.alloc(packetBytesMax + 1))).toThrow(PacketFault)
  expect(() => encodeReply({ ...refusal, message: `${refusal.message}m` })).toThrow(PacketFault)
})
