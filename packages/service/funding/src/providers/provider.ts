/** What funding needs of a payment service provider. */
import { Fault } from '@rivulet/faults'
import type { Asset } from '@rivulet/money'

/** `card-invalid`: what was given is no card of this provider. `provider-away`: nothing is known to have happened, ask again with the same key. `charge-disputed`: her bank has taken it back, so nothing is given back of it. */
export class ProviderFault extends Fault<'card-invalid' | 'provider-away' | 'webhook-invalid' | 'charge-disputed'> {}

/** A card as the provider keeps it for us: its own name for it, and what a person recognises it by. */
export interface Card {
  readonly reference: string
  readonly brand: string
  readonly lastFour: string
}

export interface ChargeRequest {
  /** Idempotency key: asked twice, charged once, answered the same, however much later. */
  readonly key: string
  /** How long ago it may have been asked for first. */
  readonly askedAgoMs: number
  readonly card: Card
  readonly amount: bigint
  readonly asset: Asset
  /** Whether she is there to confirm; renewals come without her. */
  readonly present: boolean
}

export type ChargeOutcome =
  | { readonly status: 'succeeded'; readonly reference: string }
  /** `final`: no later try with this card will do. */
  | { readonly status: 'failed'; readonly reference: string; readonly final: boolean; readonly reason: string }
  /** She must confirm it at the provider; the outcome is reported later. */
  | { readonly status: 'authentication'; readonly reference: string }

export interface PaymentProvider {
  /** Of the ledger account `psp[name]`. */
  readonly name: string
  /** Throws `provider-away`. */
  charge(request: ChargeRequest): Promise<ChargeOutcome>
  /** Closes a charge that waits for her, so that it cannot be paid any more. Answers what became of it: she may have confirmed it meanwhile. Throws `provider-away`. */
  abandon(reference: string): Promise<'succeeded' | 'failed'>
  /** Gives a charge back whole; asked twice, given back once. Throws `provider-away`, `charge-disputed`. @param reference what the provider calls the charge */
  refund(reference: string): Promise<void>
  /** Of a provider that nobody hears from otherwise: what has happened to charges since, the oldest first. Each is told until `told`. */
  readonly news?: {
    due(nowMs: number): Promise<readonly News[]>
    told(news: News, nowMs: number): Promise<void>
  }
}

/** `won`: how many disputes of the charge were won back so far; `disputed`: whether another one stands. */
export interface DisputeState {
  readonly disputed: boolean
  readonly won: number
  /** What the provider's own books say of the charge, where they can be asked, units: what it holds back for disputes, has given back otherwise, and takes for disputes; by so many entries about disputes, fewer of which are old news. */
  readonly books?: { readonly taken: bigint; readonly refunded: bigint; readonly cost: bigint; readonly entries: number }
}

interface News extends DisputeState {
  readonly reference: string
}
