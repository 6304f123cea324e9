/** Stripe as a provider: PaymentIntents on saved cards. What a webhook says is never booked: it only makes us ask Stripe what is true, so order and repetition of webhooks change nothing. */
import { Fault } from '@rivulet/faults'
import type { Asset } from '@rivulet/money'
import { Stripe } from 'stripe'
import { type Card, type ChargeOutcome, type ChargeRequest, type DisputeState, type PaymentProvider, ProviderFault } from './provider.ts'

export interface StripeOptions {
  readonly secretKey: string
  /** Signs the webhooks of our endpoint. */
  readonly webhookSecret: string
  /** Where she comes back to from Stripe's pages. */
  readonly returnUrl: string
  /** Instead of Stripe's own, for tests. */
  readonly apiUrl?: string | undefined
}

/** What is true about a charge at Stripe. */
export interface StripeState {
  readonly status: 'succeeded' | 'failed' | 'refunded' | 'pending'
  /** Units that were given back so far, whoever asked Stripe for it. */
  readonly refunded: bigint
  /** Units that Stripe kept, once it says so. */
  readonly fee: bigint | undefined
  /** Once it was disputed: how that stands. */
  readonly dispute: DisputeState | undefined
  readonly paid: { readonly amount: bigint; readonly currency: string }
}

class StripeAmountFault extends Fault<'amount-not-chargeable'> {}

const timeoutMs = 20_000
const webhookAgeSecondsMax = 300
/** Less than the day for which Stripe knows an idempotency key. */
const keysKnownMs = 20 * 3_600_000
/** Of one charge; banks allow one, and some a second. */
const disputesMax = 20
/** No later try with these will do (https://docs.stripe.com/declines/codes). */
const finalDeclines = new Set(['stolen_card', 'lost_card', 'pickup_card', 'restricted_card', 'revocation_of_authorization', 'revocation_of_all_authorizations', 'stop_payment_order'])

/** What asking again will not change: an amount that no card pays, and a card or customer that is not there any more (https://docs.stripe.com/error-codes). */
const refusedCodes = new Set(['amount_too_small', 'amount_too_large', 'resource_missing', 'payment_method_unexpected_state'])

/** As people know them, by Stripe's names. */
const brands: Readonly<Record<string, string>> = { visa: 'Visa', mastercard: 'Mastercard', amex: 'American Express', cartes_bancaires: 'Cartes Bancaires', diners: 'Diners Club', discover: 'Discover', jcb: 'JCB', unionpay: 'UnionPay' }

export class StripeProvider implements PaymentProvider {
  readonly name = 'stripe'
  readonly #stripe: Stripe
  readonly #options: StripeOptions

  constructor(options: StripeOptions) {
    const url = options.apiUrl === undefined ? undefined : new URL(options.apiUrl)
    this.#options = options
    this.#stripe = new Stripe(options.secretKey, {
      telemetry: false, timeout: timeoutMs, maxNetworkRetries: 1,
      ...(url !== undefined && { protocol: url.protocol === 'http:' ? 'http' : 'https', host: url.hostname, port: Number(url.port) }),
    })
  }

  /** Stripe's page where she enters a card, which is saved for charges without her. @param personId comes back with the card @param planId what she chose, if she did: it comes back in the address */
  async cardPage(personId: string, asset: Asset, planId?: string): Promise<string> {
    const session = await this.#ask(() =>
      this.#stripe.checkout.sessions.create({
        mode: 'setup', customer_creation: 'always', currency: asset.code.toLowerCase(), client_reference_id: personId, success_url: `${this.#options.returnUrl}?card={CHECKOUT_SESSION_ID}${planId === undefined ? '' : `&plan=${planId}`}`, cancel_url: this.#options.returnUrl,
      }))
    if (session.url === null) throw new ProviderFault('provider-away', 'Stripe gave no page for the card: try again')
    return session.url
  }

  /** The card that she entered there. Throws `card-invalid` for a page of somebody else, or one that is not done. */
  async card(sessionId: string, personId: string): Promise<Card> {
    if (!/^cs_[A-Za-z0-9_]{1,200}$/.test(sessionId)) throw notHers()
    const session = await this.#ask(() => this.#stripe.checkout.sessions.retrieve(sessionId, { expand: ['setup_intent.payment_method'] }))
    const intent = session.setup_intent
    const method = typeof intent === 'object' ? intent?.payment_method : undefined
    const customer = typeof session.customer === 'string' ? session.customer : session.customer?.id
    if (session.client_reference_id !== personId || session.status !== 'complete' || typeof method !== 'object' || method?.card === undefined || method.card === null || customer === undefined) throw notHers()
    return { reference: `${customer}/${method.id}`, brand: brands[method.card.brand] ?? method.card.brand, lastFour: method.card.last4 }
  }

  async charge({ key, card, amount, asset, present, askedAgoMs }: ChargeRequest): Promise<ChargeOutcome> {
    const [customer = '', method = ''] = card.reference.split('/')
    const params: Stripe.PaymentIntentCreateParams = {
      amount: toMinor(amount, asset), currency: asset.code.toLowerCase(), customer, payment_method: method, allowed_payment_method_types: ['card'], confirm: true, metadata: { rivulet_charge: key },
      // With her there Stripe may send her to her bank and back; without her such a card fails, and she is told.
      ...(present ? { return_url: this.#options.returnUrl } : { off_session: true }),
    }
    try {
      const before = await this.#madeBefore(key, askedAgoMs)
      return outcomeOf(before ?? (await this.#stripe.paymentIntents.create(params, { idempotencyKey: key })))
    } catch (error) {
      if (error instanceof Stripe.errors.StripeInvalidRequestError && refusedCodes.has(error.code ?? '')) return { status: 'failed', reference: key, final: false, reason: error.code ?? 'refused' }
      if (!(error instanceof Stripe.errors.StripeCardError)) throw away(error)
      const reference = error.payment_intent?.id ?? key
      // Her bank wants to ask her, and she is not there: it waits for her as one that she was there for.
      if (error.code === 'authentication_required' || error.decline_code === 'authentication_required') return { status: 'authentication', reference }
      return { status: 'failed', reference, final: finalDeclines.has(error.decline_code ?? ''), reason: error.decline_code ?? error.code ?? 'declined' }
    }
  }

  /**
   * Stripe forgets idempotency keys after a day at the earliest (https://docs.stripe.com/api/idempotent_requests): from then on a search by what we call it tells whether this charge was asked for already, by a process that
   * died before it wrote the answer, whichever card she had then. What a search finds may be a minute old (https://docs.stripe.com/search#data-freshness): whatever is younger, the key still holds.
   */
  async #madeBefore(key: string, askedAgoMs: number): Promise<Stripe.PaymentIntent | undefined> {
    if (askedAgoMs < keysKnownMs) return undefined
    const { data } = await this.#stripe.paymentIntents.search({ query: `metadata["rivulet_charge"]:"${key}"` })
    return data.find(({ status }) => status === 'succeeded') ?? data[0]
  }

  /** Stripe's or her bank's page where she confirms a charge; undefined when none waits for her. */
  async confirmationUrl(reference: string): Promise<string | undefined> {
    const intent = await this.#ask(() => this.#stripe.paymentIntents.retrieve(reference))
    const { status, next_action } = waitsWithoutHer(intent) ? await this.#ask(() => this.#stripe.paymentIntents.confirm(reference, { payment_method: intent.last_payment_error?.payment_method?.id ?? '', return_url: this.#options.returnUrl, off_session: false })) : intent
    return status === 'requires_action' ? (next_action?.redirect_to_url?.url ?? undefined) : undefined
  }

  async abandon(reference: string): Promise<'succeeded' | 'failed'> {
    try {
      await this.#stripe.paymentIntents.cancel(reference)
    } catch (error) {
      const { status } = await this.#ask(() => this.#stripe.paymentIntents.retrieve(reference))
      if (status !== 'succeeded' && status !== 'canceled') throw away(error)
      return status === 'succeeded' ? 'succeeded' : 'failed'
    }
    return 'failed'
  }

  async refund(reference: string): Promise<void> {
    try {
      await this.#stripe.refunds.create({ payment_intent: reference }, { idempotencyKey: `refund/${reference}` })
    } catch (error) {
      const code = error instanceof Stripe.errors.StripeError ? error.code : undefined
      // Somebody gave it back in Stripe's dashboard.
      if (code === 'charge_already_refunded') return
      throw code === 'charge_disputed' ? new ProviderFault('charge-disputed', 'Stripe says that this payment is disputed: it can be given back only once the dispute is won', { cause: error }) : away(error)
    }
  }

  /** The key under which we asked for what Stripe calls so, and whether it was paid; undefined for what is not ours. */
  async askedFor(reference: string): Promise<{ readonly key: string; readonly paid: boolean } | undefined> {
    try {
      const { metadata, amount_received: received } = await this.#stripe.paymentIntents.retrieve(reference)
      const key = metadata['rivulet_charge']
      return key === undefined ? undefined : { key, paid: received > 0 }
    } catch (error) {
      if (error instanceof Stripe.errors.StripeError && error.code === 'resource_missing') return undefined
      throw away(error)
    }
  }

  /** What is true now. A charge that failed while she was there is closed at Stripe, so that it cannot be paid behind our back. */
  async stateOf(reference: string, asset: Asset): Promise<StripeState> {
    const intent = await this.#ask(() => this.#stripe.paymentIntents.retrieve(reference, { expand: ['latest_charge.balance_transaction'] }))
    const charge = typeof intent.latest_charge === 'object' ? intent.latest_charge : null
    const balance = typeof charge?.balance_transaction === 'object' ? charge.balance_transaction : null
    const fee = balance !== null && balance.currency.toUpperCase() === asset.code ? fromMinor(balance.fee, asset) : undefined
    const paid = { amount: fromMinor(intent.amount_received, asset), currency: intent.currency.toUpperCase() }
    if (waitsWithoutHer(intent)) return { fee, paid, dispute: undefined, refunded: 0n, status: 'pending' }
    if (intent.status === 'requires_payment_method') await this.#ask(() => this.#stripe.paymentIntents.cancel(reference))
    const refunded = fromMinor(charge?.amount_refunded ?? 0, asset)
    const dispute = charge?.disputed === true ? disputeOf((await this.#ask(() => this.#stripe.disputes.list({ payment_intent: reference, limit: disputesMax }))).data, { asset, refunded }) : undefined
    return { fee, paid, dispute, refunded, status: statusOf(intent.status, charge) }
  }

  /** The charge that a webhook is about; undefined when it is about none. Throws `webhook-invalid` for one that is forged, older than five minutes, or of another account or mode. */
  referenceOf(body: Buffer, signature: string, nowMs: number): string | undefined {
    const event = this.#verified(body, signature, nowMs)
    if (event.account !== undefined) throw new ProviderFault('webhook-invalid', 'this webhook is of another account')
    if (event.livemode !== this.#options.secretKey.startsWith('sk_live_')) throw new ProviderFault('webhook-invalid', 'this webhook is of another mode than the key: one of them is live, the other is for tests')
    const about = event.data.object as { readonly object?: string; readonly id?: string; readonly payment_intent?: string | { readonly id: string } | null }
    const intent = about.object === 'payment_intent' ? about.id : typeof about.payment_intent === 'object' ? about.payment_intent?.id : about.payment_intent
    return intent ?? undefined
  }

  #verified(body: Buffer, signature: string, nowMs: number): Stripe.Event {
    try {
      return this.#stripe.webhooks.constructEvent(body, signature, this.#options.webhookSecret, webhookAgeSecondsMax, undefined, nowMs)
    } catch (error) {
      throw new ProviderFault('webhook-invalid', 'this webhook is not signed by Stripe for this endpoint, or is too old', { cause: error })
    }
  }

  async #ask<Answer>(question: () => Promise<Answer>): Promise<Answer> {
    try {
      return await question()
    } catch (error) {
      throw away(error)
    }
  }
}

/** What a payment that was asked for, now or earlier, has come to. */
function outcomeOf(intent: Stripe.PaymentIntent): ChargeOutcome {
  const { id: reference, status, last_payment_error: error } = intent
  if (status === 'succeeded') return { status: 'succeeded', reference }
  if (status === 'requires_action' || status === 'processing' || waitsWithoutHer(intent)) return { status: 'authentication', reference }
  return { status: 'failed', reference, final: finalDeclines.has(error?.decline_code ?? ''), reason: error?.decline_code ?? error?.code ?? status }
}

/** Whether it was refused only because her bank wants to ask her, who was not there. */
function waitsWithoutHer({ status, last_payment_error: error }: Stripe.PaymentIntent): boolean {
  return status === 'requires_payment_method' && (error?.code === 'authentication_required' || error?.decline_code === 'authentication_required')
}

function statusOf(status: Stripe.PaymentIntent.Status, charge: Stripe.Charge | null): StripeState['status'] {
  if (status === 'succeeded') return charge?.refunded === true ? 'refunded' : 'succeeded'
  return status === 'canceled' || status === 'requires_payment_method' ? 'failed' : 'pending'
}

/**
 * Stripe's own entries say what a dispute took and what came back of it: a bank may take a payment that was given back already, less than the payment, or return a part of what it took; inquiries take nothing
 * (https://docs.stripe.com/disputes/how-disputes-work). So a dispute stands while its entries show money that is gone, and is won when that is back.
 */
function disputeOf(disputes: readonly Stripe.Dispute[], { asset, refunded }: { readonly asset: Asset; readonly refunded: bigint }): DisputeState {
  const entries = disputes.flatMap(({ balance_transactions: found }) => found).filter(({ currency }) => currency.toUpperCase() === asset.code)
  const taken = disputes.map((dispute) => takenBy(dispute, asset))
  const all = taken.reduce((sum, amount) => sum + amount, 0n)
  return {
    won: disputes.filter(({ status }, index) => status === 'won' && taken[index] === 0n).length,
    disputed: all > 0n,
    books: { taken: all, refunded, cost: entries.reduce((sum, { fee }) => sum + fromMinor(fee, asset), 0n), entries: disputes.reduce((sum, { balance_transactions: found }) => sum + found.length, 0) },
  }
}

/** Entries in another currency, of an account that Stripe keeps in that, tell only that there are some: then its status tells whether the disputed amount is gone. */
function takenBy({ amount, status, balance_transactions: entries }: Stripe.Dispute, asset: Asset): bigint {
  if (entries.every(({ currency }) => currency.toUpperCase() === asset.code)) return -entries.reduce((sum, entry) => sum + fromMinor(entry.amount, asset), 0n)
  return status === 'won' ? 0n : fromMinor(amount, asset)
}

/** Decimals of the smallest unit in which Stripe counts a currency. */
function minorDigits({ code }: Asset): number {
  return new Intl.NumberFormat('en', { style: 'currency', currency: code }).resolvedOptions().maximumFractionDigits ?? 2
}

/** Throws `amount-not-chargeable` for what is no whole number of the smallest unit: nothing is rounded behind her back. */
function toMinor(amount: bigint, asset: Asset): number {
  const unit = 10n ** BigInt(Math.max(0, asset.scale - minorDigits(asset)))
  const minor = amount / unit
  if (minor * unit !== amount || minor <= 0n || minor > 99_999_999n) throw new StripeAmountFault('amount-not-chargeable', `${amount} units of ${asset.code} at scale ${asset.scale} cannot be charged to a card`)
  return Number(minor)
}

function fromMinor(minor: number, asset: Asset): bigint {
  return BigInt(minor) * 10n ** BigInt(Math.max(0, asset.scale - minorDigits(asset)))
}

function notHers(): ProviderFault {
  return new ProviderFault('card-invalid', 'this is no card that you have entered: enter it again')
}

/** Stripe's own words stay here: they may name keys and accounts. */
function away(error: unknown): ProviderFault {
  const code = error instanceof Stripe.errors.StripeError ? (error.code ?? error.type) : 'unreachable'
  return new ProviderFault('provider-away', `Stripe did not do it: ${code}`, { cause: error })
}
