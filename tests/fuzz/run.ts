/** One round of one parser, and what to say when it failed. */
import fc from 'fast-check'
import { type Parser, shown } from './parsers.ts'

export interface Round {
  readonly name: string
  readonly seed: number
  readonly runs: number
}

/** Resolves to undefined, or to the seed and the smallest input that fails. */
export async function fuzz({ property }: Parser, { name, seed, runs }: Round): Promise<string | undefined> {
  const details = await fc.check(property, { seed, numRuns: runs })
  if (!details.failed) return undefined
  const error = details.errorInstance
  return [
    `${name} failed with seed ${seed} after ${details.numRuns} inputs`,
    `smallest failing input: ${shown(details.counterexample?.[0])}`,
    error instanceof Error ? (error.stack ?? error.message) : String(error),
    `again: pnpm fuzz --only ${name} --seed ${seed}`,
  ].join('\n')
}
