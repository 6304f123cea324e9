/** For tests: everything that a field may wrongly hold, and a body with one field wrong. */

/** JSON as it is written, since some of these no object can hold. */
export const wrongs: readonly (readonly [string, string | undefined])[] = [
  ['missing', undefined], ['null', 'null'], ['empty', '""'], ['a blank', '" "'], ['a number', '7'], ['negative', '-7'], ['a negative in a string', '"-7"'], ['zero', '"0"'], ['a fraction', '"0.5"'], ['an exponent', '"1e3"'], ['hexadecimal', '"0x10"'],
  ['Arabic digits', '"٣"'], ['full-width digits', '"１"'], ['a NUL', '"1\\u0000"'], ['half a surrogate', '"\\ud800"'], ['a boolean', 'true'], ['a list', '["a"]'], ['an empty object', '{}'], ['a prototype', '{"__proto__":{"value":"1"}}'],
  ['huge', JSON.stringify('9'.repeat(3_000))], ['beyond all counters', '"18446744073709551616"'], ['a script', '"javascript:alert(1)"'], ['a URL of elsewhere', '"https://elsewhere.example/x"'], ['a path', '"../../incoming-payments/x"'],
]

/** The body as JSON; where `path` leads, another value, or none. */
export function bent(body: object, path: readonly string[], json: string | undefined): string {
  const [field = '', ...rest] = path
  const member = (name: string, value: unknown): string | undefined => (name !== field ? JSON.stringify(value) : rest.length > 0 ? bent(value as object, rest, json) : json)
  if (Array.isArray(body)) return `[${body.map((value, index) => member(String(index), value)).filter((text) => text !== undefined).join(',')}]`
  const members = Object.entries(body).map(([name, value]) => [name, member(name, value)] as const)
  return `{${members.flatMap(([name, text]) => (text === undefined ? [] : [`${JSON.stringify(name)}:${text}`])).join(',')}}`
}
