/**
 * HTTP message signatures (RFC 9421) as GNAP binds requests to keys (RFC 9635, section 7.3.1) and Open Payments uses them: Ed25519, label `sig1`,
 * method and target always covered, the token and the digest of the body when there are any. Components are derived by `http-message-signatures`.
 */
import { type KeyObject, sign, verify } from 'node:crypto'
import { Fault } from '@rivulet/faults'
import { httpbis } from 'http-message-signatures'
import { type InnerList, isInnerList, parseDictionary, serializeDictionary, serializeInnerList, serializeItem } from 'structured-headers'
import { contentDigest, digestMatches } from './content-digest.ts'

export type SignatureFaultCode =
  | 'signature-missing'
  | 'signature-malformed'
  | 'signature-stale'
  | 'signature-incomplete'
  | 'digest-missing'
  | 'digest-differs'
  | 'signature-invalid'

/** Why a request's signature is refused; the message may be shown to the client. */
export class SignatureFault extends Fault<SignatureFaultCode> {}

export interface SignedRequest {
  /** In capitals. */
  readonly method: string
  /** Absolute, as the client addressed it: the public URL, not where a proxy forwarded it. */
  readonly url: string
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  /** Exact bytes; absent or empty when there is no body. */
  readonly body?: Buffer | undefined
}

const label = 'sig1'
/** How far `created` may be from now, either way. */
const ageMsMax = 300_000
const headerCharactersMax = 2_000
const keyIdCharactersMax = 200
const componentsMax = 20

/** The key id that the request names; nothing is proven yet. Throws SignatureFault. */
export function keyIdOf(request: SignedRequest): string {
  return keyId(signatureInput(request))
}

/**
 * Returns when the request was signed with the private half of `publicKey` at most five minutes from `nowMs`, and body and token are covered.
 * @param publicKey Ed25519
 */
export function verifyRequest(request: SignedRequest, publicKey: KeyObject, nowMs: number): void {
  const input = signatureInput(request)
  keyId(input)
  checkParameters(input, nowMs)
  checkCoverage(input, request)
  const signature = signatureOf(request)
  if (!verify(null, signatureBase(input, request), publicKey, signature)) throw new SignatureFault('signature-invalid', 'the signature is not this request’s by this key')
}

/** Headers to add to the request: `signature`, `signature-input`, and `content-digest` and `content-length` with a body (whose `content-type` must be there). */
export function signRequest(request: SignedRequest, { keyId: keyid, privateKey }: { readonly keyId: string; readonly privateKey: KeyObject }, nowMs: number): Record<string, string> {
  const added: Record<string, string> = hasBody(request) ? { 'content-digest': contentDigest(request.body), 'content-length': String(request.body.length) } : {}
  const headers = { ...request.headers, ...added }
  const components = ['@method', '@target-uri', ...(headers['authorization'] === undefined ? [] : ['authorization']), ...(hasBody(request) ? ['content-digest', 'content-length', 'content-type'] : [])]
  const input: InnerList = [components.map((name) => [name, new Map()]), new Map<string, string | number>([['keyid', keyid], ['created', Math.floor(nowMs / 1_000)]])]
  const signature = sign(null, signatureBase(input, { ...request, headers }), privateKey)
  return { ...added, 'signature-input': `${label}=${serializeInnerList(input)}`, signature: serializeDictionary(new Map([[label, [Uint8Array.from(signature).buffer, new Map()]]])) }
}

function signatureInput(request: SignedRequest): InnerList {
  const member = memberOf(request, 'signature-input')
  if (!isInnerList(member) || member[0].length > componentsMax || !member[0].every(([name]) => typeof name === 'string' && name === name.toLowerCase())) {
    throw new SignatureFault('signature-malformed', `Signature-Input must hold ${label}=(…) with components in lower case`)
  }
  return member
}

function signatureOf(request: SignedRequest): Buffer {
  const member = memberOf(request, 'signature')
  if (isInnerList(member) || !(member[0] instanceof ArrayBuffer)) throw new SignatureFault('signature-malformed', `Signature must hold ${label}=:…:`)
  return Buffer.from(member[0])
}

function memberOf(request: SignedRequest, name: 'signature' | 'signature-input') {
  const header = textOf(request, name)
  if (header === undefined) throw new SignatureFault('signature-missing', `the request has no ${name} header`)
  if (header.length > headerCharactersMax) throw new SignatureFault('signature-malformed', `${name} is longer than ${headerCharactersMax} characters`)
  let member
  try {
    member = parseDictionary(header).get(label)
  } catch (cause) {
    throw new SignatureFault('signature-malformed', `${name} is no dictionary of RFC 9651`, { cause })
  }
  if (member === undefined) throw new SignatureFault('signature-missing', `${name} has no ${label}`)
  return member
}

function keyId([, parameters]: InnerList): string {
  const id: unknown = parameters.get('keyid')
  if (typeof id !== 'string' || id === '' || id.length > keyIdCharactersMax) throw new SignatureFault('signature-malformed', 'Signature-Input must name its keyid')
  return id
}

function checkParameters([, parameters]: InnerList, nowMs: number): void {
  const algorithm: unknown = parameters.get('alg')
  if (algorithm !== undefined && algorithm !== 'ed25519') throw new SignatureFault('signature-malformed', 'the algorithm must be ed25519')
  const created: unknown = parameters.get('created')
  if (typeof created !== 'number') throw new SignatureFault('signature-incomplete', 'Signature-Input must say when it was created')
  if (Math.abs(nowMs - created * 1_000) > ageMsMax) throw new SignatureFault('signature-stale', 'the signature was created more than five minutes from now: check the clock')
  const expires: unknown = parameters.get('expires')
  if (expires !== undefined && !(typeof expires === 'number' && expires * 1_000 > nowMs)) throw new SignatureFault('signature-stale', 'the signature has expired')
}

function checkCoverage([components]: InnerList, request: SignedRequest): void {
  // A component with parameters (of another message, of one query parameter) is another component.
  const covered = new Set(components.filter(([, parameters]) => parameters.size === 0).map(([name]) => name))
  const needed = ['@method', '@target-uri', ...(textOf(request, 'authorization') === undefined ? [] : ['authorization'])]
  for (const name of needed) if (!covered.has(name)) throw new SignatureFault('signature-incomplete', `the signature must cover ${name}`)
  const digest = textOf(request, 'content-digest')
  if (!hasBody(request)) {
    // Who signed a digest sent a body: it was taken off on the way.
    if (digest !== undefined && !digestMatches(digest, Buffer.alloc(0))) throw new SignatureFault('digest-differs', 'Content-Digest is not that of an empty body')
    return
  }
  if (digest === undefined) throw new SignatureFault('digest-missing', 'a request with a body needs a Content-Digest')
  if (!covered.has('content-digest')) throw new SignatureFault('signature-incomplete', 'the signature must cover content-digest')
  if (!digestMatches(digest, request.body)) throw new SignatureFault('digest-differs', 'Content-Digest is not the sha-512 or sha-256 of the body')
}

/** RFC 9421, section 2.5. */
function signatureBase(input: InnerList, { method, url, headers }: SignedRequest): Buffer {
  const present: Record<string, string | string[]> = {}
  for (const [name, value] of Object.entries(headers)) if (value !== undefined) present[name] = typeof value === 'string' ? value : [...value]
  try {
    const base = httpbis.createSignatureBase({ fields: input[0].map((component) => serializeItem(component)) }, { method, url, headers: present })
    base.push(['"@signature-params"', [serializeInnerList(input)]])
    return Buffer.from(httpbis.formatSignatureBase(base))
  } catch (cause) {
    throw new SignatureFault('signature-incomplete', 'the signature covers what this request does not have', { cause })
  }
}

function textOf({ headers }: SignedRequest, name: string): string | undefined {
  const value = headers[name]
  return typeof value === 'string' || value === undefined ? value : value.join(', ')
}

function hasBody(request: SignedRequest): request is SignedRequest & { readonly body: Buffer } {
  return request.body !== undefined && request.body.length > 0
}
