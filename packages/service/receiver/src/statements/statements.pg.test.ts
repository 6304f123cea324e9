import { inflateSync } from 'node:zlib'
import type { WalletAddress } from '@rivulet/accounts'
import type { Id } from '@rivulet/ids'
import { type Account, ledgerMigrations, type TransferReason } from '@rivulet/ledger'
import { connectionOf, creditTo, streamOf, type TestBooks, testBooks } from '@rivulet/ledger/testing'
import { isPrintable } from '@rivulet/notify'
import { testPostgres } from '@rivulet/postgres/testing'
import { type Clock, systemClock } from '@rivulet/time'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { statementCsv } from './csv.ts'
import { statementPdf } from './pdf.ts'
import { periodOf, statementsOf } from './statement.ts'
import { statementWords } from './words.ts'

const dayMs = 86_400_000
/** Days pass when told; flushes run with the machine's time. */
const startedMs = systemClock.nowMs()
let aheadMs = Date.UTC(2026, 0, 30, 12) - startedMs
const clock: Clock = { nowMs: () => startedMs + aheadMs, monotonicMs: () => systemClock.monotonicMs(), after: systemClock.after.bind(systemClock), sleep: systemClock.sleep.bind(systemClock) }
let books: TestBooks
let other: Account
let address: WalletAddress
let keys = 0

beforeAll(async () => {
  books = await testBooks({ clock, postgres: await testPostgres([ledgerMigrations]) })
  other = await books.ledger.openAccount({ name: 'publisher[carol]', kind: 'publisher', asset: books.publisher.asset, debitsMayExceedCredits: false })
  address = { id: 'wadr_1', personId: 'pers_1', role: 'publisher', path: 'bob', url: 'https://pay.example/bob', publicName: 'Bob', asset: books.publisher.asset, ledgerAccountId: books.publisher.id, main: true }
  const move = (debitAccountId: Id<'acct'>, creditAccountId: Id<'acct'>, amount: bigint, reason: TransferReason): Promise<unknown> => books.ledger.transfer({ key: `t${(keys += 1)}`, debitAccountId, creditAccountId, amount, reason })
  const [bob, link] = [books.publisher.id, books.peerLink.id]
  // January 30, before the period: a share.
  await move(link, bob, 1_000n, 'share')
  aheadMs += dayMs
  // January 31: two readers of our wallet on a site, one of another wallet on nobody knows which.
  for (const [name, amount] of [['one', 30n], ['two', 12n]] as const) {
    const stream = streamOf(books, { connection: connectionOf(name), label: { payer: 'alice', payee: 'bob', site: 'https://magazine.example' } }, clock.nowMs())
    const { ownerEpoch } = await books.ledger.sending.open(stream)
    await books.ledger.receiving.credit(creditTo(books, { connection: connectionOf(name), amount }, clock.nowMs()))
    await books.ledger.sending.book(stream.id, ownerEpoch, amount)
    await books.ledger.sending.close(stream.id, ownerEpoch, 'stopped')
    await books.ledger.receiving.close(connectionOf(name))
  }
  await books.ledger.receiving.credit(creditTo(books, { connection: connectionOf('foreign'), amount: 5n, debitAccountId: link }, clock.nowMs()))
  await books.ledger.receiving.close(connectionOf('foreign'))
  await move(bob, other.id, 7n, 'split')
  await move(other.id, bob, 2n, 'split')
  aheadMs += dayMs
  // February 1, and after the period a payout that comes back in part.
  await move(bob, link, 900n, 'payout')
  aheadMs += dayMs
  await move(link, bob, 400n, 'payout-return')
})
afterAll(() => books[Symbol.asyncDispose]())

const period = periodOf({ from: '2026-01-31', to: '2026-02-01' })

test('a statement has a line for each day, kind and site, and adds up to the balances of the ledger to the unit', async () => {
  const [statement] = await statementsOf([address], period, books.ledger)
  expect(statement).toMatchObject({
    opening: 1_000n,
    closing: 142n,
    lines: [
      { day: '2026-01-31', kind: 'split-out', site: undefined, amount: -7n },
      { day: '2026-01-31', kind: 'split-in', site: undefined, amount: 2n },
      { day: '2026-01-31', kind: 'stream', site: 'https://magazine.example', amount: 42n },
      { day: '2026-01-31', kind: 'stream', site: undefined, amount: 5n },
      { day: '2026-02-01', kind: 'payout', site: undefined, amount: -900n },
    ].map((line) => expect.objectContaining(line) as unknown),
  })
  const [whole] = await statementsOf([address], periodOf({ from: '2026-01-01', to: '2026-03-01' }), books.ledger)
  const { posted } = await books.ledger.balance(books.publisher.id)
  expect([whole?.opening, whole?.closing, whole?.lines.reduce((sum, { amount }) => sum + amount, 0n)]).toEqual([0n, posted, posted])
})

test('the CSV has the same amounts, exact, and no cell that a spreadsheet would run', async () => {
  const [statement] = await statementsOf([address], period, books.ledger)
  if (statement === undefined) throw new Error('there is a statement')
  const lines = statementCsv([{ ...statement, lines: [...statement.lines, { day: '2026-02-01', kind: 'stream', site: '=cmd|"x"', amount: 1n }] }], period).split('\r\n')
  expect(lines.slice(0, 2)).toEqual(['\uFEFFday,pointer,kind,site,amount,asset', '2026-01-31,https://pay.example/bob,opening,,0.000001000,EUR'])
  expect(lines).toContain('2026-01-31,https://pay.example/bob,stream,https://magazine.example,0.000000042,EUR')
  expect(lines).toContain('2026-02-01,https://pay.example/bob,payout,,-0.000000900,EUR')
  expect(lines).toContain('2026-02-01,https://pay.example/bob,stream,"\'=cmd|""x""",0.000000001,EUR')
  expect(lines.at(-2)).toBe('2026-02-01,https://pay.example/bob,closing,,0.000000142,EUR')
})

test.each(['en', 'fr'] as const)('the PDF is whole, in %s, with more lines than a page holds, and with none', async (language) => {
  const statements = await statementsOf([address], period, books.ledger)
  const [statement] = statements
  if (statement === undefined) throw new Error('there is a statement')
  const long = { ...statement, lines: Array.from({ length: 90 }, (_, index) => ({ day: '2026-01-31', kind: 'stream', site: `https://site${index}.example`, amount: 1n })) }
  const pagesOf = async (given: typeof statements): Promise<number> => {
    const pdf = await statementPdf({ name: 'Bob', statements: given, period, language, nowMs: clock.nowMs() })
    expect([pdf.subarray(0, 5).toString(), pdf.subarray(-6).toString().trim()]).toEqual(['%PDF-', '%%EOF'])
    return pdf.toString('latin1').match(/\/Type \/Page\b/g)?.length ?? 0
  }
  // Each page of a table has its head.
  const heads = writtenIn(await statementPdf({ name: 'Bob', statements: [long], period, language, nowMs: clock.nowMs() })).filter((text) => text === statementWords[language].amount)
  expect(heads).toHaveLength(await pagesOf([long]))
  expect([await pagesOf(statements), (await pagesOf([long])) > 2, await pagesOf([{ ...statement, lines: [] }])]).toEqual([1, true, 1])
})

test('the PDF names the publisher and her wallet address: in Latin letters, in others of which a font is put in, and by the address alone where no font has them', async () => {
  const statements = (await statementsOf([address], period, books.ledger)).map((one) => ({ ...one, lines: [] }))
  const printed = async (name: string) => {
    const pdf = await statementPdf({ name, statements, period, language: 'fr', nowMs: clock.nowMs() })
    const texts = writtenIn(pdf)
    return { named: texts.includes(name), addresses: texts.filter((text) => text === address.url).length, fonts: pdf.toString('latin1').match(/\/FontName \/[A-Z]+\+(\S+)/)?.[1] }
  }
  expect(await printed('Zoë Lindqvist')).toEqual({ named: true, addresses: 1, fonts: undefined })
  // Written by numbers of glyphs, which the font in it knows.
  for (const name of ['Ελένη Παπαδοπούλου', 'Жанна', 'Łukasz']) expect([name, await printed(name)]).toEqual([name, { named: false, addresses: 1, fonts: 'DejaVuSans-Bold' }])
  expect(await printed('山田花子')).toEqual({ named: false, addresses: 2, fonts: undefined })
  expect([await isPrintable('Ελένη'), await isPrintable('山田'), await isPrintable('\u0007')]).toEqual([true, false, false])
})

/** The texts of a PDF, as they are put on its pages. */
function writtenIn(pdf: Buffer): readonly string[] {
  const texts: string[] = []
  for (let at = pdf.indexOf('stream\n'); at >= 0; at = pdf.indexOf('stream\n', at + 7)) {
    const end = pdf.indexOf('endstream', at)
    if (end < 0) break
    try {
      const content = inflateSync(pdf.subarray(at + 7, end)).toString('latin1')
      for (const [, shown = ''] of content.matchAll(/\[([^\]]*)\] TJ/g)) texts.push(Buffer.from([...shown.matchAll(/<([0-9a-f]*)>/g)].map(([, hex = '']) => hex).join(''), 'hex').toString('latin1'))
    } catch {
      // No compressed content: a font, or the end of another stream.
    }
    at = end
  }
  return texts
}

test.each([{}, { from: '2026-01-31' }, { from: '2026-02-01', to: '2026-01-31' }, { from: '2026-02-30', to: '2026-03-01' }, { from: '2020-01-01', to: '2026-01-01' }, { from: ['2026-01-01'], to: '2026-01-02' }])('%j is no period', (given) => {
  expect(() => periodOf(given)).toThrow(expect.objectContaining({ code: 'period-invalid' }))
})
