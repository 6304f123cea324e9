/** The data of an ILP packet as STREAM seals it (RFC 29 section 5.1): IV, tag, ciphertext. */
export const keyBytes = 32
export const ivBytes = 12
export const tagBytes = 16
export const overheadBytes = ivBytes + tagBytes
export const digestBytes = 32
/** The data of an ILP packet. */
export const sealedBytesMax = 32_767
/** Of SHA-256. */
export const blockBytes = 64
/** A block of an HMAC, and the data of a packet. */
export const digestedBytesMax = blockBytes + sealedBytesMax

/** What a packet needs: AES-256-GCM with a nonce of 12 bytes and a tag of 16 (RFC 29 section 5.1), and SHA-256. */
export interface Cryptography {
  readonly name: 'openssl' | 'node:crypto'
  /** @param key 32 bytes, in the form in which they are kept for as long as a stream is open. */
  gcmKey(key: Buffer): GcmKey
  /** Writes the 32 bytes of the SHA-256 of `octets`, at most `digestedBytesMax`, into `into` at `at`. */
  sha256Into(octets: Buffer, into: Buffer, at: number): void
}

export interface GcmKey {
  /** IV, tag and ciphertext. No IV may be used twice under one key. */
  seal(iv: Buffer, plain: Buffer): Buffer
  /** The plaintext, or undefined when `sealed` was changed or made under another key. `sealed` has 28 bytes or more. */
  open(sealed: Buffer): Buffer | undefined
}
