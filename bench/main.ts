/** `pnpm bench NAME [--json]`: runs one benchmark. With --json the last line of standard output is one object. */
import { cpus } from 'node:os'
import { parseArgs } from 'node:util'

const { values, positionals } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    streams: { type: 'string', default: '1000' },
    seconds: { type: 'string', default: '60' },
    sweep: { type: 'boolean', default: false },
    profile: { type: 'string' },
  },
  allowPositionals: true,
})

type Say = (line: string) => void

/** A bench is loaded when it is asked for. */
const benches: Readonly<Record<string, (say: Say) => Promise<object>>> = {
  exchange: async (say) => (await import('./exchange.ts')).benchExchange(say),
  ledger: async (say) => (await import('./ledger.ts')).benchLedger(say),
  open: async (say) => (await import('./open.ts')).benchOpen(say),
  streams: async (say) => (await import('./streams.ts')).benchStreams({ streams: Number(values.streams), seconds: Number(values.seconds), sweep: values.sweep, profileFolder: values.profile }, say),
}

const bench = benches[positionals[0] ?? '']
if (bench === undefined) {
  console.error(`usage: pnpm bench ${Object.keys(benches).join('|')} [--json]; streams: [--streams N] [--seconds S] [--sweep] [--profile FOLDER]`)
  process.exitCode = 2
} else {
  console.log(`${cpus().length} cores, ${cpus()[0]?.model.trim() ?? 'unknown processor'}, Node ${process.version}`)
  const result = await bench((line) => console.log(line))
  if (values.json) console.log(JSON.stringify(result))
  // The reference library keeps timers of a minute for each connection.
  process.exit()
}
