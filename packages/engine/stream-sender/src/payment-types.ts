import type { Id } from '@rivulet/ids'
import type { Link, Prepare, Reply } from '@rivulet/ilp'
import type { Asset, Ratio } from '@rivulet/money'
import type { StreamCounters } from './types.ts'

/** One exact amount: a fixed send (`amount` leaves whole), or a fixed delivery (`deliver` arrives, and at most `amount` leaves). */
export interface FixedPaymentSpec {
  readonly id: Id<'strm'>
  readonly link: Link
  /** ILP address of the receiver's connection. */
  readonly destination: string
  /** 32 bytes. */
  readonly sharedSecret: Buffer
  /** Our own reachable address of this payment; probes sent there go to `SendingPayment.answer`. */
  readonly sourceAddress: string
  readonly sourceAsset: Asset
  /** Source units that may be spent in all, at least 1; durably held. */
  readonly amount: bigint
  /** Destination units after which it is done, at least 1; not set: when `amount` is paid. */
  readonly deliver?: bigint | undefined
  /** Destination units per source unit, as quoted or probed. */
  readonly exchangeRate: Ratio
  /** Where the link counts in another asset than the payer: units of the link for one source unit, the same for all of it. All of `amount` carries `amount` times the rate, rounded down once. */
  readonly linkRate?: Ratio | undefined
  /** The least that each packet must bring: a packet that brings less is refused by the receiver and not paid. */
  readonly rateMin: Ratio
  /** Most units that may leave in one packet, if the path is known: of the link where it counts in another asset, else of the source. Otherwise F08 tells. */
  readonly packetUnitsMax?: bigint | undefined
  /** First STREAM sequence to use, 1 for a fresh connection. */
  readonly sequenceFirst: number
  readonly sequenceCeiling: number
  /** No packet may expire later, ms since 1970. */
  readonly sendUntilMs: number
  /** Whether to tell the receiver (ConnectionClose) at the end. */
  readonly sayGoodbye: boolean
  readonly listener: PaymentListener
}

/** Called synchronously from the hot path: must not throw and must not block. */
export interface PaymentListener {
  /** A valid preimage came back, and `paid` and `delivered` have grown; also after the payment has ended, for a packet that was in doubt. */
  progress(payment: SendingPayment): void
  /** A packet was rejected and is not paid. */
  rejected(payment: SendingPayment, code: string, message: string): void
  /** Less than 10 s are left in which packets may leave: call `extend`, or what is not sent by then is not. Called once until extended. */
  timeLow(payment: SendingPayment): void
}

export interface PaymentFailure {
  readonly reason: 'receiver-refused' | 'receiver-unreachable' | 'receiver-misbehaved' | 'receiver-closed' | 'receiver-full' | 'rate-too-low' | 'time-used-up' | 'stopped'
  /** For a person. */
  readonly message: string
}

/** No packet is in flight any more. Without a failure all of it was paid, or delivered; `inDoubt` is never given up. */
export interface PaymentOutcome extends StreamCounters {
  /** As `SendingPayment.linkPaid`. */
  readonly linkPaid: bigint
  readonly failure: PaymentFailure | undefined
}

export interface SendingPayment extends StreamCounters {
  readonly id: Id<'strm'>
  /** Units of the link that carried what is paid; 0 where the link counts in source units. */
  readonly linkPaid: bigint
  /** Resolves when every packet is answered or in doubt and no other will leave. Never rejects. */
  readonly done: Promise<PaymentOutcome>
  /** Packets may leave until then; only grows. */
  extend(sendUntilMs: number): void
  /** No packet leaves any more. */
  stop(): void
  /** Answers a packet that was sent to our source address (RFC 29: probes of the receiver). */
  answer(prepare: Prepare): Promise<Reply>
}
