import { createCipheriv, randomBytes } from 'node:crypto'
import { spawnSync } from 'node:child_process'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { cryptography } from './chosen-cryptography.ts'
import { type Cryptography, digestedBytesMax, sealedBytesMax } from './cryptography.ts'
import { nodeCryptography } from './node-cryptography.ts'
import { opensslCryptography } from './openssl-cryptography.ts'

const openssl = opensslCryptography()
const octets = (minLength: number, maxLength: number) => fc.uint8Array({ minLength, maxLength }).map((bytes) => Buffer.from(bytes))

/** As a program that knows nothing of STREAM would do it. */
function sealedBy(key: Buffer, iv: Buffer, plain: Buffer): Buffer {
  const cipher = createCipheriv('aes-256-gcm', key, iv)
  const ciphertext = Buffer.concat([cipher.update(plain), cipher.final()])
  return Buffer.concat([iv, cipher.getAuthTag(), ciphertext])
}

test('the Node.js that Rivulet installs lets OpenSSL be called directly', () => {
  expect(openssl?.name).toBe('openssl')
  expect(cryptography().name).toBe('openssl')
})

test('a process that may not load native code has node:crypto, and pays all the same', () => {
  const script = `const { cryptography } = await import(${JSON.stringify(new URL('./chosen-cryptography.ts', import.meta.url).href)});
    const key = cryptography().gcmKey(Buffer.alloc(32, 1)); const plain = Buffer.from('a packet');
    console.log(cryptography().name, key.open(key.seal(Buffer.alloc(12, 2), plain)).equals(plain))`
  const { stdout, stderr } = spawnSync(process.execPath, ['--permission', '--allow-fs-read=*', '--input-type=module', '-e', script], { encoding: 'utf8' })
  expect({ stdout, stderr }).toMatchObject({ stdout: 'node:crypto true\n' })
})

const implementations: readonly (readonly [string, Cryptography | undefined])[] = [['openssl', openssl], ['node:crypto', nodeCryptography]]

for (const [name, found] of implementations) {
  const tested = (): Cryptography => {
    if (found === undefined) throw new Error(`${name} is not there`)
    return found
  }

  test(`${name}: what it seals is AES-256-GCM, byte by byte, and opens`, () => {
    fc.assert(fc.property(octets(32, 32), octets(12, 12), octets(0, 3_000), (key, iv, plain) => {
      const made = tested().gcmKey(key)
      const sealed = made.seal(iv, plain)
      expect(sealed).toEqual(sealedBy(key, iv, plain))
      expect(made.open(sealed)).toEqual(plain)
    }), { numRuns: 300 })
  })

  test(`${name}: test case 16 of the GCM specification, without what is only authenticated`, () => {
    const key = tested().gcmKey(Buffer.from('feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308', 'hex'))
    const plain = Buffer.from('d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255', 'hex')
    const sealed = key.seal(Buffer.from('cafebabefacedbaddecaf888', 'hex'), plain)
    expect(sealed.toString('hex', 28)).toBe('522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662898015ad')
    expect(sealed.toString('hex', 12, 28)).toBe('b094dac5d93471bdec1a502270e3cc6c')
  })

  test(`${name}: nothing that was changed opens, and what is refused leaves no trace on what comes next`, () => {
    const made = tested().gcmKey(randomBytes(32))
    const plain = randomBytes(40)
    const sealed = made.seal(randomBytes(12), plain)
    for (let index = 0; index < sealed.length; index += 1) {
      const changed = Buffer.from(sealed)
      changed[index] = (changed[index] ?? 0) ^ 0x10
      expect(made.open(changed)).toBeUndefined()
      expect(made.open(sealed)).toEqual(plain)
    }
    for (let length = 28; length < sealed.length; length += 1) expect(made.open(sealed.subarray(0, length))).toBeUndefined()
    expect(tested().gcmKey(randomBytes(32)).open(sealed)).toBeUndefined()
  })

  test(`${name}: the largest packet, and two keys in turn`, () => {
    const [one, two] = [tested().gcmKey(randomBytes(32)), tested().gcmKey(randomBytes(32))]
    const plain = randomBytes(sealedBytesMax - 28)
    const [first, second] = [one.seal(Buffer.alloc(12, 1), plain), two.seal(Buffer.alloc(12, 1), plain)]
    expect(one.open(first)).toEqual(plain)
    expect(two.open(second)).toEqual(plain)
    expect(two.open(first)).toBeUndefined()
  })
}

test('what is larger than a packet never reaches OpenSSL', () => {
  const key = openssl?.gcmKey(randomBytes(32))
  expect(() => key?.seal(Buffer.alloc(12), Buffer.alloc(sealedBytesMax + 1))).toThrow(/largest size/)
  expect(() => key?.seal(Buffer.alloc(11), Buffer.alloc(1))).toThrow(/12 bytes/)
  expect(() => key?.open(Buffer.alloc(sealedBytesMax + 29))).toThrow(/largest size/)
  expect(() => key?.open(Buffer.alloc(27))).toThrow(/28 bytes/)
  expect(() => openssl?.sha256Into(Buffer.alloc(digestedBytesMax + 1), Buffer.alloc(32), 0)).toThrow(/packet/)
  expect(() => openssl?.gcmKey(Buffer.alloc(31))).toThrow(/32 bytes/)
})
