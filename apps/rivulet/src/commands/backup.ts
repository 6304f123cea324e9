import { backup } from '@rivulet/postgres'
import type { Command } from 'commander'
import { type ConfigOptions, readConfig } from '../config.ts'
import { openCommandDatabase } from '../database.ts'
import { commandOf } from './options.ts'

/** `rivulet backup FILE`: one consistent snapshot of every schema, while everything goes on. */
export function backupCommand(): Command {
  return commandOf('backup', 'write one consistent snapshot of the database')
    .argument('<file>', 'must not exist yet')
    .action(async (file: string, options: ConfigOptions) => {
      await using database = await openCommandDatabase(readConfig(options))
      const { tables, rows } = await backup(database.postgres, file)
      console.error(`The backup is in ${file}: ${rows} rows of ${tables} tables. Keep secrets.json of the data folder with it: sealed rows are readable only with it.`)
    })
}
