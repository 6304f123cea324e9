import { Button } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { formatMoney } from '../amounts.ts'
import { Empty, FaultAlert } from '../look/notice.tsx'
import { useDeed } from '../plan/use-deed.ts'
import { PublisherPage } from '../publisher/publisher-page.tsx'
import { usePolled } from '../use-polled.ts'
import { useLocale } from '../words/words.ts'
import { MethodForm } from './method-form.tsx'
import { PayoutRow } from './payout-row.tsx'
import { decidePayout, loadPayouts, type Payout, type PayoutsPageData } from './payouts-api.ts'
import './payouts.css'
import { RequestForm } from './request-form.tsx'

const pollMs = 3_000

/** The publisher's payouts: what can leave, where to, and what became of what left. */
export function PayoutsPage(): React.JSX.Element {
  const { t } = useTranslation()
  return (
    <PublisherPage title={t('payouts.title')} polled={usePolled(loadPayouts, pollMs)}>
      {({ page }, reload) => (
        <div className="payouts-page">
          <Top page={page} reload={reload} />
          <section className="card" aria-labelledby="payouts-list">
            <h2 id="payouts-list">{t('payouts.list')}</h2>
            {page.payouts.length === 0 ? (
              <Empty title={t('payouts.empty')} why={t('payouts.emptyWhy')} />
            ) : (
              <ul className="rows">
                {page.payouts.map((payout) => (
                  <Mine key={payout.id} payout={payout} reload={reload} />
                ))}
              </ul>
            )}
          </section>
        </div>
      )}
    </PublisherPage>
  )
}

function Top({ page, reload }: { readonly page: PayoutsPageData; readonly reload: () => Promise<void> }): React.JSX.Element {
  const { t } = useTranslation()
  const locale = useLocale()
  const [changing, setChanging] = useState(false)
  const { method } = page
  const asset = { code: page.assetCode, scale: page.assetScale }
  const saved = async (): Promise<void> => {
    await reload()
    setChanging(false)
  }
  return (
    <div className="payouts-top">
      <section className="card" aria-labelledby="payouts-available">
        <h2 id="payouts-available" className="card-label">
          {t('payouts.available')}
        </h2>
        <p className="figure">{formatMoney(page.available, asset, locale)}</p>
        <p className="quiet">{t('payouts.availableWhy')}</p>
        {method !== null && <RequestForm key={method.destination} page={page} method={method} onDone={reload} />}
      </section>
      <section className="card" aria-labelledby="payouts-method">
        <h2 id="payouts-method">{t('payouts.method')}</h2>
        {method === null && <p className="quiet">{t('payouts.methodNone')}</p>}
        {method === null || changing ? (
          <MethodForm page={page} method={method} onDone={saved} onBack={method === null ? undefined : () => setChanging(false)} />
        ) : (
          <>
            <p className="row-title payout-note">{method.destination}</p>
            <p className="quiet">
              {t(`payouts.rails.${method.rail}`)} · {t(`payouts.schedules.${method.schedule}`)}
              {method.dueMs !== null && ` · ${t('payouts.nextDue', { date: new Intl.DateTimeFormat(locale, { dateStyle: 'medium' }).format(method.dueMs) })}`}
            </p>
            <Button variant="default" onClick={() => setChanging(true)}>
              {t('payouts.change')}
            </Button>
          </>
        )}
      </section>
    </div>
  )
}

function Mine({ payout, reload }: { readonly payout: Payout; readonly reload: () => Promise<void> }): React.JSX.Element {
  const { t } = useTranslation()
  const deed = useDeed(reload)
  const { status, rail } = payout
  const what = status === 'awaiting-approval' || (status === 'approved' && (rail === 'sepa' || rail === 'manual')) ? 'cancel' : status === 'failed' || status === 'returned' ? 'retry' : undefined
  return (
    <PayoutRow payout={payout}>
      {what !== undefined && (
        <Button variant="default" size="compact-md" loading={deed.busy} onClick={() => void deed.run(() => decidePayout(payout.id, what))}>
          {t(`payouts.${what}`)}
        </Button>
      )}
      {deed.fault !== undefined && <FaultAlert fault={deed.fault} />}
    </PayoutRow>
  )
}
