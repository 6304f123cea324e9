/** What the processes of `bench streams` say to each other: one request, one answer, over Node's channel to a child. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import type { Id } from '@rivulet/ids'

export const asset = { code: 'EUR', scale: 9 }
export const addresses = { wallet: 'test.bench.wallet', receiver: 'test.bench.receiver' }
/** Units a second of every stream. */
export const rate = 100_000n
/** Between roles of one operator only the ledger limits: as in production. */
export const internalLimits = { packetAmountMax: 10n ** 12n, packetsPerSecondMax: 1_000_000, packetsBurstMax: 1_000_000, owedMax: 2n ** 62n }
/** Only warnings and errors matter here. */
export const log = {
  info: (): void => undefined,
  warn: (details: object, message: string): void => console.error(message, details),
  error: (details: object, message: string): void => console.error(message, details),
}

export interface BenchCredentials {
  readonly destination: string
  readonly sharedSecret: Buffer
}

export type ReceiverRequest =
  | { readonly kind: 'open'; readonly databaseUrl: string; readonly token: string }
  | { readonly kind: 'issue'; readonly publishers: readonly Id<'acct'>[]; readonly count: number }
  | { readonly kind: 'memory' }

export interface ReceiverAnswers {
  readonly open: { readonly btpUrl: string }
  readonly issue: readonly BenchCredentials[]
  readonly memory: MemoryUse
}

export type WalletRequest =
  | { readonly kind: 'open'; readonly databaseUrl: string; readonly token: string; readonly btpUrl: string }
  | { readonly kind: 'streams'; readonly subscribers: readonly Id<'acct'>[]; readonly credentials: readonly BenchCredentials[] }
  | { readonly kind: 'memory' }
  /** Answered at the first instant of the window, which lies a little ahead. */
  | { readonly kind: 'begin'; readonly seconds: number }
  /** Answered at the last instant of the window. */
  | { readonly kind: 'window-over' }
  /** Answered when nothing is in flight and every booking is durable. */
  | { readonly kind: 'settled' }

export interface WalletAnswers {
  readonly open: true
  readonly streams: { readonly wallMs: number }
  readonly memory: MemoryUse
  readonly begin: true
  readonly 'window-over': true
  readonly settled: WalletResult
}

export interface MemoryUse {
  /** Resident, after a full collection. */
  readonly rssBytes: number
  /** Of it what is the process's own. The rest are pages of its program, which the system drops and reads again as it likes. */
  readonly anonymousBytes: number
  /** Resident as it was before it. */
  readonly rssBeforeBytes: number
  readonly heapBytes: number
  /** What objects of the heap hold outside of it: buffers above all. */
  readonly externalBytes: number
}

export interface WalletResult {
  readonly due: number
  readonly sent: number
  readonly fulfilled: number
  readonly rejectsByCode: Readonly<Record<string, number>>
  /** Ticks of the window whose money was never fulfilled. */
  readonly unpaid: number
  /** How often bookings of a stream waited for the database for more than 3 s. */
  readonly stalls: number
  /** Streams that ended by themselves. */
  readonly broken: number
  /** What a stream paid within the window, over what the window made due: of the twentieth that paid least, and most. */
  readonly paidShareP5: number
  readonly paidShareP95: number
  /** Of the ticks of the window, to a thousandth. */
  readonly latenessP50Ms: number
  readonly latenessP99Ms: number
  readonly latenessMaxMs: number
  /** Units, since the streams were opened. */
  readonly paid: bigint
  /** SHA-256 of each stream's address, latin1, and how many packets it had sent before the window. */
  readonly sentBefore: ReadonlyMap<string, number>
}

/**
 * As in the image (Dockerfile): glibc gives blocks above so many bytes back to the system at once. Left to itself it learns from the first 64 kB that a socket reads to keep
 * them, and what lives long between them keeps the rest: 14.7 kB resident a stream in the wallet with 4,000 streams, 8.4 with this.
 */
const allocator = { MALLOC_MMAP_THRESHOLD_: '32768' }
/**
 * As in the image and in package.json. Packets on their way are copied by each collection of young objects, and with the 16 MB that V8 takes by itself there are four times as many of them. Left to itself V8 may learn,
 * while thousands of streams are opened at once, to put what belongs to a packet among the old objects at once: dead there, each keeps alive all that came after it until a full collection.
 * And four threads that help to collect, as there are by default, take the processor from those that pay where there are two cores.
 */
const heapOptions = ['--max-semi-space-size=64', '--no-allocation-site-pretenuring', '--v8-pool-size=1']

/** A process of the bench. */
export class BenchProcess<Request extends { readonly kind: string }, Answers> implements AsyncDisposable {
  readonly #child: ChildProcess
  readonly #death: Promise<never>

  /** @param file the process's main module, beside this one */
  constructor(file: string, nodeOptions: readonly string[]) {
    this.#child = fork(new URL(file, import.meta.url), { execArgv: ['--expose-gc', ...heapOptions, '--disable-warning=ExperimentalWarning', ...nodeOptions], serialization: 'advanced', env: { ...process.env, ...allocator }, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
    this.#death = once(this.#child, 'exit').then(([status]) => {
      throw new Error(`a process of the bench ended with status ${String(status)}`)
    })
    this.#death.catch(() => undefined)
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  async ask<Kind extends Request['kind'] & keyof Answers>(request: Request & { readonly kind: Kind }): Promise<Answers[Kind]> {
    const answer = once(this.#child, 'message') as Promise<[Answers[Kind]]>
    this.#child.send(request)
    const [message] = await Promise.race([answer, this.#death])
    return message
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const exit = once(this.#child, 'exit')
    this.#child.disconnect()
    await exit
  }
}

/** Answers the parent's requests one by one, and ends with it. */
export function serve<Request>(answer: (request: Request) => Promise<unknown>): void {
  process.on('message', (request: Request) => {
    answer(request).then(
      (result) => process.send?.(result),
      (error: unknown) => {
        console.error(error)
        process.exit(1)
      },
    )
  })
  process.once('disconnect', () => process.exit())
}

export function memoryUse(): MemoryUse {
  const rssBeforeBytes = process.memoryUsage.rss()
  // The last resort also gives pages back that the heap holds for later.
  globalThis.gc?.({ type: 'major', execution: 'sync', flavor: 'last-resort' })
  const { rss, heapUsed, external } = process.memoryUsage()
  return { rssBytes: rss, anonymousBytes: anonymousBytes(), rssBeforeBytes, heapBytes: heapUsed, externalBytes: external }
}

function anonymousBytes(): number {
  return Number(/^RssAnon:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]) * 1_024
}

/** CPU seconds that a process has used, and those of its children that it has waited for. */
export function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /, '').split(' ')
  return [11, 12, 13, 14].reduce((sum, index) => sum + Number(fields[index]), 0) / 100
}

/** CPU seconds of a process and of all its children. */
export function cpuSecondsOfTree(pid: number): number {
  let seconds = cpuSeconds(pid)
  for (const name of readdirSync('/proc')) {
    if (!/^[0-9]+$/.test(name)) continue
    try {
      const parent = readFileSync(`/proc/${name}/stat`, 'utf8').replace(/^.*\) /, '').split(' ')[1]
      if (Number(parent) === pid) seconds += cpuSeconds(Number(name))
    } catch {
      // It has ended in between.
    }
  }
  return seconds
}
