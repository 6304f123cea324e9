/** Payouts to any wallet address: an outgoing payment of ours, out of the clearing account, under an id made of the payout's. */
import type { WalletAddress } from '@rivulet/accounts'
import { isFault } from '@rivulet/faults'
import type { Id } from '@rivulet/ids'
import type { Ledger } from '@rivulet/ledger'
import type { Paying } from '@rivulet/open-payments'
import type { Resolver } from '@rivulet/resolver'
import { netOf, type Payout } from '../payout.ts'
import { clearingName } from '../payouts.ts'
import { RailRefusal, type SendingRail } from './rail.ts'

export interface InterledgerRailOptions {
  readonly payments: Paying['payments']
  readonly resolver: Pick<Resolver, 'resolve'>
  /** In whose name an account is paid out of; undefined when they are gone. */
  readonly payerOf: (accountId: Id<'acct'>) => Promise<Pick<WalletAddress, 'id' | 'url' | 'asset'> | undefined>
  readonly ledger: Pick<Ledger, 'accountByName'>
  /** Who asks, for the payments' records: the wallet address of this installation. */
  readonly client: string
}

const digits = '0123456789abcdefghjkmnpqrstvwxyz'
/** What the resolver says of a pointer that stays so. Anything else may be better tomorrow. */
const final = ['pointer-not-found', 'answer-not-spsp', 'answer-invalid', 'grant-refused', 'payment-refused', 'pointer-invalid', 'not-https', 'url-invalid', 'address-forbidden']
/** Of a payment that was refused before anything of it was held. */
const refused = ['receiver-invalid', 'amount-too-small', 'amount-invalid']

export function interledgerRail({ payments, resolver, payerOf, ledger, client }: InterledgerRailOptions): SendingRail {
  return {
    name: 'interledger',
    async prepare(_payout, destination) {
      if (destination.rail !== 'interledger') throw new RailRefusal('this payout does not go to a wallet address')
      try {
        const { incomingPayment } = await resolver.resolve(destination.walletAddress)
        if (incomingPayment !== undefined) return incomingPayment
      } catch (error) {
        if (isFault(error) && final.includes(error.code)) throw new RailRefusal(`${destination.walletAddress} cannot be paid: ${error.message}`, error)
        throw error
      }
      throw new RailRefusal(`${destination.walletAddress} takes streams only: payouts need a wallet address of Open Payments`)
    },
    async send({ payout, reference }) {
      const id = outgoingIdOf(payout)
      if ((await payments.get(id)) !== undefined) return
      const [address, clearing] = await Promise.all([payerOf(payout.accountId), ledger.accountByName(clearingName('interledger'))])
      if (address === undefined || clearing === undefined) throw new RailRefusal('the account of this payout is gone')
      try {
        const held = await payments.create({
          id, walletAddress: { id: address.id, url: address.url, asset: address.asset, ledgerAccountId: clearing.id }, client, grantId: `grnt_${id.slice('outp_'.length)}`, intervalStartMs: 0,
          limits: { debit: undefined, receive: undefined }, receiverOnly: undefined, from: { incomingPayment: reference, debitAmount: { value: netOf(payout), asset: payout.asset } },
          // Our fee is that of the payout.
          fee: { fixed: 0n, basisPoints: 0n }, metadata: { payout: payout.id },
        })
        held.start()
      } catch (error) {
        if (isFault(error) && refused.includes(error.code)) throw new RailRefusal('the wallet that was asked does not take this payment any more', error)
        throw error
      }
    },
    async check({ payout }) {
      const payment = await payments.get(outgoingIdOf(payout))
      if (payment === undefined || payment.state === 'sending') return { status: 'waiting' }
      if (payment.state === 'completed') return { status: 'settled', carried: payment.sent }
      return { status: 'failed', reason: payment.failure ?? 'the payment did not arrive', carried: payment.sent }
    },
  }
}

/** The id of the outgoing payment of this attempt: whoever looks finds the same. */
function outgoingIdOf({ id, attempt }: Pick<Payout, 'id' | 'attempt'>): Id<'outp'> {
  return `outp_${id.slice('pout_'.length, -2)}${digits.charAt(Math.floor(attempt / 32) % 32)}${digits.charAt(attempt % 32)}`
}
