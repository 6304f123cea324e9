import { lazy, Suspense } from 'react'
import { openEntrance } from '../entrance.tsx'
import { isConsent } from '../grants/consent-path.ts'
import { Frame } from '../look/frame.tsx'
import { Loading } from '../look/notice.tsx'
import { SecurityPage } from '../security/lazy.tsx'
import { mailedPageAt } from '../session/mailed.tsx'
import { publisherEntranceEn } from '../words/publisher-entrance-en.ts'
import { Home } from './home/home.tsx'
import './publisher.css'

/** What each page beside the home loads: only the one that is opened. */
const Consent = lazy(async () => ({ default: (await import('../grants/consent.tsx')).GrantConsent }))
const Grants = lazy(async () => ({ default: (await import('../grants/grants.tsx')).Grants }))
const Keys = lazy(async () => ({ default: (await import('../keys/keys.tsx')).Keys }))
const Reference = lazy(async () => ({ default: (await import('../reference/reference-page.tsx')).ReferencePage }))
const About = lazy(async () => ({ default: (await import('../about/about-page.tsx')).AboutPage }))
const pages: Readonly<Record<string, React.ComponentType>> = {
  '/': Home,
  '/about': () => <About entrance="publisher" />,
  '/reference': () => <Reference entrance="publisher" />,
  '/revenue': lazy(async () => ({ default: (await import('./revenue/revenue-page.tsx')).RevenuePage })),
  '/start': lazy(async () => ({ default: (await import('./start/start-page.tsx')).StartPage })),
  '/sites': lazy(async () => ({ default: (await import('./sites/sites.tsx')).Sites })),
  '/pointers': lazy(async () => ({ default: (await import('./pointers/pointers.tsx')).Pointers })),
  '/statements': lazy(async () => ({ default: (await import('./statements/statements.tsx')).Statements })),
  '/payouts': lazy(async () => ({ default: (await import('../payouts/payouts-page.tsx')).PayoutsPage })),
  '/grants': () => <Grants entrance="publisher" />,
  '/keys': () => <Keys entrance="publisher" />,
  '/security': () => <SecurityPage entrance="publisher" />,
  '/webhooks': lazy(async () => ({ default: (await import('./webhooks/webhooks.tsx')).Webhooks })),
  '/api-keys': lazy(async () => ({ default: (await import('./api-keys/api-keys.tsx')).ApiKeys })),
}

function pageAt(path: string): React.JSX.Element {
  if (isConsent(path)) return <Consent entrance="publisher" />
  const Page = pages[path] ?? Home
  return <Page />
}

await openEntrance(
  mailedPageAt(location.pathname, 'publisher') ?? (
    <Suspense fallback={<Frame entrance="publisher"><Loading /></Frame>}>{pageAt(location.pathname)}</Suspense>
  ),
  publisherEntranceEn,
)
