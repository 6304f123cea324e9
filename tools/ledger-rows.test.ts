/** docs/ledger.md says what each movement of money debits and credits; the ledger's type names every code there is; and of each row of the page a test asserts rows with just these accounts. */
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'

const root = join(import.meta.dirname, '..')
const page = readFileSync(join(root, 'docs/ledger.md'), 'utf8')
const table = page.slice(page.indexOf('### Postings of every event'), page.indexOf('A transfer is never changed'))
/** Each transfer that the page's table knows: what happens, the two accounts as it writes them, and the transfer's code. */
const rows = [...table.matchAll(/^\| (.+?) \| (.+?) \| (.+?) \| .+? \| (.+?) \|$/gm)].flatMap(([, event = '', debit = '', credit = '', codes = '']) =>
  Array.from(codes.matchAll(/`([a-z-]+)`/g), ([, code = '']) => ({ event, debit, credit, code })))
const tests = globSync('{packages,apps,tests}/**/*.test.ts', { cwd: root, exclude: (name) => name.includes('node_modules') }).map((file) => readFileSync(join(root, file), 'utf8'))

/** `psp[name]` stands for `psp[sandbox]`; a cell without an account, such as "as above", for any. */
function accountIn(cell: string): string {
  const accounts = Array.from(cell.matchAll(/`([^`]+)`/g), ([, account = '']) => account.replaceAll(/[.@/]/g, String.raw`\$&`).replaceAll(/\[[^\]]*\]/g, String.raw`\[[^\]]+\]`).replace(/link's asset$/, '.+'))
  return accounts.length === 0 ? String.raw`[^\s'"\x60]+` : `(?:${accounts.join('|')})`
}

/** `debit -> credit amount code`, or `code: debit -> credit amount`: the two ways in which tests write a row. */
function assertionOf({ debit, credit, code }: (typeof rows)[number]): RegExp {
  const [from, to, amount] = [accountIn(debit), accountIn(credit), String.raw`(?:\$\{[^}]+\}|\d+)`]
  return new RegExp(`['"\`](?:${from} -> ${to} ${amount} ${code}|${code}: ${from} -> ${to} ${amount})['"\`]`)
}

/** The codes of `TransferReason`, its templates spelt out. */
function codesOfLedger(): readonly string[] {
  const types = readFileSync(join(root, 'packages/engine/ledger/src/types.ts'), 'utf8')
  const union = /export type TransferReason =\n((?: {2}\|.*\n)+)/.exec(types)?.[1] ?? ''
  return [
    ...Array.from(union.replaceAll(/Taken<'[a-z-]+'>/g, '').matchAll(/'([a-z-]+)'/g), ([, code = '']) => code),
    ...Array.from(union.matchAll(/Taken<'([a-z-]+)'>/g), ([, code = '']) => ['', '-fee', '-vat', '-loss'].map((part) => `${code}${part}`)).flat(),
  ]
}

test('the page has a row for every code of the ledger, and no other', () => {
  expect(codesOfLedger().length).toBeGreaterThan(30)
  expect(new Set(rows.map(({ code }) => code))).toEqual(new Set(codesOfLedger()))
})

describe('a test asserts rows of', () => {
  // What tests and benches put in to begin with is no movement of a running house.
  test.each(rows.filter(({ code }) => code !== 'deposit').map((row) => [`${row.code}: ${row.event}`, row] as const))('%s', (_name, row) => {
    expect(tests.some((text) => assertionOf(row).test(text)), `no test asserts a row like ${String(assertionOf(row))}`).toBe(true)
  })
})
