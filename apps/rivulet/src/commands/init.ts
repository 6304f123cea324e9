import { randomBytes } from 'node:crypto'
import { Fault } from '@rivulet/faults'
import { Ledger } from '@rivulet/ledger'
import { systemClock } from '@rivulet/time'
import type { Command } from 'commander'
import { z } from 'zod'
import { openAccounts } from '../accounts.ts'
import { type ConfigOptions, dataFolderOf, readConfig, writeInstallation } from '../config.ts'
import { openServerDatabase } from '../database.ts'
import { commandOf } from './options.ts'

interface InitOptions extends ConfigOptions {
  readonly domain: string
  readonly email: string
  readonly currency: string
  readonly rate: string
  readonly walletUrl?: string
  readonly receiverUrl?: string
  readonly operatorUrl?: string
  readonly hostPath?: string
}

/** `rivulet init`: configuration and secrets (mode 0600) and the first operator of a real installation. No demo accounts, no sandbox provider. */
export function initCommand(): Command {
  return commandOf('init', 'write configuration, secrets and the first operator of a real installation')
    .requiredOption('--domain <name>', 'for example example.com: the services become wallet., pay. and operator.example.com')
    .requiredOption('--email <address>', 'the first operator’s e-mail')
    .option('--currency <code>', 'of the subscribers’ accounts', 'EUR')
    .option('--rate <units>', 'units a second at scale 9; 100000 is 0.36 an hour', '100000')
    .option('--wallet-url <url>', 'instead of https://wallet.DOMAIN')
    .option('--receiver-url <url>', 'instead of https://pay.DOMAIN')
    .option('--operator-url <url>', 'instead of https://operator.DOMAIN')
    .option('--host-path <path>', 'whom the bare pointer $pay.DOMAIN pays: the path of a publisher’s wallet address; nobody unless told')
    .action(async (options: InitOptions) => {
      const { domain } = options
      // Before anything is written: a second try would find the file of the first.
      if (!z.email().max(254).safeParse(options.email).success) throw new Fault('config-invalid', `--email: ${JSON.stringify(options.email)} is no e-mail address`)
      const folder = dataFolderOf(options)
      writeInstallation(folder, {
        publicUrls: {
          wallet: options.walletUrl ?? `https://wallet.${domain}`,
          receiver: options.receiverUrl ?? `https://pay.${domain}`,
          operator: options.operatorUrl ?? `https://operator.${domain}`,
        },
        asset: { code: options.currency, scale: 9 },
        ratePerSecond: options.rate,
        ...(options.hostPath !== undefined && { hostPath: options.hostPath }),
        ilpAddress: `g.rivulet.${domain.replaceAll('.', '-').toLowerCase()}`,
      })
      const config = readConfig(options)
      await using database = await openServerDatabase(config, 'init', (step) => console.error(`${step} ...`))
      await using ledger = await Ledger.open({ postgres: database.postgres, clock: systemClock })
      await using accounts = await openAccounts(config, { postgres: database.postgres, ledger, clock: systemClock, entrancesOpen: false })
      const password = randomBytes(15).toString('base64url')
      await accounts.ensurePerson({ role: 'operator', email: options.email, name: 'Operator', password })
      console.error(`Written: ${folder}/rivulet.json and secrets.json (keep them, and keep them secret).`)
      console.error(`The first operator signs in at ${config.publicUrls.operator} as ${options.email}. This password is shown once; change it after signing in:`)
      console.log(password)
    })
}
