import fc from 'fast-check'
import { expect, test } from 'vitest'
import { PacketFault } from './fault.ts'
import { OctetReader, OctetWriter } from './octets.ts'

const uint64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })

test('what was written is read back, in as few bytes as possible', () => {
  const values = fc.tuple(uint64, uint64, fc.maxSafeNat(), fc.uint8Array({ maxLength: 400 }), fc.string({ maxLength: 200 }))
  fc.assert(fc.property(values, ([fixed, variable, number, octets, text]) => {
    const writer = new OctetWriter(Buffer.alloc(4_096)).uint64(fixed).varUint(variable).varUint(number).varOctets(Buffer.from(octets)).varUtf8(text)
    const reader = new OctetReader(writer.copy())
    expect(reader.uint64()).toBe(fixed)
    expect(reader.varUint()).toBe(variable)
    expect(reader.varUintNumber()).toBe(number)
    expect(reader.varOctets()).toEqual(Buffer.from(octets))
    expect(reader.varUtf8()).toBe(Buffer.from(text).toString())
    expect(reader.left).toBe(0)
    const shortest = Math.max(1, Math.ceil(variable.toString(2).length / 8))
    expect(new OctetWriter(Buffer.alloc(9)).varUint(variable).at).toBe(1 + shortest)
  }))
})

test('an octet string opened before its length was known equals one that was written at once', () => {
  for (const size of [0, 1, 127, 128, 255, 256, 65_535, 65_536]) {
    const contents = Buffer.alloc(size, 7)
    const late = new OctetWriter(Buffer.alloc(70_000)).uint8(9)
    const start = late.beginVar()
    late.octets(contents).endVar(start).uint8(8)
    expect(late.copy()).toEqual(new OctetWriter(Buffer.alloc(70_000)).uint8(9).varOctets(contents).uint8(8).copy())
  }
})

test.each([
  ['a length that is not minimal', '8105', (reader: OctetReader) => reader.varOctets()],
  ['a length of two bytes that fits one', '820081', (reader: OctetReader) => reader.varOctets()],
  ['a length without bytes', '80', (reader: OctetReader) => reader.varOctets()],
  ['a length of five bytes', '850000000001', (reader: OctetReader) => reader.varOctets()],
  ['an octet string that ends early', '0501', (reader: OctetReader) => reader.varOctets()],
  ['an integer of no bytes', '00', (reader: OctetReader) => reader.varUint()],
  ['an integer of nine bytes', '09000000000000000001', (reader: OctetReader) => reader.varUint()],
  ['a number above 2^53-1', '0720000000000000', (reader: OctetReader) => reader.varUintNumber()],
])('%s is refused', (_name, hex, read) => {
  expect(() => read(new OctetReader(Buffer.from(hex, 'hex')))).toThrow(PacketFault)
})

test('an integer too large for 64 bits is read as "no limit" where the protocol asks for that', () => {
  expect(new OctetReader(Buffer.from('09010000000000000000', 'hex')).varUintSaturating()).toBe(2n ** 64n - 1n)
  expect(new OctetReader(Buffer.from('0105', 'hex')).varUintSaturating()).toBe(5n)
})

test('a writer refuses what does not fit: its buffer, a byte, 64 bits', () => {
  const writer = () => new OctetWriter(Buffer.alloc(8))
  expect(() => writer().octets(Buffer.alloc(9))).toThrow(PacketFault)
  expect(() => writer().varOctets(Buffer.alloc(8))).toThrow(PacketFault)
  expect(() => writer().uint8(256)).toThrow(PacketFault)
  expect(() => writer().uint8(1.5)).toThrow(PacketFault)
  expect(() => writer().uint32(-1)).toThrow(PacketFault)
  expect(() => writer().uint64(2n ** 64n)).toThrow(PacketFault)
  expect(() => writer().varUint(-1n)).toThrow(PacketFault)
  expect(() => writer().varUint(2 ** 53)).toThrow(PacketFault)
})
