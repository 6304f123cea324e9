/** What a running server leaves in the data folder so that commands find it. */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Fault } from '@rivulet/faults'
import { z } from 'zod'

const schema = z.object({ walletUrl: z.url(), firstSubscriber: z.string().optional() })
export type Running = z.infer<typeof schema>

const fileOf = (dataFolder: string): string => join(dataFolder, 'running.json')

export function writeRunning(dataFolder: string, running: Running): void {
  writeFileSync(fileOf(dataFolder), JSON.stringify(running), { mode: 0o600 })
}

export function removeRunning(dataFolder: string): void {
  rmSync(fileOf(dataFolder), { force: true })
}

/** Throws `wallet-not-running`, which says how to start one. */
export function readRunning(dataFolder: string): Running {
  const file = fileOf(dataFolder)
  if (!existsSync(file)) throw new Fault('wallet-not-running', `no Rivulet runs on ${dataFolder}: start it with \`pnpm start\`, or name its folder with --data`)
  return schema.parse(JSON.parse(readFileSync(file, 'utf8')))
}
