import { createHash, createHmac } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { PacketFault } from '@rivulet/ilp'
import type { Cryptography } from './cryptography.ts'
import { HmacKey, sha256 } from './hmac.ts'
import { nodeCryptography } from './node-cryptography.ts'
import { opensslCryptography } from './openssl-cryptography.ts'

// The second is what a process without native code falls back to.
const both = [opensslCryptography(), nodeCryptography].filter((each): each is Cryptography => each !== undefined)
const octets = (maxLength: number) => fc.uint8Array({ maxLength }).map((bytes) => Buffer.from(bytes))

test('our HMAC is that of node:crypto, for keys and messages of any length', () => {
  fc.assert(fc.property(octets(200), octets(2_000), (key, message) => {
    for (const by of both) expect(new HmacKey(key, by).sign(message)).toEqual(createHmac('sha256', key).update(message).digest())
    expect(sha256(message)).toEqual(createHash('sha256').update(message).digest())
  }), { numRuns: 500 })
})

test('it is that of RFC 4231, cases 1, 2 and 6', () => {
  const sign = (key: Buffer, message: string) => new HmacKey(key).sign(Buffer.from(message)).toString('hex')
  expect(sign(Buffer.alloc(20, 0x0b), 'Hi There')).toBe('b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7')
  expect(sign(Buffer.from('Jefe'), 'what do ya want for nothing?')).toBe('5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843')
  expect(sign(Buffer.alloc(131, 0xaa), 'Test Using Larger Than Block-Size Key - Hash Key First')).toBe('60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54')
})

test('two keys used in turn do not disturb each other, and a message larger than a packet is refused', () => {
  const one = new HmacKey(Buffer.from('one'))
  const two = new HmacKey(Buffer.from('two'))
  const message = Buffer.from('message')
  const first = one.sign(message)
  two.sign(Buffer.alloc(32_767))
  expect(one.sign(message)).toEqual(first)
  expect(() => one.sign(Buffer.alloc(32_768))).toThrow(PacketFault)
})
