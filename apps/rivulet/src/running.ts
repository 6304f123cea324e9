/** What a running server leaves in the data folder so that commands find it. */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Fault } from '@rivulet/faults'
import { z } from 'zod'

const schema = z.object({
  /** Of this process's control door, on the loopback interface. */
  controlUrl: z.url(),
  firstSubscriber: z.string().optional(),
})
export type Running = z.infer<typeof schema>

const fileOf = (dataFolder: string): string => join(dataFolder, 'running.json')

export function writeRunning(dataFolder: string, running: Running): void {
  writeFileSync(fileOf(dataFolder), JSON.stringify(running), { mode: 0o600 })
}

/** Leaves the file of a wallet that was started later. */
export function removeRunning(dataFolder: string, { controlUrl }: Running): void {
  if (runningIn(dataFolder)?.controlUrl === controlUrl) rmSync(fileOf(dataFolder), { force: true })
}

/** Throws `wallet-not-running`, which says how to start one. */
export function readRunning(dataFolder: string): Running {
  const running = runningIn(dataFolder)
  if (running === undefined) throw new Fault('wallet-not-running', `no Rivulet runs on ${dataFolder}: start it with \`pnpm start\`, or name its folder with --data`)
  return running
}

function runningIn(dataFolder: string): Running | undefined {
  const file = fileOf(dataFolder)
  try {
    return existsSync(file) ? schema.parse(JSON.parse(readFileSync(file, 'utf8'))) : undefined
  } catch {
    // Cut short by a crash, or of another version: nobody answers there.
    return undefined
  }
}
