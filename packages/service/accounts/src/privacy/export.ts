import type { Person } from '../types.ts'

/** One kind of what is kept of a person, as the service that keeps it reads it: row by row, so that a long life fits in little memory. */
export interface PersonalData {
  /** The member of the export that lists it. */
  readonly name: string
  readonly read: (person: Person) => AsyncIterable<object> | Iterable<object> | Promise<Iterable<object>>
}

/** Rows of one kind in an export: beyond them it says that it was cut, and by how many it is short is not counted. */
export const exportedRowsMax = 100_000

/**
 * All that is kept of a person, as one JSON document in pieces: who she is, then a list for each kind. Amounts are units in decimal strings, times ISO 8601 or milliseconds since 1970.
 * A list that reaches `exportedRowsMax` is named in `cut`.
 */
export async function* exportOf(person: Person, kinds: readonly PersonalData[], nowMs: number): AsyncGenerator<string> {
  const { id, role, name, email, language } = person
  yield `{"exportedAt":${JSON.stringify(new Date(nowMs).toISOString())},"person":${write({ id, role, name, email, language })}`
  const cut: string[] = []
  for (const kind of kinds) {
    yield `,${JSON.stringify(kind.name)}:[`
    let rows = 0
    for await (const row of await kind.read(person)) {
      if (rows === exportedRowsMax) {
        cut.push(kind.name)
        break
      }
      yield `${rows === 0 ? '' : ','}\n${write(row)}`
      rows += 1
    }
    yield ']'
  }
  yield `,"cut":${JSON.stringify(cut)}}\n`
}

function write(row: object): string {
  return JSON.stringify(row, (_key, value: unknown) => (typeof value === 'bigint' ? value.toString() : value))
}
