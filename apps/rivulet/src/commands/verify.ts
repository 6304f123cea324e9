import { Ledger } from '@rivulet/ledger'
import { systemClock } from '@rivulet/time'
import type { Command } from 'commander'
import { type ConfigOptions, readConfig } from '../config.ts'
import { openCommandDatabase } from '../database.ts'
import { commandOf, printJson } from './options.ts'

/** `rivulet verify`: the proof of the books, beside a running server or without one. Exit status 1 when a row is wrong. */
export function verifyCommand(): Command {
  return commandOf('verify', 'prove that the books are right, to the unit')
    .option('--json', 'the report as one line of JSON')
    .action(async (options: ConfigOptions & { readonly json?: boolean }) => {
      await using database = await openCommandDatabase(readConfig(options))
      await using ledger = await Ledger.open({ postgres: database.postgres, clock: systemClock })
      const report = await ledger.verify()
      if (options.json === true) printJson(report)
      else {
        console.log(report.ok ? 'The books are right.' : 'THE BOOKS ARE WRONG.')
        for (const { check, row, message } of report.problems) console.log(`  ${check}: ${row}: ${message}`)
        console.log(`  ${report.accounts} accounts, ${report.transfers} transfers, ${report.chains} hash chains, ${report.streamsOpen} streams open, ${report.streamsInDoubt} in doubt`)
        for (const total of report.totals) console.log(`  ${total.assetCode} (scale ${total.assetScale}): debits ${total.debitsPosted} = credits ${total.creditsPosted}`)
      }
      if (!report.ok) process.exitCode = 1
    })
}
