/**
 * Every parser that reads what others sent, with inputs made for it and with what must hold of each: it ends in a value or in a `Fault` of its own, never in another error,
 * and what it accepted it can write and read again.
 */
import { createCipheriv, createHash, createHmac, generateKeyPairSync } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import { ContentType, decodeFrame, encodeFrame, type Frame as BtpFrame, FrameType as BtpFrameType, ilpPacketOf } from '@rivulet/btp'
import { isFault } from '@rivulet/faults'
import { accessListSchema, intervalAt, intervalEndMs } from '@rivulet/gnap'
import { keyIdOf, type SignedRequest, signRequest, verifyRequest } from '@rivulet/http-signature'
import { newId } from '@rivulet/ids'
import {
  decodeAmountTooLarge, decodePrepare, decodeReply, encodeAmountTooLarge, encodePrepare, encodeReply, ErrorCode, ildcpFulfill, isAddress, isFulfill, OctetWriter, PacketType, type Prepare, readIldcpFulfill, reject, type Reply,
} from '@rivulet/ilp'
import type { Credit, CreditResult, ReceivingStreams } from '@rivulet/ledger'
import { formatAmount, parseAmount, parseUnits } from '@rivulet/money'
import { provePayment, receiptNonceOf, signWebhook, takeReceipt, verifyWebhook, webhookSignatureHeader } from '@rivulet/payment-proof'
import { IncomingPaymentReader, Resolver } from '@rivulet/resolver'
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

const signer = generateKeyPairSync('ed25519')
const signedAtMs = Date.UTC(2026, 10, 22)
const aBody = '{"walletAddress":"https://wallet.example/alice"}'
const signedHeaders = { authorization: 'GNAP token', 'content-type': 'application/json' }

/** What a signature covers of a header (RFC 9421, section 2.1): without space around it, and a line that was folded is one line. */
function fieldValue(header: string): string {
  return header.trim().replaceAll(/\n\s*/g, ' ')
}

/** A signed request of which a header, the body or the target was changed on the way: what passes was signed as it stands. */
function signatureParser(): Parser {
  const url = 'https://wallet.example/outgoing-payments?first=1'
  const original: SignedRequest = { method: 'POST', url, headers: signedHeaders, body: Buffer.from(aBody) }
  const headers: Readonly<Record<string, string>> = { ...signedHeaders, ...signRequest(original, { keyId: 'key', privateKey: signer.privateKey }, signedAtMs) }
  const changes = fc.oneof(
    fc.constantFrom('signature', 'signature-input', 'content-digest', 'content-length', 'content-type', 'authorization').chain((name) =>
      fc.oneof({ weight: 9, arbitrary: mutatedText(fc.constant(headers[name] ?? '')).map((value): SignedRequest => ({ ...original, headers: { ...headers, [name]: value } })) }, { weight: 1, arbitrary: fc.constant<SignedRequest>({ ...original, headers: { ...headers, [name]: undefined } }) })),
    mutatedBytes(fc.constant(Buffer.from(aBody))).map((body): SignedRequest => ({ ...original, headers, body })),
    mutatedText(fc.constant(url)).map((changed): SignedRequest => ({ ...original, headers, url: changed })),
  )
  return parser(changes, (request) => {
    accepted(() => keyIdOf(request))
    const passed = accepted(() => {
      verifyRequest(request, signer.publicKey, signedAtMs)
      return true
    })
    if (passed !== true) return
    const { authorization } = request.headers
    hold(request.url === url && typeof authorization === 'string' && fieldValue(authorization) === signedHeaders.authorization && request.body?.toString() === aBody, `passed ${shown(request)}`)
  })
}

const webhook = { body: '{"id":"evnt_1","type":"incoming_payment.received"}', secret: 'a secret' }

function proofParser(): Parser {
  const nonce = Buffer.alloc(16, 3)
  const receipt = encodeReceipt({ nonce, streamId: 1, totalReceived: 700n }, secret).toString('base64')
  const header = signWebhook(webhook.body, webhook.secret, signedAtMs)
  const [incomingPayment, walletAddress] = ['https://pay.example/incoming-payments/inpm_1', 'https://pay.example/mara']
  const answers = fc.record({ authServer: fc.constant('https://pay.example/auth'), walletAddress: fc.constant(walletAddress), receivedAmount: fc.record({ value: uint64.map(String), assetCode: fc.constant('EUR'), assetScale: fc.nat(18) }) })
  return parser(fc.tuple(mutatedText(fc.constant(receipt)), mutatedText(fc.constant(header)), mutatedText(fc.constant(webhook.body)), mutatedText(fc.constant(incomingPayment)), mutatedJson(answers)), async ([aReceipt, aHeader, body, url, answer]) => {
    accepted(() => receiptNonceOf(aReceipt))
    const taken = accepted(() => takeReceipt(aReceipt, { nonce, secret }, 0n))
    if (taken !== undefined) hold(taken.totalReceived === 700n && taken.streamId === 1, `took ${aReceipt} for ${shown(taken)}`)
    const verified = accepted(() => {
      verifyWebhook(body, aHeader, { secret: webhook.secret, nowMs: signedAtMs })
      return true
    })
    if (verified === true) hold(Buffer.from(body).equals(Buffer.from(webhook.body)), `${webhookSignatureHeader} passed for ${body}`)
    try {
      const proven = await provePayment({ incomingPayment: url, walletAddress, seen: 0n }, () => Promise.resolve(new Response(answer)))
      hold(new URL(proven.incomingPayment).origin === 'https://pay.example' && proven.receivedAmount >= 0n, `proved ${shown(proven)}`)
    } catch (error) {
      mayRefuse(error)
    }
  })
}

const amounts = fc.record({ value: fc.oneof(uint64.map(String), fc.constantFrom('0', '01', '-1', '1e3', '0x1')), assetCode: fc.constantFrom('EUR', 'USD'), assetScale: fc.nat(18) })
const intervals = fc.constantFrom('R/2026-01-31T10:00:00Z/P1M', 'R12/2026-01-31T10:00:00.5Z/P1Y2M3DT4H5M6S', 'R/P1M/2027-01-31T10:00:00Z', 'R0/2026-02-28T00:00:00Z/2026-03-31T00:00:00Z', 'R-1/2026-01-31T10:00:00Z/PT1S', 'R/2026-01-31T10:00:00Z/P0D')
const accesses = fc.array(fc.oneof(
  fc.record({ type: fc.constant('quote'), actions: fc.constant(['create', 'read']) }),
  fc.record({ type: fc.constant('incoming-payment'), actions: fc.constant(['create', 'read-all']), identifier: fc.constant('https://wallet.example/alice') }),
  fc.record({ type: fc.constant('outgoing-payment'), actions: fc.constant(['create']), identifier: fc.constant('https://wallet.example/alice'), limits: fc.record({ debitAmount: amounts, interval: intervals }) }),
), { minLength: 1, maxLength: 3 })

/** What a grant request asks for: what is accepted can be written and read again, and its limits have an end or none. */
function accessParser(): Parser {
  return parser(fc.tuple(mutatedJson(accesses), mutatedText(intervals), fc.integer({ min: 0, max: Date.UTC(2200, 0, 1) })), ([json, interval, nowMs]) => {
    const text = accepted(() => intervalEndMs(interval) ?? Infinity)
    const now = accepted(() => intervalAt(interval, nowMs))
    if (now !== undefined) hold(text !== undefined && now.startMs <= nowMs && nowMs < now.endMs, `${interval} at ${nowMs} is ${shown(now)}`)
    let given: unknown
    try {
      given = JSON.parse(json)
    } catch {
      return
    }
    const read = accessListSchema.safeParse(given)
    if (!read.success) return
    hold(isDeepStrictEqual(accessListSchema.parse(JSON.parse(JSON.stringify(read.data))), read.data), `took ${json}`)
    for (const one of read.data) if (one.type === 'outgoing-payment' && one.limits?.interval !== undefined) intervalEndMs(one.limits.interval)
  })
}

/** Whatever another wallet answers at any step: wallet address, grant, incoming payment; to be paid by, or to be read. */
function remoteParser(): Parser {
  const server = 'https://pay.example'
  const asker = { walletAddress: 'https://wallet.example/instance', keyId: 'key', privateKey: signer.privateKey }
  const payment = `${server}/incoming-payments/1`
  const walletAddress = { id: `${server}/mara`, assetCode: 'EUR', assetScale: 9, authServer: `${server}/auth`, resourceServer: server }
  const grant = { access_token: { value: 'token', expires_in: 600 }, continue: {} }
  const incoming = { id: payment, walletAddress: `${server}/mara`, completed: false, incomingAmount: { value: '100', assetCode: 'EUR', assetScale: 9 }, receivedAmount: { value: '1', assetCode: 'EUR', assetScale: 9 }, expiresAt: '2026-12-01T00:00:00Z', authServer: `${server}/auth`, methods: [{ type: 'ilp', ilpAddress: 'test.pay.x', sharedSecret: Buffer.alloc(32, 5).toString('base64url') }] }
  const [addresses, grants, incomings] = [walletAddress, grant, incoming].map((valid) => fc.oneof({ weight: 2, arbitrary: mutatedJson(fc.constant(valid)) }, { weight: 3, arbitrary: fc.constant(JSON.stringify(valid)) }))
  if (addresses === undefined || grants === undefined || incomings === undefined) throw new Error('three of them')
  return parser(fc.tuple(addresses, grants, incomings), async ([address_, grant_, incoming_]) => {
    const answerOf = (url: string, method: string | undefined): { status: number; body: string } =>
      url.includes('/auth') ? { status: 200, body: grant_ } : url.includes('/incoming-payments') ? { status: method === 'POST' ? 201 : 200, body: incoming_ } : { status: 200, body: address_ }
    const fetch = (url: string | URL, options?: { readonly method?: string }) => {
      const { status, body } = answerOf(String(url), options?.method)
      return Promise.resolve({ status, headers: { 'content-type': 'application/json' }, body: Buffer.from(body), url: String(url) })
    }
    const options = { clock: new TestClock(), asker, fetch }
    try {
      const payee = await new Resolver({ ...options, allowLocal: false }).resolve('$pay.example/mara')
      hold(isAddress(payee.destination) && payee.sharedSecret.length === 32 && payee.incomingPayment !== undefined && payee.paymentPointer.startsWith('https://'), `pays ${shown(payee)}`)
    } catch (error) {
      mayRefuse(error)
    }
    try {
      const read = await new IncomingPaymentReader(options).read(payment)
      if (read === undefined) return
      hold(read.url === payment && read.receivedAmount >= 0n && read.asset.scale <= 18 && (read.expiresAtMs === undefined || Number.isFinite(read.expiresAtMs)), `read ${shown(read)}`)
      if (read.credentials !== undefined) hold(isAddress(read.credentials.destination) && read.credentials.sharedSecret.length === 32, `read ${shown(read)}`)
    } catch (error) {
      mayRefuse(error)
    }
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
  'http-signature': signatureParser(),
  'payment-proof': proofParser(),
  'gnap-access': accessParser(),
  'remote-wallet': remoteParser(),
  pointer: parser(fc.tuple(mutatedText(pointers), fc.boolean()), ([written, allowLocal]) => {
    const url = accepted(() => parsePointer(written, { allowLocal }))
    if (url === undefined) return
    hold(url.username === '' && url.password === '' && url.search === '' && url.hash === '', `took ${url.href}`)
    hold(allowLocal || (url.protocol === 'https:' && url.port === '' && !/^(127(\.\d+){3}|(.+\.)?localhost\.?|\[::1\])$/.test(url.hostname)), `took ${url.href} outside of a sandbox`)
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

