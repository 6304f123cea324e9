import { expect, test } from 'vitest'
import { connectionOf, eur, streamOf, testBooks } from './testing.ts'

test('an account is opened once by its name, and not again with other properties', async () => {
  await using books = await testBooks()
  const { ledger } = books
  const spec = { name: 'publisher[carol]', kind: 'publisher', asset: eur, debitsMayExceedCredits: false } as const
  const [one, other] = await Promise.all([ledger.openAccount(spec), ledger.openAccount(spec)])
  expect(one.id).toBe(other.id)
  await expect(ledger.openAccount({ ...spec, asset: { code: 'EUR', scale: 2 } })).rejects.toMatchObject({ code: 'account-differs' })
  await expect(ledger.openAccount({ ...spec, debitsMayExceedCredits: true })).rejects.toMatchObject({ code: 'account-differs' })
})

test('accounts that are opened in the same turn are each their own, and one that differs is refused by itself', async () => {
  await using books = await testBooks()
  const { ledger } = books
  const spec = { kind: 'publisher', asset: eur, debitsMayExceedCredits: false } as const
  const known = await ledger.openAccount({ ...spec, name: 'publisher[carol]' })
  const [dora, carol, other, emil] = await Promise.allSettled([
    ledger.openAccount({ ...spec, name: 'publisher[dora]' }), ledger.openAccount({ ...spec, name: 'publisher[carol]' }), ledger.openAccount({ ...spec, name: 'publisher[dora]', asset: { code: 'USD', scale: 9 } }),
    ledger.openAccount({ ...spec, name: 'publisher[emil]' }),
  ])
  expect([dora, carol, other, emil]).toMatchObject([
    { value: { name: 'publisher[dora]', asset: eur } }, { value: known }, { reason: { code: 'account-differs' } }, { value: { name: 'publisher[emil]', creditsPosted: 0n } },
  ])
})

test('a transfer moves posted counters on both sides and is found again by its key', async () => {
  await using books = await testBooks({ funds: 0n })
  const { ledger, psp, subscriber } = books
  const spec = { key: 'k', debitAccountId: psp.id, creditAccountId: subscriber.id, amount: 500n, reason: 'deposit' as const }
  const first = await ledger.transfer(spec)
  expect(await ledger.transfer(spec)).toEqual(first)
  const { ledger: other } = { ledger: await books.open() }
  expect(await other.transfer(spec)).toEqual(first)
  expect(await ledger.account(psp.id)).toMatchObject({ debitsPosted: 500n, creditsPosted: 0n })
  expect(await ledger.balance(subscriber.id)).toEqual({ posted: 500n, pending: 0n, accrued: 0n, asset: eur })
})

test('a key that was used for another amount, account or reason is refused and moves nothing', async () => {
  await using books = await testBooks({ funds: 0n })
  const { ledger, psp, subscriber, publisher } = books
  const spec = { key: 'k', debitAccountId: psp.id, creditAccountId: subscriber.id, amount: 500n, reason: 'deposit' as const }
  await ledger.transfer(spec)
  for (const change of [{ amount: 501n }, { creditAccountId: publisher.id }, { reason: 'correction' as const }]) {
    await expect(ledger.transfer({ ...spec, ...change })).rejects.toMatchObject({ code: 'key-reused' })
  }
  expect((await ledger.balance(subscriber.id)).posted).toBe(500n)
  expect((await ledger.balance(publisher.id)).posted).toBe(0n)
})

test('two processes that send the same transfer at once book it once', async () => {
  await using books = await testBooks({ funds: 0n })
  const processes = [books.ledger, await books.open(), await books.open()]
  const spec = { key: 'once', debitAccountId: books.psp.id, creditAccountId: books.subscriber.id, amount: 7n, reason: 'deposit' as const }
  const transfers = await Promise.all(processes.flatMap((ledger) => [ledger.transfer(spec), ledger.transfer(spec)]))
  expect(new Set(transfers.map((transfer) => transfer.id)).size).toBe(1)
  expect((await books.ledger.balance(books.subscriber.id)).posted).toBe(7n)
})

test('one key with different content from two processes at once: one is booked, the other refused', async () => {
  await using books = await testBooks({ funds: 0n })
  const processes = [books.ledger, await books.open()]
  const outcomes = await Promise.allSettled(processes.map((ledger, index) =>
    ledger.transfer({ key: 'torn', debitAccountId: books.psp.id, creditAccountId: index === 0 ? books.subscriber.id : books.publisher.id, amount: 7n, reason: 'deposit' as const })))
  expect(outcomes.filter((outcome) => outcome.status === 'fulfilled')).toHaveLength(1)
  expect(outcomes.find((outcome) => outcome.status === 'rejected')?.reason).toMatchObject({ code: 'key-reused' })
})

test('many transfers at once from many processes never overdraw, and exactly what was there is spent', async () => {
  await using books = await testBooks({ funds: 100n })
  const processes = [books.ledger, await books.open(), await books.open()]
  const outcomes = await Promise.allSettled(Array.from({ length: 150 }, (_, index) =>
    processes[index % 3]!.transfer({ key: `spend-${index}`, debitAccountId: books.subscriber.id, creditAccountId: books.publisher.id, amount: 1n, reason: 'correction' })))
  expect(outcomes.filter((outcome) => outcome.status === 'fulfilled')).toHaveLength(100)
  expect(new Set(outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [(outcome.reason as { code: string }).code] : [])))).toEqual(new Set(['funds-insufficient']))
  expect(await books.ledger.account(books.subscriber.id)).toMatchObject({ debitsPosted: 100n, creditsPosted: 100n })
  expect(await books.ledger.verify()).toMatchObject({ ok: true, chains: 3, transfers: 101 })
})

test('the database itself refuses an overdraft and a counter beyond 2^62', async () => {
  await using books = await testBooks({ funds: 100n })
  await expect(books.postgres.pool.query('update ledger.accounts set debits_posted = 101 where id = $1', [books.subscriber.id])).rejects.toThrow(/no_overdraft/)
  await expect(books.postgres.pool.query('update ledger.accounts set credits_posted = 4611686018427387905 where id = $1', [books.psp.id])).rejects.toThrow(/check/)
})

test.each([
  ['nothing', 0n, 'amount-invalid'],
  ['less than nothing', -1n, 'amount-invalid'],
  ['more than 2^62', 2n ** 62n + 1n, 'amount-too-large'],
])('a transfer of %s is refused', async (_name, amount, code) => {
  await using books = await testBooks({ funds: 0n })
  await expect(books.ledger.transfer({ key: 'k', debitAccountId: books.psp.id, creditAccountId: books.publisher.id, amount, reason: 'deposit' as const })).rejects.toMatchObject({ code })
})

test('a sum beyond 2^62, an unknown account, another asset, or one account on both sides is refused while its neighbours are booked', async () => {
  await using books = await testBooks({ funds: 0n })
  const { ledger, psp, publisher } = books
  const dollars = await ledger.openAccount({ name: 'publisher[dan]', kind: 'publisher', asset: { code: 'USD', scale: 9 }, debitsMayExceedCredits: false })
  const base = { debitAccountId: psp.id, creditAccountId: publisher.id, amount: 2n ** 62n, reason: 'deposit' as const }
  const outcomes = await Promise.allSettled([
    ledger.transfer({ ...base, key: 'fits' }),
    ledger.transfer({ ...base, key: 'beyond', amount: 1n }),
    ledger.transfer({ ...base, key: 'unknown', creditAccountId: 'acct_00000000000000000000000000', amount: 1n }),
    ledger.transfer({ ...base, key: 'dollars', creditAccountId: dollars.id, amount: 1n }),
    ledger.transfer({ ...base, key: 'itself', creditAccountId: psp.id, amount: 1n }),
  ])
  expect(outcomes.map((outcome) => (outcome.status === 'fulfilled' ? 'booked' : (outcome.reason as { code: string }).code))).toEqual(['booked', 'amount-too-large', 'account-unknown', 'assets-differ', 'assets-differ'])
})

test('a transfer is never changed, deleted or truncated', async () => {
  await using books = await testBooks()
  for (const sql of ['update ledger.transfers set amount = 1', 'delete from ledger.transfers', 'truncate ledger.transfers']) {
    await expect(books.postgres.pool.query(sql)).rejects.toThrow(/never changed/)
  }
})

test('the transfers of an account are read page by page, newest first', async () => {
  await using books = await testBooks({ funds: 0n })
  const { ledger, psp, subscriber } = books
  for (let index = 0; index < 5; index += 1) await ledger.transfer({ key: `k${index}`, debitAccountId: psp.id, creditAccountId: subscriber.id, amount: BigInt(index + 1), reason: 'deposit' as const })
  const first = await ledger.transfersOf(subscriber.id, { limit: 3 })
  const second = await ledger.transfersOf(subscriber.id, { limit: 3, before: first.at(-1)!.id })
  expect(new Set([...first, ...second].map((transfer) => transfer.key))).toEqual(new Set(['k0', 'k1', 'k2', 'k3', 'k4']))
  expect([...first, ...second].map((transfer) => transfer.id)).toEqual([...first, ...second].map((transfer) => transfer.id).toSorted().toReversed())
})

test('what may be spent is told after what was to be written before it: a stream that ends has given back what it held', async () => {
  await using books = await testBooks({ funds: 1_000n })
  const { ledger, subscriber } = books
  for (let round = 0; round < 20; round += 1) {
    const spec = streamOf(books, { connection: connectionOf(`round ${round}`), held: 1_000n })
    await ledger.sending.open(spec)
    expect(await ledger.available(subscriber.id)).toBe(0n)
    const closed = ledger.sending.close(spec.id, 1, 'done')
    expect(await ledger.available(subscriber.id)).toBe(1_000n)
    await closed
  }
})
