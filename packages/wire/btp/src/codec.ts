import { OctetReader, OctetWriter, packetBytesMax, PacketFault } from '@rivulet/ilp'
import { type ErrorFrame, type Frame, FrameType, type SubProtocol } from './frame.ts'

/** Room for the largest ILP packet and as much of other sub-protocols. */
export const frameBytesMax = 65_536
export const subProtocolsMax = 16

const scratch = new OctetWriter(Buffer.alloc(frameBytesMax))

/** Throws PacketFault `packet-malformed` when a field is out of its bounds or the frame larger than `frameBytesMax`. */
export function encodeFrame(frame: Frame): Buffer {
  const writer = scratch.rewind().uint8(frame.type).uint32(frame.requestId)
  const contents = writer.beginVar()
  if (frame.type === FrameType.transfer) writer.uint64(frame.amount)
  if (frame.type === FrameType.error) writeError(writer, frame)
  writeProtocols(writer, frame.protocols)
  return writer.endVar(contents).copy()
}

/** Reads one frame; the data of its sub-protocols are views into `buffer`. Throws PacketFault `packet-malformed`. */
export function decodeFrame(buffer: Buffer): Frame {
  if (buffer.length > frameBytesMax) throw new PacketFault(`a frame of ${buffer.length} bytes is larger than ${frameBytesMax}`)
  const reader = new OctetReader(buffer)
  const type = reader.uint8()
  const requestId = reader.uint32()
  const length = reader.length()
  if (length !== reader.left) throw new PacketFault(`the frame announces ${length} bytes, ${reader.left} follow`)
  switch (type) {
    case FrameType.response:
    case FrameType.message:
      return { type, requestId, protocols: readProtocols(reader) }
    case FrameType.transfer: {
      const amount = reader.uint64()
      return { type, requestId, amount, protocols: readProtocols(reader) }
    }
    case FrameType.error: {
      const error = readError(reader)
      return { type, requestId, ...error, protocols: readProtocols(reader) }
    }
    default:
      throw new PacketFault(`unknown frame type ${type}`)
  }
}

/** The ILP packet that a message or response carries in its sub-protocol `ilp`, a view into the frame. */
export function ilpPacketOf(frame: Frame): Buffer | undefined {
  return frame.protocols.find((protocol) => protocol.name === 'ilp')?.data
}

/** `ilp` as the only sub-protocol, octets: everything of such a frame between its length and the length of the packet. */
const ilpHead = Buffer.from([1, 1, 3, 0x69, 0x6c, 0x70, 0])

/** Size of a frame that carries nothing but an ILP packet of `packetBytes`. */
export function ilpFrameBytes(packetBytes: number): number {
  const contents = ilpHead.length + prefixed(packetBytes)
  return 5 + prefixed(contents)
}

/**
 * Writes everything of such a frame but the packet, and returns where the packet goes: its caller writes it there, without a copy between.
 * Throws PacketFault `packet-malformed` when the packet is too large.
 */
export function writeIlpFrameHead(target: Buffer, head: { readonly type: typeof FrameType.message | typeof FrameType.response; readonly requestId: number; readonly packetBytes: number }): number {
  if (head.packetBytes > packetBytesMax) throw new PacketFault(`a packet of ${head.packetBytes} bytes is larger than ${packetBytesMax}`)
  return new OctetWriter(target)
    .uint8(head.type).uint32(head.requestId)
    .length(ilpHead.length + prefixed(head.packetBytes)).octets(ilpHead)
    .length(head.packetBytes).at
}

function prefixed(bytes: number): number {
  return bytes + (bytes < 0x80 ? 1 : bytes < 0x100 ? 2 : 3)
}

function writeProtocols(writer: OctetWriter, protocols: readonly SubProtocol[]): void {
  if (protocols.length > subProtocolsMax) throw new PacketFault(`a frame has at most ${subProtocolsMax} sub-protocols`)
  writer.uint8(1).uint8(protocols.length)
  for (const { name, contentType, data } of protocols) {
    writer.varAscii(checkAscii(name)).uint8(contentType).varOctets(data)
  }
}

function readProtocols(reader: OctetReader): SubProtocol[] {
  const count = reader.varUint()
  if (count > subProtocolsMax) throw new PacketFault(`a frame has at most ${subProtocolsMax} sub-protocols`)
  const protocols: SubProtocol[] = []
  for (let left = Number(count); left > 0; left -= 1) {
    const name = checkAscii(reader.varAscii())
    const contentType = reader.uint8()
    protocols.push({ name, contentType, data: reader.varOctets() })
  }
  if (reader.left > 0) throw new PacketFault(`${reader.left} bytes behind the sub-protocols`)
  return protocols
}

function writeError(writer: OctetWriter, frame: ErrorFrame): void {
  const triggeredAt = new Date(frame.triggeredAtMs)
  if (Number.isNaN(triggeredAt.valueOf())) throw new PacketFault(`not a time: ${frame.triggeredAtMs} ms`)
  const time = triggeredAt.toISOString().replace(/[-:T]/g, '')
  writer.octets(Buffer.from(checkCode(frame.code), 'latin1')).varAscii(checkAscii(frame.name)).varAscii(time).varUtf8(frame.message)
}

/** GeneralizedTime `YYYYMMDDHHMMSS.mmmZ`. */
const generalizedTime = /^([0-9]{4})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})(?:\.([0-9]{3}))?Z$/

const timeMaxMs = Date.UTC(9999, 11, 31, 23, 59, 59, 999)

function readError(reader: OctetReader): Pick<ErrorFrame, 'code' | 'name' | 'triggeredAtMs' | 'message'> {
  const code = checkCode(reader.octets(3).toString('latin1'))
  const name = checkAscii(reader.varAscii())
  const time = generalizedTime.exec(reader.varAscii())
  if (time === null) throw new PacketFault('triggeredAt must be a GeneralizedTime in UTC')
  const [year, month, day, hour, minute, second, millisecond] = time.slice(1).map((part: string | undefined) => Number(part ?? 0))
  const triggeredAtMs = Date.UTC(year ?? 0, (month ?? 0) - 1, day ?? 0, hour ?? 0, minute ?? 0, second ?? 0) + (millisecond ?? 0)
  // The 99th month of 9999 lies in a year that the form cannot say.
  if (triggeredAtMs > timeMaxMs) throw new PacketFault('triggeredAt is later than the year 9999')
  return { code, name, triggeredAtMs, message: reader.varUtf8() }
}

function checkCode(code: string): string {
  if (!/^[\x21-\x7e]{3}$/.test(code)) throw new PacketFault(`not an error code: ${JSON.stringify(code)}`)
  return code
}

function checkAscii(text: string): string {
  if (!/^[\x20-\x7e]*$/.test(text) || text.length > 255) throw new PacketFault('a name must be at most 255 printable ASCII characters')
  return text
}
