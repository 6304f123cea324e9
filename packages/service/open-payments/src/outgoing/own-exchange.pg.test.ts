/** A payer in EUR and a receiver of ours in USD, over our own link, which counts in neither: what a payer is charged depends on what arrived, and on nothing else. */
import { encodeAmountTooLarge, ErrorCode, reject } from '@rivulet/ilp'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { client, eur, eurToLink, TestHouse, unreachable, usd } from '../test-house.ts'
import type { HeldPayment } from './outgoing-payments.ts'
import type { OutgoingPayment } from './types.ts'

const budget = 1_000_000_000n

let house: TestHouse
beforeEach(async () => {
  house = await TestHouse.open({ budget, crosses: true, receiverIsOurs: true })
})
afterEach(() => house[Symbol.asyncDispose]())

const packetMax = 30_000n
const fee = { fixed: 0n, basisPoints: 10n }
const receive = 10_000_000n
const worthOf = (units: bigint): bigint => (units * eurToLink.numerator) / eurToLink.denominator
/** What arrived costs its share of a fixed send; a fixed delivery pays the rate. */
const costOf = ({ send, deliver }: OutgoingPayment, units: bigint): bigint => {
  const [amount, carried] = deliver === undefined ? [send, worthOf(send)] : [eurToLink.denominator, eurToLink.numerator]
  return (units * amount + carried - 1n) / carried
}

/** Packets of at most 30,000 units of the link; from the `from`th on they fare as told. Tells what has been credited, in units of the link. */
function wire(from: number, fate: 'lost' | 'answer-lost' | 'refused'): { readonly credited: () => bigint; readonly bent: () => number } {
  let [packets, credited, bent] = [0, 0n, 0]
  house.before = ({ amount }) => {
    if (amount > packetMax) return reject(ErrorCode.amountTooLarge, 'test.hop', '', encodeAmountTooLarge({ receivedAmount: amount, maximumAmount: packetMax }))
    packets += 1
    if (packets >= from) bent += 1
    if (packets < from || fate === 'answer-lost') credited += amount
    return packets < from ? undefined : fate === 'refused' ? unreachable() : fate
  }
  return { credited: () => credited, bent: () => bent }
}

const make = async ({ quotes, payments }: ReturnType<TestHouse['open']>, kind: 'send' | 'delivery'): Promise<HeldPayment> => {
  const amounts = kind === 'send' ? { debitAmount: { value: 12_345_678n, asset: eur }, receiveAmount: undefined } : { debitAmount: undefined, receiveAmount: { value: receive, asset: usd } }
  const quote = await quotes.create({ walletAddress: house.alice, client, receiver: house.receivable(), ...amounts })
  return payments.create(house.request({ quoteId: quote.id }))
}

const expectSettled = async (ended: OutgoingPayment, { credited, state }: { readonly credited: bigint; readonly state: 'completed' | 'failed' }): Promise<void> => {
  const charged = state === 'completed' ? ended.debit - ended.send : 0n
  const sent = costOf(ended, credited) + charged
  expect(ended).toMatchObject({ state, sent })
  expect(await house.balances()).toEqual({ alice: budget - sent, pending: 0n, publisher: credited * 100n, fees: charged })
  const { rows } = await house.postgres.pool.query('select link_total, link_posted from ledger.sending_streams')
  expect(rows).toEqual([{ link_total: credited, link_posted: credited }])
  await house.ledger.postDue()
  expect((await house.ledger.verify()).problems).toEqual([])
}

test.each(['send', 'delivery'] as const)('a receiver gets a fixed %s in many packets, and the payer is charged what it carried', async (kind) => {
  const process = house.open({ fee })
  const { credited } = wire(1_000, 'refused')
  const held = await make(process, kind)
  held.start()
  await expectSettled(await house.ended(process, held), { credited: credited(), state: 'completed' })
  expect(credited()).toBe(kind === 'send' ? worthOf(held.payment.send) : receive / 100n)
})

test.each(['send', 'delivery'] as const)('a receiver that refuses the third packet of a fixed %s has got two, and the payer is charged for two', async (kind) => {
  const process = house.open({ fee })
  const { credited } = wire(3, 'refused')
  const held = await make(process, kind)
  held.start()
  const ended = await house.ended(process, held)
  expect(house.packets).toBeGreaterThan(2)
  await expectSettled(ended, { credited: credited(), state: 'failed' })
})

test.each([
  ['send', 1, 'lost', 'has got nothing', 'failed'],
  ['send', 1, 'answer-lost', 'has got the first packet', 'failed'],
  ['delivery', 1, 'answer-lost', 'has got the first packet', 'failed'],
  ['send', 4, 'lost', 'has got three packets', 'failed'],
  ['send', 4, 'answer-lost', 'has got all of it', 'completed'],
  ['delivery', 4, 'answer-lost', 'has got all of it', 'completed'],
] as const)('when the process dies in a fixed %s whose packets from number %d on are %s: who %s is paid for, to the unit, and the payment is %s', async (...[kind, from, fate, , state]) => {
  const dying = house.open({ fee })
  const { credited, bent } = wire(from, fate)
  const held = await make(dying, kind)
  held.start()
  const expected = () => (state === 'completed' ? credited() >= (kind === 'send' ? worthOf(held.payment.send) : receive / 100n) : bent() > 0)
  while (!expected() || (await house.balances()).publisher !== credited() * 100n) await house.clock.sleep(5)
  dying.die()
  house.before = undefined
  const heir = house.open({ fee })
  house.clock.aheadMs = 70_000
  await house.postgres.pool.query('update ledger.sending_streams set send_until_ms = send_until_ms - 70000')
  await house.settleDoubts()
  expect(await heir.payments.recover()).toBe(1)
  const ended = await heir.payments.get(held.payment.id)
  if (ended === undefined) throw new Error('the payment is gone')
  await expectSettled(ended, { credited: credited(), state })
})
