/**
 * SHA-256 and HMAC-SHA-256 (RFC 2104) on node:crypto's one-shot hash. The objects of createHmac cost more than the hashing of a packet does: 2.4 us against 1.1 us; and a
 * digest as text that is written into a buffer costs a third of one that is returned as a buffer of its own.
 */
import { hash } from 'node:crypto'
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

/** A key is kept for as long as its stream is open: as text it takes 50 bytes, as a buffer of its own, or as pads made once, 600; its pads cost 0.1 us. */
export class HmacKey {
  /** One character a byte, at most 64. */
  readonly #key: string

  constructor(key: Buffer) {
    this.#key = key.length > blockBytes ? hash('sha256', key, 'binary') : key.toString('latin1')
  }

  /** Throws PacketFault `packet-malformed` for a message larger than the data of a packet. */
  sign(message: Buffer): Buffer {
    if (message.length > messageBytesMax) throw new PacketFault(`data of ${message.length} bytes is larger than ${messageBytesMax}`)
    for (let index = 0; index < blockBytes; index += 1) {
      const byte = index < this.#key.length ? this.#key.charCodeAt(index) : 0
      inner[index] = byte ^ 0x36
      outer[index] = byte ^ 0x5c
    }
    inner.set(message, blockBytes)
    outer.write(hash('sha256', inner.subarray(0, blockBytes + message.length), 'binary'), blockBytes, 'binary')
    return sha256(outer)
  }
}
