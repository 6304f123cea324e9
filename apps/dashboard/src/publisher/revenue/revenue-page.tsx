import { SegmentedControl, TextInput } from '@mantine/core'
import { lazy, Suspense, useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { formatMoney } from '../../amounts.ts'
import { Empty, Loading } from '../../look/notice.tsx'
import { usePolled } from '../../use-polled.ts'
import { shortPointer, shortSite } from '../../words/names.ts'
import { useLocale } from '../../words/words.ts'
import { PublisherPage } from '../publisher-page.tsx'
import { type AssetRevenue, loadRevenue, type Revenue } from './revenue-api.ts'

const RevenueChart = lazy(() => import('./revenue-chart.tsx'))
const pollMs = 60_000
const dayMs = 86_400_000

/** What a publisher has earned, by day, site and pointer, beside the period before; the chart and the tables show the same numbers. */
export function RevenuePage(): React.JSX.Element {
  const { t } = useTranslation()
  const [days, setDays] = useState(() => lastDays(7))
  const polled = usePolled(() => loadRevenue(days.from, days.to), pollMs)
  const { reload } = polled
  useEffect(() => void reload(), [days, reload])
  const change = (to: Partial<typeof days>): void => {
    const next = { ...days, ...to }
    // A field that is being typed, or days in the wrong order, ask for nothing.
    if (/^\d{4}-\d\d-\d\d$/.test(next.from) && /^\d{4}-\d\d-\d\d$/.test(next.to) && next.from <= next.to) setDays(next)
  }
  const spans = [7, 30, 90] as const
  const span = spans.find((count) => lastDays(count).from === days.from && lastDays(count).to === days.to)
  return (
    <PublisherPage title={t('revenue.title')} polled={polled}>
      {(revenue) => (
        <>
          <p className="lead">{t('revenue.why')}</p>
          <div className="stack">
            <section className="card" aria-label={t('statements.period')}>
              <SegmentedControl
                aria-label={t('statements.period')}
                value={span === undefined ? '' : String(span)}
                onChange={(count) => setDays(lastDays(Number(count)))}
                data={spans.map((count) => ({ value: String(count), label: t('revenue.last', { days: count }) }))}
              />
              <div className="field-line" key={`${days.from} ${days.to}`}>
                <TextInput type="date" label={t('statements.from')} defaultValue={days.from} onChange={(event) => change({ from: event.currentTarget.value })} />
                <TextInput type="date" label={t('statements.to')} defaultValue={days.to} onChange={(event) => change({ to: event.currentTarget.value })} />
                <a className="plain-button" href={`/api/revenue.csv?from=${days.from}&to=${days.to}`} download>
                  {t('statements.csv')}
                </a>
              </div>
            </section>
            {revenue.assets.map((asset) => (
              <AssetCard key={`${asset.assetCode} ${asset.assetScale}`} revenue={revenue} asset={asset} />
            ))}
          </div>
        </>
      )}
    </PublisherPage>
  )
}

function AssetCard({ revenue, asset }: { readonly revenue: Revenue; readonly asset: AssetRevenue }): React.JSX.Element {
  const { t } = useTranslation()
  const locale = useLocale()
  const { assetCode, assetScale, amount, before, bySite, byPointer, byDay } = asset
  const money = (units: bigint): string => formatMoney(units, { code: assetCode, scale: assetScale }, locale)
  const day = (text: string): string => new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeZone: 'UTC' }).format(Date.parse(text))
  const table = (title: string, rows: readonly { readonly name: string; readonly amount: bigint; readonly before: bigint }[]): React.JSX.Element => (
    <div className="amounts-box">
      <table className="amounts">
        <caption>{title}</caption>
        <thead>
          <tr>
            <td />
            <th scope="col">{t('revenue.now')}</th>
            <th scope="col">{t('revenue.before')}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ name, ...row }) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td>{money(row.amount)}</td>
              <td className="quiet">{money(row.before)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
  return (
    <section className="card" aria-label={t('revenue.in', { asset: assetCode })}>
      <h2 className="card-label">{t('revenue.total', { from: day(revenue.from), to: day(revenue.to) })}</h2>
      <p className="figure figure-exact">{money(amount)}</p>
      <p className="quiet">
        {t('revenue.compared', { amount: money(before), from: day(revenue.before.from), to: day(revenue.before.to) })} <strong>{change(amount, before, locale) ?? ''}</strong>
      </p>
      {amount === 0n && before === 0n ? (
        <Empty title={t('revenue.empty')} why={t('revenue.emptyWhy')} />
      ) : (
        <>
          <Suspense fallback={<Loading />}>
            <RevenueChart revenue={asset} />
          </Suspense>
          <p className="quiet chart-key">
            <span className="chart-key-now" /> {t('revenue.now')} <span className="chart-key-then" /> {t('revenue.before')}
          </p>
          {table(t('revenue.bySite'), bySite.map(({ site, ...row }) => ({ name: site === null ? t('earnings.elsewhere') : shortSite(site), ...row })))}
          {table(t('revenue.byPointer'), byPointer.map(({ pointer, ...row }) => ({ name: shortPointer(pointer), ...row })))}
          {table(t('revenue.byDay'), byDay.map((row) => ({ ...row, name: day(row.day) })).toReversed())}
        </>
      )}
    </section>
  )
}

/** How much more or less than before, in percent; undefined where there was nothing to compare with. */
function change(amount: bigint, before: bigint, locale: string): string | undefined {
  if (before <= 0n) return undefined
  const perMille = Number(((amount - before) * 1_000n) / before)
  return new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 1, signDisplay: 'exceptZero' }).format(perMille / 1_000)
}

/** Days are UTC, as the ledger's; today is the last. */
function lastDays(count: number): { readonly from: string; readonly to: string } {
  const today = Date.now()
  const iso = (ms: number): string => new Date(ms).toISOString().slice(0, 10)
  return { from: iso(today - (count - 1) * dayMs), to: iso(today) }
}
