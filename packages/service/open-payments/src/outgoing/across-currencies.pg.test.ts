/** A payer in EUR, a receiver elsewhere in USD, and a link between them whose unit is worth a hundred of the receiver's: what is promised arrives, and recovery is right to the unit. */
import { encodeAmountTooLarge, ErrorCode, reject } from '@rivulet/ilp'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { client, eur, eurToLink, TestHouse, usd } from '../test-house.ts'
import type { HeldPayment } from './outgoing-payments.ts'

const budget = 1_000_000_000n
const grantId = 'grnt_00000000000000000000000001'
const dollars = (value: bigint) => ({ value, asset: usd })

let house: TestHouse
beforeEach(async () => {
  house = await TestHouse.open({ budget, crosses: true })
})
afterEach(() => house[Symbol.asyncDispose]())

type Process = ReturnType<TestHouse['open']>

async function delivery({ quotes, payments }: Process, receive: bigint, receiver = house.receivable()): Promise<HeldPayment> {
  const quote = await quotes.create({ walletAddress: house.alice, client, receiver, debitAmount: undefined, receiveAmount: dollars(receive) })
  return payments.create(house.request({ quoteId: quote.id }))
}

/** Units of the link that were booked with what the payment took. */
async function linkUnits(): Promise<bigint> {
  const { rows } = await house.postgres.pool.query<{ units: bigint }>('select sum(link_total)::int8 as units from ledger.sending_streams')
  return rows[0]?.units ?? 0n
}

test('a fixed send leaves whole, and what arrives is at least what was promised', async () => {
  const process = house.open()
  const quote = await process.quotes.create({ walletAddress: house.alice, client, receiver: house.receivable(), debitAmount: { value: 12_345_678n, asset: eur }, receiveAmount: undefined })
  const held = await process.payments.create(house.request({ quoteId: quote.id }))
  held.start()
  expect(await house.ended(process, held)).toMatchObject({ state: 'completed', sent: 12_345_678n })
  const { alice, publisher, pending } = await house.balances()
  expect({ alice, pending }).toEqual({ alice: budget - 12_345_678n, pending: 0n })
  const carried = (12_345_678n * eurToLink.numerator) / eurToLink.denominator
  expect({ publisher, linked: await linkUnits() }).toEqual({ publisher: carried * 100n, linked: carried })
  expect(publisher).toBeGreaterThanOrEqual(quote.receive)
  expect((await house.ledger.verify()).problems).toEqual([])
})

test('a send that is worth less than one unit of the link is too small, and the least that is named can be paid', async () => {
  const process = house.open()
  const create = (value: bigint) => process.quotes.create({ walletAddress: house.alice, client, receiver: house.receivable(), debitAmount: { value, asset: eur }, receiveAmount: undefined })
  await expect(create(79n)).rejects.toMatchObject({ message: 'non-positive receive amount', minSendAmount: { value: '80' } })
  const held = await process.payments.create(house.request({ quoteId: (await create(80n)).id }))
  held.start()
  expect(await house.ended(process, held)).toMatchObject({ state: 'completed', sent: 80n })
  expect(await house.balances()).toMatchObject({ publisher: 100n })
})

test.each([1n, 37n, 100n, 12_345n, 7_000_001n])('a receiver that takes %d units more gets exactly those, for no more than was quoted', async (receive) => {
  const process = house.open()
  const held = await delivery(process, receive, house.receivable({ incomingAmount: receive }))
  held.start()
  const ended = await house.ended(process, held)
  expect(ended).toMatchObject({ state: 'completed', receive })
  expect(ended.sent).toBeLessThanOrEqual(ended.debit)
  expect(await house.balances()).toMatchObject({ alice: budget - ended.sent, pending: 0n, publisher: receive })
  expect(await process.payments.spending(grantId, 0)).toMatchObject({ debit: ended.sent, receive })
  expect((await house.ledger.verify()).problems).toEqual([])
})

test.each([
  ['delivery', 'completed', 'has got everything, though an answer was lost', 'answer-lost', true],
  ['delivery', 'failed', 'has not got the packet that was lost', 'lost', true],
  ['delivery', 'completed', 'has got everything, and does not say so when it is asked', 'answer-lost', false],
  ['send', 'completed', 'has got everything, though an answer was lost', 'answer-lost', true],
  ['send', 'failed', 'has not got the packet that was lost', 'lost', true],
  ['send', 'failed', 'has got everything, and does not say so when it is asked', 'answer-lost', false],
] as const)('a fixed %s whose process dies in doubt is %s when the receiver %s', async (...[kind, state, , fate, says]) => {
  const dying = house.open()
  const receive = 10_000_000n
  const packetMax = 30_000n
  let [packets, carried, lost] = [0, 0n, 0n]
  const send = async () => {
    const quote = await dying.quotes.create({ walletAddress: house.alice, client, receiver: house.receivable(), debitAmount: { value: 12_345_678n, asset: eur }, receiveAmount: undefined })
    return dying.payments.create(house.request({ quoteId: quote.id }))
  }
  const held = kind === 'send' ? await send() : await delivery(dying, receive)
  house.before = ({ amount }) => {
    if (amount > packetMax) return reject(ErrorCode.amountTooLarge, 'test.hop', '', encodeAmountTooLarge({ receivedAmount: amount, maximumAmount: packetMax }))
    packets += 1
    carried += amount
    if (packets !== 3) return undefined
    lost = amount
    return fate
  }
  held.start()
  const booked = async () => (await house.postgres.pool.query<{ total: bigint; link: bigint; delivered: bigint }>('select total, link_total as link, delivered from ledger.sending_streams')).rows[0] ?? { total: 0n, link: 0n, delivered: 0n }
  while (lost === 0n || (await booked()).link !== carried - lost) await house.clock.sleep(5)
  const got = (fate === 'lost' ? carried - lost : carried) * 100n
  while ((await house.balances()).publisher !== got) await house.clock.sleep(5)
  dying.die()
  const before = await booked()
  expect(before.delivered).toBe(before.link * 100n)
  house.before = undefined
  house.answersQuestions = says
  const heir = house.open()
  house.clock.aheadMs = 70_000
  await house.postgres.pool.query('update ledger.sending_streams set send_until_ms = send_until_ms - 70000')
  await house.settleDoubts()
  expect(await heir.payments.recover()).toBe(1)
  // Nothing more arrived, or nobody says so: what was booked. Else what more arrived, at the rate of what was booked; of a fixed send all of it, once all has arrived.
  const more = fate === 'lost' || !says ? 0n : lost
  const paid = kind === 'send' && more > 0n ? held.payment.send : before.total + (more * before.total + before.link - 1n) / before.link
  const ended = await heir.payments.get(held.payment.id)
  expect([ended?.state, ended?.sent]).toEqual([state, paid])
  expect(await house.balances()).toMatchObject({ alice: budget - paid, pending: 0n, publisher: got })
  // What the peer carried, to the unit.
  expect(await linkUnits()).toBe(before.link + more)
  expect(paid).toBeLessThanOrEqual(held.payment.debit)
  expect(await heir.payments.spending(grantId, 0)).toMatchObject({ debit: paid })
  expect((await house.ledger.verify()).problems).toEqual([])
})
