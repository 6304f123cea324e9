import { expect, test } from 'vitest'
import { connectionOf, creditTo, newOwner, streamOf, type TestBooks, testBooks } from './testing.ts'

/** Books with a bit of everything: two chains, an open stream with accrual, a closed one, one in doubt, a posted connection. */
async function livelyBooks(): Promise<TestBooks & { open: string; closed: string }> {
  const books = await testBooks()
  const { ledger } = books
  const second = await books.open()
  const [one, two, doubt] = [streamOf(books), streamOf(books, { connection: connectionOf('b') }), streamOf(books, { connection: connectionOf('c') })]
  for (const spec of [one, two, doubt]) await ledger.sending.open(spec)
  await ledger.receiving.credit(creditTo(books, { amount: 30n }))
  await ledger.receiving.credit(creditTo(books, { amount: 50n, connection: connectionOf('b') }))
  await ledger.sending.book(one.id, 1, 30n)
  await ledger.sending.book(two.id, 1, 50n)
  await second.sending.close(two.id, 1, 'hidden')
  await second.receiving.close(connectionOf('b'))
  await ledger.sending.leaveInDoubt(doubt.id, 1, 'link-lost')
  await ledger.transfer({ key: 'more', debitAccountId: books.psp.id, creditAccountId: books.subscriber.id, amount: 5n, reason: 'deposit' })
  return Object.assign(books, { open: one.id, closed: two.id }) as unknown as TestBooks & { open: string; closed: string }
}

test('books with streams open, closed and in doubt are right, also while another process writes', async () => {
  await using books = await livelyBooks()
  const writing = Promise.all(Array.from({ length: 40 }, (_, index) => books.ledger.transfer({ key: `w${index}`, debitAccountId: books.psp.id, creditAccountId: books.subscriber.id, amount: 1n, reason: 'deposit' })))
  expect(await books.ledger.verify()).toMatchObject({ ok: true, problems: [], streamsOpen: 1, streamsInDoubt: 1, chains: 2, accounts: 7 })
  await writing
  expect(await books.ledger.verify()).toMatchObject({ ok: true, problems: [], totals: [{ assetCode: 'EUR', assetScale: 9 }] })
  expect(await books.ledger.sending.takeOver(newOwner(), 1)).toEqual([])
})

const unlock = 'alter table ledger.transfers disable trigger immutable; '
const uncheck = (table: string, ...constraints: string[]): string => constraints.map((constraint) => `alter table ledger.${table} drop constraint ${constraint}; `).join('')

test.each<[check: string, row: (books: TestBooks & { open: string; closed: string }) => string, tamper: string]>([
  ['debits-equal-credits', () => 'EUR/9', `update ledger.accounts set credits_posted = credits_posted + 1 where kind = 'loss'`],
  ['counters-equal-history', (books) => books.publisher.id, `update ledger.accounts set credits_posted = credits_posted + 1 where name = 'publisher[bob]'`],
  ['counters-equal-holds', (books) => books.subscriber.id, `update ledger.accounts set debits_pending = debits_pending - 1 where name = 'subscriber[alice]'`],
  ['no-overdraft', (books) => books.subscriber.id, `${uncheck('accounts', 'no_overdraft')} update ledger.accounts set debits_posted = 2000000 where name = 'subscriber[alice]'`],
  ['transfers-are-sound', () => 'xfer_', `update ledger.accounts set asset_code = 'USD' where name = 'publisher[bob]'`],
  ['holds-cover-totals', (books) => books.open, `${uncheck('sending_streams', 'holds_cover')} update ledger.sending_streams set total = held + 1 where state = 'open'`],
  ['streams-equal-postings', (books) => books.closed, `update ledger.sending_streams set posted = posted - 1 where state = 'closed'`],
  ['connections-equal-postings', () => connectionOf('b').toString('hex'), `update ledger.receiving_streams set posted = posted - 1 where posted > 0`],
  ['links-equal-postings', (books) => books.closed, `update ledger.sending_streams set link_total = 1 where state = 'closed'`],
  ['exchanges-have-two-sides', (books) => books.open, `update ledger.sending_streams set link_total = 1 where state = 'open'`],
  ['streams-have-details', (books) => books.open, `delete from ledger.sending_details d using ledger.sending_streams s where s.id = d.id and s.state = 'open'`],
  ['wallet-equals-receiver', (books) => books.closed, `update ledger.sending_streams set total = total - 1, posted = posted - 1 where state = 'closed'`],
  ['wallet-equals-receiver', (books) => books.open, `update ledger.receiving_streams set total = total - 1 where posted = 0 and total > 0`],
  ['links-mirror', (books) => books.walletLink.id, `update ledger.accounts set debits_posted = debits_posted - 1 where name = 'link[wallet]@receiver'`],
  ['chains-intact', () => 'xfer_', `${unlock} update ledger.transfers set amount = amount + 1 where key = 'more'`],
  ['chains-intact', () => 'xfer_', `${unlock} delete from ledger.transfers where key = 'deposit'`],
  ['chains-end-at-heads', () => 'chain_', `${unlock} delete from ledger.transfers where key = 'more'`],
  ['chains-start-from-heads', () => 'chain_', `${unlock} update ledger.transfers set hash = sha256('other') where key = 'deposit'`],
  ['chains-start-from-heads', () => 'chain_', `update ledger.chains set genesis = sha256('other')`],
])('%s names the row that was tampered with (%#)', async (check, row, tamper) => {
  await using books = await livelyBooks()
  await books.postgres.pool.query(tamper)
  const report = await books.ledger.verify()
  expect(report.ok).toBe(false)
  expect(report.problems.filter((problem) => problem.check === check).map((problem) => problem.row)).toContainEqual(expect.stringContaining(row(books)))
})
