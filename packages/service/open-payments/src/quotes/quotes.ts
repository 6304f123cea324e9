import { isFault } from '@rivulet/faults'
import { type Id, newId } from '@rivulet/ids'
import { type Asset, ceilDivide, multiplyCeil, multiplyFloor, type Ratio } from '@rivulet/money'
import { Batches } from '@rivulet/postgres'
import type { Routing } from '@rivulet/peering'
import { probe } from '@rivulet/stream-sender'
import type { Clock } from '@rivulet/time'
import { amountJson, type AssetAmount, sameAsset } from '../amount.ts'
import { PaymentFault } from '../payment-fault.ts'
import type { FindReceiver, PayableReceiver } from '../receivers.ts'
import { debitMin, type FeePolicy, type Price, priceOfDelivery, priceOfSend, type Way } from './price.ts'
import type { Quote, QuoteStore } from './quote-store.ts'

/** A wallet address of ours that pays. */
export interface PayingAddress {
  readonly id: Id<'wadr'>
  readonly url: string
  readonly asset: Asset
  readonly ledgerAccountId: Id<'acct'>
}

export interface QuoteRequest {
  readonly walletAddress: PayingAddress
  readonly client: string
  /** URL of an incoming payment. */
  readonly receiver: string
  /** At most one; without any the receiver's own amount. */
  readonly debitAmount: AssetAmount | undefined
  readonly receiveAmount: AssetAmount | undefined
  /** Instead of the usual one. */
  readonly fee?: FeePolicy | undefined
}

export interface QuotesOptions {
  readonly store: QuoteStore
  readonly clock: Clock
  readonly find: FindReceiver
  readonly routing: Routing
  /** What the wallet's people count in unless they say otherwise, and so does the link between our roles. */
  readonly asset: Asset
  /** For probes. */
  readonly ilpAddress: string
  readonly fee: FeePolicy
}

/** A receiver, and the rate to it. */
export interface Priced extends Price {
  readonly receiver: PayableReceiver
  /** Destination units per source unit, expected and least. */
  readonly rate: Ratio
  readonly least: Ratio
}

/** @see Way, with the rate that is expected. */
interface RatedWay extends Way {
  readonly rate: Ratio
}

const quoteLivesMs = 300_000
const quotesPerBatchMax = 200
const one: Ratio = { numerator: 1n, denominator: 1n }
const oneToOne: RatedWay = { rate: one, least: one, sourceUnit: 1n }
const probeUnits = 1_000_000_000n

/** Quotes: what a payment to an incoming payment takes and brings. */
export class Quotes {
  readonly #options: QuotesOptions
  readonly #inserts: Batches<Quote, undefined>

  constructor(options: QuotesOptions) {
    this.#options = options
    this.#inserts = new Batches(async (quotes) => {
      await options.store.insert(quotes)
      return quotes.map(() => undefined)
    }, quotesPerBatchMax)
  }

  /** Durable when it resolves. Throws PaymentFault `amount-invalid`, `amount-too-small`, `receiver-invalid`. */
  async create(request: QuoteRequest): Promise<Quote> {
    const { clock } = this.#options
    const { receiver, rate, least, kind, debit, send, receive } = await this.price(request, 'quote')
    const createdMs = clock.nowMs()
    const { walletAddress, client } = request
    const quote: Quote = {
      kind, debit, send, receive, id: newId('quot', createdMs), walletAddressId: walletAddress.id, walletAddress: walletAddress.url, client, receiver: receiver.url, asset: walletAddress.asset, receiveAsset: receiver.asset, rate, least,
      createdMs, expiresMs: Math.min(createdMs + quoteLivesMs, receiver.expiresAtMs ?? Infinity),
    }
    await this.#inserts.add(quote)
    return quote
  }

  get(id: Id<'quot'>): Promise<Quote | undefined> {
    return this.#options.store.get(id)
  }

  /** What a payment would take and bring now. Throws as `create`. */
  async price(request: Omit<QuoteRequest, 'client'>, purpose: 'quote' | 'pay'): Promise<Priced> {
    const { walletAddress, debitAmount, receiveAmount } = request
    if (debitAmount !== undefined && (!sameAsset(debitAmount.asset, walletAddress.asset) || debitAmount.value < 1n)) throw new PaymentFault('amount-invalid', 'invalid amount')
    const receiver = await this.payable(request.receiver, purpose)
    if (receiveAmount !== undefined && (!sameAsset(receiveAmount.asset, receiver.asset) || receiveAmount.value < 1n)) throw new PaymentFault('amount-invalid', 'invalid amount')
    const way = await this.#wayTo(receiver, walletAddress.asset)
    const fee = request.fee ?? this.#feeIn(walletAddress.asset)
    const left = receiver.incomingAmount === undefined ? undefined : receiver.incomingAmount - receiver.receivedAmount
    const wanted = receiveAmount?.value ?? left
    if (debitAmount === undefined && wanted === undefined) throw new PaymentFault('amount-invalid', 'invalid amount')
    const price = debitAmount === undefined ? priceOfDelivery(wanted ?? 0n, way, fee) : priceOfSend(debitAmount.value, way, fee)
    if (price === 'too-small') throw new PaymentFault('amount-too-small', 'non-positive receive amount', { minSendAmount: amountJson(debitMin(way, fee), walletAddress.asset) })
    if (price === 'too-large' || (left !== undefined && price.receive > left)) throw new PaymentFault('amount-invalid', 'invalid amount')
    return { ...price, receiver, rate: way.rate, least: way.least }
  }

  /** The receiver, if it can be paid now. Throws `receiver-invalid`. */
  async payable(url: string, purpose: 'quote' | 'pay'): Promise<PayableReceiver> {
    const { find, clock } = this.#options
    let receiver: PayableReceiver | undefined
    try {
      receiver = await find(url, purpose)
    } catch (error) {
      if (!isFault(error)) throw error
      throw new PaymentFault('receiver-invalid', 'invalid receiver', { cause: error })
    }
    const open = receiver !== undefined && (receiver.expiresAtMs === undefined || receiver.expiresAtMs > clock.nowMs()) && (receiver.incomingAmount === undefined || receiver.incomingAmount > receiver.receivedAmount)
    if (receiver === undefined || !open) throw new PaymentFault('receiver-invalid', 'invalid receiver')
    return receiver
  }

  /** Waits until nothing is being written any more. */
  idle(): Promise<void> {
    return this.#inserts.idle()
  }

  /** The fixed part is set in the wallet's own asset. */
  #feeIn(asset: Asset): FeePolicy {
    const { fee, asset: own, routing } = this.#options
    if (fee.fixed === 0n || sameAsset(asset, own)) return fee
    const rate = routing.rateOf(own, asset)
    if (rate === undefined) throw new PaymentFault('receiver-invalid', 'invalid receiver')
    return { ...fee, fixed: multiplyCeil(fee.fixed, rate) }
  }

  /** One to one within these books; over our own link by our own rates; otherwise the path is asked. A rate may lose `slippage` until it is paid. */
  async #wayTo(receiver: PayableReceiver, asset: Asset): Promise<RatedWay> {
    if (receiver.isOurs) return this.#ownWay(receiver.asset, asset)
    if (receiver.connection === undefined) throw new PaymentFault('receiver-invalid', 'invalid receiver')
    const { routing, ilpAddress, clock } = this.#options
    const { destination, sharedSecret } = receiver.connection
    try {
      const { link, linkRate } = await routing.to(destination, asset)
      const toLink = linkRate?.()
      const { rate } = await probe({ link, linkRate: toLink, destination, sharedSecret, sourceAddress: `${ilpAddress}.probe`, sourceAsset: asset, amount: probeUnits }, clock)
      if (rate.numerator < 1n) throw new PaymentFault('receiver-invalid', 'invalid receiver')
      // What a path takes of the same asset is a fee and no rate that moves; over a link of another one packets are rounded.
      if (toLink === undefined && sameAsset(receiver.asset, asset) && multiplyFloor(probeUnits, rate) === probeUnits) return oneToOne
      return this.#slipping(rate, toLink)
    } catch (error) {
      if (!isFault(error)) throw error
      throw new PaymentFault('receiver-invalid', 'invalid receiver', { cause: error })
    }
  }

  /** To a receiver of ours, over the link between our roles, which counts in the wallet's own asset. */
  #ownWay(to: Asset, from: Asset): RatedWay {
    const { routing, asset } = this.#options
    if (sameAsset(from, asset) && sameAsset(to, asset)) return oneToOne
    const [toLink, fromLink] = [rateBetween(from, asset, routing), rateBetween(asset, to, routing)]
    if (toLink === undefined || fromLink === undefined) throw new PaymentFault('receiver-invalid', 'invalid receiver')
    return this.#slipping({ numerator: toLink.numerator * fromLink.numerator, denominator: toLink.denominator * fromLink.denominator }, sameAsset(from, asset) ? undefined : toLink)
  }

  #slipping(rate: Ratio, toLink: Ratio | undefined): RatedWay {
    const { numerator, denominator } = this.#options.routing.slippage
    const least = { numerator: rate.numerator * (denominator - numerator), denominator: rate.denominator * denominator }
    return { rate, least, sourceUnit: toLink === undefined ? 1n : ceilDivide(toLink.denominator, toLink.numerator) }
  }
}

function rateBetween(from: Asset, to: Asset, { rateOf }: Routing): Ratio | undefined {
  return sameAsset(from, to) ? one : rateOf(from, to)
}
