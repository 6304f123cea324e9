import { lazy, Suspense } from 'react'
import { openEntrance } from '../entrance.tsx'
import { isConsent } from '../grants/consent-path.ts'
import { Frame } from '../look/frame.tsx'
import { Loading } from '../look/notice.tsx'
import { SecurityPage } from '../security/lazy.tsx'
import { mailedPageAt } from '../session/mailed.tsx'
import { walletEntranceEn } from '../words/wallet-entrance-en.ts'
import { Connect } from './connect.tsx'
import { Home } from './home.tsx'

/** What each page beside the home and the connect journey loads: only the one that is opened. */
const Consent = lazy(async () => ({ default: (await import('../grants/consent.tsx')).GrantConsent }))
const Grants = lazy(async () => ({ default: (await import('../grants/grants.tsx')).Grants }))
const Keys = lazy(async () => ({ default: (await import('../keys/keys.tsx')).Keys }))
const Reference = lazy(async () => ({ default: (await import('../reference/reference-page.tsx')).ReferencePage }))
const About = lazy(async () => ({ default: (await import('../about/about-page.tsx')).AboutPage }))
const pages: Readonly<Record<string, React.ComponentType>> = {
  '/': Home,
  '/activity': lazy(async () => ({ default: (await import('../activity/activity-page.tsx')).ActivityPage })),
  '/subscription': lazy(async () => ({ default: (await import('../plan/plan-page.tsx')).PlanPage })),
  '/about': () => <About entrance="wallet" />,
  '/reference': () => <Reference entrance="wallet" />,
  '/limits': lazy(async () => ({ default: (await import('../limits/limits-page.tsx')).LimitsPage })),
  '/privacy': lazy(async () => ({ default: (await import('../privacy/privacy-page.tsx')).PrivacyPage })),
  '/tip': lazy(async () => ({ default: (await import('../tip/tip-page.tsx')).TipPage })),
  '/grants': () => <Grants entrance="wallet" />,
  '/keys': () => <Keys entrance="wallet" />,
  '/security': () => <SecurityPage entrance="wallet" />,
}

function pageAt(path: string): React.JSX.Element {
  if (path === '/connect') return <Connect challenge={new URLSearchParams(location.search).get('challenge')} />
  if (isConsent(path)) return <Consent entrance="wallet" />
  const Page = pages[path] ?? Home
  return <Page />
}

await openEntrance(
  mailedPageAt(location.pathname, 'wallet') ?? (
    <Suspense fallback={<Frame entrance="wallet"><Loading /></Frame>}>{pageAt(location.pathname)}</Suspense>
  ),
  walletEntranceEn,
)
