/** Inputs for parsers: valid ones, mutated a few times in ways that parsers trip over, and now and then noise. All of it shrinks to the smallest input that fails. */
import fc from 'fast-check'

/** Bytes that mean something to encodings with lengths, signs and texts. */
const tellingBytes = [0x00, 0x01, 0x02, 0x0a, 0x20, 0x22, 0x7f, 0x80, 0x81, 0x82, 0x84, 0x88, 0xc0, 0xff] as const
const mutationsMax = 4
const placesMax = 65_535

interface Mutation {
  readonly kind: 'flip' | 'set' | 'insert' | 'drop' | 'repeat' | 'cut' | 'splice' | 'grow'
  /** A place in whatever is mutated, 0 to 65,535 as a part of its length. */
  readonly at: number
  readonly length: number
  readonly byte: number
}

const mutation: fc.Arbitrary<Mutation> = fc.record({
  kind: fc.constantFrom('flip', 'set', 'insert', 'drop', 'repeat', 'cut', 'splice', 'grow'),
  at: fc.nat(placesMax),
  length: fc.integer({ min: 1, max: 16 }),
  byte: fc.oneof(fc.constantFrom(...tellingBytes), fc.integer({ min: 0, max: 255 })),
})

export const octets = (minLength: number, maxLength: number): fc.Arbitrary<Buffer> => fc.uint8Array({ minLength, maxLength }).map((bytes) => Buffer.from(bytes))
const noise = octets(0, 200)

/** Mostly valid bytes with up to four mutations, sometimes none at all, sometimes noise. */
export function mutatedBytes(valid: fc.Arbitrary<Buffer>): fc.Arbitrary<Buffer> {
  const mutated = fc.tuple(valid, valid, fc.array(mutation, { maxLength: mutationsMax })).map(([bytes, other, mutations]) => mutations.reduce((changed, one) => mutate(changed, one, other), bytes))
  return fc.oneof({ weight: 9, arbitrary: mutated }, { weight: 1, arbitrary: noise })
}

export function mutatedText(valid: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc.oneof(
    { weight: 4, arbitrary: mutatedBytes(valid.map((text) => Buffer.from(text))).map((bytes) => bytes.toString()) },
    { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 60 }) },
  )
}

function mutate(bytes: Buffer, { kind, at, length, byte }: Mutation, other: Buffer): Buffer {
  const place = Math.floor((at * bytes.length) / (placesMax + 1))
  const until = Math.min(bytes.length, place + length)
  const with_ = (middle: Buffer, from = place, to = place): Buffer => Buffer.concat([bytes.subarray(0, from), middle, bytes.subarray(to)])
  switch (kind) {
    case 'flip':
      return bytes.length === 0 ? bytes : with_(Buffer.from([(bytes[place] ?? 0) ^ (1 << (byte % 8))]), place, place + 1)
    case 'set':
      return bytes.length === 0 ? bytes : with_(Buffer.from([byte]), place, place + 1)
    case 'insert':
      return with_(Buffer.alloc(length, byte))
    case 'drop':
      return with_(Buffer.alloc(0), place, until)
    case 'repeat':
      return with_(bytes.subarray(place, until))
    case 'cut':
      return bytes.subarray(0, place)
    case 'splice':
      return Buffer.concat([bytes.subarray(0, place), other.subarray(Math.floor((at * other.length) / (placesMax + 1)))])
    case 'grow':
      return Buffer.concat([bytes, Buffer.alloc(length, byte)])
  }
}

/** Values that no field expects. */
const strangeValue: fc.Arbitrary<unknown> = fc.constantFrom<unknown>(
  null, true, 0, -1, 0.5, 2 ** 53, -(2 ** 63), 1e308, '', ' ', '0', '-1', '1e3', 'null', '\u0000', '\u{1F409}', '\uD800', '__proto__', 'x'.repeat(3_000), '9'.repeat(400), [], [[]], {}, { length: 1 }, [null],
  nested(60),
)

function nested(depth: number): unknown {
  let value: unknown = 1
  for (let level = 0; level < depth; level += 1) value = [value]
  return value
}

interface JsonMutation {
  readonly at: number
  readonly deed: 'replace' | 'drop' | 'add' | 'wrap'
  readonly value: unknown
}

const jsonMutation: fc.Arbitrary<JsonMutation> = fc.record({ at: fc.nat(placesMax), deed: fc.constantFrom('replace', 'replace', 'drop', 'add', 'wrap'), value: strangeValue })

/** The text of valid JSON, of JSON with strange values in it, and of what is no longer JSON. */
export function mutatedJson(valid: fc.Arbitrary<unknown>): fc.Arbitrary<string> {
  const strange = fc.tuple(valid, fc.array(jsonMutation, { maxLength: mutationsMax })).map(([value, mutations]) => JSON.stringify(mutations.reduce(mutateJson, value)) ?? 'null')
  return fc.oneof({ weight: 4, arbitrary: strange }, { weight: 1, arbitrary: mutatedText(valid.map((value) => JSON.stringify(value))) })
}

function mutateJson(root: unknown, { at, deed, value }: JsonMutation): unknown {
  const changed = structuredClone({ root })
  const places = placesOf(changed)
  const place = places[at % places.length]
  if (place === undefined) return root
  const { holder, key } = place
  if (deed === 'replace') holder[key] = value
  else if (deed === 'drop') delete holder[key]
  else if (deed === 'wrap') holder[key] = [holder[key]]
  else Object.assign(holder, { [typeof value === 'string' ? value.slice(0, 20) : 'unknown']: value })
  return changed.root
}

interface Place {
  readonly holder: Record<string, unknown>
  readonly key: string
}

function placesOf(value: unknown): Place[] {
  if (typeof value !== 'object' || value === null) return []
  const holder = value as Record<string, unknown>
  return Object.keys(holder).flatMap((key) => [{ holder, key }, ...placesOf(holder[key])])
}
