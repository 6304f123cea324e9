import { assert, Fault } from '@rivulet/faults'
import { isAddress, type Link } from '@rivulet/ilp'
import { amountMax } from '@rivulet/money'
import { type Clock, TimerWheel } from '@rivulet/time'
import { CounterBlocks } from './counter-blocks.ts'
import { FixedPayment } from './fixed-payment.ts'
import { LinkShare } from './link-share.ts'
import { countersEach, OutgoingStream, type SenderContext } from './outgoing-stream.ts'
import { phaseOf } from './pace.ts'
import type { FixedPaymentSpec, SendingPayment } from './payment-types.ts'
import type { SendingStream, StreamSpec } from './types.ts'

/** A stream cannot be opened, or changed, as asked (`stream-invalid`); a path tells nothing of itself (`probe-failed`). */
export class StreamSenderFault extends Fault<'stream-invalid' | 'probe-failed'> {}

/** Sends thousands of per-second streams on one timer wheel, their ticks spread evenly over the second. */
export class StreamSender implements AsyncDisposable {
  readonly #context: SenderContext
  readonly #streams = new Set<OutgoingStream>()
  readonly #payments = new Set<FixedPayment>()
  readonly #shares = new WeakMap<Link, LinkShare>()
  #opened = 0

  /** @param random a number from 0 up to 1, for the jitter of back-off */
  constructor({ clock, random }: { readonly clock: Clock; readonly random: () => number }) {
    this.#context = { clock, random, counters: new CounterBlocks(countersEach), inLine: 0, wheel: new TimerWheel({ clock }), ended: (stream) => this.#streams.delete(stream) }
  }

  /** Streams and payments that are open, or still wait for answers. */
  get size(): number {
    return this.#streams.size + this.#payments.size
  }

  /** Streams that wait for their turn because their link takes no more packets now. */
  get waiting(): number {
    return this.#context.inLine
  }

  /** Opens a stream and starts to pay. The listener is not called before this returns. Throws StreamSenderFault `stream-invalid`, PacketFault `packet-malformed` for a bad secret. */
  open(spec: StreamSpec): SendingStream {
    check(isAddress(spec.destination), `the destination must be an ILP address: ${JSON.stringify(spec.destination.slice(0, 80))}`)
    check(isAddress(spec.sourceAddress), `the source address must be an ILP address: ${JSON.stringify(spec.sourceAddress.slice(0, 80))}`)
    check(spec.rate > 0n, 'the rate must be at least 1 unit a second')
    check(spec.lease.held <= amountMax, 'a lease holds at most 2^62 units')
    check(spec.exchangeRate.numerator > 0n && spec.exchangeRate.denominator > 0n, 'the exchange rate must be positive')
    check(spec.slippage.numerator >= 0n && spec.slippage.numerator < spec.slippage.denominator, 'the slippage must lie between 0 and 1')
    check(Number.isSafeInteger(spec.sequenceFirst) && spec.sequenceFirst > 0, 'the first sequence must be at least 1')
    check(spec.linkPacketsPerSecondMax === undefined || spec.linkPacketsPerSecondMax > 0, 'the pace of a link must be positive')
    const stream = new OutgoingStream(spec, this.#context, { share: this.#shareOf(spec), phase: phaseOf(this.#opened++) })
    this.#streams.add(stream)
    return stream
  }

  /** Sends one exact amount. Throws StreamSenderFault `stream-invalid`, PacketFault `packet-malformed` for a bad secret. */
  pay(spec: FixedPaymentSpec): SendingPayment {
    check(isAddress(spec.destination), `the destination must be an ILP address: ${JSON.stringify(spec.destination.slice(0, 80))}`)
    check(isAddress(spec.sourceAddress), `the source address must be an ILP address: ${JSON.stringify(spec.sourceAddress.slice(0, 80))}`)
    check(spec.amount > 0n && (spec.deliver === undefined || spec.deliver > 0n), 'a payment sends, or delivers, at least 1 unit')
    check(spec.exchangeRate.numerator > 0n && spec.exchangeRate.denominator > 0n && spec.rateMin.numerator > 0n && spec.rateMin.denominator > 0n, 'the exchange rate must be positive')
    check(Number.isSafeInteger(spec.sequenceFirst) && spec.sequenceFirst > 0, 'the first sequence must be at least 1')
    const { clock, random, wheel } = this.#context
    const payment = new FixedPayment(spec, { clock, random, wheel, ended: (ended) => this.#payments.delete(ended) })
    this.#payments.add(payment)
    return payment
  }

  /** Closes every stream, stops every payment, and waits until all packets are answered or have expired. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const payment of this.#payments) payment.stop()
    await Promise.all([...Array.from(this.#streams, (stream) => stream.close()), ...Array.from(this.#payments, ({ done }) => done)])
    assert(this.#streams.size + this.#payments.size === 0, 'a closed stream is forgotten')
    this.#context.wheel[Symbol.dispose]()
  }

  #shareOf(spec: StreamSpec): LinkShare {
    const share = this.#shares.get(spec.link) ?? new LinkShare()
    share.packetsPerSecondMax = spec.linkPacketsPerSecondMax ?? share.packetsPerSecondMax
    this.#shares.set(spec.link, share)
    return share
  }
}

function check(condition: boolean, message: string): void {
  if (!condition) throw new StreamSenderFault('stream-invalid', message)
}
