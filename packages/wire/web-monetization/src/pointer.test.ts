import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isLoopback, parsePointer, PointerFault } from './index.ts'

test.each([
  ['$wallet.example', 'https://wallet.example/.well-known/pay'],
  ['$wallet.example/', 'https://wallet.example/.well-known/pay'],
  ['$wallet.example/alice', 'https://wallet.example/alice'],
  ['$wallet.example/alice/', 'https://wallet.example/alice/'],
  ['$Wallet.Example/Alice', 'https://wallet.example/Alice'],
  ['$wällt.example/a', 'https://xn--wllt-loa.example/a'],
  ['https://wallet.example/alice', 'https://wallet.example/alice'],
  ['HTTPS://wallet.example', 'https://wallet.example/'],
  ['https://wallet.example/a%20b/c;d=1', 'https://wallet.example/a%20b/c;d=1'],
])('%s means %s', (text, href) => expect(parsePointer(text).href).toBe(href))

test.each([
  ['', 'empty'],
  ['wallet.example/alice', 'write $host/path'],
  ['ftp://wallet.example/alice', 'write $host/path'],
  ['javascript:alert(1)', 'write $host/path'],
  ['$', 'host'],
  ['$/alice', 'host'],
  ['https://', 'host'],
  ['$wallet..example:x/alice', 'host'],
  ['$wallet.example/alice?a=1', 'query'],
  ['https://wallet.example/alice?', 'query'],
  ['$wallet.example?x', 'query'],
  ['https://wallet.example/alice#top', 'fragment'],
  ['$wallet.example:8443/alice', 'port'],
  ['https://wallet.example:443/alice', 'port'],
  ['https://wallet.example:/alice', 'port'],
  ['$user@wallet.example/alice', 'user name'],
  ['https://:pw@wallet.example/alice', 'user name'],
  ['https://@wallet.example/alice', 'user name'],
  ['http://wallet.example/alice', 'https'],
  ['$localhost/alice', 'loopback'],
  ['https://127.0.0.1/alice', 'loopback'],
  ['https://2130706433/alice', 'loopback'],
  ['https://[::1]/alice', 'loopback'],
  ['https://pay.localhost/alice', 'loopback'],
  [' $wallet.example/alice', 'spaces'],
  ['https://wallet.example\\@evil.example/', 'backslashes'],
  ['https://wallet.exa\tmple/', 'spaces'],
  ['https://wallet.example/\u0000', 'control'],
  [`$wallet.example/${'a'.repeat(3000)}`, 'longer than'],
])('%j is refused, and the message says why', (text, why) => {
  expect(() => parsePointer(text)).toThrow(PointerFault)
  expect(() => parsePointer(text)).toThrow(why)
})

describe('in a sandbox', () => {
  test.each([
    ['$localhost:4001/alice', 'http://localhost:4001/alice'],
    ['$localhost:4001', 'http://localhost:4001/.well-known/pay'],
    ['$localhost:443/alice', 'http://localhost:443/alice'],
    ['http://127.0.0.1:4001/alice', 'http://127.0.0.1:4001/alice'],
    ['https://wallet.example:8443/alice', 'https://wallet.example:8443/alice'],
    ['$wallet.example/alice', 'https://wallet.example/alice'],
  ])('%s means %s', (text, href) => expect(parsePointer(text, { allowLocal: true }).href).toBe(href))

  test.each(['http://localhost:4001/alice?a', 'http://a@localhost:4001/alice', 'file:///etc/passwd', '$localhost:99999/alice'])('%s is still refused', (text) => {
    expect(() => parsePointer(text, { allowLocal: true })).toThrow(PointerFault)
  })
})

test('whatever the text, the answer is a pointer-invalid fault or an https URL of a foreign host with nothing but a path', () => {
  const part = fc.constantFrom('$', 'https://', 'http://', 'wallet.example', 'localhost', '127.1', '[::1]', '/', '?', '#', '@', ':', '443', '\\', '%2f', '..', ' ', '\n', 'é')
  const answerOf = (text: string): string => {
    try {
      const url = parsePointer(text)
      return `${url.protocol} ${url.search}${url.hash}${url.username}${url.password}${url.port} ${isLoopback(url.hostname)}`
    } catch (error) {
      return error instanceof PointerFault ? error.code : String(error)
    }
  }
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.array(part, { maxLength: 8 }).map((parts) => parts.join(''))), (text) => {
      expect(['pointer-invalid', 'https:  false']).toContain(answerOf(text))
    }),
    { numRuns: 2000 },
  )
})
