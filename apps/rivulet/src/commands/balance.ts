import { Ledger } from '@rivulet/ledger'
import { formatAmount } from '@rivulet/money'
import { systemClock } from '@rivulet/time'
import type { Command } from 'commander'
import { Fault } from '@rivulet/faults'
import { openAccounts } from '../accounts.ts'
import { type ConfigOptions, readConfig } from '../config.ts'
import { openCommandDatabase } from '../database.ts'
import { commandOf, printJson } from './options.ts'

/** `rivulet balance NAME`: posted credits less debits, held but not posted, accrued on open streams. */
export function balanceCommand(): Command {
  return commandOf('balance', 'the balance of a subscriber or publisher')
    .argument('<name>', 'path of the wallet address, e-mail, name or id')
    .option('--json', 'as one line of JSON, amounts in units')
    .action(async (name: string, options: ConfigOptions & { readonly json?: boolean }) => {
      const config = readConfig(options)
      await using database = await openCommandDatabase(config)
      await using ledger = await Ledger.open({ postgres: database.postgres, clock: systemClock })
      await using accounts = await openAccounts(config, { postgres: database.postgres, ledger, clock: systemClock, entrancesOpen: false })
      const { walletAddress, name: personName } = await accounts.personByName(name)
      if (walletAddress === undefined) throw new Fault('account-unknown', `${personName} is an operator and has no account`)
      const { posted, pending, accrued, asset } = await ledger.balance(walletAddress.ledgerAccountId)
      if (options.json === true) printJson({ posted: `${posted}`, pending: `${pending}`, accrued: `${accrued}`, assetCode: asset.code, assetScale: asset.scale })
      else console.log(`${personName}: posted ${formatAmount(posted, asset)} ${asset.code}, held ${formatAmount(pending, asset)}, accrued ${formatAmount(accrued, asset)}`)
    })
}
