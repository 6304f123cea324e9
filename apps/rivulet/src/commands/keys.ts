import { Fault } from '@rivulet/faults'
import { Ledger } from '@rivulet/ledger'
import { systemClock } from '@rivulet/time'
import { Command } from 'commander'
import { openAccounts } from '../accounts.ts'
import { type ConfigOptions, readConfig } from '../config.ts'
import { openCommandDatabase } from '../database.ts'
import { commandOf, printJson } from './options.ts'

/** `rivulet keys add NAME BASE64_JWK`: registers a client's public key with a wallet address. */
export function keysCommand(): Command {
  const add = commandOf('add', 'register a client’s public key with a wallet address')
    .argument('<name>', 'path of the wallet address, e-mail, name or id')
    .argument('<jwk>', 'Ed25519 public key: base64 of its JWK, as the client shows it')
    .option('--name <text>', 'what the key’s owner calls it')
    .option('--json', 'as one line of JSON')
    .action(async (name: string, jwk: string, options: ConfigOptions & { readonly json?: boolean; readonly name?: string }) => {
      const config = readConfig(options)
      await using database = await openCommandDatabase(config)
      await using ledger = await Ledger.open({ postgres: database.postgres, clock: systemClock })
      await using accounts = await openAccounts(config, { postgres: database.postgres, ledger, clock: systemClock, entrancesOpen: false })
      const address = (await accounts.walletAddressByPath(name.toLowerCase())) ?? (await accounts.personByName(name)).walletAddress
      if (address === undefined) throw new Fault('wallet-address-unknown', `${name} has no wallet address that a key could belong to`)
      const { kid } = await accounts.addKey(address.id, jwk, options.name)
      if (options.json === true) printJson({ kid })
      else console.log(`${address.url} now has the key ${kid}`)
    })
  return new Command('keys').description('clients’ public keys').addCommand(add)
}
