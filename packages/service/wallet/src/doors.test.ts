import { randomBytes } from 'node:crypto'
import { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { RateLimit } from '@rivulet/time'
import { TestClock } from '@rivulet/time/testing'
import { describe, expect, test } from 'vitest'
import { clientAddressOf } from './client-address.ts'
import { agentCookie, cookieOf, tokenCookie, verifierCookie } from './cookies.ts'
import { Seal } from '@rivulet/ids'
import { checkSite } from './site.ts'

describe('sites', () => {
  test.each(['https://news.example', 'https://news.example:8443', 'https://xn--bcher-kva.example'])('%s may be connected', (site) => expect(checkSite(site, false)).toBe(site))
  test.each(['null', '', 'news.example', 'https://news.example/', 'https://news.example/path', 'https://NEWS.example', 'https://a@news.example', 'http://news.example', 'http://127.0.0.1:4003', 'file://', 'javascript:0', `https://${'a'.repeat(400)}.example`])(
    '%j may not',
    (site) => expect(() => checkSite(site, false)).toThrow(expect.objectContaining({ code: 'site-invalid' })),
  )
  test('a sandbox connects pages served from loopback, and no other page over http', () => {
    expect(checkSite('http://127.0.0.1:4003', true)).toBe('http://127.0.0.1:4003')
    expect(() => checkSite('http://news.example', true)).toThrow('only pages served over https')
  })
})

describe('cookies', () => {
  test('each site has cookies of its own', () => {
    expect(new Set([tokenCookie('https://a.example'), tokenCookie('https://b.example'), verifierCookie('https://a.example')]).size).toBe(3)
  })
  test('no script and no other site can read them, and they go to the agent only', () => {
    expect(agentCookie('a', 'b', 5)).toBe('a=b; Path=/agent; Max-Age=5; Secure; HttpOnly; SameSite=None; Partitioned')
  })
  test.each([
    ['a=1; b=2', 'b', '2'],
    ['a=1;b=2=3', 'b', '2=3'],
    ['ab=1', 'b', undefined],
    ['b', 'b', undefined],
    [undefined, 'b', undefined],
  ])('the header %j has %s as %j', (header, name, value) => expect(cookieOf(header, name)).toBe(value))
})

describe('rates', () => {
  test('a burst is allowed, then what the pace gives', async () => {
    const clock = new TestClock()
    const limit = new RateLimit(clock, { burst: 3, perSecond: 1 })
    expect([1, 2, 3, 4].map(() => limit.allow('a'))).toEqual([true, true, true, false])
    expect(limit.allow('b')).toBe(true)
    await clock.advance(1_000)
    expect([limit.allow('a'), limit.allow('a')]).toEqual([true, false])
  })
  test('it remembers a bounded number of keys', () => {
    const limit = new RateLimit(new TestClock(), { burst: 1, perSecond: 0, keysMax: 2 })
    expect(['a', 'b', 'c', 'a', 'c'].map((key) => limit.allow(key))).toEqual([true, true, true, true, false])
  })
})

describe('secrets in rows', () => {
  test('what is sealed is read back with the same key and for the same stream only', () => {
    const seal = new Seal(randomBytes(32))
    const sealed = seal.seal(Buffer.from('secret'), 'strm_1')
    expect(sealed.includes('secret')).toBe(false)
    expect(seal.open(sealed, 'strm_1').toString()).toBe('secret')
    expect(() => seal.open(sealed, 'strm_2')).toThrow(expect.objectContaining({ code: 'seal-broken' }))
    expect(() => new Seal(randomBytes(32)).open(sealed, 'strm_1')).toThrow('not sealed with the seal key')
    expect(() => new Seal(randomBytes(16))).toThrow('32 bytes')
  })
})

test('the address that a caller claims is believed only as far as our own proxies vouch for it', () => {
  const request = new IncomingMessage(new Socket())
  request.headers['x-forwarded-for'] = '6.6.6.6, 203.0.113.7'
  expect(clientAddressOf(request, 1)).toBe('203.0.113.7')
  expect(clientAddressOf(request, 0)).toBe('')
})
