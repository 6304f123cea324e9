/**
 * A database that answers slowly, behind a proxy that holds every byte back for a while: ticks slow down evenly instead of growing queues, the operator sees it, and when
 * it is quick again nothing is billed beyond five seconds of catching up.
 */
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Server as NetServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { startEmbeddedPostgres } from '@rivulet/postgres'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { verified } from './support/books.ts'
import { askForStream } from './support/control.ts'
import { demoPublishers, demoSubscribers } from './support/demo.ts'
import { dataFolder, Server } from './support/product.ts'

const streams = 24
const rate = 100_000n
const slowMs = 1_500
/** Seconds that every stream has told of. A phase is over once they are told, however busy the machine is. */
const phaseSeconds = { quick: 5, slow: 12, after: 10 } as const
/** Before the slow phase counts: what is on its way when it begins arrives first. */
const settlingSeconds = 2
/** More than all phases take. */
const orderedSeconds = 600
/** Packets of one stream that may wait for an answer: see packetsInFlightMax of the sender. */
const inFlightMax = 5
const catchUpSeconds = 5
/** What streams may have been paid more than others at one moment: what is on its way, and the second itself. */
const apartMax = rate * BigInt(inFlightMax + 1)
const resources = new AsyncDisposableStack()

/** Between the product and PostgreSQL: what the client says arrives `delayMs` later, in order. */
class SlowProxy implements AsyncDisposable {
  delayMs = 0
  readonly #server: NetServer
  readonly #sockets = new Set<Socket>()

  private constructor(server: NetServer) {
    this.#server = server
  }

  static async open(port: number): Promise<SlowProxy> {
    const server = createServer()
    const proxy = new SlowProxy(server)
    server.on('connection', (client: Socket) => {
      const upstream = connect(port, '127.0.0.1')
      let last = Promise.resolve()
      client.on('data', (bytes: Buffer) => {
        const dueMs = performance.now() + proxy.delayMs
        last = last.then(async () => {
          const leftMs = dueMs - performance.now()
          if (leftMs > 0) await wait(leftMs)
          upstream.write(bytes)
        })
      })
      upstream.pipe(client)
      for (const socket of [client, upstream]) {
        proxy.#sockets.add(socket)
        socket.on('error', () => undefined)
        socket.on('close', () => {
          proxy.#sockets.delete(socket)
          client.destroy()
          upstream.destroy()
        })
      }
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return proxy
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    this.#server.close()
    await once(this.#server, 'close')
  }
}

interface Line {
  readonly second: number
  /** Since the stream was asked for, when the line was read: later than it was written. */
  readonly heardMs: number
  readonly sent: string
  readonly packets: number
  readonly fulfilled: number
  readonly rejected: number
  readonly state?: string
  readonly reason?: string
}

let folder: string
let proxy: SlowProxy
let product: Server
let databaseUrl: string

beforeAll(async () => {
  folder = resources.use(dataFolder()).path
  const database = resources.use(await startEmbeddedPostgres({ dataFolder: join(folder, 'database') }))
  const url = new URL(database.url)
  proxy = resources.use(await SlowProxy.open(Number(url.port)))
  url.port = String(proxy.port)
  databaseUrl = url.href
  product = resources.use(await Server.start(['up', '--port', '0', '--data', folder], { DATABASE_URL: databaseUrl }))
})
afterAll(() => resources.disposeAsync())

/** Streams until its caller hangs up, and leaves what the wallet says of each second. */
async function stream(index: number, lines: Line[], signal: AbortSignal): Promise<void> {
  const order = { as: demoSubscribers[index % demoSubscribers.length] ?? '', pointer: `${product.ready.receiver}/${demoPublishers[index % demoPublishers.length]}`, seconds: orderedSeconds }
  const askedMs = performance.now()
  const response = await askForStream(folder, order, signal)
  if (response.body === null) throw new Error('no answer')
  let rest = ''
  for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
    const parts = (rest + chunk).split('\n')
    rest = parts.pop() ?? ''
    for (const part of parts) lines.push({ ...(JSON.parse(part) as Line), heardMs: performance.now() - askedMs })
  }
}

/** Units that one stream had paid when its `second` was over. */
function paidAfter(lines: readonly Line[], second: number): bigint {
  return BigInt(lines.findLast((one) => one.second <= second)?.sent ?? '0')
}

/** Durable commits of a row that took longer than a second, as the operator's metrics count them. */
async function slowCommits(): Promise<number> {
  const metrics = await (await fetch(`${product.ready.operator}/metrics`)).text()
  const counted = (pattern: RegExp): number => [...metrics.matchAll(pattern)].reduce((sum, [, count]) => sum + Number(count), 0)
  const all = counted(/^rivulet_commit_seconds_count\{.*\} (\d+)$/gm)
  expect(all).toBeGreaterThan(0)
  return all - counted(/^rivulet_commit_seconds_bucket\{le="1".*\} (\d+)$/gm)
}

test('a slow database slows all streams evenly, queues stay bounded, the operator sees it, and afterwards no burst follows', { timeout: 360_000 }, async () => {
  const told: Line[][] = Array.from({ length: streams }, () => [])
  const secondTold = (): number => Math.min(...told.map((lines) => lines.at(-1)?.second ?? 0))
  const patience = { timeout: 90_000 }
  const startMs = performance.now()
  const hangUp = new AbortController()
  const ended: unknown[] = []
  const all = told.map((lines, index) => stream(index, lines, hangUp.signal).then(() => 'by itself', (error: unknown) => error).then((how) => ended.push(how)))
  const over = (second: number): Promise<void> => expect.poll(() => [ended, secondTold() >= second], patience).toEqual([[], true])
  await over(phaseSeconds.quick)
  // A machine that has other work may have been slow for a moment already.
  const slowBefore = await slowCommits()
  proxy.delayMs = slowMs
  const slowFrom = Math.max(...told.map((lines) => lines.at(-1)?.second ?? 0)) + settlingSeconds
  const paidSlowly = (): bigint[] => told.map((one) => paidAfter(one, secondTold()) - paidAfter(one, slowFrom))
  await over(slowFrom + phaseSeconds.slow)
  // A wallet that must open its connections anew, as on a busy machine, pays nobody for a while: then it lasts until all were paid, or some so much that it is not even.
  await expect.poll(() => paidSlowly().every((paid) => paid > 0n) || paidSlowly().some((paid) => paid > apartMax), patience).toBe(true)
  const [slowTo, inSlowPhase] = [secondTold(), paidSlowly()]
  proxy.delayMs = 0
  await over(slowTo + phaseSeconds.after)
  const seconds = secondTold()
  hangUp.abort()
  await Promise.all(all)
  expect(performance.now() - startMs).toBeGreaterThan(seconds * 1_000)
  expect(await slowCommits()).toBeGreaterThan(slowBefore)

  const lines = told.flat()
  for (const { packets, fulfilled, rejected } of lines) expect(packets - fulfilled - rejected).toBeLessThanOrEqual(inFlightMax)
  const shares = inSlowPhase.toSorted((one, other) => (one < other ? -1 : 1))
  const [least = 0n, low = 0n, high = 0n, most = 0n] = [shares[0], shares[Math.floor(streams / 8)], shares[streams - 1 - Math.floor(streams / 8)], shares.at(-1)]
  console.log(`in ${slowTo - slowFrom} slow seconds each stream paid ${least} to ${most} units; ${lines.filter(({ reason }) => reason !== undefined).length} lines say why one stood still`)
  // Nobody stands still while others are paid: all but an eighth at either end differ by what is on its way. One that waits for its next hold just then may fall behind for a moment.
  expect(least).toBeGreaterThan(0n)
  expect(high - low).toBeLessThanOrEqual(apartMax)
  for (const one of told) {
    // A line may be written late on a busy machine, and says what was paid by then.
    for (const { sent, heardMs } of one) expect(BigInt(sent)).toBeLessThanOrEqual(rate * BigInt(Math.ceil(heardMs / 1_000) + 1))
    for (let second = 1; second < seconds; second += 1) {
      const paid = paidAfter(one, second)
      // What is paid within one second is at most what may be caught up, what was in flight, and the second itself.
      expect(paid - paidAfter(one, second - 1)).toBeLessThanOrEqual(rate * BigInt(catchUpSeconds + inFlightMax + 1))
    }
    const [before, last] = [paidAfter(one, seconds - 5), paidAfter(one, seconds)]
    // Smooth again: a second's worth a second, give or take the packet on either edge.
    expect(last - before).toBeGreaterThanOrEqual(rate * 3n)
    expect(last - before).toBeLessThanOrEqual(rate * 7n)
  }
  expect(product.errors).not.toMatch(/"level":(50|60)/)
  await expect.poll(() => verified(folder, { DATABASE_URL: databaseUrl }), patience).toMatchObject({ ok: true, streamsOpen: 0, streamsInDoubt: 0 })
})
