import { useTranslation } from 'react-i18next'
import { formatMoney } from '../amounts.ts'
import { useLocale } from '../words/words.ts'
import type { Payout } from './payouts-api.ts'

const tones: Readonly<Record<Payout['status'], string>> = {
  requested: 'open', 'awaiting-approval': 'open', approved: 'open', sent: 'open', settled: 'good', returned: 'bad', failed: 'bad', cancelled: 'over',
}

/** One payout: how much, where to, how it stands, and all that happened to it. */
export function PayoutRow({ payout, who, children }: { readonly payout: Payout; readonly who?: string; readonly children?: React.ReactNode }): React.JSX.Element {
  const { t } = useTranslation()
  const locale = useLocale()
  const asset = { code: payout.assetCode, scale: payout.assetScale }
  const time = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short' })
  return (
    <li className="row payout-row">
      <div className="row-main">
        <p className="row-title">
          {who !== undefined && <span>{who} · </span>}
          {formatMoney(payout.net, asset, locale)} <span className="quiet">{t('payouts.to', { destination: payout.destination })}</span>
        </p>
        <p className="quiet">
          {time.format(payout.createdMs)} · {t(`payouts.rails.${payout.rail}`)}
          {payout.fee > 0n && ` · ${t('payouts.feeOf', { amount: formatMoney(payout.fee, asset, locale) })}`}
        </p>
        <details>
          <summary>{t('payouts.timeline')}</summary>
          <ol className="payout-timeline">
            {payout.timeline.map(({ atMs, status, by, note }, index) => (
              <li key={index}>
                <time dateTime={new Date(atMs).toISOString()}>{time.format(atMs)}</time> {t(`payouts.status.${status}`)} <span className="quiet">{t(`payouts.by.${by}`)}</span>
                {note !== null && <span className="payout-note">{note}</span>}
              </li>
            ))}
          </ol>
        </details>
        {children !== undefined && <div className="row-actions">{children}</div>}
      </div>
      <p className={`payout-status payout-${tones[payout.status]}`}>{t(`payouts.status.${payout.status}`)}</p>
    </li>
  )
}
