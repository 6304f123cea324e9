import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compare, type Finding, type FindingKind, type Line } from './compare.ts'

/** What somebody does to a line, and what must be found of it. */
const injections: Readonly<Record<FindingKind, (line: Line, sides: { readonly books: Line[]; readonly statement: Line[] }) => void>> = {
  'missing-in-books': (line, { books }) => void books.splice(books.indexOf(line), 1),
  'missing-in-statement': (line, { statement }) => void statement.splice(statement.indexOf(line), 1),
  'doubled-in-books': (line, { books }) => void books.push(line),
  'doubled-in-statement': (line, { statement }) => void statement.push(line),
  altered: (line, { statement }) => void statement.splice(statement.indexOf(line), 1, { ...line, amount: line.amount + 1n }),
}
const kinds = Object.keys(injections) as readonly FindingKind[]

const lines = fc.uniqueArray(fc.record({ reference: fc.integer({ min: 0, max: 10_000 }).map((number) => `r-${number}`), amount: fc.bigInt(-1_000_000n, 1_000_000n).filter((amount) => amount !== 0n), atMs: fc.integer({ min: 0, max: 1_000 }) }), {
  selector: ({ reference }) => reference, minLength: 1, maxLength: 60,
})

test('two accounts of the same movements agree, in whatever order', () => {
  fc.assert(fc.property(lines.chain((all) => fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length }))), ([books, statement]) => {
    expect(compare(books, statement, 1_000)).toEqual([])
  }))
})

test('every line that was left out, doubled or altered on either side is found, by name, and no other', () => {
  fc.assert(
    fc.property(lines, fc.array(fc.tuple(fc.nat(), fc.constantFrom(...kinds)), { maxLength: 20 }), (all, wanted) => {
      const sides = { books: [...all], statement: [...all] }
      const expected = new Map<string, FindingKind>()
      for (const [at, kind] of wanted) {
        const line = all[at % all.length]
        if (line === undefined || expected.has(line.reference)) continue
        injections[kind](line, sides)
        expected.set(line.reference, kind)
      }
      const found = compare(sides.books, sides.statement, 1_000)
      expect(new Map(found.map(({ reference, kind }) => [reference, kind]))).toEqual(expected)
      expect(found).toHaveLength(expected.size)
      for (const { kind, booked, stated } of found) expect([booked !== undefined, stated !== undefined]).toEqual([kind !== 'missing-in-books' && kind !== 'doubled-in-statement', kind !== 'missing-in-statement' && kind !== 'doubled-in-books'])
    }),
  )
})

test('what is booked after the statement ends may still come', () => {
  const booked = { reference: 'a', amount: 5n, atMs: 10 }
  expect(compare([booked], [], 9)).toEqual([])
  expect(compare([booked], [], 10)).toEqual([{ kind: 'missing-in-statement', reference: 'a', booked: 5n, stated: undefined, atMs: 10 } satisfies Finding])
})

test('the same amount twice under one name, on both sides, agrees', () => {
  const twice = [{ reference: 'a', amount: 5n, atMs: 1 }, { reference: 'a', amount: 5n, atMs: 2 }]
  expect(compare(twice, twice, 9)).toEqual([])
})
