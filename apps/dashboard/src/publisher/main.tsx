import { Button } from '@mantine/core'
import { useEffect, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { formatLiveMoney } from '../amounts.ts'
import { openEntrance } from '../entrance.tsx'
import { GrantConsent, isConsent } from '../grants/consent.tsx'
import { Grants } from '../grants/grants.tsx'
import { Keys } from '../keys/keys.tsx'
import { Flow } from '../look/mark.tsx'
import { mailedPageAt } from '../session/mailed.tsx'
import { usePolled } from '../use-polled.ts'
import { shortPointer } from '../words/names.ts'
import { useLocale } from '../words/words.ts'
import { Pointers } from './pointers/pointers.tsx'
import './publisher.css'
import { loadPublisher, type Publisher } from './publisher-api.ts'
import { PublisherPage } from './publisher-page.tsx'
import { PayoutsPage } from '../payouts/payouts-page.tsx'
import { Sites } from './sites/sites.tsx'
import { Webhooks } from './webhooks/webhooks.tsx'
import { Statements } from './statements/statements.tsx'

const pollMs = 1_000

function Income(): React.JSX.Element {
  const { t } = useTranslation()
  return (
    <PublisherPage title={t('publisher.title')} polled={usePolled(loadPublisher, pollMs)}>
      {(publisher) => (
        <div className="home">
          <Balance balance={publisher.balance} />
          <Snippet pointer={publisher.paymentPointer} />
        </div>
      )}
    </PublisherPage>
  )
}

function Balance({ balance }: Pick<Publisher, 'balance'>): React.JSX.Element {
  const { t } = useTranslation()
  const locale = useLocale()
  const asset = { code: balance.assetCode, scale: balance.assetScale }
  const live = balance.posted + balance.accrued
  const moving = useGrowing(live)
  return (
    <section className="card budget" aria-labelledby="balance-title">
      <h2 id="balance-title" className="card-label">
        {t('publisher.balance')}
      </h2>
      <p className="figure">{formatLiveMoney(live, asset, locale, 6)}</p>
      <p className="income-flow">
        <Flow moving={moving} />
        <span className="quiet" role="status">
          {moving ? t('publisher.flowing') : t('publisher.still')}
        </span>
      </p>
      <dl className="income-parts">
        <dt>{t('publisher.settled')}</dt>
        <dd>{formatLiveMoney(balance.posted, asset, locale, 6)}</dd>
        <dt>{t('publisher.accrued')}</dt>
        <dd>{formatLiveMoney(balance.accrued, asset, locale, 6)}</dd>
      </dl>
    </section>
  )
}

/** Whether an amount has grown in the last few seconds. */
function useGrowing(amount: bigint): boolean {
  const [growing, setGrowing] = useState(false)
  const before = useRef(amount)
  useEffect(() => {
    if (amount <= before.current) return undefined
    before.current = amount
    setGrowing(true)
    const timer = setTimeout(() => setGrowing(false), 4_000)
    return () => clearTimeout(timer)
  }, [amount])
  return growing
}

function Snippet({ pointer }: { readonly pointer: string }): React.JSX.Element {
  const { t } = useTranslation()
  const [copied, setCopied] = useState(false)
  const snippet = `<link rel="monetization" href="${pointer}">`
  const copy = async (): Promise<void> => {
    await navigator.clipboard.writeText(snippet)
    setCopied(true)
  }
  return (
    <section className="card now" aria-labelledby="snippet-title">
      <h2 id="snippet-title">{t('publisher.snippet')}</h2>
      <p className="quiet">{t('publisher.snippetWhy')}</p>
      <pre className="snippet" tabIndex={0}>
        <code>{snippet}</code>
      </pre>
      <Button variant="default" size="compact-md" onClick={() => void copy()}>
        {copied ? t('publisher.copied') : t('publisher.copy')}
      </Button>
      <h3 className="card-label">{t('publisher.address')}</h3>
      <p className="row-title">{shortPointer(pointer)}</p>
    </section>
  )
}

function pageAt(path: string): React.JSX.Element {
  if (isConsent(path)) return <GrantConsent entrance="publisher" />
  if (path === '/payouts') return <PayoutsPage />
  if (path === '/keys') return <Keys entrance="publisher" />
  if (path === '/sites') return <Sites />
  if (path === '/pointers') return <Pointers />
  if (path === '/statements') return <Statements />
  if (path === '/webhooks') return <Webhooks />
  return path === '/grants' ? <Grants entrance="publisher" /> : <Income />
}

await openEntrance(mailedPageAt(location.pathname, 'publisher') ?? pageAt(location.pathname))
