import { isFault } from '@rivulet/faults'
import { type Id, newId } from '@rivulet/ids'
import { type Asset, multiplyFloor, type Ratio } from '@rivulet/money'
import { Batches } from '@rivulet/postgres'
import type { Routing } from '@rivulet/peering'
import { probe } from '@rivulet/stream-sender'
import type { Clock } from '@rivulet/time'
import { amountJson, type AssetAmount, sameAsset } from '../amount.ts'
import { PaymentFault } from '../payment-fault.ts'
import type { FindReceiver, PayableReceiver } from '../receivers.ts'
import { debitMin, type FeePolicy, type Price, priceOfDelivery, priceOfSend } from './price.ts'
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
}

export interface QuotesOptions {
  readonly store: QuoteStore
  readonly clock: Clock
  readonly find: FindReceiver
  readonly routing: Routing
  /** What the wallet's people count in. */
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

const quoteLivesMs = 300_000
const quotesPerBatchMax = 200
const one: Ratio = { numerator: 1n, denominator: 1n }
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
    const { receiver, rate, least, ...price } = await this.price(request, 'quote')
    const createdMs = clock.nowMs()
    const { walletAddress, client } = request
    const quote: Quote = {
      ...price, id: newId('quot', createdMs), walletAddressId: walletAddress.id, walletAddress: walletAddress.url, client, receiver: receiver.url, asset: walletAddress.asset, receiveAsset: receiver.asset, rate, least,
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
    const { fee, asset } = this.#options
    const { walletAddress, debitAmount, receiveAmount } = request
    if (!sameAsset(walletAddress.asset, asset)) throw new PaymentFault('amount-invalid', `this wallet address counts in ${walletAddress.asset.code}, in which nothing is sent from here yet`)
    if (debitAmount !== undefined && (!sameAsset(debitAmount.asset, walletAddress.asset) || debitAmount.value < 1n)) throw new PaymentFault('amount-invalid', 'invalid amount')
    const receiver = await this.payable(request.receiver, purpose)
    if (receiveAmount !== undefined && (!sameAsset(receiveAmount.asset, receiver.asset) || receiveAmount.value < 1n)) throw new PaymentFault('amount-invalid', 'invalid amount')
    const { rate, least } = await this.#rateTo(receiver, walletAddress.asset)
    const left = receiver.incomingAmount === undefined ? undefined : receiver.incomingAmount - receiver.receivedAmount
    const wanted = receiveAmount?.value ?? left
    if (debitAmount === undefined && wanted === undefined) throw new PaymentFault('amount-invalid', 'invalid amount')
    const price = debitAmount === undefined ? priceOfDelivery(wanted ?? 0n, least, fee) : priceOfSend(debitAmount.value, least, fee)
    if (price === 'too-small') throw new PaymentFault('amount-too-small', 'non-positive receive amount', { minSendAmount: amountJson(debitMin(least, fee), walletAddress.asset) })
    if (price === 'too-large' || (left !== undefined && price.receive > left)) throw new PaymentFault('amount-invalid', 'invalid amount')
    return { ...price, receiver, rate, least }
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

  /** One to one within these books; otherwise the path is asked, and may lose `slippage` until it is paid. */
  async #rateTo(receiver: PayableReceiver, asset: Asset): Promise<{ readonly rate: Ratio; readonly least: Ratio }> {
    const { routing, ilpAddress, clock } = this.#options
    const { slippage } = routing
    if (receiver.isOurs && sameAsset(receiver.asset, asset)) return { rate: one, least: one }
    if (receiver.connection === undefined) throw new PaymentFault('receiver-invalid', 'invalid receiver')
    const { destination, sharedSecret } = receiver.connection
    try {
      const { link, linkRate } = await routing.to(destination, asset)
      const { rate } = await probe({ link, linkRate: linkRate?.(), destination, sharedSecret, sourceAddress: `${ilpAddress}.probe`, sourceAsset: asset, amount: probeUnits }, clock)
      if (rate.numerator < 1n) throw new PaymentFault('receiver-invalid', 'invalid receiver')
      // What a path takes of the same asset is a fee and no rate that moves.
      if (sameAsset(receiver.asset, asset) && multiplyFloor(probeUnits, rate) === probeUnits) return { rate: one, least: one }
      return { rate, least: { numerator: rate.numerator * (slippage.denominator - slippage.numerator), denominator: rate.denominator * slippage.denominator } }
    } catch (error) {
      if (!isFault(error)) throw error
      throw new PaymentFault('receiver-invalid', 'invalid receiver', { cause: error })
    }
  }
}
