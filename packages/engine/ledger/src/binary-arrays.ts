/**
 * PostgreSQL arrays in its binary format: one allocation for thousands of values, and nothing for the server to parse. Layout: dimensions, has-nulls,
 * element type, length, lower bound, then each element's length and bytes.
 */
const headerBytes = 20
const oids = { bytea: 17, int8: 20, text: 25 } as const

export function int8Array(values: readonly bigint[]): Buffer {
  const buffer = withHeader(oids.int8, values.length, values.length * 12)
  let at = headerBytes
  for (const value of values) {
    buffer.writeInt32BE(8, at)
    buffer.writeBigInt64BE(value, at + 4)
    at += 12
  }
  return buffer
}

/** Whole numbers of 0 to 2^53-1, as int8. */
export function numberArray(values: readonly number[]): Buffer {
  const buffer = withHeader(oids.int8, values.length, values.length * 12)
  let at = headerBytes
  for (const value of values) {
    buffer.writeInt32BE(8, at)
    buffer.writeUInt32BE(Math.floor(value / 2 ** 32), at + 4)
    buffer.writeUInt32BE(value % 2 ** 32, at + 8)
    at += 12
  }
  return buffer
}

export function byteaArray(values: readonly Buffer[]): Buffer {
  const buffer = withHeader(oids.bytea, values.length, values.reduce((sum, value) => sum + 4 + value.length, 0))
  let at = headerBytes
  for (const value of values) {
    buffer.writeInt32BE(value.length, at)
    value.copy(buffer, at + 4)
    at += 4 + value.length
  }
  return buffer
}

/** ASCII only: ids. */
export function asciiArray(values: readonly string[]): Buffer {
  const buffer = withHeader(oids.text, values.length, values.reduce((sum, value) => sum + 4 + value.length, 0))
  let at = headerBytes
  for (const value of values) {
    buffer.writeInt32BE(value.length, at)
    buffer.write(value, at + 4, 'latin1')
    at += 4 + value.length
  }
  return buffer
}

function withHeader(oid: number, length: number, bodyBytes: number): Buffer {
  const buffer = Buffer.allocUnsafe(headerBytes + bodyBytes)
  buffer.writeInt32BE(1, 0)
  buffer.writeInt32BE(0, 4)
  buffer.writeInt32BE(oid, 8)
  buffer.writeInt32BE(length, 12)
  buffer.writeInt32BE(1, 16)
  return buffer
}
