import { type Id, newId } from '@rivulet/ids'
import { systemClock } from '@rivulet/time'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type House, TestHouse, unreachable } from '../test-house.ts'
import { Tips } from './tips.ts'

const fee = { fixed: 3n, basisPoints: 100n }
const pointer = 'https://receiver.example/bob'
const euro = 1_000_000_000n

let world: TestHouse
let house: House
let tips: Tips
let personId: Id<'pers'>

beforeEach(async () => {
  world = await TestHouse.open({ budget: 500n * euro })
  house = world.open({ fee })
  tips = openTips(house)
  personId = newId('pers', systemClock.nowMs())
})
afterEach(() => world[Symbol.asyncDispose]())

function openTips({ payments }: House): Tips {
  return new Tips({
    postgres: world.postgres, clock: world.clock, payments, publicUrl: 'https://wallet.example', log: { warn: () => undefined },
    incomingFor: (to) => Promise.resolve(to === pointer ? world.receivable() : undefined),
    receivedOf: async () => (await world.balances()).publisher,
  })
}

const give = (amount: bigint, key = 'key-of-this-tip', to = pointer) => tips.give({ personId, walletAddress: world.alice, key, pointer: to, amount })

async function rows(): Promise<object[]> {
  const { rows: found } = await world.postgres.pool.query<{ reason: string; debit: string; credit: string; amount: bigint }>(
    "select t.reason, d.name as debit, c.name as credit, t.amount from ledger.transfers t join ledger.accounts d on d.id = t.debit_account_id join ledger.accounts c on c.id = t.credit_account_id where t.reason <> 'deposit' order by t.reason, t.amount desc, d.name")
  return found
}

test('a tip is one payment in the ledger, with its fee, and says what has really arrived', async () => {
  const state = await give(1_000n)
  expect(state).toMatchObject({ state: 'completed', taken: 1_000n, fee: 13n, delivered: 987n })
  expect(await rows()).toEqual([
    { reason: 'fee', debit: 'subscriber[alice]', credit: 'fee.streaming', amount: 13n },
    { reason: 'stream', debit: 'link[wallet]@receiver', credit: 'publisher[bob]', amount: 987n },
    { reason: 'stream', debit: 'subscriber[alice]', credit: 'link[receiver]@wallet', amount: 987n },
  ])
  expect(await tips.get(personId, state.tip.id)).toEqual(state)
  expect(await tips.list(personId)).toEqual([state])
  expect(await tips.list(newId('pers', systemClock.nowMs()))).toEqual([])
  await expect(tips.get(newId('pers', systemClock.nowMs()), state.tip.id)).rejects.toMatchObject({ code: 'tip-unknown' })
})

test('a tip is refused while the operator has stopped everything, nothing moves, and another key pays afterwards', async () => {
  world.stopped = 'a leak at the bank'
  await expect(give(1_000n)).rejects.toMatchObject({ code: 'tip-payments-stopped', message: 'the operator has stopped all payments: nothing was taken, try again later with another key' })
  expect(await rows()).toEqual([])
  world.stopped = undefined
  await expect(give(1_000n)).rejects.toMatchObject({ code: 'tip-payments-stopped' })
  expect(await give(1_000n, 'another-key')).toMatchObject({ state: 'completed', taken: 1_000n })
})

test('the same key is the same tip, however often and at once it is asked for, and never another', async () => {
  const states = await Promise.all(Array.from({ length: 8 }, () => give(1_000n)))
  expect(new Set(states.map(({ tip }) => tip.id)).size).toBe(1)
  await give(1_000n)
  await expect(give(1_001n)).rejects.toMatchObject({ code: 'key-reused' })
  expect(await world.balances()).toEqual({ alice: 500n * euro - 1_000n, pending: 0n, publisher: 987n, fees: 13n })
})

test('what cannot be paid takes nothing, says why, and says the same to the same key', async () => {
  for (const amount of [0n, -5n, 101n * euro]) await expect(give(amount)).rejects.toMatchObject({ code: 'tip-invalid' })
  await expect(give(3n, 'too-little')).rejects.toMatchObject({ code: 'tip-amount-too-small' })
  await expect(give(1_000n, 'nobody-there', 'https://receiver.example/nobody')).rejects.toMatchObject({ code: 'tip-receiver-invalid' })
  await expect(give(1_000n, 'nobody-there', 'https://receiver.example/nobody')).rejects.toMatchObject({ code: 'tip-receiver-invalid' })
  expect(await rows()).toEqual([])
})

test('the limit of a day holds for all tips together, also when they are given at once; the budget too', async () => {
  const given = await Promise.allSettled(Array.from({ length: 5 }, (_, index) => give(100n * euro, `tip-number-${index}`)))
  expect(given.filter(({ status }) => status === 'fulfilled')).toHaveLength(3)
  expect(given.flatMap((one) => (one.status === 'rejected' ? [(one.reason as { code: string }).code] : []))).toEqual(['tip-limit-reached', 'tip-limit-reached'])
  world.clock.aheadMs += 86_400_000
  await give(100n * euro, 'tomorrow-first')
  await give(99n * euro, 'tomorrow-again')
  await expect(give(100n * euro, 'tomorrow-empty')).rejects.toMatchObject({ code: 'tip-funds-insufficient' })
  expect((await world.balances()).alice).toBe(euro)
})

test('a receiver that refuses ends in a tip that failed, with the money back', async () => {
  world.before = unreachable
  expect(await give(1_000n)).toMatchObject({ state: 'failed', taken: 0n, fee: 0n, delivered: 0n })
  expect(await world.balances()).toEqual({ alice: 500n * euro, pending: 0n, publisher: 0n, fees: 0n })
})
