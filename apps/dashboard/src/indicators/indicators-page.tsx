import { SegmentedControl } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { formatAge, formatCount, formatMoney } from '../amounts.ts'
import '../ledger/ledger.css'
import { Defined } from '../look/defined.tsx'
import { Figure } from '../look/figure.tsx'
import { Empty } from '../look/notice.tsx'
import { OperatorPage } from '../operator-payouts/operator-page.tsx'
import '../payouts/payouts.css'
import { usePolled } from '../use-polled.ts'
import { useLocale } from '../words/words.ts'
import '../what-if/what-if.css'
import { type IndicatorReport, type IndicatorWindow, loadIndicators } from './indicators-api.ts'
import './indicators.css'

const pollMs = 15_000

/** How the business does, each number with its definition. */
export function IndicatorsPage(): React.JSX.Element {
  const { t } = useTranslation()
  const locale = useLocale()
  const polled = usePolled(loadIndicators, pollMs)
  const [days, setDays] = useState('30')
  return (
    <OperatorPage title={t('indicators.title')} polled={polled}>
      {({ report, computedAgoMs }) => {
        const window = report?.windows.find((one) => String(one.days) === days)
        if (report === null || window === undefined) return <Empty title={t('indicators.computing')} why={t('indicators.computingWhy')} />
        return (
          <>
            <p className="quiet ledger-crumb">
              {t('indicators.why')} {computedAgoMs !== null && t('indicators.computed', { age: formatAge(computedAgoMs, locale) })}
            </p>
            <SegmentedControl aria-label={t('indicators.period')} value={days} onChange={setDays} data={report.windows.map(({ days: of }) => ({ value: String(of), label: t('indicators.days', { days: of }) }))} />
            <Figures window={window} report={report} />
            <Journey window={window} />
            <Cohorts report={report} />
            <NotKept />
          </>
        )
      }}
    </OperatorPage>
  )
}

const money = ['arpu', 'arppu', 'basket', 'costPerTransaction', 'unitMargin'] as const
const parts = ['adoption', 'marginRate', 'feeRatio', 'allInRatio', 'chargebackRate', 'fraudRate', 'refundRate', 'batchingGain', 'payoutsLost'] as const

function Figures({ window, report }: { readonly window: IndicatorWindow; readonly report: IndicatorReport }): React.JSX.Element {
  const { t } = useTranslation()
  const locale = useLocale()
  const asset = { code: report.assetCode, scale: report.assetScale }
  const amount = (units: string | null): string => (units === null ? t('indicators.none') : formatMoney(BigInt(units.split('.')[0] ?? '0'), asset, locale, 6))
  const percent = (part: string | null): string => (part === null ? t('indicators.none') : new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 2 }).format(part as `${number}`))
  const name = (of: 'gross' | 'payments' | 'churn' | 'dust' | 'payoutLatency' | 'active' | 'paying' | 'frequency' | 'lifetimeValue' | (typeof money)[number] | (typeof parts)[number]): React.JSX.Element => <Defined name={t(`indicators.names.${of}`)} definition={t(`indicators.definitions.${of}`)} />
  return (
    <dl className="figures indicator-figures">
      <Figure label={name('gross')} value={amount(window.gross)} why={t('indicators.grossWhy', { fees: amount(window.fees), losses: amount(window.losses), creators: amount(window.creators) })} />
      <Figure label={name('active')} value={formatCount(window.active, locale)} />
      <Figure label={name('paying')} value={formatCount(window.paying, locale)} />
      <Figure label={name('payments')} value={formatCount(window.payments, locale)} />
      <Figure label={name('frequency')} value={window.frequency === null ? t('indicators.none') : new Intl.NumberFormat(locale, { maximumFractionDigits: 2 }).format(window.frequency as `${number}`)} />
      {money.map((of) => (
        <Figure key={of} label={name(of)} value={amount(window[of])} tone={window[of]?.startsWith('-') === true ? 'alarm' : undefined} />
      ))}
      {parts.map((of) => (
        <Figure
          key={of}
          label={name(of)}
          value={percent(window[of])}
          why={of === 'feeRatio' && window.feeMark !== null ? t(`indicators.marks.${window.feeMark}`) : undefined}
          tone={of === 'feeRatio' && window.feeMark === 'alarm' ? 'alarm' : of === 'feeRatio' && window.feeMark === 'warning' ? 'warn' : window[of]?.startsWith('-') === true ? 'alarm' : undefined}
        />
      ))}
      <Figure
        label={name('payoutLatency')}
        value={window.payouts.p95Ms === null ? t('indicators.none') : formatAge(window.payouts.p95Ms, locale)}
        why={window.payouts.p50Ms === null ? undefined : t('indicators.payoutsWhy', { p50: formatAge(window.payouts.p50Ms, locale), settled: formatCount(window.payouts.settled, locale), lost: formatCount(window.payouts.lost, locale) })}
      />
      <Figure label={name('churn')} value={percent(report.monthlyChurn)} />
      <Figure label={name('dust')} value={amount(window.dust)} tone={window.dust === '0' ? undefined : 'warn'} />
      <Figure label={name('lifetimeValue')} value={amount(report.lifetimeValue)} />
    </dl>
  )
}

function Journey({ window: { journey } }: { readonly window: IndicatorWindow }): React.JSX.Element {
  const { t } = useTranslation()
  const locale = useLocale()
  const most = Math.max(1, ...journey.steps.map(({ journeys }) => journeys))
  const percent = (part: string): string => new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 1 }).format(part as `${number}`)
  const seconds = (of: number | null): string => (of === null ? t('indicators.none') : formatAge(of * 1_000, locale))
  return (
    <section className="card" aria-labelledby="journey-title">
      <h2 id="journey-title">
        <Defined name={t('indicators.journey')} definition={t('indicators.journeyWhy')} />
      </h2>
      <p className="quiet">
        {journey.abandonment === null ? t('indicators.journeyNone') : t('indicators.journeyEnds', { abandoned: percent(journey.abandonment), p50: seconds(journey.p50S), p95: seconds(journey.p95S) })}
      </p>
      <ul className="bars funnel">
        {journey.steps.map(({ step, journeys, lost }) => (
          <li key={step}>
            <span className="bar-name">{t(`indicators.steps.${step}`)}</span>
            <svg className="bar" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true" focusable="false">
              <rect width={(journeys / most) * 100} height="6" rx="3" />
            </svg>
            <span className="bar-figure">
              {formatCount(journeys, locale)}
              {lost !== null && ` · ${t('indicators.lost', { part: percent(lost) })}`}
            </span>
          </li>
        ))}
      </ul>
    </section>
  )
}

function Cohorts({ report }: { readonly report: IndicatorReport }): React.JSX.Element {
  const { t } = useTranslation()
  const locale = useLocale()
  const month = new Intl.DateTimeFormat(locale, { month: 'short', year: 'numeric', timeZone: 'UTC' })
  const percent = (part: string, decimals = 0): string => new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: decimals }).format(part as `${number}`)
  const ages = Math.max(0, ...report.cohorts.map(({ retention }) => retention.length))
  return (
    <section className="card" aria-labelledby="cohorts-title">
      <h2 id="cohorts-title">
        <Defined name={t('indicators.cohorts')} definition={t('indicators.cohortsWhy')} />
      </h2>
      <p className="quiet">{report.monthlyRetention === null ? t('indicators.retentionNone') : t('indicators.retention', { part: percent(report.monthlyRetention, 1) })}</p>
      {report.cohorts.length > 0 && (
        <div className="numbers-box" role="region" tabIndex={0} aria-labelledby="cohorts-title">
          <table className="numbers">
            <thead>
              <tr>
                <th scope="col">{t('indicators.cohort')}</th>
                <th scope="col">{t('indicators.size')}</th>
                {Array.from({ length: ages }, (_, age) => (
                  <th key={age} scope="col">
                    {t('indicators.month', { age })}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {report.cohorts.map(({ cohort, size, retention }) => (
                <tr key={cohort}>
                  <th scope="row">{month.format(new Date(cohort))}</th>
                  <td>{formatCount(size, locale)}</td>
                  {Array.from({ length: ages }, (_, age) => {
                    const part = retention[age]
                    return (
                      <td key={age} className={part === undefined ? undefined : `heat heat-${Math.round(Number(part) * 5)}`}>
                        {part === undefined ? '' : percent(part)}
                      </td>
                    )
                  })}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  )
}

/** What the books cannot tell, and why: no number is made up for it. */
function NotKept(): React.JSX.Element {
  const { t } = useTranslation()
  const names = ['support', 'uplift', 'roi', 'health'] as const
  return (
    <section className="card" aria-labelledby="not-kept">
      <h2 id="not-kept">{t('indicators.notKept.title')}</h2>
      <dl className="facts">
        {names.map((of) => (
          <div key={of}>
            <dt>{t(`indicators.notKept.names.${of}`)}</dt>
            <dd>{t(`indicators.notKept.why.${of}`)}</dd>
          </div>
        ))}
      </dl>
    </section>
  )
}
