import { Fault } from '@rivulet/faults'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Actor } from './payout.ts'
import type { Payouts } from './payouts.ts'
import type { SendingRail } from './rails/rail.ts'
import { RailRefusal } from './rails/rail.ts'
import { camt, cent, eur, type House, maraIban, openHouse } from './test-house.ts'

let house: House
const olivia: Actor = { kind: 'operator', id: 'olivia' }
const paul: Actor = { kind: 'operator', id: 'paul' }
const toBank = { destination: { rail: 'sepa', name: 'Mara Lindqvist', iban: maraIban }, schedule: 'none', threshold: 0n } as const
const byHand = { destination: { rail: 'manual', instructions: 'cash, at the desk' }, schedule: 'none', threshold: 0n } as const

beforeEach(async () => {
  house = await openHouse()
  await house.payouts.setMethod(house.mara, toBank)
  await house.earn(200_000n * cent)
})

afterEach(() => house[Symbol.asyncDispose]())

test('who says where her payouts go is told so, once for each place and not for another schedule: somebody else may have said it', async () => {
  const told: string[] = []
  const payouts = house.open({ tellMoved: ({ personId, shown }) => Promise.resolve(void told.push(`${personId === house.mara.personId ? 'mara' : personId}: ${shown}`)) })
  await payouts.setMethod(house.mara, { ...toBank, schedule: 'weekly', threshold: 5_000n * cent })
  expect(told).toEqual([])
  for (let again = 0; again < 2; again += 1) await payouts.setMethod(house.mara, { ...toBank, destination: { ...toBank.destination, iban: 'DE89370400440532013000' } })
  await payouts.setMethod(house.mara, byHand)
  expect(told).toEqual(['mara: DE89 •••• 3000', 'mara: cash, at the desk'])
})

describe('money', () => {
  test('is set aside when a payout is requested, leaves when the bank has booked it, and our fee with it', async () => {
    const { payout } = await house.request(1_000n * cent)
    expect([payout.status, await house.posted()]).toEqual(['approved', { 'payout[sepa]': 1_000n * cent, 'psp[sandbox]': -200_000n * cent, 'publisher[mara]': 199_000n * cent }])
    await house.bank.batch('olivia')
    expect((await house.bank.take(camt([{ amount: '9.75', sign: 'DBIT', payout: await house.store.get(payout.id) }]), 'olivia'))[0]?.lines).toMatchObject([{ outcome: 'settled', payoutId: payout.id }])
    expect(await house.rows()).toEqual([
      `publisher[mara] -> payout[sepa] ${1_000n * cent} payout`,
      `payout[sepa] -> bank[sepa] ${975n * cent} payout-settled`,
      `payout[sepa] -> fee.payout ${25n * cent} payout-fee`,
    ])
    expect((await house.store.timelines([payout.id])).get(payout.id)?.map(({ status, actor }) => `${status} ${actor.kind}`)).toEqual(['requested publisher', 'approved rail', 'sent operator', 'settled rail'])
  })

  test('that the bank sends back, before or after, returns to the publisher to the unit', async () => {
    const [early, late] = [await house.request(1_000n * cent), await house.request(2_000n * cent)]
    await house.bank.batch('olivia')
    const [first, second] = [await house.store.get(early.payout.id), await house.store.get(late.payout.id)]
    await house.bank.take(camt([{ amount: '19.75', sign: 'DBIT', payout: second }, { amount: '9.75', sign: 'CRDT', payout: first, returned: 'AC04' }]), 'olivia')
    await house.bank.take(camt([{ amount: '19.75', sign: 'CRDT', payout: second, returned: 'AC04' }], { id: 'S-2' }), 'olivia')
    expect(await house.posted()).toEqual({ 'psp[sandbox]': -200_000n * cent, 'publisher[mara]': 200_000n * cent })
    expect((await house.rows()).slice(2)).toEqual([
      `payout[sepa] -> bank[sepa] ${1_975n * cent} payout-settled`,
      `payout[sepa] -> fee.payout ${25n * cent} payout-fee`,
      `payout[sepa] -> bank[sepa] ${975n * cent} payout-settled`,
      `payout[sepa] -> fee.payout ${25n * cent} payout-fee`,
      `bank[sepa] -> payout[sepa] ${975n * cent} payout-returned`,
      `fee.payout -> payout[sepa] ${25n * cent} payout-fee-returned`,
      `payout[sepa] -> publisher[mara] ${1_000n * cent} payout-return`,
      `bank[sepa] -> payout[sepa] ${1_975n * cent} payout-returned`,
      `fee.payout -> payout[sepa] ${25n * cent} payout-fee-returned`,
      `payout[sepa] -> publisher[mara] ${2_000n * cent} payout-return`,
    ])
    expect(await house.store.get(late.payout.id)).toMatchObject({ payout: { status: 'returned' } })
    expect((await house.store.timelines([late.payout.id])).get(late.payout.id)?.at(-1)).toMatchObject({ status: 'returned', note: 'AC04 account closed' })
  })

  test('that comes back is the publisher’s again, fee and all, also when the operator has taken out what was earned', async () => {
    const { payout } = await house.request(1_000n * cent)
    await house.bank.batch('olivia')
    const sent = await house.store.get(payout.id)
    await house.bank.take(camt([{ amount: '9.75', sign: 'DBIT', payout: sent }]), 'olivia')
    const [fees, operator] = [await house.ledger.accountByName('fee.payout'), await house.ledger.openAccount({ name: 'operator', kind: 'bank', asset: eur, debitsMayExceedCredits: true })]
    await house.ledger.transfer({ key: 'profit', debitAccountId: fees?.id ?? operator.id, creditAccountId: operator.id, amount: 25n * cent, reason: 'correction' })
    await house.bank.take(camt([{ amount: '9.75', sign: 'CRDT', payout: sent, returned: 'AC04' }], { id: 'S-2' }), 'olivia')
    expect([(await house.store.get(payout.id))?.payout.status, (await house.rows()).slice(-3)]).toEqual(['returned', [
      `bank[sepa] -> payout[sepa] ${975n * cent} payout-returned`,
      `fee.payout -> payout[sepa] ${25n * cent} payout-fee-returned`,
      `payout[sepa] -> publisher[mara] ${1_000n * cent} payout-return`,
    ]])
    expect(await house.posted()).toEqual({ 'fee.payout': -25n * cent, operator: 25n * cent, 'psp[sandbox]': -200_000n * cent, 'publisher[mara]': 200_000n * cent })
  })

  test('goes back whole when a payout is cancelled, rejected or failed, and a retry sets it aside again', async () => {
    await house.payouts.setMethod(house.mara, byHand)
    const cancelled = await house.request(300n * cent)
    await house.payouts.decide(cancelled.payout.id, { type: 'cancel' }, { kind: 'publisher', id: house.mara.personId })
    const rejected = await house.request(6_000n * cent)
    await house.payouts.decide(rejected.payout.id, { type: 'reject', reason: 'who is this?' }, olivia)
    const failed = await house.request(400n * cent)
    await house.payouts.decide(failed.payout.id, { type: 'failed', reason: 'nobody came' }, olivia)
    expect(await house.posted()).toEqual({ 'psp[sandbox]': -200_000n * cent, 'publisher[mara]': 200_000n * cent })
    const again = await house.payouts.decide(failed.payout.id, { type: 'retry' }, olivia)
    expect(again.payout).toMatchObject({ status: 'approved', attempt: 2 })
    await house.payouts.decide(failed.payout.id, { type: 'sent', reference: 'envelope 7' }, olivia)
    await house.payouts.decide(failed.payout.id, { type: 'settled' }, olivia)
    expect(await house.posted()).toEqual({ 'bank[manual]': 400n * cent, 'psp[sandbox]': -200_000n * cent, 'publisher[mara]': 199_600n * cent })
  })
})

describe('a request', () => {
  test('of the same key is one payout, also when ten ask at once; with another amount it is refused', async () => {
    const asked = await Promise.all(Array.from({ length: 10 }, (_, index) => (index % 2 === 0 ? house.payouts : house.open()).request({ payee: house.mara, amount: 500n * cent, key: 'one-key-only', by: { kind: 'publisher', id: 'mara' } })))
    expect(new Set(asked.map(({ payout }) => payout.id)).size).toBe(1)
    expect((await house.posted())['payout[sepa]']).toBe(500n * cent)
    await expect(house.request(600n * cent, 'one-key-only')).rejects.toMatchObject({ code: 'key-reused' })
  })

  test.each([
    ['nothing', 0n, 'amount-invalid'],
    ['less than nothing', -1_000n * cent, 'amount-invalid'],
    ['parts of cents', 500n * cent + 1n, 'amount-invalid'],
    ['more than there is', 200_001n * cent, 'funds-insufficient'],
    ['more than counters hold', 2n ** 62n - (2n ** 62n % cent), 'amount-too-large'],
  ])('of %s is refused, and nothing moves', async (_name, amount, code) => {
    await expect(house.request(amount)).rejects.toMatchObject({ code })
    expect(await house.rows()).toEqual([])
  })

  test('in another currency, or without a destination, is refused', async () => {
    await expect(house.payouts.quote({ ...house.mara, asset: { code: 'USD', scale: 9 } }, 500n * cent)).rejects.toMatchObject({ code: 'asset-unsupported' })
    await expect(house.payouts.quote({ ...house.mara, accountId: 'acct_nobody' }, 500n * cent)).rejects.toMatchObject({ code: 'method-missing' })
  })

  test('above the limits waits for one operator, or for two who are not the same', async () => {
    const [one, two] = [await house.request(6_000n * cent), await house.request(100_001n * cent)]
    expect([one.payout, two.payout]).toMatchObject([{ status: 'awaiting-approval', approvalsNeeded: 1 }, { status: 'awaiting-approval', approvalsNeeded: 2 }])
    await house.payouts.decide(two.payout.id, { type: 'approve', by: olivia.id }, olivia)
    await expect(house.payouts.decide(two.payout.id, { type: 'approve', by: olivia.id }, olivia)).rejects.toMatchObject({ code: 'approver-same' })
    expect((await house.payouts.decide(two.payout.id, { type: 'approve', by: paul.id }, paul)).payout.status).toBe('approved')
  })

  test('above the limits is not approved by two who are one pair of eyes, because one has invited the other lately, or a third has both; afterwards it is', async () => {
    await house.earn(200_000n * cent)
    const eyes = new Map([['nina', 'olivia'], ['nils', 'olivia']])
    const payouts = house.open({ eyes: () => Promise.resolve(eyes) })
    const ask = (key: string, by: Actor) => payouts.request({ payee: house.mara, amount: 100_001n * cent, key, by })
    const approve = (id: string, by: string) => payouts.decide(id, { type: 'approve', by }, { kind: 'operator', id: by })
    const hers = await ask('by-olivia', olivia)
    await expect(approve(hers.payout.id, 'nina')).rejects.toMatchObject({ code: 'approver-bound' })
    const asked = await ask('by-mara', { kind: 'publisher', id: house.mara.personId })
    await approve(asked.payout.id, 'nina')
    for (const bound of ['olivia', 'nils']) await expect(approve(asked.payout.id, bound)).rejects.toMatchObject({ code: 'approver-bound' })
    await expect(approve(asked.payout.id, 'nina')).rejects.toMatchObject({ code: 'approver-same' })
    const [one, other] = [await ask('at-once', { kind: 'publisher', id: house.mara.personId }), house.open({ eyes: () => Promise.resolve(eyes) })]
    const both = await Promise.allSettled([approve(one.payout.id, 'nils'), other.decide(one.payout.id, { type: 'approve', by: 'olivia' }, olivia)])
    expect([both.map(({ status }) => status).toSorted(), (await house.store.get(one.payout.id))?.payout.status]).toEqual([['fulfilled', 'rejected'], 'awaiting-approval'])
    expect((await approve(asked.payout.id, paul.id)).payout.status).toBe('approved')
    eyes.clear()
    expect((await approve(hers.payout.id, 'nina')).payout.status).toBe('approved')
  })

  test('of whom the operator has frozen is not requested, approved, sent or put into a file, and goes on when that is taken back', async () => {
    const [approved, waiting] = [await house.request(500n * cent), await house.request(6_000n * cent)]
    await house.payouts.setMethod(house.mara, { ...toBank, schedule: 'daily', threshold: 100n * cent })
    house.frozen.add(house.mara.personId)
    await expect(house.request(500n * cent)).rejects.toMatchObject({ code: 'person-frozen' })
    await expect(house.payouts.decide(waiting.payout.id, { type: 'approve', by: olivia.id }, olivia)).rejects.toMatchObject({ code: 'person-frozen' })
    await expect(house.bank.batch('olivia')).rejects.toMatchObject({ code: 'batch-empty' })
    house.clock.jump(2 * 86_400_000)
    await house.payouts.work()
    expect(new Map((await house.store.list({ limit: 9 })).map(({ payout }) => [payout.id, payout.status]))).toEqual(new Map([[approved.payout.id, 'approved'], [waiting.payout.id, 'awaiting-approval']]))
    house.frozen.clear()
    expect(await house.bank.batch('olivia')).toMatchObject({ payouts: 1 })
    await house.payouts.work()
    expect((await house.store.list({ limit: 9 }))[0]).toMatchObject({ payout: { requestedBy: { kind: 'schedule' } } })
  })

  test('what an operator decides is written down in the same transaction, and stays', async () => {
    const { payout } = await house.request(6_000n * cent)
    const action = { operator: olivia.id, name: 'payout.approve', subject: payout.id }
    await house.payouts.decide(payout.id, { type: 'approve', by: olivia.id }, olivia, action)
    await expect(house.payouts.decide(payout.id, { type: 'settled' }, olivia, { ...action, name: 'payout.settled' })).rejects.toMatchObject({ code: 'payout-state' })
    await house.bank.batch('olivia', { operator: 'olivia', name: 'payout-batch.make', subject: 'sepa' })
    const { rows } = await house.postgres.pool.query('select name, result, detail from audit.actions order by name desc')
    expect(rows).toMatchObject([{ name: 'payout.approve', result: 'done' }, { name: 'payout-batch.make', result: 'done', detail: { payouts: '1' } }])
    for (const change of ["update audit.actions set operator = 'nobody'", 'delete from audit.actions', 'truncate audit.actions']) await expect(house.postgres.pool.query(change)).rejects.toThrow('is never changed')
  })

  test('comes by itself when the schedule is due and the threshold is reached, once for each date', async () => {
    await house.payouts.setMethod(house.mara, { ...toBank, schedule: 'weekly', threshold: 150_000n * cent })
    const other = house.open()
    house.clock.jump(2 * 86_400_000)
    await Promise.all([house.payouts.work(), other.work()])
    expect(await house.store.list({ limit: 9 })).toEqual([])
    // 2026-11-23 is a Monday.
    house.clock.jump(86_400_000)
    await Promise.all([house.payouts.work(), other.work()])
    await house.payouts.work()
    expect(await house.store.list({ limit: 9 })).toMatchObject([{ payout: { amount: 200_000n * cent, requestedBy: { kind: 'schedule' } } }])
    await house.earn(149_999n * cent)
    house.clock.jump(7 * 86_400_000)
    await house.payouts.work()
    expect(await house.store.list({ limit: 9 })).toHaveLength(1)
  })
})

describe('the limits', () => {
  const dayMs = 86_400_000
  const needed = async (amount: bigint): Promise<number> => (await house.request(amount)).payout.approvalsNeeded
  const quoted = async (amount: bigint): Promise<number> => (await house.payouts.quote(house.mara, amount)).approvalsNeeded

  test('count what an account asks for within 24 hours, as the quote says before', async () => {
    const said: number[][] = []
    for (const amount of [2_000n, 3_000n, 100n, 94_900n, 100n]) said.push([await quoted(amount * cent), await needed(amount * cent)])
    expect(said).toEqual([[0, 0], [0, 0], [1, 1], [1, 1], [2, 2]])
  })

  test('hold when an account asks by several processes at once', async () => {
    const ask = async (index: number) => house.open().request({ payee: house.mara, amount: 2_000n * cent, key: `at-once-${index}`, by: { kind: 'publisher', id: house.mara.personId } })
    const asked = await Promise.all([1, 2, 3, 4].map(ask))
    expect(asked.filter(({ payout }) => payout.approvalsNeeded === 0)).toHaveLength(2)
  })

  test('count each payout once, and none that was cancelled', async () => {
    const { payout } = await house.request(4_000n * cent, 'asked-twice')
    await house.request(4_000n * cent, 'asked-twice')
    expect([await quoted(1_000n * cent), await quoted(1_001n * cent)]).toEqual([0, 1])
    await house.payouts.decide(payout.id, { type: 'cancel' }, { kind: 'publisher', id: house.mara.personId })
    expect(await needed(5_000n * cent)).toBe(0)
  })

  test('begin anew after 24 hours', async () => {
    await house.request(5_000n * cent)
    house.clock.jump(dayMs - 1)
    expect(await quoted(100n * cent)).toBe(1)
    house.clock.jump(1)
    expect([await quoted(5_000n * cent), await needed(5_000n * cent)]).toEqual([0, 0])
  })

  test('count what failed again when it is tried again, from then on, once', async () => {
    await house.payouts.setMethod(house.mara, byHand)
    const fail = async (amount: bigint): Promise<string> => {
      const { payout } = await house.request(amount)
      expect(payout.approvalsNeeded).toBe(0)
      await house.payouts.decide(payout.id, { type: 'failed', reason: 'nobody came' }, olivia)
      return payout.id
    }
    const [one, other] = [await fail(4_000n * cent), await fail(4_000n * cent)]
    house.clock.jump(2 * dayMs)
    const again = (id: string) => house.open().decide(id, { type: 'retry' }, { kind: 'publisher', id: house.mara.personId })
    expect((await Promise.all([again(one), again(other)])).filter(({ payout }) => payout.approvalsNeeded === 0)).toHaveLength(1)
    await house.payouts.decide(other, { type: 'cancel' }, { kind: 'publisher', id: house.mara.personId })
    expect([await quoted(1_000n * cent), await quoted(1_001n * cent)]).toEqual([0, 1])
  })

  test('count what arrived of a payout that failed', async () => {
    const partly: SendingRail = { ...rememberingRail(), name: 'interledger', check: () => Promise.resolve({ status: 'failed', reason: 'closed on the way', carried: 3_000n * cent }) }
    const payouts = house.open({}, partly)
    await payouts.setMethod(house.mara, { destination: { rail: 'interledger', walletAddress: 'https://closing.test/mara' }, schedule: 'none', threshold: 0n })
    const ask = (amount: bigint, key: string) => payouts.request({ payee: house.mara, amount, key, by: { kind: 'publisher', id: house.mara.personId } })
    const { payout } = await ask(4_000n * cent, 'arrives-partly')
    // The rail moves it by itself.
    expect([payout.status, payout.carried]).toEqual(['failed', 3_000n * cent])
    expect([await quoted(2_000n * cent), await quoted(2_001n * cent)]).toEqual([0, 1])
  })

  test('hold for what is paid out by itself, which does not count the day before though that was late', async () => {
    await house.payouts.decide((await house.request(190_000n * cent)).payout.id, { type: 'reject', reason: 'not now' }, olivia)
    await house.request(195_000n * cent)
    await house.payouts.setMethod(house.mara, { ...toBank, schedule: 'daily', threshold: 100n * cent })
    const scheduled = async (): Promise<readonly unknown[]> => {
      await house.payouts.work()
      const [newest] = await house.store.list({ limit: 1 })
      return [newest?.payout.requestedBy.kind, newest?.payout.amount, newest?.payout.approvalsNeeded]
    }
    house.clock.jump(18 * 3_600_000 + 60_000)
    expect(await scheduled()).toEqual(['schedule', 5_000n * cent, 2])
    await house.earn(5_000n * cent)
    house.clock.jump(dayMs - 60_000)
    expect(await scheduled()).toEqual(['schedule', 5_000n * cent, 0])
  })
})

describe('a file for the bank', () => {
  test('holds each payout once, whoever asks at the same time, and is the same each time it is fetched', async () => {
    for (let count = 0; count < 5; count += 1) await house.request(500n * cent)
    const other = house.openBank(house.open())
    const [one, two] = await Promise.allSettled([house.bank.batch('olivia'), other.batch('paul')])
    const files = (await house.bank.batches()).map(({ payouts }) => payouts)
    expect([files, [one.status, two.status].toSorted()]).toEqual([[5], ['fulfilled', 'rejected']])
    const id = (await house.bank.batches())[0]?.id ?? ''
    expect((await house.bank.file(id)).equals(await other.file(id))).toBe(true)
    expect((await house.bank.file(id)).toString()).toContain('<NbOfTxs>5</NbOfTxs>')
    await expect(house.bank.batch('olivia')).rejects.toMatchObject({ code: 'batch-empty' })
  })

  test('booked by the bank in one line settles all of it, or none', async () => {
    await house.request(500n * cent)
    await house.request(700n * cent)
    const { id } = await house.bank.batch('olivia')
    const endToEndId = id.replace('_', '-')
    expect((await house.bank.take(camt([{ amount: '11.00', sign: 'DBIT', endToEndId }]), 'olivia'))[0]?.lines).toMatchObject([{ outcome: 'altered' }])
    await house.bank.take(camt([{ amount: '11.50', sign: 'DBIT', endToEndId }], { id: 'S-2' }), 'olivia')
    expect((await house.store.list({ limit: 9 })).map(({ payout }) => payout.status)).toEqual(['settled', 'settled'])
    // One comes back, and is sent again in another file: what the first one held stays.
    const last = (await house.store.list({ limit: 2 })).find(({ payout }) => payout.amount === 700n * cent)
    await house.bank.take(camt([{ amount: '6.75', sign: 'CRDT', payout: last, returned: 'AC04' }], { id: 'S-3' }), 'olivia')
    await house.payouts.decide(last?.payout.id ?? '', { type: 'retry' }, olivia)
    await house.bank.batch('olivia')
    expect(new Map((await house.store.ofBatch(id)).map(({ payout, attempt }) => [payout.attempt, attempt]))).toEqual(new Map([[1, 1], [2, 1]]))
  })
})

describe('the bank’s statement', () => {
  test('names what is unknown, doubled and altered, and moves nothing for it', async () => {
    const [one, two] = [await house.request(500n * cent), await house.request(700n * cent)]
    await house.bank.batch('olivia')
    const before = await house.rows()
    const [first, second] = [await house.store.get(one.payout.id), await house.store.get(two.payout.id)]
    const taken = await house.bank.take(
      camt([
        { amount: '3.00', sign: 'DBIT', endToEndId: 'BANK-FEES' },
        { amount: '6.74', sign: 'DBIT', payout: second },
        { amount: '4.75', sign: 'DBIT', payout: first, bankReference: 'R-1' },
        { amount: '4.75', sign: 'DBIT', payout: first, bankReference: 'R-1' },
        { amount: '4.75', sign: 'DBIT', payout: first, bankReference: 'R-2' },
      ]),
      'olivia',
    )
    expect(taken[0]?.lines.map(({ outcome }) => outcome)).toEqual(['unknown', 'altered', 'settled', 'doubled', 'doubled'])
    expect((await house.rows()).length - before.length).toBe(2)
  })

  test('whose lines all carry the same word for no reference settles each of them', async () => {
    const payouts = [await house.request(500n * cent), await house.request(500n * cent), await house.request(700n * cent)]
    await house.bank.batch('olivia')
    const lines = await Promise.all(payouts.map(async ({ payout }, index) => ({ amount: index < 2 ? '4.75' : '6.75', sign: 'DBIT' as const, payout: await house.store.get(payout.id), bankReference: index < 2 ? 'NONREF' : 'B-7' })))
    const shared = { ...lines[1], amount: '0.20', sign: 'DBIT' as const, payout: undefined, endToEndId: 'FEE', bankReference: 'B-7' }
    expect((await house.bank.take(camt([...lines, shared]), 'olivia'))[0]?.lines.map(({ outcome }) => outcome)).toEqual(['settled', 'settled', 'settled', 'unknown'])
  })

  test('that comes late, after one that says a payout came back, finds it has left before, once', async () => {
    const { payout } = await house.request(500n * cent)
    await house.bank.batch('olivia')
    const record = await house.store.get(payout.id)
    await house.bank.take(camt([{ amount: '4.75', sign: 'CRDT', payout: record, returned: 'AC04' }], { id: 'S-2' }), 'olivia')
    // Sent again before the bank's older statement is there.
    await house.payouts.decide(payout.id, { type: 'retry' }, olivia)
    await house.bank.batch('olivia')
    const before = await house.rows()
    const outcomes = (await house.bank.take(camt([{ amount: '4.74', sign: 'DBIT', payout: record }, { amount: '4.75', sign: 'DBIT', payout: record }, { amount: '4.75', sign: 'DBIT', payout: record, bankReference: 'again' }]), 'olivia'))[0]?.lines.map(({ outcome }) => outcome)
    expect(outcomes).toEqual(['altered', 'settled', 'unknown'])
    expect([await house.rows(), (await house.store.get(payout.id))?.payout]).toMatchObject([before, { status: 'sent', attempt: 2 }])
  })

  test('that lost the name of a payout is told it by an operator, and only where amount and state fit', async () => {
    const [one, two] = [await house.request(500n * cent), await house.request(700n * cent)]
    await house.bank.batch('olivia')
    const [statement] = await house.bank.take(camt([{ amount: '4.75', sign: 'DBIT', endToEndId: 'LOST' }, { amount: '6.75', sign: 'DBIT', payout: await house.store.get(two.payout.id) }]), 'olivia')
    const line = { statementId: statement?.id ?? 'stmt_', number: 1 }
    await expect(house.bank.assign(line, two.payout.id)).rejects.toMatchObject({ code: 'line-differs' })
    await expect(house.bank.assign(line, 'pout_nobody')).rejects.toMatchObject({ code: 'payout-unknown' })
    const again = await Promise.allSettled([house.bank.assign(line, one.payout.id), house.openBank(house.open()).assign(line, one.payout.id)])
    expect([again.map(({ status }) => status).toSorted(), (await house.store.get(one.payout.id))?.payout.status]).toEqual([['fulfilled', 'rejected'], 'settled'])
    expect((await house.rows()).filter((row) => row.startsWith('payout[sepa] -> bank[sepa] 4750'))).toHaveLength(1)
    await expect(house.bank.assign(line, one.payout.id)).rejects.toMatchObject({ code: 'line-explained' })
  })

  test('keeps what the bank wrote when it was told its payout: the same statement in another file is the one that was taken, and its booking in another statement is doubled', async () => {
    const { payout } = await house.request(500n * cent)
    await house.bank.batch('olivia')
    const file = camt([{ amount: '4.75', sign: 'DBIT', endToEndId: 'LOST', bankReference: 'R-1' }])
    const [statement] = await house.bank.take(file, 'olivia')
    await house.bank.assign({ statementId: statement?.id ?? 'stmt_', number: 1 }, payout.id)
    const rows = await house.rows()
    const [again] = await house.bank.take(file.replace('M-S-1', 'M-WEEK'), 'olivia')
    expect([again?.id, again?.lines]).toMatchObject([statement?.id, [{ outcome: 'settled', endToEndId: 'LOST', payoutId: payout.id }]])
    const [week] = await house.bank.take(camt([{ amount: '4.75', sign: 'DBIT', endToEndId: 'LOST', bankReference: 'R-1' }], { id: 'S-WEEK' }), 'olivia')
    expect(week?.lines).toMatchObject([{ outcome: 'doubled', note: 'booked-before' }])
    await expect(house.bank.assign({ statementId: week?.id ?? 'stmt_', number: 1 }, payout.id)).rejects.toMatchObject({ code: 'line-differs' })
    expect(await house.rows()).toEqual(rows)
  })

  test('of the days after is needed before an operator may say that the bank has refused a payout; then the money is back, and what the bank books all the same is found', async () => {
    const [one, two, three] = [await house.request(500n * cent), await house.request(700n * cent), await house.request(500n * cent)]
    await house.bank.batch('olivia')
    const [first, second] = [await house.store.get(one.payout.id), await house.store.get(two.payout.id)]
    const refused = (id: string) => house.bank.refused(id, 'the account is closed', olivia)
    await house.bank.take(camt([]), 'olivia')
    await expect(refused(one.payout.id)).rejects.toMatchObject({ code: 'payout-at-bank' })
    // It should leave on Monday the 23rd.
    await house.bank.take(camt([{ amount: '6.74', sign: 'DBIT', payout: second }], { id: 'S-2', day: '2026-11-24' }), 'olivia')
    await expect(refused(two.payout.id)).rejects.toMatchObject({ code: 'payout-at-bank' })
    // A line of this amount that lost its name may be it.
    const nameless = (await house.bank.take(camt([{ amount: '4.75', sign: 'DBIT', endToEndId: 'LOST' }], { id: 'S-4', day: '2026-11-25' }), 'olivia'))[0]
    await expect(refused(one.payout.id)).rejects.toMatchObject({ code: 'payout-at-bank' })
    await house.bank.assign({ statementId: nameless?.id ?? 'stmt_', number: 1 }, three.payout.id)
    expect((await refused(one.payout.id)).payout.status).toBe('failed')
    expect((await house.rows()).at(-1)).toBe(`payout[sepa] -> publisher[mara] ${500n * cent} payout-return`)
    await expect(refused(one.payout.id)).rejects.toMatchObject({ code: 'payout-state' })
    expect((await house.bank.take(camt([{ amount: '4.75', sign: 'DBIT', payout: first }], { id: 'S-3' }), 'olivia'))[0]?.lines).toMatchObject([{ outcome: 'unknown', note: 'payout-failed' }])
  })

  test('is taken once, however often it comes; another content under its name is refused', async () => {
    const { payout } = await house.request(500n * cent)
    await house.bank.batch('olivia')
    const file = camt([{ amount: '4.75', sign: 'DBIT', payout: await house.store.get(payout.id) }])
    const [one, two] = await Promise.all([house.bank.take(file, 'olivia'), house.openBank(house.open()).take(file, 'paul')])
    expect(one[0]?.id).toBe(two[0]?.id)
    await house.bank.take(file, 'olivia')
    expect([(await house.bank.statements()).length, (await house.posted())['bank[sepa]']]).toEqual([1, 475n * cent])
    // In another file, such as that of the week.
    expect((await house.bank.take(file.replace('M-S-1', 'M-WEEK'), 'olivia'))[0]?.id).toBe(one[0]?.id)
    await expect(house.bank.take(file.replace('line 0', 'line x'), 'olivia')).rejects.toMatchObject({ code: 'statement-invalid' })
  })

  test('with a payment that was sent in another currency is taken as the bank has booked it', async () => {
    const file = camt([{ amount: '1.00', sign: 'CRDT' }])
    const dollars = file.replace(/(<TxDtls>.*?)<Amt Ccy="EUR">1.00</s, '$1<Amt Ccy="USD">1.08<')
    expect([dollars === file, (await house.bank.take(dollars, 'olivia'))[0]?.lines]).toMatchObject([false, [{ amount: 100n * cent, outcome: 'unknown' }]])
  })

  test.each([
    ['no XML', 'hello', 'statement-invalid'],
    ['half of one', camt([{ amount: '1.00', sign: 'CRDT' }]).slice(0, 900), 'statement-invalid'],
    ['one with a document type', camt([]).replace('<Document', '<!DOCTYPE x [<!ENTITY a "b">]><Document'), 'statement-invalid'],
    ['another message', camt([]).replace('camt.053.001.08', 'pain.001.001.09'), 'statement-invalid'],
    ['another account’s', camt([], { iban: maraIban }), 'statement-foreign'],
    ['one whose lines do not add up', camt([{ amount: '1.00', sign: 'CRDT' }], { closing: 5n }), 'statement-invalid'],
    ['another currency', camt([{ amount: '1.00', sign: 'CRDT', currency: 'USD' }]), 'statement-invalid'],
    ['a negative amount', camt([{ amount: '-1.00', sign: 'CRDT' }]), 'statement-invalid'],
    ['a transaction that is not its entry', camt([{ amount: '1.00', sign: 'CRDT' }]).replace('<Amt Ccy="EUR">1.00</Amt><CdtDbtInd>CRDT</CdtDbtInd>\n', '<Amt Ccy="EUR">2.00</Amt>').replace('<Amt Ccy="EUR">1.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><RmtInf>', '').replace(/<Amt Ccy="EUR">1.00<\/Amt><CdtDbtInd>CRDT<\/CdtDbtInd>\s*<RmtInf>/, '<Amt Ccy="EUR">2.00</Amt><RmtInf>'), 'statement-invalid'],
  ])('is refused when it is %s, and nothing of it is kept', async (_name, file, code) => {
    await expect(house.bank.take(file, 'olivia')).rejects.toMatchObject({ code })
    expect(await house.bank.statements()).toEqual([])
  })
})

/** A rail that remembers what it sent by reference, as ours do. */
function rememberingRail(): SendingRail & { readonly sent: Map<string, bigint>; fails: number } {
  const sent = new Map<string, bigint>()
  return {
    name: 'stripe', sent, fails: 0,
    prepare: (payout) => Promise.resolve(`${payout.id}/${payout.attempt}`),
    send({ payout, reference }) {
      const known = sent.get(reference)
      sent.set(reference, (known ?? 0n) + (known === undefined ? payout.amount - payout.fee : 0n))
      return Promise.resolve()
    },
    check: ({ reference }) => Promise.resolve(sent.has(reference) ? { status: 'settled', carried: 0n } : { status: 'waiting' }),
  }
}

describe('a process that dies', () => {
  test('at any step leaves a payout that another brings to the same end, and nothing is sent or moved twice', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.record({ after: fc.nat(6), did: fc.boolean() }), { minLength: 1, maxLength: 4 }), async (deaths) => {
        await using own = await openHouse({ stripeAccountOf: () => Promise.resolve('acct_1234567890') })
        const rail = rememberingRail()
        await own.payouts.setMethod(own.mara, { destination: { rail: 'stripe', account: 'acct_1234567890' }, schedule: 'none', threshold: 0n })
        await own.earn(5_000n * cent)
        // Each process does so many things, then its next one fails: done, or not.
        const dying = ({ after, did }: (typeof deaths)[number]): Payouts => {
          let left = after
          const may = async <T>(work: () => Promise<T>): Promise<T> => {
            if (left > 0) {
              left -= 1
              return work()
            }
            if (did) await work()
            throw new Fault('died', 'the process is gone')
          }
          const store = Object.assign(Object.create(own.store) as typeof own.store, {
            change: (...given: Parameters<typeof own.store.change>) => may(() => own.store.change(...given)),
            setReference: (...given: Parameters<typeof own.store.setReference>) => may(() => own.store.setReference(...given)),
            insert: (...given: Parameters<typeof own.store.insert>) => own.store.insert(...given),
            get: (id: string) => own.store.get(id),
            byKey: (...given: Parameters<typeof own.store.byKey>) => own.store.byKey(...given),
            askedSince: (...given: Parameters<typeof own.store.askedSince>) => own.store.askedSince(...given),
            takeEffects: (...given: Parameters<typeof own.store.takeEffects>) => own.store.takeEffects(...given),
            postpone: () => Promise.resolve(),
            dueMethods: () => Promise.resolve([]),
            method: (...given: Parameters<typeof own.store.method>) => own.store.method(...given),
          })
          const ledger = {
            transfer: (...given: Parameters<typeof own.ledger.transfer>) => may(() => own.ledger.transfer(...given)),
            openAccount: (...given: Parameters<typeof own.ledger.openAccount>) => own.ledger.openAccount(...given),
            balance: (...given: Parameters<typeof own.ledger.balance>) => own.ledger.balance(...given),
            account: (...given: Parameters<typeof own.ledger.account>) => own.ledger.account(...given),
          }
          return own.open({ store, ledger }, { ...rail, send: (sending) => may(() => rail.send(sending)) })
        }
        const request = { payee: own.mara, amount: 1_000n * cent, key: 'the-only-key', by: { kind: 'publisher', id: 'mara' } } as const
        for (const death of deaths) {
          await dying(death).request(request).catch(() => undefined)
          own.clock.jump(61_000)
          await dying(death).work()
        }
        const last = own.open({}, rail)
        const { payout } = await last.request(request)
        for (let turn = 0; turn < 20; turn += 1) {
          own.clock.jump(61_000)
          await last.work()
        }
        expect((await own.store.get(payout.id))?.payout.status).toBe('settled')
        expect([...rail.sent.values()]).toEqual([975n * cent])
        expect(await own.rows()).toEqual([
          `publisher[mara] -> payout[stripe] ${1_000n * cent} payout`,
          `payout[stripe] -> psp[stripe] ${975n * cent} payout-settled`,
          `payout[stripe] -> fee.payout ${25n * cent} payout-fee`,
        ])
      }),
      { numRuns: 8 },
    )
  })
})

test('a rail that refuses for good fails the payout with its words, and the money is back', async () => {
  const refusing: SendingRail = { ...rememberingRail(), name: 'interledger', prepare: () => Promise.reject(new RailRefusal('this wallet address takes no payments')) }
  const payouts = house.open({}, refusing)
  await payouts.setMethod(house.mara, { destination: { rail: 'interledger', walletAddress: 'https://closed.test/mara' }, schedule: 'none', threshold: 0n })
  const { payout } = await payouts.request({ payee: house.mara, amount: 1_000_000_007n, key: 'to-a-closed-one', by: { kind: 'publisher', id: 'mara' } })
  expect(payout.status).toBe('failed')
  expect((await house.store.timelines([payout.id])).get(payout.id)?.at(-1)?.note).toBe('this wallet address takes no payments')
  expect(await house.posted()).toEqual({ 'psp[sandbox]': -200_000n * cent, 'publisher[mara]': 200_000n * cent })
})

test('where money goes is sealed in the database', async () => {
  await house.request(500n * cent)
  await house.bank.batch('olivia')
  const { rows } = await house.postgres.pool.query<{ all: string }>(`select (select json_agg(p)::text from payout.payout p) || (select json_agg(m)::text from payout.method m) || (select json_agg(b)::text from payout.batch b) as all`)
  expect(rows[0]?.all).toContain('FR14 •••• 2606')
  for (const written of [maraIban, 'Lindqvist']) for (const text of [written, Buffer.from(written).toString('hex')]) expect(rows[0]?.all).not.toContain(text)
  expect(house.mara.asset).toEqual(eur)
})
