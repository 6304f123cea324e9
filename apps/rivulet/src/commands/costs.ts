import { type CostReport, costReport, costReportJson } from '@rivulet/funding'
import { Ledger } from '@rivulet/ledger'
import { formatAmount } from '@rivulet/money'
import { systemClock } from '@rivulet/time'
import type { Command } from 'commander'
import { type ConfigOptions, readConfig } from '../config.ts'
import { openCommandDatabase } from '../database.ts'
import { costNames } from '../payouts.ts'
import { commandOf, printJson } from './options.ts'

const dayMs = 86_400_000

/** `rivulet costs`: what providers and rails took of what came in. Exit status 1 from 20 % on. */
export function costsCommand(): Command {
  return commandOf('costs', 'what providers and rails took of what came in; 15 % warns, 20 % alarms')
    .option('--days <number>', 'so many days until now', '30')
    .option('--json', 'the report as one line of JSON')
    .action(async (options: ConfigOptions & { readonly days: string; readonly json?: boolean }) => {
      const config = readConfig(options)
      await using database = await openCommandDatabase(config)
      await using ledger = await Ledger.open({ postgres: database.postgres, clock: systemClock })
      const toMs = systemClock.nowMs()
      const report = await costReport(ledger, { tariffs: config.tariffs, names: costNames(config), asset: config.asset, fromMs: toMs - Math.max(1, Math.trunc(Number(options.days) || 30)) * dayMs, toMs })
      if (options.json === true) printJson(costReportJson(report))
      else console.log(legible(report, (units) => `${formatAmount(units, config.asset)} ${config.asset.code}`))
      if (report.total.mark === 'alarm') process.exitCode = 1
    })
}

function legible({ parts, total }: CostReport, written: (units: bigint) => string): string {
  const marked = ({ ratio, mark }: Pick<CostReport['total'], 'ratio' | 'mark'>): string => (ratio === null ? 'nothing came in' : `${ratio} of it: ${mark ?? ''}`)
  return [
    `took ${written(total.costs)} of ${written(total.gross)}, ${marked(total)}`,
    ...(total.vat === 0n ? [] : [`  of what came in ${written(total.vat)} are VAT`]),
    ...parts.map((part) => `  ${part.name}: ${written(part.costs)} of ${written(part.gross)} in ${part.movements} movements, ${marked(part)}${part.perChargeForWarning === null ? '' : `; below 15 % with ${part.perChargeForWarning} to a charge, below 20 % with ${part.perChargeForAlarm ?? 'no number'}`}`),
  ].join('\n')
}
