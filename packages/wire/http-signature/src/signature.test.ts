import { createHash, generateKeyPairSync, sign } from 'node:crypto'
import { createSigner, httpbis } from 'http-message-signatures'
import { describe, expect, test } from 'vitest'
import { contentDigest } from './content-digest.ts'
import { keyIdOf, type SignedRequest, SignatureFault, signRequest, verifyRequest } from './index.ts'

const nowMs = Date.UTC(2026, 0, 1)
const { privateKey, publicKey } = generateKeyPairSync('ed25519')
const other = generateKeyPairSync('ed25519')
const body = Buffer.from('{"client":"https://wallet.example/alice"}')
const plain: SignedRequest = { method: 'POST', url: 'https://wallet.example/auth?a=%20', headers: { accept: 'application/json', 'content-type': 'application/json', authorization: 'GNAP abc' }, body }

function signed(request = plain, atMs = nowMs): SignedRequest & { readonly headers: Record<string, string> } {
  return { ...request, headers: { ...request.headers, ...signRequest(request, { keyId: 'key-1', privateKey }, atMs) } as Record<string, string> }
}

function outcome(request: SignedRequest, key = publicKey, atMs = nowMs): string {
  try {
    verifyRequest(request, key, atMs)
    return 'accepted'
  } catch (error) {
    return error instanceof SignatureFault ? error.code : String(error)
  }
}

/** Signs any components and parameters, right or wrong ones. */
function signedAs(input: string, base: readonly string[], request = plain): SignedRequest {
  const lines = [...base, `"@signature-params": ${input}`].join('\n')
  return { ...request, headers: { 'content-digest': contentDigest(body), ...request.headers, 'signature-input': `sig1=${input}`, signature: `sig1=:${sign(null, Buffer.from(lines), privateKey).toString('base64')}:` } }
}

const method = '"@method": POST'
const target = `"@target-uri": ${plain.url}`
const authorization = '"authorization": GNAP abc'
const digest = `"content-digest": ${contentDigest(body)}`
const created = nowMs / 1_000
const all = '("@method" "@target-uri" "authorization" "content-digest")'

describe('a signature is accepted', () => {
  test('as we make it', () => {
    expect(outcome(signed())).toBe('accepted')
    expect(signed().headers['signature-input']).toBe(`sig1=("@method" "@target-uri" "authorization" "content-digest" "content-length" "content-type");keyid="key-1";created=${created}`)
    expect(keyIdOf(signed())).toBe('key-1')
  })

  test('without a body or a token', () => {
    const request = signed({ method: 'GET', url: 'https://wallet.example/', headers: {} })
    expect(request.headers['signature-input']).toBe(`sig1=("@method" "@target-uri");keyid="key-1";created=${created}`)
    expect(outcome(request)).toBe('accepted')
  })

  test('as the library of the reference client makes it', async () => {
    const message = { method: 'POST', url: plain.url, headers: { 'Content-Type': 'application/json', 'Content-Length': String(body.length), 'Content-Digest': contentDigest(body), Authorization: 'GNAP abc' } }
    const key = createSigner(privateKey, 'ed25519', 'key-1')
    const made = await httpbis.signMessage({ key, name: 'sig1', params: ['keyid', 'created'], paramValues: { created: new Date(nowMs) }, fields: ['@method', '@target-uri', 'authorization', 'content-digest', 'content-length', 'content-type'] }, message)
    const headers = Object.fromEntries(Object.entries(made.headers).map(([name, value]) => [name.toLowerCase(), String(value)]))
    expect(outcome({ ...plain, headers })).toBe('accepted')
  })

  test('in another order, with another signature beside it, and with a sha-256 digest', () => {
    const sha256 = `sha-256=:${createHash('sha256').update(body).digest('base64')}:`
    const request = signedAs(`("content-digest" "authorization" "@target-uri" "@method");created=${created};keyid="k";alg="ed25519"`, [`"content-digest": ${sha256}`, authorization, target, method], { ...plain, headers: { ...plain.headers, 'content-digest': sha256 } })
    const beside = { ...request, headers: { ...request.headers, 'signature-input': `proxy=();created=1, ${String(request.headers['signature-input'])}`, signature: `proxy=:AAAA:, ${String(request.headers['signature'])}` } }
    expect([outcome(request), outcome(beside)]).toEqual(['accepted', 'accepted'])
  })

  test.each([-300_000, 300_000])('%i ms from its creation', (ms) => expect(outcome(signed(), publicKey, nowMs + ms)).toBe('accepted'))
})

describe('a signature is refused', () => {
  const good = signed()
  const changed = (headers: Record<string, string | undefined>, rest: Partial<SignedRequest> = {}): SignedRequest => ({ ...good, ...rest, headers: { ...good.headers, ...headers } })
  test.each<[string, string, SignedRequest]>([
    ['without Signature', 'signature-missing', changed({ signature: undefined })],
    ['without Signature-Input', 'signature-missing', changed({ 'signature-input': undefined })],
    ['under another label', 'signature-missing', changed({ 'signature-input': good.headers['signature-input']?.replace('sig1', 'sig2') })],
    ['that is no dictionary', 'signature-malformed', changed({ 'signature-input': 'sig1=(((' })],
    ['whose input is no list', 'signature-malformed', changed({ 'signature-input': 'sig1="@method"' })],
    ['whose value is text', 'signature-malformed', changed({ signature: 'sig1="AAAA"' })],
    ['with components in capitals', 'signature-malformed', changed({ 'signature-input': good.headers['signature-input']?.replace('authorization', 'Authorization') })],
    ['that is huge', 'signature-malformed', changed({ 'signature-input': `sig1=("${'a'.repeat(3_000)}")` })],
    ['without keyid', 'signature-malformed', signedAs(`${all};created=${created}`, [method, target, authorization, digest])],
    ['of another algorithm', 'signature-malformed', signedAs(`${all};created=${created};keyid="k";alg="rsa-pss-sha512"`, [method, target, authorization, digest])],
    ['without created', 'signature-incomplete', signedAs(`${all};keyid="k"`, [method, target, authorization, digest])],
    ['more than five minutes old', 'signature-stale', signed(plain, nowMs - 301_000)],
    ['more than five minutes ahead', 'signature-stale', signed(plain, nowMs + 301_000)],
    ['that has expired', 'signature-stale', signedAs(`${all};created=${created - 10};expires=${created};keyid="k"`, [method, target, authorization, digest])],
    ['that does not cover the method', 'signature-incomplete', signedAs(`("@target-uri" "authorization" "content-digest");created=${created};keyid="k"`, [target, authorization, digest])],
    ['that does not cover the target', 'signature-incomplete', signedAs(`("@method" "authorization" "content-digest");created=${created};keyid="k"`, [method, authorization, digest])],
    ['that does not cover the token', 'signature-incomplete', signedAs(`("@method" "@target-uri" "content-digest");created=${created};keyid="k"`, [method, target, digest])],
    ['that does not cover the digest', 'signature-incomplete', signedAs(`("@method" "@target-uri" "authorization");created=${created};keyid="k"`, [method, target, authorization])],
    ['that covers the method of another message', 'signature-incomplete', signedAs(`("@method";req "@target-uri" "authorization" "content-digest");created=${created};keyid="k"`, [method, target, authorization, digest])],
    ['that covers a header which is not there', 'signature-incomplete', signedAs(`("@method" "@target-uri" "authorization" "content-digest" "x-more");created=${created};keyid="k"`, [method, target, authorization, digest])],
    ['without a digest of the body', 'digest-missing', changed({ 'content-digest': undefined })],
    ['with a digest of an algorithm that nobody should use', 'digest-differs', changed({ 'content-digest': `md5=:${createHash('md5').update(body).digest('base64')}:` })],
    ['with a digest that is no dictionary', 'digest-differs', changed({ 'content-digest': '((' })],
    ['when the body is another', 'digest-differs', changed({}, { body: Buffer.from('{"client":"https://wallet.example/mallory"}') })],
    ['when the body was taken off', 'digest-differs', changed({}, { body: undefined })],
    ['when body and digest are others', 'signature-invalid', changed({ 'content-digest': contentDigest(Buffer.from('{}')) }, { body: Buffer.from('{}') })],
    ['when the method is another', 'signature-invalid', changed({}, { method: 'DELETE' })],
    ['when the target is another', 'signature-invalid', changed({}, { url: 'https://wallet.example/auth?a=%21' })],
    ['when the token is another', 'signature-invalid', changed({ authorization: 'GNAP abd' })],
    ['whose value is another', 'signature-invalid', changed({ signature: `sig1=:${Buffer.alloc(64).toString('base64')}:` })],
    ['whose value is too short', 'signature-invalid', changed({ signature: 'sig1=:AAAA:' })],
  ])('%s: %s', (_what, code, request) => expect(outcome(request)).toBe(code))

  test('by another key', () => expect(outcome(good, other.publicKey)).toBe('signature-invalid'))
})
