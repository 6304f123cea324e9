/** What subscribers have beside wallet and plan: their activity. */
import type { Accounts } from '@rivulet/accounts'
import { activityRoutes, FundingStore } from '@rivulet/funding'
import type { Ledger } from '@rivulet/ledger'
import { TipStore } from '@rivulet/open-payments'
import type { Postgres } from '@rivulet/postgres'
import type { Clock } from '@rivulet/time'
import { WalletStore } from '@rivulet/wallet'
import type { Router } from 'express'

interface Parts {
  readonly clock: Clock
  readonly postgres: Postgres
  readonly ledger: Ledger
  readonly accounts: Accounts
}

/** The subscribers' routes of their entrance. */
export function openSubscribers({ clock, postgres, ledger, accounts }: Parts): Router[] {
  const entrance = accounts.entrance('subscriber')
  const [usage, funding, tips] = [new WalletStore(postgres), new FundingStore(postgres), new TipStore(postgres)]
  const sources = {
    ledger,
    readingOf: usage.usageOf.bind(usage),
    sharesOf: funding.sharesOf.bind(funding),
    tippedBy: tips.pointersOf.bind(tips),
  }
  return [activityRoutes({ sources, clock, entrance })]
}
