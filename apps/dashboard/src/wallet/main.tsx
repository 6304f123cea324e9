import { openEntrance } from '../entrance.tsx'
import { GrantConsent, isConsent } from '../grants/consent.tsx'
import { Grants } from '../grants/grants.tsx'
import { Keys } from '../keys/keys.tsx'
import { LimitsPage } from '../limits/limits-page.tsx'
import { Frame } from '../look/frame.tsx'
import { FaultAlert, Loading } from '../look/notice.tsx'
import { PlanPage } from '../plan/plan-page.tsx'
import { Door } from '../session/door.tsx'
import { mailedPageAt } from '../session/mailed.tsx'
import { leave } from '../session/session.ts'
import { TipPage } from '../tip/tip-page.tsx'
import { usePolled } from '../use-polled.ts'
import { Connect } from './connect.tsx'
import { Home } from './home.tsx'
import { loadMe } from './wallet-api.ts'

const pollMs = 1_000

function Wallet(): React.JSX.Element {
  const { value: me, fault, reload } = usePolled(loadMe, pollMs)
  if (fault?.status === 401) {
    return (
      <Frame entrance="wallet">
        <Door entrance="wallet" maySignUp onSignedIn={reload} />
      </Frame>
    )
  }
  return (
    <Frame entrance="wallet" person={me?.person} onSignOut={() => void leave(reload)}>
      {me !== undefined ? <Home me={me} stale={fault} onChange={reload} /> : fault !== undefined ? <FaultAlert fault={fault} onRetry={() => void reload()} /> : <Loading />}
    </Frame>
  )
}

function pageAt(path: string): React.JSX.Element {
  if (path === '/connect') return <Connect challenge={new URLSearchParams(location.search).get('challenge')} />
  if (isConsent(path)) return <GrantConsent entrance="wallet" />
  if (path === '/tip') return <TipPage />
  if (path === '/subscription') return <PlanPage />
  if (path === '/limits') return <LimitsPage />
  if (path === '/keys') return <Keys entrance="wallet" />
  return path === '/grants' ? <Grants entrance="wallet" /> : <Wallet />
}

await openEntrance(mailedPageAt(location.pathname, 'wallet') ?? pageAt(location.pathname))
