/**
 * The cryptography of a packet on the OpenSSL that Node.js carries and offers to native code, called directly (by koffi). It is the cipher that node:crypto uses, without
 * the object, the handle and the four buffers that node:crypto makes for each packet: those are four fifths of its cost.
 *
 * C sees one block of memory only, which this module keeps for itself: all that goes in and comes out is copied, and no length is passed that was not checked here.
 */
import { createCipheriv } from 'node:crypto'
import { createRequire } from 'node:module'
import type * as Koffi from 'koffi'
import { assert } from '@rivulet/faults'
import { type Cryptography, digestBytes, digestedBytesMax, type GcmKey, ivBytes, keyBytes, overheadBytes, sealedBytesMax, tagBytes } from './cryptography.ts'

type Address = number

/** The functions of OpenSSL 3 that are used, with addresses as numbers: converting a buffer for each argument would double the cost. 1 is success. */
interface Libcrypto {
  readonly fetchCipher: (context: null, name: string, properties: null) => unknown
  readonly fetchDigest: (context: null, name: string, properties: null) => unknown
  readonly newContext: () => unknown
  readonly init: (...call: [context: Address, cipher: Address, engine: Address, key: Address, iv: Address, encrypts: number]) => number
  readonly control: (context: Address, command: number, length: number, at: Address) => number
  readonly update: (...call: [context: Address, out: Address, outLength: Address, from: Address, length: number]) => number
  readonly final: (context: Address, out: Address, outLength: Address) => number
  readonly digest: (...call: [from: Address, length: number, out: Address, outLength: Address, digest: Address, engine: Address]) => number
}

const getTag = 0x10
const setTag = 0x11

const arena = Buffer.alloc(128 + digestedBytesMax + sealedBytesMax)
const keyAt = 0
const ivAt = 32
const tagAt = 48
const lengthAt = 64
const digestAt = 80
const inputAt = 128
const outputAt = inputAt + digestedBytesMax

/** Undefined where the process has no such functions to offer (another build of Node.js, no native code allowed), or where they do not do what node:crypto does. */
export function opensslCryptography(): Cryptography | undefined {
  try {
    const openssl = new OpensslCryptography()
    return agrees(openssl) ? openssl : undefined
  } catch {
    return undefined
  }
}

class OpensslCryptography implements Cryptography {
  readonly name = 'openssl'
  readonly #library: Libcrypto
  readonly #base: Address
  readonly #sealing: Address
  readonly #opening: Address
  readonly #sha256: Address

  constructor() {
    const koffi = createRequire(import.meta.url)('koffi') as typeof Koffi
    const { library, addressOf } = bind(koffi)
    this.#library = library
    this.#base = addressOf(arena)
    this.#sha256 = addressOf(library.fetchDigest(null, 'SHA256', null))
    const cipher = addressOf(library.fetchCipher(null, 'AES-256-GCM', null))
    this.#sealing = addressOf(library.newContext())
    this.#opening = addressOf(library.newContext())
    done(library.init(this.#sealing, cipher, 0, 0, 0, 1))
    done(library.init(this.#opening, cipher, 0, 0, 0, 0))
  }

  gcmKey(key: Buffer): GcmKey {
    assert(key.length === keyBytes, 'a key of AES-256 has 32 bytes')
    return new OpensslGcmKey(this, key.toString('latin1'))
  }

  sha256Into(octets: Buffer, into: Buffer, at: number): void {
    assert(octets.length <= digestedBytesMax, 'more than a packet can hold')
    arena.set(octets, inputAt)
    done(this.#library.digest(this.#base + inputAt, octets.length, this.#base + digestAt, 0, this.#sha256, 0))
    arena.copy(into, at, digestAt, digestAt + digestBytes)
  }

  seal(key: string, iv: Buffer, plain: Buffer): Buffer {
    const { length } = plain
    assert(iv.length === ivBytes && length <= sealedBytesMax, 'an IV has 12 bytes, and a packet its largest size')
    arena.write(key, keyAt, 'latin1')
    arena.set(iv, ivAt)
    arena.set(plain, inputAt)
    const base = this.#base
    const library = this.#library
    done(library.init(this.#sealing, 0, 0, base + keyAt, base + ivAt, 1))
    done(library.update(this.#sealing, base + outputAt, base + lengthAt, base + inputAt, length))
    done(library.final(this.#sealing, base + outputAt, base + lengthAt))
    done(library.control(this.#sealing, getTag, tagBytes, base + tagAt))
    const sealed = Buffer.allocUnsafe(overheadBytes + length)
    sealed.set(iv)
    arena.copy(sealed, ivBytes, tagAt, tagAt + tagBytes)
    arena.copy(sealed, overheadBytes, outputAt, outputAt + length)
    return sealed
  }

  open(key: string, sealed: Buffer): Buffer | undefined {
    const length = sealed.length - overheadBytes
    assert(length >= 0 && length <= sealedBytesMax, 'a sealed packet has 28 bytes or more, and at most its largest size')
    arena.write(key, keyAt, 'latin1')
    sealed.copy(arena, ivAt, 0, ivBytes)
    sealed.copy(arena, tagAt, ivBytes, overheadBytes)
    sealed.copy(arena, inputAt, overheadBytes)
    const base = this.#base
    const library = this.#library
    done(library.init(this.#opening, 0, 0, base + keyAt, base + ivAt, 0))
    done(library.update(this.#opening, base + outputAt, base + lengthAt, base + inputAt, length))
    done(library.control(this.#opening, setTag, tagBytes, base + tagAt))
    if (library.final(this.#opening, base + outputAt, base + lengthAt) !== 1) return undefined
    const plain = Buffer.allocUnsafe(length)
    arena.copy(plain, 0, outputAt, outputAt + length)
    return plain
  }
}

/** As text of one character a byte, a key takes 50 bytes; as a KeyObject or a buffer of its own 600. */
class OpensslGcmKey implements GcmKey {
  readonly #openssl: OpensslCryptography
  readonly #key: string

  constructor(openssl: OpensslCryptography, key: string) {
    this.#openssl = openssl
    this.#key = key
  }

  seal(iv: Buffer, plain: Buffer): Buffer {
    return this.#openssl.seal(this.#key, iv, plain)
  }

  open(sealed: Buffer): Buffer | undefined {
    return this.#openssl.open(this.#key, sealed)
  }
}

function bind(koffi: typeof Koffi): { readonly library: Libcrypto; readonly addressOf: (pointer: unknown) => Address } {
  const process = koffi.load(null)
  const at = 'uintptr_t'
  return {
    library: {
      fetchCipher: process.func('EVP_CIPHER_fetch', 'void *', ['void *', 'const char *', 'void *']),
      fetchDigest: process.func('EVP_MD_fetch', 'void *', ['void *', 'const char *', 'void *']),
      newContext: process.func('EVP_CIPHER_CTX_new', 'void *', []),
      init: process.func('EVP_CipherInit_ex', 'int', [at, at, at, at, at, 'int']),
      control: process.func('EVP_CIPHER_CTX_ctrl', 'int', [at, 'int', 'int', at]),
      update: process.func('EVP_CipherUpdate', 'int', [at, at, at, at, 'int']),
      final: process.func('EVP_CipherFinal_ex', 'int', [at, at, at]),
      digest: process.func('EVP_Digest', 'int', [at, 'size_t', at, at, at, at]),
    },
    addressOf: (pointer) => {
      const address = Number(koffi.address(pointer))
      assert(Number.isSafeInteger(address) && address > 0, 'OpenSSL gave nothing')
      return address
    },
  }
}

function done(result: number): void {
  assert(result === 1, 'OpenSSL refused')
}

/** One packet as node:crypto seals it: the same bytes, and it opens; changed, it does not. */
function agrees(openssl: Cryptography): boolean {
  const [key, iv, plain] = [Buffer.alloc(keyBytes, 7), Buffer.alloc(ivBytes, 8), Buffer.alloc(50, 9)]
  const cipher = createCipheriv('aes-256-gcm', key, iv)
  const ciphertext = Buffer.concat([cipher.update(plain), cipher.final()])
  const expected = Buffer.concat([iv, cipher.getAuthTag(), ciphertext])
  const made = openssl.gcmKey(key)
  const isSame = made.seal(iv, plain).equals(expected) && made.open(expected)?.equals(plain) === true
  expected[overheadBytes] = 0
  return isSame && made.open(expected) === undefined
}
