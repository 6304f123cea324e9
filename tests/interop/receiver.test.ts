/** Senders of others pay our receiver over real BTP into real PostgreSQL: amounts are equal to the unit, and nothing is credited twice or without a payment. */
import { randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { closeConnection, pay, setupPayment, startQuote } from '@interledger/pay'
import { Accounts, accountsMigrations, type Person } from '@rivulet/accounts'
import { Forwarder } from '@rivulet/forwarder'
import { decodePrepare, decodeReply, encodePrepare, isFulfill, PacketType, type Prepare, type Reply } from '@rivulet/ilp'
import { type Account, Ledger, ledgerMigrations } from '@rivulet/ledger'
import { BtpServer } from '@rivulet/links'
import { newReceiptSetup, takeReceipt } from '@rivulet/payment-proof'
import type { Postgres } from '@rivulet/postgres'
import { testPostgres } from '@rivulet/postgres/testing'
import { createReceiver } from '@rivulet/receiver'
import { conditionOf, type Frame, FrameType, StreamKeys } from '@rivulet/stream'
import { StreamReceiver } from '@rivulet/stream-receiver'
import { systemClock } from '@rivulet/time'
import express from 'express'
import fc from 'fast-check'
import type { IlpPluginBtpConstructorOptions } from 'ilp-plugin-btp'
import { createConnection, type CreateConnectionOpts, decodeReceipt, verifyReceipt } from 'ilp-protocol-stream'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

type BtpPlugin = CreateConnectionOpts['plugin']
// Its module is the class itself, which its types do not say.
const Plugin = createRequire(import.meta.url)('ilp-plugin-btp') as new (options: IlpPluginBtpConstructorOptions) => BtpPlugin

const asset = { code: 'EUR', scale: 9 }
const clock = systemClock
const silent = { info: () => {}, warn: () => {}, error: () => {} }
const keys = { current: '1', all: { 1: randomBytes(32) } }
const secret = randomBytes(32)
const ilpAddress = 'test.rivulet.receiver'
const token = 'the-token-of-alice'

/** One receiving process: HTTP, BTP, forwarder, receiver, ledger. Any number of them share the database. */
interface Process extends AsyncDisposable {
  readonly origin: string
  readonly btp: string
  readonly accounts: Accounts
  readonly ledger: Ledger
  readonly link: Account
  /** Of those that pay it: they leave before it ends, as they would try to come back. */
  readonly plugins: BtpPlugin[]
}

async function startProcess(postgres: Postgres): Promise<Process> {
  const ledger = await Ledger.open({ postgres, clock })
  const app = express()
  const server = createServer(app)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const origin = `http://localhost:${port}`
  const entrances = { subscriber: { publicUrl: 'http://localhost:4000' }, publisher: { publicUrl: origin }, operator: { publicUrl: 'http://localhost:4002' } }
  const accounts = await Accounts.open({ postgres, ledger, clock, secret, entrances, sandbox: true })
  const link = await ledger.openAccount({ name: 'link[alice]', kind: 'link', asset, debitsMayExceedCredits: true })
  const receiver = createReceiver({ ledger, accounts, ilpAddress, streams: new StreamReceiver({ address: ilpAddress, keys, clock, receiving: ledger.receiving }), log: silent })
  app.use(receiver.routes)
  const btp = new BtpServer({ clock, log: silent })
  btp.attach(server, '/btp')
  const forwarder = new Forwarder({ address: 'test.rivulet', clock, log: silent })
  forwarder.local(ilpAddress, receiver.packetHandler)
  const limits = { packetAmountMax: 10n ** 12n, packetsPerSecondMax: 100_000, packetsBurstMax: 100_000, owedMax: 10n ** 15n }
  forwarder.addPeer({ id: 'alice', address: 'test.rivulet.alice', asset, link: btp.addPeer({ id: 'alice', token }), linkAccountId: link.id, limits })
  const plugins: BtpPlugin[] = []
  return {
    origin, btp: `localhost:${port}/btp`, accounts, ledger, link, plugins,
    async [Symbol.asyncDispose]() {
      await Promise.all(plugins.map((plugin) => plugin.disconnect()))
      await btp[Symbol.asyncDispose]()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await accounts[Symbol.asyncDispose]()
      await ledger[Symbol.asyncDispose]()
    },
  }
}

let postgres: Postgres
let first: Process
let publisher: Person

beforeAll(async () => {
  postgres = await testPostgres([ledgerMigrations, accountsMigrations])
  first = await startProcess(postgres)
  publisher = await first.accounts.ensurePerson({ role: 'publisher', email: 'gazette@example.com', password: 'correct horse', name: 'The Gazette', path: 'gazette' })
})

afterAll(async () => {
  await first[Symbol.asyncDispose]()
  await postgres[Symbol.asyncDispose]()
})

async function connect(to: Process): Promise<BtpPlugin> {
  const plugin = new Plugin({ server: `btp+ws://:${token}@${to.btp}` })
  await plugin.connect()
  to.plugins.push(plugin)
  return plugin
}

/** Passes packets on and keeps every Prepare that moved money. */
function recording(plugin: BtpPlugin): { plugin: BtpPlugin; paid: Buffer[] } {
  const paid: Buffer[] = []
  const sendData = plugin.sendData.bind(plugin)
  plugin.sendData = async (data) => {
    const answer = await sendData(data)
    if (decodePrepare(data).amount > 0n && isFulfill(decodeReply(answer))) paid.push(data)
    return answer
  }
  return { plugin, paid }
}

interface Spsp {
  readonly destination: string
  readonly sharedSecret: Buffer
}

async function query(headers: Record<string, string> = {}): Promise<Spsp> {
  const response = await fetch(`${first.origin}/gazette`, { headers: { accept: 'application/spsp4+json', ...headers } })
  const body = (await response.json()) as { destination_account: string; shared_secret: string }
  return { destination: body.destination_account, sharedSecret: Buffer.from(body.shared_secret, 'base64') }
}

const liveOf = async (account: Pick<Account, 'id'> | undefined): Promise<bigint> => {
  if (account === undefined) throw new Error('no account')
  const { posted, accrued } = await first.ledger.balance(account.id)
  return posted + accrued
}

/** What the publisher has, after checking that the link owes exactly as much. */
async function received(): Promise<bigint> {
  const credited = await liveOf({ id: publisher.walletAddress?.ledgerAccountId ?? 'acct_' })
  expect(await liveOf(first.link)).toBe(-credited)
  return credited
}

async function send(plugin: BtpPlugin, prepare: Prepare): Promise<Reply> {
  return decodeReply(await plugin.sendData(encodePrepare(prepare)))
}

interface Wish {
  readonly sequence?: number
  readonly amount?: bigint
  readonly least?: bigint
  readonly type?: number
  readonly frames?: readonly Frame[]
}

function prepareFor({ destination, sharedSecret }: Spsp, wish: Wish = {}): Prepare {
  const stream = new StreamKeys(sharedSecret)
  const frames = wish.frames ?? [{ type: FrameType.streamMoney, streamId: 1, shares: 1n }]
  const data = stream.seal({ type: wish.type ?? PacketType.prepare, sequence: wish.sequence ?? 1, amount: wish.least ?? 0n, frames })
  return { amount: wish.amount ?? 100n, expiresAtMs: clock.nowMs() + 20_000, condition: conditionOf(stream.fulfillmentOf(data)), destination, data }
}

describe('ilp-protocol-stream over ilp-plugin-btp', () => {
  test('pays us to the unit, over many packets and several streams, and closes the connection', async () => {
    const before = await received()
    const { destination: destinationAccount, sharedSecret } = await query()
    const { plugin, paid } = recording(await connect(first))
    const connection = await createConnection({ plugin, destinationAccount, sharedSecret })
    const stream = connection.createStream()
    for (const total of [1, 1_000, 100_000, 123_456_789]) await stream.sendTotal(total)
    const second = connection.createStream()
    await second.sendTotal(5_000)
    stream.end()
    await second.sendTotal(7_000)
    await connection.end()
    expect([connection.destinationAssetCode, connection.destinationAssetScale]).toEqual(['EUR', 9])
    expect(connection.totalDelivered).toBe(String(123_456_789 + 7_000))
    expect(await received()).toBe(before + 123_463_789n)
    expect(paid.length).toBeGreaterThanOrEqual(6)
  })

  test('gets receipts of the connection’s total', async () => {
    const setup = newReceiptSetup()
    const { nonce, secret: receiptSecret } = setup
    const { destination: destinationAccount, sharedSecret } = await query(setup.headers)
    const connection = await createConnection({ plugin: await connect(first), destinationAccount, sharedSecret })
    const stream = connection.createStream()
    await stream.sendTotal(400)
    await stream.sendTotal(1_000)
    const receipt = stream.receipt ?? Buffer.alloc(0)
    expect(takeReceipt(receipt.toString('base64'), setup, 400n)).toEqual({ streamId: 1, totalReceived: 1_000n, fresh: 600n })
    expect(verifyReceipt(receipt, receiptSecret)).toMatchObject({ streamId: '1' })
    expect(decodeReceipt(receipt)).toMatchObject({ totalReceived: expect.objectContaining({ low: 1_000 }) as unknown, nonce })
    await connection.end()
  })
})

test('@interledger/pay probes our rate and delivers exactly what it was asked to', async () => {
  const before = await received()
  const { destination: destinationAddress, sharedSecret } = await query()
  const plugin = await connect(first)
  const destination = await setupPayment({ plugin, destinationAddress, sharedSecret })
  expect(destination.destinationAsset).toEqual(asset)
  const quote = await startQuote({ plugin, destination, sourceAsset: asset, amountToDeliver: 2_345_678n, slippage: 0 })
  const outcome = await pay({ plugin, destination, quote })
  await closeConnection(plugin, destination)
  expect(outcome).toMatchObject({ amountDelivered: 2_345_678n, amountSent: 2_345_678n })
  expect(outcome.error).toBeUndefined()
  expect(await received()).toBe(before + 2_345_678n)
})

test('a packet replayed to the same receiver, to another one, or after a restart, credits nothing', async () => {
  const { destination: destinationAccount, sharedSecret } = await query()
  const { plugin, paid } = recording(await connect(first))
  const connection = await createConnection({ plugin, destinationAccount, sharedSecret })
  await connection.createStream().sendTotal(1_000)
  await connection.createStream().sendTotal(2_000)
  const after = await received()
  expect(paid.length).toBeGreaterThan(0)
  const replay = async (to: BtpPlugin): Promise<void> => {
    for (const data of paid) {
      const prepare = decodePrepare(data)
      for (const again of [prepare, { ...prepare, expiresAtMs: clock.nowMs() + 20_000 }, { ...prepare, expiresAtMs: clock.nowMs() + 20_000, amount: prepare.amount + 1n }]) {
        expect(isFulfill(await send(to, again))).toBe(false)
      }
    }
    expect(await received()).toBe(after)
  }
  await replay(plugin)
  {
    await using second = await startProcess(postgres)
    await replay(await connect(second))
  }
  await connection.end()
  await first[Symbol.asyncDispose]()
  first = await startProcess(postgres)
  await replay(await connect(first))
})

describe('a sender that lies', () => {
  const close: Frame = { type: FrameType.connectionClose, errorCode: 1, errorMessage: '' }
  test.each([
    ['a connector kept some of the amount', [{ amount: 99n, least: 100n }], 'F99', 0n],
    ['no sequence', [{ sequence: 0 }], 'F99', 0n],
    ['another packet under a sequence that was used', [{ sequence: 3 }, { sequence: 3, amount: 500n }], 'F99', 100n],
    ['a sequence far below those seen', [{ sequence: 1_000_000 }, { sequence: 1 }], 'F99', 100n],
    ['a packet that says it is a Fulfill', [{ type: PacketType.fulfill }], 'F06', 0n],
    ['more than one packet may carry', [{ amount: 10n ** 12n + 1n }], 'F08', 0n],
    ['money after it has closed', [{ frames: [close] }, { sequence: 2 }], 'F99', 100n],
  ] as const)('about %s is refused', async (_what, wishes, code, credited) => {
    const before = await received()
    const plugin = await connect(first)
    const spsp = await query()
    const replies: Reply[] = []
    for (const wish of wishes) replies.push(await send(plugin, prepareFor(spsp, wish)))
    const last = replies.pop()
    expect(last).toMatchObject({ code })
    expect(replies.every(isFulfill)).toBe(true)
    expect(await received()).toBe(before + credited)
  })

  test('with a packet about to expire is refused, and one that says another connection’s secret as well', async () => {
    const before = await received()
    const plugin = await connect(first)
    const [one, other] = [await query(), await query()]
    expect(await send(plugin, { ...prepareFor(one), expiresAtMs: clock.nowMs() + 2_500 })).toMatchObject({ code: expect.stringMatching(/^R0[02]$/) as unknown })
    expect(await send(plugin, prepareFor({ destination: one.destination, sharedSecret: other.sharedSecret }))).toMatchObject({ code: 'F06' })
    expect(await received()).toBe(before)
  })
})

test('packets with bytes changed, cut off or made up are refused, and the next good one is taken', async () => {
  const plugin = await connect(first)
  const spsp = await query()
  const good = prepareFor(spsp)
  expect(isFulfill(await send(plugin, good))).toBe(true)
  const before = await received()
  // Amount and expiry are the sender's to choose; what is no ILP packet at all costs a peer its link, which is tested there.
  await fc.assert(
    fc.asyncProperty(fc.nat(), fc.integer({ min: 1, max: 255 }), fc.constantFrom('data', 'cut data', 'condition', 'destination'), async (at, change, part) => {
      const fresh = prepareFor(spsp, { sequence: 2 })
      const flipped = (bytes: Buffer): Buffer => {
        bytes[at % bytes.length] = (bytes[at % bytes.length] ?? 0) ^ change
        return bytes
      }
      const tail = Buffer.from(spsp.destination.slice(ilpAddress.length + 3), 'base64url')
      const changed: Partial<Prepare> = {
        data: { data: flipped(Buffer.from(fresh.data)) },
        'cut data': { data: fresh.data.subarray(0, at % fresh.data.length) },
        condition: { condition: flipped(Buffer.from(fresh.condition)) },
        destination: { destination: `${ilpAddress}.1~${flipped(tail).toString('base64url')}` },
      }[part]
      const reply = await send(plugin, { ...fresh, ...changed })
      expect(isFulfill(reply) ? 'fulfilled' : reply.code).toBe(part === 'condition' ? 'F99' : 'F06')
    }),
    { numRuns: 400 },
  )
  expect(await received()).toBe(before)
  expect(isFulfill(await send(plugin, prepareFor(spsp, { sequence: 2 })))).toBe(true)
  expect(await received()).toBe(before + 100n)
})

test('at the end the books are right', async () => {
  expect(await first.ledger.verify()).toMatchObject({ ok: true, problems: [] })
})
