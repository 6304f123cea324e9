/**
 * What it costs to open a stream, both ends in this process, no network and no database: from fresh credentials to the first unit that is paid and acknowledged.
 * - ours: credentials issued, StreamSender.open, the first packet (which introduces the sender and already pays), its Fulfill;
 * - reference: address and secret generated, createConnection, createStream, a payment of one unit.
 * The wallet's hold and its row in the ledger are not in it: those are group-committed, see the holds of `bench ledger`.
 */
import { randomBytes } from 'node:crypto'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { createConnection, createServer, type DataAndMoneyStream } from 'ilp-protocol-stream'
import { decodePrepare, decodeReply, encodePrepare, encodeReply, type Link } from '@rivulet/ilp'
import { StreamReceiver } from '@rivulet/stream-receiver'
import { type SendingStream, StreamSender } from '@rivulet/stream-sender'
import { creditsInMemory, MemoryPlugin, SteppedClock } from './exchange.ts'

const rounds = 5
const oursPerRound = 1_000
const referencePerRound = 100
const asset = { code: 'EUR', scale: 9 }

/** Of one opened stream, both ends. */
interface OpenCost {
  readonly packets: number
  readonly cpuUs: number
  readonly wallUs: number
  /** Of ILP packets, Prepares and replies. */
  readonly wireBytes: number
  /** Heap that stays as long as the stream is open. */
  readonly heapBytes: number
}

interface OpenResult {
  readonly ours: OpenCost
  readonly reference: OpenCost
  /** reference / ours */
  readonly cpuRatio: number
}

export async function benchOpen(say: (line: string) => void): Promise<OpenResult> {
  const [ours, reference]: [OpenCost[], OpenCost[]] = [[], []]
  for (let round = 0; round <= rounds; round += 1) {
    const both = [await openOurs(), await openReference()] as const
    // The first round warms up.
    if (round === 0) continue
    ours.push(both[0])
    reference.push(both[1])
    say(`round ${round}: ours ${show(both[0])}; reference ${show(both[1])}`)
  }
  const result = { ours: medianOf(ours), reference: medianOf(reference) }
  say(`median of ${rounds} rounds: ours ${show(result.ours)}; reference ${show(result.reference)}`)
  return { ...result, cpuRatio: result.reference.cpuUs / result.ours.cpuUs }
}

interface Traffic {
  packets: number
  bytes: number
}

/** Opens `count` streams and keeps what `open` returns until the heap has been looked at. */
async function measure(count: number, traffic: Traffic, open: () => Promise<unknown>): Promise<OpenCost> {
  const heapBefore = heapAfterCollection()
  const startedMs = performance.now()
  const before = process.cpuUsage()
  const kept = await open()
  const { user, system } = process.cpuUsage(before)
  const wallMs = performance.now() - startedMs
  const heapBytes = (heapAfterCollection() - heapBefore) / count
  if (kept === undefined) throw new Error('nothing was opened')
  return { packets: traffic.packets / count, cpuUs: (user + system) / count, wallUs: (wallMs * 1_000) / count, wireBytes: traffic.bytes / count, heapBytes }
}

async function openOurs(): Promise<OpenCost> {
  const clock = new SteppedClock()
  const traffic: Traffic = { packets: 0, bytes: 0 }
  const receiver = new StreamReceiver({ address: 'test.rivulet.receiver', keys: { current: 'k1', all: { k1: randomBytes(32) } }, clock, receiving: creditsInMemory() })
  const source = { debitAccountId: 'acct_00000000000000000000000002', asset } as const
  const link: Link = {
    async send(prepare) {
      const request = encodePrepare(prepare)
      const reply = encodeReply(await receiver.handle(decodePrepare(request), source))
      traffic.packets += 1
      traffic.bytes += request.length + reply.length
      return decodeReply(reply)
    },
  }
  const sender = new StreamSender({ clock, random: () => 0.5 })
  let fulfilled = 0
  const refused = (): never => {
    throw new Error('a packet was refused')
  }
  const listener = { fulfilled: () => (fulfilled += 1), rejected: refused, failed: refused, leaseLow: () => undefined }
  const cost = await measure(oursPerRound, traffic, async () => {
    const opened: SendingStream[] = []
    for (let index = 0; index < oursPerRound; index += 1) {
      opened.push(sender.open({
        id: `strm_${index.toString().padStart(26, '0')}`,
        link, ...receiver.issue({ accountId: 'acct_00000000000000000000000001', asset }), listener,
        sourceAddress: `test.rivulet.wallet.stream${index}`,
        sourceAsset: asset,
        exchangeRate: { numerator: 1n, denominator: 1n },
        slippage: { numerator: 0n, denominator: 1n },
        rate: 100_000n,
        lease: { held: 6_000_000n, sequenceCeiling: 1_000, sendUntilMs: clock.nowMs() + 60_000 },
        sequenceFirst: 1,
      }))
    }
    while (fulfilled < oursPerRound) await clock.step()
    return opened
  })
  return cost
}

async function openReference(): Promise<OpenCost> {
  const traffic: Traffic = { packets: 0, bytes: 0 }
  const ofServer = new CountingPlugin('test.reference.server', traffic)
  const ofClient = new CountingPlugin('test.reference.client', traffic)
  ofServer.peer = ofClient
  ofClient.peer = ofServer
  const server = await createServer({ plugin: ofServer, serverSecret: randomBytes(32) })
  server.on('connection', (connection: { on(event: 'stream', listener: (stream: DataAndMoneyStream) => void): void }) => {
    connection.on('stream', (stream) => stream.setReceiveMax(Infinity))
  })
  traffic.packets = 0
  traffic.bytes = 0
  return measure(referencePerRound, traffic, async () => {
    const opened: unknown[] = []
    for (let index = 0; index < referencePerRound; index += 1) {
      const connection = await createConnection({ plugin: ofClient, ...server.generateAddressAndSecret() })
      await connection.createStream().sendTotal(1)
      opened.push(connection)
    }
    return opened
  })
}

/** Counts the packets that it sends to the other plugin, and their replies. */
class CountingPlugin extends MemoryPlugin {
  readonly #traffic: Traffic

  constructor(address: string, traffic: Traffic) {
    super(address)
    this.#traffic = traffic
  }

  override async sendData(data: Buffer): Promise<Buffer> {
    const before = this.packets
    const reply = await super.sendData(data)
    // What the plugin answers itself (ILDCP) it does not count either.
    if (this.packets > before) {
      this.#traffic.packets += 1
      this.#traffic.bytes += data.length + reply.length
    }
    return reply
  }
}

function heapAfterCollection(): number {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  collect()
  collect()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

function medianOf(costs: readonly OpenCost[]): OpenCost {
  const median = (of: (cost: OpenCost) => number): number => costs.map(of).toSorted((a, b) => a - b)[Math.floor(costs.length / 2)] ?? Number.NaN
  return { packets: median(({ packets }) => packets), cpuUs: median(({ cpuUs }) => cpuUs), wallUs: median(({ wallUs }) => wallUs), wireBytes: median(({ wireBytes }) => wireBytes), heapBytes: median(({ heapBytes }) => heapBytes) }
}

function show({ packets, cpuUs, wallUs, wireBytes, heapBytes }: OpenCost): string {
  return `${packets.toFixed(1)} packets, ${cpuUs.toFixed(0)} us CPU (${wallUs.toFixed(0)} us), ${wireBytes.toFixed(0)} bytes on the wire, ${heapBytes.toFixed(0)} bytes of heap`
}
