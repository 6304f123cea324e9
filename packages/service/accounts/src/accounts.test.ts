import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseClientKey } from './client-key.ts'
import { checkPath, pathOfName } from './wallet-address.ts'

test('the path made from any name is a path that may be taken', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 100 }), (name) => {
      expect(checkPath(pathOfName(name))).toBe(pathOfName(name))
    }),
  )
})

test.each([
  ["Zoë's Garden", 'zoes-garden'],
  ['API', 'wallet-api'],
  ['日本', 'wallet'],
])('%s becomes %s', (name, path) => expect(pathOfName(name)).toBe(path))

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64')
const key = { kid: 'k', kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' }

test('an Ed25519 JWK is read from base64 and from base64url', () => {
  expect(parseClientKey(encode(key)).x).toBe(key.x)
  expect(parseClientKey(Buffer.from(JSON.stringify({ ...key, alg: 'EdDSA' })).toString('base64url')).kid).toBe('k')
})

test.each([
  ['text that is no base64', '{"kid":1}'],
  ['no JSON', Buffer.from('hello').toString('base64')],
  ['a private key', encode({ ...key, d: key.x })],
  ['another curve', encode({ ...key, crv: 'X25519' })],
  ['an RSA key', encode({ kid: 'k', kty: 'RSA', n: 'AQAB', e: 'AQAB' })],
  ['no kid', encode({ ...key, kid: undefined })],
  ['a point of the wrong length', encode({ ...key, x: 'AAAA' })],
  ['a key beyond 2,000 characters', encode({ ...key, kid: 'k'.repeat(3_000) })],
])('%s is refused as a key', (_what, text) => expect(() => parseClientKey(text)).toThrow(expect.objectContaining({ code: 'key-invalid' })))
