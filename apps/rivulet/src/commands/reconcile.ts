import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { Ledger } from '@rivulet/ledger'
import { formatAmount } from '@rivulet/money'
import { Fault } from '@rivulet/faults'
import { providerStatementOf, type Reconciliation, reconciliationJson } from '@rivulet/payout'
import { systemClock } from '@rivulet/time'
import type { Command } from 'commander'
import { type ConfigOptions, readConfig } from '../config.ts'
import { openCommandDatabase } from '../database.ts'
import { openLog } from '../log.ts'
import { chargeKeys, openPayouts } from '../payouts.ts'
import { commandOf, printJson } from './options.ts'

interface StatementOptions {
  readonly statement?: string
  readonly provider: string
  readonly name?: string
  readonly from?: string
  readonly to?: string
}

/** `rivulet reconcile`: books against provider's and bank's statements, and what is late. Exit status 1 when something needs a person. */
export function reconcileCommand(): Command {
  return commandOf('reconcile', 'compare the books with the statements of providers and bank, and name what is late')
    .option('--json', 'the report as one line of JSON')
    .option('--statement <file>', 'take this statement of a provider first: CSV, Stripe’s itemized balance report or kind,reference,amount,currency,at')
    .option('--provider <name>', 'whose statement it is, as in psp[NAME]', 'stripe')
    .option('--name <text>', 'its name: a statement is taken once; the file’s own unless told')
    .option('--from <day>', 'the first day that it covers (UTC, 2027-01-31); that of its first line unless told')
    .option('--to <day>', 'the last day')
    .action(async (options: ConfigOptions & StatementOptions & { readonly json?: boolean }) => {
      const config = readConfig(options)
      await using database = await openCommandDatabase(config)
      await using ledger = await Ledger.open({ postgres: database.postgres, clock: systemClock })
      const { reconciliation } = await openPayouts({ config, postgres: database.postgres, ledger, clock: systemClock, log: openLog(config.logLevel, 'reconcile') }, false)
      const { statement: file, provider, name, from: fromDay, to: toDay } = options
      if (file !== undefined) {
        const text = await readFile(file, 'utf8').catch((error: unknown) => {
          throw new Fault('statement-missing', `${file} cannot be read`, { cause: error })
        })
        await reconciliation.takeProvider(await providerStatementOf({ provider, name: name ?? basename(file), text, asset: config.asset, fromDay, toDay, chargeKeyOf: chargeKeys(database.postgres) }), 'command line')
      }
      const report = await reconciliation.run()
      if (options.json === true) printJson(reconciliationJson(report))
      else console.log(legible(report, (units) => `${formatAmount(units, config.asset)} ${config.asset.code}`))
      if (!report.ok) process.exitCode = 1
    })
}

function legible({ ok, clearing, comparisons }: Reconciliation, written: (units: bigint) => string): string {
  const day = (ms: number): string => new Date(ms).toISOString().slice(0, 16)
  return [
    ok ? 'Books and statements agree, and nothing is late.' : 'SOMETHING NEEDS A PERSON.',
    ...clearing.flatMap(({ name, balance, items, late, unexplained }) => [
      `  ${name}: ${written(balance)} in ${items.length} items${unexplained === 0n ? '' : `, of which nothing explains ${written(unexplained)}`}`,
      ...late.map(({ reference, amount, waitsFor, dueMs }) => `    late: ${reference} ${written(amount)} (${waitsFor}) since ${day(dueMs)}`),
    ]),
    ...comparisons.flatMap(({ between: [one, other], untilMs, lines, findings }) => [
      `  ${one} and ${other}: ${untilMs === null ? 'no statement yet' : `${lines} lines until ${day(untilMs)}`}`,
      ...findings.map(({ kind, reference, booked, stated }) => `    ${kind}: ${reference}${booked === undefined ? '' : ` booked ${written(booked)}`}${stated === undefined ? '' : ` stated ${written(stated)}`}`),
    ]),
  ].join('\n')
}
