import { assert } from '@rivulet/faults'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { systemClock } from '@rivulet/time'
import { connectionOf, creditTo, streamOf, testBooks } from './testing.ts'

type Step =
  | { readonly kind: 'transfer'; readonly from: 'psp' | 'subscriber' | 'publisher'; readonly to: 'psp' | 'subscriber' | 'publisher'; readonly amount: bigint; readonly key: number }
  | { readonly kind: 'open' | 'close' | 'doubt'; readonly stream: number; readonly held: bigint }
  | { readonly kind: 'pay'; readonly stream: number; readonly amount: bigint; readonly booked: boolean }
  | { readonly kind: 'extend'; readonly stream: number; readonly held: bigint }

const streams = 4
const stream = fc.nat({ max: streams - 1 })
const party = fc.constantFrom('psp' as const, 'subscriber' as const, 'publisher' as const)
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('transfer' as const), from: party, to: party, amount: fc.bigInt(-1n, 400n), key: fc.nat({ max: 6 }) }),
  fc.record({ kind: fc.constantFrom('open' as const, 'close' as const, 'doubt' as const), stream, held: fc.bigInt(0n, 600n) }),
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('pay' as const), stream, amount: fc.bigInt(1n, 60n), booked: fc.boolean() }) },
  fc.record({ kind: fc.constant('extend' as const), stream, held: fc.bigInt(0n, 900n) }),
)

/** Refusals are part of the game; anything else is a defect. */
async function refusable(work: Promise<unknown>): Promise<void> {
  const codes = ['funds-insufficient', 'key-reused', 'stream-unknown', 'stream-closed', 'amount-invalid', 'assets-differ']
  await work.catch((error: unknown) => {
    if (!(error instanceof Error && 'code' in error && codes.includes(String(error.code)))) throw error
  })
}

test('any sequence of operations, spread over two processes, leaves books that verify', async () => {
  await using books = await testBooks({ funds: 1_000n })
  const processes = [books.ledger, await books.open()]
  let run = 0
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), fc.array(fc.boolean(), { minLength: 40, maxLength: 40 }), async (steps, choices) => {
      run += 1
      const nowMs = systemClock.nowMs()
      const specs = Array.from({ length: streams }, (_, index) => streamOf(books, { connection: connectionOf(`${run}/${index}`) }, nowMs))
      const live = specs.map(() => ({ paid: 0n, held: 0n, sequence: 0, open: false }))
      for (const [index, one] of steps.entries()) {
        const ledger = processes[choices[index] === true ? 1 : 0] ?? books.ledger
        if (one.kind === 'transfer') {
          await refusable(ledger.transfer({ key: `${run}/${one.key}`, debitAccountId: books[one.from].id, creditAccountId: books[one.to].id, amount: one.amount, reason: 'correction' }))
          continue
        }
        const spec = specs[one.stream]
        const state = live[one.stream]
        if (spec === undefined || state === undefined) continue
        if (one.kind === 'open') {
          await refusable(ledger.sending.open({ ...spec, held: one.held }).then(() => (state.open = true)))
        } else if (one.kind === 'close') await refusable(ledger.sending.close(spec.id, 1, 'hidden').then(() => (state.open = false)))
        else if (one.kind === 'doubt') await refusable(ledger.sending.leaveInDoubt(spec.id, 1, 'lost'))
        else if (one.kind === 'extend') await refusable(ledger.sending.extend(spec.id, 1, { ...spec, held: one.held }))
        else if (one.kind === 'pay') {
          const held = (await ledger.sending.get(spec.id))?.held ?? 0n
          if (!state.open || state.paid + one.amount > held) continue
          state.sequence += 1
          const result = await ledger.receiving.credit(creditTo(books, { connection: spec.connection, sequence: state.sequence, amount: one.amount }))
          assert(result.applied, 'a packet within all limits is credited')
          state.paid += one.amount
          if (one.booked) await ledger.sending.book(spec.id, 1, state.paid)
        }
      }
      expect((await books.ledger.verify()).problems).toEqual([])
    }),
    { numRuns: 25 },
  )
})
