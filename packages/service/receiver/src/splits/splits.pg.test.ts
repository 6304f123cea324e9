import { randomBytes } from 'node:crypto'
import { Accounts, accountsMigrations, type WalletAddress } from '@rivulet/accounts'
import { type Account, Ledger, ledgerMigrations, type TransferReason, type TransferSpec } from '@rivulet/ledger'
import { notifyMigrations } from '@rivulet/notify'
import type { Postgres } from '@rivulet/postgres'
import { rowsOf } from '@rivulet/ledger/testing'
import { testPostgres } from '@rivulet/postgres/testing'
import { systemClock } from '@rivulet/time'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { receiverMigrations } from '../migrations.ts'
import { Splits } from './splits.ts'

const asset = { code: 'EUR', scale: 9 }
const origin = 'https://pay.example'

let postgres: Postgres
let ledger: Ledger
let accounts: Accounts
let link: Account
let people = 0

beforeAll(async () => {
  postgres = await testPostgres([ledgerMigrations, accountsMigrations, notifyMigrations, receiverMigrations])
  ledger = await Ledger.open({ postgres, clock: systemClock })
  const entrances = { subscriber: { publicUrl: 'https://wallet.example' }, publisher: { publicUrl: origin }, operator: { publicUrl: 'https://operator.example' } }
  accounts = await Accounts.open({ postgres, ledger, clock: systemClock, secret: randomBytes(32), entrances, sandbox: true })
  link = await ledger.openAccount({ name: 'link[wallet]@receiver', kind: 'link', asset, debitsMayExceedCredits: true })
})

afterAll(async () => {
  await accounts[Symbol.asyncDispose]()
  await ledger[Symbol.asyncDispose]()
  await postgres[Symbol.asyncDispose]()
})

/** What happens to a transfer that a process asks for: it dies before or after, as far as it can tell. */
type Fate = 'done' | 'dies-before' | 'dies-after'

function openSplits(fate: () => Fate = () => 'done'): Splits {
  return new Splits({
    postgres, accounts, clock: systemClock, allowLocal: false, log: { warn: () => undefined },
    ledger: {
      incomesOf: (ids) => ledger.incomesOf(ids),
      transferAll: async (specs: readonly TransferSpec[]) => {
        const how = fate()
        if (how === 'dies-before') throw new Error('killed')
        const made = await ledger.transferAll(specs)
        if (how === 'dies-after') throw new Error('killed')
        return made
      },
    },
  })
}

async function publisher(): Promise<WalletAddress> {
  const path = `p${(people += 1)}`
  const { walletAddress } = await accounts.createPerson({ role: 'publisher', email: `${path}@example.com`, password: 'correct horse', name: path, path })
  if (walletAddress === undefined) throw new Error('a publisher has a wallet address')
  return walletAddress
}

const publishers = (count: number): Promise<WalletAddress[]> => Promise.all(Array.from({ length: count }, publisher))
const posted = async ({ ledgerAccountId }: WalletAddress): Promise<bigint> => (await ledger.balance(ledgerAccountId)).posted
const comes = (to: WalletAddress, amount: bigint, reason: TransferReason = 'share'): Promise<unknown> =>
  ledger.transfer({ key: randomBytes(9).toString('hex'), debitAccountId: link.id, creditAccountId: to.ledgerAccountId, amount, reason })
const transfersOf = async ({ ledgerAccountId }: WalletAddress): Promise<object[]> =>
  (await ledger.transfersOf(ledgerAccountId, { limit: 100 })).map(({ debitAccountId, creditAccountId, amount, reason }) => ({ debitAccountId, creditAccountId, amount, reason })).toSorted((one, other) => Number(other.amount - one.amount))

test('what arrives on a shared pointer leaves it by one transfer for each other part, and the pointer keeps its own', async () => {
  const [a, b, c] = (await publishers(3)) as [WalletAddress, WalletAddress, WalletAddress]
  await using splits = openSplits()
  await comes(a, 1_000n)
  await splits.change(a.personId, a.id, [{ pointer: a.url, weight: 50 }, { pointer: `$pay.example/${b.path}`, weight: 30 }, { pointer: c.url, weight: 20 }])
  expect(await splits.move()).toBe(0)
  await comes(a, 7n, 'stream')
  await splits.move()
  const [from, toB, toC] = [a.ledgerAccountId, b.ledgerAccountId, c.ledgerAccountId]
  expect(await transfersOf(a)).toEqual([
    { debitAccountId: link.id, creditAccountId: from, amount: 1_000n, reason: 'share' },
    { debitAccountId: link.id, creditAccountId: from, amount: 7n, reason: 'stream' },
    { debitAccountId: from, creditAccountId: toB, amount: 2n, reason: 'split' },
    { debitAccountId: from, creditAccountId: toC, amount: 1n, reason: 'split' },
  ])
  const names = await Promise.all([from, toB, toC].map(async (id) => (await ledger.account(id))?.name ?? ''))
  const named = (row: string): string => names.reduce((text, name, index) => text.replace(name, `publisher[${'abc'.charAt(index)}]`), row)
  expect((await rowsOf({ postgres })).map(named).filter((row) => row.startsWith('publisher[a]'))).toEqual(['publisher[a] -> publisher[b] 2 split', 'publisher[a] -> publisher[c] 1 split'])
  expect(await splits.list(a.personId)).toMatchObject([{ since: { parts: [{ weight: 5, amount: 4n }, { weight: 3, amount: 2n }, { weight: 2, amount: 1n }] } }])
})

test('other weights hold from then on, without a loss between the two; what a payout returns, or an operator corrects, is no income', async () => {
  const [a, b, c] = (await publishers(3)) as [WalletAddress, WalletAddress, WalletAddress]
  await using splits = openSplits()
  await splits.change(a.personId, a.id, [{ pointer: b.url, weight: 1 }])
  await comes(a, 100n)
  await splits.change(a.personId, a.id, [{ pointer: b.url, weight: 1 }, { pointer: c.url, weight: 3 }])
  await comes(a, 100n)
  await comes(a, 40n, 'payout-return')
  await comes(a, 2n, 'correction')
  await splits.move()
  expect(await Promise.all([a, b, c].map(posted))).toEqual([42n, 125n, 75n])
  await comes(a, 8n)
  await splits.change(a.personId, a.id, [])
  await comes(a, 8n)
  await splits.move()
  expect(await Promise.all([a, b, c].map(posted))).toEqual([50n, 127n, 81n])
})

test('what a payout took before it was shared is missing until more comes: the others share what there is', async () => {
  const [a, b, c] = (await publishers(3)) as [WalletAddress, WalletAddress, WalletAddress]
  await using splits = openSplits()
  await splits.change(a.personId, a.id, [{ pointer: b.url, weight: 1 }, { pointer: c.url, weight: 1 }])
  await comes(a, 100n)
  await ledger.transfer({ key: `payout ${a.id}`, debitAccountId: a.ledgerAccountId, creditAccountId: link.id, amount: 30n, reason: 'payout' })
  await splits.move()
  expect(await Promise.all([a, b, c].map(posted))).toEqual([0n, 35n, 35n])
  await expect(splits.change(a.personId, a.id, [])).rejects.toMatchObject({ code: 'split-waiting' })
  await comes(a, 30n, 'payout-return')
  await splits.move()
  expect(await Promise.all([a, b, c].map(posted))).toEqual([0n, 50n, 50n])
  await splits.change(a.personId, a.id, [])
})

test('money never goes in a circle, also when two complete one at the same time', async () => {
  const [a, b, c] = (await publishers(3)) as [WalletAddress, WalletAddress, WalletAddress]
  await using splits = openSplits()
  const to = (from: WalletAddress, other: WalletAddress): Promise<void> => splits.change(from.personId, from.id, [{ pointer: other.url, weight: 1 }])
  await to(a, b)
  await to(b, c)
  await expect(to(c, a)).rejects.toMatchObject({ code: 'split-circular' })
  await expect(splits.change(c.personId, c.id, [{ pointer: c.url, weight: 9 }, { pointer: a.url, weight: 1 }])).rejects.toMatchObject({ code: 'split-circular' })
  await comes(a, 5n)
  await splits.move()
  await splits.move()
  expect(await Promise.all([a, b, c].map(posted))).toEqual([0n, 0n, 5n])
  const [d, e] = (await publishers(2)) as [WalletAddress, WalletAddress]
  const both = await Promise.allSettled([to(d, e), to(e, d)])
  expect(both.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
})

test('what cannot be shared is refused with its reason, and only by its owner', async () => {
  const [a, b] = (await publishers(2)) as [WalletAddress, WalletAddress]
  await using splits = openSplits()
  const dollars = await accounts.addWalletAddress(b.personId, { path: `${b.path}-usd`, publicName: 'Dollars', asset: { code: 'USD', scale: 9 } })
  const refused = async (parts: unknown, code: string): Promise<void> => expect(splits.change(a.personId, a.id, parts)).rejects.toMatchObject({ code })
  for (const weight of [0, -1, 1.5, 10_001, '1', null]) await refused([{ pointer: b.url, weight }], 'split-invalid')
  await refused('everything', 'split-invalid')
  await refused([{ pointer: b.url, weight: 9_999 }, { pointer: a.url, weight: 2 }], 'split-invalid')
  await refused([{ pointer: b.url, weight: 1 }, { pointer: `${b.url}`, weight: 1 }], 'split-invalid')
  await refused([{ pointer: a.url, weight: 1 }], 'split-invalid')
  await refused(Array.from({ length: 21 }, () => ({ pointer: b.url, weight: 1 })), 'split-invalid')
  await refused([{ pointer: 'https://elsewhere.example/b', weight: 1 }], 'split-pointer-unknown')
  await refused([{ pointer: 'no pointer', weight: 1 }], 'split-pointer-unknown')
  await refused([{ pointer: dollars.url, weight: 1 }], 'split-asset-differs')
  await expect(splits.change(b.personId, a.id, [{ pointer: b.url, weight: 1 }])).rejects.toMatchObject({ code: 'split-unknown' })
  expect(await splits.list(a.personId)).toMatchObject([{ since: undefined }])
})

const operation = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('comes' as const), amount: fc.oneof(fc.bigInt(1n, 20n), fc.bigInt(1n, 10n ** 12n)) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('move' as const), fates: fc.array(fc.constantFrom<Fate>('done', 'dies-before', 'dies-after'), { minLength: 1, maxLength: 3 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('change' as const), weights: fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 2, maxLength: 4 }), fate: fc.constantFrom<Fate>('done', 'dies-before', 'dies-after') }) },
)

test('under crashes, several processes and changes, everybody has less than a unit more or less than the exact part of what has been divided, and in the end of everything', async () => {
  const group = (await publishers(4)) as [WalletAddress, WalletAddress, WalletAddress, WalletAddress]
  const [source] = group
  await fc.assert(
    fc.asyncProperty(fc.array(operation, { minLength: 4, maxLength: 12 }), async (operations) => {
      await using sound = openSplits()
      const change = (splits: Splits, to: readonly number[]): Promise<void> => splits.change(source.personId, source.id, to.map((weight, index) => ({ pointer: group[index]?.url ?? '', weight })))
      await change(sound, [1, 1])
      const first = await Promise.all(group.map(posted))
      let weights = [1, 1]
      let income = 0n
      /** What each has of the times before the weights at hand, and the income then. */
      let base = { income: 0n, has: first }
      const expectExact = async (): Promise<void> => {
        const has = await Promise.all(group.map(posted))
        // The source's own part is what is left when the others have theirs, so what has been divided follows from the others' parts alone.
        const whole = BigInt(weights.reduce((sum, weight) => sum + weight, 0))
        const { rows } = await postgres.pool.query<{ moved: bigint; moving_to: bigint | null }>('select moved - base as moved, moving_to - base as moving_to from receiver.split where account_id = $1 and ended_at_ms is null', [source.ledgerAccountId])
        const got = has.map((amount, index) => amount - (base.has[index] ?? 0n))
        const fits = (divided: bigint): boolean => weights.every((weight, index) => index === 0 || ((away) => away < whole && away > -whole)((got[index] ?? 0n) * whole - divided * BigInt(weight)))
        expect([rows[0]?.moved, rows[0]?.moving_to].some((divided) => typeof divided === 'bigint' && fits(divided))).toBe(true)
        expect(has.reduce((sum, amount, index) => sum + amount - (first[index] ?? 0n), 0n)).toBe(income)
      }
      for (const one of operations) {
        if (one.kind === 'comes') {
          await comes(source, one.amount)
          income += one.amount
        } else if (one.kind === 'move') {
          const processes = one.fates.map((fate) => openSplits(() => fate))
          await Promise.allSettled(processes.map((splits) => splits.move()))
          for (const splits of processes) await splits[Symbol.asyncDispose]()
        } else {
          await using splits = openSplits(() => one.fate)
          const changed = await change(splits, one.weights).then(() => true, () => false)
          if (changed) {
            weights = one.weights
            base = { income, has: await Promise.all(group.map(posted)) }
          }
        }
        await expectExact()
      }
      // The first finishes what a dead process had begun.
      await sound.move()
      await sound.move()
      const has = await Promise.all(group.map(posted))
      const whole = BigInt(weights.reduce((sum, weight) => sum + weight, 0))
      for (const [index, amount] of has.entries()) {
        const away = (amount - (base.has[index] ?? 0n)) * whole - (income - base.income) * BigInt(weights[index] ?? 0)
        expect(away < whole && away > -whole).toBe(true)
      }
      await change(sound, [])
    }),
    { numRuns: 15 },
  )
  expect(await ledger.verify()).toMatchObject({ ok: true, problems: [] })
})
