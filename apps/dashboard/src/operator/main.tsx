import { useCallback } from 'react'
import { openEntrance } from '../entrance.tsx'
import { Mailbox } from '../mailbox/mailbox.tsx'
import { Frame } from '../look/frame.tsx'
import { FaultAlert, Loading } from '../look/notice.tsx'
import { OperatorPayoutsPage } from '../operator-payouts/payouts-page.tsx'
import { ReconciliationPage } from '../operator-payouts/reconciliation-page.tsx'
import { Door } from '../session/door.tsx'
import { mailedPageAt } from '../session/mailed.tsx'
import { leave } from '../session/session.ts'
import { usePolled } from '../use-polled.ts'
import { LivePage } from './live.tsx'
import { loadOverview, type Overview } from './operator-api.ts'
import { useLive } from './use-live.ts'

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

function pageAt(path: string): React.JSX.Element {
  switch (path) {
    case '/mailbox':
      return <Mailbox />
    case '/payouts':
      return <OperatorPayoutsPage />
    case '/reconciliation':
      return <ReconciliationPage />
    default:
      return <Operator />
  }
}

await openEntrance(mailedPageAt(location.pathname, 'operator') ?? pageAt(location.pathname))
