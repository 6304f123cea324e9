import { expect, test } from 'vitest'
import type { Person } from '../types.ts'
import { exportedRowsMax, exportOf, type PersonalData } from './export.ts'

const alice: Person = { id: 'pers_1', role: 'subscriber', name: 'Alice', email: 'alice@example.org', language: 'fr', walletAddress: undefined }

async function whole(kinds: readonly PersonalData[]): Promise<{ readonly [kind: string]: unknown }> {
  let text = ''
  for await (const piece of exportOf(alice, kinds, Date.UTC(2026, 0, 31))) text += piece
  return JSON.parse(text) as { readonly [kind: string]: unknown }
}

test('an export is one JSON document with who she is and a list of each kind, amounts as decimal strings', async () => {
  async function* later(): AsyncGenerator<object> {
    yield await Promise.resolve({ amount: 2n ** 62n })
    yield { site: 'https://a.example' }
  }
  expect(await whole([{ name: 'transfers', read: later }, { name: 'grants', read: () => [] }])).toEqual({
    exportedAt: '2026-01-31T00:00:00.000Z', person: { id: 'pers_1', role: 'subscriber', name: 'Alice', email: 'alice@example.org', language: 'fr' },
    transfers: [{ amount: '4611686018427387904' }, { site: 'https://a.example' }], grants: [], cut: [],
  })
})

test('a list that is too long is cut, and the document says so', async () => {
  function* many(): Generator<object> {
    for (let row = 0; row <= exportedRowsMax; row += 1) yield { row }
  }
  const { rows, cut } = await whole([{ name: 'rows', read: many }])
  expect([(rows as unknown[]).length, cut]).toEqual([exportedRowsMax, ['rows']])
})
