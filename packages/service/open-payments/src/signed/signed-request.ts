/** The signature of a request: checked over its exact bytes and its public URL, with the key that the client publishes. */
import { createPublicKey, type KeyObject } from 'node:crypto'
import { isFault } from '@rivulet/faults'
import { keyIdOf, SignatureFault, type SignedRequest, verifyRequest } from '@rivulet/http-signature'
import express, { type Request, type RequestHandler } from 'express'

/** Where clients' public keys come from. */
export interface ClientKeys {
  /** The Ed25519 key that a wallet address publishes under `kid`; undefined when it publishes none. Throws a Fault when the wallet address does not answer. */
  find(walletAddress: string, kid: string): Promise<KeyObject | undefined>
}

/** Whose key a request must be signed with. */
export interface Signer {
  /** As GrantClient.id. */
  readonly client: string
  readonly keyId: string
  /** As GrantClient.keyX. */
  readonly keyX: string | undefined
}

export type KeyMissing = 'key-unknown'

const bodyBytesMax = 65_536

/** Keeps the body as it came: `request.body` is a Buffer, or undefined when there is none. */
export const rawBody: RequestHandler = express.raw({ type: () => true, limit: bodyBytesMax, inflate: false })

/** The body of a request that went through `rawBody`. Undefined when there is none; throws SyntaxError when it is no JSON. */
export function jsonOf(request: Request): unknown {
  const body = bytesOf(request)
  return body === undefined ? undefined : (JSON.parse(body.toString('utf8')) as unknown)
}

/** @param publicUrl origin under which clients reach this server */
export function signedRequestOf(request: Request, publicUrl: string): SignedRequest {
  return { method: request.method, url: `${publicUrl}${request.originalUrl}`, headers: request.headers, body: bytesOf(request) }
}

/**
 * Returns when the signer's own key has signed the request. Throws SignatureFault; `'key-unknown'` is returned when the client has no such key (any more).
 */
export async function checkSignature(request: SignedRequest, signer: Signer, { clientKeys, nowMs }: { readonly clientKeys: ClientKeys; readonly nowMs: number }): Promise<KeyMissing | undefined> {
  const keyId = keyIdOf(request)
  const key = keyId === signer.keyId ? await keyOf(signer, clientKeys) : undefined
  if (key === undefined) return 'key-unknown'
  verifyRequest(request, key, nowMs)
  return undefined
}

async function keyOf({ client, keyId, keyX }: Signer, clientKeys: ClientKeys): Promise<KeyObject | undefined> {
  if (keyX !== undefined) return publicKeyOf(keyX)
  try {
    return await clientKeys.find(client, keyId)
  } catch (error) {
    if (isFault(error)) throw new SignatureFault('signature-invalid', `the client's keys cannot be fetched: ${error.message}`, { cause: error })
    throw error
  }
}

/** @param x 32 bytes in base64url. Throws a TypeError of node:crypto when it is no point of the curve. */
export function publicKeyOf(x: string): KeyObject {
  return createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' })
}

function bytesOf(request: Request): Buffer | undefined {
  const body: unknown = request.body
  return Buffer.isBuffer(body) && body.length > 0 ? body : undefined
}
