import { readFile, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { backup, restore } from '@rivulet/postgres'
import { testPostgres } from '@rivulet/postgres/testing'
import { systemClock } from '@rivulet/time'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Ledger } from './ledger.ts'
import { ledgerMigrations } from './migrations/index.ts'
import { creditTo, streamOf, testBooks } from './testing.ts'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rivulet-backup-'))
})
afterAll(() => rm(folder, { recursive: true }))

test('a backup taken beside a writing process restores to books that are right, and that go on without crediting twice', async () => {
  await using books = await testBooks()
  const spec = streamOf(books)
  await books.ledger.sending.open(spec)
  await books.ledger.receiving.credit(creditTo(books))
  await books.ledger.sending.book(spec.id, 1, 10n)
  const oddities = 'tab\t newline\n quote" comma, backslash\\ (paren) é'
  await books.ledger.transfer({ key: oddities, debitAccountId: books.psp.id, creditAccountId: books.subscriber.id, amount: 3n, reason: 'deposit' })
  const file = join(folder, 'books.gz')
  const writing = Promise.all(Array.from({ length: 50 }, (_, index) => books.ledger.transfer({ key: `w${index}`, debitAccountId: books.psp.id, creditAccountId: books.subscriber.id, amount: 1n, reason: 'deposit' })))
  const saved = await backup(books.postgres, file)
  await writing
  await using postgres = await testPostgres([ledgerMigrations])
  expect(await restore(postgres, file, [ledgerMigrations])).toEqual(saved)
  await using ledger = await Ledger.open({ postgres, clock: systemClock })
  expect(await ledger.verify()).toMatchObject({ ok: true, streamsOpen: 1 })
  expect(await ledger.receiving.credit(creditTo(books))).toEqual({ applied: false, why: 'repeat' })
  expect(await ledger.transfer({ key: oddities, debitAccountId: books.psp.id, creditAccountId: books.subscriber.id, amount: 3n, reason: 'deposit' })).toMatchObject({ amount: 3n })
  await ledger.sending.close(spec.id, 1, 'restored')
  expect(await ledger.verify()).toMatchObject({ ok: true, streamsOpen: 0 })
  await expect(restore(postgres, file, [ledgerMigrations])).rejects.toMatchObject({ code: 'database-not-empty' })
})

test('a backup that was cut, changed or is something else restores nothing', async () => {
  await using books = await testBooks()
  const file = join(folder, 'whole.gz')
  await backup(books.postgres, file)
  const whole = await readFile(file)
  await using postgres = await testPostgres([ledgerMigrations])
  const flipped = Buffer.from(whole)
  flipped.writeUInt8(flipped.readUInt8(flipped.length - 20) ^ 1, flipped.length - 20)
  for (const bytes of [whole.subarray(0, whole.length - 30), flipped, Buffer.from('no backup')]) {
    await writeFile(join(folder, 'bad.gz'), bytes)
    await expect(restore(postgres, join(folder, 'bad.gz'), [ledgerMigrations])).rejects.toMatchObject({ code: 'backup-damaged' })
  }
  const { rows } = await postgres.pool.query('select from ledger.accounts')
  expect(rows).toEqual([])
})

test('a backup of an older schema is brought up to date, one of a newer schema is refused', async () => {
  const older = [{ ...ledgerMigrations, steps: ledgerMigrations.steps.slice(0, 1) }]
  await using old = await testPostgres(older)
  await old.pool.query(`insert into ledger.accounts (id, name, kind, asset_code, asset_scale, debits_may_exceed_credits, opened_at_ms) values ('acct_1', 'old', 'psp', 'EUR', 9, true, 0)`)
  const oldFile = join(folder, 'old.gz')
  await backup(old, oldFile)
  await using postgres = await testPostgres([ledgerMigrations])
  await restore(postgres, oldFile, [ledgerMigrations])
  await using ledger = await Ledger.open({ postgres, clock: systemClock })
  expect(await ledger.accountByName('old')).toMatchObject({ id: 'acct_1' })
  expect(await ledger.verify()).toMatchObject({ ok: true, accounts: 1 })
  await expect(restore(postgres, oldFile, [ledgerMigrations])).rejects.toMatchObject({ code: 'database-not-empty' })
  expect(await ledger.accountByName('old')).toMatchObject({ id: 'acct_1' })

  const newFile = join(folder, 'new.gz')
  await backup(postgres, newFile)
  await using empty = await testPostgres(older)
  await expect(restore(empty, newFile, older)).rejects.toMatchObject({ code: 'backup-of-another-version' })
})
