/** A bounded fuzz of every parser; `pnpm fuzz` goes on without end. `RIVULET_SEED=n` runs another seed. */
import fc from 'fast-check'
import { Fault } from '@rivulet/faults'
import { decodePrepare, encodePrepare } from '@rivulet/ilp'
import { describe, expect, test } from 'vitest'
import { mutatedBytes, mutatedJson, mutatedText } from './mutations.ts'
import { parser, type Parser, parsers } from './parsers.ts'
import { fuzz } from './run.ts'

const seed = Number(process.env['RIVULET_SEED'] ?? 1)
const runs = process.env['RIVULET_TEST_LONG'] === '1' ? 50_000 : 1_500

describe('whatever is sent', () => {
  test.each(Object.entries(parsers))('%s ends in a value or a refusal, and what is read is written the same', { timeout: 600_000 }, async (name, one) => {
    expect(await fuzz(one, { name, seed, runs })).toBeUndefined()
  })
})

const prepare = encodePrepare({ amount: 107n, expiresAtMs: Date.UTC(2026, 4, 1), condition: Buffer.alloc(32, 3), destination: 'example.alice', data: Buffer.from('hello') })

/** A parser with a defect, and what the fuzz says of it. */
const defects: Readonly<Record<string, Parser>> = {
  'that reads beyond the end of its input': parser(mutatedBytes(fc.constant(prepare)), (bytes) => void bytes.readUInt32BE(bytes.length - 4 + (bytes.length % 2))),
  'that takes one address in a thousand for another': parser(mutatedBytes(fc.constant(prepare)), (bytes) => {
    let destination = 'example.alice'
    try {
      ;({ destination } = decodePrepare(bytes))
    } catch {
      return
    }
    if (destination !== 'example.alice') throw new Error(`pays ${destination}`)
  }),
  'that stumbles over a missing field': parser(mutatedJson(fc.constant({ a: { b: 'c' } })), (json) => {
    let value: { a: { b: string } }
    try {
      value = JSON.parse(json) as typeof value
    } catch {
      return
    }
    value.a.b.toLowerCase()
  }),
  'that breaks its own promise': parser(mutatedText(fc.constant('1250')), (text) => {
    if (text.includes('\0')) throw new Fault('assertion', 'cannot be')
  }),
}

test.each(Object.entries(defects))('the fuzz finds a parser %s, and prints the seed and the smallest input', async (name, one) => {
  const said = await fuzz(one, { name, seed: 7, runs: 3_000 })
  expect(said).toContain('with seed 7')
  expect(said).toMatch(/smallest failing input: .+\n.*(?:Error|Fault)/)
})
