/**
 * SHA-256 and HMAC-SHA-256 (RFC 2104) on node:crypto's one-shot hash. The objects of createHmac cost more than the hashing of a packet does: 2.4 us against 1.1 us; and a
 * digest as text that is written into a buffer costs a third of one that is returned as a buffer of its own.
 */
import { createHash, hash } from 'node:crypto'
import { PacketFault } from '@rivulet/ilp'

const blockBytes = 64
const digestBytes = 32
/** The data of an ILP packet. */
const messageBytesMax = 32_767

const inner = Buffer.alloc(blockBytes + messageBytesMax)
const outer = Buffer.alloc(blockBytes + digestBytes)

export function sha256(octets: Buffer): Buffer {
  return Buffer.from(hash('sha256', octets, 'binary'), 'binary')
}

/** A key whose pads were made once. */
export class HmacKey {
  /** Key xor ipad, and key xor opad. Not from Buffer's pool: they live as long as their stream, and would keep a whole slab alive. */
  readonly #innerPad: Buffer
  readonly #outerPad: Buffer

  constructor(key: Buffer) {
    const block = Buffer.alloc(blockBytes)
    if (key.length > blockBytes) createHash('sha256').update(key).digest().copy(block)
    else key.copy(block)
    const pads = Buffer.alloc(2 * blockBytes)
    this.#innerPad = pads.subarray(0, blockBytes)
    this.#outerPad = pads.subarray(blockBytes)
    for (let index = 0; index < blockBytes; index += 1) {
      const byte = block[index] ?? 0
      this.#innerPad[index] = byte ^ 0x36
      this.#outerPad[index] = byte ^ 0x5c
    }
  }

  /** Throws PacketFault `packet-malformed` for a message larger than the data of a packet. */
  sign(message: Buffer): Buffer {
    if (message.length > messageBytesMax) throw new PacketFault(`data of ${message.length} bytes is larger than ${messageBytesMax}`)
    inner.set(this.#innerPad)
    inner.set(message, blockBytes)
    outer.set(this.#outerPad)
    outer.write(hash('sha256', inner.subarray(0, blockBytes + message.length), 'binary'), blockBytes, 'binary')
    return sha256(outer)
  }
}
