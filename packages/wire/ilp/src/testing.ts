import { isFault } from '@rivulet/faults'

/**
 * Feeds a parser every truncation of a valid sample, every byte changed in four ways, and the sample with bytes behind it. Throws what is neither a value nor a Fault.
 * Returns how many inputs were refused, so that a test can tell that something was looked at.
 */
export function mangle(sample: Buffer, parse: (bytes: Buffer) => unknown): number {
  let refused = 0
  const feed = (bytes: Buffer, what: string): void => {
    try {
      parse(bytes)
    } catch (error) {
      if (!isFault(error) || error.code === 'assertion') throw new Error(`${what} of ${sample.toString('hex')} did not end in a value or a refusal`, { cause: error })
      refused += 1
    }
  }
  for (let length = 0; length < sample.length; length += 1) feed(sample.subarray(0, length), `a truncation to ${length} bytes`)
  for (let index = 0; index < sample.length; index += 1) {
    for (const change of [0x01, 0x40, 0x80, 0xff]) {
      const changed = Buffer.from(sample)
      changed[index] = (changed[index] ?? 0) ^ change
      feed(changed, `byte ${index} changed by ${change}`)
    }
  }
  feed(Buffer.concat([sample, Buffer.alloc(1)]), 'a byte more')
  return refused
}
