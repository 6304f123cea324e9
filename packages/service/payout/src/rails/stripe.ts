/** Payouts to a publisher's own account at Stripe. The money is hers there as soon as the transfer stands; how Stripe pays it on to her bank is between the two, and a reversal brings it back. */
import type { Payout } from '../payout.ts'
import { netOf } from '../payout.ts'
import { type SendingRail, RailRefusal } from './rail.ts'
import type { StripeConnect } from './stripe-connect.ts'

export const takenBack = 'the transfer was taken back at Stripe'

export function stripeRail(stripe: Pick<StripeConnect, 'stateOf' | 'transfer' | 'transferOf'>): SendingRail {
  return {
    name: 'stripe',
    async prepare(payout, destination) {
      if (destination.rail !== 'stripe') throw new RailRefusal('this payout does not go to Stripe')
      const { ready } = await stripe.stateOf(destination.account)
      if (!ready) throw new RailRefusal('Stripe does not let this account take transfers yet: finish what Stripe asks for, then try again')
      return groupOf(payout)
    },
    async send({ payout, destination, reference }) {
      if (destination.rail !== 'stripe') throw new RailRefusal('this payout does not go to Stripe')
      await stripe.transfer({ group: reference, account: destination.account, amount: netOf(payout), asset: payout.asset, metadata: { payout: payout.id, attempt: String(payout.attempt) } })
    },
    async check({ payout, reference }) {
      const transfer = await stripe.transferOf(reference, payout.asset)
      if (transfer === undefined) return { status: 'waiting' }
      return transfer.reversed > 0n && transfer.reversed === transfer.amount ? { status: 'returned', reason: takenBack } : { status: 'settled', carried: 0n }
    },
  }
}

/** The transfer group of this attempt, by which its transfer is found again. */
function groupOf({ id, attempt }: Pick<Payout, 'id' | 'attempt'>): string {
  return `${id}/${attempt}`
}

/** The payout and attempt that a group is of; undefined for a transfer of another use of the same Stripe account. */
export function attemptOf(group: string): { readonly id: string; readonly attempt: number } | undefined {
  const [, id, attempt] = /^(pout_[0-9a-z]{1,40})\/([0-9]{1,6})$/.exec(group) ?? []
  return id === undefined ? undefined : { id, attempt: Number(attempt) }
}
