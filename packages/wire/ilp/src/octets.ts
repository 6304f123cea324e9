/**
 * Canonical OER (ITU-T X.696), as far as Interledger uses it: fixed integers, length prefixes, variable-length unsigned integers and octet strings.
 * Both classes check every bound: bytes from a peer end in a value or in PacketFault, never in another exception.
 */
import { PacketFault } from './fault.ts'

const uint64Max = 2n ** 64n - 1n
const uint48Max = 2 ** 48 - 1
const uint48MaxBig = BigInt(uint48Max)

/** Reads from the front. What it returns as Buffer is a view into the input, not a copy. */
export class OctetReader {
  readonly #buffer: Buffer
  readonly #end: number
  #at: number

  constructor(buffer: Buffer, at = 0, end = buffer.length) {
    this.#buffer = buffer
    this.#at = at
    this.#end = end
  }

  /** Bytes not read yet. */
  get left(): number {
    return this.#end - this.#at
  }

  /** Passes over `bytes`, and says where they began. */
  #take(bytes: number): number {
    const at = this.#at
    if (bytes > this.#end - at) throw new PacketFault(`truncated: ${bytes} bytes announced, ${this.#end - at} left`)
    this.#at = at + bytes
    return at
  }

  uint8(): number {
    const at = this.#take(1)
    return this.#buffer[at] ?? 0
  }

  uint32(): number {
    return this.#buffer.readUInt32BE(this.#take(4))
  }

  uint64(): bigint {
    const at = this.#take(8)
    const high = this.#buffer.readUInt32BE(at)
    const low = this.#buffer.readUInt32BE(at + 4)
    return high < 0x20_0000 ? BigInt(high * 0x1_0000_0000 + low) : (BigInt(high) << 32n) | BigInt(low)
  }

  /** Passes over `bytes`, and says where in the buffer they begin. */
  skip(bytes: number): number {
    return this.#take(bytes)
  }

  octets(bytes: number): Buffer {
    const at = this.#take(bytes)
    return this.#buffer.subarray(at, at + bytes)
  }

  /** One byte below 128, or the number of length bytes and the length in as few of them as possible. */
  length(): number {
    const first = this.uint8()
    if (first < 0x80) return first
    const size = first & 0x7f
    if (size === 0 || size > 4) throw new PacketFault(`a length prefix has 1 to 4 bytes here, not ${size}`)
    const length = this.#buffer.readUIntBE(this.#take(size), size)
    if (length < 0x80 || length < 2 ** (8 * (size - 1))) throw new PacketFault('a length prefix is longer than it needs to be')
    return length
  }

  varOctets(): Buffer {
    return this.octets(this.length())
  }

  /** A reader over the next octet string, and this one stands behind it. */
  varReader(): OctetReader {
    const length = this.length()
    const at = this.#take(length)
    return new OctetReader(this.#buffer, at, at + length)
  }

  varAscii(): string {
    const length = this.length()
    const at = this.#take(length)
    return this.#buffer.toString('latin1', at, at + length)
  }

  varUtf8(): string {
    const length = this.length()
    const at = this.#take(length)
    return this.#buffer.toString('utf8', at, at + length)
  }

  /** 1 to 8 bytes. */
  varUint(): bigint {
    const length = this.length()
    if (length === 0 || length > 8) throw new PacketFault(`an unsigned integer has 1 to 8 bytes here, not ${length}`)
    const at = this.#take(length)
    if (length <= 6) return BigInt(this.#small(at, length))
    return (BigInt(this.#buffer.readUIntBE(at, length - 4)) << 32n) | BigInt(this.#buffer.readUInt32BE(at + length - 4))
  }

  /** As `varUint`, for numbers up to 2^53-1. */
  varUintNumber(): number {
    const length = this.length()
    if (length === 0 || length > 8) throw new PacketFault(`an unsigned integer has 1 to 8 bytes here, not ${length}`)
    const at = this.#take(length)
    const value = this.#small(at, length)
    if (value > Number.MAX_SAFE_INTEGER) throw new PacketFault('an unsigned integer is above 2^53-1')
    return value
  }

  /** As `varUint`; what does not fit is read as 2^64-1 (RFC 29 asks it for limits that mean "no limit"). */
  varUintSaturating(): bigint {
    const before = this.#at
    const length = this.length()
    if (length > 8) {
      this.#take(length)
      return uint64Max
    }
    this.#at = before
    return this.varUint()
  }

  #small(at: number, length: number): number {
    let value = 0
    for (let index = at; index < at + length; index += 1) value = value * 256 + (this.#buffer[index] ?? 0)
    return value
  }
}

/** Writes into a buffer that it was given; refuses what does not fit with PacketFault. */
export class OctetWriter {
  readonly #buffer: Buffer
  #at: number

  constructor(buffer: Buffer, at = 0) {
    this.#buffer = buffer
    this.#at = at
  }

  /** Where the next byte goes. */
  get at(): number {
    return this.#at
  }

  /** Starts again at `at`, so that one writer over one scratch buffer serves many packets. */
  rewind(at = 0): this {
    this.#at = at
    return this
  }

  /** A copy of all bytes from `start` on. */
  copy(start = 0): Buffer {
    const copy = Buffer.allocUnsafe(this.#at - start)
    this.#buffer.copy(copy, 0, start, this.#at)
    return copy
  }

  #take(bytes: number): number {
    const at = this.#at
    if (at + bytes > this.#buffer.length) throw new PacketFault(`too large: only ${this.#buffer.length} bytes are allowed`)
    this.#at = at + bytes
    return at
  }

  uint8(value: number): this {
    if ((value & 0xff) !== value) throw new PacketFault(`not a byte: ${value}`)
    this.#buffer[this.#take(1)] = value
    return this
  }

  uint32(value: number): this {
    if (!Number.isInteger(value) || value < 0 || value > 0xffff_ffff) throw new PacketFault(`not an unsigned 32-bit integer: ${value}`)
    this.#buffer.writeUInt32BE(value, this.#take(4))
    return this
  }

  uint64(value: bigint): this {
    if (value < 0n || value > uint64Max) throw new PacketFault(`not an unsigned 64-bit integer: ${value}`)
    const at = this.#take(8)
    this.#buffer.writeUInt32BE(Number(value >> 32n), at)
    this.#buffer.writeUInt32BE(Number(value & 0xffff_ffffn), at + 4)
    return this
  }

  octets(octets: Buffer): this {
    this.#buffer.set(octets, this.#take(octets.length))
    return this
  }

  length(value: number): this {
    if (value < 0x80) return this.uint8(value)
    const size = lengthBytes(value) - 1
    this.uint8(0x80 | size)
    this.#buffer.writeUIntBE(value, this.#take(size), size)
    return this
  }

  varOctets(octets: Buffer): this {
    return this.length(octets.length).octets(octets)
  }

  /** `text` must be ASCII; its caller has checked that. */
  varAscii(text: string): this {
    this.length(text.length)
    this.#buffer.write(text, this.#take(text.length), 'latin1')
    return this
  }

  varUtf8(text: string): this {
    const bytes = Buffer.byteLength(text)
    this.length(bytes)
    this.#buffer.write(text, this.#take(bytes), 'utf8')
    return this
  }

  /** In as few bytes as possible, behind their number. A `number` must be a safe integer. */
  varUint(value: bigint | number): this {
    if (typeof value === 'number') {
      if (!Number.isSafeInteger(value) || value < 0) throw new PacketFault(`not an unsigned integer: ${value}`)
      return value <= uint48Max ? this.#varSmall(value) : this.#varLarge(BigInt(value))
    }
    if (value < 0n || value > uint64Max) throw new PacketFault(`not an unsigned 64-bit integer: ${value}`)
    return value <= uint48MaxBig ? this.#varSmall(Number(value)) : this.#varLarge(value)
  }

  #varSmall(value: number): this {
    const size = uintBytes(value)
    const at = this.#take(1 + size)
    this.#buffer[at] = size
    let rest = value
    for (let index = at + size; index > at; index -= 1) {
      this.#buffer[index] = rest % 256
      rest = Math.floor(rest / 256)
    }
    return this
  }

  #varLarge(value: bigint): this {
    const size = value < 1n << 56n ? 7 : 8
    this.uint8(size)
    const at = this.#take(size)
    this.#buffer.writeUIntBE(Number(value >> 32n), at, size - 4)
    this.#buffer.writeUInt32BE(Number(value & 0xffff_ffffn), at + size - 4)
    return this
  }

  /** Opens an octet string whose length is not known yet; hand the result to `endVar`. */
  beginVar(): number {
    return this.#take(1) + 1
  }

  /** Closes what `beginVar` opened: puts the length in front, moving the contents when it takes more than one byte. */
  endVar(start: number): this {
    const size = this.#at - start
    const extra = lengthBytes(size) - 1
    if (extra > 0) {
      this.#take(extra)
      this.#buffer.copyWithin(start + extra, start, start + size)
    }
    this.#at = start - 1
    this.length(size)
    this.#at += size
    return this
  }
}

/** Bytes of the length prefix of an octet string of `length` bytes. */
export function lengthBytes(length: number): number {
  return length < 0x80 ? 1 : 1 + uintBytes(length)
}

function uintBytes(value: number): number {
  if (value < 0x100) return 1
  if (value < 0x1_0000) return 2
  if (value < 0x100_0000) return 3
  if (value < 0x1_0000_0000) return 4
  return value < 0x100_0000_0000 ? 5 : 6
}
