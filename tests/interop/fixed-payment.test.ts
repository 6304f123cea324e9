/** Our sender of exact amounts pays the receivers of the reference libraries, over links that carry real ILP bytes. */
import { StreamServer } from '@interledger/stream-receiver'
import * as ilpPacket from 'ilp-packet'
import { type Connection, createServer, type DataAndMoneyStream } from 'ilp-protocol-stream'
import { expect, test } from 'vitest'
import { decodePrepare, decodeReply, encodeAmountTooLarge, encodePrepare, encodeReply, ErrorCode, ildcpFulfill, isIldcpRequest, type Link, type Prepare, reject, type Reply } from '@rivulet/ilp'
import { type FixedPaymentSpec, type PaymentOutcome, probe, type SendingPayment, StreamSender } from '@rivulet/stream-sender'
import { TestClock } from '@rivulet/time/testing'

const eur = { code: 'EUR', scale: 9 }
const packetMax = 250_000n
const one = { numerator: 1n, denominator: 1n }

/** A connector that carries at most `packetMax`, and counts in other units behind it. */
function bytesTo(handle: (bytes: Buffer) => Promise<Buffer>, unitsPerUnit = 1n): Link {
  return {
    async send(prepare: Prepare): Promise<Reply> {
      if (prepare.amount > packetMax) return reject(ErrorCode.amountTooLarge, 'test.connector', 'too large', encodeAmountTooLarge({ receivedAmount: prepare.amount, maximumAmount: packetMax }))
      return decodeReply(await handle(encodePrepare({ ...prepare, amount: prepare.amount / unitsPerUnit })))
    },
  }
}

class MemoryPlugin {
  handler: (data: Buffer) => Promise<Buffer> = () => Promise.reject(new Error('no server listens'))
  payment: SendingPayment | undefined

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
    if (isIldcpRequest(prepare)) return encodeReply(ildcpFulfill({ clientAddress: 'test.receiver', assetCode: 'EUR', assetScale: 9 }))
    return encodeReply((await this.payment?.answer(prepare)) ?? reject('F02', 'test', 'nobody there'))
  }

  registerDataHandler(handler: (data: Buffer) => Promise<Buffer>): void {
    this.handler = handler
  }

  deregisterDataHandler(): void {}
}

function specOf(clock: TestClock, changes: Pick<FixedPaymentSpec, 'link' | 'destination' | 'sharedSecret' | 'amount'> & Partial<FixedPaymentSpec>): FixedPaymentSpec {
  return {
    id: 'strm_00000000000000000000000001', sourceAddress: 'test.wallet.pay.one', sourceAsset: eur, exchangeRate: one, rateMin: one, sequenceFirst: 1, sequenceCeiling: 100_000,
    sendUntilMs: clock.nowMs() + 60_000, sayGoodbye: true, listener: { progress: () => {}, rejected: () => {}, timeLow: () => {} }, ...changes,
  }
}

async function outcomeOf(clock: TestClock, payment: SendingPayment): Promise<PaymentOutcome> {
  let outcome: PaymentOutcome | undefined
  void payment.done.then((ended) => { outcome = ended })
  for (let turn = 0; turn < 400 && outcome === undefined; turn += 1) await clock.advance(50)
  return outcome ?? payment.done
}

test('an ilp-protocol-stream server gets exactly what is sent, in packets as large as the path carries, and the connection is closed', async () => {
  const plugin = new MemoryPlugin()
  const server = await createServer({ plugin, serverSecret: Buffer.alloc(32, 1) })
  const streams: DataAndMoneyStream[] = []
  const ended = Promise.withResolvers<void>()
  server.on('connection', (connection: Connection) => {
    connection.once('close', ended.resolve)
    connection.on('stream', (stream: DataAndMoneyStream) => {
      stream.setReceiveMax(Infinity)
      streams.push(stream)
    })
  })
  const { destinationAccount, sharedSecret } = server.generateAddressAndSecret()
  const clock = new TestClock()
  const link = bytesTo((bytes) => plugin.handler(bytes))
  const payment = new StreamSender({ clock, random: () => 0.5 }).pay(specOf(clock, { link, destination: destinationAccount, sharedSecret, amount: 12_345_678n }))
  plugin.payment = payment
  expect(await outcomeOf(clock, payment)).toMatchObject({ paid: 12_345_678n, delivered: 12_345_678n, fulfilled: 50, rejected: 1, inDoubt: 0n, failure: undefined })
  expect(streams.map(({ totalReceived }) => totalReceived)).toEqual(['12345678'])
  await ended.promise
})

/** What a server on @interledger/stream-receiver does with each packet; counts what it accepted. */
function streamReceiver() {
  const server = new StreamServer({ serverSecret: Buffer.alloc(32, 5), serverAddress: 'test.receiver' })
  const { ilpAddress, sharedSecret } = server.generateCredentials({ asset: { code: 'USD', scale: 6 } })
  const state = { received: 0n }
  const handle = (bytes: Buffer): Promise<Buffer> => {
    const prepare = ilpPacket.deserializeIlpPrepare(bytes)
    const reply = server.createReply(prepare)
    if (!('accept' in reply)) return Promise.resolve(ilpPacket.serializeIlpReply(reply))
    state.received += BigInt(prepare.amount)
    return Promise.resolve(ilpPacket.serializeIlpFulfill(reply.accept()))
  }
  return { destination: ilpAddress as string, sharedSecret, state, handle }
}

test('a @interledger/stream-receiver tells its rate and asset to a probe that it is not paid by, and then gets a fixed delivery to the unit', async () => {
  const { destination, sharedSecret, state, handle } = streamReceiver()
  const clock = new TestClock()
  const link = bytesTo(handle, 1_000n)
  const probed = await probe({ link, destination, sharedSecret, sourceAddress: 'test.wallet.pay.one', sourceAsset: eur, amount: 1_000_000n }, clock)
  expect(probed).toEqual({ rate: { numerator: 250n, denominator: 250_000n }, packetUnitsMax: 250_000n, asset: { code: 'USD', scale: 6 } })
  expect(state.received).toBe(0n)
  const rateMin = { numerator: 99n, denominator: 100_000n }
  const payment = new StreamSender({ clock, random: () => 0.5 }).pay(
    specOf(clock, { link, destination, sharedSecret, amount: 3_000_000n, deliver: 2_500n, exchangeRate: probed.rate, rateMin, packetUnitsMax: probed.packetUnitsMax }))
  const outcome = await outcomeOf(clock, payment)
  expect(outcome).toMatchObject({ rejected: 0, failure: undefined })
  expect(outcome.delivered).toBe(2_500n)
  expect(state.received).toBe(2_500n)
  expect(outcome.paid).toBe(2_500_000n)
})
