import { writeFile } from 'node:fs/promises'
import { Fault } from '@rivulet/faults'
import { Ledger } from '@rivulet/ledger'
import { formatAmount } from '@rivulet/money'
import { systemClock } from '@rivulet/time'
import type { Command } from 'commander'
import { type ConfigOptions, readConfig } from '../config.ts'
import { openCommandDatabase } from '../database.ts'
import { openLog } from '../log.ts'
import { openPayouts } from '../payouts.ts'
import { commandOf, printJson } from './options.ts'

/** `rivulet bank-file`: checks a file of payouts for the bank against the ISO's schema, and writes it. Exit status 1 when the schema does not allow it: then nothing is written. */
export function bankFileCommand(): Command {
  return commandOf('bank-file', 'check a file of payouts for the bank (pain.001) against the schema of ISO 20022, and write it')
    .argument('[id]', 'which file, as the operators’ page lists it; the newest unless told')
    .option('--out <file>', 'write it there, readable for you alone; a file that is there already stays as it is')
    .option('--json', 'the answer as one line of JSON')
    .action(async (id: string | undefined, options: ConfigOptions & { readonly out?: string; readonly json?: boolean }) => {
      const config = readConfig(options)
      await using database = await openCommandDatabase(config)
      await using ledger = await Ledger.open({ postgres: database.postgres, clock: systemClock })
      const { bank } = await openPayouts({ config, postgres: database.postgres, ledger, clock: systemClock, log: openLog(config.logLevel, 'bank-file') }, false)
      if (bank === undefined) throw new Fault('rail-unknown', 'this installation has no bank account: add one to its configuration')
      const { batch, contents, check } = await bank.checked(id)
      const valid = check.faults.length === 0
      if (valid && options.out !== undefined) await writeFile(options.out, contents, { mode: 0o600, flag: 'wx' })
      if (options.json === true) printJson({ id: batch.id, payouts: batch.payouts, total: String(batch.total), schema: check.schema, valid, faults: check.faults, written: valid ? (options.out ?? null) : null })
      else {
        console.log([
          `${batch.id}: ${batch.payouts} payouts, ${formatAmount(batch.total, config.asset)} ${config.asset.code}, made ${new Date(batch.createdMs).toISOString().slice(0, 16)}Z`,
          valid ? `valid against the schema of ISO 20022, ${check.schema}` : `NOT VALID against the schema of ISO 20022, ${check.schema}:`,
          ...check.faults.map((fault) => `  ${fault}`),
          ...(valid && options.out !== undefined ? [`written to ${options.out}`] : []),
        ].join('\n'))
      }
      if (!valid) process.exitCode = 1
    })
}
