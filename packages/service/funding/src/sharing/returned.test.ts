import { newId } from '@rivulet/ids'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { byMembers, sourceOf, stillThere } from './returned.ts'

test('the key of a share says whose budget, or which pot, it came from; other keys say nothing', () => {
  const [id, planId] = [newId('subs', 1), newId('plan', 1)]
  expect(sourceOf(`share:${id}/7/https://there.example/bob`)).toEqual({ from: 'subscription', id })
  expect(sourceOf(`pool:${planId}/2027-01/https://there.example/bob?a=1/2`)).toEqual({ from: 'pool', planId, month: '2027-01', payee: 'https://there.example/bob?a=1/2' })
  for (const key of ['share:subs_x/7/bob', `share:${id}/bob`, 'deposit', 'correction:1', `pool:${planId}/january/bob`]) expect([key, sourceOf(key)]).toEqual([key, undefined])
})

test('what is still there is the newest of what came, to the unit', () => {
  const amounts = fc.array(fc.bigInt(1n, 10n ** 15n), { minLength: 1, maxLength: 50 })
  fc.assert(fc.property(amounts, fc.nat(10_000), (came, part) => {
    const whole = came.reduce((sum, amount) => sum + amount, 0n)
    const left = (whole * BigInt(part)) / 10_000n
    const there = stillThere(came.map((amount, age) => ({ amount, age })), left)
    expect(there.reduce((sum, { amount }) => sum + amount, 0n)).toBe(left)
    // All of the newer ones, and of the last at most what it was.
    expect(there.map(({ age }) => age)).toEqual(there.map((_one, index) => index))
    expect(there.slice(0, -1).map(({ amount }) => amount)).toEqual(came.slice(0, Math.max(0, there.length - 1)))
    expect(there.every(({ amount, age }) => amount > 0n && amount <= (came[age] ?? 0n))).toBe(true)
  }))
})

test('what a pot gave goes back to the members by what they put in, or by whom they read, and adds up', () => {
  const read = (bob: number, mara: number) => [{ payee: 'bob', seconds: bob, score: 0n }, { payee: 'mara', seconds: mara, score: 0n }]
  const members = [{ id: 'a/0', budget: 300n, attention: read(0, 10) }, { id: 'b/0', budget: 100n, attention: read(30, 10) }, { id: 'c/0', budget: 900n, attention: [] }]
  // Pro rata everybody's budget went by all seconds, so a gave to bob too; user-centric she did not. Who read nobody kept hers.
  expect(byMembers(241n, { rule: 'pro-rata', payee: 'bob' }, members)).toEqual([{ id: 'a/0', amount: 181n }, { id: 'b/0', amount: 60n }])
  expect(byMembers(75n, { rule: 'user-centric', payee: 'bob' }, members)).toEqual([{ id: 'b/0', amount: 75n }])
  const member = fc.record({ budget: fc.bigInt(1n, 10n ** 12n), bob: fc.nat(1_000), mara: fc.nat(1_000) })
  fc.assert(fc.property(fc.array(member, { minLength: 1, maxLength: 20 }), fc.bigInt(1n, 10n ** 15n), fc.constantFrom('pro-rata' as const, 'user-centric' as const), (some, amount, rule) => {
    const all = some.map(({ budget, bob, mara }, index) => ({ id: `s${index}/0`, budget, attention: read(bob, mara) }))
    const back = byMembers(amount, { rule, payee: 'bob' }, all)
    const sum = back.reduce((total, part) => total + part.amount, 0n)
    const somebodyGave = some.some(({ bob, budget }) => bob > 0 && budget * BigInt(bob) >= 2_000n)
    expect(somebodyGave ? [amount] : [0n, amount]).toContain(sum)
  }))
})
