import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { readConfig } from './config.ts'

let data: string

beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), 'rivulet-config-'))
})
afterEach(() => rmSync(data, { recursive: true, force: true }))

const read = (file: object): ReturnType<typeof readConfig> => {
  writeFileSync(join(data, 'rivulet.json'), JSON.stringify({ sandbox: true, ilpAddress: 'test.rivulet', ...file }))
  return readConfig({ data })
}
const plan = { key: 'reader', name: 'Reader', price: '5000000000', rate: '100000' }

test.each([['none', undefined], ['nothing', '0'], ['less than nothing', '-5000000000'], ['parts of units', '0.5'], ['more than counters hold', '9'.repeat(19)], ['a number', 5_000_000_000], ['words', 'free'], ['no whole cents', '5000000001']])('a plan whose price is %s is refused by its field', (_name, price) => {
  expect(() => read({ plans: [plan, { ...plan, key: 'patron', price }] })).toThrowError(/plans\.1\.price/)
})

test('English days and amounts are American where dollars are counted, British elsewhere, and as the operator says', () => {
  const dollars = { asset: { code: 'USD', scale: 9 } }
  expect([read({}), read(dollars), read({ ...dollars, english: 'en-CA' })].map(({ invoices }) => invoices.english)).toEqual(['en-GB', 'en-US', 'en-CA'])
  expect(() => read({ english: 'en-XX' })).toThrowError(/english/)
})

test('who was invited is the eyes of who invited for a week, or for as many days as the operator says', () => {
  expect([read({}), read({ fourEyes: { invitedDays: 0 } }), read({ fourEyes: { invitedDays: 30 } })].map(({ invitedDays }) => invitedDays)).toEqual([7, 0, 30])
  for (const invitedDays of [-1, 366, 1.5, '7']) expect(() => read({ fourEyes: { invitedDays } })).toThrowError(/fourEyes\.invitedDays/)
})

test('a bank takes the payment message that its entry names', () => {
  const bank = { name: 'My Company', iban: 'DE89370400440532013000' }
  expect([read({ payouts: { bank } }), read({ payouts: { bank: { ...bank, pain: 'pain.001.001.03' } } })].map(({ payouts }) => payouts.bank?.pain)).toEqual([undefined, 'pain.001.001.03'])
  expect(() => read({ payouts: { bank: { ...bank, pain: 'pain.008.001.02' } } })).toThrowError(/payouts\.bank\.pain/)
})
