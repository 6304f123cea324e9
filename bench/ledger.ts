/**
 * What the ledger makes durable in a second, all guards on, on a PostgreSQL of its own with fsync: credits at 100, 1,000 and 10,000 open connections, bookings of the
 * sending side, posted transfers, holds. Beside it pgbench's TPC-B on the same server, where pgbench is installed.
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

const rounds = 5
const secondsPerRound = 2
const inFlightMin = 10_000
const transfersPerRound = 5_000
const holdsPerRound = 2_000
const asset = { code: 'EUR', scale: 9 }

interface LedgerResult {
  /** Durable accrued credits a second, median of the rounds, by open connections. */
  readonly creditsPerSecond: Readonly<Record<string, number>>
  readonly bookingsPerSecond: number
  readonly transfersPerSecond: number
  readonly holdsPerSecond: number
  /** null where pgbench is not installed. */
  readonly pgbenchTransactionsPerSecond: number | null
  readonly fsync: string
  readonly synchronousCommit: string
  readonly fullPageWrites: string
  readonly booksRight: boolean
}

interface Bench {
  readonly ledger: Ledger
  readonly payer: Account
  readonly link: Account
  readonly loss: Account
  readonly payees: readonly Account[]
}

export async function benchLedger(say: (line: string) => void): Promise<LedgerResult> {
  const dataFolder = await mkdtemp(join(tmpdir(), 'rivulet-bench-'))
  try {
    await using server = await startEmbeddedPostgres({ dataFolder })
    await using postgres = Postgres.connect({ url: server.url, connectionsMax: 10, applicationName: 'bench' })
    await migrate(postgres, [ledgerMigrations])
    await using ledger = await Ledger.open({ postgres, clock: systemClock })
    const bench = await openBooks(ledger)
    const creditsPerSecond: Record<string, number> = {}
    for (const connections of [100, 1_000, 10_000]) {
      creditsPerSecond[connections] = await credits(bench, connections)
      say(`${connections} open connections: ${creditsPerSecond[connections]} durable credits/s`)
    }
    const transfersPerSecond = await transfers(bench)
    say(`${transfersPerSecond} posted transfers/s`)
    const { holdsPerSecond, bookingsPerSecond } = await holdsAndBookings(bench)
    say(`${holdsPerSecond} holds/s, ${bookingsPerSecond} bookings/s on them`)
    const pgbenchTransactionsPerSecond = pgbench(server.url)
    say(pgbenchTransactionsPerSecond === null ? 'pgbench is not installed' : `pgbench TPC-B, 16 clients: ${pgbenchTransactionsPerSecond} transactions/s`)
    const { rows } = await postgres.pool.query<{ fsync: string; sync: string; pages: string }>(
      `select current_setting('fsync') as fsync, current_setting('synchronous_commit') as sync, current_setting('full_page_writes') as pages`)
    return {
      creditsPerSecond, bookingsPerSecond, transfersPerSecond, holdsPerSecond, pgbenchTransactionsPerSecond,
      fsync: rows[0]?.fsync ?? '', synchronousCommit: rows[0]?.sync ?? '', fullPageWrites: rows[0]?.pages ?? '', booksRight: (await ledger.verify()).ok,
    }
  } finally {
    await rm(dataFolder, { recursive: true, force: true })
  }
}

async function openBooks(ledger: Ledger): Promise<Bench> {
  const open = (name: string, kind: Account['kind'], debitsMayExceedCredits: boolean): Promise<Account> => ledger.openAccount({ name, kind, asset, debitsMayExceedCredits })
  const payer = await open('subscriber[bench]', 'subscriber', false)
  const link = await open('link[bench]@receiver', 'link', true)
  await ledger.transfer({ key: 'funds', debitAccountId: link.id, creditAccountId: payer.id, amount: 10n ** 15n, reason: 'deposit' })
  return { ledger, payer, link, loss: await open('loss@bench', 'loss', true), payees: await Promise.all(Array.from({ length: 100 }, (_, index) => open(`publisher[${index}]`, 'publisher', false))) }
}

/** Each connection has its next packet ready as soon as one is answered; at least 10,000 packets are on their way. */
async function credits({ ledger, link, payees }: Bench, connections: number): Promise<number> {
  const perConnection = Math.min(60, Math.ceil(inFlightMin / connections))
  const closesAtMs = systemClock.nowMs() + 3_600_000
  const lanes = Array.from({ length: connections }, (_, index) => ({
    connection: createHash('sha256').update(`${connections}/${index}`).digest(), sequence: 0, creditAccountId: payees[index % payees.length]?.id ?? link.id,
  }))
  const results: number[] = []
  for (let round = 0; round <= rounds; round += 1) {
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
    results.push((applied * 1_000) / (systemClock.monotonicMs() - startMs))
  }
  return median(results.slice(1))
}

async function transfers({ ledger, link, payees }: Bench): Promise<number> {
  const results: number[] = []
  for (let round = 0; round < rounds; round += 1) {
    const startMs = systemClock.monotonicMs()
    await Promise.all(Array.from({ length: transfersPerRound }, (_, index) =>
      ledger.transfer({ key: `t${round}/${index}`, debitAccountId: link.id, creditAccountId: payees[index % payees.length]?.id ?? link.id, amount: 1n, reason: 'correction' })))
    results.push((transfersPerRound * 1_000) / (systemClock.monotonicMs() - startMs))
  }
  return median(results)
}

async function holdsAndBookings({ ledger, payer, link, loss }: Bench): Promise<{ holdsPerSecond: number; bookingsPerSecond: number }> {
  const ids: Id<'strm'>[] = []
  const holds: number[] = []
  for (let round = 0; round < rounds; round += 1) {
    const nowMs = systemClock.nowMs()
    const startMs = systemClock.monotonicMs()
    const fresh = Array.from({ length: holdsPerRound }, () => newId('strm', nowMs))
    await Promise.all(fresh.map((id) => ledger.sending.open({
      id, debitAccountId: payer.id, creditAccountId: link.id, lossAccountId: loss.id, connection: createHash('sha256').update(id).digest(), rate: 1n, held: 1_000_000n, sequenceCeiling: 1_000,
      sendUntilMs: nowMs + 60_000, resume: { destination: 'test.bench', encryptedSecret: Buffer.alloc(60), receiverIsOurs: false }, ownerId: newId('ownr', nowMs), label: { payer: 'bench', payee: 'bench' },
    })))
    holds.push((holdsPerRound * 1_000) / (systemClock.monotonicMs() - startMs))
    ids.push(...fresh)
  }
  const bookings: number[] = []
  let total = 0n
  for (let round = 0; round <= rounds; round += 1) {
    const startMs = systemClock.monotonicMs()
    let booked = 0
    while (systemClock.monotonicMs() - startMs < 1_000) {
      total += 1n
      await Promise.all(ids.map((id) => ledger.sending.book(id, 1, total)))
      booked += ids.length
    }
    bookings.push((booked * 1_000) / (systemClock.monotonicMs() - startMs))
  }
  return { holdsPerSecond: median(holds), bookingsPerSecond: median(bookings.slice(1)) }
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
