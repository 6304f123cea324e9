/** The cryptography of one STREAM connection (RFC 29 section 5.1): both ends derive the same keys from the shared secret. */
import { randomFillSync } from 'node:crypto'
import { Fault } from '@rivulet/faults'
import { OctetWriter, PacketFault } from '@rivulet/ilp'
import { cryptography } from './chosen-cryptography.ts'
import { decodeStreamPacket, plainBytesMax, writeStreamPacket } from './codec.ts'
import { type Cryptography, type GcmKey, ivBytes, overheadBytes, sealedBytesMax } from './cryptography.ts'
import { FrameType, type StreamPacket } from './frame.ts'
import { HmacKey, sha256 } from './hmac.ts'

export class StreamFault extends Fault<'packet-undecryptable'> {}

export const sharedSecretBytes = 32

const encryptionLabel = Buffer.from('ilp_stream_encryption')
const fulfillmentLabel = Buffer.from('ilp_stream_fulfillment')

/** Fresh IVs cost 2.5 us each and 0.1 us when 1,024 are drawn at once. No IV is handed out twice. */
const ivPool = Buffer.alloc(ivBytes * 1_024)
let ivTaken = ivPool.length

/** Packets are written here before they are encrypted. Everything between writing and encrypting is synchronous, so one is enough. */
const scratch = Buffer.alloc(plainBytesMax)
const writer = new OctetWriter(scratch)

/** Kept per open stream: the key of its packets, and that of their fulfillments. */
export class StreamKeys {
  readonly #encryption: GcmKey
  readonly #fulfillment: HmacKey

  /** @param sharedSecret 32 bytes. Throws PacketFault `packet-malformed` on another length. */
  constructor(sharedSecret: Buffer, by: Cryptography = cryptography()) {
    if (sharedSecret.length !== sharedSecretBytes) throw new PacketFault(`a shared secret has ${sharedSecretBytes} bytes, not ${sharedSecret.length}`)
    const secret = new HmacKey(sharedSecret, by)
    this.#encryption = by.gcmKey(secret.sign(encryptionLabel))
    this.#fulfillment = new HmacKey(secret.sign(fulfillmentLabel), by)
  }

  /** The data of an ILP packet that carries `packet`. Throws PacketFault `packet-malformed` when a field is out of its bounds. */
  seal(packet: StreamPacket): Buffer {
    return this.#encrypt(writeStreamPacket(writer.rewind(), packet).at)
  }

  /** `seal` for the packet of every second: one StreamMoney frame, all of it for stream 1. */
  sealMoney(type: number, sequence: number, amount: bigint): Buffer {
    writer.rewind().uint8(1).uint8(type).varUint(sequence).varUint(amount).octets(oneMoneyFrame)
    return this.#encrypt(writer.at)
  }

  /** Decrypts and reads what `seal` made. Throws StreamFault `packet-undecryptable` under another key, PacketFault `packet-malformed`. */
  open(data: Buffer): StreamPacket {
    return decodeStreamPacket(this.decrypt(data))
  }

  /** The 32-byte fulfillment of a Prepare with this data. Throws PacketFault `packet-malformed` for more data than a packet holds. */
  fulfillmentOf(data: Buffer): Buffer {
    return this.#fulfillment.sign(data)
  }

  /** The packet in the clear. Throws StreamFault `packet-undecryptable`. */
  decrypt(data: Buffer): Buffer {
    if (data.length < overheadBytes) throw new StreamFault('packet-undecryptable', 'the data is too short for a STREAM packet')
    if (data.length > sealedBytesMax) throw new StreamFault('packet-undecryptable', 'the data is too long for a STREAM packet')
    const plain = this.#encryption.open(data)
    if (plain === undefined) throw new StreamFault('packet-undecryptable', 'the data was changed, or encrypted under another shared secret')
    return plain
  }

  /** Encrypts the first `plainBytes` of the scratch buffer: IV, tag, ciphertext. */
  #encrypt(plainBytes: number): Buffer {
    if (ivTaken === ivPool.length) {
      randomFillSync(ivPool)
      ivTaken = 0
    }
    const iv = ivPool.subarray(ivTaken, ivTaken + ivBytes)
    ivTaken += ivBytes
    return this.#encryption.seal(iv, scratch.subarray(0, plainBytes))
  }
}

/** One frame: StreamMoney, two bytes more than its contents, stream 1, 1 share. */
const oneMoneyFrame = Buffer.from([1, 1, FrameType.streamMoney, 4, 1, 1, 1, 1])

/** SHA-256 of a fulfillment: the condition of its Prepare. */
export function conditionOf(fulfillment: Buffer): Buffer {
  return sha256(fulfillment)
}
