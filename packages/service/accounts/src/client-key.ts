import { createPublicKey } from 'node:crypto'
import type { Id } from '@rivulet/ids'
import { z } from 'zod'
import { AccountsFault } from './types.ts'

/** A client's public key, an Ed25519 JWK (RFC 8037) as Open Payments publishes it. */
export interface ClientKey {
  readonly kid: string
  readonly kty: 'OKP'
  readonly crv: 'Ed25519'
  readonly alg: 'EdDSA'
  readonly use: 'sig'
  /** The public point, 32 bytes in base64url. */
  readonly x: string
}

/** A key as its owner sees it: with a name of her own, and since when it may act for the wallet address. */
export interface RegisteredKey extends ClientKey {
  readonly id: Id<'key'>
  /** Empty when none was given. */
  readonly name: string
  readonly createdAtMs: number
}

const textCharactersMax = 2_000
const jwk = z.object({
  kid: z.string().min(1).max(200),
  kty: z.literal('OKP'),
  crv: z.literal('Ed25519'),
  alg: z.literal('EdDSA').optional(),
  use: z.literal('sig').optional(),
  x: z.string().regex(/^[A-Za-z0-9_-]{43}$/, 'must be 32 bytes in base64url'),
})

export function clientKey(kid: string, x: string): ClientKey {
  return { kid, kty: 'OKP', crv: 'Ed25519', alg: 'EdDSA', use: 'sig', x }
}

/** Reads a public key from the base64 (or base64url) of its JWK. Throws `key-invalid`. */
export function parseClientKey(base64: string): ClientKey {
  const text = base64.trim()
  if (text.length > textCharactersMax || !/^[A-Za-z0-9+/_-]+={0,2}$/.test(text)) throw new AccountsFault('key-invalid', 'the key must be the base64 of a JWK')
  let value: unknown
  try {
    value = JSON.parse(Buffer.from(text, 'base64').toString('utf8'))
  } catch (cause) {
    throw new AccountsFault('key-invalid', 'the key is base64, but not of JSON', { cause })
  }
  if (typeof value === 'object' && value !== null && 'd' in value) {
    throw new AccountsFault('key-invalid', 'this is a private key: keep it, and register the JWK without its "d" member')
  }
  const parsed = jwk.safeParse(value)
  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    throw new AccountsFault('key-invalid', `not an Ed25519 public key: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`)
  }
  const { kid, x } = parsed.data
  const key = clientKey(kid, x)
  try {
    createPublicKey({ key: { kty: key.kty, crv: key.crv, x }, format: 'jwk' })
  } catch (cause) {
    throw new AccountsFault('key-invalid', 'not an Ed25519 public key: x is no point of the curve', { cause })
  }
  return key
}
