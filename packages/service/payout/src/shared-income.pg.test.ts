import type { WalletAddress } from '@rivulet/accounts'
import { type Id, newId } from '@rivulet/ids'
import type { Ledger } from '@rivulet/ledger'
import { OwnMoney, Splits, type SplitsOptions } from '@rivulet/receiver'
import fc from 'fast-check'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { PayoutsOptions } from './payouts.ts'
import { cent, eur, type House, openHouse } from './test-house.ts'

let house: House
/** Mara's pointer, whose income is shared, and the others'. */
let mara: WalletAddress
let others: readonly WalletAddress[]

beforeEach(async () => {
  house = await openHouse({ terms: freeTerms })
  await house.payouts.setMethod(house.mara, { destination: { rail: 'manual', instructions: 'cash, at the desk' }, schedule: 'none', threshold: 0n })
  mara = addressOf('mara', house.mara.accountId, house.mara.personId)
  others = await Promise.all(['nils', 'ada'].map(async (name) => {
    const account = await house.ledger.openAccount({ name: `publisher[${name}]`, kind: 'publisher', asset: eur, debitsMayExceedCredits: false })
    return addressOf(name, account.id, newId('pers', 0))
  }))
})

afterEach(() => house[Symbol.asyncDispose]())

const none = { fixed: 0n, basisPoints: 0 }
/** Any amount leaves, and nobody has to approve. */
const freeTerms = { asset: eur, minimum: 1n, approvalAbove: 2n ** 61n, fourEyesAbove: 2n ** 61n, patienceMs: 60 * 86_400_000, fees: { manual: none, sepa: none, interledger: none, stripe: none } }

function addressOf(path: string, ledgerAccountId: Id<'acct'>, personId: Id<'pers'>): WalletAddress {
  return { id: newId('wadr', 0), personId, role: 'publisher', path, url: `https://pay.example/${path}`, publicName: path, asset: eur, ledgerAccountId } as WalletAddress
}

/** What happens to money that a process moves: it dies before or after, as far as it can tell. */
type Fate = 'done' | 'dies-before' | 'dies-after'

async function dying<Result>(fate: Fate, work: () => Promise<Result>): Promise<Result> {
  if (fate === 'dies-before') throw new Error('killed')
  const result = await work()
  if (fate === 'dies-after') throw new Error('killed')
  return result
}

function openSplits(fate: Fate = 'done'): Splits {
  const { ledger } = house
  const found = (one: (address: WalletAddress) => boolean): WalletAddress | undefined => [mara, ...others].find(one)
  const accounts: SplitsOptions['accounts'] = {
    walletAddresses: (personId) => Promise.resolve([mara, ...others].filter((address) => address.personId === personId)),
    walletAddressByUrl: (url) => Promise.resolve(found((address) => address.url === url)),
    walletAddressById: (id) => Promise.resolve(found((address) => address.id === id)),
  }
  return new Splits({
    postgres: house.postgres, accounts, clock: house.clock, allowLocal: false, log: { warn: (about) => void house.warnings.push(about) },
    ledger: { incomesOf: (ids) => ledger.incomesOf(ids), transferAll: (specs) => dying(fate, () => ledger.transferAll(specs)) },
  })
}

const sharing = (...weights: readonly number[]): readonly object[] => [mara, ...others].flatMap(({ url }, index) => (weights[index] === undefined ? [] : [{ pointer: url, weight: weights[index] }]))
const posted = async ({ ledgerAccountId }: WalletAddress): Promise<bigint> => (await house.ledger.balance(ledgerAccountId)).posted

test('a payout of everything, asked for before the others have their parts, takes only what is the pointer’s own', async () => {
  await using splits = openSplits()
  await splits.change(mara.personId, mara.id, sharing(1, 2, 1))
  await house.earn(1_000n * cent)
  expect(await house.payouts.available(mara.ledgerAccountId)).toBe(250n * cent)
  await expect(house.request(251n * cent)).rejects.toMatchObject({ code: 'funds-insufficient' })
  const { payout } = await house.request('all')
  await splits.move()
  expect([payout.status, payout.amount, await house.posted(), house.warnings]).toEqual([
    'approved', 250n * cent, { 'payout[manual]': 250n * cent, 'psp[sandbox]': -1_000n * cent, 'publisher[ada]': 250n * cent, 'publisher[nils]': 500n * cent }, [],
  ])
})

test('a scheduled payout waits for its threshold in own money, whatever lies on the account for others', async () => {
  await using splits = openSplits()
  await splits.change(mara.personId, mara.id, sharing(1, 1))
  await house.payouts.setMethod(house.mara, { destination: { rail: 'manual', instructions: 'cash, at the desk' }, schedule: 'daily', threshold: 600n * cent })
  await house.earn(1_000n * cent)
  house.clock.jump(86_400_000)
  await house.payouts.work()
  expect(await house.store.list({ limit: 9 })).toEqual([])
  await house.earn(200n * cent)
  house.clock.jump(86_400_000)
  await house.payouts.work()
  expect(await house.store.list({ limit: 9 })).toMatchObject([{ payout: { amount: 600n * cent } }])
})

test('money that comes between the look and the taking makes it look again: two payouts at once never take from the others together', async () => {
  await using splits = openSplits()
  await splits.change(mara.personId, mara.id, sharing(1, 1))
  await house.earn(100n * cent)
  let looks = 0
  const own = new OwnMoney(house)
  const interrupted: PayoutsOptions['own'] = {
    async of(accountId) {
      const seen = await own.of(accountId)
      // The second look is that of the taking.
      if ((looks += 1) === 2) {
        await house.earn(50n * cent)
        await house.payouts.request({ payee: house.mara, amount: 75n * cent, key: 'other-key', by: { kind: 'publisher', id: 'mara' } })
      }
      return seen
    },
  }
  const { payout } = await house.open({ own: interrupted }).request({ payee: house.mara, amount: 50n * cent, key: 'this-key', by: { kind: 'publisher', id: 'mara' } })
  await splits.move()
  expect([payout.status, await posted(mara), await posted(others[0] as WalletAddress)]).toEqual(['failed', 0n, 75n * cent])
})

const fates = fc.constantFrom<Fate>('done', 'done', 'dies-before', 'dies-after')
const operation = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('comes' as const), amount: fc.oneof(fc.bigInt(1n, 20n), fc.bigInt(1n, 10n ** 12n)) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('move' as const), fate: fates }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('pay' as const), fate: fates, percent: fc.integer({ min: 1, max: 100 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('return' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('change' as const), weights: fc.tuple(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 40 })) }) },
)

test('whatever comes, is moved, paid out, returned and changed at once, and whoever dies in between: what is owed to the others lies on the account, and in the end they have it', async () => {
  let keys = 0
  /** A payout that is asked for with money that may not be there when it is taken; part of what the account holds, the others' share included. */
  const pay = async (fate: Fate, percent: number): Promise<void> => {
    const { ledger } = house
    const transfer: Ledger['transfer'] = (spec, seen) => dying(fate, () => ledger.transfer(spec, seen))
    const payouts = house.open({ ledger: { openAccount: (spec) => ledger.openAccount(spec), account: (id) => ledger.account(id), transfer } })
    const amount = (((await posted(mara)) * BigInt(percent)) / (100n * cent)) * cent
    await payouts.request({ payee: house.mara, amount, key: `payout-${(keys += 1)}`, by: { kind: 'publisher', id: 'mara' } })
  }
  const done = async (one: Operation): Promise<void> => {
    if (one.kind === 'comes') return house.earn(one.amount)
    if (one.kind === 'pay') return pay(one.fate, one.percent)
    if (one.kind === 'return') {
      const [open] = await house.store.list({ limit: 1, statuses: ['approved'] })
      if (open !== undefined) await house.payouts.decide(open.payout.id, { type: 'failed', reason: 'the wallet is closed' }, { kind: 'operator', id: 'olivia' })
      return
    }
    await using splits = openSplits(one.kind === 'move' ? one.fate : 'done')
    if (one.kind === 'move') await splits.move()
    else await splits.change(mara.personId, mara.id, sharing(...one.weights).filter((part) => (part as { weight: number }).weight > 0))
  }
  const noMoreThanOwn = async (): Promise<void> => {
    const { owed } = await new OwnMoney(house).of(mara.ledgerAccountId)
    expect((await posted(mara)) >= owed).toBe(true)
  }
  await fc.assert(
    fc.asyncProperty(fc.array(fc.array(operation, { minLength: 1, maxLength: 5 }), { minLength: 3, maxLength: 10 }), async (rounds) => {
      await using sound = openSplits()
      await sound.change(mara.personId, mara.id, sharing(1, 1, 1))
      for (const atOnce of rounds) {
        await Promise.allSettled(atOnce.map(done))
        await noMoreThanOwn()
        // What a dead process had begun is taken up by the next.
        house.clock.jump(120_000)
        await house.payouts.work()
        await noMoreThanOwn()
      }
      await sound.move()
      await sound.move()
      expect((await new OwnMoney(house).of(mara.ledgerAccountId)).owed).toBe(0n)
      const held = await house.store.list({ limit: 500, statuses: ['approved'] })
      const { 'payout[manual]': clearing = 0n } = await house.posted()
      expect(clearing).toBe(held.reduce((sum, { payout }) => sum + payout.amount, 0n))
    }),
    { numRuns: 8 },
  )
  // Nothing was ever missing when the others were to be given theirs.
  expect(house.warnings.filter((about) => 'account' in about)).toEqual([])
})

type Operation = typeof operation extends fc.Arbitrary<infer Value> ? Value : never
