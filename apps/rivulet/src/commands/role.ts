import { Fault } from '@rivulet/faults'
import type { Command } from 'commander'
import { type RoleName, readConfig } from '../config.ts'
import { runUntilStopped } from '../run.ts'
import { printJson, serverCommandOf, type ServerOptions } from './options.ts'

/** `rivulet wallet`, `receiver`, `operator`: one role in a process of its own, against DATABASE_URL. */
export function roleCommand(role: RoleName, what: string): Command {
  return serverCommandOf(role, `run ${what} in a process of its own, against DATABASE_URL`)
    .option('--json', 'one line of JSON on standard output when it is up')
    .action(async (options: ServerOptions) => {
      if (options.port === '0') throw new Fault('config-invalid', 'a role in a process of its own needs a fixed --port: the others must find it')
      await runUntilStopped(async () => {
        const config = readConfig(options)
        const { startRole } = await import('../compose.ts')
        const running = await startRole(role, config)
        if (options.json === true) printJson({ ready: true, role, url: running.url })
        else console.error(`The ${role} is up: ${running.url}`)
        return running
      })
    })
}
