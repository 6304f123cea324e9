import type { Ratio } from '@rivulet/money'
import { migrate } from '@rivulet/postgres'
import { testPostgres } from '@rivulet/postgres/testing'
import { systemClock } from '@rivulet/time'
import { TestClock } from '@rivulet/time/testing'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Ledger } from './ledger.ts'
import { ledgerMigrations } from './migrations/index.ts'
import { connectionOf, rowsOf, creditTo, eur, newOwner, streamOf, testBooks, type TestBooks } from './testing.ts'
import type { Account, Exchange } from './types.ts'

const usd = { code: 'USD', scale: 6 }

async function withPeer(options: Parameters<typeof testBooks>[0] = {}): Promise<TestBooks & { link: Account; exchange: Exchange }> {
  const books = await testBooks(options)
  const link = await books.ledger.openAccount({ name: 'link[dora]', kind: 'link', asset: usd, debitsMayExceedCredits: true })
  return Object.assign(books, { link, exchange: await books.ledger.openExchange({ name: 'dora', asset: eur, linkAccountId: link.id }) })
}

const foreign = { resume: { destination: 'g.dora.x', encryptedSecret: Buffer.from('sealed'), receiverIsOurs: false } }

test('a stream that is paid through an exchange moves both assets: ours to the exchange, the link’s from it to the peer', async () => {
  await using books = await withPeer()
  const { ledger, link, exchange, subscriber } = books
  const spec = streamOf(books, { ...foreign, creditAccountId: exchange.account.id })
  await ledger.sending.open(spec)
  await ledger.sending.book(spec.id, 1, 250n, { linkTotal: 27n })
  await ledger.sending.book(spec.id, 1, 400n, { linkTotal: 43n })
  expect(await ledger.balance(link.id)).toMatchObject({ posted: 0n, accrued: 43n, asset: usd })
  expect(await ledger.balance(exchange.farAccount.id)).toMatchObject({ posted: 0n, accrued: -43n })
  expect((await ledger.verify()).problems).toEqual([])
  await ledger.sending.close(spec.id, 1, 'done')
  expect(await ledger.balance(link.id)).toMatchObject({ posted: 43n, accrued: 0n })
  expect(await ledger.balance(exchange.farAccount.id)).toMatchObject({ posted: -43n, accrued: 0n })
  expect(await ledger.balance(exchange.account.id)).toMatchObject({ posted: 400n, pending: 0n, asset: eur })
  expect(await ledger.balance(subscriber.id)).toMatchObject({ posted: 999_600n, pending: 0n })
  expect(await rowsOf(books)).toEqual(['subscriber[alice] -> exchange[dora]@EUR/9 400 stream', 'exchange[dora]@USD/6 -> link[dora] 43 stream-link'])
  expect((await ledger.verify()).problems).toEqual([])
})

test('accounts that are asked for in the same turn each learn their own balance, and what may be spent of them leaves out what streams hold', async () => {
  await using books = await withPeer()
  const { ledger, link, exchange, subscriber, publisher, walletLink } = books
  const abroad = streamOf(books, { ...foreign, connection: connectionOf('b'), creditAccountId: exchange.account.id })
  const home = streamOf(books, { held: 1_000n })
  await Promise.all([abroad, home].map((spec) => ledger.sending.open(spec)))
  await ledger.sending.book(abroad.id, 1, 400n, { linkTotal: 43n })
  await ledger.sending.book(home.id, 1, 250n)
  await ledger.receiving.credit(creditTo(books, { amount: 250n }))
  const asked = [subscriber, link, exchange.account, exchange.farAccount, walletLink, publisher]
  expect((await Promise.all(asked.map(({ id }) => ledger.balance(id)))).map(({ accrued }) => accrued)).toEqual([-650n, 43n, 400n, -43n, 250n, 250n])
  expect(await Promise.all(asked.map(({ id }) => ledger.available(id)))).toEqual([998_400n, 0n, 0n, 0n, 0n, 0n])
  await expect(ledger.available('acct_nobody')).rejects.toMatchObject({ code: 'account-unknown' })
  await expect(ledger.available('acct_\0')).rejects.toMatchObject({ code: 'account-unknown' })
})

test('what is paid beyond the hold, and after the end, still reaches the peer’s account in full', async () => {
  await using books = await withPeer()
  const { ledger, link, exchange } = books
  const spec = streamOf(books, { ...foreign, creditAccountId: exchange.account.id })
  await ledger.sending.open(spec)
  await ledger.sending.book(spec.id, 1, 700n, { linkTotal: 70n })
  await ledger.sending.close(spec.id, 1, 'done')
  await ledger.sending.book(spec.id, 1, 730n, { linkTotal: 73n })
  expect(await ledger.balance(link.id)).toMatchObject({ posted: 73n, accrued: 0n })
  expect(await ledger.balance(books.loss.id)).toMatchObject({ posted: -130n })
  expect((await ledger.verify()).problems).toEqual([])
})

test('the word of a receiver beyond an exchange settles nothing where nobody wrote what it is expected to get', async () => {
  await using books = await withPeer()
  const { ledger, exchange } = books
  const spec = streamOf(books, { ...foreign, creditAccountId: exchange.account.id, sendUntilMs: systemClock.nowMs() - 10_000 })
  await ledger.sending.open(spec)
  await ledger.sending.book(spec.id, 1, 100n, { linkTotal: 11n })
  const [row] = await ledger.sending.takeOver(newOwner(), 10)
  expect(await ledger.sending.settle(spec.id, row?.ownerEpoch ?? 0, 500n)).toMatchObject({ total: 100n, linkTotal: 11n, linkPosted: 11n })
  expect((await ledger.verify()).problems).toEqual([])
})

const jpy = { code: 'JPY', scale: 2 }
/** 580 of our units buy 1,000 of the receiver's, and 60 of the link carry them. */
const bought = { most: 580n, link: 60n, whole: 1_000n }
const linkPrice = { numerator: bought.most, denominator: bought.link }
const arrival = { asset: jpy, price: { numerator: bought.most, denominator: bought.whole }, most: bought.most, whole: bought.whole }
const half = { total: 290n, link: 30n, delivered: 500n }
const none = { total: 0n, link: 0n, delivered: 0n }

test.each([
  ['the rest counts as unpaid when it has got no more than what is booked', half, 500n, { total: 290n, link: 30n }],
  ['what it has got more costs as much for each unit as what is booked', half, 700n, { total: 406n, link: 42n }],
  ['all is paid when it has got all that was bought', half, 1_000n, { total: 580n, link: 60n }],
  ['all is paid, and not more, when it has got more than was bought', half, 1_003n, { total: 580n, link: 60n }],
  ['not more than all is paid when each unit came dearer', { ...half, delivered: 480n }, 999n, { total: 580n, link: 60n }],
  ['its word means nothing when it is below what is proven', half, 499n, { total: 290n, link: 30n }],
  ['the rest counts as unpaid when it says nothing', half, undefined, { total: 290n, link: 30n }],
  ['what it has got costs the agreed price when nothing is booked', none, 200n, { total: 116n, link: 12n }],
  ['one unit of the link at least carried what it has got', none, 1n, { total: 1n, link: 1n }],
  ['all is paid when it has got all and nothing is booked', none, 1_000n, { total: 580n, link: 60n }],
  ['nothing is paid when it has got nothing', none, 0n, { total: 0n, link: 0n }],
] as const)('a receiver of others in another currency is asked after a death in doubt: %s', async (_what, booked, said, settled) => {
  await using books = await withPeer()
  const { ledger, exchange, link, subscriber } = books
  // Over the exchange both assets are settled; over a link in our own asset ours is, in the same way.
  const near = await ledger.openAccount({ name: 'link[emil]', kind: 'link', asset: eur, debitsMayExceedCredits: true })
  const [there, here] = [exchange.account.id, near.id].map((creditAccountId, index) => streamOf(books, {
    connection: connectionOf(String(index)), creditAccountId, sendUntilMs: systemClock.nowMs() - 10_000, resume: { ...foreign.resume, arrival, ...(index === 0 && { linkPrice }) },
  }))
  if (there === undefined || here === undefined) throw new Error('there are two')
  const before = await ledger.balance(subscriber.id)
  for (const { id, ...spec } of [there, here]) await ledger.sending.open({ id, ...spec })
  await ledger.sending.book(there.id, 1, booked.total, { linkTotal: booked.link, delivered: booked.delivered })
  await ledger.sending.book(here.id, 1, booked.total, { delivered: booked.delivered })
  expect((await ledger.sending.get(there.id))?.resume.arrival).toEqual(arrival)
  for (const row of await ledger.sending.takeOver(newOwner(), 10)) await ledger.sending.settle(row.id, row.ownerEpoch, said)
  expect(await ledger.sending.get(there.id)).toMatchObject({ state: 'closed', total: settled.total, posted: settled.total, linkTotal: settled.link, linkPosted: settled.link, excess: 0n })
  expect(await ledger.sending.get(here.id)).toMatchObject({ state: 'closed', total: settled.total, posted: settled.total, linkTotal: 0n })
  expect(await ledger.balance(subscriber.id)).toMatchObject({ posted: before.posted - 2n * settled.total, pending: 0n })
  expect(await ledger.balance(link.id)).toMatchObject({ posted: settled.link })
  expect((await ledger.verify()).problems).toEqual([])
})

test('what a receiver of others has got is settled within the hold and above what is booked, in both assets, whatever it says', async () => {
  await using books = await withPeer()
  const { ledger, exchange } = books
  const units = fc.bigInt({ min: 0n, max: 2_000n })
  let round = 0
  await fc.assert(fc.asyncProperty(fc.bigInt({ min: 0n, max: 580n }), units, units, fc.boolean(), async (total, delivered, said, priced) => {
    round += 1
    const linked = total === 0n ? 0n : (total * bought.link) / bought.most + 1n
    const spec = streamOf(books, { connection: connectionOf(`p${round}`), creditAccountId: exchange.account.id, held: 600n, sendUntilMs: systemClock.nowMs() - 10_000, resume: { ...foreign.resume, arrival, ...(priced && { linkPrice }) } })
    await ledger.sending.open(spec)
    if (total > 0n) await ledger.sending.book(spec.id, 1, total, { linkTotal: linked, delivered })
    const [row] = await ledger.sending.takeOver(newOwner(), 1)
    const settled = await ledger.sending.settle(spec.id, row?.ownerEpoch ?? 0, said)
    expect(settled.total >= total && settled.total <= 580n && settled.linkTotal >= linked && settled.excess === 0n).toBe(true)
    expect(settled.linkTotal > linked || settled.total === total || settled.total === 580n).toBe(true)
    // What it said of packets that were never booked is not known.
    expect(said > (total > 0n ? delivered : 0n) || (settled.total === total && settled.linkTotal === linked)).toBe(true)
  }), { numRuns: 40 })
  expect((await ledger.verify()).problems).toEqual([])
})

test('a publisher is credited in her asset for what the peer sent in its own; a repeat changes neither', async () => {
  await using books = await withPeer()
  const { ledger, link, exchange, publisher } = books
  const credit = (sequence: number, amount: bigint, linkAmount: bigint) => ledger.receiving.credit(creditTo(books, { debitAccountId: exchange.account.id, sequence, amount, linkAmount }))
  expect(await credit(1, 90n, 100n)).toEqual({ applied: true, total: 90n })
  expect(await Promise.all([credit(2, 45n, 50n), credit(3, 9n, 10n), credit(2, 45n, 50n)])).toEqual([{ applied: true, total: 135n }, { applied: true, total: 144n }, { applied: false, why: 'repeat' }])
  expect(await credit(3, 9n, 10n)).toEqual({ applied: false, why: 'repeat' })
  expect(await ledger.balance(link.id)).toMatchObject({ posted: 0n, accrued: -160n })
  expect(await ledger.balance(publisher.id)).toMatchObject({ accrued: 144n })
  expect((await ledger.verify()).problems).toEqual([])
  await ledger.receiving.close(connectionOf('a'))
  expect(await ledger.balance(link.id)).toMatchObject({ posted: -160n, accrued: 0n })
  expect(await ledger.balance(exchange.farAccount.id)).toMatchObject({ posted: 160n })
  expect(await ledger.balance(exchange.account.id)).toMatchObject({ posted: -144n })
  expect(await ledger.balance(publisher.id)).toMatchObject({ posted: 144n, accrued: 0n })
  expect((await ledger.verify()).problems).toEqual([])
})

test('whatever is paid and received through an exchange, both assets balance and no unit is lost', async () => {
  await using books = await withPeer({ funds: 10n ** 9n })
  const { ledger, link, exchange } = books
  let [owed, run] = [0n, 0]
  const packet = fc.tuple(fc.bigInt(1n, 1_000n), fc.bigInt(1n, 1_000n))
  await fc.assert(fc.asyncProperty(fc.array(packet, { maxLength: 6 }), fc.array(packet, { maxLength: 6 }), fc.boolean(), async (sent, received, close) => {
    run += 1
    const spec = streamOf(books, { ...foreign, held: 10_000n, creditAccountId: exchange.account.id, connection: connectionOf(`s${run}`) })
    await ledger.sending.open(spec)
    let [total, linkTotal] = [0n, 0n]
    for (const [amount, linkAmount] of sent) {
      total += amount
      linkTotal += linkAmount
      owed += linkAmount
      await ledger.sending.book(spec.id, 1, total, { linkTotal })
    }
    const connection = connectionOf(`r${run}`)
    await Promise.all(received.map(([amount, linkAmount], index) => ledger.receiving.credit(creditTo(books, { connection, debitAccountId: exchange.account.id, sequence: index + 1, amount, linkAmount }))))
    for (const [, linkAmount] of received) owed -= linkAmount
    if (close) await Promise.all([ledger.sending.close(spec.id, 1, 'done'), ledger.receiving.close(connection)])
    const { posted, accrued } = await ledger.balance(link.id)
    expect(posted + accrued).toBe(owed)
  }), { numRuns: 25 })
  expect((await ledger.verify()).problems).toEqual([])
})

test('a publisher of ours who counts in another asset is settled by what arrived over the link, which both of its sides agree on meanwhile', async () => {
  const clock = new TestClock()
  await using books = await testBooks({ clock })
  const { ledger, receiverLink } = books
  const gazette = await ledger.openAccount({ name: 'publisher[gazette]', kind: 'publisher', asset: usd, debitsMayExceedCredits: false })
  const { account } = await ledger.openExchange({ name: 'wallet@receiver', asset: usd, linkAccountId: receiverLink.id })
  const spec = streamOf(books, {}, clock.nowMs())
  await ledger.sending.open(spec)
  await ledger.receiving.credit(creditTo(books, { amount: 162n, linkAmount: 140n, debitAccountId: account.id, creditAccountId: gazette.id }, clock.nowMs()))
  await ledger.sending.book(spec.id, 1, 70n)
  expect((await ledger.verify()).problems).toEqual([])
  await ledger.sending.leaveInDoubt(spec.id, 1, 'killed')
  await clock.advance(70_000)
  const [row] = await ledger.sending.takeOver(newOwner(), 1)
  expect(await ledger.sending.settle(spec.id, row?.ownerEpoch ?? 0)).toMatchObject({ state: 'closed', total: 140n })
  expect((await ledger.verify()).problems).toEqual([])
  await ledger.postDue()
  expect((await ledger.balance(gazette.id)).posted).toBe(162n)
  expect((await ledger.balance(receiverLink.id)).posted).toBe(-140n)
  expect((await ledger.verify()).problems).toEqual([])
})

test.each([
  ['its price for what arrived, though nothing was booked', { booked: 0n, linkBooked: 0n, arrived: 90n, paid: 117n, linkPrice: { numerator: 13n, denominator: 10n } }],
  ['its price for nothing when nothing arrived', { booked: 0n, linkBooked: 0n, arrived: 0n, paid: 0n, linkPrice: { numerator: 10n ** 40n, denominator: 3n } }],
  ['without a price as much for each unit as was booked before', { booked: 50n, linkBooked: 40n, arrived: 90n, paid: 113n }],
  ['without a price the whole hold when nothing was booked', { booked: 0n, linkBooked: 0n, arrived: 90n, paid: 600n }],
  ['what was booked when nothing more arrived', { booked: 50n, linkBooked: 40n, arrived: 40n, paid: 50n }],
] as [string, { booked: bigint; linkBooked: bigint; arrived: bigint; paid: bigint; linkPrice?: Ratio }][])('who pays from another asset a receiver of ours and dies in doubt has paid %s, and the link mirrors', async (_what, { booked, linkBooked, arrived, paid, linkPrice }) => {
  const clock = new TestClock()
  await using books = await testBooks({ clock })
  const { ledger, walletLink } = books
  const alice = await ledger.openAccount({ name: 'subscriber[alice-usd]', kind: 'subscriber', asset: usd, debitsMayExceedCredits: false })
  const [loss, source] = [await ledger.openAccount({ name: 'loss@wallet[usd]', kind: 'loss', asset: usd, debitsMayExceedCredits: true }), await ledger.openAccount({ name: 'psp[usd]', kind: 'psp', asset: usd, debitsMayExceedCredits: true })]
  await ledger.transfer({ key: 'usd', debitAccountId: source.id, creditAccountId: alice.id, amount: 1_000n, reason: 'deposit' })
  const { account } = await ledger.openExchange({ name: 'receiver@wallet', asset: usd, linkAccountId: walletLink.id })
  const spec = streamOf(books, { debitAccountId: alice.id, creditAccountId: account.id, lossAccountId: loss.id }, clock.nowMs())
  await ledger.sending.open({ ...spec, resume: { ...spec.resume, linkPrice } })
  if (arrived > 0n) await ledger.receiving.credit(creditTo(books, { amount: arrived }, clock.nowMs()))
  if (booked > 0n) await ledger.sending.book(spec.id, 1, booked, { linkTotal: linkBooked })
  expect((await ledger.verify()).problems).toEqual([])
  await clock.advance(70_000)
  const [row] = await ledger.sending.takeOver(newOwner(), 1)
  expect(await ledger.sending.settle(spec.id, row?.ownerEpoch ?? 0)).toMatchObject({ state: 'closed', total: paid, linkTotal: arrived, linkPosted: arrived })
  expect(await ledger.balance(alice.id)).toMatchObject({ posted: 1_000n - paid, pending: 0n })
  expect((await ledger.verify()).problems).toEqual([])
})

test('an exchange is between two different assets, and its accounts belong to one link', async () => {
  await using books = await withPeer()
  const { ledger, link, exchange } = books
  expect(await ledger.openExchange({ name: 'dora', asset: eur, linkAccountId: link.id })).toMatchObject({ account: { id: exchange.account.id }, farAccount: { id: exchange.farAccount.id } })
  await expect(ledger.openExchange({ name: 'dora', asset: usd, linkAccountId: link.id })).rejects.toMatchObject({ code: 'assets-differ' })
  const other = await ledger.openAccount({ name: 'link[emil]', kind: 'link', asset: usd, debitsMayExceedCredits: true })
  await expect(ledger.openExchange({ name: 'dora', asset: eur, linkAccountId: other.id })).rejects.toMatchObject({ code: 'account-differs' })
})

test('books of the first step with rows in them go on after the second', async () => {
  await using postgres = await testPostgres([{ ...ledgerMigrations, steps: ledgerMigrations.steps.slice(0, 1) }])
  await postgres.pool.query(`
    insert into ledger.accounts (id, name, kind, asset_code, asset_scale, debits_may_exceed_credits, opened_at_ms, debits_pending, credits_pending) values
      ('acct_s', 'subscriber[alice]', 'subscriber', 'EUR', 9, false, 1, 0, 0), ('acct_p', 'publisher[bob]', 'publisher', 'EUR', 9, false, 1, 0, 0),
      ('acct_l', 'link[receiver]@wallet', 'link', 'EUR', 9, true, 1, 0, 50), ('acct_r', 'link[wallet]@receiver', 'link', 'EUR', 9, true, 1, 0, 0), ('acct_x', 'loss@wallet', 'loss', 'EUR', 9, true, 1, 50, 0);
    insert into ledger.sending_streams (id, total, held, posted_at_ms, send_until_ms, debit_account_id, credit_account_id) values ('strm_old', 30, 50, 1, 9000000000000, 'acct_x', 'acct_l');
    insert into ledger.sending_details (id, loss_account_id, connection, rate, destination, encrypted_secret, receiver_is_ours, owner_id, label, sequence_ceiling, opened_at_ms)
      values ('strm_old', 'acct_x', sha256('c'), 1, 'test.r.c', 'sealed', true, 'ownr_1', '{"payer":"a","payee":"b"}', 100, 1);
    insert into ledger.receiving_streams (connection, total, highest_sequence, seen, total_max, posted_at_ms, closes_at_ms, debit_account_id, credit_account_id) values (sha256('c'), 30, 3, 3, 1000, 1, 9000000000000, 'acct_r', 'acct_p')`)
  await migrate(postgres, [ledgerMigrations])
  await using ledger = await Ledger.open({ postgres, clock: systemClock })
  expect((await ledger.verify()).problems).toEqual([])
  await ledger.sending.book('strm_old', 1, 30n)
  await ledger.sending.close('strm_old', 1, 'done')
  expect(await ledger.balance('acct_p')).toMatchObject({ posted: 30n, accrued: 0n })
  expect((await ledger.verify()).problems).toEqual([])
})
