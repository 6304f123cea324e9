import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Fault } from '@rivulet/faults'
import { startEmbeddedPostgres } from '@rivulet/postgres'
import { systemClock } from '@rivulet/time'
import { Command } from 'commander'
import { z } from 'zod'
import type { SimulationReport } from '../simulation/simulate.ts'
import { printJson } from './options.ts'

const whole = (least: number, most: number) => z.coerce.number().int().min(least).max(most)
const specSchema = z.object({ subscribers: whole(1, 20_000), publishers: whole(1, 2_000), days: whole(1, 400), seed: whole(0, 2 ** 32 - 1) })

/** A day lasts a few seconds: tables are vacuumed, and their statistics kept, as often as a real month would, while the other processor is idle. */
const hurried = { autovacuum_naptime: '5s', autovacuum_vacuum_cost_delay: '0' }

const headStartMs = 50

/** `rivulet simulate`: readers, publishers and the real services for some days on a virtual clock, in a database of its own that is thrown away. Exit status 1 when its books are wrong. */
export function simulateCommand(): Command {
  return new Command('simulate')
    .description('play days of subscriptions, reading, sharing, renewals, disputes, tips and payouts with the real services in a database of its own')
    .showHelpAfterError('(see rivulet --help)')
    .option('--subscribers <number>', 'readers', '1000')
    .option('--publishers <number>', 'sites they read', '50')
    .option('--days <number>', 'how long', '31')
    .option('--seed <number>', 'the same seed gives the same numbers', '1')
    .option('--json', 'the report as one line of JSON')
    .action(async ({ json, ...given }: Record<string, string> & { readonly json?: boolean }) => {
      const parsed = specSchema.safeParse(given)
      if (!parsed.success) throw new Fault('simulation-invalid', parsed.error.issues.map(({ path, message }) => `--${path.join('.')}: ${message}`).join('; '))
      const folder = await mkdtemp(join(tmpdir(), 'rivulet-simulate-'))
      try {
        // The database is made by processes of its own: once they run, what uses it is loaded.
        const loaded = systemClock.sleep(headStartMs).then(() => import('../simulation/simulate.ts'))
        const [started, { simulate }] = await Promise.all([startEmbeddedPostgres({ dataFolder: folder, durable: false, settings: hurried }), loaded])
        await using database = started
        const begunMs = systemClock.monotonicMs()
        const report = await simulate(database.url, parsed.data, (progress) => console.error(`${((systemClock.monotonicMs() - begunMs) / 1_000).toFixed(1).padStart(6)} s  ${progress}`))
        if (json === true) printJson(report)
        else console.log(legible(report))
        if (!report.books.ok || !report.books.everyUnitAccounted || !report.books.reconciled) process.exitCode = 1
      } finally {
        await rm(folder, { recursive: true, force: true })
      }
    })
}

function legible({ subscribersPaid, spent, publishersEarned, operator, streams, books, ...spec }: SimulationReport): string {
  const { assetCode } = spec
  return [
    `${spec.subscribers} subscribers, ${spec.publishers} publishers, ${spec.days} days, seed ${spec.seed}`,
    `  subscribers paid   ${subscribersPaid.charged} ${assetCode} in ${subscribersPaid.charges} charges; ${subscribersPaid.declined} failed, ${subscribersPaid.disputes} disputed and ${subscribersPaid.disputesWon} of them won back (${subscribersPaid.disputed} lost), ${subscribersPaid.ended} subscriptions ended`,
    `  they changed       ${subscribersPaid.changes.plans} plans, ${subscribersPaid.changes.cards} cards; ${subscribersPaid.changes.cancelled} cancelled, ${subscribersPaid.changes.paused} paused`,
    `  they read          ${spent.hoursRead} hours: ${spent.streamed} streamed, ${spent.shared} shared, ${spent.tips} in ${spent.tipsGiven} tips, ${spent.left} left; ${spent.budgetsSpent} spent their budget before the end`,
    `  publishers earned  ${publishersEarned.total}: most ${publishersEarned.most}, median ${publishersEarned.median}, least ${publishersEarned.least}`,
    `  and were paid      ${publishersEarned.paidOut} in ${publishersEarned.payouts} payouts, fees ${publishersEarned.payoutFees}; ${publishersEarned.payoutsReturned} came back, ${publishersEarned.left} are still theirs here`,
    `  the operator got   ${operator.fees} and ${operator.payoutFees} of payouts; cards cost ${operator.providerCost}, the bank ${operator.bankCost} (${operator.feeRatioPercent} % of what was paid), disputes ${operator.losses}; ${operator.left} remain, and ${operator.vat} of VAT to hand over`,
    `  the network        ${streams.opened} pages, ${streams.packets} packets, ${streams.rejected} not paid`,
    books.ok && books.everyUnitAccounted && books.reconciled ? `  The books are right: ${books.transfers} transfers, every unit accounted for, books and bank agree.` : `  THE BOOKS ARE WRONG: ${JSON.stringify(books.problems)}`,
  ].join('\n')
}
