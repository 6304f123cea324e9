/** Stripe Connect: publishers' accounts at Stripe, and transfers to them. What a webhook says is never booked: it only makes us ask Stripe what is true. */
import { type Asset, formatAmount } from '@rivulet/money'
import { Stripe } from 'stripe'
import { PayoutFault } from '../fault.ts'
import { RailRefusal } from './rail.ts'

export interface StripeConnectOptions {
  readonly secretKey: string
  /** Each signs the webhooks of one endpoint: that of our own account, that of the connected ones. */
  readonly webhookSecrets: readonly string[]
  /** Of the publishers' page of payouts: Stripe leads back to it. */
  readonly returnUrl: string
  /** Instead of Stripe's own, for tests. */
  readonly apiUrl?: string | undefined
}

/** What a publisher's account at Stripe can do. */
export interface ConnectedState {
  /** It takes transfers. */
  readonly ready: boolean
  /** Stripe asks its owner for more. */
  readonly due: boolean
  /** Why Stripe could not pay what arrived there on to a bank, in Stripe's word. */
  readonly bankRefused: string | undefined
}

export interface StripeTransfer {
  readonly id: string
  /** Named by us. */
  readonly group: string
  readonly account: string
  /** Units. */
  readonly amount: bigint
  readonly currency: string
  /** Units of it that were taken back. */
  readonly reversed: bigint
}

interface TransferRequest {
  readonly group: string
  readonly account: string
  /** Units; throws RailRefusal for parts of the currency's smallest unit. */
  readonly amount: bigint
  readonly asset: Asset
  readonly metadata: Readonly<Record<string, string>>
}

const timeoutMs = 20_000
const webhookAgeSecondsMax = 300
/** Stripe holds an idempotency key for at least a day; by then the transfer is found by its group. */
const finalCodes = ['account_invalid', 'insufficient_capabilities_for_transfer', 'transfers_not_allowed', 'resource_missing', 'amount_too_small', 'amount_too_large', 'invalid_currency']

export class StripeConnect {
  readonly #stripe: Stripe
  readonly #options: StripeConnectOptions

  constructor(options: StripeConnectOptions) {
    const url = options.apiUrl === undefined ? undefined : new URL(options.apiUrl)
    this.#options = options
    this.#stripe = new Stripe(options.secretKey, {
      telemetry: false, timeout: timeoutMs, maxNetworkRetries: 1,
      ...(url !== undefined && { protocol: url.protocol === 'http:' ? 'http' : 'https', host: url.hostname, port: Number(url.port) }),
    })
  }

  /** An account that only takes transfers; Stripe asks its owner for all that it must know. The same for the same person. */
  async openAccount(personId: string, email: string): Promise<string> {
    const account = await this.#ask(() =>
      this.#stripe.accounts.create(
        { email, capabilities: { transfers: { requested: true } }, controller: { fees: { payer: 'application' }, losses: { payments: 'application' }, stripe_dashboard: { type: 'express' } }, metadata: { rivulet_person: personId } },
        { idempotencyKey: `account/${personId}` },
      ))
    return account.id
  }

  /** Stripe's page where the owner enters who she is and where her bank is; works once, for some minutes. */
  async onboardingUrl(account: string): Promise<string> {
    const { returnUrl } = this.#options
    return (await this.#ask(() => this.#stripe.accountLinks.create({ account, type: 'account_onboarding', return_url: returnUrl, refresh_url: `${returnUrl}/stripe` }))).url
  }

  async stateOf(account: string): Promise<ConnectedState> {
    const [found, { data: [latest] }] = await Promise.all([
      this.#ask(() => this.#stripe.accounts.retrieve(account)),
      this.#ask(() => this.#stripe.payouts.list({ limit: 1 }, { stripeAccount: account })),
    ])
    return {
      ready: found.capabilities?.transfers === 'active', due: (found.requirements?.currently_due?.length ?? 0) > 0,
      bankRefused: latest?.status === 'failed' ? (latest.failure_code ?? 'failed') : undefined,
    }
  }

  /** Moves money once, however often it is asked for under the same group. Throws RailRefusal when Stripe refuses it for good: nothing has moved. */
  async transfer({ group, account, amount, asset, metadata }: TransferRequest): Promise<void> {
    if ((await this.transferOf(group, asset)) !== undefined) return
    try {
      await this.#stripe.transfers.create({ amount: toMinor(amount, asset), currency: asset.code.toLowerCase(), destination: account, transfer_group: group, metadata }, { idempotencyKey: group })
    } catch (error) {
      if (error instanceof Stripe.errors.StripeInvalidRequestError && finalCodes.includes(error.code ?? '')) throw new RailRefusal(`Stripe does not take this transfer: ${error.code ?? 'refused'}`, error)
      throw error instanceof RailRefusal ? error : away(error)
    }
  }

  async transferOf(group: string, asset: Asset): Promise<StripeTransfer | undefined> {
    const { data: [found] } = await this.#ask(() => this.#stripe.transfers.list({ transfer_group: group, limit: 1 }))
    return found && transferOf(found, asset)
  }

  async transferById(id: string, asset: Asset): Promise<StripeTransfer> {
    return transferOf(await this.#ask(() => this.#stripe.transfers.retrieve(id)), asset)
  }

  /** The transfer, or the connected account, that a webhook is about. Throws `webhook-invalid` for one that is forged, older than five minutes, or of another mode. */
  aboutOf(body: Buffer, signature: string, nowMs: number): { readonly transfer?: string; readonly account?: string } {
    const event = this.#verified(body, signature, nowMs)
    if (event.livemode !== this.#options.secretKey.startsWith('sk_live_')) throw new PayoutFault('webhook-invalid', 'this webhook is of another mode than the key: one of them is live, the other is for tests')
    const { object, id } = event.data.object as { readonly object?: string; readonly id?: string }
    if (event.account !== undefined) return { account: event.account }
    if (object === 'account' && id !== undefined) return { account: id }
    return object === 'transfer' && id !== undefined ? { transfer: id } : {}
  }

  #verified(body: Buffer, signature: string, nowMs: number): Stripe.Event {
    for (const secret of this.#options.webhookSecrets) {
      try {
        return this.#stripe.webhooks.constructEvent(body, signature, secret, webhookAgeSecondsMax, undefined, nowMs)
      } catch {
        // Of the other endpoint, or of nobody.
      }
    }
    throw new PayoutFault('webhook-invalid', 'this webhook is not signed by Stripe for these endpoints, or is too old')
  }

  async #ask<Answer>(question: () => Promise<Answer>): Promise<Answer> {
    try {
      return await question()
    } catch (error) {
      throw away(error)
    }
  }
}

function transferOf({ id, transfer_group: group, destination, amount, amount_reversed: reversed, currency }: Stripe.Transfer, asset: Asset): StripeTransfer {
  const unit = unitOf(asset)
  return {
    id, group: group ?? '', account: (typeof destination === 'string' ? destination : destination?.id) ?? '', amount: BigInt(amount) * unit, reversed: BigInt(reversed) * unit, currency: currency.toUpperCase(),
  }
}

/** Units of the smallest amount in which Stripe counts a currency (https://docs.stripe.com/currencies#zero-decimal). */
function unitOf({ code, scale }: Asset): bigint {
  const digits = new Intl.NumberFormat('en', { style: 'currency', currency: code }).resolvedOptions().maximumFractionDigits ?? 2
  return 10n ** BigInt(Math.max(0, scale - digits))
}

/** Beyond it a JSON number is not exact. */
const minorMax = BigInt(Number.MAX_SAFE_INTEGER)

function toMinor(amount: bigint, asset: Asset): number {
  const unit = unitOf(asset)
  if (amount <= 0n || amount % unit !== 0n) throw new RailRefusal(`Stripe carries no ${formatAmount(amount, asset)} ${asset.code}: it counts in ${formatAmount(unit, asset)}`)
  if (amount / unit > minorMax) throw new RailRefusal(`Stripe carries at most ${formatAmount(minorMax * unit, asset)} ${asset.code} at once: request less, several times`)
  return Number(amount / unit)
}

/** Stripe's own words stay here: they may name keys and accounts. */
function away(error: unknown): PayoutFault {
  const code = error instanceof Stripe.errors.StripeError ? (error.code ?? error.type) : 'unreachable'
  return new PayoutFault('provider-away', `Stripe did not do it: ${code}`, { cause: error })
}
