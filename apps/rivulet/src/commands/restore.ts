import { Fault } from '@rivulet/faults'
import { Ledger } from '@rivulet/ledger'
import { restore } from '@rivulet/postgres'
import { systemClock } from '@rivulet/time'
import type { Command } from 'commander'
import { type ConfigOptions, readConfig } from '../config.ts'
import { allMigrations, openServerDatabase } from '../database.ts'
import { commandOf } from './options.ts'

/** `rivulet restore FILE`: fills an empty installation from a backup of this version or an older one, and proves the books. */
export function restoreCommand(): Command {
  return commandOf('restore', 'fill an empty database from a backup, then verify it')
    .argument('<file>', 'as `rivulet backup` wrote it')
    .action(async (file: string, options: ConfigOptions) => {
      await using database = await openServerDatabase(readConfig(options), 'restore', (step) => console.error(`${step} ...`))
      await restore(database.postgres, file, allMigrations)
      await using ledger = await Ledger.open({ postgres: database.postgres, clock: systemClock })
      const report = await ledger.verify()
      const [problem] = report.problems
      if (problem !== undefined) throw new Fault('books-wrong', `restored, but the books are wrong: ${problem.check}: ${problem.row}: ${problem.message}`)
      console.error(`Restored: ${report.accounts} accounts, ${report.transfers} transfers. The books are right.`)
    })
}
