import fc from 'fast-check'
import { expect, test } from 'vitest'
import { PacketFault } from '@rivulet/ilp'
import { mangle } from '@rivulet/ilp/testing'
import { decodeFrame, encodeFrame, frameBytesMax, ilpFrameBytes, ilpPacketOf, subProtocolsMax, writeIlpFrameHead } from './codec.ts'
import { ContentType, type Frame, FrameType } from './frame.ts'

const octets = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes))
const protocols = fc.array(fc.record({ name: fc.stringMatching(/^[a-z_]{1,20}$/), contentType: fc.constantFrom(...Object.values(ContentType)), data: octets }), { maxLength: subProtocolsMax })
const requestId = fc.integer({ min: 0, max: 0xffff_ffff })
const frames: fc.Arbitrary<Frame> = fc.oneof(
  fc.record({ type: fc.constantFrom(FrameType.message, FrameType.response), requestId, protocols }),
  fc.record({ type: fc.constant(FrameType.transfer), requestId, protocols, amount: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }) }),
  fc.record({
    type: fc.constant(FrameType.error), requestId, protocols,
    code: fc.constantFrom('F00', 'T00'), name: fc.constant('NotAcceptedError'), triggeredAtMs: fc.integer({ min: 0, max: Date.UTC(9999, 0) }), message: fc.string({ unit: 'grapheme' }),
  }),
)

test('every frame is read back as it was written', () => {
  fc.assert(fc.property(frames, (frame) => {
    expect(decodeFrame(encodeFrame(frame))).toEqual(frame)
  }))
})

test('an ILP packet can be written straight into its frame', () => {
  for (const size of [0, 100, 119, 120, 127, 128, 200, 255, 256, 32_767]) {
    const packet = Buffer.alloc(size, 5)
    const target = Buffer.alloc(ilpFrameBytes(size))
    const at = writeIlpFrameHead(target, { type: FrameType.message, requestId: 7, packetBytes: size })
    packet.copy(target, at)
    expect(at + size).toBe(target.length)
    expect(target).toEqual(encodeFrame({ type: FrameType.message, requestId: 7, protocols: [{ name: 'ilp', contentType: ContentType.octets, data: packet }] }))
    expect(ilpPacketOf(decodeFrame(target))).toEqual(packet)
  }
})

test('a frame without the sub-protocol ilp carries no packet', () => {
  expect(ilpPacketOf({ type: FrameType.message, requestId: 1, protocols: [{ name: 'auth', contentType: 0, data: Buffer.alloc(0) }] })).toBeUndefined()
})

test('mangled frames end in a value or a refusal', () => {
  fc.assert(fc.property(frames, (frame) => {
    expect(mangle(encodeFrame({ ...frame, protocols: frame.protocols.slice(0, 2) }), decodeFrame)).toBeGreaterThan(0)
  }), { numRuns: 20 })
})

test('frames that are too large, of an unknown type or with too many sub-protocols are refused', () => {
  const protocol = { name: 'x', contentType: 0, data: Buffer.alloc(0) }
  const message = { type: FrameType.message, requestId: 1 }
  expect(() => decodeFrame(Buffer.alloc(frameBytesMax + 1))).toThrow(PacketFault)
  expect(() => encodeFrame({ ...message, protocols: [{ ...protocol, data: Buffer.alloc(frameBytesMax) }] })).toThrow(PacketFault)
  expect(() => encodeFrame({ ...message, protocols: Array.from({ length: subProtocolsMax + 1 }, () => protocol) })).toThrow(PacketFault)
  expect(() => encodeFrame({ ...message, protocols: [{ ...protocol, name: 'ü' }] })).toThrow(PacketFault)
  expect(() => decodeFrame(Buffer.from('0300000001020100', 'hex'))).toThrow(PacketFault)
  expect(() => decodeFrame(Buffer.from('0600000001020111', 'hex'))).toThrow(PacketFault)
})

test('an error whose code is not three printable characters is refused by who writes it and by who reads it', () => {
  const error = { type: FrameType.error, requestId: 1, code: 'F00', name: 'NotAcceptedError', triggeredAtMs: 0, message: 'no', protocols: [] }
  const bytes = encodeFrame(error)
  const at = bytes.indexOf('F00')
  for (const wrong of ['\u000000', 'F 0', '\u00e900']) {
    expect(() => encodeFrame({ ...error, code: wrong })).toThrow(PacketFault)
    bytes.write(wrong, at, 'latin1')
    expect(() => decodeFrame(bytes)).toThrow(PacketFault)
  }
})
