/**
 * What the ledger makes durable in a second, all guards on, on a PostgreSQL of its own with fsync: credits at 100, 1,000 and 10,000 open connections, bookings of the
 * sending side, transfers, postings of closed connections, holds. Beside it pgbench's TPC-B on the same server, where pgbench is installed.
 */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { newId, type Id } from '@rivulet/ids'
import { type Account, Ledger, ledgerMigrations } from '@rivulet/ledger'
import { migrate, Postgres, startEmbeddedPostgres } from '@rivulet/postgres'
import { systemClock } from '@rivulet/time'
import { fillHistory, historyCost, transfersPerChain } from './ledger-history.ts'

const rounds = 5
const secondsPerRound = 2
const inFlightMin = 10_000
const transfersPerRound = 20_000
const holdsPerRound = 8_000
/** Of the holds. */
const bookedMax = 12_000
const asset = { code: 'EUR', scale: 9 }

export interface LedgerOptions {
  /** Transfers of closed streams in books of their own, on which everything is measured as well; 0 for none. */
  readonly history: number
}

interface Speeds {
  /** Durable accrued credits a second, median of the rounds, by open connections. */
  readonly creditsPerSecond: Readonly<Record<string, number>>
  readonly bookingsPerSecond: number
  readonly transfersPerSecond: number
  /** Connections closed, each with something to post. */
  readonly postingsPerSecond: number
  readonly holdsPerSecond: number
}

interface HistorySize {
  readonly transfers: number
  readonly databaseBytes: number
  readonly fillSeconds: number
}

interface History extends HistorySize {
  readonly bench: Bench
}

interface HistoryResult extends HistorySize {
  /** The same speeds, with this history. */
  readonly with: Speeds
  /** Of each speed: with this history / without. */
  readonly ratios: { readonly credits: number; readonly bookings: number; readonly transfers: number; readonly postings: number; readonly holds: number }
  readonly verifySeconds: number
  readonly booksRight: boolean
}

interface LedgerResult extends Speeds {
  readonly history: HistoryResult | null
  /** null where pgbench is not installed. */
  readonly pgbenchTransactionsPerSecond: number | null
  readonly fsync: string
  readonly synchronousCommit: string
  readonly fullPageWrites: string
  readonly booksRight: boolean
}

interface Bench {
  readonly url: string
  readonly postgres: Postgres
  readonly ledger: Ledger
  readonly payer: Account
  readonly link: Account
  readonly loss: Account
  readonly payees: readonly Account[]
}

type Say = (line: string) => void

export async function benchLedger({ history: transfersOfHistory }: LedgerOptions, say: Say): Promise<LedgerResult> {
  await using building = new AsyncDisposableStack()
  const fresh = await openBench(building)
  const books = [fresh]
  const history = transfersOfHistory > 0 ? await openHistory(building, transfersOfHistory, say) : undefined
  if (history !== undefined) books.push(history.bench)
  const [speeds, withHistory] = await measure(books, say)
  if (speeds === undefined) throw new Error('nothing was measured')
  const pgbenchTransactionsPerSecond = pgbench(fresh.url)
  say(pgbenchTransactionsPerSecond === null ? 'pgbench is not installed: the embedded PostgreSQL has none; on Debian it comes with postgresql-contrib' : `pgbench TPC-B, 16 clients: ${pgbenchTransactionsPerSecond} transactions/s`)
  const { rows } = await fresh.postgres.pool.query<{ fsync: string; sync: string; pages: string }>(
    `select current_setting('fsync') as fsync, current_setting('synchronous_commit') as sync, current_setting('full_page_writes') as pages`)
  return {
    ...speeds, history: history === undefined || withHistory === undefined ? null : await compared(history, speeds, withHistory, say), pgbenchTransactionsPerSecond,
    fsync: rows[0]?.fsync ?? '', synchronousCommit: rows[0]?.sync ?? '', fullPageWrites: rows[0]?.pages ?? '', booksRight: (await fresh.ledger.verify()).ok,
  }
}

/** A PostgreSQL of its own, and on it the books. */
async function openBench(building: AsyncDisposableStack): Promise<Bench> {
  const dataFolder = await mkdtemp(join(tmpdir(), 'rivulet-bench-'))
  building.defer(() => rm(dataFolder, { recursive: true, force: true }))
  const server = building.use(await startEmbeddedPostgres({ dataFolder }))
  const postgres = building.use(Postgres.connect({ url: server.url, connectionsMax: 10, applicationName: 'bench' }))
  await migrate(postgres, [ledgerMigrations])
  const ledger = building.use(await Ledger.open({ postgres, clock: systemClock }))
  return { url: server.url, postgres, ledger, ...(await openBooks(ledger)) }
}

/** Other books that differ in their history only: what is measured on both is measured in turns. */
async function openHistory(building: AsyncDisposableStack, count: number, say: Say): Promise<History> {
  const bench = await openBench(building)
  const chains = Math.ceil(count / transfersPerChain)
  await bench.ledger.transfer({ key: 'history', debitAccountId: bench.link.id, creditAccountId: bench.payer.id, amount: historyCost(chains), reason: 'deposit' })
  const fillSeconds = await secondsOf(() => fillHistory(bench.url, bench, chains))
  // What autovacuum and a checkpoint would do meanwhile is done before, not during, the measurement.
  await bench.postgres.pool.query('vacuum analyze')
  await bench.postgres.pool.query('checkpoint')
  const { rows } = await bench.postgres.pool.query<{ transfers: bigint; bytes: bigint }>('select count(*)::int8 as transfers, pg_database_size(current_database())::int8 as bytes from ledger.transfers')
  const [transfersThen, databaseBytes] = [Number(rows[0]?.transfers ?? 0), Number(rows[0]?.bytes ?? 0)]
  say(`a history of ${transfersThen} transfers, ${(databaseBytes / 1e9).toFixed(1)} GB, made in ${fillSeconds} s; everything is measured in turns without it and with it`)
  return { bench, transfers: transfersThen, databaseBytes, fillSeconds }
}

async function compared({ bench, ...size }: History, without: Speeds, now: Speeds, say: Say): Promise<HistoryResult> {
  const ratio = (of: (speeds: Speeds) => number): number => Math.round((of(now) / of(without)) * 100) / 100
  const ratios = {
    credits: ratio(({ creditsPerSecond }) => creditsPerSecond['1000'] ?? 0), bookings: ratio((speeds) => speeds.bookingsPerSecond),
    transfers: ratio((speeds) => speeds.transfersPerSecond), postings: ratio((speeds) => speeds.postingsPerSecond), holds: ratio((speeds) => speeds.holdsPerSecond),
  }
  let booksRight = false
  const verifySeconds = await secondsOf(async () => {
    booksRight = (await bench.ledger.verify()).ok
  })
  say(`with this history / without: credits ${ratios.credits}, bookings ${ratios.bookings}, transfers ${ratios.transfers}, postings ${ratios.postings}, holds ${ratios.holds}; verify takes ${verifySeconds} s and says ${booksRight ? 'ok' : 'that the books are wrong'}`)
  return { ...size, with: now, ratios, verifySeconds, booksRight }
}

async function secondsOf(work: () => Promise<unknown>): Promise<number> {
  const startMs = systemClock.monotonicMs()
  await work()
  return Math.round((systemClock.monotonicMs() - startMs) / 100) / 10
}

/** All speeds on each of the books, in the same order. */
async function measure(books: readonly Bench[], say: Say): Promise<Speeds[]> {
  const told = (what: string, speeds: readonly number[]): readonly number[] => {
    say(`${what}: ${speeds.join(', with history ')} /s`)
    return speeds
  }
  const creditsPerSecond: Record<string, number>[] = books.map(() => ({}))
  for (const connections of [100, 1_000, 10_000]) {
    const drives = books.map((bench) => credits(bench, connections))
    for (const [index, speed] of told(`durable credits, ${connections} open connections`, await inTurns(drives)).entries()) (creditsPerSecond[index] ?? {})[connections] = speed
  }
  const transfersPerSecond = told('transfers', await inTurns(books.map(transfers)))
  const postingsPerSecond = told('postings of closed connections', await inTurns(books.map(postings)))
  const payments = books.map((bench) => ({ bench, ids: [] as Id<'strm'>[], total: 0n }))
  const holdsPerSecond = told('holds', await inTurns(payments.map(holds)))
  const bookingsPerSecond = told('bookings on them', await inTurns(payments.map(bookings)))
  return books.map((_, index) => ({
    creditsPerSecond: creditsPerSecond[index] ?? {}, transfersPerSecond: transfersPerSecond[index] ?? 0, postingsPerSecond: postingsPerSecond[index] ?? 0, holdsPerSecond: holdsPerSecond[index] ?? 0, bookingsPerSecond: bookingsPerSecond[index] ?? 0,
  }))
}

/** One round; returns how many were done since it called `begin`, or since it was called. */
type Drive = (round: number, begin: () => void) => Promise<number>

/** Medians of what each does a second, one round of each after the other; a round before the first does not count. */
async function inTurns(drives: readonly Drive[]): Promise<readonly number[]> {
  const results: number[][] = drives.map(() => [])
  for (let round = 0; round <= rounds; round += 1) {
    for (const [index, drive] of drives.entries()) {
      let startMs = systemClock.monotonicMs()
      const done = await drive(round, () => {
        startMs = systemClock.monotonicMs()
      })
      if (round > 0) results[index]?.push((done * 1_000) / (systemClock.monotonicMs() - startMs))
    }
  }
  return results.map(median)
}

async function openBooks(ledger: Ledger): Promise<Pick<Bench, 'payer' | 'link' | 'loss' | 'payees'>> {
  const open = (name: string, kind: Account['kind'], debitsMayExceedCredits: boolean): Promise<Account> => ledger.openAccount({ name, kind, asset, debitsMayExceedCredits })
  const payer = await open('subscriber[bench]', 'subscriber', false)
  const link = await open('link[bench]@receiver', 'link', true)
  await ledger.transfer({ key: 'funds', debitAccountId: link.id, creditAccountId: payer.id, amount: 10n ** 15n, reason: 'deposit' })
  return { payer, link, loss: await open('loss@bench', 'loss', true), payees: await Promise.all(Array.from({ length: 100 }, (_, index) => open(`publisher[${index}]`, 'publisher', false))) }
}

/** Each connection has its next packet ready as soon as one is answered; at least 10,000 packets are on their way. */
function credits({ ledger, link, payees }: Bench, connections: number): Drive {
  const perConnection = Math.min(60, Math.ceil(inFlightMin / connections))
  const closesAtMs = systemClock.nowMs() + 3_600_000
  const lanes = Array.from({ length: connections }, (_, index) => ({
    connection: createHash('sha256').update(`${connections}/${index}`).digest(), sequence: 0, creditAccountId: payees[index % payees.length]?.id ?? link.id,
  }))
  return async () => {
    const startMs = systemClock.monotonicMs()
    let applied = 0
    const drive = async (lane: (typeof lanes)[number]): Promise<void> => {
      while (systemClock.monotonicMs() - startMs < secondsPerRound * 1_000) {
        lane.sequence += 1
        const { connection, sequence, creditAccountId } = lane
        const result = await ledger.receiving.credit({
          connection, sequence, amount: 1n, debitAccountId: link.id, creditAccountId, totalMax: 2n ** 60n, closesAtMs, expiresAtMs: systemClock.nowMs() + 20_000,
        })
        if (result.applied) applied += 1
      }
    }
    await Promise.all(lanes.flatMap((lane) => Array.from({ length: perConnection }, () => drive(lane))))
    return applied
  }
}

/** Named as tips, charges and payouts are: by an id that was made at the time. */
function transfers({ ledger, link, payees }: Bench): Drive {
  return async () => {
    await Promise.all(Array.from({ length: transfersPerRound }, (_, index) =>
      ledger.transfer({ key: `correction:${newId('corr', systemClock.nowMs())}`, debitAccountId: link.id, creditAccountId: payees[index % payees.length]?.id ?? link.id, amount: 1n, reason: 'correction' })))
    return transfersPerRound
  }
}

/** Connections that were paid once are closed: what each accrued is posted. That they were paid does not count. */
function postings({ ledger, link, payees }: Bench): Drive {
  return async (round, begin) => {
    const nowMs = systemClock.nowMs()
    const connections = Array.from({ length: transfersPerRound }, (_, index) => createHash('sha256').update(`posting/${round}/${index}`).digest())
    await Promise.all(connections.map((connection, index) => ledger.receiving.credit({
      connection, sequence: 1, amount: 1n, debitAccountId: link.id, creditAccountId: payees[index % payees.length]?.id ?? link.id, totalMax: 2n ** 60n, closesAtMs: nowMs + 3_600_000, expiresAtMs: nowMs + 20_000,
    })))
    begin()
    await Promise.all(connections.map((connection) => ledger.receiving.close(connection)))
    return transfersPerRound
  }
}

interface Payments {
  readonly bench: Bench
  readonly ids: Id<'strm'>[]
  total: bigint
}

function holds({ bench: { ledger, payer, link, loss }, ids }: Payments): Drive {
  return async () => {
    const nowMs = systemClock.nowMs()
    const fresh = Array.from({ length: holdsPerRound }, () => newId('strm', nowMs))
    await Promise.all(fresh.map((id) => ledger.sending.open({
      id, debitAccountId: payer.id, creditAccountId: link.id, lossAccountId: loss.id, connection: createHash('sha256').update(id).digest(), rate: 1n, held: 1_000_000n, sequenceCeiling: 1_000,
      sendUntilMs: nowMs + 60_000, resume: { destination: 'test.bench', encryptedSecret: Buffer.alloc(60), receiverIsOurs: false }, ownerId: newId('ownr', nowMs), label: { payer: 'bench', payee: 'bench' },
    })))
    ids.push(...fresh)
    return fresh.length
  }
}

function bookings(payments: Payments): Drive {
  const { bench: { ledger } } = payments
  return async () => {
    const ids = payments.ids.slice(0, bookedMax)
    const startMs = systemClock.monotonicMs()
    let booked = 0
    while (systemClock.monotonicMs() - startMs < 1_000) {
      payments.total += 1n
      // A flush that the machine is too busy for is refused after 2 s: what was not booked does not count.
      const outcomes = await Promise.allSettled(ids.map((id) => ledger.sending.book(id, 1, payments.total)))
      booked += outcomes.filter(({ status }) => status === 'fulfilled').length
    }
    return booked
  }
}

function pgbench(url: string): number | null {
  const init = spawnSync('pgbench', ['--initialize', '--quiet', '--scale=10', url], { encoding: 'utf8' })
  if (init.error !== undefined || init.status !== 0) return null
  const { stdout } = spawnSync('pgbench', ['--client=16', '--jobs=2', '--time=5', '--no-vacuum', url], { encoding: 'utf8' })
  return Math.round(Number(/tps = ([0-9.]+)/.exec(stdout)?.[1] ?? 0))
}

function median(values: readonly number[]): number {
  return Math.round(values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)] ?? 0)
}
