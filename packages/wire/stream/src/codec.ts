/** STREAM packets in the clear (RFC 29 section 5). Unknown frames are skipped, and so are bytes behind the last frame (padding). */
import { OctetReader, type OctetWriter, PacketFault } from '@rivulet/ilp'
import { overheadBytes, sealedBytesMax } from './cryptography.ts'
import { type Frame, FrameType, type StreamPacket } from './frame.ts'

const version = 1
export const framesMax = 256
/** The data of an ILP packet, less IV and tag. */
export const plainBytesMax = sealedBytesMax - overheadBytes

/** Writes a packet at the writer's place. Throws PacketFault `packet-malformed` when a field is out of its bounds. */
export function writeStreamPacket(writer: OctetWriter, packet: StreamPacket): OctetWriter {
  if (packet.frames.length > framesMax) throw new PacketFault(`a packet has at most ${framesMax} frames`)
  writer.uint8(version).uint8(packet.type).varUint(packet.sequence).varUint(packet.amount).varUint(packet.frames.length)
  for (const frame of packet.frames) {
    const contents = writer.uint8(frame.type).beginVar()
    writeContents(writer, frame)
    writer.endVar(contents)
  }
  return writer
}

/** Reads a packet; the octets of its frames are views into `plain`. Throws PacketFault `packet-malformed`. */
export function decodeStreamPacket(plain: Buffer): StreamPacket {
  const reader = new OctetReader(plain)
  const found = reader.uint8()
  if (found !== version) throw new PacketFault(`STREAM version ${found} is not known, only ${version}`)
  const type = reader.uint8()
  const sequence = reader.varUintNumber()
  const amount = reader.varUint()
  const count = reader.varUintNumber()
  if (count > framesMax) throw new PacketFault(`a packet has at most ${framesMax} frames`)
  const frames: Frame[] = []
  for (let left = count; left > 0; left -= 1) {
    const frameType = reader.uint8()
    const frame = readFrame(frameType, reader.varReader())
    if (frame !== undefined) frames.push(frame)
  }
  return { type, sequence, amount, frames }
}

function writeContents(writer: OctetWriter, frame: Frame): void {
  switch (frame.type) {
    case FrameType.connectionClose:
      writer.uint8(frame.errorCode).varUtf8(frame.errorMessage)
      break
    case FrameType.connectionNewAddress:
      writer.varUtf8(frame.sourceAccount)
      break
    case FrameType.connectionMaxData:
    case FrameType.connectionDataBlocked:
      writer.varUint(frame.maxOffset)
      break
    case FrameType.connectionMaxStreamId:
    case FrameType.connectionStreamIdBlocked:
      writer.varUint(frame.maxStreamId)
      break
    case FrameType.connectionAssetDetails:
      writer.varUtf8(frame.assetCode).uint8(frame.assetScale)
      break
    case FrameType.streamClose:
      writer.varUint(frame.streamId).uint8(frame.errorCode).varUtf8(frame.errorMessage)
      break
    case FrameType.streamMoney:
      writer.varUint(frame.streamId).varUint(frame.shares)
      break
    case FrameType.streamMaxMoney:
      writer.varUint(frame.streamId).varUint(frame.receiveMax).varUint(frame.totalReceived)
      break
    case FrameType.streamMoneyBlocked:
      writer.varUint(frame.streamId).varUint(frame.sendMax).varUint(frame.totalSent)
      break
    case FrameType.streamData:
      writer.varUint(frame.streamId).varUint(frame.offset).varOctets(frame.data)
      break
    case FrameType.streamMaxData:
    case FrameType.streamDataBlocked:
      writer.varUint(frame.streamId).varUint(frame.maxOffset)
      break
    case FrameType.streamReceipt:
      writer.varUint(frame.streamId).varOctets(frame.receipt)
  }
}

function readFrame(type: number, contents: OctetReader): Frame | undefined {
  switch (type) {
    case FrameType.connectionClose:
      return { type, errorCode: contents.uint8(), errorMessage: contents.varUtf8() }
    case FrameType.connectionNewAddress:
      return { type, sourceAccount: contents.varUtf8() }
    case FrameType.connectionMaxData:
    case FrameType.connectionDataBlocked:
      return { type, maxOffset: contents.varUint() }
    case FrameType.connectionMaxStreamId:
    case FrameType.connectionStreamIdBlocked:
      return { type, maxStreamId: contents.varUint() }
    case FrameType.connectionAssetDetails:
      return { type, assetCode: contents.varUtf8(), assetScale: contents.uint8() }
    case FrameType.streamClose:
      return { type, streamId: contents.varUintNumber(), errorCode: contents.uint8(), errorMessage: contents.varUtf8() }
    case FrameType.streamMoney:
      return { type, streamId: contents.varUintNumber(), shares: contents.varUint() }
    case FrameType.streamMaxMoney:
      return { type, streamId: contents.varUintNumber(), receiveMax: contents.varUintSaturating(), totalReceived: contents.varUint() }
    case FrameType.streamMoneyBlocked:
      return { type, streamId: contents.varUintNumber(), sendMax: contents.varUintSaturating(), totalSent: contents.varUint() }
    case FrameType.streamData:
      return { type, streamId: contents.varUintNumber(), offset: contents.varUint(), data: contents.varOctets() }
    case FrameType.streamMaxData:
    case FrameType.streamDataBlocked:
      return { type, streamId: contents.varUintNumber(), maxOffset: contents.varUint() }
    case FrameType.streamReceipt:
      return { type, streamId: contents.varUintNumber(), receipt: contents.varOctets() }
    default:
      return undefined
  }
}
