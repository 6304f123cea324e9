import { timingSafeEqual } from 'node:crypto'
import type { Id } from '@rivulet/ids'
import { encodeAmountTooLarge, ErrorCode, isBelow, PacketType, type Prepare, reject, type Reply } from '@rivulet/ilp'
import type { CreditResult, ReceivingStreams } from '@rivulet/ledger'
import { type Asset, multiplyCeil, multiplyFloor, type Ratio } from '@rivulet/money'
import { conditionOf, encodeReceipt, type Frame, FrameType, StreamErrorCode, type StreamPacket } from '@rivulet/stream'
import type { Clock } from '@rivulet/time'
import { type Connection, type ConnectionSpec, type Credentials, CredentialsBook, type ReceiverKeys } from './credentials.ts'

/** Most units that one packet may carry; more gets F08. */
const packetAmountMax = 10n ** 12n
/** The receipts and totals of a connection are on this stream (RFC 39 needs one). */
const receiptStreamId = 1
const streamIdMax = BigInt(Number.MAX_SAFE_INTEGER)

export interface StreamReceiverOptions {
  /** ILP address of this receiver; connections lie below it. */
  readonly address: string
  readonly keys: ReceiverKeys
  readonly clock: Clock
  /** Where credits become durable: the ledger. */
  readonly receiving: Pick<ReceivingStreams, 'credit' | 'totalOf' | 'close'>
}

/** The peer that a packet came from: its link account, and what amounts on its link count. */
export interface PacketSource {
  readonly debitAccountId: Id<'acct'>
  readonly asset: Asset
  /** For accounts of another asset: which account is debited there, and units of it for one of the link. Without it, or while it knows no rate, such packets are refused. */
  readonly exchange?: ((to: Asset) => Promise<PacketExchange | undefined>) | undefined
}

export interface PacketExchange {
  readonly accountId: Id<'acct'>
  readonly rate: Ratio
}

/**
 * The receiving end of STREAM (RFC 29) without any state of its own: what it must know of a connection is in the connection's address, what it
 * must remember is in the ledger. Any process that has the keys and the ledger answers any packet.
 */
export class StreamReceiver {
  readonly #options: StreamReceiverOptions
  readonly #book: CredentialsBook

  constructor(options: StreamReceiverOptions) {
    this.#options = options
    this.#book = new CredentialsBook(options.address, options.keys)
  }

  /** The credentials of an address that was issued here, again. Undefined once the key that made it is gone. */
  credentialsOf(destination: string): Credentials | undefined {
    return this.#book.credentialsOf(destination)
  }

  /** Fresh credentials of a connection that credits `accountId`, good for 24 h or until `closesAtMs`. Throws MoneyFault, PacketFault on values out of bounds. */
  issue(spec: ConnectionSpec): Credentials {
    return this.#book.issue(spec, this.#options.clock.nowMs())
  }

  /**
   * Answers one Prepare; a Fulfill resolves only once its credit is durable. Throws only what the ledger throws, a defect or a
   * database that is away; then nothing was credited.
   * F02 for an address that is not below ours; F06 for one that we did not issue, that has ended, or whose data is not authentic: the same
   * answer to each, so that none is an oracle. From there on replies carry STREAM data, and a refusal is F99 unless trying again can help.
   */
  handle(prepare: Prepare, from: PacketSource): Promise<Reply> {
    const { address, clock } = this.#options
    if (prepare.destination === address || !isBelow(prepare.destination, address)) return Promise.resolve(reject(ErrorCode.unreachable, address, 'no such address'))
    const connection = this.#book.read(prepare.destination)
    const packet = connection === undefined ? undefined : openPacket(connection, prepare)
    if (connection === undefined || packet === undefined || clock.nowMs() >= connection.closesAtMs) return Promise.resolve(reject(ErrorCode.unexpectedPayment, address, 'unexpected payment'))
    // No async function where a packet passes: each would cost it 1 kB.
    if (connection.asset.code === from.asset.code && connection.asset.scale === from.asset.scale) {
      return this.#decide({ connection, prepare, amount: prepare.amount, packet, frames: answersTo(packet, connection) }, { linkAmount: undefined, unitWorth: 1n, debitAccountId: from.debitAccountId })
    }
    return this.#exchanged({ connection, prepare, packet }, from)
  }

  /** What a packet of another asset brings in units of the account, rounded down: what the floor leaves stays with the exchange. */
  async #exchanged({ connection, prepare, packet }: Pick<Arrival, 'connection' | 'prepare' | 'packet'>, { exchange, asset }: PacketSource): Promise<Reply> {
    const found = await exchange?.(connection.asset)
    if (found === undefined) {
      return reject(ErrorCode.cannotReceive, this.#options.address, `this account counts in ${connection.asset.code} at scale ${connection.asset.scale}, and no rate from ${asset.code} is known here now`)
    }
    const amount = multiplyFloor(prepare.amount, found.rate)
    return this.#decide({ connection, prepare, amount, packet, frames: answersTo(packet, connection) }, { linkAmount: prepare.amount, unitWorth: multiplyCeil(1n, found.rate), debitAccountId: found.accountId })
  }

  #decide(arrival: Arrival, debit: Debit): Promise<Reply> {
    const { address, receiving } = this.#options
    const { connection, prepare, amount, packet } = arrival
    if (prepare.amount > packetAmountMax) {
      return Promise.resolve(reject(ErrorCode.amountTooLarge, address, 'the packet is too large', encodeAmountTooLarge({ receivedAmount: prepare.amount, maximumAmount: packetAmountMax })))
    }
    const fulfillment = connection.keys.fulfillmentOf(prepare.data)
    const isFulfillable = timingSafeEqual(conditionOf(fulfillment), prepare.condition)
    const closes = hasFrame(packet, FrameType.connectionClose)
    // A probe asks what would arrive: the amount in the refusal is its answer.
    if (!isFulfillable || amount < packet.amount || (prepare.amount > 0n && (packet.sequence === 0 || amount === 0n))) {
      return closes ? receiving.close(connection.id).then(() => this.#refuse(arrival)) : Promise.resolve(this.#refuse(arrival))
    }
    if (prepare.amount === 0n) return this.#answerQuestion(arrival, fulfillment, closes)
    return this.#credit(arrival, debit).then((result) => {
      if (result.applied) return this.#fulfillMoney(arrival, { fulfillment, closes, total: result.total })
      if (result.why === 'over-total' && debit.linkAmount !== undefined) return this.#fill(arrival, debit, { fulfillment, closes })
      return this.#refuseCredit(arrival, result.why)
    })
  }

  #fulfillMoney(arrival: Arrival, { fulfillment, closes, total }: { readonly fulfillment: Buffer; readonly closes: boolean; readonly total: bigint }): Reply | Promise<Reply> {
    addMoneyFrames(arrival, total)
    addReceiptFrame(arrival, total)
    return closes ? this.#fulfillAndClose(arrival, fulfillment) : fulfill(arrival, fulfillment)
  }

  /**
   * Credits of a packet's last unit of the link only what the connection still takes, for no number of such units may make that amount exactly. What is left out stays with the exchange, and the
   * sender is told what was credited. Any larger excess is refused.
   */
  async #fill(arrival: Arrival, debit: Debit, ends: { readonly fulfillment: Buffer; readonly closes: boolean }): Promise<Reply> {
    const { connection, packet, amount } = arrival
    const room = connection.totalMax - (await this.#options.receiving.totalOf(connection.id))
    if (room < 1n || room < packet.amount || room >= amount || amount - room >= debit.unitWorth) return this.#refuseCredit(arrival, 'over-total')
    arrival.amount = room
    const result = await this.#credit(arrival, debit)
    return result.applied ? this.#fulfillMoney(arrival, { ...ends, total: result.total }) : this.#refuseCredit(arrival, result.why)
  }

  /** A packet without money: what it asks about totals, and whether it closes. */
  async #answerQuestion(arrival: Arrival, fulfillment: Buffer, closes: boolean): Promise<Reply> {
    const { connection, packet } = arrival
    if (hasFrame(packet, FrameType.streamMoneyBlocked)) addMoneyFrames(arrival, await this.#options.receiving.totalOf(connection.id))
    return closes ? this.#fulfillAndClose(arrival, fulfillment) : fulfill(arrival, fulfillment)
  }

  async #fulfillAndClose(arrival: Arrival, fulfillment: Buffer): Promise<Reply> {
    // What this packet carried is credited; if closing fails now, the ledger posts the connection once it is idle.
    await this.#options.receiving.close(arrival.connection.id).catch(() => {})
    return fulfill(arrival, fulfillment)
  }

  #credit({ connection, prepare, amount, packet }: Arrival, { linkAmount, debitAccountId }: Debit): Promise<CreditResult> {
    return this.#options.receiving.credit({
      connection: connection.id,
      sequence: packet.sequence,
      amount,
      ...(linkAmount !== undefined && { linkAmount }),
      debitAccountId,
      creditAccountId: connection.accountId,
      totalMax: connection.totalMax,
      closesAtMs: connection.closesAtMs,
      expiresAtMs: prepare.expiresAtMs,
    })
  }

  async #refuseCredit(arrival: Arrival, why: (CreditResult & { readonly applied: false })['why']): Promise<Reply> {
    const { address, receiving } = this.#options
    const { connection, frames } = arrival
    switch (why) {
      case 'repeat':
      // A sender that hears this before the answer to the first copy learns from the total that its money arrived.
      case 'over-total':
        addMoneyFrames(arrival, await receiving.totalOf(connection.id))
        return this.#refuse(arrival)
      case 'connection-closed':
        frames.push({ type: FrameType.connectionClose, errorCode: StreamErrorCode.noError, errorMessage: 'the connection is closed' })
        return this.#refuse(arrival)
      case 'too-late':
        return reject(ErrorCode.insufficientTimeout, address, 'too little time is left to commit the packet')
      case 'commit-failed':
        return reject(ErrorCode.internalError, address, 'try again')
      case 'overloaded':
        return reject(ErrorCode.connectorBusy, address, 'try again later')
    }
  }

  /** F99 with STREAM data: the sender learns what arrived and why it was not taken. */
  #refuse(arrival: Arrival): Reply {
    return reject(ErrorCode.applicationError, this.#options.address, '', seal(arrival, PacketType.reject))
  }
}

/** Who is debited for a packet, and units of the link where that counts in another asset. */
interface Debit {
  readonly linkAmount: bigint | undefined
  /** Units of the account that one of the link is worth, rounded up. */
  readonly unitWorth: bigint
  readonly debitAccountId: Id<'acct'>
}

/** An authentic packet on its way through the receiver, and the frames that its reply will carry. */
interface Arrival {
  readonly connection: Connection
  readonly prepare: Prepare
  /** Units of the account; of a packet that is credited in part, those. */
  amount: bigint
  readonly packet: StreamPacket
  readonly frames: Frame[]
}

function fulfill(arrival: Arrival, fulfillment: Buffer): Reply {
  return { type: PacketType.fulfill, fulfillment, data: seal(arrival, PacketType.fulfill) }
}

function seal({ connection, amount, packet, frames }: Arrival, type: number): Buffer {
  return connection.keys.seal({ type, sequence: packet.sequence, amount, frames })
}

/** The STREAM packet inside, or undefined when the data is not authentic, malformed, or not that of a Prepare. */
function openPacket(connection: Connection, prepare: Prepare): StreamPacket | undefined {
  try {
    const packet = connection.keys.open(prepare.data)
    return packet.type === PacketType.prepare ? packet : undefined
  } catch {
    return undefined
  }
}

/** A sender that introduces itself learns our asset and limits: any number of streams, money only, no data. */
function answersTo(packet: StreamPacket, connection: Connection): Frame[] {
  if (!hasFrame(packet, FrameType.connectionNewAddress)) return []
  return [
    { type: FrameType.connectionAssetDetails, assetCode: connection.asset.code, assetScale: connection.asset.scale },
    { type: FrameType.connectionMaxStreamId, maxStreamId: streamIdMax },
    { type: FrameType.connectionMaxData, maxOffset: 0n },
  ]
}

function hasFrame({ frames }: StreamPacket, type: number): boolean {
  for (const frame of frames) if (frame.type === type) return true
  return false
}

/** The connection's total, on each stream that carried money or asks how much more it may. */
function addMoneyFrames({ packet, connection, frames }: Arrival, total: bigint): void {
  const told = new Set<number>()
  for (const frame of packet.frames) {
    if ((frame.type !== FrameType.streamMoney && frame.type !== FrameType.streamMoneyBlocked) || told.has(frame.streamId)) continue
    told.add(frame.streamId)
    frames.push({ type: FrameType.streamMaxMoney, streamId: frame.streamId, receiveMax: connection.totalMax, totalReceived: total })
  }
}

function addReceiptFrame({ connection: { receipt }, frames }: Arrival, total: bigint): void {
  if (receipt === undefined) return
  frames.push({ type: FrameType.streamReceipt, streamId: receiptStreamId, receipt: encodeReceipt({ nonce: receipt.nonce, streamId: receiptStreamId, totalReceived: total }, receipt.secret) })
}
