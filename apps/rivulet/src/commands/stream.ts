import type { Command } from 'commander'
import { type ConfigOptions, readConfig } from '../config.ts'
import { readRunning } from '../running.ts'
import { commandOf } from './options.ts'
import { Fault } from '@rivulet/faults'

/** `rivulet stream POINTER`: streams as a subscriber through the running wallet; a line a second, then a summary. */
export function streamCommand(): Command {
  return commandOf('stream', 'stream to a payment pointer through the running wallet')
    .argument('<pointer>', '$example.com/alice, https://example.com/alice, or a sandbox address')
    .option('--seconds <number>', 'how long', '10')
    .option('--as <name>', 'which subscriber; the first demo subscriber unless told')
    .option('--json', 'a line of JSON per second, then the summary')
    .action(async (pointer: string, options: ConfigOptions & { readonly seconds: string; readonly as?: string; readonly json?: boolean }) => {
      const config = readConfig(options)
      const seconds = Number(options.seconds)
      if (!Number.isInteger(seconds) || seconds < 1 || seconds > 86_400) throw new Fault('seconds-invalid', '--seconds takes a whole number from 1 to 86400')
      const running = readRunning(config.dataFolder)
      const as = options.as ?? running.firstSubscriber
      if (as === undefined) throw new Fault('subscriber-unnamed', 'this wallet has no demo subscriber: name the subscriber with --as, by e-mail, name or path of the wallet address')
      let response: Response
      try {
        response = await fetch(`${running.controlUrl}/control/streams`, {
          method: 'POST',
          headers: { authorization: `Bearer ${config.secrets.control}`, 'content-type': 'application/json' },
          body: JSON.stringify({ as, pointer, seconds }),
        })
      } catch (error) {
        throw new Fault('wallet-not-running', `no wallet runs on ${config.dataFolder} any more: start Rivulet with \`pnpm start\`, or name its folder with --data`, { cause: error })
      }
      if (!response.ok || response.body === null) throw await refusalOf(response)
      let rest = ''
      for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
        const lines = (rest + chunk).split('\n')
        rest = lines.pop() ?? ''
        for (const line of lines) print(line, options.json === true)
      }
    })
}

function print(line: string, json: boolean): void {
  const value = JSON.parse(line) as { error?: { code: string; message: string } }
  if (value.error !== undefined) {
    if (json) console.log(line)
    throw new Fault(value.error.code, value.error.message)
  }
  console.log(json ? line : Object.entries(value).map(([name, field]) => `${name} ${typeof field === 'object' ? JSON.stringify(field) : String(field)}`).join('  '))
}

async function refusalOf(response: Response): Promise<Fault> {
  try {
    const { error } = (await response.json()) as { error: { code: string; message: string } }
    return new Fault(error.code, error.message)
  } catch {
    return new Fault('wallet-not-running', `what answers at the wallet’s address is no wallet (status ${response.status})`)
  }
}
