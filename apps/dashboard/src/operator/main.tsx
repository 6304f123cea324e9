import { lazy, Suspense, useCallback } from 'react'
import { openEntrance } from '../entrance.tsx'
import { Mailbox } from '../mailbox/mailbox.tsx'
import { Frame } from '../look/frame.tsx'
import { FaultAlert, Loading } from '../look/notice.tsx'
import { Door } from '../session/door.tsx'
import { mailedPageAt } from '../session/mailed.tsx'
import { leave } from '../session/session.ts'
import { usePolled } from '../use-polled.ts'
import { LivePage } from './live.tsx'
import { loadOverview, type Overview } from './operator-api.ts'
import { useLive } from './use-live.ts'
import { type OperatorPath, operatorPageAt } from './ways.ts'

const overviewPollMs = 5_000

function Operator(): React.JSX.Element {
  const { value: overview, fault, reload } = usePolled(loadOverview, overviewPollMs)
  if (fault?.status === 401) {
    return (
      <Frame entrance="operator">
        <Door entrance="operator" maySignUp={false} onSignedIn={reload} />
      </Frame>
    )
  }
  if (overview === undefined) return <Frame entrance="operator">{fault !== undefined ? <FaultAlert fault={fault} onRetry={() => void reload()} /> : <Loading />}</Frame>
  return <SignedIn overview={overview} reload={reload} />
}

function SignedIn({ overview, reload }: { readonly overview: Overview; readonly reload: () => Promise<void> }): React.JSX.Element {
  const live = useLive(useCallback(() => void reload(), [reload]))
  return (
    <Frame entrance="operator" wide person={overview.person} onSignOut={() => void leave(reload)}>
      <LivePage live={live} books={overview.books} />
    </Frame>
  )
}

interface PageProps {
  /** Of the thing that the page is about, from its address; absent for a list. */
  readonly id: string | undefined
}

/** What each page of the navigation loads: only the one that is opened. */
const pages: Readonly<Record<OperatorPath, React.ComponentType<PageProps>>> = {
  '/': Operator,
  '/payouts': lazy(async () => ({ default: (await import('../operator-payouts/payouts-page.tsx')).OperatorPayoutsPage })),
  '/reconciliation': lazy(async () => ({ default: (await import('../operator-payouts/reconciliation-page.tsx')).ReconciliationPage })),
}

function pageAt(address: string): React.JSX.Element {
  if (address === '/mailbox') return <Mailbox />
  const { path, id } = operatorPageAt(address)
  const Page = pages[path]
  return (
    <Suspense fallback={<Frame entrance="operator"><Loading /></Frame>}>
      <Page id={id} />
    </Suspense>
  )
}

await openEntrance(mailedPageAt(location.pathname, 'operator') ?? pageAt(location.pathname))
