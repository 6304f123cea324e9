import { createHash } from 'node:crypto'
import { TestClock } from '@rivulet/time/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { connectionOf, creditTo, streamOf, testBooks, type TestBooks } from './testing.ts'

let books: TestBooks
beforeAll(async () => {
  books = await testBooks()
})
afterAll(() => books[Symbol.asyncDispose]())

test('accounts are found by a part of their name in any case, by kind, and page by page', async () => {
  const { explorer } = books.ledger
  const names = async (change: Partial<Parameters<typeof explorer.accounts>[0]>): Promise<string[]> => (await explorer.accounts({ text: '', kind: undefined, after: '', limit: 10, ...change })).map(({ name }) => name)
  expect(await names({ text: 'ALI' })).toEqual(['subscriber[alice]'])
  expect(await names({ text: books.psp.id })).toEqual(['psp[sandbox]'])
  expect(await names({ kind: 'link' })).toEqual(['link[carol]@receiver', 'link[receiver]@wallet', 'link[wallet]@receiver'])
  expect(await names({ kind: 'link', after: 'link[carol]@receiver', limit: 1 })).toEqual(['link[receiver]@wallet'])
  expect(await names({ text: '%' })).toEqual([])
})

test('a transfer shows its place in its chain, and its hash is recomputed from what is shown', async () => {
  const { ledger, psp, subscriber, publisher } = books
  const [budget, fee] = await ledger.transferAll([
    { key: 'fund:charge-1/1', debitAccountId: psp.id, creditAccountId: subscriber.id, amount: 900n, reason: 'subscription' },
    { key: 'fee:charge-1/1', debitAccountId: psp.id, creditAccountId: publisher.id, amount: 100n, reason: 'subscription-fee' },
  ])
  if (budget === undefined || fee === undefined) throw new Error('two were asked for')
  const shown = await ledger.explorer.transfer(fee.id)
  const before = await ledger.explorer.transfer(budget.id)
  expect(shown).toMatchObject({ ...fee, chainLength: 3n, previousHash: before?.hash })
  expect(shown?.hash).toBe(createHash('sha256').update(Buffer.from(before?.hash ?? '', 'hex')).update(shown?.content ?? '').digest('hex'))
  expect(shown?.recomputedHash).toBe(shown?.hash)
  expect(shown?.sameEntry).toEqual([budget])
  expect((await ledger.explorer.transfer('xfer_00000000000000000000000000'))).toBeUndefined()
})

test('what was written for the same thing stands beside a transfer: all of its stream', async () => {
  const { ledger } = books
  const connection = connectionOf('explored')
  const spec = streamOf(books, { connection, label: { payer: 'https://w.example/ada', payee: 'https://p.example/bob', site: 'https://News.example' } })
  const { ownerEpoch } = await ledger.sending.open(spec)
  await ledger.receiving.credit(creditTo(books, { connection, sequence: 7, amount: 30n }))
  await ledger.sending.book(spec.id, ownerEpoch, 30n)
  expect(await ledger.explorer.stream(spec.id)).toMatchObject({ state: 'open', total: 30n, posted: 0n, received: 30n, packetsSeen: 7, closedAtMs: undefined, asset: { code: 'EUR', scale: 9 } })
  await ledger.sending.close(spec.id, ownerEpoch, 'stopped')
  const [posting] = await ledger.explorer.transfersOfStream(spec.id, 10)
  expect(posting).toMatchObject({ reason: 'stream', amount: 30n, debitAccountId: books.subscriber.id, creditAccountId: books.walletLink.id })
  expect(await ledger.explorer.streamOfConnection(connection.toString('hex'))).toBe(spec.id)
  expect(await ledger.explorer.stream(spec.id)).toMatchObject({ state: 'closed', closeReason: 'stopped', posted: 30n, closedAtMs: expect.any(Number) as number })
  const found = async (change: Partial<Parameters<typeof ledger.explorer.streams>[0]>): Promise<string[]> => (await ledger.explorer.streams({ text: '', states: ['open', 'in-doubt', 'closed'], before: undefined, limit: 10, ...change })).map(({ id }) => id)
  expect(await found({ text: 'news.EXAMPLE' })).toEqual([spec.id])
  expect(await found({ text: spec.id })).toEqual([spec.id])
  expect(await found({ states: ['open'] })).toEqual([])
  expect(await found({ before: spec.id })).toEqual([])
})

test('what a connection got is found day after day, newest first, and what is posted now has a key behind those of before', async () => {
  const clock = new TestClock(1_800_000_000_000)
  await using old = await testBooks({ clock })
  const { ledger } = old
  const connections = ['b', 'a', 'c'].map(connectionOf)
  const days = 4
  for (let day = 0; day < days; day += 1) {
    const credit = { sequence: day + 1, amount: BigInt(day + 1), closesAtMs: 1_800_000_000_000 + 10 * 86_400_000 }
    await Promise.all(connections.map((connection) => ledger.receiving.credit(creditTo(old, { ...credit, connection }, clock.nowMs()))))
    await clock.advance(86_400_000)
    await ledger.postDue()
  }
  const [connection = Buffer.alloc(0)] = connections
  const postings = await ledger.explorer.transfersOfStream(connection.toString('hex'), 10)
  expect(postings.map(({ amount }) => amount)).toEqual([4n, 3n, 2n, 1n])
  expect((await ledger.explorer.transfersOfStream(connection.toString('hex'), 2)).map(({ amount }) => amount)).toEqual([4n, 3n])
  const { rows } = await old.postgres.pool.query<{ key: string; day: bigint }>(`select key, posted_at_ms / 86400000 as day from ledger.transfers where reason = 'stream' order by key`)
  expect(rows).toHaveLength(days * connections.length)
  expect(rows.map(({ day }) => day)).toEqual(rows.map(({ day }) => day).toSorted((one, other) => Number(one - other)))
})

test('a balance at a time is what was posted before it', async () => {
  const clock = new TestClock(1_800_000_000_000)
  await using old = await testBooks({ clock, funds: 1_000n })
  const { ledger, subscriber, psp } = old
  const times: number[] = []
  for (const amount of [10n, 200n]) {
    await clock.advance(60_000)
    times.push(clock.nowMs())
    await ledger.transfer({ key: `back-${amount}`, debitAccountId: subscriber.id, creditAccountId: psp.id, amount, reason: 'correction' })
  }
  const posted = async (atMs: number): Promise<bigint> => {
    const { debitsPosted, creditsPosted } = await ledger.explorer.balanceAt(subscriber.id, atMs)
    return creditsPosted - debitsPosted
  }
  const [first = 0, second = 0] = times
  expect(await Promise.all([0, first, first + 1, second, second + 1].map(posted))).toEqual([0n, 1_000n, 990n, 990n, 790n])
  await expect(ledger.explorer.balanceAt('acct_00000000000000000000000000', first)).rejects.toMatchObject({ code: 'account-unknown' })
})
