/** Our codecs and those of the reference libraries, side by side: what one writes the other reads, byte for byte. */
import * as btpPacket from 'btp-packet'
import fc from 'fast-check'
import * as ilpPacket from 'ilp-packet'
import * as reference from 'ilp-protocol-stream/dist/src/packet.js'
import { createHmac } from 'node:crypto'
import { expect, test } from 'vitest'
import { ContentType, decodeFrame, encodeFrame, type Frame as BtpFrame, FrameType as BtpFrameType } from '@rivulet/btp'
import { decodePrepare, decodeReply, encodePrepare, encodeReply, ErrorCode, ildcpFulfill, ildcpRequest, isAddress, isFulfill, PacketType, type Prepare, type Reply } from '@rivulet/ilp'
import { type Frame, FrameType, StreamKeys, type StreamPacket } from '@rivulet/stream'

const octets = (minLength: number, maxLength: number) => fc.uint8Array({ minLength, maxLength }).map((bytes) => Buffer.from(bytes))
const segment = fc.stringMatching(/^[A-Za-z0-9_~-]{1,12}$/)
const address = fc.array(segment, { minLength: 1, maxLength: 6 }).map((segments) => ['g', ...segments].join('.'))
const uint64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })
const text = fc.string({ maxLength: 60, unit: 'grapheme' })

const prepares: fc.Arbitrary<Prepare> = fc.record({
  amount: uint64,
  expiresAtMs: fc.integer({ min: Date.UTC(2000, 0), max: Date.UTC(2100, 0) }),
  condition: octets(32, 32),
  destination: address,
  data: octets(0, 200),
})
const replies: fc.Arbitrary<Reply> = fc.oneof(
  fc.record({ type: fc.constant(PacketType.fulfill), fulfillment: octets(32, 32), data: octets(0, 200) }),
  fc.record({ type: fc.constant(PacketType.reject), code: fc.constantFrom(...Object.values(ErrorCode)), triggeredBy: fc.oneof(address, fc.constant('')), message: text, data: octets(0, 200) }),
)

test('ilp-packet and our codec agree on 10,000 random packets', () => {
  fc.assert(fc.property(prepares, (prepare) => {
    const { amount, expiresAtMs, condition, destination, data } = prepare
    const ours = encodePrepare(prepare)
    expect(ours.equals(ilpPacket.serializeIlpPrepare({ amount: amount.toString(), expiresAt: new Date(expiresAtMs), executionCondition: condition, destination, data }))).toBe(true)
    const theirs = ilpPacket.deserializeIlpPrepare(ours)
    expect(decodePrepare(ours)).toEqual({ amount: BigInt(theirs.amount), expiresAtMs: theirs.expiresAt.valueOf(), condition: theirs.executionCondition, destination: theirs.destination, data: theirs.data })
  }), { numRuns: 5_000 })
  fc.assert(fc.property(replies, (reply) => {
    const ours = encodeReply(reply)
    expect(ours.equals(isFulfill(reply) ? ilpPacket.serializeIlpFulfill(reply) : ilpPacket.serializeIlpReject(reply))).toBe(true)
    expect(decodeReply(ours)).toEqual({ type: reply.type, ...ilpPacket.deserializeIlpReply(ours) })
  }), { numRuns: 5_000 })
})

test('both read the same addresses as addresses', () => {
  const nearly = fc.oneof(address, fc.string({ maxLength: 20 }), fc.array(fc.constantFrom('g', 'test1', 'local', '.', '..', 'a', 'é', ' '), { maxLength: 6 }).map((parts) => parts.join('')))
  fc.assert(fc.property(nearly, (destination) => {
    expect(isAddress(destination)).toBe(ilpPacket.isValidIlpAddress(destination))
  }), { numRuns: 2_000 })
})

test('an ILDCP request and its answer are those of RFC 31', () => {
  const request = ilpPacket.deserializeIlpPrepare(encodePrepare(ildcpRequest(1_000)))
  expect(request.destination).toBe('peer.config')
  expect(request.executionCondition.toString('base64')).toBe('Zmh6rfhivXdsj8GLjp+OIAiXFIVu4jOzkCpZHQ1fKSU=')
  expect(ildcpFulfill({ clientAddress: 'g.a', assetScale: 9, assetCode: 'EUR' }).data.toString('hex')).toBe('03672e610903455552')
})

/** btp-packet keeps names in a plain object and cannot write one that every object has, such as `constructor`. */
const protocolName = fc.stringMatching(/^[a-z_]{1,12}$/).filter((name) => !(name in {}))
const protocols = fc.array(fc.record({ name: protocolName, contentType: fc.constantFrom(...Object.values(ContentType)), data: octets(0, 300) }), { maxLength: 5 })
const requestId = fc.integer({ min: 0, max: 0xffff_ffff })
const btpFrames: fc.Arbitrary<BtpFrame> = fc.oneof(
  fc.record({ type: fc.constantFrom(BtpFrameType.message, BtpFrameType.response), requestId, protocols }),
  fc.record({ type: fc.constant(BtpFrameType.transfer), requestId, protocols, amount: uint64 }),
  fc.record({
    type: fc.constant(BtpFrameType.error), requestId, protocols,
    code: fc.constantFrom('F00', 'T00'), name: fc.constantFrom('UnreachableError', 'NotAcceptedError'), triggeredAtMs: fc.integer({ min: Date.UTC(2000, 0), max: Date.UTC(2100, 0) }), message: text,
  }),
)

function referenceFrame(frame: BtpFrame): btpPacket.BtpPacket {
  const protocolData = frame.protocols.map(({ name, contentType, data }) => ({ protocolName: name, contentType, data }))
  const { requestId: id } = frame
  switch (frame.type) {
    case BtpFrameType.message: return { type: btpPacket.Type.TYPE_MESSAGE, requestId: id, data: { protocolData } }
    case BtpFrameType.response: return { type: btpPacket.Type.TYPE_RESPONSE, requestId: id, data: { protocolData } }
    case BtpFrameType.transfer: return { type: btpPacket.Type.TYPE_TRANSFER, requestId: id, data: { amount: frame.amount.toString(), protocolData } }
    case BtpFrameType.error: {
      const { code, name, message } = frame
      return { type: btpPacket.Type.TYPE_ERROR, requestId: id, data: { code, name, triggeredAt: new Date(frame.triggeredAtMs).toISOString(), data: message, protocolData } }
    }
  }
}

test('btp-packet and our codec agree on random frames, both ways', () => {
  fc.assert(fc.property(btpFrames, (frame) => {
    const theirs = btpPacket.serialize(referenceFrame(frame))
    expect(encodeFrame(frame).equals(theirs)).toBe(true)
    expect(decodeFrame(theirs)).toEqual(frame)
    expect(btpPacket.serialize(btpPacket.deserialize(encodeFrame(frame)) as btpPacket.BtpPacket).equals(theirs)).toBe(true)
  }), { numRuns: 1_000 })
})

const streamId = fc.integer({ min: 1, max: 1_000 })
const errorCode = fc.integer({ min: 1, max: 9 })
const frames: fc.Arbitrary<Frame> = fc.oneof(
  fc.record({ type: fc.constant(FrameType.connectionClose), errorCode, errorMessage: text }),
  fc.record({ type: fc.constant(FrameType.connectionNewAddress), sourceAccount: address }),
  fc.record({ type: fc.constantFrom(FrameType.connectionMaxData, FrameType.connectionDataBlocked), maxOffset: uint64 }),
  fc.record({ type: fc.constantFrom(FrameType.connectionMaxStreamId, FrameType.connectionStreamIdBlocked), maxStreamId: uint64 }),
  fc.record({ type: fc.constant(FrameType.connectionAssetDetails), assetCode: fc.constantFrom('EUR', 'USD'), assetScale: fc.integer({ min: 0, max: 255 }) }),
  fc.record({ type: fc.constant(FrameType.streamClose), streamId, errorCode, errorMessage: text }),
  fc.record({ type: fc.constant(FrameType.streamMoney), streamId, shares: uint64 }),
  fc.record({ type: fc.constant(FrameType.streamMaxMoney), streamId, receiveMax: uint64, totalReceived: uint64 }),
  fc.record({ type: fc.constant(FrameType.streamMoneyBlocked), streamId, sendMax: uint64, totalSent: uint64 }),
  fc.record({ type: fc.constant(FrameType.streamData), streamId, offset: uint64, data: octets(0, 300) }),
  fc.record({ type: fc.constantFrom(FrameType.streamMaxData, FrameType.streamDataBlocked), streamId, maxOffset: uint64 }),
  fc.record({ type: fc.constant(FrameType.streamReceipt), streamId, receipt: octets(58, 58) }),
)

function referenceStreamFrame(frame: Frame): reference.Frame {
  switch (frame.type) {
    case FrameType.connectionClose: return new reference.ConnectionCloseFrame(frame.errorCode, frame.errorMessage)
    case FrameType.connectionNewAddress: return new reference.ConnectionNewAddressFrame(frame.sourceAccount)
    case FrameType.connectionMaxData: return new reference.ConnectionMaxDataFrame(frame.maxOffset.toString())
    case FrameType.connectionDataBlocked: return new reference.ConnectionDataBlockedFrame(frame.maxOffset.toString())
    case FrameType.connectionMaxStreamId: return new reference.ConnectionMaxStreamIdFrame(frame.maxStreamId.toString())
    case FrameType.connectionStreamIdBlocked: return new reference.ConnectionStreamIdBlockedFrame(frame.maxStreamId.toString())
    case FrameType.connectionAssetDetails: return new reference.ConnectionAssetDetailsFrame(frame.assetCode, frame.assetScale)
    case FrameType.streamClose: return new reference.StreamCloseFrame(frame.streamId, frame.errorCode, frame.errorMessage)
    case FrameType.streamMoney: return new reference.StreamMoneyFrame(frame.streamId, frame.shares.toString())
    case FrameType.streamMaxMoney: return new reference.StreamMaxMoneyFrame(frame.streamId, frame.receiveMax.toString(), frame.totalReceived.toString())
    case FrameType.streamMoneyBlocked: return new reference.StreamMoneyBlockedFrame(frame.streamId, frame.sendMax.toString(), frame.totalSent.toString())
    case FrameType.streamData: return new reference.StreamDataFrame(frame.streamId, frame.offset.toString(), frame.data)
    case FrameType.streamMaxData: return new reference.StreamMaxDataFrame(frame.streamId, frame.maxOffset.toString())
    case FrameType.streamDataBlocked: return new reference.StreamDataBlockedFrame(frame.streamId, frame.maxOffset.toString())
    case FrameType.streamReceipt: return new reference.StreamReceiptFrame(frame.streamId, frame.receipt)
  }
}

const packets: fc.Arbitrary<StreamPacket> = fc.record({ type: fc.constantFrom(...Object.values(PacketType)), sequence: fc.maxSafeNat(), amount: uint64, frames: fc.array(frames, { maxLength: 6 }) })
const sharedSecret = Buffer.alloc(32, 4)
const keys = new StreamKeys(sharedSecret)
const referenceKey = createHmac('sha256', sharedSecret).update('ilp_stream_encryption').digest()

test('ilp-protocol-stream opens what we seal, and we open what it seals', async () => {
  await fc.assert(fc.asyncProperty(packets, fc.integer({ min: 0, max: 300 }), async (packet, padding) => {
    const theirs = new reference.Packet(packet.sequence, packet.type, packet.amount.toString(), packet.frames.map(referenceStreamFrame))
    const opened = await reference.Packet.decryptAndDeserialize(referenceKey, keys.seal(packet))
    expect(opened._serialize().equals(theirs._serialize())).toBe(true)
    expect(keys.decrypt(keys.seal(packet)).equals(theirs._serialize())).toBe(true)
    expect(keys.open(await theirs.serializeAndEncrypt(referenceKey, theirs.byteLength() + padding))).toEqual(packet)
  }), { numRuns: 1_000 })
})
