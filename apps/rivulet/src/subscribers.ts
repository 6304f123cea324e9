/** What subscribers have beside wallet and plan: their activity, and all that is kept of them. */
import { activityRoutes, FundingStore } from '@rivulet/funding'
import { TipStore } from '@rivulet/open-payments'
import { WalletStore } from '@rivulet/wallet'
import type { Router } from 'express'
import { openPrivacy, type PrivacyParts } from './privacy.ts'

/** The subscribers' routes of their entrance, and what works in the background for them. */
export function openSubscribers(parts: PrivacyParts, building: AsyncDisposableStack): Router[] {
  const { clock, postgres, ledger, accounts } = parts
  const entrance = accounts.entrance('subscriber')
  const [usage, funding, tips] = [new WalletStore(postgres), new FundingStore(postgres), new TipStore(postgres)]
  const sources = {
    ledger,
    readingOf: usage.usageOf.bind(usage),
    sharesOf: funding.sharesOf.bind(funding),
    tippedBy: tips.pointersOf.bind(tips),
  }
  return [activityRoutes({ sources, clock, entrance }), openPrivacy(parts, building)]
}
