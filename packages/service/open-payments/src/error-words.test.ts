/** What docs/protocols.md says of the words that clients compare. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const root = new URL('../../../../', import.meta.url)
const read = (path: string): string => readFileSync(fileURLToPath(new URL(path, root)), 'utf8')
const rows = Array.from(read('docs/protocols.md').matchAll(/^\| (\d{3}) \| `([^`]+)` \| `([^`]+)` \|$/gm), ([, status = '', words = '', file = '']) => ({ status, words, file }))

test('the list of words is there', () => expect(rows.length).toBeGreaterThan(25))

test.each(rows)('$status $words stands in a table of $file', ({ status, words, file }) => {
  const text = read(file)
  expect([text.includes(words), words.startsWith('result=') || text.includes(status)]).toEqual([true, true])
})
