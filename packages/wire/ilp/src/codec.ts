/** ILPv4 packets as bytes (RFC 27). Packets are written straight into one buffer of the right size; what is read are views into the input. */
import { addressBytesMax, isAddress } from './address.ts'
import { PacketFault } from './fault.ts'
import { lengthBytes, OctetReader, OctetWriter } from './octets.ts'
import { type Fulfill, isFulfill, PacketType, type Prepare, type Reject, type Reply } from './packet.ts'
import { readTime, timeBytes, writeTime } from './time.ts'

/** RFC 27 limits the data of every packet. */
export const packetDataBytesMax = 32_767
export const rejectMessageBytesMax = 8_191
/** No packet within the limits above is larger. */
export const packetBytesMax = 43_000

/** Throws PacketFault `packet-malformed` when a field is out of its bounds. */
export function encodePrepare(prepare: Prepare): Buffer {
  const buffer = Buffer.allocUnsafe(prepareBytes(prepare))
  writePrepare(prepare, buffer, 0)
  return buffer
}

/** Size of the encoded Prepare, for a caller that frames it itself. */
export function prepareBytes(prepare: Prepare): number {
  const contents = prepareContentsBytes(prepare)
  return 1 + lengthBytes(contents) + contents
}

function prepareContentsBytes(prepare: Prepare): number {
  const { destination, data } = prepare
  return 8 + timeBytes + 32 + lengthBytes(destination.length) + destination.length + lengthBytes(data.length) + data.length
}

/** Writes the Prepare at `at`, and returns where it ends. Throws as `encodePrepare`. */
export function writePrepare(prepare: Prepare, buffer: Buffer, at: number): number {
  if (prepare.condition.length !== 32) throw new PacketFault(`a condition has 32 bytes, not ${prepare.condition.length}`)
  if (!isAddress(prepare.destination)) throw new PacketFault(`not an ILP address: ${JSON.stringify(prepare.destination.slice(0, 80))}`)
  checkData(prepare.data)
  const writer = new OctetWriter(buffer, at).uint8(PacketType.prepare).length(prepareContentsBytes(prepare)).uint64(prepare.amount)
  const timeAt = writer.at
  if (timeAt + timeBytes > buffer.length) throw new PacketFault(`too large: only ${buffer.length} bytes are allowed`)
  writeTime(buffer, timeAt, prepare.expiresAtMs)
  return writer.rewind(timeAt + timeBytes).octets(prepare.condition).varAscii(prepare.destination).varOctets(prepare.data).at
}

/** Reads a Prepare. Its condition and data are views into `buffer`. Throws PacketFault `packet-malformed`. */
export function decodePrepare(buffer: Buffer): Prepare {
  const reader = openPacket(buffer)
  if (buffer[0] !== PacketType.prepare) throw new PacketFault(`not a Prepare: type ${buffer[0]}`)
  const amount = reader.uint64()
  const expiresAtMs = readTime(buffer, reader.skip(timeBytes))
  const condition = reader.octets(32)
  const destination = reader.varAscii()
  if (!isAddress(destination)) throw new PacketFault(`not an ILP address: ${JSON.stringify(destination.slice(0, 80))}`)
  const data = reader.varOctets()
  closePacket(reader, data)
  return { amount, expiresAtMs, condition, destination, data }
}

/** Throws PacketFault `packet-malformed` when a field is out of its bounds. */
export function encodeReply(reply: Reply): Buffer {
  const buffer = Buffer.allocUnsafe(replyBytes(reply))
  writeReply(reply, buffer, 0)
  return buffer
}

/** Size of the encoded Fulfill or Reject, for a caller that frames it itself. */
export function replyBytes(reply: Reply): number {
  const contents = replyContentsBytes(reply)
  return 1 + lengthBytes(contents) + contents
}

function replyContentsBytes(reply: Reply): number {
  const data = lengthBytes(reply.data.length) + reply.data.length
  if (isFulfill(reply)) return 32 + data
  const message = Buffer.byteLength(reply.message)
  return 3 + lengthBytes(reply.triggeredBy.length) + reply.triggeredBy.length + lengthBytes(message) + message + data
}

/** Writes the Fulfill or Reject at `at`, and returns where it ends. Throws as `encodeReply`. */
export function writeReply(reply: Reply, buffer: Buffer, at: number): number {
  checkData(reply.data)
  const writer = new OctetWriter(buffer, at).uint8(reply.type).length(replyContentsBytes(reply))
  return (isFulfill(reply) ? writeFulfillment(reply, writer) : writeRefusal(reply, writer)).varOctets(reply.data).at
}

function writeFulfillment(fulfill: Fulfill, writer: OctetWriter): OctetWriter {
  if (fulfill.fulfillment.length !== 32) throw new PacketFault(`a fulfillment has 32 bytes, not ${fulfill.fulfillment.length}`)
  return writer.octets(fulfill.fulfillment)
}

function writeRefusal(refusal: Reject, writer: OctetWriter): OctetWriter {
  checkRefusal(refusal.code, refusal.triggeredBy, Buffer.byteLength(refusal.message))
  for (let index = 0; index < 3; index += 1) writer.uint8(refusal.code.charCodeAt(index))
  return writer.varAscii(refusal.triggeredBy).varUtf8(refusal.message)
}

/** Reads a Fulfill or Reject. Its buffers are views into `buffer`. Throws PacketFault `packet-malformed`. */
export function decodeReply(buffer: Buffer): Reply {
  const reader = openPacket(buffer)
  if (buffer[0] === PacketType.fulfill) {
    const fulfillment = reader.octets(32)
    const data = reader.varOctets()
    closePacket(reader, data)
    return { type: PacketType.fulfill, fulfillment, data }
  }
  if (buffer[0] !== PacketType.reject) throw new PacketFault(`neither a Fulfill nor a Reject: type ${buffer[0]}`)
  const code = reader.octets(3).toString('latin1')
  const triggeredBy = reader.varAscii()
  const message = reader.varOctets()
  checkRefusal(code, triggeredBy, message.length)
  const data = reader.varOctets()
  closePacket(reader, data)
  return { type: PacketType.reject, code, triggeredBy, message: textOf(message), data }
}

/** Bytes that are no UTF-8 become three each: what was read must still fit when a hop passes it on. */
function textOf(message: Buffer): string {
  const text = message.toString()
  return message.length * 3 > rejectMessageBytesMax && Buffer.byteLength(text) > rejectMessageBytesMax ? text.slice(0, Math.floor(rejectMessageBytesMax / 3)) : text
}

function openPacket(buffer: Buffer): OctetReader {
  if (buffer.length > packetBytesMax) throw new PacketFault(`a packet of ${buffer.length} bytes is larger than ${packetBytesMax}`)
  const reader = new OctetReader(buffer)
  reader.uint8()
  const length = reader.length()
  if (length !== reader.left) throw new PacketFault(`the envelope announces ${length} bytes, ${reader.left} follow`)
  return reader
}

function closePacket(reader: OctetReader, data: Buffer): void {
  if (reader.left > 0) throw new PacketFault(`${reader.left} bytes behind the data`)
  checkData(data)
}

function checkData(data: Buffer): void {
  if (data.length > packetDataBytesMax) throw new PacketFault(`data of ${data.length} bytes is larger than ${packetDataBytesMax}`)
}

function checkRefusal(code: string, triggeredBy: string, messageBytes: number): void {
  if (!/^[FTR][0-9]{2}$/.test(code)) throw new PacketFault(`not an error code: ${JSON.stringify(code)}`)
  if (triggeredBy.length > addressBytesMax || (triggeredBy !== '' && !isAddress(triggeredBy))) throw new PacketFault('triggeredBy must be an ILP address or empty')
  if (messageBytes > rejectMessageBytesMax) throw new PacketFault(`a message of ${messageBytes} bytes is larger than ${rejectMessageBytesMax}`)
}
