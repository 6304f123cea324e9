/** Content-Digest (RFC 9530) over the exact bytes of a body. */
import { createHash, timingSafeEqual } from 'node:crypto'
import { parseDictionary } from 'structured-headers'

const hashes: Readonly<Record<string, string>> = { 'sha-512': 'sha512', 'sha-256': 'sha256' }

export function contentDigest(body: Buffer): string {
  return `sha-512=:${createHash('sha512').update(body).digest('base64')}:`
}

/** Whether every digest that we know in the header is the body's, and there is one. False too for what is no Content-Digest. */
export function digestMatches(header: string, body: Buffer): boolean {
  let known = 0
  try {
    for (const [algorithm, [value]] of parseDictionary(header)) {
      const hash = Object.hasOwn(hashes, algorithm) ? hashes[algorithm] : undefined
      if (hash === undefined) continue
      const expected = createHash(hash).update(body).digest()
      if (!(value instanceof ArrayBuffer) || value.byteLength !== expected.length || !timingSafeEqual(Buffer.from(value), expected)) return false
      known += 1
    }
  } catch {
    return false
  }
  return known > 0
}
