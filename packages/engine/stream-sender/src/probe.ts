import { randomBytes } from 'node:crypto'
import { isFault } from '@rivulet/faults'
import { decodeAmountTooLarge, ErrorCode, isFulfill, type Link, PacketType, type Reply } from '@rivulet/ilp'
import { type Asset, multiplyFloor, type Ratio } from '@rivulet/money'
import { FrameType, StreamKeys, type StreamPacket } from '@rivulet/stream'
import type { Clock } from '@rivulet/time'
import { StreamSenderFault } from './sender.ts'

export interface ProbeSpec {
  readonly link: Link
  readonly destination: string
  /** 32 bytes. */
  readonly sharedSecret: Buffer
  readonly sourceAddress: string
  readonly sourceAsset: Asset
  /** As `FixedPaymentSpec.linkRate`, now. */
  readonly linkRate?: Ratio | undefined
  /** Source units to try first; what is refused as too large is tried smaller. */
  readonly amount: bigint
}

/** What a path does to money now. */
export interface Probed {
  /** Destination units per source unit. */
  readonly rate: Ratio
  /** Most source units of one packet, as far as it is known. */
  readonly packetUnitsMax: bigint | undefined
  /** What the receiver counts in, if it says so. */
  readonly asset: Asset | undefined
}

const attemptsMax = 8
const packetLifeMs = 5_000

/**
 * Asks a path for its rate with a packet that nobody can fulfil: the receiver's authentic refusal says what would have arrived (RFC 29). Throws StreamSenderFault
 * `probe-failed`, PacketFault `packet-malformed` for a bad secret.
 */
export async function probe(spec: ProbeSpec, clock: Clock): Promise<Probed> {
  const keys = new StreamKeys(spec.sharedSecret)
  let { amount } = spec
  let packetUnitsMax: bigint | undefined
  let said = 'no answer'
  for (let attempt = 1; attempt <= attemptsMax && amount > 0n; attempt += 1) {
    const data = keys.seal({
      type: PacketType.prepare, sequence: attempt, amount: 0n,
      frames: [
        { type: FrameType.connectionNewAddress, sourceAccount: spec.sourceAddress },
        { type: FrameType.connectionAssetDetails, assetCode: spec.sourceAsset.code, assetScale: spec.sourceAsset.scale },
      ],
    })
    let reply: Reply
    try {
      const leaves = spec.linkRate === undefined ? amount : multiplyFloor(amount, spec.linkRate)
      reply = await spec.link.send({ amount: leaves, expiresAtMs: clock.nowMs() + packetLifeMs, condition: randomBytes(32), destination: spec.destination, data })
    } catch (error) {
      if (!isFault(error)) throw error
      throw new StreamSenderFault('probe-failed', `the path to the receiver gives no answer: ${error.message}`, { cause: error })
    }
    if (isFulfill(reply)) throw new StreamSenderFault('probe-failed', 'a packet was fulfilled that nobody can fulfil')
    said = `${reply.code} ${reply.message}`
    if (reply.code === ErrorCode.amountTooLarge) {
      const told = decodeAmountTooLarge(reply.data)
      const limit = told === undefined || told.receivedAmount === 0n ? amount / 2n : multiplyFloor(amount, { numerator: told.maximumAmount, denominator: told.receivedAmount })
      amount = limit < amount ? limit : amount - 1n
      packetUnitsMax = amount
    } else if (reply.code === ErrorCode.applicationError) {
      const answer = readAnswer(keys, reply.data, attempt)
      if (answer === undefined) break
      return { rate: { numerator: answer.amount, denominator: amount }, packetUnitsMax, asset: assetOf(answer) }
    } else if (reply.code.startsWith('F')) break
  }
  throw new StreamSenderFault('probe-failed', `the path to the receiver tells no rate: ${said}`)
}

function readAnswer(keys: StreamKeys, data: Buffer, sequence: number): StreamPacket | undefined {
  try {
    const packet = keys.open(data)
    return packet.type === PacketType.reject && packet.sequence === sequence ? packet : undefined
  } catch (error) {
    if (isFault(error)) return undefined
    throw error
  }
}

function assetOf(packet: StreamPacket): Asset | undefined {
  for (const frame of packet.frames) if (frame.type === FrameType.connectionAssetDetails) return { code: frame.assetCode, scale: frame.assetScale }
  return undefined
}
