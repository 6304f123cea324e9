/**
 * Ten minutes at half the measured limit, with wallet, receiver and PostgreSQL as processes (bench/streams.ts): memory and the tables of streams stay flat, and the books
 * are right at the end, after `kill -9` of PostgreSQL. In `pnpm test:long`; `RIVULET_SOAK_SECONDS` and `RIVULET_SOAK_STREAMS` change its length and size, and each makes it run.
 */
import { setTimeout as wait } from 'node:timers/promises'
import { Postgres } from '@rivulet/postgres'
import { expect, test } from 'vitest'
import { benchStreams, type RunningStreams } from '../../bench/streams.ts'
import type { MemoryUse } from '../../bench/streams-process.ts'
import { trendOf } from './trend.ts'

const asked = process.env['RIVULET_SOAK_SECONDS'] !== undefined || process.env['RIVULET_SOAK_STREAMS'] !== undefined
const seconds = Number(process.env['RIVULET_SOAK_SECONDS'] ?? 600)
/** Half of 10,000. */
const streams = Number(process.env['RIVULET_SOAK_STREAMS'] ?? 5_000)
const samplesWanted = 24
/** Before the window ends, so that the last look is over by then. */
const lastLookMs = 5_000

/**
 * What a trend may add over the last three quarters of the window, as a part of the level. What lives, in the heap and in buffers that it holds, is exact after a collection; pages and tables move in steps.
 * Pages of the program's file do not count as resident: the system drops them where nobody needs them, which would hide a leak, as free memory of the allocator hides one of buffers for minutes.
 */
const allowed = { walletLive: 0.04, receiverLive: 0.04, walletResident: 0.06, receiverResident: 0.06, streamTables: 0.1 } as const
type Series = keyof typeof allowed
/** A posting adds a transfer and its entries in six indexes: at most so many bytes. Everything else of the database together: so many in all. */
const bytesPerTransferMax = 2_500
const otherBytesMax = 4_000_000

interface DatabaseSize {
  readonly streamTables: number
  readonly whole: number
  readonly transfers: number
}

test.runIf(asked || process.env['RIVULET_TEST_LONG'] === '1')(`${streams} streams for ${seconds} s: memory and the tables of streams stay flat, and the books are right`, { timeout: (seconds + 300) * 1_000 }, async () => {
  const series: Record<Series, number[]> = { walletLive: [], receiverLive: [], walletResident: [], receiverResident: [], streamTables: [] }
  const sizes: DatabaseSize[] = []
  const watch = async ({ memory, databaseUrl }: RunningStreams): Promise<void> => {
    await using postgres = Postgres.connect({ url: databaseUrl, connectionsMax: 1, applicationName: 'soak' })
    const [startMs, everyMs] = [performance.now(), (seconds * 1_000 - lastLookMs) / samplesWanted]
    for (let sample = 1; sample <= samplesWanted; sample += 1) {
      await wait(Math.max(0, startMs + sample * everyMs - performance.now()))
      const { wallet, receiver } = await memory()
      const size = await sizeOf(postgres)
      sizes.push(size)
      const live = ({ heapBytes, externalBytes }: MemoryUse): number => heapBytes + externalBytes
      const taken: Record<Series, number> = { walletLive: live(wallet), receiverLive: live(receiver), walletResident: wallet.anonymousBytes, receiverResident: receiver.anonymousBytes, streamTables: size.streamTables }
      for (const name of Object.keys(taken) as Series[]) series[name].push(taken[name])
    }
  }
  const result = await benchStreams({ streams, seconds, sweep: false, profileFolder: undefined, watch }, (line) => console.log(line))
  const trends = (Object.keys(series) as Series[]).map((name) => ({ name, ...trendOf(series[name]), allowed: allowed[name] }))
  for (const name of Object.keys(series) as Series[]) console.log(`${name}, MB: ${series[name].map((bytes) => (bytes / 1e6).toFixed(1)).join(' ')}`)
  for (const { name, level, part } of trends) console.log(`${name}: ${(level / streams / 1_000).toFixed(2)} kB a stream, ${(part * 100).toFixed(1)} % more over the window (allowed ${allowed[name] * 100} %)`)
  console.log(`lateness p50 ${result.latenessP50Ms.toFixed(1)} ms, p99 ${result.latenessP99Ms.toFixed(1)} ms; ${result.fulfilled} of ${result.due} packets`)
  expect(series.walletLive).toHaveLength(samplesWanted)
  expect(trends.filter(({ part, allowed: most }) => !(part <= most))).toEqual([])
  const [first, last] = [sizes.at(0), sizes.at(-1)]
  if (first === undefined || last === undefined) throw new Error('nothing was measured')
  const more = (last.whole - last.streamTables) - (first.whole - first.streamTables)
  console.log(`the rest of the database: ${(more / 1e6).toFixed(1)} MB more, with ${last.transfers - first.transfers} postings`)
  expect(more).toBeLessThanOrEqual(otherBytesMax + bytesPerTransferMax * (last.transfers - first.transfers))
  // Late is reported, lost is not allowed: after the window everything due was fulfilled and credited, in fewer packets where ticks were caught up.
  expect(result.credited).toBe(result.fulfilled)
  expect(result.fulfilled).toBe(result.sent)
  expect(result.booksEqual).toBe(true)
})

async function sizeOf(postgres: Postgres): Promise<DatabaseSize> {
  const { rows } = await postgres.pool.query<{ tables: bigint; whole: bigint; transfers: bigint }>(
    `select (select sum(pg_total_relation_size(name::regclass)) from unnest(array['ledger.sending_streams', 'ledger.sending_details', 'ledger.receiving_streams', 'ledger.flushes']) as name)::int8 as tables,
      pg_database_size(current_database())::int8 as whole, (select count(*) from ledger.transfers)::int8 as transfers`)
  return { streamTables: Number(rows[0]?.tables), whole: Number(rows[0]?.whole), transfers: Number(rows[0]?.transfers) }
}
