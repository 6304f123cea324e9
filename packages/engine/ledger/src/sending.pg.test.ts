import { expect, test } from 'vitest'
import { systemClock } from '@rivulet/time'
import { TestClock } from '@rivulet/time/testing'
import type { Id } from '@rivulet/ids'
import { connectionOf, rowsOf, creditTo, newOwner, streamOf, testBooks } from './testing.ts'

test('a stream holds money when it opens, accrues inside the hold, and posts and releases when it closes', async () => {
  await using books = await testBooks({ funds: 1_000n })
  const { ledger, subscriber, walletLink } = books
  const spec = streamOf(books)
  const { ownerEpoch } = await ledger.sending.open(spec)
  expect(await ledger.balance(subscriber.id)).toMatchObject({ posted: 1_000n, pending: 600n, accrued: 0n })
  await ledger.receiving.credit(creditTo(books, { amount: 250n }))
  await ledger.sending.book(spec.id, ownerEpoch, 250n)
  expect(await ledger.balance(subscriber.id)).toMatchObject({ posted: 1_000n, pending: 600n, accrued: -250n })
  expect(await ledger.verify()).toMatchObject({ ok: true, streamsOpen: 1 })
  await ledger.sending.close(spec.id, ownerEpoch, 'hidden')
  await ledger.sending.close(spec.id, ownerEpoch, 'hidden')
  expect(await ledger.balance(subscriber.id)).toMatchObject({ posted: 750n, pending: 0n, accrued: 0n })
  expect(await ledger.account(walletLink.id)).toMatchObject({ creditsPosted: 250n, creditsPending: 0n })
  expect(await ledger.sending.get(spec.id)).toMatchObject({ state: 'closed', total: 250n, posted: 250n, closeReason: 'hidden' })
  expect(await ledger.verify()).toMatchObject({ ok: true, streamsOpen: 0, problems: [] })
})

test('opening is idempotent, and one hold too many is refused with nothing changed', async () => {
  await using books = await testBooks({ funds: 1_000n })
  const spec = streamOf(books)
  const [one, again] = await Promise.all([books.ledger.sending.open(spec), books.ledger.sending.open(spec)])
  expect(one).toEqual(again)
  await expect(books.ledger.sending.open(streamOf(books))).rejects.toMatchObject({ code: 'funds-insufficient' })
  await expect(books.ledger.sending.open({ ...spec, ownerId: newOwner() })).rejects.toMatchObject({ code: 'key-reused' })
  expect(await books.ledger.balance(books.subscriber.id)).toMatchObject({ pending: 600n })
  expect(await books.ledger.sending.list({ states: ['open', 'in-doubt'], limit: 10 })).toHaveLength(1)
})

test('extending raises hold, ceiling and time, never lowers them, and is refused whole when money is missing', async () => {
  await using books = await testBooks({ funds: 1_000n })
  const spec = streamOf(books)
  await books.ledger.sending.open(spec)
  const lease = { held: 900n, sequenceCeiling: 2_000, sendUntilMs: spec.sendUntilMs + 1_000 }
  await books.ledger.sending.extend(spec.id, 1, lease)
  await books.ledger.sending.extend(spec.id, 1, { held: 1n, sequenceCeiling: 1, sendUntilMs: 1 })
  await expect(books.ledger.sending.extend(spec.id, 1, { ...lease, held: 1_001n, sequenceCeiling: 9_000 })).rejects.toMatchObject({ code: 'funds-insufficient' })
  expect(await books.ledger.sending.get(spec.id)).toMatchObject(lease)
  expect(await books.ledger.balance(books.subscriber.id)).toMatchObject({ pending: 900n })
  await expect(books.ledger.sending.extend(spec.id, 2, lease)).rejects.toMatchObject({ code: 'owner-fenced' })
  await expect(books.ledger.sending.extend('strm_00000000000000000000000000', 1, lease)).rejects.toMatchObject({ code: 'stream-unknown' })
})

test('renewals that are more than a batch are written in the order in which they came, and keep out neither each other nor what is written meanwhile', async () => {
  await using books = await testBooks({ funds: 10_000n })
  const { ledger, subscriber, psp } = books
  const specs = Array.from({ length: 3_000 }, (_, index) => streamOf(books, { held: 1n, connection: connectionOf(`c${index}`) }))
  await Promise.all(specs.map((spec) => ledger.sending.open(spec)))
  const order: string[] = []
  const renew = (from: number, to: number, round: string): Promise<unknown> => Promise.all(specs.slice(from, to).map((spec) => ledger.sending.extend(spec.id, 1, { ...spec, held: 2n }).then(() => order.push(round))))
  const deposit = (key: string): Promise<unknown> => ledger.transfer({ key, debitAccountId: psp.id, creditAccountId: subscriber.id, amount: 1n, reason: 'deposit' }).then(() => order.push(key))
  const first = [renew(0, 2_500, 'first'), deposit('starts')]
  // A batch is on its way by then: these come for the next one.
  await new Promise((resolve) => setImmediate(() => setImmediate(resolve)))
  await Promise.all([...first, renew(500, 3_000, 'second'), deposit('meanwhile')])
  expect(order).toHaveLength(5_002)
  expect(order.lastIndexOf('first')).toBeLessThan(order.indexOf('second'))
  expect(order.slice(order.indexOf('meanwhile')).filter((what) => what === 'second').length).toBeGreaterThan(100)
  expect(await ledger.verify()).toMatchObject({ ok: true, streamsOpen: 3_000 })
})

test('renewals that come one after the other share a transaction, and come before what is written after them', async () => {
  const clock = new TestClock()
  await using books = await testBooks({ funds: 10_000n, clock })
  const { ledger, postgres } = books
  const specs = [1, 2, 3, 4].map(() => streamOf(books))
  for (const spec of specs) await ledger.sending.open(spec)
  const renewals: Promise<void>[] = []
  for (const spec of specs) {
    renewals.push(ledger.sending.extend(spec.id, 1, { ...spec, held: 700n }))
    await clock.advance(10)
  }
  await clock.advance(250)
  await Promise.all(renewals)
  const { rows } = await postgres.pool.query('select count(distinct xmin::text)::int4 as transactions, count(*)::int4 as streams from ledger.sending_streams where held = 700')
  expect(rows).toEqual([{ transactions: 1, streams: 4 }])
  const [first] = specs
  if (first === undefined) throw new Error('no stream')
  const renewed = ledger.sending.extend(first.id, 1, { ...first, held: 800n })
  await ledger.sending.close(first.id, 1, 'hidden')
  await renewed
  expect(await ledger.sending.get(first.id)).toMatchObject({ state: 'closed', held: 800n })
})

test('totals only grow, whatever order bookings arrive in', async () => {
  await using books = await testBooks()
  const spec = streamOf(books)
  await books.ledger.sending.open(spec)
  await Promise.all([30n, 10n, 20n].map((total) => books.ledger.sending.book(spec.id, 1, total)))
  await books.ledger.sending.book(spec.id, 1, 25n)
  expect(await books.ledger.sending.get(spec.id)).toMatchObject({ total: 30n })
})

test('what is paid beyond the hold, or after the end, is booked as a loss and somebody is told', async () => {
  const alerts: object[] = []
  await using books = await testBooks({ log: { warn: () => undefined, error: (about) => void alerts.push(about) } })
  const foreign = { destination: 'test.elsewhere', encryptedSecret: Buffer.alloc(0), receiverIsOurs: false }
  const spec = streamOf(books, { resume: foreign })
  await books.ledger.sending.open(spec)
  await books.ledger.sending.book(spec.id, 1, 650n)
  await books.ledger.sending.book(spec.id, 1, 640n)
  await books.ledger.sending.book(spec.id, 1, 670n)
  expect(await books.ledger.sending.get(spec.id)).toMatchObject({ total: 600n, excess: 70n })
  await books.ledger.sending.close(spec.id, 1, 'spent')
  await books.ledger.sending.book(spec.id, 1, 675n)
  expect(await books.ledger.balance(books.loss.id)).toMatchObject({ posted: -75n })
  expect(await rowsOf(books)).toEqual([
    'loss@wallet -> link[receiver]@wallet 50 stream-excess', 'loss@wallet -> link[receiver]@wallet 20 stream-excess', 'subscriber[alice] -> link[receiver]@wallet 600 stream', 'loss@wallet -> link[receiver]@wallet 5 stream-excess',
  ])
  expect(await books.ledger.balance(books.subscriber.id)).toMatchObject({ posted: 1_000_000n - 600n, pending: 0n })
  expect(alerts).toHaveLength(3)
  expect(await books.ledger.verify()).toMatchObject({ problems: [{ check: 'links-mirror' }] })
})

test('an open stream is posted after five minutes and goes on', async () => {
  const clock = new TestClock()
  await using books = await testBooks({ clock })
  const spec = streamOf(books, {}, clock.nowMs())
  await books.ledger.sending.open(spec)
  await books.ledger.sending.book(spec.id, 1, 100n)
  await clock.advance(300_000)
  await books.ledger.postDue()
  expect(await books.ledger.balance(books.subscriber.id)).toMatchObject({ posted: 999_900n, pending: 500n, accrued: 0n })
  await books.ledger.sending.book(spec.id, 1, 150n)
  await books.ledger.sending.close(spec.id, 1, 'hidden')
  expect(await books.ledger.balance(books.subscriber.id)).toMatchObject({ posted: 999_850n, pending: 0n })
})

const later = async (clock: TestClock): Promise<void> => clock.advance(65_000)

test('a stream in doubt keeps its hold until it may be taken over, and its old owner is fenced from then on', async () => {
  const clock = new TestClock()
  await using books = await testBooks({ clock })
  const other = await books.open()
  const spec = streamOf(books, {}, clock.nowMs())
  const abandoned = streamOf(books, { connection: connectionOf('b') }, clock.nowMs())
  await books.ledger.sending.open(spec)
  await books.ledger.sending.open(abandoned)
  await books.ledger.sending.leaveInDoubt(spec.id, 1, 'link-lost')
  expect(await books.ledger.verify()).toMatchObject({ ok: true, streamsInDoubt: 1, inDoubt: [spec.id] })
  const owner = newOwner()
  expect(await other.sending.takeOver(owner, 10)).toEqual([])
  await expect(books.ledger.sending.settle(spec.id, 1)).rejects.toMatchObject({ code: 'settle-too-early' })
  await later(clock)
  const [taken, raced] = await Promise.all([other.sending.takeOver(owner, 10), books.ledger.sending.takeOver(newOwner(), 10)])
  expect(new Set([...taken, ...raced].map((stream) => stream.id))).toEqual(new Set<Id<'strm'>>([spec.id, abandoned.id]))
  expect([...taken, ...raced]).toHaveLength(2)
  await expect(books.ledger.sending.book(spec.id, 1, 10n)).rejects.toMatchObject({ code: 'owner-fenced' })
  await expect(books.ledger.sending.close(spec.id, 1, 'late')).rejects.toMatchObject({ code: 'owner-fenced' })
  expect(await other.sending.takeOver(newOwner(), 10)).toEqual([])
  await clock.advance(60_000)
  expect(await other.sending.takeOver(newOwner(), 10)).toHaveLength(2)
})

test('a stream to a receiver of ours is settled with exactly what was credited, and nothing can be credited after', async () => {
  const clock = new TestClock()
  await using books = await testBooks({ clock })
  const spec = streamOf(books, {}, clock.nowMs())
  await books.ledger.sending.open(spec)
  await books.ledger.receiving.credit(creditTo(books, { amount: 70n }, clock.nowMs()))
  await books.ledger.sending.book(spec.id, 1, 40n)
  await books.ledger.sending.leaveInDoubt(spec.id, 1, 'killed')
  await later(clock)
  const [stream] = await books.ledger.sending.takeOver(newOwner(), 1)
  expect(await books.ledger.sending.settle(spec.id, stream!.ownerEpoch)).toMatchObject({ state: 'closed', total: 70n, posted: 70n })
  expect(await books.ledger.balance(books.subscriber.id)).toMatchObject({ posted: 999_930n, pending: 0n })
  await clock.advance(10)
  const late = books.ledger.receiving.credit(creditTo(books, { sequence: 2 }, clock.nowMs()))
  await clock.advance(10)
  expect(await late).toEqual({ applied: false, why: 'connection-closed' })
  expect(await books.ledger.verify()).toMatchObject({ ok: true, problems: [] })
})

test('a connection that never received anything is closed by the settlement too', async () => {
  const clock = new TestClock()
  await using books = await testBooks({ clock })
  const spec = streamOf(books, {}, clock.nowMs())
  await books.ledger.sending.open(spec)
  await later(clock)
  expect(await books.ledger.sending.settle(spec.id, 1)).toMatchObject({ state: 'closed', total: 0n })
  expect(await books.ledger.receiving.credit(creditTo(books, {}, clock.nowMs()))).toEqual({ applied: false, why: 'connection-closed' })
  expect(await books.ledger.balance(books.subscriber.id)).toMatchObject({ posted: 1_000_000n, pending: 0n })
})

test.each([
  ['is believed up to the hold', 450n, 450n],
  ['is limited to what is in doubt', 5_000n, 600n],
  ['means nothing when it is below what is proven', 20n, 40n],
  ['may be missing', undefined, 40n],
])('the word of a foreign receiver %s', async (_name, word, total) => {
  const clock = new TestClock()
  await using books = await testBooks({ clock })
  const spec = streamOf(books, { resume: { destination: 'test.elsewhere', encryptedSecret: Buffer.alloc(0), receiverIsOurs: false } }, clock.nowMs())
  await books.ledger.sending.open(spec)
  await books.ledger.sending.book(spec.id, 1, 40n)
  await books.ledger.sending.leaveInDoubt(spec.id, 1, 'link-lost')
  await later(clock)
  expect(await books.ledger.sending.settle(spec.id, 1, word)).toMatchObject({ state: 'closed', total, excess: 0n })
  expect(await books.ledger.balance(books.subscriber.id)).toMatchObject({ posted: 1_000_000n - total, pending: 0n })
})

test('a valid preimage that arrives late for a stream in doubt is still booked', async () => {
  await using books = await testBooks()
  const spec = streamOf(books, {}, systemClock.nowMs())
  await books.ledger.sending.open(spec)
  await books.ledger.sending.leaveInDoubt(spec.id, 1, 'timeout')
  await books.ledger.sending.book(spec.id, 1, 10n)
  expect(await books.ledger.sending.get(spec.id)).toMatchObject({ state: 'in-doubt', total: 10n })
})

test('closing a stream books what our own receiver was credited, even when its answer never came', async () => {
  await using books = await testBooks()
  const spec = streamOf(books)
  await books.ledger.sending.open(spec)
  await books.ledger.receiving.credit(creditTo(books, { amount: 33n }))
  await books.ledger.sending.close(spec.id, 1, 'hidden')
  expect(await books.ledger.sending.get(spec.id)).toMatchObject({ total: 33n })
  expect(await books.ledger.verify()).toMatchObject({ ok: true })
})

test('holds from many processes at once never exceed what is there', async () => {
  await using books = await testBooks({ funds: 1_000n })
  const processes = [books.ledger, await books.open()]
  const outcomes = await Promise.allSettled(Array.from({ length: 30 }, (_, index) => processes[index % 2]!.sending.open(streamOf(books, { held: 100n, connection: connectionOf(`${index}`) }))))
  expect(outcomes.filter((outcome) => outcome.status === 'fulfilled')).toHaveLength(10)
  expect(await books.ledger.account(books.subscriber.id)).toMatchObject({ debitsPending: 1_000n })
  expect(await books.ledger.verify()).toMatchObject({ ok: true, streamsOpen: 10 })
})

test('closing a connection that never had a packet and a flush that brings its first cannot wait for each other', async () => {
  const warnings: string[] = []
  await using books = await testBooks({ log: { warn: (_about, message) => warnings.push(message), error: () => undefined } })
  const { ledger, postgres, subscriber } = books
  const [empty = connectionOf('a'), paid = connectionOf('b')] = [connectionOf('a'), connectionOf('b')].toSorted((one, other) => Buffer.compare(one, other))
  const streams = [empty, paid].map((connection) => streamOf(books, { connection }))
  for (const stream of streams) await ledger.sending.open(stream)
  await ledger.receiving.credit(creditTo(books, { connection: paid }))
  const waiting = async (): Promise<unknown> => (await postgres.pool.query(`select count(*)::int as count from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`)).rows[0]
  // The journal has locked what exists and waits for an account; then a flush comes that inserts the one row and updates the other.
  const blocker = await postgres.pool.connect()
  await blocker.query('begin')
  await blocker.query('select from ledger.accounts where id = $1 for update', [subscriber.id])
  const closed = Promise.all(streams.map(({ id }) => ledger.sending.close(id, 1, 'hidden')))
  await expect.poll(waiting).toEqual({ count: 1 })
  const credited = Promise.all([ledger.receiving.credit(creditTo(books, { connection: empty })), ledger.receiving.credit(creditTo(books, { connection: paid, sequence: 2 }))])
  await expect.poll(waiting).toEqual({ count: 2 })
  await blocker.query('commit')
  blocker.release()
  await closed
  expect(await credited).toEqual([{ applied: false, why: 'connection-closed' }, { applied: false, why: 'connection-closed' }])
  expect(warnings).toEqual([])
  expect(await ledger.verify()).toMatchObject({ ok: true, problems: [] })
})

test('a connection without a packet is only kept closed by who closed its stream', async () => {
  await using books = await testBooks()
  const { ledger } = books
  const [one, other] = [streamOf(books), streamOf(books, { connection: connectionOf('b') })]
  for (const stream of [one, other]) await ledger.sending.open(stream)
  await Promise.all([ledger.sending.close(one.id, 1, 'hidden'), ledger.sending.extend(other.id, 1, { ...other, held: 700n })])
  expect(await ledger.receiving.credit(creditTo(books))).toEqual({ applied: false, why: 'connection-closed' })
  expect(await ledger.receiving.credit(creditTo(books, { connection: connectionOf('b') }))).toEqual({ applied: true, total: 10n })
})
