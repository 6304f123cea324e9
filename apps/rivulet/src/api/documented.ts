/** What the doors serve, as the services say it themselves: the routes of each door in sections, and who may use them. */
import { authApi, operatorsApi, privacyApi, signInsApi } from '@rivulet/accounts'
import { activityApi, economicsApi, fundingApi, invoiceApi, overseenApi, refundApi, stripeApi } from '@rivulet/funding'
import { mailboxApi, webhookApi } from '@rivulet/notify'
import { addressesApi, authServerApi, consentApi, incomingPaymentApi, payingApi, tipApi, walletAddressApi } from '@rivulet/open-payments'
import { adminApi, explorerApi, operatorApi, queueApi, settingsApi } from '@rivulet/operator'
import { operatorPayoutApi, publisherPayoutApi, stripePayoutApi } from '@rivulet/payout'
import { ilpApi, peerApi } from '@rivulet/peering'
import { apiKeyApi, earningsApi, paymentApi, receiverApi, revenueApi, siteApi, splitApi, startApi, statementApi, tagTestApi } from '@rivulet/receiver'
import { walletApi } from '@rivulet/wallet'
import type { z } from 'zod'
import type { RoleName } from '../config.ts'

/** One route. Who may use it is signed in at the door, unless it says otherwise. */
export interface Described {
  readonly summary: string
  /** Of a JSON body, as the route checks it. */
  readonly body?: z.ZodType
  readonly query?: z.ZodType
  /** Media type of the body, where it is not JSON. */
  readonly takes?: string
  /** Of a JSON answer. */
  readonly answer?: z.ZodType
  /** Media type of the answer, where it is not JSON. */
  readonly type?: string
  /** Nobody has to be signed in. */
  readonly open?: boolean
  /** A signature or token stands for a session. */
  readonly signed?: boolean
  /** An API key with this scope reads it too. */
  readonly scope?: string
}

/** Routes by method and path, as they are mounted: `GET /api/tips/:id`. */
export type Section = Readonly<Record<string, Described>>

const health: Section = {
  'GET /healthz': { summary: 'Whether the process runs.', open: true },
  'GET /readyz': { summary: 'Whether it can do its work.', open: true },
  'GET /api/openapi.json': { summary: 'This document.', open: true },
}
const pages: Section = {
  'GET /monetize.js': { summary: 'The page script.', open: true, type: 'text/javascript' },
  'GET /agent': { summary: 'The page of the agent, which the page script frames.', open: true, type: 'text/html' },
  'GET /agent/agent.js': { summary: 'Its script.', open: true, type: 'text/javascript' },
}
const openPayments = { ...walletAddressApi, ...authServerApi, ...incomingPaymentApi }

export const documented: Readonly<Record<RoleName, Readonly<Record<string, Section>>>> = {
  wallet: {
    Wallet: walletApi, Activity: activityApi, Subscription: { ...fundingApi, ...invoiceApi, ...stripeApi }, Tips: tipApi, Applications: consentApi, 'Addresses and keys': addressesApi, Privacy: privacyApi,
    'Signing in': { ...authApi, ...signInsApi }, 'Open Payments': { ...openPayments, ...payingApi }, 'Page script': pages, Health: health,
  },
  receiver: {
    Income: { ...receiverApi, ...earningsApi, ...revenueApi, ...statementApi, ...paymentApi }, 'Get started': { ...startApi, ...tagTestApi }, Sites: siteApi, 'Pointers and shares': { ...splitApi, ...addressesApi },
    Payouts: { ...publisherPayoutApi, ...stripePayoutApi }, Webhooks: webhookApi, 'API keys': apiKeyApi, Applications: consentApi, 'Signing in': { ...authApi, ...signInsApi }, 'Open Payments': openPayments, Interledger: ilpApi, Health: health,
  },
  operator: {
    Overview: operatorApi, Ledger: explorerApi, Payouts: operatorPayoutApi, Peers: peerApi, People: adminApi, Subscriptions: { ...overseenApi, ...refundApi }, 'Queues and jobs': queueApi, Operators: operatorsApi, Settings: settingsApi, Economics: economicsApi, Mailbox: mailboxApi, 'Signing in': { ...authApi, ...signInsApi }, Health: health,
  },
}
