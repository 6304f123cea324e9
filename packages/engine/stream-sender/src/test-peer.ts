/** A receiving end for the tests of this package: real STREAM cryptography, a link on a TestClock, and faults on demand. */
import { ErrorCode, type Fulfill, type Link, LinkFault, PacketType, type Prepare, reject, type Reply } from '@rivulet/ilp'
import { conditionOf, type Frame, FrameType, StreamKeys, type StreamPacket } from '@rivulet/stream'
import type { TestClock } from '@rivulet/time/testing'
import type { CloseReason, SendingStream, StreamListener, StreamSpec } from './types.ts'

/** What happens to one packet: lost on the way there or back, cut off by a dropped link, rejected by a hop, or delivered. */
export type Fate =
  | { readonly kind: 'deliver'; readonly afterMs: number }
  | { readonly kind: 'lose' }
  | { readonly kind: 'lose-reply' }
  | { readonly kind: 'no-answer'; readonly delivered: boolean; readonly afterMs: number }
  | { readonly kind: 'closed' }
  | { readonly kind: 'reject'; readonly code: string; readonly data?: Buffer; readonly afterMs: number }

export interface Seen {
  readonly atMs: number
  readonly prepare: Prepare
  readonly packet: StreamPacket
}

export class TestPeer implements Link {
  readonly keys: StreamKeys
  readonly seen: Seen[] = []
  /** Destination units, of money packets that were fulfilled. */
  received = 0n
  /** Called for each packet; delivers at once unless told. */
  fate: (seen: Seen) => Fate = () => ({ kind: 'deliver', afterMs: 10 })
  /** Frames of each answer. */
  frames: (seen: Seen) => readonly Frame[] = () => []
  /** Changes the answer before it is sealed. */
  twist: (answer: StreamPacket) => StreamPacket = (answer) => answer
  /** Destination units per source unit. */
  convert: (amount: bigint) => bigint = (amount) => amount
  /** Destination units that it takes in all. What a packet brings beyond it is left out when it is less than `capSlack`, the worth of one unit that arrives; otherwise the packet is refused. */
  cap: bigint | undefined
  capSlack = 1n
  readonly #clock: TestClock

  constructor(clock: TestClock, sharedSecret: Buffer) {
    this.#clock = clock
    this.keys = new StreamKeys(sharedSecret)
  }

  /** The packets with money. */
  get money(): Seen[] {
    return this.seen.filter(({ prepare }) => prepare.amount > 0n)
  }

  framesOf(type: number): Frame[] {
    return this.seen.flatMap(({ packet }) => packet.frames.filter((frame) => frame.type === type))
  }

  send(prepare: Prepare): Promise<Reply> {
    const seen = { atMs: this.#clock.monotonicMs(), prepare, packet: this.keys.open(prepare.data) }
    this.seen.push(seen)
    const fate = this.fate(seen)
    switch (fate.kind) {
      case 'deliver':
        return this.#after(fate.afterMs, () => this.#receive(seen))
      case 'lose':
        return new Promise(() => {})
      case 'lose-reply':
        this.#receive(seen)
        return new Promise(() => {})
      case 'no-answer':
        if (fate.delivered) this.#receive(seen)
        return this.#after(fate.afterMs, () => {
          throw new LinkFault('no-answer', 'the link was cut')
        })
      case 'closed':
        return Promise.reject(new LinkFault('closed', 'the link is down'))
      case 'reject':
        return this.#after(fate.afterMs, () => ({ type: PacketType.reject, code: fate.code, triggeredBy: 'test.hop', message: 'said the hop', data: fate.data ?? Buffer.alloc(0) }))
    }
  }

  async #after(ms: number, answer: () => Reply): Promise<Reply> {
    await this.#clock.sleep(ms)
    return answer()
  }

  #receive(seen: Seen): Reply {
    const { prepare, packet } = seen
    const fulfillment = this.keys.fulfillmentOf(prepare.data)
    const worth = this.convert(prepare.amount)
    const room = this.cap === undefined ? worth : this.cap - this.received
    const arrived = worth > room && worth - room < this.capSlack ? room : worth
    const accepted = conditionOf(fulfillment).equals(prepare.condition) && arrived >= packet.amount && arrived <= room && arrived > 0n
    if (accepted) this.received += arrived
    const type = accepted ? PacketType.fulfill : PacketType.reject
    const limit: Frame[] = this.cap === undefined ? [] : [{ type: FrameType.streamMaxMoney, streamId: 1, receiveMax: this.cap, totalReceived: this.received }]
    const data = this.keys.seal(this.twist({ type, sequence: packet.sequence, amount: arrived, frames: [...limit, ...this.frames(seen)] }))
    if (!accepted) return reject(ErrorCode.applicationError, 'test.receiver', 'too little', data)
    return { type: PacketType.fulfill, fulfillment, data } satisfies Fulfill
  }
}

/** Keeps what a stream told. */
export class Told implements StreamListener {
  readonly fulfilledAmounts: bigint[] = []
  readonly receipts: (Buffer | undefined)[] = []
  readonly rejections: string[] = []
  leaseLowCalls = 0
  failure: { readonly reason: CloseReason; readonly message: string } | undefined
  onLeaseLow: (stream: SendingStream) => void = () => {}

  fulfilled(_stream: SendingStream, packet: { readonly amount: bigint; readonly linkAmount: bigint; readonly receipt: Buffer | undefined }): void {
    this.fulfilledAmounts.push(packet.amount)
    this.receipts.push(packet.receipt)
  }

  rejected(_stream: SendingStream, code: string): void {
    this.rejections.push(code)
  }

  leaseLow(stream: SendingStream): void {
    this.leaseLowCalls += 1
    this.onLeaseLow(stream)
  }

  failed(_stream: SendingStream, reason: CloseReason, message: string): void {
    this.failure = { reason, message }
  }
}

export function specOf(clock: TestClock, link: Link, changes: Partial<StreamSpec> = {}): StreamSpec {
  return {
    id: 'strm_00000000000000000000000001',
    link,
    destination: 'test.receiver.token',
    sharedSecret: Buffer.alloc(32, 7),
    sourceAddress: 'test.wallet.stream',
    sourceAsset: { code: 'EUR', scale: 9 },
    exchangeRate: { numerator: 1n, denominator: 1n },
    slippage: { numerator: 0n, denominator: 1n },
    rate: 100_000n,
    lease: { held: 10n ** 12n, sequenceCeiling: 1_000_000, sendUntilMs: clock.nowMs() + 86_400_000 },
    sequenceFirst: 1,
    listener: new Told(),
    ...changes,
  }
}

