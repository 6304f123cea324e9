import { lazy, Suspense } from 'react'
import { openEntrance } from '../entrance.tsx'
import { Frame } from '../look/frame.tsx'
import { Loading } from '../look/notice.tsx'
import { SecurityPage } from '../security/lazy.tsx'
import { mailedPageAt } from '../session/mailed.tsx'
import { operatorEntranceEn } from '../words/operator-entrance-en.ts'
import { OverviewPage } from './overview-page.tsx'
import { type OperatorPath, operatorPageAt } from './ways.ts'

interface PageProps {
  /** Of the thing that the page is about, from its address; absent for a list. */
  readonly id: string | undefined
}

/** What each page of the navigation loads: only the one that is opened. */
const pages: Readonly<Record<OperatorPath, React.ComponentType<PageProps>>> = {
  '/': OverviewPage,
  '/streams': lazy(async () => ({ default: (await import('./streams-page.tsx')).StreamsPage })),
  '/peers': lazy(async () => ({ default: (await import('../peers/peers-page.tsx')).PeersPage })),
  '/ledger': lazy(async () => ({ default: (await import('../ledger/ledger-page.tsx')).LedgerPage })),
  '/indicators': lazy(async () => ({ default: (await import('../indicators/indicators-page.tsx')).IndicatorsPage })),
  '/what-if': lazy(async () => ({ default: (await import('../what-if/what-if-page.tsx')).WhatIfPage })),
  '/payouts': lazy(async () => ({ default: (await import('../operator-payouts/payouts-page.tsx')).OperatorPayoutsPage })),
  '/reconciliation': lazy(async () => ({ default: (await import('../operator-payouts/reconciliation-page.tsx')).ReconciliationPage })),
  '/people': lazy(async () => ({ default: (await import('../operator-admin/people-page.tsx')).PeoplePage })),
  '/subscriptions': lazy(async () => ({ default: (await import('../subscriptions/subscriptions-page.tsx')).SubscriptionsPage })),
  '/operators': lazy(async () => ({ default: (await import('../operators/operators-page.tsx')).OperatorsPage })),
  '/queues': lazy(async () => ({ default: (await import('../queues/queues-page.tsx')).QueuesPage })),
  '/safety': lazy(async () => ({ default: (await import('../operator-admin/safety-page.tsx')).SafetyPage })),
  '/audit': lazy(async () => ({ default: (await import('../operator-admin/audit-page.tsx')).AuditPage })),
  '/settings': lazy(async () => ({ default: (await import('../settings/settings-page.tsx')).SettingsPage })),
}

/** Beside the pages of the navigation. */
const openPages: Readonly<Record<string, React.ComponentType<{ readonly entrance: 'operator' }>>> = {
  '/reference': lazy(async () => ({ default: (await import('../reference/reference-page.tsx')).ReferencePage })),
  '/mailbox': lazy(async () => ({ default: (await import('../mailbox/mailbox.tsx')).Mailbox })),
  '/about': lazy(async () => ({ default: (await import('../about/about-page.tsx')).AboutPage })),
}

function pageAt(address: string): React.JSX.Element {
  const Open = openPages[address]
  if (Open !== undefined) {
    return (
      <Suspense fallback={<Frame entrance="operator"><Loading /></Frame>}>
        <Open entrance="operator" />
      </Suspense>
    )
  }
  if (address === '/security') return <SecurityPage entrance="operator" />
  const { path, id } = operatorPageAt(address)
  const Page = pages[path]
  return (
    <Suspense fallback={<Frame entrance="operator"><Loading /></Frame>}>
      <Page id={id} />
    </Suspense>
  )
}

await openEntrance(mailedPageAt(location.pathname, 'operator') ?? pageAt(location.pathname), operatorEntranceEn)
