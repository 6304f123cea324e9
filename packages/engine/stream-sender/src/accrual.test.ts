import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Accrual, accrualCounters } from './accrual.ts'
import { CounterBlocks } from './counter-blocks.ts'

const counters = new CounterBlocks(accrualCounters)
const accrualOf = (rate: bigint): Accrual => new Accrual(rate, counters.take())

test('what is due is floor(rate x time paying) less what was sent, whatever the steps', () => {
  const step = fc.record({ ms: fc.nat(5_000), paying: fc.boolean(), fraction: fc.double({ min: 0, max: 0.99, noNaN: true }) })
  fc.assert(fc.property(fc.bigInt({ min: 1n, max: 10n ** 15n }), fc.array(step, { maxLength: 30 }), (rate, steps) => {
    const accrual = accrualOf(rate)
    let nowMs = 0
    let payingMs = 0
    let sent = 0n
    for (const { ms, paying, fraction } of steps) {
      if (paying) accrual.start(nowMs)
      nowMs += ms
      if (paying) payingMs += ms
      accrual.accrue(nowMs + fraction)
      accrual.stop(nowMs)
      const due = (rate * BigInt(payingMs)) / 1_000n - sent
      expect(accrual.due).toBe(due)
      accrual.sent(due / 2n)
      sent += due / 2n
    }
  }))
})

test('no fraction of a unit is ever lost: a third of a unit a second makes a unit every three', () => {
  const accrual = accrualOf(1n)
  accrual.start(0)
  for (let nowMs = 333; nowMs <= 333 * 3_003; nowMs += 333) accrual.accrue(nowMs)
  expect(accrual.due).toBe(999n)
})

test('a new rate counts from now on, and old dues beyond a while are forgiven', () => {
  const accrual = accrualOf(1_000n)
  accrual.start(0)
  accrual.setRate(2_000n, 1_000)
  accrual.accrue(2_000)
  expect(accrual.due).toBe(3_000n)
  accrual.sent(3_000n)
  accrual.returned(3_000n)
  accrual.forgive(1_000)
  expect(accrual.due).toBe(2_000n)
})

test('what is due stops at 2^62 units, and a fraction below one unit is forgiven as well', () => {
  const huge = accrualOf(2n ** 62n)
  huge.start(0)
  huge.accrue(10_000)
  expect(huge.due).toBe(2n ** 62n)
  huge.sent(2n ** 62n)
  expect(huge.due).toBe(0n)
  const slow = accrualOf(1n)
  slow.start(0)
  slow.accrue(900)
  slow.forgive(400)
  slow.accrue(1_499)
  expect(slow.due).toBe(0n)
  slow.accrue(1_500)
  expect(slow.due).toBe(1n)
})
