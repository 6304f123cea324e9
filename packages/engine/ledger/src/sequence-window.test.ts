import fc from 'fast-check'
import { expect, test } from 'vitest'
import { admit, emptyWindow, type SequenceWindow, windowBits } from './sequence-window.ts'

test('a sequence is admitted once, and never when it lies below the window', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.integer({ min: 1, max: 200 }), fc.integer({ min: 1, max: 2 ** 53 - 1 })), { maxLength: 300 }), (sequences) => {
      let window: SequenceWindow = emptyWindow
      const taken = new Set<number>()
      for (const sequence of sequences) {
        const next = admit(window, sequence)
        const wanted = !taken.has(sequence) && sequence >= window.highest - windowBits
        expect(next !== undefined).toBe(wanted)
        if (next === undefined) continue
        taken.add(sequence)
        window = next
        expect(window.highest).toBe(Math.max(...taken))
        expect(BigInt.asIntN(64, window.seen)).toBe(window.seen)
      }
    }),
  )
})

test.each([
  ['the bit just inside the window', 65, 1, true],
  ['the sequence just below it', 66, 1, false],
  ['the highest itself', 5, 5, false],
])('%s', (_name, highest, sequence, admitted) => {
  expect(admit({ highest, seen: 0n }, sequence) !== undefined).toBe(admitted)
})
