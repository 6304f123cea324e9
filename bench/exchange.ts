/**
 * What one packet of money costs, both ends in this process, no network and no database:
 * - ours: StreamSender on its wheel -> ILP bytes -> StreamReceiver (credits are taken at once) -> ILP bytes -> StreamSender;
 * - reference: a payment of one unit between an ilp-protocol-stream client and server, over plugins in memory that carry the same bytes;
 * - floor: the cryptography that an exchange cannot do without, and nothing more.
 * - own floor, said beside: the same by OpenSSL called directly, as our packets have it.
 * CPU is that of the whole process (process.cpuUsage), so garbage collection counts too.
 */
import { createCipheriv, createDecipheriv, createHmac, createSecretKey, hash, type KeyObject, randomBytes, randomFillSync } from 'node:crypto'
import { createConnection, createServer, type DataAndMoneyStream } from 'ilp-protocol-stream'
import { decodePrepare, decodeReply, encodePrepare, encodeReply, ildcpFulfill, isIldcpRequest, type Link } from '@rivulet/ilp'
import type { ReceivingStreams } from '@rivulet/ledger'
import { cryptography } from '@rivulet/stream'
import { StreamReceiver } from '@rivulet/stream-receiver'
import { type StreamListener, StreamSender } from '@rivulet/stream-sender'
import type { Clock } from '@rivulet/time'

const rounds = 7
const streams = 100
const secondsPerRound = 200
const referencePayments = 1_500
const asset = { code: 'EUR', scale: 9 }

interface Cost {
  readonly cpuUs: number
  readonly wallUs: number
}

interface ExchangeResult {
  readonly oursCpuUs: number
  readonly referenceCpuUs: number
  readonly floorCpuUs: number
  /** reference / ours */
  readonly ratioToReference: number
  /** floor / ours */
  readonly shareOfFloor: number
}

export async function benchExchange(say: (line: string) => void): Promise<ExchangeResult> {
  const contestants = { ours: await openOurs(), reference: await openReference(), floor: openFloor(), ownFloor: openOwnFloor() }
  const costs = { ours: [] as Cost[], reference: [] as Cost[], floor: [] as Cost[], ownFloor: [] as Cost[] }
  for (let round = 0; round <= rounds; round += 1) {
    for (const name of ['floor', 'ownFloor', 'ours', 'reference'] as const) {
      const cost = await measure(contestants[name])
      // The first round warms up.
      if (round > 0) costs[name].push(cost)
    }
    if (round > 0) say(`round ${round}: ${(['ours', 'reference', 'floor'] as const).map((name) => `${name} ${costs[name].at(-1)?.cpuUs.toFixed(1)} us`).join(', ')}`)
  }
  const [ours, reference, floor] = [costs.ours, costs.reference, costs.floor].map(medianOf)
  if (ours === undefined || reference === undefined || floor === undefined) throw new Error('nothing was measured')
  say(`median of ${rounds} rounds, CPU (wall) per exchange: ours ${show(ours)}, reference ${show(reference)} with ${contestants.reference.packetsPerPayment().toFixed(1)} ILP packets a payment, floor ${show(floor)}`)
  const result = { oursCpuUs: ours.cpuUs, referenceCpuUs: reference.cpuUs, floorCpuUs: floor.cpuUs, ratioToReference: reference.cpuUs / ours.cpuUs, shareOfFloor: floor.cpuUs / ours.cpuUs }
  say(`the same cryptography as our packets have it, by ${cryptography().name}: ${show(medianOf(costs.ownFloor))}`)
  say(`${result.ratioToReference.toFixed(1)} times less than the reference, the floor is ${(result.shareOfFloor * 100).toFixed(0)} % of ours`)
  return result
}

/** Runs some exchanges, and says how many. */
interface Contestant {
  run(): Promise<number> | number
}

async function measure(contestant: Contestant): Promise<Cost> {
  const startedMs = performance.now()
  const before = process.cpuUsage()
  const exchanges = await contestant.run()
  const { user, system } = process.cpuUsage(before)
  return { cpuUs: (user + system) / exchanges, wallUs: ((performance.now() - startedMs) * 1_000) / exchanges }
}

function medianOf(costs: readonly Cost[]): Cost {
  const median = (values: number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
  return { cpuUs: median(costs.map(({ cpuUs }) => cpuUs)), wallUs: median(costs.map(({ wallUs }) => wallUs)) }
}

function show({ cpuUs, wallUs }: Cost): string {
  return `${cpuUs.toFixed(1)} us (${wallUs.toFixed(1)} us)`
}

/** Time that moves as fast as the work is done. The wheel asks for one timer at a time, and nothing else asks. */
export class SteppedClock implements Clock {
  #nowMs = Date.UTC(2026, 0)
  #task: (() => void) | undefined
  #dueMs = 0

  nowMs(): number {
    return this.#nowMs
  }

  monotonicMs(): number {
    return this.#nowMs
  }

  after(delayMs: number, task: () => void): { cancel(): void } {
    this.#task = task
    this.#dueMs = this.#nowMs + delayMs
    return {
      cancel: () => {
        if (this.#task === task) this.#task = undefined
      },
    }
  }

  sleep(): Promise<void> {
    throw new Error('nobody sleeps here')
  }

  /** Runs the timer, and lets what it began come to its end. */
  async step(): Promise<void> {
    const task = this.#task
    if (task === undefined) throw new Error('nothing is due')
    this.#task = undefined
    this.#nowMs = Math.max(this.#nowMs, this.#dueMs)
    task()
    await new Promise((resolve) => setImmediate(resolve))
  }
}

/** Credits are taken at once. */
export function creditsInMemory(): Pick<ReceivingStreams, 'credit' | 'totalOf' | 'close'> {
  const totals = new Map<string, bigint>()
  return {
    credit({ connection, amount }) {
      const key = connection.toString('latin1')
      const total = (totals.get(key) ?? 0n) + amount
      totals.set(key, total)
      return Promise.resolve({ applied: true, total })
    },
    totalOf: (connection) => Promise.resolve(totals.get(connection.toString('latin1')) ?? 0n),
    close: () => Promise.resolve(),
  }
}

async function openOurs(): Promise<Contestant> {
  const clock = new SteppedClock()
  const receiving = creditsInMemory()
  const receiver = new StreamReceiver({ address: 'test.rivulet.receiver', keys: { current: 'k1', all: { k1: randomBytes(32) } }, clock, receiving })
  const source = { debitAccountId: 'acct_00000000000000000000000002', asset } as const
  const link: Link = { send: async (prepare) => decodeReply(encodeReply(await receiver.handle(decodePrepare(encodePrepare(prepare)), source))) }
  const sender = new StreamSender({ clock, random: () => 0.5 })
  let fulfilled = 0
  let failed = 0
  const listener: StreamListener = {
    fulfilled: () => (fulfilled += 1),
    rejected: () => (failed += 1),
    failed: () => (failed += 1),
    leaseLow: () => {},
  }
  for (let index = 0; index < streams; index += 1) {
    const credentials = receiver.issue({ accountId: 'acct_00000000000000000000000001', asset })
    sender.open({
      id: `strm_${index.toString().padStart(26, '0')}`,
      link, ...credentials, listener,
      sourceAddress: `test.rivulet.wallet.stream${index}`,
      sourceAsset: asset,
      exchangeRate: { numerator: 1n, denominator: 1n },
      slippage: { numerator: 0n, denominator: 1n },
      rate: 100_000n,
      lease: { held: 10n ** 15n, sequenceCeiling: 2 ** 31, sendUntilMs: clock.nowMs() + 20 * 3_600_000 },
      sequenceFirst: 1,
    })
  }
  return {
    async run() {
      const before = fulfilled
      const untilMs = clock.nowMs() + secondsPerRound * 1_000
      while (clock.nowMs() < untilMs) await clock.step()
      if (failed > 0) throw new Error(`${failed} packets were refused`)
      return fulfilled - before
    },
  }
}

/** Plugins of the reference library that hand each other real ILP bytes; each answers the ILDCP request of its own side. */
export class MemoryPlugin {
  peer: MemoryPlugin | undefined
  packets = 0
  #handler: (data: Buffer) => Promise<Buffer> = () => Promise.reject(new Error('nobody listens'))
  readonly #address: string

  constructor(address: string) {
    this.#address = address
  }

  connect(): Promise<void> {
    return Promise.resolve()
  }

  disconnect(): Promise<void> {
    return Promise.resolve()
  }

  isConnected(): boolean {
    return true
  }

  sendData(data: Buffer): Promise<Buffer> {
    if (isIldcpRequest(decodePrepare(data))) return Promise.resolve(encodeReply(ildcpFulfill({ clientAddress: this.#address, assetCode: asset.code, assetScale: asset.scale })))
    this.packets += 1
    return this.peer === undefined ? Promise.reject(new Error('not wired')) : this.peer.#handler(data)
  }

  registerDataHandler(handler: (data: Buffer) => Promise<Buffer>): void {
    this.#handler = handler
  }

  deregisterDataHandler(): void {}
}

async function openReference(): Promise<Contestant & { packetsPerPayment(): number }> {
  const ofServer = new MemoryPlugin('test.reference.server')
  const ofClient = new MemoryPlugin('test.reference.client')
  ofServer.peer = ofClient
  ofClient.peer = ofServer
  const server = await createServer({ plugin: ofServer, serverSecret: randomBytes(32) })
  let incoming: DataAndMoneyStream | undefined
  server.on('connection', (connection: { on(event: 'stream', listener: (stream: DataAndMoneyStream) => void): void }) => {
    connection.on('stream', (stream) => {
      stream.setReceiveMax(Infinity)
      incoming = stream
    })
  })
  const connection = await createConnection({ plugin: ofClient, ...server.generateAddressAndSecret() })
  const outgoing = connection.createStream()
  let paid = 0
  await outgoing.sendTotal((paid += 1))
  const packets = (): number => ofClient.packets + ofServer.packets
  const opening = packets()
  return {
    async run() {
      for (let payment = 0; payment < referencePayments; payment += 1) await outgoing.sendTotal((paid += 1))
      if (incoming?.totalReceived !== paid.toString()) throw new Error(`the reference server received ${incoming?.totalReceived} of ${paid}`)
      return referencePayments
    },
    packetsPerPayment: () => (packets() - opening) / (paid - 1),
  }
}

/** The same cryptography as the floor, as our packets have it: OpenSSL called directly, where the process lets us. HMACs are two hashes each. */
function openOwnFloor(): Contestant {
  const by = cryptography()
  const key = by.gcmKey(randomBytes(32))
  const [request, answer, outer, digest] = [randomBytes(18), randomBytes(30), randomBytes(96), Buffer.alloc(32)]
  const iv = randomBytes(12)
  return {
    run() {
      const exchanges = streams * secondsPerRound
      for (let exchange = 0; exchange < exchanges; exchange += 1) {
        const prepare = key.seal(iv, request)
        const inner = Buffer.alloc(64 + prepare.length)
        for (let end = 0; end < 2; end += 1) for (const octets of [inner, outer, digest]) by.sha256Into(octets, digest, 0)
        if (key.open(prepare) === undefined || key.open(key.seal(iv, answer)) === undefined) throw new Error('a packet did not open')
      }
      return exchanges
    },
  }
}

/** Two seals, two opens, two HMACs and two SHA-256, with KeyObjects and pooled IVs, on data of the sizes that an exchange has. */
function openFloor(): Contestant {
  const key = createSecretKey(randomBytes(32))
  const fulfillmentKey = createSecretKey(randomBytes(32))
  const request = randomBytes(18)
  const answer = randomBytes(30)
  const ivs = Buffer.alloc(12 * 1_024)
  let taken = ivs.length
  const freshIv = (): Buffer => {
    if (taken === ivs.length) {
      randomFillSync(ivs)
      taken = 0
    }
    taken += 12
    return ivs.subarray(taken - 12, taken)
  }
  return {
    run() {
      const exchanges = streams * secondsPerRound
      let ok = 0
      for (let exchange = 0; exchange < exchanges; exchange += 1) {
        const prepare = sealBare(key, freshIv(), request)
        const condition = hash('sha256', createHmac('sha256', fulfillmentKey).update(prepare.sealed).digest(), 'buffer')
        openBare(key, prepare)
        if (hash('sha256', createHmac('sha256', fulfillmentKey).update(prepare.sealed).digest(), 'buffer').equals(condition)) ok += 1
        openBare(key, sealBare(key, freshIv(), answer))
      }
      return ok
    },
  }
}

interface Sealed {
  readonly iv: Buffer
  readonly sealed: Buffer
  readonly tag: Buffer
}

const gcm = { authTagLength: 16 }

function sealBare(key: KeyObject, iv: Buffer, plain: Buffer): Sealed {
  const cipher = createCipheriv('aes-256-gcm', key, iv, gcm)
  const sealed = cipher.update(plain)
  cipher.final()
  return { iv, sealed, tag: cipher.getAuthTag() }
}

function openBare(key: KeyObject, { iv, sealed, tag }: Sealed): Buffer {
  const decipher = createDecipheriv('aes-256-gcm', key, iv, gcm)
  decipher.setAuthTag(tag)
  const plain = decipher.update(sealed)
  decipher.final()
  return plain
}
