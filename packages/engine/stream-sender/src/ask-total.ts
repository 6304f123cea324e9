import { isFault } from '@rivulet/faults'
import { type Link, PacketType } from '@rivulet/ilp'
import type { Asset } from '@rivulet/money'
import { conditionOf, type Frame, FrameType, StreamKeys } from '@rivulet/stream'
import type { Clock } from '@rivulet/time'

export interface Question {
  readonly link: Link
  readonly clock: Clock
  /** ILP address of the receiver's connection. */
  readonly destination: string
  /** 32 bytes. */
  readonly sharedSecret: Buffer
  /** Never used before on this connection; each try takes the next one. */
  readonly sequenceFirst: number
  /** An address of ours: a receiver tells its asset to who introduces itself. */
  readonly sourceAddress: string
}

/** Units of the receiver's asset. */
export interface ReceiverTotal {
  readonly received: bigint
  readonly asset: Asset
}

const packetLifeMs = 5_000
/** With their pauses they take 40 s at most. */
const triesMax = 4
const pauseMs = 5_000
const streamId = 1

/**
 * Asks a receiver what it got on stream 1 in all (RFC 29, 5.3.12). The packet carries no money and may be fulfilled: the reference server tells its totals only
 * with a Fulfill. Undefined when the receiver does not say, or gives no answer of its own to four tries.
 */
export async function askTotal({ clock, destination, link, sequenceFirst, sharedSecret, sourceAddress }: Question): Promise<ReceiverTotal | undefined> {
  const keys = new StreamKeys(sharedSecret)
  const frames: readonly Frame[] = [
    { type: FrameType.connectionNewAddress, sourceAccount: sourceAddress },
    { type: FrameType.streamMoneyBlocked, streamId, sendMax: 0n, totalSent: 0n },
  ]
  for (let tries = 0; tries < triesMax; tries += 1) {
    if (tries > 0) await clock.sleep(pauseMs)
    const sequence = sequenceFirst + tries
    const data = keys.seal({ type: PacketType.prepare, sequence, amount: 0n, frames })
    try {
      const reply = await link.send({ amount: 0n, expiresAtMs: clock.nowMs() + packetLifeMs, condition: conditionOf(keys.fulfillmentOf(data)), destination, data })
      // A hop's answer does not decrypt: only the receiver's own word ends the questions.
      const packet = keys.open(reply.data)
      if (packet.type === reply.type && packet.sequence === sequence) return totalOf(packet.frames)
    } catch (error) {
      if (!isFault(error)) throw error
    }
  }
  return undefined
}

function totalOf(frames: readonly Frame[]): ReceiverTotal | undefined {
  let received: bigint | undefined
  let asset: Asset | undefined
  for (const frame of frames) {
    if (frame.type === FrameType.streamMaxMoney && frame.streamId === streamId) received = frame.totalReceived
    if (frame.type === FrameType.connectionAssetDetails) asset = { code: frame.assetCode, scale: frame.assetScale }
  }
  return received === undefined || asset === undefined ? undefined : { received, asset }
}
