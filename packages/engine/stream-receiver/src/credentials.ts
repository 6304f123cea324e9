import { createCipheriv, createDecipheriv, createHmac, createSecretKey, hash, hkdfSync, type KeyObject, randomBytes } from 'node:crypto'
import { assert } from '@rivulet/faults'
import { type Id, isId } from '@rivulet/ids'
import { isAddress, OctetReader, OctetWriter, PacketFault } from '@rivulet/ilp'
import { type Asset, amountMax, checkAmount } from '@rivulet/money'
import { receiptNonceBytes, receiptSecretBytes, StreamKeys } from '@rivulet/stream'

/** How long credentials are good for unless told: a packet to an older address gets F06. */
const credentialsLiveMs = 24 * 3_600_000
/** The longest that they may be told to live: the server's secrets must be kept that long after they were replaced. */
const credentialsLiveMsMax = 31 * 24 * 3_600_000
const ivBytes = 12
const tagBytes = 16
const tokenBytesMax = 400
const accountIdBytes = 31
const keyIdPattern = /^[A-Za-z0-9]{1,16}$/
const connectionsCachedMax = 60_000

/** Server secrets by key id. New addresses are made with `current`; the others still open what they made. A secret has 32 bytes or more. */
export interface ReceiverKeys {
  /** 1 to 16 letters and digits. */
  readonly current: string
  readonly all: Readonly<Record<string, Buffer>>
}

/** What a connection's address says about it, to whoever holds the server's secret. */
export interface ConnectionSpec {
  /** The account to credit. */
  readonly accountId: Id<'acct'>
  /** Its asset. */
  readonly asset: Asset
  /** Most units that the connection may receive in all; 2^62 unless told. */
  readonly totalMax?: bigint | undefined
  /** The connection takes nothing from then on, ms since 1970; 24 h after it was issued unless told, and at most 31 days. */
  readonly closesAtMs?: number | undefined
  /** Set up by who verifies receipts (RFC 39): a nonce of 16 bytes, a secret of 32. */
  readonly receipt?: { readonly nonce: Buffer; readonly secret: Buffer } | undefined
}

export interface Credentials {
  /** ILP address of the connection. */
  readonly destination: string
  /** 32 bytes. */
  readonly sharedSecret: Buffer
}

export interface Connection extends ConnectionSpec {
  readonly totalMax: bigint
  readonly closesAtMs: number
  /** SHA-256 of the address. */
  readonly id: Buffer
  readonly keys: StreamKeys
}

interface ServerKey {
  readonly token: KeyObject
  readonly sharedSecret: KeyObject
}

/**
 * Makes and reads addresses of the form `<base>.<key id>~<token>`. The token is everything that a receiver needs to know, encrypted; the shared
 * secret is an HMAC of the whole address, so that an address changed in any way has another secret and decrypts no packet: what was once paid to
 * a connection cannot be replayed to a variant of its address.
 */
export class CredentialsBook {
  readonly #base: string
  readonly #current: string
  readonly #keys = new Map<string, ServerKey>()
  /** Two generations: when the young one is full it becomes the old one, and what is not used again is forgotten. */
  #young = new Map<string, Connection>()
  #old = new Map<string, Connection>()

  constructor(base: string, keys: ReceiverKeys) {
    this.#base = base
    this.#current = keys.current
    for (const [id, secret] of Object.entries(keys.all)) {
      assert(keyIdPattern.test(id) && secret.length >= 32, `receiver key ${id}: the id is 1 to 16 letters and digits, the secret 32 bytes or more`)
      const derive = (use: string): KeyObject => createSecretKey(Buffer.from(hkdfSync('sha256', secret, '', `rivulet stream ${use}`, 32)))
      this.#keys.set(id, { token: derive('token'), sharedSecret: derive('shared secret') })
    }
    assert(this.#keys.has(keys.current), `the current receiver key ${keys.current} is not among the keys`)
  }

  /** Throws MoneyFault on a `totalMax` out of bounds, PacketFault `packet-malformed` when the receipt's nonce or secret has a wrong length. */
  issue(spec: ConnectionSpec, nowMs: number): Credentials {
    const key = this.#keys.get(this.#current)
    assert(key !== undefined && isId('acct', spec.accountId), 'an address needs a current key and an account')
    const iv = randomBytes(ivBytes)
    const cipher = createCipheriv('aes-256-gcm', key.token, iv, { authTagLength: tagBytes }).setAAD(Buffer.from(this.#current))
    const sealed = Buffer.concat([cipher.update(writeToken(spec, nowMs)), cipher.final()])
    const destination = `${this.#base}.${this.#current}~${Buffer.concat([iv, cipher.getAuthTag(), sealed]).toString('base64url')}`
    assert(isAddress(destination), `the receiver's own address is too long or malformed: ${this.#base}`)
    return { destination, sharedSecret: sharedSecretOf(key, destination) }
  }

  /** The credentials of an address that was issued here, or undefined once its key is gone. */
  credentialsOf(destination: string): Credentials | undefined {
    const segment = destination.slice(this.#base.length + 1)
    const key = this.#keys.get(segment.slice(0, Math.max(0, segment.indexOf('~'))))
    return key === undefined ? undefined : { destination, sharedSecret: sharedSecretOf(key, destination) }
  }

  /** The connection behind an address, whatever its age, or undefined for an address that was not issued here. */
  read(destination: string): Connection | undefined {
    const young = this.#young.get(destination)
    if (young !== undefined) return young
    const connection = this.#old.get(destination) ?? this.#decrypt(destination)
    if (connection === undefined) return undefined
    if (this.#young.size >= connectionsCachedMax / 2) {
      this.#old = this.#young
      this.#young = new Map()
    }
    this.#young.set(destination, connection)
    return connection
  }

  #decrypt(destination: string): Connection | undefined {
    const segment = destination.slice(this.#base.length + 1)
    const split = segment.indexOf('~')
    const keyId = segment.slice(0, Math.max(0, split))
    const key = this.#keys.get(keyId)
    const token = Buffer.from(segment.slice(split + 1), 'base64url')
    if (key === undefined || token.length <= ivBytes + tagBytes || token.length > tokenBytesMax) return undefined
    try {
      const decipher = createDecipheriv('aes-256-gcm', key.token, token.subarray(0, ivBytes), { authTagLength: tagBytes }).setAAD(Buffer.from(keyId))
      decipher.setAuthTag(token.subarray(ivBytes, ivBytes + tagBytes))
      const plain = Buffer.concat([decipher.update(token.subarray(ivBytes + tagBytes)), decipher.final()])
      return { ...readToken(plain), id: hash('sha256', destination, 'buffer'), keys: new StreamKeys(sharedSecretOf(key, destination)) }
    } catch {
      // Not authentic, or of a form that no version of ours has written.
      return undefined
    }
  }
}

function sharedSecretOf(key: ServerKey, destination: string): Buffer {
  return createHmac('sha256', key.sharedSecret).update(destination).digest()
}

const tokenVersion = 1

function writeToken(spec: ConnectionSpec, nowMs: number): Buffer {
  const { asset, receipt } = spec
  const closesAtMs = Math.min(spec.closesAtMs ?? nowMs + credentialsLiveMs, nowMs + credentialsLiveMsMax)
  if (receipt !== undefined && (receipt.nonce.length !== receiptNonceBytes || receipt.secret.length !== receiptSecretBytes)) {
    throw new PacketFault(`receipts need a nonce of ${receiptNonceBytes} bytes and a secret of ${receiptSecretBytes}`)
  }
  const plain = Buffer.alloc(tokenBytesMax)
  const writer = new OctetWriter(plain).uint8(tokenVersion).octets(Buffer.from(spec.accountId, 'latin1'))
  writer.varUtf8(asset.code).uint8(asset.scale).varUint(checkAmount(spec.totalMax ?? amountMax)).varUint(Math.max(0, closesAtMs))
  if (receipt !== undefined) writer.octets(receipt.nonce).octets(receipt.secret)
  return plain.subarray(0, writer.at)
}

function readToken(plain: Buffer): Omit<Connection, 'id' | 'keys'> {
  const reader = new OctetReader(plain)
  const version = reader.uint8()
  const accountId = reader.octets(accountIdBytes).toString('latin1')
  if (version !== tokenVersion || !isId('acct', accountId)) throw new PacketFault('not a token of ours')
  const asset = { code: reader.varUtf8(), scale: reader.uint8() }
  const totalMax = reader.varUint()
  const closesAtMs = reader.varUintNumber()
  const receipt = reader.left === 0 ? undefined : { nonce: Buffer.from(reader.octets(receiptNonceBytes)), secret: Buffer.from(reader.octets(receiptSecretBytes)) }
  return { accountId, asset, totalMax, closesAtMs, receipt }
}
