import type { Id } from '@rivulet/ids'
import type { Link, Prepare, Reply } from '@rivulet/ilp'
import type { Asset, Ratio } from '@rivulet/money'

/** What the wallet allows without asking the ledger again; durable before it is handed in. */
export interface Lease {
  /** Units that may be spent in all since the stream was opened: paid + in flight + in doubt <= held. */
  readonly held: bigint
  /** Highest STREAM sequence that may be used. */
  readonly sequenceCeiling: number
  /** No packet may expire later, ms since 1970. */
  readonly sendUntilMs: number
}

export interface StreamSpec {
  readonly id: Id<'strm'>
  readonly link: Link
  /** ILP address of the receiver's connection. */
  readonly destination: string
  /** 32 bytes. */
  readonly sharedSecret: Buffer
  /** Our own reachable address of this stream, announced in ConnectionNewAddress; probes sent there go to `SendingStream.answer`. */
  readonly sourceAddress: string
  readonly sourceAsset: Asset
  /** Destination units per source unit; 1/1 when both are the same asset. */
  readonly exchangeRate: Ratio
  /** Where the link counts in another asset than the payer: units of the link for one source unit, now; undefined while no rate is known. */
  readonly linkRate?: (() => Ratio | undefined) | undefined
  /** Part of the agreed rate that may be lost on the way, for example 1/100; 0/1 within one asset. */
  readonly slippage: Ratio
  /** Source units a second, at least 1. */
  readonly rate: bigint
  readonly lease: Lease
  /** First STREAM sequence to use, 1 for a fresh connection. */
  readonly sequenceFirst: number
  /** The pace that the peer behind `link` can take, all streams on it together; not set: no limit. */
  readonly linkPacketsPerSecondMax?: number
  /** Whether the receiver is told that the connection closes; it is unless told. */
  readonly sayGoodbye?: boolean
  readonly listener: StreamListener
}

export interface FulfilledPacket {
  /** Source units that are paid. */
  readonly amount: bigint
  /** Units of the link that carried them; 0 where the link counts in source units. */
  readonly linkAmount: bigint
  /** What the receiver says it got, destination units; 0 when it said nothing legible. */
  readonly delivered: bigint
  readonly receipt: Buffer | undefined
  /** Milliseconds from the instant of the tick that it pays. */
  readonly latenessMs: number
}

/** Called synchronously from the hot path: must not throw and must not block. */
export interface StreamListener {
  /**
   * A valid preimage came back. An answer that comes after its packet was given up still is booked: out of `inDoubt`, and even after `close()`.
   */
  fulfilled(stream: SendingStream, packet: FulfilledPacket): void
  /** A packet of money was rejected and is not paid. `code` is the peer's, or T01 when the packet never left. */
  rejected(stream: SendingStream, code: string, message: string): void
  /** Less than 30 to 45 s of the lease remain in money, 30 in sequences, or 10 to 25 s in time for packets to leave: call `extend`, or the stream stops when it is used up. Called once until extended. */
  leaseLow(stream: SendingStream): void
  /** The stream closed itself; `message` says why, for a person. Not called after `close()`. Packets may still be in flight: `close()` waits for them. */
  failed(stream: SendingStream, reason: CloseReason, message: string): void
}

export type CloseReason = 'receiver-refused' | 'receiver-unreachable' | 'receiver-misbehaved' | 'receiver-closed' | 'lease-used-up' | 'rate-too-low'

/** Source units, `delivered` destination units; `inDoubt` is in packets that ended without any answer. Packets count those with money. */
export interface StreamCounters {
  readonly paid: bigint
  readonly delivered: bigint
  readonly inFlight: bigint
  readonly inDoubt: bigint
  readonly packets: number
  readonly fulfilled: number
  readonly rejected: number
}

export interface SendingStream extends StreamCounters {
  readonly id: Id<'strm'>
  readonly state: 'paying' | 'paused' | 'closed'
  /** Time while paused earns nothing; what was due before is not lost. */
  pause(): void
  resume(): void
  /** What was due so far stays due at the old rate. */
  setRate(rate: bigint): void
  /** A lease only grows. */
  extend(lease: Lease): void
  /** Stops at once, tells the receiver (ConnectionClose) and waits until every packet is answered or has expired. Idempotent. */
  close(): Promise<StreamCounters>
  /** Answers a packet that was sent to our source address (RFC 29: probes of the receiver). */
  answer(prepare: Prepare): Promise<Reply>
}
