import { useTranslation } from 'react-i18next'
import { Empty } from '../look/notice.tsx'
import { usePolled } from '../use-polled.ts'
import { SubscriberPage } from '../wallet/subscriber-page.tsx'
import { type Limits, loadLimits } from './limits-api.ts'
import { Pace } from './pace.tsx'
import { SiteLimits } from './site-limits.tsx'

const pollMs = 5_000

/** How fast she pays, and what no site gets more than. */
export function LimitsPage(): React.JSX.Element {
  const { t } = useTranslation()
  const polled = usePolled(loadLimits, pollMs)
  return (
    <SubscriberPage title={t('limits.title')} polled={polled}>
      {(limits, reload) => (
        <div className="plan-page">
          <Pace limits={limits} onChange={reload} />
          <Sites limits={limits} onChange={reload} />
        </div>
      )}
    </SubscriberPage>
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
