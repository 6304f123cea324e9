import type { Cryptography } from './cryptography.ts'
import { nodeCryptography } from './node-cryptography.ts'
import { opensslCryptography } from './openssl-cryptography.ts'

let chosen: Cryptography | undefined

/** OpenSSL called directly where this process lets us (a fifth of the cost for a packet), else node:crypto. Decided when first asked, as finding out takes 20 ms. */
export function cryptography(): Cryptography {
  chosen ??= opensslCryptography() ?? nodeCryptography
  return chosen
}
