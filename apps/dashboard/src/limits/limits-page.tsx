import { useEffect } from 'react'
import { useTranslation } from 'react-i18next'
import { Frame } from '../look/frame.tsx'
import { Empty, FaultAlert, Loading, StaleNote } from '../look/notice.tsx'
import { Door } from '../session/door.tsx'
import { leave } from '../session/session.ts'
import { usePolled } from '../use-polled.ts'
import { type Limits, loadLimits } from './limits-api.ts'
import { Pace } from './pace.tsx'
import { SiteLimits } from './site-limits.tsx'

const pollMs = 5_000

/** How fast she pays, and what no site gets more than. */
export function LimitsPage(): React.JSX.Element {
  const { t } = useTranslation()
  const { value: limits, fault, reload } = usePolled(loadLimits, pollMs)
  useEffect(() => {
    document.title = `${t('limits.title')} · ${t('product')}`
  }, [t])
  if (fault?.status === 401) {
    return (
      <Frame entrance="wallet">
        <Door entrance="wallet" maySignUp onSignedIn={reload} />
      </Frame>
    )
  }
  if (limits === undefined) return <Frame entrance="wallet">{fault === undefined ? <Loading /> : <FaultAlert fault={fault} onRetry={() => void reload()} />}</Frame>
  return (
    <Frame entrance="wallet" person={limits.person} onSignOut={() => void leave(reload)}>
      <h1 className="page-title">{t('limits.title')}</h1>
      {fault !== undefined && <StaleNote fault={fault} />}
      <div className="plan-page">
        <Pace limits={limits} onChange={reload} />
        <Sites limits={limits} onChange={reload} />
      </div>
    </Frame>
  )
}

function Sites({ limits, onChange }: { readonly limits: Limits; readonly onChange: () => Promise<void> }): React.JSX.Element {
  const { t } = useTranslation()
  const asset = { code: limits.balance.assetCode, scale: limits.balance.assetScale }
  return (
    <section className="card" aria-labelledby="limited-title">
      <h2 id="limited-title">{t('limits.sites')}</h2>
      <p className="quiet">{t('limits.sitesWhy')}</p>
      {limits.connections.length === 0 ? (
        <Empty title={t('limits.sitesEmpty')} why={t('limits.sitesEmptyWhy')} />
      ) : (
        <ul className="rows">
          {limits.connections.map((site) => (
            <SiteLimits key={site.id} site={site} asset={asset} usualRate={limits.rate} onChange={onChange} />
          ))}
        </ul>
      )}
    </section>
  )
}
