/** STREAM receipts (RFC 39): the receiver's signed word on how much arrived, for a verifier that shares the receipt secret. */
import { createHmac, timingSafeEqual } from 'node:crypto'
import { PacketFault } from '@rivulet/ilp'

const receiptVersion = 1
const signedBytes = 26
export const receiptBytes = 58
export const receiptNonceBytes = 16
export const receiptSecretBytes = 32

export interface Receipt {
  /** 16 bytes, chosen by who verifies; names the connection. */
  readonly nonce: Buffer
  /** 1 to 255. */
  readonly streamId: number
  /** Units of the destination, since the connection began. */
  readonly totalReceived: bigint
}

/** Throws PacketFault `packet-malformed` when a field is out of its bounds. */
export function encodeReceipt(receipt: Receipt, secret: Buffer): Buffer {
  const { nonce, streamId, totalReceived } = receipt
  if (nonce.length !== receiptNonceBytes || secret.length !== receiptSecretBytes) throw new PacketFault(`a receipt needs a nonce of ${receiptNonceBytes} bytes and a secret of ${receiptSecretBytes}`)
  if (!Number.isInteger(streamId) || streamId < 0 || streamId > 255) throw new PacketFault(`a receipt holds stream ids up to 255, not ${streamId}`)
  if (totalReceived < 0n || totalReceived >= 2n ** 64n) throw new PacketFault(`not an unsigned 64-bit integer: ${totalReceived}`)
  const encoded = Buffer.alloc(receiptBytes)
  encoded[0] = receiptVersion
  nonce.copy(encoded, 1)
  encoded[17] = streamId
  encoded.writeBigUInt64BE(totalReceived, 18)
  signatureOf(encoded, secret).copy(encoded, signedBytes)
  return encoded
}

/** Reads a receipt without checking its signature: only `verifyReceipt` says that it is true. Throws PacketFault `packet-malformed`. */
export function decodeReceipt(encoded: Buffer): Receipt {
  if (encoded.length !== receiptBytes || encoded[0] !== receiptVersion) throw new PacketFault(`a receipt has ${receiptBytes} bytes and version ${receiptVersion}`)
  return { nonce: encoded.subarray(1, 17), streamId: encoded[17] ?? 0, totalReceived: encoded.readBigUInt64BE(18) }
}

/** Whether the receipt was signed with `secret`. Throws PacketFault `packet-malformed`. */
export function verifyReceipt(encoded: Buffer, secret: Buffer): boolean {
  decodeReceipt(encoded)
  return timingSafeEqual(signatureOf(encoded, secret), encoded.subarray(signedBytes))
}

function signatureOf(encoded: Buffer, secret: Buffer): Buffer {
  return createHmac('sha256', secret).update(encoded.subarray(0, signedBytes)).digest()
}
