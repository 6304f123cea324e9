/** A wallet that dies between a packet and its answer: the next one asks the reference server what it got, and the subscriber pays that, to the unit. */
import { type Connection, createServer } from 'ilp-protocol-stream'
import { expect, test } from 'vitest'
import { newId, Seal } from '@rivulet/ids'
import { decodePrepare, decodeReply, encodePrepare, encodeReply, ildcpFulfill, isIldcpRequest, type Prepare, reject, type Reply } from '@rivulet/ilp'
import { Ledger, ledgerMigrations } from '@rivulet/ledger'
import { testPostgres } from '@rivulet/postgres/testing'
import { StreamSender } from '@rivulet/stream-sender'
import { TestClock } from '@rivulet/time/testing'
import { Lateness, PaidStream, settleDoubts, type StreamDesk } from '@rivulet/wallet/testing'

const eur = { code: 'EUR', scale: 9 }
const receiverAddress = 'test.foreign'
const rate = 100_000n
const budget = 1_000_000_000n

/** The reference server behind an ILP link of real bytes. */
class ForeignServer {
  received = 0n
  /** What happens to the answers on their way back. */
  answersGetLost = false
  readonly #connections: Connection[] = []
  #handler: (data: Buffer) => Promise<Buffer> = () => Promise.reject(new Error('no server listens'))

  async open(): Promise<{ readonly destination: string; readonly sharedSecret: Buffer }> {
    const plugin = {
      connect: () => Promise.resolve(),
      disconnect: () => Promise.resolve(),
      isConnected: () => true,
      sendData: (data: Buffer) => {
        const asked = isIldcpRequest(decodePrepare(data))
        return Promise.resolve(encodeReply(asked ? ildcpFulfill({ clientAddress: receiverAddress, assetCode: 'EUR', assetScale: eur.scale }) : reject('F02', receiverAddress, 'nobody there')))
      },
      registerDataHandler: (handler: (data: Buffer) => Promise<Buffer>) => (this.#handler = handler),
      deregisterDataHandler: () => undefined,
    }
    const server = await createServer({ plugin, serverSecret: Buffer.alloc(32, 1) })
    server.on('connection', (connection: Connection) => {
      this.#connections.push(connection)
      connection.on('stream', (stream: { setReceiveMax(most: number): void; on(event: 'money', hears: (amount: string) => void): void }) => {
        stream.setReceiveMax(Infinity)
        stream.on('money', (amount) => (this.received += BigInt(amount)))
      })
    })
    const { destinationAccount, sharedSecret } = server.generateAddressAndSecret()
    return { destination: destinationAccount, sharedSecret }
  }

  async send(prepare: Prepare): Promise<Reply> {
    const reply = decodeReply(await this.#handler(encodePrepare(prepare)))
    return this.answersGetLost ? new Promise<never>(() => undefined) : reply
  }

  async dispose(): Promise<void> {
    await Promise.all(this.#connections.map((connection) => connection.destroy()))
  }
}

test('what an ilp-protocol-stream server got from a wallet that died is asked and booked, to the unit', async () => {
  const clock = new TestClock()
  await using postgres = await testPostgres([ledgerMigrations])
  await using ledger = await Ledger.open({ postgres, clock })
  const account = (name: string, kind: 'subscriber' | 'link' | 'loss' | 'psp') => ledger.openAccount({ name, kind, asset: eur, debitsMayExceedCredits: kind !== 'subscriber' })
  const subscriber = await account('subscriber[alice]', 'subscriber')
  const link = await account('link[foreign]@wallet', 'link')
  const loss = await account('loss@wallet', 'loss')
  await ledger.transfer({ key: 'deposit', debitAccountId: (await account('psp[test]', 'psp')).id, creditAccountId: subscriber.id, amount: budget, reason: 'deposit' })
  const server = new ForeignServer()
  const credentials = await server.open()
  const seal = new Seal(Buffer.alloc(32, 7))
  const problems: string[] = []
  /** A wallet process; a dead one hears and writes nothing more. */
  const wallet = () => {
    const life = { dead: false }
    const whileAlive = <Result>(work: () => Promise<Result>): Promise<Result> => (life.dead ? new Promise<never>(() => undefined) : work())
    const sending = new Proxy(ledger.sending, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name)
        return typeof value === 'function' ? (...given: unknown[]) => whileAlive(() => Reflect.apply(value, target, given) as Promise<unknown>) : value
      },
    })
    const send = (prepare: Prepare): Promise<Reply> => whileAlive(() => server.send(prepare))
    const desk: StreamDesk = {
      clock, seal, ledger: { sending, balance: (id) => ledger.balance(id), available: (id) => ledger.available(id) }, sender: new StreamSender({ clock, random: () => 0.5 }),
      log: { info: () => undefined, warn: (_details, message) => problems.push(message), error: (_details, message) => problems.push(message) },
      routing: { to: () => Promise.resolve({ link: { send }, creditAccountId: link.id }), rateOf: () => undefined, slippage: { numerator: 0n, denominator: 1n } },
      lossAccountId: loss.id, ownerId: newId('ownr', clock.nowMs()), ilpAddress: 'test.wallet', ownReceiverAddress: undefined, leaseMs: 60_000, live: new Map(), finished: () => undefined,
      counters: { packets: 0, fulfilled: 0, rejectsByCode: new Map(), lateness: new Lateness() }, givingUp: new Promise(() => undefined),
    }
    return { desk, life }
  }
  const pass = async (ms: number, until: () => boolean | Promise<boolean>): Promise<void> => {
    for (let passed = 0; passed < ms && !(await until()); passed += 100) {
      await clock.advance(100)
      // The database and the server answer in real time.
      await ledger.account(subscriber.id)
    }
    expect(await until()).toBe(true)
  }

  const first = wallet()
  let told = 0n
  void new PaidStream(first.desk, {
    subscriber: { personId: newId('pers', clock.nowMs()), name: 'Alice', email: 'alice@example.org', walletAddress: 'https://wallet.example/alice', accountId: subscriber.id, asset: eur },
    receiver: { ...credentials, paymentPointer: 'https://foreign.example/bob', asset: eur, receiptsEnabled: false, incomingPayment: undefined }, site: undefined, rate,
    listener: { opened: () => undefined, paid: ({ amount }) => (told += amount), broken: () => undefined, stalled: () => undefined },
  })
  await pass(10_000, () => told >= 3n * rate)
  server.answersGetLost = true
  await pass(5_000, () => server.received > told)
  first.life.dead = true
  server.answersGetLost = false
  const { received } = server
  expect(received).toBeGreaterThan(told)

  const second = wallet()
  let settled = 0
  await pass(80_000, async () => {
    settled += await settleDoubts(second.desk)
    return settled === 1
  })
  expect(problems).toEqual([])
  expect(await ledger.balance(subscriber.id)).toMatchObject({ posted: budget - received, pending: 0n, accrued: 0n })
  expect(server.received).toBe(received)
  expect(await ledger.verify()).toMatchObject({ ok: true, problems: [] })
  await server.dispose()
})
