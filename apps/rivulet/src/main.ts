#!/usr/bin/env node
/** `rivulet`: one binary, one command a file. Answers go to standard output, everything else to standard error. */
import { isFault, messageOf } from '@rivulet/faults'
import { Command } from 'commander'
import { backupCommand } from './commands/backup.ts'
import { balanceCommand } from './commands/balance.ts'
import { initCommand } from './commands/init.ts'
import { keysCommand } from './commands/keys.ts'
import { restoreCommand } from './commands/restore.ts'
import { roleCommand } from './commands/role.ts'
import { streamCommand } from './commands/stream.ts'
import { upCommand } from './commands/up.ts'
import { verifyCommand } from './commands/verify.ts'
import { version } from './version.ts'

const program = new Command('rivulet')
  .description('A self-hosted Web Monetization provider.')
  .version(version)
  .showHelpAfterError('(see rivulet --help)')
for (const command of [
  upCommand(),
  roleCommand('wallet', 'the subscribers’ wallet: agent, connect journey, streams'),
  roleCommand('receiver', 'the publishers’ receiver: payment pointers, crediting, BTP'),
  roleCommand('operator', 'the operator’s dashboard and metrics'),
  initCommand(),
  streamCommand(),
  balanceCommand(),
  keysCommand(),
  verifyCommand(),
  backupCommand(),
  restoreCommand(),
]) {
  program.addCommand(command)
}

try {
  await program.parseAsync()
} catch (error) {
  console.error(isFault(error) ? `rivulet: ${error.message} (${error.code})` : error instanceof Error ? error.stack : messageOf(error))
  process.exitCode = 1
}
