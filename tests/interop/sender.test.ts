/** Our sender pays the receivers of the reference libraries, over links that carry real ILP bytes; what arrives equals what was paid, to the unit. */
import { StreamServer } from '@interledger/stream-receiver'
import * as ilpPacket from 'ilp-packet'
import { type Connection, createServer, type DataAndMoneyStream } from 'ilp-protocol-stream'
import { expect, test } from 'vitest'
import { decodePrepare, decodeReply, encodePrepare, encodeReply, ildcpFulfill, isIldcpRequest, type Link, type Prepare, reject, type Reply } from '@rivulet/ilp'
import { decodeReceipt, verifyReceipt } from '@rivulet/stream'
import { type CloseReason, type SendingStream, type StreamListener, StreamSender, type StreamSpec } from '@rivulet/stream-sender'
import { TestClock } from '@rivulet/time/testing'

const receiverAddress = 'test.receiver'
const sourceAddress = 'test.wallet.stream'

class Told implements StreamListener {
  readonly receipts: (Buffer | undefined)[] = []
  readonly rejections: string[] = []
  failure: { readonly reason: CloseReason; readonly message: string } | undefined

  fulfilled(_stream: SendingStream, packet: { readonly receipt: Buffer | undefined }): void {
    this.receipts.push(packet.receipt)
  }

  rejected(_stream: SendingStream, code: string, message: string): void {
    this.rejections.push(`${code} ${message}`)
  }

  leaseLow(): void {}

  failed(_stream: SendingStream, reason: CloseReason, message: string): void {
    this.failure = { reason, message }
  }
}

/** The connector between: converts amounts as one with another scale behind it would, and speaks bytes to both sides. */
function bytesTo(handle: (bytes: Buffer) => Promise<Buffer>, unitsPerUnit = 1n): Link {
  return {
    async send(prepare: Prepare): Promise<Reply> {
      return decodeReply(await handle(encodePrepare({ ...prepare, amount: prepare.amount / unitsPerUnit })))
    },
  }
}

/** A plugin of the reference library in memory. What its server sends to our stream is answered by the stream. */
class MemoryPlugin {
  handler: (data: Buffer) => Promise<Buffer> = () => Promise.reject(new Error('no server listens'))
  answer: (prepare: Prepare) => Promise<Reply> = () => Promise.resolve(reject('F02', 'test', 'nobody there'))
  readonly asset = { assetCode: 'EUR', assetScale: 9 }

  connect(): Promise<void> {
    return Promise.resolve()
  }

  disconnect(): Promise<void> {
    return Promise.resolve()
  }

  isConnected(): boolean {
    return true
  }

  async sendData(data: Buffer): Promise<Buffer> {
    const prepare = decodePrepare(data)
    return encodeReply(isIldcpRequest(prepare) ? ildcpFulfill({ clientAddress: receiverAddress, ...this.asset }) : await this.answer(prepare))
  }

  registerDataHandler(handler: (data: Buffer) => Promise<Buffer>): void {
    this.handler = handler
  }

  deregisterDataHandler(): void {}
}

function specOf(link: Link, credentials: { readonly destination: string; readonly sharedSecret: Buffer }, listener: StreamListener): StreamSpec {
  return {
    id: 'strm_00000000000000000000000001',
    link,
    ...credentials,
    sourceAddress,
    sourceAsset: { code: 'EUR', scale: 9 },
    exchangeRate: { numerator: 1n, denominator: 1n },
    slippage: { numerator: 0n, denominator: 1n },
    rate: 100_000n,
    lease: { held: 10n ** 9n, sequenceCeiling: 10_000, sendUntilMs: Date.UTC(2027, 0) },
    sequenceFirst: 1,
    listener,
  }
}

/** Lets virtual time pass no faster than the other side, which lives in real time, answers. */
function passing(clock: TestClock, stream: { readonly inFlight: bigint }): (ms: number) => Promise<void> {
  return async (ms) => {
    for (let past = 0; past < ms; past += 100) {
      await clock.advance(Math.min(100, ms - past))
      for (let turn = 0; turn < 5_000 && stream.inFlight > 0n; turn += 1) await new Promise((resolve) => setTimeout(resolve, 1))
    }
  }
}

async function referenceServer(receiveMax = Infinity) {
  const plugin = new MemoryPlugin()
  const server = await createServer({ plugin, serverSecret: Buffer.alloc(32, 1) })
  const streams: DataAndMoneyStream[] = []
  const connections: Connection[] = []
  const ended = Promise.withResolvers<void>()
  server.on('connection', (connection: Connection) => {
    connections.push(connection)
    connection.once('close', ended.resolve)
    connection.on('stream', (stream: DataAndMoneyStream) => {
      stream.setReceiveMax(receiveMax)
      streams.push(stream)
    })
  })
  const receipt = { nonce: Buffer.alloc(16, 2), secret: Buffer.alloc(32, 3) }
  const { destinationAccount, sharedSecret } = server.generateAddressAndSecret({ receiptNonce: receipt.nonce, receiptSecret: receipt.secret })
  const clock = new TestClock()
  const sender = new StreamSender({ clock, random: () => 0.5 })
  const told = new Told()
  const stream = sender.open(specOf(bytesTo((bytes) => plugin.handler(bytes)), { destination: destinationAccount, sharedSecret }, told))
  plugin.answer = (prepare) => stream.answer(prepare)
  const dispose = async (): Promise<void> => {
    await Promise.all(connections.map((connection) => connection.destroy()))
  }
  const pass = passing(clock, stream)
  return { plugin, streams, ended: ended.promise, receipt, pass, told, stream, dispose }
}

test('an ilp-protocol-stream server is paid by the second, and its receipts verify', async () => {
  const { dispose, streams, ended, receipt, pass, told, stream } = await referenceServer()
  await pass(30_500)
  const closed = stream.close()
  await pass(100)
  const counters = await closed
  expect(told.failure).toBeUndefined()
  expect(told.rejections).toEqual([])
  expect(counters).toMatchObject({ paid: 3_000_000n, delivered: 3_000_000n, packets: 31, fulfilled: 31, rejected: 0, inFlight: 0n, inDoubt: 0n })
  expect(streams.map(({ totalReceived }) => totalReceived)).toEqual(['3000000'])
  const last = told.receipts.at(-1) ?? Buffer.alloc(0)
  expect(decodeReceipt(last)).toEqual({ nonce: receipt.nonce, streamId: 1, totalReceived: 3_000_000n })
  expect(verifyReceipt(last, receipt.secret)).toBe(true)
  // Our ConnectionClose lets the server end its side by itself.
  await ended
  await dispose()
})

test('an ilp-protocol-stream server never gets more than it said it takes', async () => {
  const { dispose, streams, pass, told, stream } = await referenceServer(450_000)
  await pass(20_000)
  expect(streams[0]?.totalReceived).toBe('450000')
  expect(stream.paid).toBe(450_000n)
  expect(told.rejections).toEqual([])
  streams[0]?.setReceiveMax(10_000_000)
  await pass(30_000)
  expect(stream.paid).toBeGreaterThan(1_000_000n)
  expect(streams[0]?.totalReceived).toBe(stream.paid.toString())
  await dispose()
})

test('an ilp-protocol-stream server that wants to pay us back finds our address answering its probes', async () => {
  const { dispose, plugin, streams, pass, told, stream } = await referenceServer()
  const answers: Reply[] = []
  plugin.answer = async (prepare) => {
    const reply = await stream.answer(prepare)
    answers.push(reply)
    return reply
  }
  await pass(1_000)
  streams[0]?.setSendMax(1_000)
  await pass(5_000)
  expect(answers.length).toBeGreaterThan(0)
  expect(answers.every((reply) => 'code' in reply && reply.code === 'F99' && reply.data.length > 0)).toBe(true)
  expect(told.failure).toBeUndefined()
  expect(stream.paid).toBe(BigInt(streams[0]?.totalReceived ?? 0))
  await dispose()
})

test('an ilp-protocol-stream server that ends its stream ends ours, with a reason', async () => {
  const { dispose, streams, pass, told, stream } = await referenceServer()
  await pass(3_500)
  streams[0]?.end()
  await pass(3_000)
  expect(told.failure?.reason).toBe('receiver-closed')
  expect(stream.paid).toBe(BigInt(streams[0]?.totalReceived ?? 0))
  await dispose()
})

/** What a server on @interledger/stream-receiver does with each packet; counts what it accepted. */
function streamReceiver() {
  const server = new StreamServer({ serverSecret: Buffer.alloc(32, 5), serverAddress: receiverAddress })
  const receipt = { nonce: Buffer.alloc(16, 6), secret: Buffer.alloc(32, 7) }
  const credentials = server.generateCredentials({ receiptSetup: receipt, asset: { code: 'EUR', scale: 6 } })
  const state = { received: 0n }
  const handle = (bytes: Buffer): Promise<Buffer> => {
    const prepare = ilpPacket.deserializeIlpPrepare(bytes)
    const reply = server.createReply(prepare)
    if (!('accept' in reply)) return Promise.resolve(ilpPacket.serializeIlpReply(reply))
    state.received += BigInt(prepare.amount)
    reply.setTotalReceived(state.received.toString())
    return Promise.resolve(ilpPacket.serializeIlpFulfill(reply.accept()))
  }
  return { credentials: { destination: credentials.ilpAddress as string, sharedSecret: credentials.sharedSecret }, receipt, state, handle }
}

test('a @interledger/stream-receiver is paid by the second, and its receipts verify', async () => {
  const { credentials, receipt, state, handle } = streamReceiver()
  const clock = new TestClock()
  const told = new Told()
  const stream = new StreamSender({ clock, random: () => 0.5 }).open(specOf(bytesTo(handle), credentials, told))
  const pass = passing(clock, stream)
  await pass(30_500)
  const closed = stream.close()
  await pass(100)
  expect(await closed).toMatchObject({ paid: 3_000_000n, delivered: 3_000_000n, rejected: 0, inDoubt: 0n })
  expect(state.received).toBe(3_000_000n)
  const last = told.receipts.at(-1) ?? Buffer.alloc(0)
  expect(decodeReceipt(last).totalReceived).toBe(3_000_000n)
  expect(verifyReceipt(last, receipt.secret)).toBe(true)
})

test('a @interledger/stream-receiver of another scale gets packets that lose nothing worth mentioning to rounding', async () => {
  const { credentials, state, handle } = streamReceiver()
  const clock = new TestClock()
  const told = new Told()
  const spec = { ...specOf(bytesTo(handle, 1_000n), credentials, told), exchangeRate: { numerator: 1n, denominator: 1_000n }, slippage: { numerator: 1n, denominator: 100n }, rate: 33_333n }
  const stream = new StreamSender({ clock, random: () => 0.5 }).open(spec)
  const pass = passing(clock, stream)
  await pass(60_000)
  const closed = stream.close()
  await pass(100)
  const { paid, delivered, packets } = await closed
  expect(told.rejections).toEqual([])
  expect(packets).toBeLessThan(25)
  expect(delivered).toBe(state.received)
  expect(delivered * 1_000n).toBeGreaterThanOrEqual((paid * 99n) / 100n)
  expect(delivered * 1_000n).toBeLessThanOrEqual(paid)
})
