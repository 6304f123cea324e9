/** The data of an ILP packet as STREAM seals it (RFC 29 section 5.1): IV, tag, ciphertext. */
export const keyBytes = 32
export const ivBytes = 12
export const tagBytes = 16
export const overheadBytes = ivBytes + tagBytes
export const digestBytes = 32
/** The data of an ILP packet, and a block of an HMAC before it. */
export const sealedBytesMax = 32_767
export const digestedBytesMax = 64 + sealedBytesMax
