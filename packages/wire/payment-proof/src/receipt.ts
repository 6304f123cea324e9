import { randomBytes } from 'node:crypto'
import { decodeReceipt, receiptBytes, receiptNonceBytes, receiptSecretBytes, verifyReceipt } from '@rivulet/stream'
import { ProofFault } from './fault.ts'

/** How a publisher's server sets up receipts of one connection (RFC 39): its query of the payment pointer carries `headers`, and the payer gets the answer. */
export interface ReceiptSetup {
  /** 16 bytes; names the connection. Keep it with whom it pays for. */
  readonly nonce: Buffer
  /** 32 bytes, of this connection alone or derived from a secret of yours and the nonce. The payer must not know it. */
  readonly secret: Buffer
  /** For the SPSP query (RFC 9): `Receipt-Nonce` and `Receipt-Secret`. */
  readonly headers: Readonly<Record<'receipt-nonce' | 'receipt-secret', string>>
}

/** A fresh nonce, with a fresh secret unless you give one. Throws ProofFault `receipt-malformed` when it has not 32 bytes. */
export function newReceiptSetup(secret: Buffer = randomBytes(receiptSecretBytes)): ReceiptSetup {
  if (secret.length !== receiptSecretBytes) throw new ProofFault('receipt-malformed', `a receipt secret has ${receiptSecretBytes} bytes`)
  const nonce = randomBytes(receiptNonceBytes)
  return { nonce, secret, headers: { 'receipt-nonce': nonce.toString('base64'), 'receipt-secret': secret.toString('base64') } }
}

/** The nonce of a receipt, in base64 as in the query's header, to find whose it is. Nothing is proven by it. Throws ProofFault `receipt-malformed`. */
export function receiptNonceOf(receipt: string): string {
  return read(receipt).nonce.toString('base64')
}

/**
 * What a page's `receipt` proves: units of the receiver's asset that came over the connection in all, and what is new since. The total only grows, so a receipt that is not above what you have
 * seen (a replay, or one overtaken by a later one) is refused. Store the total, guarded by the one that you gave, before you act on it.
 * @param receipt base64, as in the monetization event
 * @param seen the total of the last receipt of this nonce and stream that was taken, 0 at first
 * Throws ProofFault `receipt-malformed`, `receipt-foreign` (another connection's), `receipt-invalid` (not signed with this secret), `receipt-old`.
 */
export function takeReceipt(receipt: string, { nonce, secret }: Pick<ReceiptSetup, 'nonce' | 'secret'>, seen: bigint): { readonly streamId: number; readonly totalReceived: bigint; readonly fresh: bigint } {
  const found = read(receipt)
  if (!found.nonce.equals(nonce)) throw new ProofFault('receipt-foreign', 'the receipt is of another connection: look up what belongs to its nonce')
  if (secret.length !== receiptSecretBytes || !verifyReceipt(found.encoded, secret)) throw new ProofFault('receipt-invalid', 'the receipt was not signed with the secret of this connection')
  if (found.totalReceived <= seen) throw new ProofFault('receipt-old', `the receipt says ${found.totalReceived} units in all, and ${seen} are known: it was used before, or a later one has come`)
  return { streamId: found.streamId, totalReceived: found.totalReceived, fresh: found.totalReceived - seen }
}

function read(receipt: string): { readonly encoded: Buffer; readonly nonce: Buffer; readonly streamId: number; readonly totalReceived: bigint } {
  const encoded = /^[A-Za-z0-9+/_-]{1,100}={0,2}$/.test(receipt) ? Buffer.from(receipt, 'base64') : Buffer.alloc(0)
  if (encoded.length !== receiptBytes || encoded[0] !== 1) throw new ProofFault('receipt-malformed', `a receipt is the base64 of ${receiptBytes} bytes and of version 1`)
  return { encoded, ...decodeReceipt(encoded) }
}
