import { AuditLog, auditMigrations } from '@rivulet/audit'
import { type Account, ledgerMigrations } from '@rivulet/ledger'
import { testBooks } from '@rivulet/ledger/testing'
import { testPostgres } from '@rivulet/postgres/testing'
import { TestClock } from '@rivulet/time/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { operatorMigrations } from '../migrations.ts'
import { CorrectionStore } from './correction-store.ts'
import { Corrections } from './corrections.ts'

const eur = { code: 'EUR', scale: 9 }
const resources = new AsyncDisposableStack()
let books: Awaited<ReturnType<typeof testBooks>>
let corrections: Corrections
let store: CorrectionStore
let account: (name: string) => Promise<Account>

beforeAll(async () => {
  const clock = new TestClock(Date.parse('2026-11-20T12:00:00Z'))
  books = resources.use(await testBooks({ clock, postgres: await testPostgres([ledgerMigrations, operatorMigrations, auditMigrations]) }))
  const { ledger, postgres } = books
  store = new CorrectionStore(postgres)
  corrections = resources.use(new Corrections({ store, ledger, clock, log: { warn: () => undefined }, eyes: () => Promise.resolve(new Map([['nina', 'olivia'], ['nils', 'olivia']])) }))
  account = async (name) => (await ledger.accountByName(name)) ?? Promise.reject(new Error(name))
  await ledger.openAccount({ name: 'operator', kind: 'bank', asset: eur, debitsMayExceedCredits: true })
  await ledger.openAccount({ name: 'subscriber[alice]', kind: 'subscriber', asset: eur, debitsMayExceedCredits: false })
  await ledger.openAccount({ name: 'operator@USD', kind: 'bank', asset: { code: 'USD', scale: 2 }, debitsMayExceedCredits: true })
})
afterAll(() => resources.disposeAsync())

const by = (operator: string, name: string) => ({ operator, name, subject: 'it' })
const gift = { debit: 'operator', credit: 'subscriber[alice]', amount: 5_000n, reason: 'a lost payment of hers' }
const rows = async (): Promise<readonly string[]> => {
  const found = await books.postgres.pool.query<{ row: string }>(
    `select d.name || ' -> ' || c.name || ' ' || t.amount || ' ' || t.reason as row from ledger.transfers t join ledger.accounts d on d.id = t.debit_account_id join ledger.accounts c on c.id = t.credit_account_id where t.reason = 'correction' order by t.chain_length`)
  return found.rows.map(({ row }) => row)
}

test('one operator proposes, another approves, and it is posted once, however often it is approved', async () => {
  const { id } = await corrections.propose(gift, by('olivia', 'correction.propose'))
  expect(await rows()).toEqual([])
  await expect(corrections.approve(id, by('olivia', 'correction.approve'))).rejects.toMatchObject({ code: 'approver-same' })
  const [one, other] = await Promise.allSettled([corrections.approve(id, by('paul', 'correction.approve')), corrections.approve(id, by('quinn', 'correction.approve'))])
  expect([one.status, other.status].toSorted()).toEqual(['fulfilled', 'rejected'])
  await corrections.work()
  expect(await rows()).toEqual(['operator -> subscriber[alice] 5000 correction'])
  expect(await corrections.list(9)).toMatchObject([{ id, status: 'posted', proposedBy: 'olivia' }])
  expect(new Set((await new AuditLog(books.postgres).list({ subject: id, limit: 9 })).map(({ name }) => name))).toEqual(new Set(['correction.propose', 'correction.post']))
})

test('who was invited lately by whoever proposed, or by the same operator as she, does not approve: neither way round', async () => {
  const before = await rows()
  for (const [proposer, approver] of [['olivia', 'nina'], ['nina', 'olivia'], ['nina', 'nils']] as const) {
    const { id } = await corrections.propose(gift, by(proposer, 'correction.propose'))
    await expect(corrections.approve(id, by(approver, 'correction.approve'))).rejects.toMatchObject({ code: 'approver-bound' })
    expect(await corrections.decline(id, 'not now', by(approver, 'correction.decline'))).toMatchObject({ status: 'declined' })
  }
  expect(await rows()).toEqual(before)
})

test('what was approved by a process that died is posted by another, once', async () => {
  const before = await rows()
  const { id } = await corrections.propose({ ...gift, amount: 7n }, by('olivia', 'correction.propose'))
  await store.change(id, 1, () => ({ set: { status: 'approved', decidedBy: 'paul' }, action: by('paul', 'correction.approve') }))
  await Promise.all([corrections.work(), corrections.work()])
  expect((await rows()).slice(before.length)).toEqual(['operator -> subscriber[alice] 7 correction'])
})

test('what the books refuse fails in their words, and what is declined never moves', async () => {
  const before = await rows()
  const { amount } = { amount: (await books.ledger.balance((await account('subscriber[alice]')).id)).posted + 1n }
  const tooMuch = await corrections.propose({ ...gift, debit: 'subscriber[alice]', credit: 'operator', amount }, by('olivia', 'correction.propose'))
  expect(await corrections.approve(tooMuch.id, by('paul', 'correction.approve'))).toMatchObject({ status: 'failed', transferId: undefined })
  const declined = await corrections.propose(gift, by('olivia', 'correction.propose'))
  expect(await corrections.decline(declined.id, 'the wrong account', by('paul', 'correction.decline'))).toMatchObject({ status: 'declined', note: 'the wrong account' })
  await expect(corrections.approve(declined.id, by('paul', 'correction.approve'))).rejects.toMatchObject({ code: 'correction-state' })
  expect(await rows()).toEqual(before)
  // The database itself keeps four eyes.
  const mine = await corrections.propose(gift, by('olivia', 'correction.propose'))
  await expect(store.change(mine.id, 1, () => ({ set: { status: 'approved', decidedBy: 'olivia' }, action: by('olivia', 'correction.approve') }))).rejects.toThrow('check constraint')
})

test.each([
  [{ ...gift, debit: 'nobody' }, 'account-unknown'],
  [{ ...gift, credit: 'operator' }, 'request-invalid'],
  [{ ...gift, debit: 'operator@USD' }, 'asset-differs'],
])('a proposal of %o is refused as %s', async (given, code) => {
  await expect(corrections.propose(given, by('olivia', 'correction.propose'))).rejects.toMatchObject({ code })
})
