/**
 * Open per-second streams, as in production: wallet, receiver and PostgreSQL are processes of their own on this machine, BTP over loopback, one subscriber a
 * stream and a publisher for every hundred, each packet credited durably before its Fulfill and booked in the wallet's own row after it.
 */
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type { Id } from '@rivulet/ids'
import { Ledger, ledgerMigrations } from '@rivulet/ledger'
import { migrate, Postgres, startEmbeddedPostgres } from '@rivulet/postgres'
import { systemClock as clock } from '@rivulet/time'
import { asset, BenchProcess, cpuSeconds, cpuSecondsOfTree, log, type MemoryUse, type ReceiverAnswers, type ReceiverRequest, type WalletAnswers, type WalletRequest, type WalletResult } from './streams-process.ts'

export interface StreamsOptions {
  readonly streams: number
  readonly seconds: number
  readonly sweep: boolean
  /** Where wallet and receiver leave their CPU profiles, if anywhere. */
  readonly profileFolder: string | undefined
  /** Looks on while the window is open, and must be done before it is over. */
  readonly watch?: (running: RunningStreams) => Promise<void>
}

export interface RunningStreams {
  /** Of each process after a full collection, which takes as long as it takes. */
  readonly memory: () => Promise<{ readonly wallet: MemoryUse; readonly receiver: MemoryUse }>
  readonly databaseUrl: string
}

interface StreamsResult {
  readonly streams: number
  readonly seconds: number
  readonly due: number
  readonly sent: number
  readonly fulfilled: number
  /** Packets of the window in the receiver's rows, after kill -9 of PostgreSQL. */
  readonly credited: number
  readonly latenessP50Ms: number
  readonly latenessP99Ms: number
  /** What a stream paid within the window, over what it made due: a twentieth paid at most `P5`, another at least `P95`. */
  readonly paidShareP5: number
  readonly paidShareP95: number
  /** Streams that ended by themselves. */
  readonly streamsBroken: number
  readonly cpuWalletCores: number
  readonly cpuReceiverCores: number
  readonly cpuPostgresCores: number
  readonly rssWalletBytesPerStream: number
  readonly rssReceiverBytesPerStream: number
  readonly booksEqual: boolean
  readonly fsync: string
  readonly synchronousCommit: string
  readonly fullPageWrites: string
}

const streamsPerPublisher = 100
const budget = 10n ** 9n
const connectionsMax = 24
/** Streams tick for so long before the window opens. */
const warmUpMs = 5_000
const latenessP99MaxMs = 100
const windowBits = 64

type Say = (line: string) => void

/** One run, or a sweep: then the last step within the limit is the result. */
export async function benchStreams(options: StreamsOptions, say: Say): Promise<StreamsResult> {
  if (!options.sweep) return run(options, say)
  const steps: StreamsResult[] = []
  for (let { streams } = options; ; streams *= 2) {
    steps.push(await run({ ...options, streams }, say))
    if ((steps.at(-1)?.latenessP99Ms ?? Infinity) > latenessP99MaxMs) break
  }
  say('streams   p50 ms   p99 ms   CPU us a packet: wallet  receiver  PostgreSQL     all   kB a stream: wallet  receiver')
  for (const step of steps) say(sweepLine(step))
  const best = steps.findLast(({ latenessP99Ms }) => latenessP99Ms <= latenessP99MaxMs) ?? steps[0]
  if (best === undefined) throw new Error('nothing was measured')
  const first = steps[0]
  if (first !== undefined) say(`CPU of all three a packet at ${best.streams} streams against ${first.streams}: ${((microsecondsOf(best) / microsecondsOf(first) - 1) * 100).toFixed(1)} %`)
  return best
}

/** CPU of wallet, receiver and PostgreSQL for each due packet, in microseconds. */
function microsecondsOf({ cpuWalletCores, cpuReceiverCores, cpuPostgresCores, streams }: StreamsResult): number {
  return ((cpuWalletCores + cpuReceiverCores + cpuPostgresCores) * 1e6) / streams
}

function sweepLine(step: StreamsResult): string {
  const microseconds = (cores: number): string => ((cores * 1e6) / step.streams).toFixed(1).padStart(9)
  const { cpuWalletCores, cpuReceiverCores, cpuPostgresCores } = step
  return `${String(step.streams).padStart(7)}${step.latenessP50Ms.toFixed(1).padStart(9)}${step.latenessP99Ms.toFixed(1).padStart(9)}${' '.repeat(14)}${microseconds(cpuWalletCores)} ${microseconds(cpuReceiverCores)}   ${microseconds(cpuPostgresCores)} ${
    microseconds(cpuWalletCores + cpuReceiverCores + cpuPostgresCores)}${(step.rssWalletBytesPerStream / 1_000).toFixed(1).padStart(15)}${(step.rssReceiverBytesPerStream / 1_000).toFixed(1).padStart(10)}`
}

async function run({ streams, seconds, profileFolder, watch }: StreamsOptions, say: Say): Promise<StreamsResult> {
  const dataFolder = mkdtempSync(join(tmpdir(), 'rivulet-bench-'))
  const port = 20_000 + (process.pid % 20_000)
  await using building = new AsyncDisposableStack()
  building.defer(() => rmSync(dataFolder, { recursive: true, force: true }))
  let server = await startEmbeddedPostgres({ dataFolder, port })
  building.defer(() => server[Symbol.asyncDispose]())
  const databaseUrl = server.url
  const people = await openPeople(databaseUrl, streams)

  const nodeOptions = profileFolder === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profileFolder}`]
  const receiver = building.use(new BenchProcess<ReceiverRequest, ReceiverAnswers>('./streams-receiver.ts', nodeOptions))
  const wallet = building.use(new BenchProcess<WalletRequest, WalletAnswers>('./streams-wallet.ts', nodeOptions))
  const token = randomBytes(24).toString('base64url')
  const { btpUrl } = await receiver.ask({ kind: 'open', databaseUrl, token })
  await wallet.ask({ kind: 'open', databaseUrl, token, btpUrl })
  const credentials = await receiver.ask({ kind: 'issue', publishers: people.publishers, count: streams })
  const open = (from: number, to: number): Promise<WalletAnswers['streams']> =>
    wallet.ask({ kind: 'streams', subscribers: people.subscribers.slice(from, to), credentials: credentials.slice(from, to) })
  // What a warm process needs for itself is not a stream's: the first twentieth of the streams runs before memory is looked at.
  const first = Math.ceil(streams / 20)
  await open(0, first)
  await wait(warmUpMs)
  const before = { wallet: await wallet.ask({ kind: 'memory' }), receiver: await receiver.ask({ kind: 'memory' }) }
  const { wallMs } = await open(first, streams)
  say(`${streams - first} streams opened in ${(wallMs / 1_000).toFixed(1)} s`)
  await wait(warmUpMs)

  const cpu = (): readonly number[] => [cpuSeconds(wallet.pid), cpuSeconds(receiver.pid), cpuSecondsOfTree(server.pid)]
  await wallet.ask({ kind: 'begin', seconds })
  const cpuBefore = cpu()
  await watch?.({ databaseUrl, memory: async () => ({ wallet: await wallet.ask({ kind: 'memory' }), receiver: await receiver.ask({ kind: 'memory' }) }) })
  await wallet.ask({ kind: 'window-over' })
  const cores = cpu().map((used, index) => (used - (cpuBefore[index] ?? 0)) / seconds)
  // Before the wallet tells its figures: what they take is not a stream's.
  const after = { wallet: await wallet.ask({ kind: 'memory' }), receiver: await receiver.ask({ kind: 'memory' }) }
  const result = await wallet.ask({ kind: 'settled' })

  process.kill(server.pid, 'SIGKILL')
  await server[Symbol.asyncDispose]()
  server = await startEmbeddedPostgres({ dataFolder, port })
  const books = await readBooks(server.url, result)
  const perStream = (part: 'wallet' | 'receiver'): number => (after[part].rssBytes - before[part].rssBytes) / (streams - first)
  const { latenessP50Ms, latenessP99Ms, latenessMaxMs } = result
  say(`p50 ${latenessP50Ms.toFixed(1)} ms, p99 ${latenessP99Ms.toFixed(1)} ms, worst ${latenessMaxMs.toFixed(1)} ms; ${result.unpaid} ticks never paid, ${result.stalls} streams stalled, ${result.broken} broken, rejected ${JSON.stringify(result.rejectsByCode)}; paid of what was due: P5 ${(result.paidShareP5 * 100).toFixed(1)} %, P95 ${(result.paidShareP95 * 100).toFixed(1)} %`)
  say(`resident before a collection: wallet ${megabytes(after.wallet.rssBeforeBytes)}, receiver ${megabytes(after.receiver.rssBeforeBytes)}; live heap a stream: wallet ${
    heapPerStream('wallet')} bytes, receiver ${heapPerStream('receiver')} bytes`)
  say(`books after kill -9 of PostgreSQL: paid ${result.paid}, ${books.said}`)
  return {
    streams, seconds, due: result.due, sent: result.sent, fulfilled: result.fulfilled, credited: books.credited,
    latenessP50Ms, latenessP99Ms, paidShareP5: result.paidShareP5, paidShareP95: result.paidShareP95, streamsBroken: result.broken,
    cpuWalletCores: cores[0] ?? 0, cpuReceiverCores: cores[1] ?? 0, cpuPostgresCores: cores[2] ?? 0,
    rssWalletBytesPerStream: perStream('wallet'), rssReceiverBytesPerStream: perStream('receiver'),
    booksEqual: books.equal, ...books.settings,
  }

  function heapPerStream(part: 'wallet' | 'receiver'): string {
    return ((after[part].heapBytes - before[part].heapBytes) / (streams - first)).toFixed(0)
  }
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(0)} MB`
}

/** The accounts of everybody, and a budget for each subscriber. */
async function openPeople(url: string, streams: number): Promise<{ readonly subscribers: readonly Id<'acct'>[]; readonly publishers: readonly Id<'acct'>[] }> {
  await using postgres = Postgres.connect({ url, connectionsMax, applicationName: 'bench' })
  await migrate(postgres, [ledgerMigrations])
  await using ledger = await Ledger.open({ postgres, clock, log })
  const psp = await ledger.openAccount({ name: 'psp[bench]', kind: 'psp', asset, debitsMayExceedCredits: true })
  const open = async (kind: 'subscriber' | 'publisher', count: number): Promise<readonly Id<'acct'>[]> => {
    const ids: Id<'acct'>[] = []
    let next = 0
    await Promise.all(Array.from({ length: connectionsMax }, async () => {
      while (next < count) {
        const index = next++
        ids[index] = (await ledger.openAccount({ name: `${kind}[${index}]`, kind, asset, debitsMayExceedCredits: false })).id
      }
    }))
    return ids
  }
  const publishers = await open('publisher', Math.max(1, Math.ceil(streams / streamsPerPublisher)))
  const subscribers = await open('subscriber', streams)
  await Promise.all(subscribers.map((id, index) => ledger.transfer({ key: `budget ${index}`, debitAccountId: psp.id, creditAccountId: id, amount: budget, reason: 'deposit' })))
  return { subscribers, publishers }
}

interface Books {
  readonly credited: number
  readonly equal: boolean
  readonly settings: Pick<StreamsResult, 'fsync' | 'synchronousCommit' | 'fullPageWrites'>
  readonly said: string
}

interface ConnectionRow {
  readonly connection: Buffer
  readonly sent: bigint | null
  readonly received: bigint | null
  readonly excess: bigint | null
  readonly highest: bigint | null
  readonly seen: bigint | null
}

/** Stream by stream, what the wallet booked and what the receiver credited; then the ledger's own proof. */
async function readBooks(url: string, { paid, due, sentBefore }: WalletResult): Promise<Books> {
  await using postgres = Postgres.connect({ url, connectionsMax: 4, applicationName: 'bench' })
  const { rows } = await postgres.pool.query<ConnectionRow>(
    `select coalesce(d.connection, r.connection) as connection, s.total as sent, s.excess, r.total as received, r.highest_sequence as highest, r.seen
    from ledger.sending_streams s join ledger.sending_details d using (id) full join ledger.receiving_streams r on r.connection = d.connection`)
  let [sent, received, credited, differing] = [0n, 0n, 0, 0]
  for (const row of rows) {
    sent += row.sent ?? 0n
    received += row.received ?? 0n
    credited += packetsAbove(row, sentBefore.get(row.connection.toString('latin1')) ?? 0)
    // A stream that never paid has no row at the receiver.
    if ((row.sent ?? 0n) !== (row.received ?? 0n) || row.excess !== 0n) differing += 1
  }
  await using ledger = await Ledger.open({ postgres, clock, log })
  const report = await ledger.verify()
  const setting = async (name: string): Promise<string> => (await postgres.pool.query<{ setting: string }>('select setting from pg_settings where name = $1', [name])).rows[0]?.setting ?? ''
  return {
    credited,
    equal: differing === 0 && rows.length === sentBefore.size && sent === received && sent === paid && report.ok,
    settings: { fsync: await setting('fsync'), synchronousCommit: await setting('synchronous_commit'), fullPageWrites: await setting('full_page_writes') },
    said: `the wallet's rows say ${sent}, the receiver's ${received}; ${differing} of ${rows.length} streams differ; ${credited} of ${due} due packets credited; verify ${report.ok ? 'ok' : `found ${JSON.stringify(report.problems.slice(0, 3))}`}`,
  }
}

/** How many sequences above `sentBefore` a connection has seen. Beyond its window of 64 the row no longer tells a gap: there every sequence counts as seen. */
function packetsAbove({ highest, seen }: ConnectionRow, sentBefore: number): number {
  const top = Number(highest ?? 0n)
  if (top <= sentBefore) return 0
  const below = top - 1 - sentBefore
  const bits = BigInt.asUintN(windowBits, seen ?? 0n) & ((1n << BigInt(Math.min(below, windowBits))) - 1n)
  return 1 + Array.from(bits.toString(2)).filter((bit) => bit === '1').length + Math.max(0, below - windowBits)
}
