import type { TransferReason } from '@rivulet/ledger'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { BankStore } from '../sepa/bank-store.ts'
import { camt, type CamtLine, cent, eur, type House, maraIban, openHouse } from '../test-house.ts'
import { providerStatementOf } from './provider-csv.ts'
import { ProviderStore } from './provider-store.ts'
import { type Pot, ReconciliationService } from './reconciliation.ts'

let house: House
let service: ReconciliationService
let pots: readonly Pot[]
const dayMs = 86_400_000
const alphabetic = (one: string, other: string): number => (one < other ? -1 : 1)

async function open(): Promise<void> {
  house = await openHouse()
  service = new ReconciliationService({
    ledger: house.ledger, payouts: house.store, bank: new BankStore(house.postgres), providers: new ProviderStore(house.postgres), clock: house.clock, asset: eur, settling: [{ name: 'cards', withinMs: 7 * dayMs }],
    pots: () => Promise.resolve(pots),
  })
  pots = []
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

  test('of a pooled plan hold what was put in until its month is divided, and name the month that is late', async () => {
    const pot = await house.ledger.openAccount({ name: 'pool[plan_a]', kind: 'fee', asset: eur, debitsMayExceedCredits: false })
    const putIn = (key: string, amount: bigint) => house.ledger.transfer({ key, debitAccountId: house.mara.accountId, creditAccountId: pot.id, amount, reason: 'pooling' })
    const endsMs = house.clock.nowMs() + dayMs
    await putIn('share:one/0', 10n)
    house.clock.jump(1)
    await putIn('share:two/0', 20n)
    pots = [{ name: pot.name, months: [{ month: '2026-11', amount: 10n, endsMs, dividing: false }] }]
    // The last one is in no month yet.
    expect((await service.run()).clearing).toMatchObject([{ name: 'pool[plan_a]', balance: 30n, unexplained: 0n, late: [], items: [{ reference: 'pool[plan_a] 2026-11', amount: 10n, waitsFor: 'month' }, { reference: 'share:two/0', amount: 20n, waitsFor: 'entry' }] }])
    house.clock.jump(11 * 60_000)
    expect(await service.run()).toMatchObject({ ok: false, clearing: [{ unexplained: 20n }] })
    pots = [{ name: pot.name, months: [{ month: '2026-11', amount: 30n, endsMs, dividing: false }] }]
    expect(await service.run()).toMatchObject({ ok: true, clearing: [{ unexplained: 0n, late: [] }] })
    house.clock.jump(dayMs + 3_600_000)
    expect(await service.run()).toMatchObject({ ok: false, clearing: [{ late: [{ reference: 'pool[plan_a] 2026-11', amount: 30n }] }] })
    await house.ledger.transfer({ key: 'pool:plan_a/2026-11/mara', debitAccountId: pot.id, creditAccountId: house.mara.accountId, amount: 12n, reason: 'share' })
    pots = [{ name: pot.name, months: [{ month: '2026-11', amount: 30n, endsMs, dividing: true }] }]
    expect((await service.run()).clearing).toMatchObject([{ balance: 18n, unexplained: 0n, items: [{ amount: 18n, waitsFor: 'shares' }] }])
    await house.ledger.transfer({ key: 'pool:plan_a/2026-11/ben', debitAccountId: pot.id, creditAccountId: house.mara.accountId, amount: 18n, reason: 'share' })
    pots = [{ name: pot.name, months: [] }]
    expect(await service.run()).toMatchObject({ ok: true, clearing: [{ balance: 0n, items: [] }] })
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
    const fees = await house.ledger.openAccount({ name: 'fee.subscription', kind: 'fee', asset: eur, debitsMayExceedCredits: true })
    await house.ledger.transfer({ key: 'fee:c1', debitAccountId: cards.id, creditAccountId: fees.id, amount: 100n * cent, reason: 'subscription-fee' })
    const [taken] = await house.bank.take(camt([{ amount: '10.00', sign: 'CRDT', endToEndId: 'CARDS' }, { amount: '0.20', sign: 'DBIT', endToEndId: 'FEE' }, { amount: '7.00', sign: 'CRDT' }, { amount: '2.00', sign: 'DBIT' }]), 'olivia')
    if (taken === undefined) throw new Error('no statement')
    expect((await service.run()).comparisons[0]?.findings.map(({ kind }) => kind)).toEqual(['missing-in-books', 'missing-in-books', 'missing-in-books', 'missing-in-books'])
    await service.explain({ statementId: taken.id, number: 1 }, { as: 'provider-settlement', provider: 'cards', reference: 'po_1' })
    await service.explain({ statementId: taken.id, number: 2 }, { as: 'bank-fee' })
    await service.explain({ statementId: taken.id, number: 3 }, { as: 'own-funds' })
    await service.explain({ statementId: taken.id, number: 4 }, { as: 'own-funds' })
    await expect(service.explain({ statementId: taken.id, number: 2 }, { as: 'own-funds' })).rejects.toMatchObject({ code: 'line-explained' })
    const atMs = house.clock.nowMs()
    const statement = { provider: 'cards', name: 'november', fromMs: 0, toMs: Date.parse('2026-11-21T23:00:00Z'), lines: [{ kind: 'charge', reference: 'c1', amount: 1_000n * cent, atMs }, { kind: 'settlement', reference: 'po_1', amount: -1_000n * cent, atMs }] } as const
    await service.takeProvider(statement, 'olivia')
    await service.takeProvider(statement, 'olivia')
    await expect(service.takeProvider({ ...statement, lines: [] }, 'olivia')).rejects.toMatchObject({ code: 'statement-invalid' })
    expect((await service.run()).comparisons).toMatchObject([
      { between: ['books', 'bank'], lines: 4, findings: [] },
      { between: ['books', 'cards'], lines: 2, findings: [] },
      { between: ['cards', 'bank'], lines: 1, findings: [] },
    ])
    expect(await house.rows()).toEqual([
      `psp[cards] -> publisher[mara] ${900n * cent} subscription`,
      `psp[cards] -> fee.subscription ${100n * cent} subscription-fee`,
      `bank[sepa] -> psp[cards] ${1_000n * cent} provider-settlement`,
      `cost[sepa] -> bank[sepa] ${20n * cent} bank-fee`,
      `bank[sepa] -> operator ${700n * cent} own-funds`,
      `operator -> bank[sepa] ${200n * cent} own-funds`,
    ])
  })

  test('a payout whose return is heard of before it left, and one that is sent again in another file after the bank booked the first whole, agree', async () => {
    const [one, two] = await sent(2)
    const [file] = await house.bank.batches()
    await house.bank.take(camt([{ amount: net(0), sign: 'CRDT', payout: one, returned: 'AC04' }, { amount: '9.51', sign: 'DBIT', endToEndId: file?.id.replace('_', '-') ?? '' }, { amount: net(1), sign: 'CRDT', payout: two, returned: 'AC04' }]), 'olivia')
    for (const record of [one, two]) await house.payouts.decide(record?.payout.id ?? '', { type: 'retry' }, { kind: 'operator', id: 'olivia' })
    await house.bank.batch('olivia')
    const [first, second] = await Promise.all([one, two].map((record) => house.store.get(record?.payout.id ?? '')))
    house.clock.jump(1)
    await house.bank.take(camt([{ amount: net(0), sign: 'DBIT', payout: first }, { amount: net(1), sign: 'DBIT', payout: second }], { id: 'S-2', opening: 100_000n }), 'olivia')
    expect((await service.run()).comparisons[0]?.findings).toEqual([])
  })

  test('a line is booked once, whatever two operators say it is at once, and by whom that was begun who died', async () => {
    await house.ledger.openAccount({ name: 'psp[cards]', kind: 'psp', asset: eur, debitsMayExceedCredits: true })
    const [taken] = await house.bank.take(camt([{ amount: '10.00', sign: 'CRDT', endToEndId: 'A' }, { amount: '7.00', sign: 'CRDT', endToEndId: 'B' }, { amount: '8.00', sign: 'CRDT', endToEndId: 'C' }, { amount: '0.00', sign: 'DBIT', endToEndId: 'D' }]), 'olivia')
    expect(taken?.lines).toHaveLength(3)
    const line = (number: number) => ({ statementId: taken?.id ?? ('stmt_' as const), number })
    const settlement = (reference: string) => ({ as: 'provider-settlement', provider: 'cards', reference }) as const
    const said = await Promise.allSettled([service.explain(line(1), { as: 'own-funds' }), service.explain(line(1), settlement('po_1')), service.explain(line(1), { as: 'bank-fee' })])
    expect(said.filter(({ status }) => status === 'rejected')).toMatchObject([{ reason: { code: 'line-explained' } }, { reason: { code: 'line-explained' } }])
    // Whoever was first.
    const first = (await house.rows()).filter((row) => row.includes('bank[sepa]'))
    expect(first).toEqual([expect.stringContaining(` ${1_000n * cent} `)])
    // Of who dies after it was booked.
    const dying = new ReconciliationService({
      ledger: house.ledger, payouts: house.store, providers: new ProviderStore(house.postgres), clock: house.clock, asset: eur, settling: [],
      bank: Object.assign(new BankStore(house.postgres), { explain: () => Promise.reject(new Error('the process is gone')) }),
    })
    await expect(dying.explain(line(2), { as: 'own-funds' })).rejects.toThrow('gone')
    await expect(service.explain(line(2), settlement('po_2'))).rejects.toMatchObject({ code: 'line-explained' })
    await service.explain(line(2), { as: 'own-funds' })
    // A settlement that another line was already, with another amount.
    await house.ledger.transfer({ key: 'settlement:cards/po_3', debitAccountId: (await house.ledger.accountByName('bank[sepa]'))?.id ?? 'acct_', creditAccountId: (await house.ledger.accountByName('psp[cards]'))?.id ?? 'acct_', amount: 1n, reason: 'provider-settlement' })
    await expect(service.explain(line(3), settlement('po_3'))).rejects.toMatchObject({ code: 'line-differs' })
    await service.explain(line(3), { as: 'own-funds' })
    expect((await house.rows()).filter((row) => row.includes('bank[sepa]')).toSorted()).toEqual([...first, `bank[sepa] -> operator ${700n * cent} own-funds`, `bank[sepa] -> operator ${800n * cent} own-funds`, 'bank[sepa] -> psp[cards] 1 provider-settlement'].toSorted())
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

describe('a provider’s statement as CSV', () => {
  const euros = (cents: bigint): string => `${cents < 0n ? '-' : ''}${(cents < 0n ? -cents : cents) / 100n}.${String((cents < 0n ? -cents : cents) % 100n).padStart(2, '0')}`
  const header = 'balance_transaction_id,created_utc,currency,gross,fee,net,reporting_category,source_id,payment_intent_id,transfer_metadata[payout],transfer_metadata[attempt]'

  /** What a charge can be, in our books and as Stripe writes it. */
  const stories = ['paid', 'refunded', 'disputed', 'won'] as const
  const take = (text: string) =>
    providerStatementOf({ provider: 'stripe', name: 'november', text, asset: eur, fromDay: '2026-11-20', toDay: '2026-11-20', chargeKeyOf: (_provider, reference) => Promise.resolve(reference.startsWith('pi_') && reference !== 'pi_strange' ? `c${reference.slice(3)}` : undefined) })

  test('of Stripe’s is compared line by line: missing, doubled, altered and strange lines are all found, and no other', async () => {
    await house[Symbol.asyncDispose]()
    const line = fc.record({ story: fc.constantFrom(...stories), fate: fc.constantFrom('fine', 'fine', 'fine', 'doubled', 'altered', 'missing'), cents: fc.bigInt(100n, 9_999n) })
    await fc.assert(
      fc.asyncProperty(fc.array(line, { minLength: 3, maxLength: 7 }), async (charges) => {
        await open()
        const account = (name: string, kind: 'psp' | 'fee') => house.ledger.openAccount({ name, kind, asset: eur, debitsMayExceedCredits: true })
        const [psp, cost, sub, vat] = [await account('psp[stripe]', 'psp'), await account('cost[stripe]', 'fee'), await account('fee.subscription', 'fee'), await account('vat', 'fee')]
        const book = (key: string, from: typeof psp, to: typeof psp, cents: bigint) => house.ledger.transfer({ key, debitAccountId: from.id, creditAccountId: to.id, amount: cents * cent, reason: key.replace(/:.*/, '') as TransferReason })
        const written: string[] = []
        const expected: string[] = ['charge pi_strange missing-in-books']
        for (const [index, { story, fate, cents }] of charges.entries()) {
          await book(`fund:c${index}`, psp, sub, cents - 20n)
          await book(`vat:c${index}`, psp, vat, 20n)
          await book(`cost:c${index}`, cost, psp, 33n)
          if (story === 'refunded') for (const [part, from] of [['', sub], ['-vat', vat]] as const) await book(`refund${part}:c${index}`, from, psp, part === '' ? cents - 20n : 20n)
          if (story === 'disputed' || story === 'won') {
            for (const [part, from] of [['', sub], ['-vat', vat]] as const) await book(`dispute${part}:c${index}`, from, psp, part === '' ? cents - 20n : 20n)
            await book(`dispute-cost:c${index}#1`, cost, psp, 1_500n)
          }
          if (story === 'won') {
            for (const [part, to] of [['', sub], ['-vat', vat]] as const) await book(`dispute-won${part}:c${index}`, psp, to, part === '' ? cents - 20n : 20n)
            await book(`dispute-cost:c${index}#2`, psp, cost, 1_500n)
          }
          const row = (category: string, gross: bigint, fee: bigint): string => `txn_${index},2026-11-20 12:00:01,eur,${euros(gross)},${euros(fee)},${euros(gross - fee)},${category},src_${index},pi_${index},,`
          const rows = [row('charge', cents, 33n), ...(story === 'refunded' ? [row('refund', -cents, 0n)] : []), ...(story === 'disputed' || story === 'won' ? [row('dispute', -cents, 1_500n)] : []), ...(story === 'won' ? [row('dispute_reversal', cents, -1_500n)] : [])]
          // What happens to the last line of its story.
          const last = rows.pop() ?? ''
          const [kind, feeKind] = { paid: ['charge', 'fee'], refunded: ['refund', ''], disputed: ['dispute', 'dispute-cost'], won: ['dispute-won', 'dispute-cost'] }[story] as [string, string]
          const gross = story === 'paid' || story === 'won' ? cents : -cents
          const fee = story === 'paid' ? 33n : story === 'disputed' ? 1_500n : story === 'won' ? -1_500n : 0n
          const category = { paid: 'charge', refunded: 'refund', disputed: 'dispute', won: 'dispute_reversal' }[story]
          written.push(...rows, ...(fate === 'missing' ? [] : fate === 'doubled' ? [last, last] : fate === 'altered' ? [row(category, gross + 1n, fee)] : [last]))
          if (fate === 'altered') expected.push(`${kind} c${index} altered`)
          if (fate === 'missing' || fate === 'doubled') expected.push(`${kind} c${index} ${fate}-in-statement`, ...(feeKind === '' ? [] : [`${feeKind} c${index} ${fate}-in-statement`]))
        }
        const text = [header, ...written, 'txn_x,2026-11-20 12:00:02,eur,7.00,0.00,7.00,charge,ch_x,pi_strange,,'].join('\n')
        await service.takeProvider(await take(text), 'olivia')
        const found = (await service.run()).comparisons.find(({ between }) => between[1] === 'stripe')?.findings ?? []
        expect(found.map(({ reference, kind }) => `${reference} ${kind}`).toSorted(alphabetic)).toEqual(expected.toSorted(alphabetic))
        await house[Symbol.asyncDispose]()
      }),
      { numRuns: 6 },
    )
    await open()
  })

  test('brings together what Stripe says, what the books say and what the bank says, also of payouts that came back', async () => {
    const psp = await house.ledger.openAccount({ name: 'psp[stripe]', kind: 'psp', asset: eur, debitsMayExceedCredits: true })
    const bank = await house.ledger.openAccount({ name: 'bank[sepa]', kind: 'bank', asset: eur, debitsMayExceedCredits: true })
    const book = (key: string, from: typeof psp, to: Pick<typeof psp, 'id'>, cents: bigint) => house.ledger.transfer({ key, debitAccountId: from.id, creditAccountId: to.id, amount: cents * cent, reason: 'correction' })
    await book('fund:c1', psp, { id: house.mara.accountId }, 5_000n)
    await book('payout:pout_x/1/settle', bank, psp, 975n)
    await book('payout:pout_x/1/unsettle', psp, bank, 975n)
    await book('settlement:stripe/po_1', bank, psp, 5_000n)
    const text = [
      header, 'txn_1,2026-11-20 12:00:00,eur,50.00,0.00,50.00,charge,ch_1,pi_1,,', 'txn_2,2026-11-20 12:00:00,eur,-9.75,0.00,-9.75,transfer,tr_1,,pout_x,1', 'txn_3,2026-11-20 12:00:00,eur,9.75,0.00,9.75,transfer_reversal,trr_1,,pout_x,1',
      'txn_4,2026-11-20 12:00:00,eur,-50.00,0.00,-50.00,payout,po_1,,,',
    ].join('\n')
    await service.takeProvider(await take(text), 'olivia')
    expect((await service.run()).comparisons).toMatchObject([{ between: ['books', 'bank'] }, { between: ['books', 'stripe'], lines: 4, findings: [] }])
    await expect(service.takeProvider(await take(text.replace('50.00,0.00', '51.00,0.00')), 'olivia')).rejects.toMatchObject({ code: 'statement-invalid' })
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
