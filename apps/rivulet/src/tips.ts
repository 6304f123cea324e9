/** One-time payments by subscribers: to pointers of this installation through its own tables, to others as any wallet would. */
import type { Accounts } from '@rivulet/accounts'
import { type InstanceKey, type Paying, tipRoutes, Tips } from '@rivulet/open-payments'
import { guardedFetch } from '@rivulet/outbound'
import type { Postgres } from '@rivulet/postgres'
import type { IncomingPayments } from '@rivulet/receiver'
import { Resolver } from '@rivulet/resolver'
import type { Clock } from '@rivulet/time'
import type { Router } from 'express'
import type { Logger } from 'pino'
import type { Config } from './config.ts'

interface Parts {
  readonly config: Config
  readonly clock: Clock
  readonly log: Logger
  readonly postgres: Postgres
  readonly accounts: Accounts
  readonly instance: InstanceKey
  readonly incomingPayments: IncomingPayments
}

export function openTips({ config, clock, log, postgres, accounts, instance, incomingPayments }: Parts, { payments }: Pick<Paying, 'payments'>): Router {
  const { allowLocal } = config
  const { wallet, receiver } = config.publicUrls
  const resolver = new Resolver({ fetch: guardedFetch({ clock, allowLocal }), clock, asker: instance, allowLocal })
  const own = [wallet, receiver].map((url) => `${new URL(url).origin}/incoming-payments/`)
  const tips = new Tips({
    postgres, clock, log, payments, publicUrl: wallet,
    async incomingFor(pointer) {
      const walletAddress = await accounts.walletAddressByUrl(pointer)
      if (walletAddress === undefined) return (await resolver.resolve(pointer)).incomingPayment
      return (await incomingPayments.create({ walletAddress, client: wallet, metadata: { source: 'Tip' } })).payment.url
    },
    async receivedOf(incomingPayment) {
      const prefix = own.find((one) => incomingPayment.startsWith(one))
      return prefix === undefined ? undefined : (await incomingPayments.get(incomingPayment.slice(prefix.length)))?.receivedAmount
    },
  })
  return tipRoutes({ tips, entrance: accounts.entrance('subscriber'), clock, allowLocal })
}
