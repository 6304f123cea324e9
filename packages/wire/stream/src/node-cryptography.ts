/** The cryptography of a packet on node:crypto. */
import { createCipheriv, createDecipheriv, createSecretKey, hash, type KeyObject } from 'node:crypto'
import { type Cryptography, type GcmKey, ivBytes, overheadBytes, tagBytes } from './cryptography.ts'

const options = { authTagLength: tagBytes }

/** A KeyObject made once: a raw key costs four times as much on every use. */
class NodeGcmKey implements GcmKey {
  readonly #key: KeyObject

  constructor(key: Buffer) {
    this.#key = createSecretKey(key)
  }

  seal(iv: Buffer, plain: Buffer): Buffer {
    const sealed = Buffer.allocUnsafe(overheadBytes + plain.length)
    const cipher = createCipheriv('aes-256-gcm', this.#key, iv, options)
    sealed.set(iv)
    sealed.set(cipher.update(plain), overheadBytes)
    cipher.final()
    sealed.set(cipher.getAuthTag(), ivBytes)
    return sealed
  }

  open(sealed: Buffer): Buffer | undefined {
    const decipher = createDecipheriv('aes-256-gcm', this.#key, sealed.subarray(0, ivBytes), options)
    decipher.setAuthTag(sealed.subarray(ivBytes, overheadBytes))
    const plain = decipher.update(sealed.subarray(overheadBytes))
    try {
      decipher.final()
    } catch {
      return undefined
    }
    return plain
  }
}

export const nodeCryptography: Cryptography = {
  name: 'node:crypto',
  gcmKey: (key) => new NodeGcmKey(key),
  // A digest as text that is written into a buffer costs a third of one that is returned as a buffer of its own.
  sha256Into: (octets, into, at) => {
    into.write(hash('sha256', octets, 'binary'), at, 'binary')
  },
}
