import { openEntrance } from '../entrance.tsx'
import { GrantConsent, isConsent } from '../grants/consent.tsx'
import { Grants } from '../grants/grants.tsx'
import { Keys } from '../keys/keys.tsx'
import { LimitsPage } from '../limits/limits-page.tsx'
import { PlanPage } from '../plan/plan-page.tsx'
import { mailedPageAt } from '../session/mailed.tsx'
import { TipPage } from '../tip/tip-page.tsx'
import { Connect } from './connect.tsx'
import { Home } from './home.tsx'

function pageAt(path: string): React.JSX.Element {
  if (path === '/connect') return <Connect challenge={new URLSearchParams(location.search).get('challenge')} />
  if (isConsent(path)) return <GrantConsent entrance="wallet" />
  if (path === '/tip') return <TipPage />
  if (path === '/subscription') return <PlanPage />
  if (path === '/limits') return <LimitsPage />
  if (path === '/keys') return <Keys entrance="wallet" />
  return path === '/grants' ? <Grants entrance="wallet" /> : <Home />
}

await openEntrance(mailedPageAt(location.pathname, 'wallet') ?? pageAt(location.pathname))
