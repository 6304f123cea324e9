/** The provider of the sandbox: no money, but cards that do what real cards do. */
import type { Clock } from '@rivulet/time'
import { type Card, type ChargeOutcome, type ChargeRequest, type PaymentProvider, ProviderFault } from './provider.ts'
import type { SandboxStore } from './sandbox-store.ts'

type Behaviour = 'succeeds' | 'declined' | 'stolen' | 'asks' | 'renewals-fail' | 'disputed' | 'dispute-won'

/** By number, without spaces. */
const behaviours: Readonly<Record<string, Behaviour>> = {
  '4242424242424242': 'succeeds',
  '4000000000000002': 'declined',
  '4000000000009979': 'stolen',
  '4000002500003155': 'asks',
  '4000000000000341': 'renewals-fail',
  '4000000000000259': 'disputed',
  '4000000000001976': 'dispute-won',
}

const dayMs = 86_400_000
/** A charge is disputed so long after it was paid, and won back so long after that. */
const disputedAfterMs = 3 * dayMs
const wonAfterMs = 7 * dayMs

export class SandboxProvider implements PaymentProvider {
  readonly name = 'sandbox'
  readonly #store: SandboxStore
  readonly #clock: Pick<Clock, 'nowMs'>

  constructor(store: SandboxStore, clock: Pick<Clock, 'nowMs'>) {
    this.#store = store
    this.#clock = clock
  }

  /** Keeps a card by its number. Throws `card-invalid` for all but the numbers of the sandbox. */
  card(number: string): Card {
    const digits = number.replaceAll(/[\s-]/g, '')
    const behaviour = Object.hasOwn(behaviours, digits) ? behaviours[digits] : undefined
    if (behaviour === undefined) throw new ProviderFault('card-invalid', 'the sandbox takes its own cards only, for instance 4242 4242 4242 4242')
    return { reference: behaviour, brand: 'Visa', lastFour: digits.slice(-4) }
  }

  async charge({ key, card, amount, present }: ChargeRequest): Promise<ChargeOutcome> {
    const wanted = statusOf(card.reference as Behaviour, present)
    const disputable = card.reference === 'disputed' || card.reference === 'dispute-won'
    const status = await this.#store.remember({ key, card: card.reference, amount, status: wanted, newsMs: disputable ? this.#clock.nowMs() + disputedAfterMs : undefined })
    const reference = `sandbox:${key}`
    switch (status) {
      case 'succeeded':
      case 'refunded':
      case 'disputed':
      case 'dispute-won':
        return { status: 'succeeded', reference }
      case 'authentication':
        return { status, reference }
      default:
        return { status: 'failed', reference, final: status === 'stolen', reason: status }
    }
  }

  async refund(reference: string): Promise<void> {
    if (!(await this.#store.refund(reference.replace(/^sandbox:/, '')))) throw new ProviderFault('charge-disputed', 'this payment is disputed: it can be given back only once the dispute is won')
  }

  async abandon(reference: string): Promise<'succeeded' | 'failed'> {
    return (await this.#store.abandon(reference.replace(/^sandbox:/, ''))) === 'abandoned' ? 'failed' : 'succeeded'
  }

  readonly news: NonNullable<PaymentProvider['news']> = {
    due: async (nowMs) => (await this.#store.due(nowMs)).map(({ key, status }) => ({ reference: `sandbox:${key}`, disputed: status === 'succeeded', won: status === 'succeeded' ? 0 : 1 })),
    told: ({ reference, disputed }, nowMs) => this.#store.told(reference.replace(/^sandbox:/, ''), disputed ? { status: 'disputed', wonMs: nowMs + wonAfterMs } : { status: 'dispute-won', wonMs: undefined }),
  }

  /** She confirms a charge that asked for it; once. */
  confirm(reference: string): Promise<boolean> {
    return this.#store.confirm(reference.replace(/^sandbox:/, ''))
  }
}

function statusOf(behaviour: Behaviour, present: boolean): string {
  switch (behaviour) {
    case 'succeeds':
    case 'disputed':
    case 'dispute-won':
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
