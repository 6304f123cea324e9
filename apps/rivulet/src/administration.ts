/** The operator's administration put together: what other services know of a person, and what operators may change. */
import type { Accounts } from '@rivulet/accounts'
import type { AuditLog } from '@rivulet/audit'
import { invoiceName } from '@rivulet/funding'
import type { Ledger } from '@rivulet/ledger'
import { adminRoutes, type AdminRoutesOptions, Corrections, CorrectionStore } from '@rivulet/operator'
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
}

const shownMax = 50

export function openAdministration({ postgres, ledger, accounts, clock, log, funding, payouts, audit }: Parts, building: AsyncDisposableStack): Router {
  const corrections = building.use(new Corrections({ store: new CorrectionStore(postgres), ledger, clock, log }))
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
