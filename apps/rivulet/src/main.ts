#!/usr/bin/env node
/** `rivulet`: one binary, one command a file. Answers go to standard output, everything else to standard error. */
import { enableCompileCache } from 'node:module'
import { join } from 'node:path'
import { isFault, messageOf } from '@rivulet/faults'
import { Command } from 'commander'
import { version } from './version.ts'

// A start spends most of its processor time on reading the sources: what was compiled once is kept beside the packages, where only who installed them writes. Elsewhere nothing is kept.
enableCompileCache(join(import.meta.dirname, '../../../node_modules/.cache/compiled'))

/** Loaded when asked for: most commands need little of the house. */
const commands: Readonly<Record<string, () => Promise<Command>>> = {
  up: async () => (await import('./commands/up.ts')).upCommand(),
  wallet: async () => (await import('./commands/role.ts')).roleCommand('wallet', 'the subscribers’ wallet: agent, connect journey, streams'),
  receiver: async () => (await import('./commands/role.ts')).roleCommand('receiver', 'the publishers’ receiver: payment pointers, crediting, BTP'),
  operator: async () => (await import('./commands/role.ts')).roleCommand('operator', 'the operator’s dashboard and metrics'),
  init: async () => (await import('./commands/init.ts')).initCommand(),
  stream: async () => (await import('./commands/stream.ts')).streamCommand(),
  balance: async () => (await import('./commands/balance.ts')).balanceCommand(),
  peers: async () => (await import('./commands/peers.ts')).peersCommand(),
  keys: async () => (await import('./commands/keys.ts')).keysCommand(),
  'bank-file': async () => (await import('./commands/bank-file.ts')).bankFileCommand(),
  reconcile: async () => (await import('./commands/reconcile.ts')).reconcileCommand(),
  verify: async () => (await import('./commands/verify.ts')).verifyCommand(),
  backup: async () => (await import('./commands/backup.ts')).backupCommand(),
  calculate: async () => (await import('./commands/calculate.ts')).calculateCommand(),
  costs: async () => (await import('./commands/costs.ts')).costsCommand(),
  simulate: async () => (await import('./commands/simulate.ts')).simulateCommand(),
  restore: async () => (await import('./commands/restore.ts')).restoreCommand(),
}

const program = new Command('rivulet')
  .description('A self-hosted Web Monetization provider.')
  .version(version)
  .showHelpAfterError('(see rivulet --help)')
const asked = process.argv[2] ?? ''
const wanted = Object.hasOwn(commands, asked) ? commands[asked] : undefined
for (const load of wanted === undefined ? Object.values(commands) : [wanted]) program.addCommand(await load())

// Who is used to npm writes `pnpm start -- --port 5000`, and pnpm hands the dashes on.
const args = process.argv.filter((arg, index) => arg !== '--' || index !== 3)

try {
  await program.parseAsync(args)
} catch (error) {
  console.error(isFault(error) ? `rivulet: ${error.message} (${error.code})` : isOfSystem(error) ? `rivulet: ${error.message}` : error instanceof Error ? error.stack : messageOf(error))
  process.exitCode = 1
}

/** A file that cannot be read or written: its message names the file, and where in our code it happened helps nobody. */
function isOfSystem(error: unknown): error is Error {
  return error instanceof Error && 'syscall' in error && 'path' in error
}
