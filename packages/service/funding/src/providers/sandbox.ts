/** The provider of the sandbox: no money, but cards that do what real cards do. */
import { type Card, type ChargeOutcome, type ChargeRequest, type PaymentProvider, ProviderFault } from './provider.ts'
import type { SandboxStore } from './sandbox-store.ts'

type Behaviour = 'succeeds' | 'declined' | 'stolen' | 'asks' | 'renewals-fail'

/** By number, without spaces. */
const behaviours: Readonly<Record<string, Behaviour>> = {
  '4242424242424242': 'succeeds',
  '4000000000000002': 'declined',
  '4000000000009979': 'stolen',
  '4000002500003155': 'asks',
  '4000000000000341': 'renewals-fail',
}

export class SandboxProvider implements PaymentProvider {
  readonly name = 'sandbox'
  readonly #store: SandboxStore

  constructor(store: SandboxStore) {
    this.#store = store
  }

  /** Keeps a card by its number. Throws `card-invalid` for all but the five numbers of the sandbox. */
  card(number: string): Card {
    const digits = number.replaceAll(/[\s-]/g, '')
    const behaviour = Object.hasOwn(behaviours, digits) ? behaviours[digits] : undefined
    if (behaviour === undefined) throw new ProviderFault('card-invalid', 'the sandbox takes its own cards only, for instance 4242 4242 4242 4242')
    return { reference: behaviour, brand: 'Visa', lastFour: digits.slice(-4) }
  }

  async charge({ key, card, amount, present }: ChargeRequest): Promise<ChargeOutcome> {
    const wanted = statusOf(card.reference as Behaviour, present)
    const status = await this.#store.remember({ key, card: card.reference, amount, status: wanted })
    const reference = `sandbox:${key}`
    switch (status) {
      case 'succeeded':
      case 'refunded':
        return { status: 'succeeded', reference }
      case 'authentication':
        return { status, reference }
      default:
        return { status: 'failed', reference, final: status === 'stolen', reason: status }
    }
  }

  async refund(reference: string): Promise<void> {
    await this.#store.refund(reference.replace(/^sandbox:/, ''))
  }

  async abandon(reference: string): Promise<'succeeded' | 'failed'> {
    return (await this.#store.abandon(reference.replace(/^sandbox:/, ''))) === 'abandoned' ? 'failed' : 'succeeded'
  }

  /** She confirms a charge that asked for it; once. */
  confirm(reference: string): Promise<boolean> {
    return this.#store.confirm(reference.replace(/^sandbox:/, ''))
  }
}

function statusOf(behaviour: Behaviour, present: boolean): string {
  switch (behaviour) {
    case 'succeeds':
      return 'succeeded'
    case 'asks':
      return present ? 'authentication' : 'succeeded'
    case 'renewals-fail':
      return present ? 'succeeded' : 'declined'
    case 'declined':
    case 'stolen':
      return behaviour
  }
}
