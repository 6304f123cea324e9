import type { RegisteredKey, Role, WalletAddress } from '@rivulet/accounts'

/** The roles whose people have wallet addresses, each at a public origin of its own. */
export type PayableRole = Exclude<Role, 'operator'>

/** Open to pages of every origin: the specification's own flow asks in CORS mode, with the headers of HTTP signatures. */
export const crossOrigin = {
  'Access-Control-Allow-Origin': '*',
  'Access-Control-Allow-Methods': 'GET, HEAD, OPTIONS',
  'Access-Control-Allow-Headers': 'accept, authorization, content-digest, content-type, receipt-nonce, receipt-secret, signature, signature-input, web-monetization-id',
  'Access-Control-Max-Age': '86400',
}

/** Auth server of a role: the issuer that clients hash, so never with a trailing slash. */
export function authServerOf(publicUrl: string): string {
  return `${new URL(publicUrl).origin}/auth`
}

/** The JSON of a wallet address (Open Payments 1.3). Clients append to `resourceServer`, so it has no trailing slash. */
export function documentOf({ url, publicName, asset }: WalletAddress): object {
  const { origin } = new URL(url)
  return { id: url, publicName, assetCode: asset.code, assetScale: asset.scale, authServer: authServerOf(origin), resourceServer: origin }
}

/** Its `jwks.json`. Other wallets validate it strictly: nothing else may be at the top, and each key names its algorithm. */
export function keySetOf(keys: readonly Pick<RegisteredKey, 'kid' | 'x'>[]): object {
  return { keys: keys.map(({ kid, x }) => ({ kid, alg: 'EdDSA', kty: 'OKP', crv: 'Ed25519', use: 'sig', x })) }
}

/** Its `did.json`, as the method `did:web` finds it: the same keys under names that are URLs (W3C DID Core). */
export function didDocumentOf(url: string, keys: readonly Pick<RegisteredKey, 'kid' | 'x'>[]): object {
  const { host, pathname } = new URL(url)
  const id = ['did', 'web', encodeURIComponent(host), ...pathname.split('/').slice(1)].join(':')
  const methods = keys.map(({ kid, x }) => ({ id: `${id}#${encodeURIComponent(kid)}`, type: 'JsonWebKey2020', controller: id, publicKeyJwk: { kty: 'OKP', crv: 'Ed25519', x } }))
  return { '@context': ['https://www.w3.org/ns/did/v1', 'https://w3id.org/security/suites/jws-2020/v1'], id, alsoKnownAs: [url], verificationMethod: methods, authentication: methods.map((method) => method.id) }
}
