/** `pnpm bench NAME [--json]`: runs one benchmark. With --json the last line of standard output is one object; with --name RUN the run is kept in results/. */
import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { NamedRun } from './named-run.ts'

const { values, positionals } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    streams: { type: 'string', default: '1000' },
    seconds: { type: 'string' },
    clients: { type: 'string', default: '64' },
    sweep: { type: 'boolean', default: false },
    profile: { type: 'string' },
    history: { type: 'string' },
    name: { type: 'string' },
  },
  allowPositionals: true,
})

type Say = (line: string) => void

/** A bench is loaded when it is asked for. */
const benches: Readonly<Record<string, (say: Say) => Promise<object>>> = {
  exchange: async (say) => (await import('./exchange.ts')).benchExchange(say),
  ledger: async (say) => (await import('./ledger.ts')).benchLedger({ history: values.history === undefined ? 0 : Number(values.history) }, say),
  open: async (say) => (await import('./open.ts')).benchOpen(say),
  page: async (say) => (await import('./page.ts')).benchPage(say),
  payments: async (say) => (await import('./payments.ts')).benchPayments({ seconds: Number(values.seconds ?? 20), clients: Number(values.clients), profileFolder: values.profile }, say),
  streams: async (say) => (await import('./streams.ts')).benchStreams({ streams: Number(values.streams), seconds: Number(values.seconds ?? 60), sweep: values.sweep, profileFolder: values.profile }, say),
}

const bench = benches[positionals[0] ?? '']
if (bench === undefined) {
  console.error(`usage: pnpm bench ${Object.keys(benches).join('|')} [--json] [--name RUN]; streams: [--streams N] [--seconds S] [--sweep] [--profile FOLDER]; ledger: [--history TRANSFERS]; payments: [--seconds S] [--clients N] [--profile FOLDER]`)
  process.exitCode = 2
} else {
  console.log(`${cpus().length} cores, ${cpus()[0]?.model.trim() ?? 'unknown processor'}, Node ${process.version}`)
  const run = values.name === undefined ? undefined : new NamedRun(positionals[0] ?? '', values.name, process.argv.slice(2).filter((word) => word !== '--json'))
  const result = await bench((line) => {
    console.log(line)
    run?.say(line)
  })
  if (run !== undefined) console.log(`written to ${run.write(result)}`)
  if (values.json) console.log(JSON.stringify(result))
  // The reference library keeps timers of a minute for each connection.
  process.exit()
}
