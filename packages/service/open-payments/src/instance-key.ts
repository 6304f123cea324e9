import { createPrivateKey, createPublicKey, hash, type KeyObject } from 'node:crypto'

/** The key with which this installation itself asks other servers, apart from every person's. */
export interface InstanceKey {
  /** The wallet address that it is published under: `<wallet>/instance`, whose `jwks.json` exists and which itself is 404, since nobody can be paid there. */
  readonly walletAddress: string
  readonly keyId: string
  readonly privateKey: KeyObject
  readonly jwk: { readonly kid: string; readonly alg: 'EdDSA'; readonly kty: 'OKP'; readonly crv: 'Ed25519'; readonly use: 'sig'; readonly x: string }
}

/** DER of an Ed25519 private key (RFC 8410) without its last 32 bytes. */
const pkcs8Head = Buffer.from('302e020100300506032b657004220420', 'hex')

/**
 * @param seed 32 bytes of the installation's secrets
 * @param walletUrl public origin of the wallet
 */
export function instanceKeyOf(seed: Buffer, walletUrl: string): InstanceKey {
  const privateKey = createPrivateKey({ key: Buffer.concat([pkcs8Head, seed]), format: 'der', type: 'pkcs8' })
  const { x = '' } = createPublicKey(privateKey).export({ format: 'jwk' })
  // The thumbprint of RFC 7638 names the key, so that another seed has another name.
  const keyId = hash('sha256', JSON.stringify({ crv: 'Ed25519', kty: 'OKP', x }), 'base64url')
  return { walletAddress: `${new URL(walletUrl).origin}/instance`, keyId, privateKey, jwk: { kid: keyId, alg: 'EdDSA', kty: 'OKP', crv: 'Ed25519', use: 'sig', x } }
}
