/** `pnpm fuzz [--seed N] [--only PARSER]`: every parser in turn, with one seed after the other, until it is stopped or something fails. */
import { parseArgs } from 'node:util'
import { type Parser, parsers } from './parsers.ts'
import { fuzz } from './run.ts'

const runs = 2_000
const sayEveryMs = 5_000

const { values } = parseArgs({ options: { seed: { type: 'string' }, only: { type: 'string' }, rounds: { type: 'string', default: 'Infinity' } } })
const known: Readonly<Record<string, Parser>> = parsers
const chosen = Object.entries(known).filter(([name]) => values.only === undefined || name === values.only)
if (chosen.length === 0) {
  console.error(`there is no parser ${values.only ?? ''}; there are ${Object.keys(known).join(', ')}`)
  process.exit(2)
}
const firstSeed = Number(values.seed ?? Date.now() % 1_000_000_000)
const startedMs = Date.now()
let saidMs = 0
let inputs = 0
console.log(`first seed ${firstSeed}; Ctrl-C stops`)
for (let round = 0; round < Number(values.rounds); round += 1) {
  for (const [name, parser] of chosen) {
    const seed = firstSeed + round
    const failure = await fuzz(parser, { name, seed, runs })
    if (failure !== undefined) {
      console.error(`\n${failure}`)
      process.exit(1)
    }
    inputs += runs
    if (Date.now() - saidMs < sayEveryMs) continue
    saidMs = Date.now()
    const seconds = Math.max(1, Math.round((saidMs - startedMs) / 1_000))
    const line = `${inputs} inputs in ${seconds} s, ${Math.round(inputs / seconds)} a second; seed ${seed}, ${name}`
    if (process.stdout.isTTY) process.stdout.write(`\r${line.padEnd(process.stdout.columns - 1)}`)
    else console.log(line)
  }
}
