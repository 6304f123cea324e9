import { expect, test } from 'vitest'
import { ApiFault } from '../api.ts'
import { fieldOf } from './peers-api.ts'

test.each([
  ['peer-invalid', 'limits.owedMax: must be whole units as a decimal string', 'owedMax'],
  ['peer-invalid', 'prefixes.3: must be an ILP address prefix of at least two segments; name: too short', 'prefixes'],
  ['peer-invalid', 'link.url: must be a ws or wss URL', 'url'],
  ['peer-invalid', 'names no limit', undefined],
  ['prefix-taken', 'one of g.a is another peer’s', 'prefixes'],
  ['peer-known', 'there already is a peer', 'name'],
  ['database-unavailable', 'name: not this', undefined],
])('a refusal %s "%s" is about the field %s', (code, message, field) => expect(fieldOf(new ApiFault(code, message, { status: 400 }))).toBe(field))
