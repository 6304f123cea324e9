import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { apportion } from './apportion.ts'
import { type Attention, share, type SharingPolicy } from './policy.ts'
import { pool } from './pool.ts'

const sum = (shares: readonly { readonly amount: bigint }[]): bigint => shares.reduce((total, { amount }) => total + amount, 0n)
const amounts = (shares: readonly { readonly id: string; readonly amount: bigint }[]): Record<string, bigint> => Object.fromEntries(shares.map(({ id, amount }) => [id, amount]))

describe('the largest remainder', () => {
  test.each([
    ['equal parts of 100 for three: the first by name gets the odd unit', 100n, { a: 1n, b: 1n, c: 1n }, { a: 34n, b: 33n, c: 33n }],
    ['ties go by name, whatever the order', 2n, { c: 1n, b: 1n, a: 1n }, { a: 1n, b: 1n, c: 0n }],
    ['the largest remainder takes the unit', 10n, { a: 5n, b: 3n, c: 3n }, { a: 4n, b: 3n, c: 3n }],
    ['no weight, no share', 7n, { a: 0n, b: 2n }, { b: 7n }],
    ['one takes all', 3n, { a: 9n }, { a: 3n }],
    ['nobody', 3n, {}, {}],
    ['nothing to give', 0n, { a: 1n, b: 1n }, { a: 0n, b: 0n }],
  ])('%s', (_name, amount, weights, expected) => {
    expect(amounts(apportion(amount, Object.entries(weights).map(([id, weight]) => ({ id, weight }))))).toEqual(expected)
  })

  test('always adds up, is nowhere a unit away from the exact part, and does not depend on the order', () => {
    const weights = fc.uniqueArray(fc.record({ id: fc.string({ minLength: 1, maxLength: 8 }), weight: fc.bigInt(0n, 10n ** 12n) }), { selector: ({ id }) => id, minLength: 1, maxLength: 40 })
    fc.assert(
      fc.property(fc.bigInt(0n, 2n ** 62n), weights, (amount, given) => {
        const shares = apportion(amount, given)
        const whole = given.reduce((total, { weight }) => total + weight, 0n)
        expect(sum(shares)).toBe(whole === 0n ? 0n : amount)
        for (const { id, amount: units } of shares) {
          const exact = amount * (given.find((one) => one.id === id)?.weight ?? 0n)
          const away = units * whole - exact
          expect(away < whole && away > -whole).toBe(true)
        }
        expect(amounts(apportion(amount, [...given].reverse()))).toEqual(amounts(shares))
      }),
    )
  })
})

describe('what was not streamed', () => {
  const attention: readonly Attention[] = [
    { payee: 'https://a.test/', seconds: 600, score: 3_000_000n },
    { payee: 'https://b.test/', seconds: 300, score: 2_000_000n },
    { payee: 'https://c.test/', seconds: 100, score: 1_000_000n },
  ]

  test.each<[string, SharingPolicy, Record<string, bigint>, bigint]>([
    ['by time', { kind: 'time' }, { 'https://a.test/': 600n, 'https://b.test/': 300n, 'https://c.test/': 100n }, 0n],
    ['equally', { kind: 'equal' }, { 'https://a.test/': 334n, 'https://b.test/': 333n, 'https://c.test/': 333n }, 0n],
    ['by score', { kind: 'concave' }, { 'https://a.test/': 500n, 'https://b.test/': 333n, 'https://c.test/': 167n }, 0n],
    ['pinned, the rest by time', { kind: 'pinned', pins: [{ payee: 'https://d.test/', basisPoints: 5_000 }] }, { 'https://a.test/': 300n, 'https://b.test/': 150n, 'https://c.test/': 50n, 'https://d.test/': 500n }, 0n],
    ['pinned to one who was read as well', { kind: 'pinned', pins: [{ payee: 'https://a.test/', basisPoints: 2_500 }] }, { 'https://a.test/': 700n, 'https://b.test/': 225n, 'https://c.test/': 75n }, 0n],
    ['pinned in full', { kind: 'pinned', pins: [{ payee: 'https://d.test/', basisPoints: 10_000 }] }, { 'https://d.test/': 1_000n }, 0n],
    ['not at all', { kind: 'roll-over' }, {}, 1_000n],
    ['to a cause', { kind: 'cause', payee: 'https://cause.test/' }, { 'https://cause.test/': 1_000n }, 0n],
  ])('is shared %s', (_name, policy, expected, rolledOver) => {
    const shared = share(1_000n, policy, attention)
    expect([amounts(shared.shares), shared.rolledOver]).toEqual([expected, rolledOver])
  })

  test('rolls over when nobody had her attention, but for what is pinned and for a cause', () => {
    expect(share(10n, { kind: 'time' }, [])).toEqual({ shares: [], rolledOver: 10n })
    expect(share(10n, { kind: 'equal' }, [{ payee: 'https://a.test/', seconds: 0, score: 0n }])).toEqual({ shares: [], rolledOver: 10n })
    expect(share(10n, { kind: 'pinned', pins: [{ payee: 'https://d.test/', basisPoints: 3_000 }] }, [])).toEqual({ shares: [{ id: 'https://d.test/', amount: 3n }], rolledOver: 7n })
  })

  test('adds up to the unit under every policy', () => {
    const payee = fc.integer({ min: 0, max: 30 }).map((number) => `https://site.test/${number}`)
    const read = fc.uniqueArray(fc.record({ payee, seconds: fc.nat(100_000), score: fc.bigInt(0n, 10n ** 10n) }), { selector: (one) => one.payee, maxLength: 20 })
    const pins = fc.uniqueArray(fc.record({ payee, basisPoints: fc.integer({ min: 1, max: 500 }) }), { selector: (one) => one.payee, maxLength: 20 })
    const policy = fc.oneof(
      fc.constantFrom<SharingPolicy>({ kind: 'time' }, { kind: 'equal' }, { kind: 'concave' }, { kind: 'roll-over' }, { kind: 'cause', payee: 'https://cause.test/' }),
      pins.map((given): SharingPolicy => ({ kind: 'pinned', pins: given })),
    )
    fc.assert(
      fc.property(fc.bigInt(0n, 2n ** 62n), policy, read, (rest, how, given) => {
        const { shares, rolledOver } = share(rest, how, given)
        expect(sum(shares) + rolledOver === rest && rolledOver >= 0n && shares.every(({ amount }) => amount > 0n)).toBe(true)
        expect(new Set(shares.map(({ id }) => id)).size).toBe(shares.length)
      }),
    )
  })
})

describe('a pooled plan', () => {
  const read = (payee: string, seconds: number): Attention => ({ payee, seconds, score: 0n })

  test('pays the much-read more out of one pot, and each budget’s own favourites when it stays with its reader', () => {
    const members = [
      { id: 'heavy', budget: 1_000n, attention: [read('a', 9_000)] },
      { id: 'light', budget: 1_000n, attention: [read('b', 1_000)] },
      { id: 'absent', budget: 1_000n, attention: [] },
    ]
    const pooled = pool(members)
    expect([amounts(pooled.proRata), amounts(pooled.userCentric), amounts(pooled.rolledOver)]).toEqual([{ a: 1_800n, b: 200n }, { a: 1_000n, b: 1_000n }, { absent: 1_000n }])
  })

  test('adds up in both ways to what the members bring who read', () => {
    const member = fc.record({ id: fc.uuid(), budget: fc.bigInt(0n, 10n ** 12n), attention: fc.uniqueArray(fc.tuple(fc.integer({ min: 0, max: 9 }), fc.nat(10_000)), { selector: ([payee]) => payee, maxLength: 6 }) })
    fc.assert(
      fc.property(fc.array(member, { maxLength: 12 }), (given) => {
        const members = given.map(({ attention, ...rest }) => ({ ...rest, attention: attention.map(([payee, seconds]) => read(String(payee), seconds)) }))
        const { proRata, userCentric, rolledOver } = pool(members)
        const brought = sum(members.map(({ budget }) => ({ amount: budget })))
        expect([sum(proRata) + sum(rolledOver), sum(userCentric) + sum(rolledOver)]).toEqual([brought, brought])
      }),
    )
  })
})
