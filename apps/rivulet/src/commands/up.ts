import type { Command } from 'commander'
import type { RunningAll } from '../compose.ts'
import { readConfig } from '../config.ts'
import { runUntilStopped } from '../run.ts'
import { printJson, serverCommandOf, type ServerOptions } from './options.ts'

/** `rivulet up`: everything in one process. */
export function upCommand(): Command {
  return serverCommandOf('up', 'run everything in one process; without `rivulet init` in sandbox mode, with demo accounts')
    .option('--link <kind>', 'how wallet and receiver talk: btp (loopback WebSocket) or memory', 'btp')
    .option('--json', 'one line of JSON on standard output when all is up')
    .action(async (options: ServerOptions) => {
      await runUntilStopped(async () => {
        const config = readConfig(options)
        // What is wrong with the configuration is said before the house is loaded.
        const { startAll } = await import('../compose.ts')
        const running = await startAll(config, (step) => console.error(`${step} ...`))
        if (options.json === true) printJson({ ready: true, ...running.urls, demoAccounts: running.demoAccounts })
        else console.error(welcome(running))
        return running
      })
    })
}

function welcome({ urls, demoAccounts, sandbox }: RunningAll): string {
  const lines = ['', '  Rivulet is up.', '']
  if (sandbox) lines.push(`  Read and pay   ${urls.demo}    a small magazine: open an article, press the button, sign in as a subscriber`)
  lines.push(`  What this is   ${new URL('/about', urls.wallet).href}`)
  lines.push(`  Wallet         ${urls.wallet}`, `  Publishers     ${urls.receiver}`, `  Operator       ${urls.operator}`, '')
  if (sandbox) {
    lines.push('  Demo accounts (sandbox only):')
    for (const { role, name, email, password } of demoAccounts) lines.push(`    ${role.padEnd(11)}${name.padEnd(18)}${email.padEnd(28)}${password}`)
    const payee = demoAccounts.find(({ role }) => role === 'publisher')?.walletAddress
    lines.push('', `  Or, in another terminal:  pnpm rivulet stream ${payee ?? ''} --seconds 5`)
  }
  lines.push('  Ctrl-C stops everything in order.', '')
  return lines.join('\n')
}
