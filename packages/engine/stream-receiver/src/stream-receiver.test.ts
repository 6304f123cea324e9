import { randomBytes } from 'node:crypto'
import { newId } from '@rivulet/ids'
import { decodeAmountTooLarge, isFulfill, PacketType, type Prepare, type Reply } from '@rivulet/ilp'
import type { Credit, CreditResult, ReceivingStreams } from '@rivulet/ledger'
import { conditionOf, decodeReceipt, type Frame, FrameType, StreamKeys, type StreamPacket, verifyReceipt } from '@rivulet/stream'
import { TestClock } from '@rivulet/time/testing'
import fc from 'fast-check'
import { beforeEach, describe, expect, test } from 'vitest'
import { type ConnectionSpec, type Credentials, StreamReceiver } from './index.ts'

/** Receiving rows in memory, by the ledger's contract: each sequence counts once. `says` overrides the next answer. */
class Rows implements Pick<ReceivingStreams, 'credit' | 'totalOf' | 'close'> {
  readonly credits: Credit[] = []
  readonly closed = new Set<string>()
  says: (CreditResult & { applied: false })['why'] | undefined

  async credit(credit: Credit): Promise<CreditResult> {
    const key = credit.connection.toString('hex')
    if (this.says !== undefined) return { applied: false, why: this.says }
    if (this.closed.has(key)) return { applied: false, why: 'connection-closed' }
    if (this.credits.some((seen) => seen.connection.equals(credit.connection) && seen.sequence === credit.sequence)) return { applied: false, why: 'repeat' }
    if ((await this.totalOf(credit.connection)) + credit.amount > credit.totalMax) return { applied: false, why: 'over-total' }
    this.credits.push(credit)
    return { applied: true, total: await this.totalOf(credit.connection) }
  }

  async totalOf(connection: Buffer): Promise<bigint> {
    return this.credits.filter((seen) => seen.connection.equals(connection)).reduce((sum, { amount }) => sum + amount, 0n)
  }

  async close(connection: Buffer): Promise<void> {
    this.closed.add(connection.toString('hex'))
  }
}

const address = 'test.rivulet.receiver'
const accountId = newId('acct', 1)
const debitAccountId = newId('acct', 2)
const asset = { code: 'EUR', scale: 9 }
const secrets = { a: Buffer.alloc(32, 1), b: Buffer.alloc(32, 2) }

let clock: TestClock
let rows: Rows
let receiver: StreamReceiver
const other = (keys: { current: string; all: Record<string, Buffer> } = { current: 'a', all: { a: secrets.a } }) => new StreamReceiver({ address, keys, clock, receiving: rows })

beforeEach(() => {
  clock = new TestClock()
  rows = new Rows()
  receiver = other()
})

interface Wish {
  readonly amount?: bigint
  readonly least?: bigint
  readonly sequence?: number
  readonly frames?: readonly Frame[]
  readonly type?: number
  readonly condition?: Buffer
}

const money: Frame = { type: FrameType.streamMoney, streamId: 1, shares: 1n }

function prepareFor({ destination, sharedSecret }: Credentials, wish: Wish = {}): Prepare {
  const keys = new StreamKeys(sharedSecret)
  const data = keys.seal({ type: wish.type ?? PacketType.prepare, sequence: wish.sequence ?? 1, amount: wish.least ?? 0n, frames: wish.frames ?? [money] })
  return { amount: wish.amount ?? 100n, expiresAtMs: clock.nowMs() + 20_000, condition: wish.condition ?? conditionOf(keys.fulfillmentOf(data)), destination, data }
}

const issue = (spec: Partial<ConnectionSpec> = {}): Credentials => receiver.issue({ accountId, asset, ...spec })
const send = (prepare: Prepare, to = receiver): Promise<Reply> => to.handle(prepare, { debitAccountId, asset })
const inside = ({ sharedSecret }: Credentials, reply: Reply): StreamPacket => new StreamKeys(sharedSecret).open(reply.data)
const outcome = (reply: Reply): string => (isFulfill(reply) ? 'fulfilled' : reply.code)

test('a packet is credited to the account in the address and fulfilled, and the reply says what arrived and the total', async () => {
  const credentials = issue()
  await send(prepareFor(credentials, { amount: 40n }))
  const prepare = prepareFor(credentials, { amount: 60n, sequence: 2, least: 60n })
  const reply = await send(prepare)
  expect(isFulfill(reply) && conditionOf(reply.fulfillment).equals(prepare.condition)).toBe(true)
  expect(inside(credentials, reply)).toEqual({
    type: PacketType.fulfill,
    sequence: 2,
    amount: 60n,
    frames: [{ type: FrameType.streamMaxMoney, streamId: 1, receiveMax: 2n ** 62n, totalReceived: 100n }],
  })
  expect(rows.credits.map(({ amount, creditAccountId, debitAccountId: from }) => [amount, creditAccountId, from])).toEqual([
    [40n, accountId, debitAccountId],
    [60n, accountId, debitAccountId],
  ])
})

test('nothing is fulfilled before the credit is durable', async () => {
  const gate = Promise.withResolvers<CreditResult>()
  rows.credit = () => gate.promise
  let answered = false
  const reply = send(prepareFor(issue())).then((answer) => {
    answered = true
    return answer
  })
  await clock.advance(60_000)
  expect(answered).toBe(false)
  gate.resolve({ applied: true, total: 100n })
  expect(outcome(await reply)).toBe('fulfilled')
})

test('any process with the keys answers any packet, and a packet seen by one is a repeat for all', async () => {
  const prepare = prepareFor(issue())
  expect(outcome(await send(prepare))).toBe('fulfilled')
  expect(outcome(await send(prepare))).toBe('F99')
  expect(outcome(await send(prepare, other()))).toBe('F99')
  expect(rows.credits).toHaveLength(1)
})

test('keys rotate: what an older key issued is still paid, and is not once the key is gone', async () => {
  const credentials = issue()
  const rotated = other({ current: 'b', all: secrets })
  expect(outcome(await send(prepareFor(credentials), rotated))).toBe('fulfilled')
  expect(rotated.issue({ accountId, asset }).destination).toContain('.b~')
  expect(outcome(await send(prepareFor(credentials, { sequence: 2 }), other({ current: 'b', all: { b: secrets.b } })))).toBe('F06')
})

test('credentials are good for 24 h, or until they close, or for as long as they were told, but never beyond 31 days; they can be told again from their address', async () => {
  const hourMs = 3_600_000
  const plain = issue({})
  const short = issue({ closesAtMs: clock.nowMs() + 1_000 })
  const long = issue({ closesAtMs: clock.nowMs() + 720 * hourMs })
  const endless = issue({ closesAtMs: clock.nowMs() + 10_000 * hourMs })
  expect(receiver.credentialsOf(long.destination)).toEqual(long)
  expect(receiver.credentialsOf('test.receiver.z~AAAA')).toBeUndefined()
  await clock.advance(1_000)
  expect([outcome(await send(prepareFor(plain))), outcome(await send(prepareFor(short)))]).toEqual(['fulfilled', 'F06'])
  await clock.advance(24 * hourMs - 1_001)
  expect(outcome(await send(prepareFor(plain, { sequence: 2 })))).toBe('fulfilled')
  await clock.advance(1)
  expect([outcome(await send(prepareFor(plain, { sequence: 3 }))), outcome(await send(prepareFor(long)))]).toEqual(['F06', 'fulfilled'])
  await clock.advance(720 * hourMs - 24 * hourMs)
  expect([outcome(await send(prepareFor(long, { sequence: 2 }))), outcome(await send(prepareFor(endless)))]).toEqual(['F06', 'fulfilled'])
  await clock.advance(24 * hourMs)
  expect(outcome(await send(prepareFor(endless, { sequence: 2 })))).toBe('F06')
  const start = new TestClock().nowMs()
  expect(rows.credits.map(({ closesAtMs }) => (closesAtMs - start) / hourMs)).toEqual([24, 24, 720, 744])
})

describe('a packet that is not to be taken', () => {
  test('gets the same F06 whether the address, the key or the data is wrong', async () => {
    const credentials = issue()
    const prepare = prepareFor(credentials)
    const flipped = Buffer.from(prepare.data)
    flipped[40] = (flipped[40] ?? 0) ^ 1
    const replies = await Promise.all(
      [
        { ...prepare, destination: `${address}.a~AAAA` },
        { ...prepare, destination: `${address}.x` },
        { ...prepare, destination: prepare.destination.replace('.a~', '.b~') },
        { ...prepare, destination: `${prepare.destination}.more` },
        { ...prepare, destination: `${prepare.destination}A` },
        { ...prepare, data: flipped },
        { ...prepare, data: Buffer.alloc(0) },
        prepareFor({ ...credentials, sharedSecret: randomBytes(32) }),
        prepareFor(credentials, { type: PacketType.fulfill }),
      ].map((wrong) => send(wrong)),
    )
    expect(new Set(replies.map((reply) => JSON.stringify(reply)))).toEqual(new Set([JSON.stringify(replies[0])]))
    expect(replies.map(outcome)).toEqual(Array(9).fill('F06'))
    expect(rows.credits).toEqual([])
  })

  test.each([address, 'test.rivulet', `${address}x.a`, 'test.rivulet.receiverr.a~A'])('gets F02 at %s', async (destination) => {
    expect(outcome(await send({ ...prepareFor(issue()), destination }))).toBe('F02')
  })

  test('is refused with what arrived when it is below the least, above its condition, or has no sequence', async () => {
    const credentials = issue()
    for (const wish of [{ least: 101n }, { condition: randomBytes(32) }, { sequence: 0 }]) {
      const reply = await send(prepareFor(credentials, { ...wish, frames: [] }))
      expect(outcome(reply)).toBe('F99')
      expect(inside(credentials, reply)).toEqual({ type: PacketType.reject, sequence: wish.sequence ?? 1, amount: 100n, frames: [] })
    }
    expect(rows.credits).toEqual([])
  })

  test('gets F08 with the maximum when it is too large', async () => {
    const reply = await send(prepareFor(issue(), { amount: 10n ** 12n + 1n }))
    expect(outcome(reply)).toBe('F08')
    expect(decodeAmountTooLarge(reply.data)).toEqual({ receivedAmount: 10n ** 12n + 1n, maximumAmount: 10n ** 12n })
  })

  test.each([{ code: 'USD', scale: 9 }, { code: 'EUR', scale: 2 }])('gets F07 from a link that counts in another asset: %j', async (other) => {
    expect(outcome(await receiver.handle(prepareFor(issue()), { debitAccountId, asset: other }))).toBe('F07')
    expect(rows.credits).toEqual([])
  })

  test.each([
    ['too-late', 'R02'],
    ['commit-failed', 'T00'],
    ['overloaded', 'T03'],
    ['repeat', 'F99'],
    ['over-total', 'F99'],
    ['connection-closed', 'F99'],
  ] as const)('because the ledger says %s gets %s', async (why, code) => {
    rows.says = why
    expect(outcome(await send(prepareFor(issue())))).toBe(code)
  })

  test('changes nothing and throws nothing, whatever its bytes', async () => {
    const credentials = issue()
    const keys = new StreamKeys(credentials.sharedSecret)
    const authentic = prepareFor(credentials).data
    const addressTail = fc.stringMatching(/^[A-Za-z0-9_~.-]{0,300}$/)
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), addressTail, fc.boolean(), fc.nat(authentic.length - 1), async (bytes, tail, ours, cut) => {
        const destination = ours ? credentials.destination : `${address}.${tail}`
        const data = ours && bytes.length % 2 === 0 ? authentic.subarray(0, cut) : Buffer.from(bytes)
        const reply = await send({ amount: 5n, expiresAtMs: clock.nowMs() + 20_000, condition: conditionOf(keys.fulfillmentOf(data)), destination, data })
        expect(outcome(reply)).toBe('F06')
      }),
      { numRuns: 500 },
    )
    expect(rows.credits).toEqual([])
  })
})

describe('what the reply carries', () => {
  test('a sender that introduces itself learns the asset, also from a probe', async () => {
    const credentials = issue()
    const frames: Frame[] = [{ type: FrameType.connectionNewAddress, sourceAccount: 'test.sender' }]
    for (const wish of [{ amount: 0n, condition: randomBytes(32) }, { amount: 0n, sequence: 2 }, { amount: 7n, sequence: 3 }]) {
      expect(inside(credentials, await send(prepareFor(credentials, { ...wish, frames }))).frames).toContainEqual({ type: FrameType.connectionAssetDetails, assetCode: 'EUR', assetScale: 9 })
    }
  })

  test('receipts are the connection total, signed with the secret of who asked for them, and not on packets without money', async () => {
    const receipt = { nonce: randomBytes(16), secret: randomBytes(32) }
    const credentials = issue({ receipt })
    const first = await send(prepareFor(credentials, { amount: 10n }))
    const second = await send(prepareFor(credentials, { amount: 5n, sequence: 2 }), other())
    const receipts = [first, second].map((reply) => inside(credentials, reply).frames.flatMap((frame) => (frame.type === FrameType.streamReceipt ? [frame.receipt] : []))[0] ?? Buffer.alloc(0))
    expect(receipts.map((encoded) => decodeReceipt(encoded))).toEqual([10n, 15n].map((totalReceived) => ({ nonce: receipt.nonce, streamId: 1, totalReceived })))
    expect(receipts.every((encoded) => verifyReceipt(encoded, receipt.secret))).toBe(true)
    expect(inside(credentials, await send(prepareFor(credentials, { amount: 0n, sequence: 3 }))).frames).toEqual([])
  })

  test('a connection with a cap refuses what goes beyond it, says what it took, and takes the rest', async () => {
    const credentials = issue({ totalMax: 150n })
    await send(prepareFor(credentials))
    const over = await send(prepareFor(credentials, { sequence: 2 }))
    expect(outcome(over)).toBe('F99')
    expect(inside(credentials, over).frames).toEqual([{ type: FrameType.streamMaxMoney, streamId: 1, receiveMax: 150n, totalReceived: 100n }])
    expect(outcome(await send(prepareFor(credentials, { sequence: 3, amount: 50n })))).toBe('fulfilled')
  })

  test('a repeat is refused with the total, so that the sender learns that its money arrived', async () => {
    const credentials = issue()
    const prepare = prepareFor(credentials)
    await send(prepare)
    expect(inside(credentials, await send(prepare)).frames).toEqual([expect.objectContaining({ type: FrameType.streamMaxMoney, streamId: 1, totalReceived: 100n })])
    expect(rows.credits).toHaveLength(1)
  })

  test('a sender that is blocked, or is not sure any more, learns the total from a packet without money', async () => {
    const credentials = issue({ totalMax: 150n })
    await send(prepareFor(credentials))
    const asked = await send(prepareFor(credentials, { amount: 0n, sequence: 9, frames: [{ type: FrameType.streamMoneyBlocked, streamId: 1, sendMax: 0n, totalSent: 0n }] }), other())
    expect(outcome(asked)).toBe('fulfilled')
    expect(inside(credentials, asked).frames).toEqual([{ type: FrameType.streamMaxMoney, streamId: 1, receiveMax: 150n, totalReceived: 100n }])
    expect(rows.credits).toHaveLength(1)
  })

  test('a sender that closes is credited first; later packets are told that the connection is closed', async () => {
    const credentials = issue()
    const close: Frame = { type: FrameType.connectionClose, errorCode: 1, errorMessage: '' }
    expect(outcome(await send(prepareFor(credentials, { frames: [money, close] })))).toBe('fulfilled')
    const late = await send(prepareFor(credentials, { sequence: 2 }))
    expect([outcome(late), inside(credentials, late).frames[0]?.type]).toEqual(['F99', FrameType.connectionClose])
    expect(rows.credits).toHaveLength(1)
  })
})

test('credentials with wrong receipt lengths or amounts are refused', () => {
  expect(() => issue({ receipt: { nonce: randomBytes(15), secret: randomBytes(32) } })).toThrow(expect.objectContaining({ code: 'packet-malformed' }))
  expect(() => issue({ totalMax: -1n })).toThrow(expect.objectContaining({ code: 'amount-negative' }))
})

describe('a packet that comes by a link of another asset', () => {
  const usd = { code: 'USD', scale: 6 }
  const exchangeAccount = newId('acct', 3)
  const source = (exchange?: Parameters<StreamReceiver['handle']>[1]['exchange']) => ({ debitAccountId, asset: usd, exchange })
  const thirds = () => Promise.resolve({ accountId: exchangeAccount, rate: { numerator: 2n, denominator: 3n } })

  test('is credited through the exchange, rounded down, and its reply counts in units of the account', async () => {
    const connection = issue()
    const reply = await receiver.handle(prepareFor(connection, { amount: 100n, least: 66n }), source(thirds))
    expect(outcome(reply)).toBe('fulfilled')
    expect(inside(connection, reply).amount).toBe(66n)
    expect(rows.credits).toMatchObject([{ amount: 66n, linkAmount: 100n, debitAccountId: exchangeAccount, creditAccountId: accountId }])
  })

  test('is refused when less arrives than the sender wants, and the refusal says how much would', async () => {
    const connection = issue()
    const reply = await receiver.handle(prepareFor(connection, { amount: 100n, least: 67n }), source(thirds))
    expect(outcome(reply)).toBe('F99')
    expect(inside(connection, reply).amount).toBe(66n)
    expect(rows.credits).toEqual([])
  })

  test('brings a connection with a cap its last units, although no number of the link’s makes them exactly; what is more than that is refused', async () => {
    const coarse = source(() => Promise.resolve({ accountId: exchangeAccount, rate: { numerator: 100n, denominator: 1n } }))
    const connection = issue({ totalMax: 250n })
    expect(outcome(await receiver.handle(prepareFor(connection, { amount: 4n }), coarse))).toBe('F99')
    const reply = await receiver.handle(prepareFor(connection, { amount: 3n, least: 250n, sequence: 2 }), coarse)
    expect([outcome(reply), inside(connection, reply).amount]).toEqual(['fulfilled', 250n])
    expect(rows.credits).toMatchObject([{ amount: 250n, linkAmount: 3n }])
    expect(outcome(await receiver.handle(prepareFor(connection, { amount: 1n, sequence: 3 }), coarse))).toBe('F99')
    expect(outcome(await receiver.handle(prepareFor(issue({ totalMax: 250n }), { amount: 3n, least: 251n }), coarse))).toBe('F99')
    expect(rows.credits).toHaveLength(1)
  })

  test('is refused when nothing would be left of it, or no rate is known', async () => {
    expect(outcome(await receiver.handle(prepareFor(issue(), { amount: 1n }), source(thirds)))).toBe('F99')
    expect(outcome(await receiver.handle(prepareFor(issue()), source(() => Promise.resolve(undefined))))).toBe('F07')
    expect(outcome(await receiver.handle(prepareFor(issue()), source()))).toBe('F07')
    expect(rows.credits).toEqual([])
  })
})
