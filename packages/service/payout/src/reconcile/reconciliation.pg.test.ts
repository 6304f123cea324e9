import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { BankStore } from '../sepa/bank-store.ts'
import { camt, type CamtLine, cent, eur, type House, maraIban, openHouse } from '../test-house.ts'
import { ProviderStore } from './provider-store.ts'
import { ReconciliationService } from './reconciliation.ts'

let house: House
let service: ReconciliationService
const dayMs = 86_400_000
const alphabetic = (one: string, other: string): number => (one < other ? -1 : 1)

async function open(): Promise<void> {
  house = await openHouse()
  service = new ReconciliationService({
    ledger: house.ledger, payouts: house.store, bank: new BankStore(house.postgres), providers: new ProviderStore(house.postgres), clock: house.clock, asset: eur, settling: [{ name: 'cards', withinMs: 7 * dayMs }],
  })
  await house.payouts.setMethod(house.mara, { destination: { rail: 'sepa', name: 'Mara', iban: maraIban }, schedule: 'none', threshold: 0n })
  await house.earn(100_000n * cent)
}
beforeEach(open)
afterEach(() => house[Symbol.asyncDispose]())

async function sent(count: number) {
  const ids = []
  for (let index = 0; index < count; index += 1) ids.push((await house.request(BigInt(500 + index) * cent)).payout.id)
  await house.bank.batch('olivia')
  return Promise.all(ids.map((id) => house.store.get(id)))
}
const net = (index: number): string => ((475 + index) / 100).toFixed(2)

describe('clearing accounts', () => {
  test('hold what is open and name what is late', async () => {
    const [payout] = await sent(1)
    expect((await service.run()).clearing).toMatchObject([{ name: 'payout[sepa]', balance: 500n * cent, unexplained: 0n, late: [] }])
    house.clock.jump(5 * dayMs + 1)
    expect(await service.run()).toMatchObject({ ok: false, clearing: [{ late: [{ reference: payout?.payout.id, waitsFor: 'sent', amount: 500n * cent }] }] })
    await house.bank.take(camt([{ amount: net(0), sign: 'DBIT', payout }]), 'olivia')
    expect((await service.run()).clearing).toMatchObject([{ name: 'payout[sepa]', balance: 0n, items: [], late: [] }])
  })

  test('with money that nothing explains are told apart', async () => {
    await sent(1)
    const [clearing, loss] = [await house.ledger.accountByName('payout[sepa]'), await house.ledger.openAccount({ name: 'loss@payout', kind: 'loss', asset: eur, debitsMayExceedCredits: true })]
    await house.ledger.transfer({ key: 'by hand', debitAccountId: loss.id, creditAccountId: clearing?.id ?? loss.id, amount: 3n, reason: 'correction' })
    expect(await service.run()).toMatchObject({ ok: false, clearing: [{ unexplained: 3n }] })
  })

  test('of a provider that has not paid us in its time name the charges that wait', async () => {
    const cards = await house.ledger.openAccount({ name: 'psp[cards]', kind: 'psp', asset: eur, debitsMayExceedCredits: true })
    const bank = await house.ledger.openAccount({ name: 'bank[sepa]', kind: 'bank', asset: eur, debitsMayExceedCredits: true })
    const charge = (key: string, amount: bigint) => house.ledger.transfer({ key: `fund:${key}`, debitAccountId: cards.id, creditAccountId: house.mara.accountId, amount, reason: 'subscription' })
    await charge('one', 10n)
    house.clock.jump(4 * dayMs)
    await charge('two', 20n)
    house.clock.jump(4 * dayMs)
    expect((await service.run()).clearing).toMatchObject([{ name: 'psp[cards]', balance: 30n, unexplained: 0n, late: [{ reference: 'fund:one', amount: 10n }] }])
    await house.ledger.transfer({ key: 'settlement:cards/po_1', debitAccountId: bank.id, creditAccountId: cards.id, amount: 10n, reason: 'provider-settlement' })
    expect((await service.run()).clearing).toMatchObject([{ balance: 20n, late: [] }])
  })
})

describe('three ways', () => {
  test('books, provider and bank agree when each line has its others', async () => {
    const cards = await house.ledger.openAccount({ name: 'psp[cards]', kind: 'psp', asset: eur, debitsMayExceedCredits: true })
    await house.ledger.transfer({ key: 'fund:c1', debitAccountId: cards.id, creditAccountId: house.mara.accountId, amount: 900n * cent, reason: 'subscription' })
    const fees = await house.ledger.openAccount({ name: 'fee.subscription', kind: 'fee', asset: eur, debitsMayExceedCredits: false })
    await house.ledger.transfer({ key: 'fee:c1', debitAccountId: cards.id, creditAccountId: fees.id, amount: 100n * cent, reason: 'subscription-fee' })
    const [taken] = await house.bank.take(camt([{ amount: '10.00', sign: 'CRDT', endToEndId: 'CARDS' }, { amount: '0.20', sign: 'DBIT', endToEndId: 'FEE' }]), 'olivia')
    if (taken === undefined) throw new Error('no statement')
    expect((await service.run()).comparisons[0]?.findings.map(({ kind }) => kind)).toEqual(['missing-in-books', 'missing-in-books'])
    await service.explain({ statementId: taken.id, number: 1 }, { as: 'provider-settlement', provider: 'cards', reference: 'po_1' })
    await service.explain({ statementId: taken.id, number: 2 }, { as: 'bank-fee' })
    await expect(service.explain({ statementId: taken.id, number: 2 }, { as: 'own-funds' })).rejects.toMatchObject({ code: 'statement-invalid' })
    const atMs = house.clock.nowMs()
    const statement = { provider: 'cards', name: 'november', fromMs: 0, toMs: Date.parse('2026-11-21T23:00:00Z'), lines: [{ kind: 'charge', reference: 'c1', amount: 1_000n * cent, atMs }, { kind: 'settlement', reference: 'po_1', amount: -1_000n * cent, atMs }] } as const
    await service.takeProvider(statement, 'olivia')
    await service.takeProvider(statement, 'olivia')
    await expect(service.takeProvider({ ...statement, lines: [] }, 'olivia')).rejects.toMatchObject({ code: 'statement-invalid' })
    expect((await service.run()).comparisons).toMatchObject([
      { between: ['books', 'bank'], lines: 2, findings: [] },
      { between: ['books', 'cards'], lines: 2, findings: [] },
      { between: ['cards', 'bank'], lines: 1, findings: [] },
    ])
    expect(await house.rows()).toEqual([
      `psp[cards] -> publisher[mara] ${900n * cent} subscription`,
      `psp[cards] -> fee.subscription ${100n * cent} subscription-fee`,
      `bank[sepa] -> psp[cards] ${1_000n * cent} provider-settlement`,
      `cost[sepa] -> bank[sepa] ${20n * cent} bank-fee`,
    ])
  })

  test('a statement that is missing between two others is found', async () => {
    await house.bank.take(camt([], { id: 'S-1', opening: 10_000n }), 'olivia')
    house.clock.jump(1_000)
    await house.bank.take(camt([], { id: 'S-2', opening: 10_000n }), 'olivia')
    expect((await service.run()).comparisons[0]?.findings).toEqual([])
    house.clock.jump(1_000)
    await house.bank.take(camt([], { id: 'S-3', opening: 9_000n }), 'olivia')
    expect((await service.run()).comparisons[0]?.findings).toMatchObject([{ kind: 'missing-in-statement', booked: 10_000n * cent, stated: 9_000n * cent }])
  })

  test('lines of the bank that are left out, doubled, altered or strange are all found, and no other', async () => {
    await house[Symbol.asyncDispose]()
    await fc.assert(
      fc.asyncProperty(fc.array(fc.constantFrom('fine', 'fine', 'doubled', 'altered', 'missing'), { minLength: 3, maxLength: 6 }), async (fates) => {
        await open()
        const records = await sent(fates.length)
        // What is missing in the statement must be in the books: the bank had booked it, and took it out of a later version of the statement.
        const lines = fates.flatMap((fate, index): CamtLine[] => {
          const line = { amount: fate === 'altered' ? '4.00' : net(index), sign: 'DBIT' as const, payout: records[index] }
          return fate === 'missing' ? [] : fate === 'doubled' ? [line, line] : [line]
        })
        for (const [index, fate] of fates.entries()) {
          if (fate !== 'missing' || records[index] === undefined) continue
          await house.payouts.decide(records[index].payout.id, { type: 'settled' }, { kind: 'rail', id: 'sepa' })
        }
        await house.bank.take(camt([...lines, { amount: '1.23', sign: 'CRDT', endToEndId: 'STRANGE' }]), 'olivia')
        const { comparisons, ok } = await service.run()
        const expected = fates.flatMap((fate, index) => {
          const id = records[index]?.payout.id ?? ''
          return fate === 'fine' ? [] : [fate === 'altered' ? `${id} altered` : `payout:${id}/1/settle ${fate}-in-statement`]
        })
        expect(ok).toBe(false)
        expect(comparisons[0]?.findings.filter(({ reference }) => !reference.startsWith('line ')).map(({ reference, kind }) => `${reference} ${kind}`).toSorted(alphabetic)).toEqual(expected.toSorted(alphabetic))
        expect(comparisons[0]?.findings.filter(({ reference }) => reference.startsWith('line '))).toHaveLength(1)
        await house[Symbol.asyncDispose]()
      }),
      { numRuns: 5 },
    )
    await open()
  })

  test('lines of a provider that are left out, doubled, altered or strange are all found, and no other', async () => {
    await house[Symbol.asyncDispose]()
    await fc.assert(
      fc.asyncProperty(fc.array(fc.constantFrom('fine', 'fine', 'doubled', 'altered', 'missing'), { minLength: 3, maxLength: 8 }), async (fates) => {
        await open()
        const cards = await house.ledger.openAccount({ name: 'psp[cards]', kind: 'psp', asset: eur, debitsMayExceedCredits: true })
        const amountOf = (index: number): bigint => BigInt(100 + index) * cent
        for (const index of fates.keys()) await house.ledger.transfer({ key: `fund:c${index}`, debitAccountId: cards.id, creditAccountId: house.mara.accountId, amount: amountOf(index), reason: 'subscription' })
        const atMs = house.clock.nowMs()
        const lines = fates.flatMap((fate, index) => {
          const line = { kind: 'charge' as const, reference: `c${index}`, amount: fate === 'altered' ? amountOf(index) - 1n : amountOf(index), atMs }
          return fate === 'missing' ? [] : fate === 'doubled' ? [line, line] : [line]
        })
        await service.takeProvider({ provider: 'cards', name: 'november', fromMs: 0, toMs: atMs + 1, lines: [...lines, { kind: 'charge', reference: 'strange', amount: 7n, atMs }] }, 'olivia')
        const { comparisons, ok } = await service.run()
        const found = comparisons.find(({ between }) => between[1] === 'cards')?.findings ?? []
        const expected = [...fates.flatMap((fate, index) => (fate === 'fine' ? [] : [`c${index} ${fate === 'altered' ? fate : `${fate}-in-statement`}`])), 'strange missing-in-books']
        expect(found.map(({ reference, kind }) => `${reference.replace(/^.*[:/ ]/, '')} ${kind}`).toSorted(alphabetic)).toEqual(expected.toSorted(alphabetic))
        expect(ok).toBe(false)
        await house[Symbol.asyncDispose]()
      }),
      { numRuns: 5 },
    )
    await open()
  })
})

describe('what waits', () => {
  const minuteMs = 60_000
  test.each([
    ['for an approval', 6_000n, false, 3 * dayMs],
    ['for its file', 500n, false, 2 * dayMs],
    ['for the bank', 500n, true, 5 * dayMs],
  ])('%s is late after its time, not a moment before', async (_name, cents, inFile, afterMs) => {
    const { payout } = await house.request(cents * cent)
    if (inFile) await house.bank.batch('olivia')
    house.clock.jump(afterMs - minuteMs)
    expect((await service.run()).clearing.flatMap(({ late }) => late)).toEqual([])
    house.clock.jump(2 * minuteMs)
    expect((await service.run()).clearing.flatMap(({ late }) => late)).toMatchObject([{ reference: payout.id, amount: cents * cent }])
  })
})
