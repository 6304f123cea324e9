import { expect, test } from 'vitest'
import { systemClock } from '@rivulet/time'
import { TestClock } from '@rivulet/time/testing'
import { connectionOf, creditTo, rowsOf, testBooks } from './testing.ts'

test('a credit is durable when it is answered, and accrues on the payee until it is posted', async () => {
  await using books = await testBooks()
  expect(await books.ledger.receiving.credit(creditTo(books))).toEqual({ applied: true, total: 10n })
  expect(await books.ledger.receiving.totalOf(connectionOf('a'))).toBe(10n)
  expect(await books.ledger.balance(books.publisher.id)).toMatchObject({ posted: 0n, accrued: 10n })
  expect(await books.ledger.balance(books.receiverLink.id)).toMatchObject({ posted: 0n, accrued: -10n })
  await books.ledger.receiving.close(connectionOf('a'))
  await books.ledger.receiving.close(connectionOf('a'))
  expect(await books.ledger.balance(books.publisher.id)).toMatchObject({ posted: 10n, accrued: 0n })
  expect(await rowsOf(books)).toEqual(['link[wallet]@receiver -> publisher[bob] 10 stream'])
  expect(await books.ledger.receiving.credit(creditTo(books, { sequence: 2 }))).toEqual({ applied: false, why: 'connection-closed' })
})

test('packets of one connection in one flush get each its own running total', async () => {
  await using books = await testBooks()
  const results = await Promise.all([1, 2, 3, 4].map((sequence) => books.ledger.receiving.credit(creditTo(books, { sequence, amount: BigInt(sequence) }))))
  expect(results).toEqual([1n, 3n, 6n, 10n].map((total) => ({ applied: true, total })))
})

test('a replayed packet credits once: in the same flush, later, and at another process after a restart', async () => {
  await using books = await testBooks()
  const other = await books.open()
  const credit = creditTo(books)
  const together = await Promise.all([books.ledger.receiving.credit(credit), books.ledger.receiving.credit(credit), other.receiving.credit(credit), other.receiving.credit(credit)])
  expect(together.filter((result) => result.applied)).toHaveLength(1)
  expect(together.filter((result) => !result.applied && result.why === 'repeat')).toHaveLength(3)
  const restarted = await books.open()
  expect(await restarted.receiving.credit(credit)).toEqual({ applied: false, why: 'repeat' })
  expect(await restarted.receiving.totalOf(credit.connection)).toBe(10n)
})

test('a copy of a packet is answered after it, never while its own flush is undecided', async () => {
  await using books = await testBooks()
  const order: string[] = []
  const credit = creditTo(books)
  await Promise.all(['first', 'copy', 'another copy'].map(async (name) => {
    const result = await books.ledger.receiving.credit(credit)
    order.push(`${name} ${result.applied ? result.total : result.why}`)
  }))
  expect(order).toEqual(['first 10', 'copy repeat', 'another copy repeat'])
})

test('a copy of a packet that could not be credited gets the same answer', async () => {
  await using books = await testBooks()
  await books.ledger.receiving.credit(creditTo(books))
  await books.postgres.pool.query('alter table ledger.receiving_streams rename to hidden')
  const results = await Promise.all([2, 2].map((sequence) => books.ledger.receiving.credit(creditTo(books, { sequence }))))
  expect(results).toEqual([{ applied: false, why: 'commit-failed' }, { applied: false, why: 'commit-failed' }])
})

test('reordered sequences are credited inside the window of 64, and refused as repeats below it', async () => {
  await using books = await testBooks()
  const at = (sequence: number): Promise<unknown> => books.ledger.receiving.credit(creditTo(books, { sequence, amount: 1n }))
  const applied = (total: bigint): unknown => ({ applied: true, total })
  expect(await at(100)).toEqual(applied(1n))
  expect(await at(36)).toEqual(applied(2n))
  expect(await at(35)).toEqual({ applied: false, why: 'repeat' })
  expect(await at(99)).toEqual(applied(3n))
  expect(await at(99)).toEqual({ applied: false, why: 'repeat' })
  expect(await at(164)).toEqual(applied(4n))
  expect(await at(100)).toEqual({ applied: false, why: 'repeat' })
  expect(await at(101)).toEqual(applied(5n))
  expect(await at(99)).toEqual({ applied: false, why: 'repeat' })
  expect(await at(2 ** 53 - 1)).toEqual(applied(6n))
  expect(await at(164)).toEqual({ applied: false, why: 'repeat' })
})

test('five hundred packets of one connection at once are all credited, in order', async () => {
  await using books = await testBooks()
  const results = await Promise.all(Array.from({ length: 500 }, (_, index) => books.ledger.receiving.credit(creditTo(books, { sequence: index + 1, amount: 1n }))))
  expect(results).toEqual(results.map((_, index) => ({ applied: true, total: BigInt(index + 1) })))
})

test('a limit refuses only the packets that do not fit, in the order of arrival, across flushes and processes', async () => {
  await using books = await testBooks()
  const other = await books.open()
  const cap = (sequence: number, amount: bigint): Parameters<typeof other.receiving.credit>[0] => creditTo(books, { sequence, amount, totalMax: 25n })
  await books.ledger.receiving.credit(cap(1, 10n))
  const bystander = books.ledger.receiving.credit(creditTo(books, { connection: connectionOf('b') }))
  const results = await Promise.all([cap(2, 10n), cap(3, 10n), cap(4, 5n), cap(5, 1n)].map((credit) => other.receiving.credit(credit)))
  expect(results).toEqual([{ applied: true, total: 20n }, { applied: false, why: 'over-total' }, { applied: true, total: 25n }, { applied: false, why: 'over-total' }])
  expect(await bystander).toEqual({ applied: true, total: 10n })
  expect(await books.ledger.receiving.totalOf(connectionOf('a'))).toBe(25n)
})

test('a packet of no money only marks its sequence', async () => {
  await using books = await testBooks()
  expect(await books.ledger.receiving.credit(creditTo(books, { amount: 0n }))).toEqual({ applied: true, total: 0n })
  expect(await books.ledger.receiving.credit(creditTo(books, { amount: 5n }))).toEqual({ applied: false, why: 'repeat' })
})

test('a packet with less than 3 s of life, or after the closing time, is refused', async () => {
  await using books = await testBooks()
  const nowMs = systemClock.nowMs()
  expect(await books.ledger.receiving.credit(creditTo(books, { expiresAtMs: nowMs + 2_900 }))).toEqual({ applied: false, why: 'too-late' })
  expect(await books.ledger.receiving.credit(creditTo(books, { closesAtMs: nowMs - 1 }))).toEqual({ applied: false, why: 'connection-closed' })
  expect(await books.ledger.receiving.totalOf(connectionOf('a'))).toBe(0n)
})

test('an account that does not exist, or has another asset, is refused before it reaches a flush, and harms nobody', async () => {
  await using books = await testBooks()
  const dollars = await books.ledger.openAccount({ name: 'publisher[dan]', kind: 'publisher', asset: { code: 'USD', scale: 9 }, debitsMayExceedCredits: false })
  const [unknown, differs, fine] = await Promise.allSettled([
    books.ledger.receiving.credit(creditTo(books, { connection: connectionOf('x'), creditAccountId: 'acct_00000000000000000000000000' })),
    books.ledger.receiving.credit(creditTo(books, { connection: connectionOf('y'), creditAccountId: dollars.id })),
    books.ledger.receiving.credit(creditTo(books)),
  ])
  expect(unknown).toMatchObject({ status: 'rejected', reason: { code: 'account-unknown' } })
  expect(differs).toMatchObject({ status: 'rejected', reason: { code: 'assets-differ' } })
  expect(fine).toMatchObject({ status: 'fulfilled', value: { applied: true } })
})

test('what accrued is posted within five minutes, and the row ends an hour after its closing time with its total known', async () => {
  const clock = new TestClock()
  await using books = await testBooks()
  await using ledger = await books.open({ clock })
  const paid = ledger.receiving.credit(creditTo(books, { debitAccountId: books.peerLink.id, closesAtMs: clock.nowMs() + 600_000, expiresAtMs: clock.nowMs() + 20_000 }))
  expect(await paid).toEqual({ applied: true, total: 10n })
  expect(await ledger.postDue()).toBe(0)
  await clock.advance(300_000)
  await ledger.postDue()
  expect(await ledger.balance(books.publisher.id)).toMatchObject({ posted: 10n, accrued: 0n })
  await clock.advance(600_000 + 3_600_000)
  await ledger.postDue()
  expect((await books.postgres.pool.query('select * from ledger.receiving_streams')).rows).toEqual([])
  expect(await ledger.receiving.totalOf(connectionOf('a'))).toBe(10n)
  expect(await ledger.verify()).toMatchObject({ ok: true })
})

test('two processes that post at once post everything once', async () => {
  const clock = new TestClock()
  await using books = await testBooks()
  await using one = await books.open({ clock })
  await using other = await books.open({ clock })
  const nowMs = clock.nowMs()
  await Promise.all(Array.from({ length: 300 }, (_, index) => one.receiving.credit(creditTo(books, { debitAccountId: books.peerLink.id, connection: connectionOf(`c${index}`) }, nowMs))))
  await clock.advance(299_999)
  await clock.advance(1)
  await Promise.all([one.postDue(), other.postDue()])
  await Promise.all([one.postDue(), other.postDue()])
  expect(await one.balance(books.publisher.id)).toMatchObject({ posted: 3_000n, accrued: 0n })
  expect(await one.verify()).toMatchObject({ ok: true, transfers: 301 })
})

test('among hundreds of connections in one flush exactly those at their limit are refused', async () => {
  await using books = await testBooks()
  const nowMs = systemClock.nowMs()
  const pay = (sequence: number): Promise<unknown[]> => Promise.all(Array.from({ length: 600 }, (_, index) =>
    books.ledger.receiving.credit(creditTo(books, { connection: connectionOf(`c${index}`), sequence, totalMax: index % 3 === 0 ? 15n : 1_000n, closesAtMs: nowMs + 3_600_000 }))))
  await pay(1)
  expect(await pay(2)).toEqual(Array.from({ length: 600 }, (_, index) => (index % 3 === 0 ? { applied: false, why: 'over-total' } : { applied: true, total: 20n })))
})

test('known and fresh connections share a flush; lower limits than the row’s count, higher ones do not, and nobody but its own payer and payee reaches a row', async () => {
  await using books = await testBooks()
  const carol = await books.ledger.openAccount({ name: 'publisher[carol]', kind: 'publisher', asset: books.publisher.asset, debitsMayExceedCredits: false })
  const credit = (ledger: typeof books.ledger, name: string, sequence: number, change: Parameters<typeof creditTo>[1] = {}): Promise<unknown> =>
    ledger.receiving.credit(creditTo(books, { connection: connectionOf(name), sequence, totalMax: 100n, ...change }))
  // Whoever made the rows knows them, the other process learns of them when its first packets are refused.
  const other = await books.open()
  for (const [sequence, ledger] of [[2, books.ledger], [20, other]] as const) {
    const names = ['lower', 'higher', 'fits', 'payee', 'payer'].map((name) => `${name} ${sequence}`)
    await Promise.all(names.map((name) => credit(books.ledger, name, 1)))
    const second = (): Promise<unknown[]> => Promise.all([
      credit(ledger, `lower ${sequence}`, sequence, { amount: 5n, totalMax: 12n }),
      credit(ledger, `higher ${sequence}`, sequence, { amount: 91n, totalMax: 1_000n }),
      credit(ledger, `fits ${sequence}`, sequence, { amount: 40n, totalMax: 1_000n }),
      credit(ledger, `payee ${sequence}`, sequence, { creditAccountId: carol.id }),
      credit(ledger, `payer ${sequence}`, sequence, { debitAccountId: books.walletLink.id }),
      credit(ledger, `fresh ${sequence}`, sequence, { amount: 7n }),
    ])
    const refused = (why: string): unknown => ({ applied: false, why })
    const expected = [refused('over-total'), refused('over-total'), { applied: true, total: 50n }, refused('connection-closed'), refused('connection-closed'), { applied: true, total: 7n }]
    expect({ sequence, results: await second() }).toEqual({ sequence, results: expected })
    // Asked again, now that both know the rows: what was credited is a repeat.
    expect(await second()).toEqual(expected.map((result, index) => (index === 2 || index === 5 ? refused('repeat') : result)))
    expect(await books.ledger.balance(carol.id)).toMatchObject({ accrued: 0n })
  }
})
