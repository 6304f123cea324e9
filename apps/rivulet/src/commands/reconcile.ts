import { Ledger } from '@rivulet/ledger'
import { formatAmount } from '@rivulet/money'
import { type Reconciliation, reconciliationJson } from '@rivulet/payout'
import { systemClock } from '@rivulet/time'
import type { Command } from 'commander'
import { type ConfigOptions, readConfig } from '../config.ts'
import { openCommandDatabase } from '../database.ts'
import { openLog } from '../log.ts'
import { openPayouts } from '../payouts.ts'
import { commandOf, printJson } from './options.ts'

/** `rivulet reconcile`: books against provider's and bank's statements, and what is late. Exit status 1 when something needs a person. */
export function reconcileCommand(): Command {
  return commandOf('reconcile', 'compare the books with the statements of providers and bank, and name what is late')
    .option('--json', 'the report as one line of JSON')
    .action(async (options: ConfigOptions & { readonly json?: boolean }) => {
      const config = readConfig(options)
      await using database = await openCommandDatabase(config)
      await using ledger = await Ledger.open({ postgres: database.postgres, clock: systemClock })
      const report = await openPayouts({ config, postgres: database.postgres, ledger, clock: systemClock, log: openLog(config.logLevel, 'reconcile') }, false).reconciliation.run()
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
