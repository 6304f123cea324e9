import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject, randomBytes } from 'node:crypto'
import { Fault } from '@rivulet/faults'

const ivBytes = 12
const tagBytes = 16

/** Seals secrets before they enter a database: AES-256-GCM, bound to the id of what they belong to. Sealed: 12-byte IV, 16-byte tag, ciphertext. */
export class Seal {
  readonly #key: KeyObject

  /** @param key 32 bytes that only this server knows */
  constructor(key: Buffer) {
    if (key.length !== 32) throw new Fault('seal-key-invalid', `the seal key must be 32 bytes long, not ${key.length}`)
    this.#key = createSecretKey(key)
  }

  seal(secret: Buffer, ownerId: string): Buffer {
    const iv = randomBytes(ivBytes)
    const cipher = createCipheriv('aes-256-gcm', this.#key, iv)
    cipher.setAAD(Buffer.from(ownerId))
    const sealed = Buffer.concat([cipher.update(secret), cipher.final()])
    return Buffer.concat([iv, cipher.getAuthTag(), sealed])
  }

  /** Throws Fault `seal-broken` when it was sealed with another key, for another owner, or was changed. */
  open(sealed: Buffer, ownerId: string): Buffer {
    try {
      const decipher = createDecipheriv('aes-256-gcm', this.#key, sealed.subarray(0, ivBytes), { authTagLength: tagBytes })
      decipher.setAuthTag(sealed.subarray(ivBytes, ivBytes + tagBytes))
      decipher.setAAD(Buffer.from(ownerId))
      return Buffer.concat([decipher.update(sealed.subarray(ivBytes + tagBytes)), decipher.final()])
    } catch (error) {
      throw new Fault('seal-broken', 'this secret was not sealed with the seal key of this server', { cause: error })
    }
  }
}
