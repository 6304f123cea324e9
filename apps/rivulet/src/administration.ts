/** The operator's administration put together: what other services know of a person, and what operators may change. */
import type { Accounts } from '@rivulet/accounts'
import type { AuditLog } from '@rivulet/audit'
import { fundingQueue, invoiceName, overseenRoutes, SubscriptionListStore } from '@rivulet/funding'
import type { Ledger } from '@rivulet/ledger'
import { adminRoutes, type AdminRoutesOptions, Corrections, CorrectionStore, type JobLog, type Operator, queueRoutes } from '@rivulet/operator'
import { type Mails, QueueStore } from '@rivulet/notify'
import { payoutQueue } from '@rivulet/payout'
import type { Postgres } from '@rivulet/postgres'
import type { Clock } from '@rivulet/time'
import { SwitchStore, WalletStore } from '@rivulet/wallet'
import type { Router } from 'express'
import type { FundingParts } from './plans.ts'
import type { PayoutParts } from './payouts.ts'

interface Parts {
  readonly postgres: Postgres
  readonly ledger: Ledger
  readonly accounts: Accounts
  readonly clock: Clock
  readonly log: { warn(about: object, message: string): void }
  readonly funding: FundingParts
  readonly payouts: PayoutParts
  readonly audit: AuditLog
  readonly jobs: JobLog
}

const shownMax = 50

export function openAdministration({ postgres, ledger, accounts, clock, log, funding, payouts, audit, jobs }: Parts, building: AsyncDisposableStack): Router {
  const corrections = building.use(new Corrections({ store: new CorrectionStore(postgres), ledger, clock, log, watch: jobs.watch('corrections'), eyes: () => accounts.operators().eyes() }))
  const wallet = new WalletStore(postgres)
  const about: AdminRoutesOptions['about'] = async ({ id }) => {
    const accountId = (await accounts.personById(id))?.walletAddress?.ledgerAccountId
    const [record, invoices, connections, paidOut] = await Promise.all([
      funding.funding.of(id),
      funding.invoices.ofPerson(id, shownMax),
      wallet.connectionsOf(id),
      accountId === undefined ? [] : payouts.store.list({ accountId, limit: shownMax }),
    ])
    const corrected = new Set(invoices.map(({ content }) => content.corrects))
    return {
      subscription: record === undefined ? null : { status: record.subscription.status, plan: record.subscription.plan.name, periodEndsMs: record.subscription.periodEndsMs },
      payments: invoices.map((invoice) => ({
        number: invoice.number, kind: invoice.kind, issuedMs: invoice.issuedMs, total: String(invoice.content.total), assetCode: invoice.content.asset.code, assetScale: invoice.content.asset.scale,
        refundable: invoice.kind === 'invoice' && !corrected.has(invoiceName(invoice)),
      })),
      connections: connections.length,
      payouts: paidOut.map(({ payout, createdMs }) => ({ id: payout.id, status: payout.status, amount: String(payout.amount), assetCode: payout.asset.code, assetScale: payout.asset.scale, createdMs })),
    }
  }
  return adminRoutes({ accounts, audit, corrections, streamSwitch: new SwitchStore(postgres), ledger, entrance: accounts.entrance('operator'), nowMs: () => clock.nowMs(), about })
}

/** Subscriptions as operators see them. */
export function openSubscriptions({ postgres, accounts, clock, funding, audit }: Pick<Parts, 'postgres' | 'accounts' | 'clock' | 'funding' | 'audit'>): Router {
  return overseenRoutes({ store: new SubscriptionListStore(postgres), funding: funding.funding, accounts, audit, entrance: accounts.entrance('operator'), nowMs: () => clock.nowMs() })
}

/** What waits to leave, and what is done in the background. */
export function openQueues({ postgres, accounts, clock, mails, funding, payouts, audit, operator }: Pick<Parts, 'postgres' | 'accounts' | 'clock' | 'funding' | 'payouts' | 'audit'> & { readonly mails: Mails; readonly operator: Operator }): Router {
  const store = new QueueStore(postgres)
  const nowMs = (): number => clock.nowMs()
  return queueRoutes({
    queues: async () => {
      const [mail, webhooks, payout, subscriptions] = await Promise.all([store.mails(nowMs()), store.webhooks(nowMs()), payoutQueue(postgres), fundingQueue(postgres)])
      return { mails: mail, webhooks, payouts: payout, subscriptions }
    },
    webhooks: store,
    jobs: () => operator.jobs(),
    // Each takes what is due under leases and keys of its own: it does nothing twice, in whatever process it runs.
    runs: { subscriptions: () => funding.funding.work(), payouts: () => payouts.payouts.work(), mails: () => mails.sendDue(), ...operator.again },
    accounts, entrance: accounts.entrance('operator'), audit, nowMs,
  })
}
