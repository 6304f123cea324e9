import { lazy, Suspense } from 'react'
import { openEntrance } from '../entrance.tsx'
import { GrantConsent, isConsent } from '../grants/consent.tsx'
import { Grants } from '../grants/grants.tsx'
import { Keys } from '../keys/keys.tsx'
import { Frame } from '../look/frame.tsx'
import { Loading } from '../look/notice.tsx'
import { PayoutsPage } from '../payouts/payouts-page.tsx'
import { mailedPageAt } from '../session/mailed.tsx'
import { Home } from './home/home.tsx'
import { Pointers } from './pointers/pointers.tsx'
import './publisher.css'
import { Sites } from './sites/sites.tsx'
import { Webhooks } from './webhooks/webhooks.tsx'
import { Statements } from './statements/statements.tsx'

/** What is not needed at once is loaded when it is opened. */
const RevenuePage = lazy(async () => ({ default: (await import('./revenue/revenue-page.tsx')).RevenuePage }))
const StartPage = lazy(async () => ({ default: (await import('./start/start-page.tsx')).StartPage }))
const ApiKeys = lazy(async () => ({ default: (await import('./api-keys/api-keys.tsx')).ApiKeys }))

function pageAt(path: string): React.JSX.Element {
  if (isConsent(path)) return <GrantConsent entrance="publisher" />
  if (path === '/payouts') return <PayoutsPage />
  if (path === '/keys') return <Keys entrance="publisher" />
  if (path === '/sites') return <Sites />
  if (path === '/pointers') return <Pointers />
  if (path === '/statements') return <Statements />
  if (path === '/webhooks') return <Webhooks />
  if (path === '/revenue') return <RevenuePage />
  if (path === '/start') return <StartPage />
  if (path === '/api-keys') return <ApiKeys />
  return path === '/grants' ? <Grants entrance="publisher" /> : <Home />
}

await openEntrance(
  mailedPageAt(location.pathname, 'publisher') ?? (
    <Suspense fallback={<Frame entrance="publisher"><Loading /></Frame>}>{pageAt(location.pathname)}</Suspense>
  ),
)
