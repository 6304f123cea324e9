/** `pnpm bench NAME [--json]`: runs one benchmark. With --json the last line of standard output is one object. */
import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { benchExchange } from './exchange.ts'
import { benchLedger } from './ledger.ts'

const benches: Readonly<Record<string, (say: (line: string) => void) => Promise<object>>> = { exchange: benchExchange, ledger: benchLedger }

const { values, positionals } = parseArgs({ options: { json: { type: 'boolean', default: false } }, allowPositionals: true })
const bench = benches[positionals[0] ?? '']
if (bench === undefined) {
  console.error(`usage: pnpm bench ${Object.keys(benches).join('|')} [--json]`)
  process.exitCode = 2
} else {
  console.log(`${cpus().length} cores, ${cpus()[0]?.model.trim() ?? 'unknown processor'}, Node ${process.version}`)
  const result = await bench((line) => console.log(line))
  if (values.json) console.log(JSON.stringify(result))
  // The reference library keeps timers of a minute for each connection.
  process.exit()
}
