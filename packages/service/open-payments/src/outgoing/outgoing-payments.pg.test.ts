import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ErrorCode, encodeAmountTooLarge, reject } from '@rivulet/ilp'
import { newId } from '@rivulet/ids'
import { rowsOf } from '@rivulet/ledger/testing'
import { unreachable, client, eur, TestHouse } from '../test-house.ts'
import type { HeldPayment } from './outgoing-payments.ts'

const budget = 1_000_000_000n
const nothing = { debit: undefined, receive: undefined }
const debitLimit = (value: bigint) => ({ debit: { value, asset: eur }, receive: undefined })
const grantId = 'grnt_00000000000000000000000001'
const euros = (value: bigint) => ({ value, asset: eur })

async function verified(house: TestHouse): Promise<void> {
  await house.ledger.postDue()
  expect((await house.ledger.verify()).problems).toEqual([])
}

describe('a receiver of ours', () => {
  let house: TestHouse
  beforeEach(async () => {
    house = await TestHouse.open({ budget })
  })
  afterEach(() => house[Symbol.asyncDispose]())

  test('a fixed send arrives whole, in one packet, and what it took is what the grant has spent', async () => {
    const process = house.open()
    const held = await process.payments.create(house.request({ incomingPayment: house.receivable(), debitAmount: euros(12_345_678n) }, { metadata: { source: 'Web Monetization', 'nul ': '\0' } }))
    expect(held.payment).toMatchObject({ debit: 12_345_678n, send: 12_345_678n, receive: 12_345_678n, sent: 0n, state: 'sending' })
    expect(held.spending).toMatchObject({ debit: 12_345_678n, receive: 12_345_678n })
    expect(await house.balances()).toMatchObject({ pending: 12_345_678n, publisher: 0n })
    expect(house.packets).toBe(0)
    held.start()
    expect(await house.ended(process, held)).toMatchObject({ state: 'completed', sent: 12_345_678n, metadata: { source: 'Web Monetization', 'nul ': '\0' } })
    expect(house.packets).toBe(1)
    expect(await house.balances()).toEqual({ alice: budget - 12_345_678n, pending: 0n, publisher: 12_345_678n, fees: 0n })
    await verified(house)
  })

  test('from the account of whom the operator has frozen nothing is paid or held, until that is taken back', async () => {
    const process = house.open()
    const request = house.request({ incomingPayment: house.receivable(), debitAmount: euros(1_000n) })
    house.frozen.add(house.alice.ledgerAccountId)
    await expect(process.payments.create(request)).rejects.toMatchObject({ code: 'unauthorized', cause: { code: 'person-frozen' } })
    expect(await house.balances()).toMatchObject({ alice: budget, pending: 0n })
    house.frozen.clear()
    const held = await process.payments.create(request)
    held.start()
    expect(await house.ended(process, held)).toMatchObject({ state: 'completed', sent: 1_000n })
    await verified(house)
  })

  test('while the operator has stopped everything nothing new is paid or held, in his words; what is under way ends, and afterwards all goes on', async () => {
    const process = house.open()
    const request = house.request({ incomingPayment: house.receivable(), debitAmount: euros(1_000n) })
    const before = await process.payments.create(request)
    house.stopped = 'a leak at the bank'
    await expect(process.payments.create(request)).rejects.toMatchObject({ code: 'payments-stopped', message: 'the operator has stopped all payments (a leak at the bank): nothing was paid, try again later' })
    expect(await house.balances()).toMatchObject({ pending: 1_000n, publisher: 0n })
    before.start()
    expect(await house.ended(process, before)).toMatchObject({ state: 'completed', sent: 1_000n })
    expect(await house.balances()).toEqual({ alice: budget - 1_000n, pending: 0n, publisher: 1_000n, fees: 0n })
    house.stopped = undefined
    const after = await process.payments.create(request)
    after.start()
    expect(await house.ended(process, after)).toMatchObject({ state: 'completed', sent: 1_000n })
    await verified(house)
  })

  test('one incoming payment is paid many times at once', async () => {
    const process = house.open()
    const incomingPayment = house.receivable()
    const all = await Promise.all(Array.from({ length: 40 }, () => process.payments.create(house.request({ incomingPayment, debitAmount: euros(1_000n) }))))
    for (const held of all) held.start()
    for (const held of all) expect(await house.ended(process, held)).toMatchObject({ state: 'completed', sent: 1_000n })
    expect(await house.balances()).toMatchObject({ alice: budget - 40_000n, publisher: 40_000n })
    await verified(house)
  })

  test('the fee is the difference between debit and what arrives, is posted with the payment, and is not taken of one that fails', async () => {
    const process = house.open({ fee: { fixed: 100n, basisPoints: 25n } })
    const quote = await process.quotes.create({ walletAddress: house.alice, client, receiver: house.receivable(), debitAmount: euros(1_000_000n), receiveAmount: undefined })
    expect(quote).toMatchObject({ debit: 1_000_000n, send: 997_400n, receive: 997_400n })
    const held = await process.payments.create(house.request({ quoteId: quote.id }))
    held.start()
    expect(await house.ended(process, held)).toMatchObject({ state: 'completed', sent: 1_000_000n, quoteId: quote.id })
    expect(await house.balances()).toEqual({ alice: budget - 1_000_000n, pending: 0n, publisher: 997_400n, fees: 2_600n })
    expect(await rowsOf(house)).toEqual(['link[wallet]@receiver -> publisher[bob] 997400 stream', 'subscriber[alice] -> link[receiver]@wallet 997400 stream', 'subscriber[alice] -> fee.streaming 2600 fee'])
    house.before = unreachable
    const failing = await process.payments.create(house.request({ incomingPayment: house.receivable(), debitAmount: euros(1_000_000n) }))
    failing.start()
    expect(await house.ended(process, failing)).toMatchObject({ state: 'failed', sent: 0n, failure: expect.stringContaining('F02') as string })
    expect(await house.balances()).toEqual({ alice: budget - 1_000_000n, pending: 0n, publisher: 997_400n, fees: 2_600n })
    expect(await process.payments.spending(grantId, 0)).toMatchObject({ debit: 1_000_000n, receive: 997_400n })
    await verified(house)
  })

  test('a payment that stops half way is failed with what was sent counted, and the rest goes back to the account and the grant', async () => {
    const process = house.open()
    let packets = 0
    house.before = ({ amount }) => {
      if (amount > 1_000n) return reject(ErrorCode.amountTooLarge, 'test.hop', '', encodeAmountTooLarge({ receivedAmount: amount, maximumAmount: 1_000n }))
      packets += 1
      return packets > 3 ? unreachable() : undefined
    }
    const held = await process.payments.create(house.request({ incomingPayment: house.receivable(), debitAmount: euros(10_000n) }, { limits: debitLimit(10_000n) }))
    held.start()
    expect(await house.ended(process, held)).toMatchObject({ state: 'failed', sent: 3_000n })
    expect(await house.balances()).toMatchObject({ alice: budget - 3_000n, pending: 0n, publisher: 3_000n })
    expect(await process.payments.spending(grantId, 0)).toMatchObject({ debit: 3_000n, receive: 3_000n })
    await verified(house)
  })

  test('a quote makes one payment, of its own client and wallet address, while it lives and its receiver is there', async () => {
    const process = house.open()
    const receiver = house.receivable()
    const quote = await process.quotes.create({ walletAddress: house.alice, client, receiver, debitAmount: undefined, receiveAmount: euros(5_000n) })
    await expect(process.payments.create(house.request({ quoteId: quote.id }, { client: 'https://other.example/app' }))).rejects.toMatchObject({ code: 'quote-invalid', message: 'invalid quote' })
    await expect(process.payments.create(house.request({ quoteId: newId('quot', 0) }))).rejects.toMatchObject({ code: 'quote-invalid' })
    await expect(process.payments.create(house.request({ quoteId: quote.id }, { walletAddress: { ...house.alice, id: newId('wadr', 0) } }))).rejects.toMatchObject({ code: 'quote-invalid' })
    const gone = house.incoming.get(receiver)
    if (gone !== undefined) gone.gone = true
    await expect(process.payments.create(house.request({ quoteId: quote.id }))).rejects.toMatchObject({ code: 'receiver-invalid', message: 'invalid receiver' })
    if (gone !== undefined) gone.gone = false
    const tries = await Promise.allSettled(Array.from({ length: 10 }, () => process.payments.create(house.request({ quoteId: quote.id }))))
    const made = tries.filter((one): one is PromiseFulfilledResult<HeldPayment> => one.status === 'fulfilled').map(({ value }) => value)
    expect(made).toHaveLength(1)
    expect(tries.flatMap((one) => (one.status === 'rejected' ? [(one.reason as { code: string }).code] : []))).toEqual(Array.from({ length: 9 }, () => 'quote-invalid'))
    // What is taken back frees its quote.
    await made[0]?.cancel()
    const again = await process.payments.create(house.request({ quoteId: quote.id }))
    again.start()
    expect(await house.ended(process, again)).toMatchObject({ state: 'completed', sent: 5_000n })
    const late = await process.quotes.create({ walletAddress: house.alice, client, receiver, debitAmount: euros(1n), receiveAmount: undefined })
    house.clock.aheadMs = 300_001
    await expect(process.payments.create(house.request({ quoteId: late.id }))).rejects.toMatchObject({ code: 'quote-invalid' })
  })

  test('a grant allows its limit in each interval to the unit, only in its asset and to its receiver; what is cancelled comes back', async () => {
    const process = house.open()
    const pay = (value: bigint, changes: Parameters<TestHouse['request']>[1]) => process.payments.create(house.request({ incomingPayment: house.receivable(), debitAmount: euros(value) }, changes))
    const unauthorized = { code: 'unauthorized', message: 'unauthorized' }
    const first = await pay(600n, { limits: debitLimit(1_000n), intervalStartMs: 1_000 })
    await expect(pay(401n, { limits: debitLimit(1_000n), intervalStartMs: 1_000 })).rejects.toMatchObject(unauthorized)
    await pay(400n, { limits: debitLimit(1_000n), intervalStartMs: 1_000 })
    await pay(1_000n, { limits: debitLimit(1_000n), intervalStartMs: 2_000 })
    await first.cancel()
    expect(await process.payments.spending(grantId, 1_000)).toMatchObject({ debit: 400n, receive: 400n })
    await pay(600n, { limits: debitLimit(1_000n), intervalStartMs: 1_000 })
    await expect(pay(1n, { limits: { debit: { value: 10n, asset: { code: 'EUR', scale: 2 } }, receive: undefined }, intervalStartMs: 3_000 })).rejects.toMatchObject(unauthorized)
    await expect(pay(11n, { limits: { debit: undefined, receive: euros(10n) }, intervalStartMs: 3_000 })).rejects.toMatchObject(unauthorized)
    await expect(pay(10n, { limits: { debit: undefined, receive: { value: 10n, asset: { code: 'USD', scale: 9 } } }, intervalStartMs: 3_000 })).rejects.toMatchObject(unauthorized)
    await expect(pay(1n, { receiverOnly: 'https://receiver.example/incoming-payments/another' })).rejects.toMatchObject(unauthorized)
    expect(await house.postgres.pool.query('select from open_payments.outgoing_payment')).toMatchObject({ rowCount: 3 })
    expect(await house.balances()).toMatchObject({ pending: 2_000n, alice: budget })
  })

  test('200 spenders at once, in two processes, exceed neither grant nor balance', async () => {
    const processes = [house.open(), house.open()]
    const incomingPayment = house.receivable()
    const spend = async (value: bigint, changes: Parameters<TestHouse['request']>[1]) => {
      const tries = await Promise.allSettled(Array.from({ length: 200 }, async (_, index) => {
        const held = await (processes[index % 2] ?? processes[0])?.payments.create(house.request({ incomingPayment, debitAmount: euros(value) }, changes))
        held?.start()
        return held
      }))
      const made = tries.flatMap((one, index) => (one.status === 'fulfilled' && one.value !== undefined ? [{ held: one.value, index }] : []))
      for (const { held, index } of made) expect(await house.ended(processes[index % 2] ?? house.open(), held)).toMatchObject({ state: 'completed', sent: value })
      expect(tries.flatMap((one) => (one.status === 'rejected' ? [(one.reason as Error).message] : [])).every((message) => message === 'unauthorized')).toBe(true)
      return made.length
    }
    expect(await spend(1_000n, { limits: debitLimit(57_999n) })).toBe(57)
    expect(await processes[0]?.payments.spending(grantId, 0)).toMatchObject({ debit: 57_000n })
    const left = budget - 57_000n
    const part = left / 20n + 1n
    expect(await spend(part, { grantId: 'grnt_00000000000000000000000002', limits: nothing })).toBe(19)
    expect(await processes[0]?.payments.spending('grnt_00000000000000000000000002', 0)).toMatchObject({ debit: 19n * part })
    expect(await house.balances()).toMatchObject({ alice: left - 19n * part, pending: 0n, publisher: 57_000n + 19n * part })
    await verified(house)
  }, 120_000)

  test('whatever a process had in hand when it was killed, each payment ends completed or failed, with what the receiver has counted, and nothing is sent again', async () => {
    const dying = house.open()
    const create = (value: bigint) => dying.payments.create(house.request({ incomingPayment: house.receivable(), debitAmount: euros(value) }, { limits: debitLimit(100_000n) }))
    const held = await create(1_000n)
    house.losesAnswers = true
    const lost = await create(2_000n)
    lost.start()
    for (;;) if ((await house.balances()).publisher === 2_000n) break
    house.before = () => 'lost'
    const never = await create(4_000n)
    never.start()
    dying.die()
    // Its row was written, its hold was not: one that died in between.
    const bare = newId('outp', house.clock.nowMs())
    await house.postgres.pool.query(`insert into open_payments.outgoing_payment select sent, ended_ms, state, $1, wallet_address_id, wallet_address, ledger_account_id, client, grant_id, interval_start_ms, null,
      receiver, debit, send, asset_code, asset_scale, receive, receive_asset_code, receive_asset_scale, deliver, metadata, failure, created_ms from open_payments.outgoing_payment where id = $2`, [bare, held.payment.id])
    await house.postgres.pool.query('update open_payments.grant_spending set debit = debit + 1000, receive = receive + 1000')
    house.before = undefined
    house.losesAnswers = false
    const packets = house.packets
    const heir = house.open()
    expect(await heir.payments.recover()).toBe(0)
    house.clock.aheadMs = 70_000
    await house.postgres.pool.query('update ledger.sending_streams set send_until_ms = send_until_ms - 70000')
    await house.settleDoubts()
    expect(await heir.payments.recover()).toBe(4)
    const states = await Promise.all([held.payment.id, lost.payment.id, never.payment.id, bare].map((id) => heir.payments.get(id)))
    expect(states.map((payment) => [payment?.state, payment?.sent])).toEqual([['failed', 0n], ['completed', 2_000n], ['failed', 0n], ['failed', 0n]])
    expect(house.packets).toBe(packets)
    expect(await house.balances()).toEqual({ alice: budget - 2_000n, pending: 0n, publisher: 2_000n, fees: 0n })
    expect(await heir.payments.spending(grantId, 0)).toMatchObject({ debit: 2_000n, receive: 2_000n })
    expect(await heir.payments.recover()).toBe(0)
    await verified(house)
  })

  test('lists are newest first, go on behind a cursor and back before it, and hold only what the client may see', async () => {
    const process = house.open()
    const ids: string[] = []
    for (let index = 0; index < 5; index += 1) {
      const held = await process.payments.create(house.request({ incomingPayment: house.receivable(), debitAmount: euros(1n) }, { client: index === 2 ? 'https://other.example/app' : client }))
      held.start()
      ids.unshift((await house.ended(process, held)).id)
    }
    const list = async (filter: { client?: string; cursor?: string | undefined; limit: number; backwards: boolean }) =>
      (await process.payments.list({ walletAddressId: house.alice.id, client: undefined, cursor: undefined, ...filter } as Parameters<typeof process.payments.list>[0])).map(({ id }) => id)
    const ordered = ids.toSorted().toReversed()
    expect(await list({ limit: 10, backwards: false })).toEqual(ordered)
    expect(await list({ limit: 2, backwards: false, cursor: ordered[1] })).toEqual(ordered.slice(2, 4))
    expect(await list({ limit: 2, backwards: true, cursor: ordered[3] })).toEqual(ordered.slice(1, 3))
    expect(await list({ limit: 2, backwards: false, cursor: ordered[4] })).toEqual([])
    expect(await list({ limit: 10, backwards: false, client })).toHaveLength(4)
  })
})

describe('a receiver elsewhere', () => {
  let house: TestHouse
  beforeEach(async () => {
    house = await TestHouse.open({ budget, receiverIsOurs: false })
  })
  afterEach(() => house[Symbol.asyncDispose]())

  test('its path is probed, a fixed delivery arrives to the unit, and the connection is closed', async () => {
    const process = house.open()
    const quote = await process.quotes.create({ walletAddress: house.alice, client, receiver: house.receivable({ incomingAmount: 70_000n }), debitAmount: undefined, receiveAmount: undefined })
    expect(quote).toMatchObject({ kind: 'deliver', debit: 70_000n, receive: 70_000n })
    const held = await process.payments.create(house.request({ quoteId: quote.id }))
    held.start()
    expect(await house.ended(process, held)).toMatchObject({ state: 'completed', sent: 70_000n })
    expect(await house.balances()).toMatchObject({ alice: budget - 70_000n, pending: 0n, publisher: 70_000n })
  })

  test('the amount of an incoming payment is not exceeded, and without one an amount is needed', async () => {
    const { quotes } = house.open()
    const create = (receiver: string, debit?: bigint, receive?: bigint) =>
      quotes.create({ walletAddress: house.alice, client, receiver, debitAmount: debit === undefined ? undefined : euros(debit), receiveAmount: receive === undefined ? undefined : euros(receive) })
    const capped = house.receivable({ incomingAmount: 1_000n, receivedAmount: 400n })
    await expect(create(capped, 601n)).rejects.toMatchObject({ code: 'amount-invalid' })
    await expect(create(capped, undefined, 601n)).rejects.toMatchObject({ code: 'amount-invalid' })
    expect(await create(capped)).toMatchObject({ receive: 600n })
    await expect(create(house.receivable())).rejects.toMatchObject({ code: 'amount-invalid' })
    await expect(create(house.receivable({ incomingAmount: 5n, receivedAmount: 5n }), 1n)).rejects.toMatchObject({ code: 'receiver-invalid' })
    await expect(create(house.receivable({ expiresAtMs: 1 }), 1n)).rejects.toMatchObject({ code: 'receiver-invalid' })
    await expect(create('https://receiver.example/incoming-payments/none', 1n)).rejects.toMatchObject({ code: 'receiver-invalid', message: 'invalid receiver' })
    house.before = unreachable
    await expect(create(house.receivable(), 1n)).rejects.toMatchObject({ code: 'receiver-invalid', message: 'invalid receiver' })
  })

  test('what is too small to arrive is refused with the least that is not, and that is not refused', async () => {
    const { quotes } = house.open({ fee: { fixed: 7n, basisPoints: 100n } })
    const create = (value: bigint) => quotes.create({ walletAddress: house.alice, client, receiver: house.receivable(), debitAmount: euros(value), receiveAmount: undefined })
    await expect(create(8n)).rejects.toMatchObject({ code: 'amount-too-small', message: 'non-positive receive amount', minSendAmount: { value: '9', assetCode: 'EUR', assetScale: 9 } })
    expect(await create(9n)).toMatchObject({ receive: 1n })
  })
})
