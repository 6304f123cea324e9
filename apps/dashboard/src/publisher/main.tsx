import { Button } from '@mantine/core'
import { useEffect, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { formatLiveMoney } from '../amounts.ts'
import type { ApiFault } from '../api.ts'
import { openEntrance } from '../entrance.tsx'
import { GrantConsent, isConsent } from '../grants/consent.tsx'
import { Grants } from '../grants/grants.tsx'
import { Keys } from '../keys/keys.tsx'
import { Frame } from '../look/frame.tsx'
import { Flow } from '../look/mark.tsx'
import { FaultAlert, Loading, StaleNote } from '../look/notice.tsx'
import { Door } from '../session/door.tsx'
import { mailedPageAt } from '../session/mailed.tsx'
import { leave } from '../session/session.ts'
import { usePolled } from '../use-polled.ts'
import { shortPointer } from '../words/names.ts'
import { useLocale } from '../words/words.ts'
import { loadPublisher, type Publisher } from './publisher-api.ts'

const pollMs = 1_000

function PublisherEntrance(): React.JSX.Element {
  const { value, fault, reload } = usePolled(loadPublisher, pollMs)
  if (fault?.status === 401) {
    return (
      <Frame entrance="publisher">
        <Door entrance="publisher" maySignUp={false} onSignedIn={reload} />
      </Frame>
    )
  }
  return (
    <Frame entrance="publisher" person={value?.person} onSignOut={() => void leave(reload)}>
      {value !== undefined ? <Income publisher={value} stale={fault} /> : fault !== undefined ? <FaultAlert fault={fault} onRetry={() => void reload()} /> : <Loading />}
    </Frame>
  )
}

function Income({ publisher, stale }: { readonly publisher: Publisher; readonly stale: ApiFault | undefined }): React.JSX.Element {
  const { t } = useTranslation()
  const locale = useLocale()
  useEffect(() => {
    document.title = `${t('publisher.title')} · ${t('product')}`
  }, [t])
  const { balance } = publisher
  const asset = { code: balance.assetCode, scale: balance.assetScale }
  const live = balance.posted + balance.accrued
  const moving = useGrowing(live)
  return (
    <>
      <h1 className="page-title">{t('publisher.title')}</h1>
      {stale !== undefined && <StaleNote fault={stale} />}
      <div className="home">
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
        <Snippet pointer={publisher.paymentPointer} />
      </div>
    </>
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
  if (path === '/keys') return <Keys entrance="publisher" />
  return path === '/grants' ? <Grants entrance="publisher" /> : <PublisherEntrance />
}

await openEntrance(mailedPageAt(location.pathname, 'publisher') ?? pageAt(location.pathname))
