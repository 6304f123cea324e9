/**
 * Every parser that reads what others sent, with inputs made for it and with what must hold of each: it ends in a value or in a `Fault` of its own, never in another error,
 * and what it accepted it can write and read again.
 */
import { createCipheriv, createHash, createHmac, generateKeyPairSync } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import { ContentType, decodeFrame, encodeFrame, type Frame as BtpFrame, FrameType as BtpFrameType, ilpPacketOf } from '@rivulet/btp'
import { isFault } from '@rivulet/faults'
import { newId } from '@rivulet/ids'
import {
  decodeAmountTooLarge, decodePrepare, decodeReply, encodeAmountTooLarge, encodePrepare, encodeReply, ErrorCode, ildcpFulfill, isAddress, isFulfill, OctetWriter, PacketType, type Prepare, readIldcpFulfill, reject, type Reply,
} from '@rivulet/ilp'
import type { Credit, CreditResult, ReceivingStreams } from '@rivulet/ledger'
import { formatAmount, parseAmount, parseUnits } from '@rivulet/money'
import { Resolver } from '@rivulet/resolver'
import { conditionOf, decodeReceipt, encodeReceipt, type Frame, FrameType, StreamKeys, type StreamPacket, verifyReceipt } from '@rivulet/stream'
import { StreamReceiver } from '@rivulet/stream-receiver'
import { StreamSender } from '@rivulet/stream-sender'
import { TestClock } from '@rivulet/time/testing'
import { isMonetizationRel, isMonetizationType, monetizationEventData, type Paid, parsePointer } from '@rivulet/web-monetization'
import fc from 'fast-check'
import { mutatedBytes, mutatedJson, mutatedText, octets } from './mutations.ts'

/** Throws on an input that the parser must not treat as it does. */
export interface Parser {
  readonly property: fc.IAsyncProperty<[unknown]>
}

export function parser<Input>(inputs: fc.Arbitrary<Input>, check: (input: Input) => void | Promise<void>): Parser {
  return { property: fc.asyncProperty(inputs, async (input) => check(input)) as fc.IAsyncProperty<[unknown]> }
}

/** What it makes of the input; undefined when it refuses it as it may. */
function accepted<Value>(parse: () => Value): Value | undefined {
  try {
    return parse()
  } catch (error) {
    mayRefuse(error)
    return undefined
  }
}

function mayRefuse(error: unknown): void {
  if (!isFault(error) || error.code === 'assertion') throw error
}

function hold(condition: boolean, what: string): asserts condition {
  if (!condition) throw new Error(what)
}

/** A decoder and its encoder: what was read is written, and then read, the same. */
function codec<Value>(inputs: fc.Arbitrary<Buffer>, decode: (bytes: Buffer) => Value, encode: (value: Value) => Buffer): Parser {
  return parser(mutatedBytes(inputs), (bytes) => {
    const value = accepted(() => decode(bytes))
    if (value === undefined) return
    const again = decode(encode(value))
    hold(isDeepStrictEqual(again, value), `read ${shown(value)}, written and read again ${shown(again)}`)
  })
}

const shownCharactersMax = 2_000

export function shown(value: unknown): string {
  const whole = JSON.stringify(value, (_key, field: unknown) => {
    if (typeof field === 'bigint') return `${field}n`
    if (typeof field === 'object' && field !== null && 'type' in field && field.type === 'Buffer' && 'data' in field) return `hex:${Buffer.from(field.data as number[]).toString('hex')}`
    return field
  }) ?? 'undefined'
  return whole.length <= shownCharactersMax ? whole : `${whole.slice(0, shownCharactersMax)} ... (${whole.length} characters)`
}

const uint64 = fc.oneof(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), fc.constantFrom(0n, 1n, 127n, 128n, 2n ** 62n, 2n ** 63n, 2n ** 64n - 1n))
const safe = fc.oneof(fc.maxSafeNat(), fc.constantFrom(0, 1, 127, 128, 255, 256))
const text = fc.string({ unit: 'grapheme', maxLength: 40 })
const address = fc.array(fc.stringMatching(/^[A-Za-z0-9_~-]{1,20}$/), { minLength: 1, maxLength: 5 }).map((segments) => ['test', ...segments].join('.'))
const asset = { code: 'EUR', scale: 9 }

const prepares: fc.Arbitrary<Prepare> = fc.record({ amount: uint64, expiresAtMs: fc.integer({ min: 0, max: Date.UTC(9999, 11, 31) }), condition: octets(32, 32), destination: address, data: octets(0, 200) })
const replies: fc.Arbitrary<Reply> = fc.oneof(
  fc.record({ type: fc.constant(PacketType.fulfill), fulfillment: octets(32, 32), data: octets(0, 200) }),
  fc.record({
    type: fc.constant(PacketType.reject), code: fc.constantFrom(...Object.values(ErrorCode)), triggeredBy: fc.oneof(address, fc.constant('')),
    message: fc.oneof({ weight: 9, arbitrary: text }, { weight: 1, arbitrary: fc.constantFrom('m'.repeat(2_800), 'm'.repeat(8_191)) }), data: octets(0, 200),
  }),
)

const protocols = fc.array(fc.record({ name: fc.stringMatching(/^[a-z_]{1,20}$/), contentType: fc.constantFrom(...Object.values(ContentType)), data: octets(0, 100) }), { maxLength: 4 })
const requestId = fc.integer({ min: 0, max: 2 ** 32 - 1 })
const btpFrames: fc.Arbitrary<BtpFrame> = fc.oneof(
  fc.record({ type: fc.constantFrom(BtpFrameType.message, BtpFrameType.response), requestId, protocols }),
  fc.record({ type: fc.constant(BtpFrameType.transfer), requestId, amount: uint64, protocols }),
  fc.record({ type: fc.constant(BtpFrameType.error), requestId, code: fc.constantFrom('F00', 'T00'), name: fc.constantFrom('NotAcceptedError', 'UnreachableError'), triggeredAtMs: fc.integer({ min: 0, max: Date.UTC(9999, 11, 31) }), message: text, protocols }),
  prepares.map((prepare) => ({ type: BtpFrameType.message, requestId: 7, protocols: [{ name: 'ilp', contentType: ContentType.octets, data: encodePrepare(prepare) }] })),
)

const streamFrames: fc.Arbitrary<Frame> = fc.oneof(
  fc.record({ type: fc.constant(FrameType.connectionClose), errorCode: fc.nat(255), errorMessage: text }),
  fc.record({ type: fc.constant(FrameType.connectionNewAddress), sourceAccount: fc.oneof(address, text) }),
  fc.record({ type: fc.constantFrom(FrameType.connectionMaxData, FrameType.connectionDataBlocked), maxOffset: uint64 }),
  fc.record({ type: fc.constantFrom(FrameType.connectionMaxStreamId, FrameType.connectionStreamIdBlocked), maxStreamId: uint64 }),
  fc.record({ type: fc.constant(FrameType.connectionAssetDetails), assetCode: text, assetScale: fc.nat(255) }),
  fc.record({ type: fc.constant(FrameType.streamClose), streamId: safe, errorCode: fc.nat(255), errorMessage: text }),
  fc.record({ type: fc.constant(FrameType.streamMoney), streamId: safe, shares: uint64 }),
  fc.record({ type: fc.constant(FrameType.streamMaxMoney), streamId: safe, receiveMax: uint64, totalReceived: uint64 }),
  fc.record({ type: fc.constant(FrameType.streamMoneyBlocked), streamId: safe, sendMax: uint64, totalSent: uint64 }),
  fc.record({ type: fc.constant(FrameType.streamData), streamId: safe, offset: uint64, data: octets(0, 60) }),
  fc.record({ type: fc.constantFrom(FrameType.streamMaxData, FrameType.streamDataBlocked), streamId: safe, maxOffset: uint64 }),
  fc.record({ type: fc.constant(FrameType.streamReceipt), streamId: safe, receipt: octets(0, 60) }),
)
const streamPackets: fc.Arbitrary<StreamPacket> = fc.record({ type: fc.constantFrom(...Object.values(PacketType)), sequence: safe, amount: uint64, frames: fc.array(streamFrames, { maxLength: 6 }) })

const secret = Buffer.alloc(32, 5)
const keys = new StreamKeys(secret)
const encryption = createHmac('sha256', secret).update('ilp_stream_encryption').digest()

/** Encrypts whatever bytes, as only a peer that holds the secret can: RFC 29 section 5.1. */
function sealBytes(plain: Buffer, key = encryption): Buffer {
  const iv = createHash('sha256').update(plain).digest().subarray(0, 12)
  const cipher = createCipheriv('aes-256-gcm', key, iv)
  const body = Buffer.concat([cipher.update(plain), cipher.final()])
  return Buffer.concat([iv, cipher.getAuthTag(), body])
}

/** The plain bytes of packets, mutated: a peer that lies inside the encryption. */
const mutatedPlain = (packets: fc.Arbitrary<StreamPacket>): fc.Arbitrary<Buffer> => mutatedBytes(packets.map((packet) => keys.decrypt(keys.seal(packet))))

const receipts = fc.record({ nonce: octets(16, 16), streamId: fc.nat(255), totalReceived: uint64 }).map((receipt) => encodeReceipt(receipt, secret))

const host = fc.constantFrom('example.com', 'pay.example.com', 'xn--bcher-kva.example', 'bücher.example', 'EXAMPLE.com', 'example.com.', '127.0.0.1', 'localhost', '[::1]', '0x7f000001', '2130706433', '10.0.0.1', 'a.localhost')
const pointers = fc.tuple(fc.constantFrom('$', 'https://', 'http://', 'HTTPS://'), host, fc.constantFrom('', '/', '/alice', '/~bob/', '/a/../b', '/%2e%2e/x', '/.well-known/pay', ':443/a', ':4001/mara', '/é', '//a')).map((parts) => parts.join(''))

const spspAnswers = fc.record({
  destination_account: address, shared_secret: fc.oneof(octets(32, 32).map((bytes) => bytes.toString('base64url')), octets(32, 32).map((bytes) => bytes.toString('base64'))),
  receipts_enabled: fc.boolean(), asset: fc.record({ code: fc.constantFrom('EUR', 'USD'), scale: fc.nat(18) }),
})

const paidMessages = fc.record({
  requestId: fc.uuid(), amount: fc.bigInt({ min: 0n, max: 2n ** 62n }).map(String), assetCode: fc.constantFrom('EUR', 'JPY'), assetScale: fc.nat(18),
  received: fc.record({ amount: fc.constant('1'), assetCode: fc.constant('EUR'), assetScale: fc.nat(18) }), receipt: fc.constantFrom(null, 'AQ=='), incomingPayment: fc.constant(null),
})

/** Receiving rows that take everything once. */
class Rows implements Pick<ReceivingStreams, 'credit' | 'totalOf' | 'close'> {
  readonly credits: Credit[] = []

  credit(credit: Credit): Promise<CreditResult> {
    if (this.credits.some(({ connection, sequence }) => connection.equals(credit.connection) && sequence === credit.sequence)) return Promise.resolve({ applied: false, why: 'repeat' })
    this.credits.push(credit)
    return Promise.resolve({ applied: true, total: credit.amount })
  }

  totalOf(): Promise<bigint> {
    return Promise.resolve(this.credits.reduce((sum, { amount }) => sum + amount, 0n))
  }

  close(): Promise<void> {
    return Promise.resolve()
  }
}

/** A packet to an address that the receiver issued, or nearly, with plain bytes that a sender of its own making encrypted. */
function receiverParser(): Parser {
  const clock = new TestClock()
  const rows = new Rows()
  const receiver = new StreamReceiver({ address: 'test.receiver', keys: { current: 'a', all: { a: Buffer.alloc(32, 9) } }, clock, receiving: rows })
  const { destination, sharedSecret } = receiver.issue({ accountId: newId('acct', 1), asset })
  const [issuedKeys, issuedEncryption] = [new StreamKeys(sharedSecret), createHmac('sha256', sharedSecret).update('ilp_stream_encryption').digest()]
  const source = { debitAccountId: newId('acct', 2), asset }
  const destinations = fc.oneof({ weight: 6, arbitrary: fc.constant(destination) }, { weight: 1, arbitrary: mutatedText(fc.constant(destination)) })
  return parser(fc.tuple(mutatedPlain(streamPackets), destinations, uint64, fc.boolean()), async ([plain, to, amount, conditionIsRight]) => {
    const data = sealBytes(plain, issuedEncryption)
    const condition = conditionIsRight ? conditionOf(issuedKeys.fulfillmentOf(data)) : Buffer.alloc(32)
    const before = rows.credits.length
    const reply = await receiver.handle({ amount, expiresAtMs: clock.nowMs() + 20_000, condition, destination: to, data }, source)
    encodeReply(reply)
    const credited = rows.credits.splice(before).reduce((sum, credit) => sum + credit.amount, 0n)
    if (!isFulfill(reply)) hold(credited === 0n, `credited ${credited} and rejected with ${reply.code}`)
    else hold(to === destination && conditionIsRight && (credited === amount || amount === 0n) && conditionOf(reply.fulfillment).equals(condition), `fulfilled ${amount}, credited ${credited}`)
  })
}

const sentUnits = 100_000n

/** What a receiver answers to a packet of money: the sender neither throws nor counts as paid what has no preimage. */
function senderParser(): Parser {
  const answers = fc.record({ plain: mutatedPlain(streamPackets), fulfils: fc.boolean(), preimageIsRight: fc.boolean(), code: fc.constantFrom(...Object.values(ErrorCode)), said: mutatedText(text), bare: fc.boolean() })
  return parser(answers, async ({ plain, fulfils, preimageIsRight, code, said, bare }) => {
    const clock = new TestClock()
    const sender = new StreamSender({ clock, random: () => 0.5 })
    const data = bare ? plain : sealBytes(plain)
    let [sent, owed] = [0n, 0n]
    const link = {
      send: async (prepare: Prepare): Promise<Reply> => {
        await clock.sleep(5)
        sent += prepare.amount
        if (!fulfils) return reject(code, 'test.receiver', said.slice(0, 2_000), data)
        if (preimageIsRight) owed += prepare.amount
        return { type: PacketType.fulfill, fulfillment: preimageIsRight ? keys.fulfillmentOf(prepare.data) : Buffer.alloc(32), data }
      },
    }
    const quiet = { fulfilled: () => undefined, rejected: () => undefined, leaseLow: () => undefined, failed: () => undefined }
    const stream = sender.open({
      id: newId('strm', 1), link, destination: 'test.receiver.x', sharedSecret: secret, sourceAddress: 'test.wallet.x', sourceAsset: asset, exchangeRate: { numerator: 1n, denominator: 1n }, slippage: { numerator: 0n, denominator: 1n },
      rate: sentUnits, lease: { held: 10n ** 9n, sequenceCeiling: 1_000, sendUntilMs: clock.nowMs() + 60_000 }, sequenceFirst: 1, listener: quiet,
    })
    await clock.advance(2_500)
    hold(stream.paid === owed, `paid ${stream.paid} of ${sent} when preimages came for ${owed}`)
    hold(stream.paid + stream.inFlight + stream.inDoubt <= sent, `counts more than the ${sent} that were sent`)
    void stream.close()
    await clock.advance(30_000)
    await sender[Symbol.asyncDispose]()
  })
}

/** What a peer's BTP frame carries, as the link takes it apart. */
function linkParser(): Parser {
  return parser(mutatedBytes(btpFrames.map(encodeFrame)), (bytes) => {
    const frame = accepted(() => decodeFrame(bytes))
    const packet = frame && ilpPacketOf(frame)
    if (packet === undefined) return
    accepted(() => decodePrepare(packet))
    accepted(() => decodeReply(packet))
  })
}

function resolverParser(): Parser {
  const asker = { walletAddress: 'https://wallet.example/instance', keyId: 'key', privateKey: generateKeyPairSync('ed25519').privateKey }
  return parser(fc.tuple(mutatedJson(spspAnswers), fc.constantFrom(200, 200, 200, 404, 302, 500), fc.constantFrom('application/spsp4+json', 'application/json', 'text/html', '')), async ([body, status, type]) => {
    const resolver = new Resolver({ allowLocal: false, clock: new TestClock(), asker, fetch: (url) => Promise.resolve({ status, headers: { 'content-type': type }, body: Buffer.from(body), url: String(url) }) })
    let payee
    try {
      payee = await resolver.resolve('$example.com/alice')
    } catch (error) {
      mayRefuse(error)
      return
    }
    hold(isAddress(payee.destination) && payee.sharedSecret.length === 32 && payee.paymentPointer === 'https://example.com/alice', `took ${body}`)
    hold(payee.asset === undefined || (payee.asset.scale >= 0 && payee.asset.scale <= 18 && payee.asset.code !== ''), `took the asset ${shown(payee.asset)}`)
  })
}

export const parsers = {
  'ilp-prepare': codec(prepares.map(encodePrepare), decodePrepare, encodePrepare),
  'ilp-reply': codec(replies.map(encodeReply), decodeReply, encodeReply),
  'ilp-amount-too-large': codec(fc.record({ receivedAmount: uint64, maximumAmount: uint64 }).map(encodeAmountTooLarge), (bytes) => decodeAmountTooLarge(bytes) ?? { receivedAmount: 0n, maximumAmount: 0n }, encodeAmountTooLarge),
  ildcp: codec(
    fc.record({ clientAddress: address, assetScale: fc.nat(255), assetCode: text }).map((response) => ildcpFulfill(response).data),
    (data) => readIldcpFulfill({ type: PacketType.fulfill, fulfillment: Buffer.alloc(32), data }), (response) => ildcpFulfill(response).data,
  ),
  'btp-frame': codec(btpFrames.map(encodeFrame), decodeFrame, encodeFrame),
  'btp-packet': linkParser(),
  'stream-packet': parser(mutatedPlain(streamPackets), (plain) => {
    const packet = accepted(() => keys.open(sealBytes(plain)))
    if (packet === undefined) return
    const again = keys.open(keys.seal(packet))
    hold(isDeepStrictEqual(again, packet), `read ${shown(packet)}, written and read again ${shown(again)}`)
  }),
  'stream-data': parser(mutatedBytes(streamPackets.map((packet) => keys.seal(packet))), (data) => {
    accepted(() => keys.open(data))
    accepted(() => keys.fulfillmentOf(data))
  }),
  'stream-receipt': parser(mutatedBytes(receipts), (encoded) => {
    const receipt = accepted(() => decodeReceipt(encoded))
    if (receipt === undefined) return
    // A receipt that is true is exactly what the secret signs.
    hold(verifyReceipt(encoded, secret) === encodeReceipt(receipt, secret).equals(encoded), `verified ${shown(receipt)}`)
  }),
  'stream-receiver': receiverParser(),
  'stream-sender': senderParser(),
  octets: parser(mutatedBytes(fc.tuple(uint64, text).map(([number, said]) => new OctetWriter(Buffer.alloc(400)).varUint(number).varUtf8(said).copy())), (bytes) => {
    accepted(() => decodeReply(Buffer.concat([Buffer.from([PacketType.fulfill]), bytes])))
  }),
  spsp: resolverParser(),
  pointer: parser(fc.tuple(mutatedText(pointers), fc.boolean()), ([written, allowLocal]) => {
    const url = accepted(() => parsePointer(written, { allowLocal }))
    if (url === undefined) return
    hold(url.username === '' && url.password === '' && url.search === '' && url.hash === '', `took ${url.href}`)
    hold(allowLocal || (url.protocol === 'https:' && url.port === '' && !/^(127\.|localhost|\[::1\])/.test(url.hostname)), `took ${url.href} outside of a sandbox`)
    hold(parsePointer(url.href, { allowLocal }).href === url.href, `${url.href} is another pointer when it is read again`)
  }),
  link: parser(fc.tuple(mutatedText(fc.constantFrom('monetization', 'icon monetization', 'MONETIZATION')), mutatedText(fc.constantFrom('application/json', 'application/json; charset=utf-8', ''))), ([rel, type]) => {
    hold(typeof isMonetizationRel(rel) === 'boolean' && typeof isMonetizationType(type) === 'boolean', 'neither yes nor no')
  }),
  'event-data': parser(mutatedText(fc.bigInt({ min: 0n, max: 2n ** 63n }).map(String)).chain((amount) => paidMessages.map((paid): Paid => ({ ...paid, amount }))), (paid) => {
    const data = accepted(() => monetizationEventData(paid, 'https://example.com/alice'))
    if (data !== undefined) hold(parseAmount(data.amountSent.value, { code: paid.assetCode, scale: paid.assetScale }) === BigInt(paid.amount), `shows ${data.amountSent.value} for ${paid.amount}`)
  }),
  amount: parser(fc.tuple(mutatedText(fc.oneof(fc.bigInt({ min: 0n, max: 2n ** 63n }).map(String), fc.constantFrom('0', '0.5', '5.25', '1e3', '01', '.5', '5.', '+1', '１'))), fc.nat(18)), ([written, scale]) => {
    const units = accepted(() => parseUnits(written))
    if (units !== undefined) hold(units.toString() === written, `took ${written} for ${units}`)
    const amount = accepted(() => parseAmount(written, { code: 'EUR', scale }))
    if (amount !== undefined) hold(parseAmount(formatAmount(amount, { code: 'EUR', scale }), { code: 'EUR', scale }) === amount, `took ${written} for ${amount}`)
  }),
} satisfies Readonly<Record<string, Parser>>

