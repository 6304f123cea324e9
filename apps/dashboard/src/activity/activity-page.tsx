import { SegmentedControl, TextInput } from '@mantine/core'
import { useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { formatAge, formatMoney } from '../amounts.ts'
import { Empty } from '../look/notice.tsx'
import { usePolled } from '../use-polled.ts'
import { SubscriberPage } from '../wallet/subscriber-page.tsx'
import { shortPointer, shortSite } from '../words/names.ts'
import { useLocale } from '../words/words.ts'
import { type Activity, type ActivityLine, kinds, loadActivity } from './activity-api.ts'
import { Days } from './days.tsx'
import { daysOf, type PeriodName, periodOf, periods, spentLines, sumOf, type Total, totalsBy } from './totals.ts'
import './activity.css'

const pollMs = 10_000
const decimals = 6

/** What she has spent, on what and whom, from the ledger. */
export function ActivityPage(): React.JSX.Element {
  const { t } = useTranslation()
  const [name, setName] = useState<PeriodName>('month')
  const [days, setDays] = useState(() => periodOf('month', today()))
  const query = `from=${days.from}&to=${days.to}`
  const polled = usePolled(() => loadActivity(query), pollMs)
  const { reload } = polled
  useEffect(() => void reload(), [query, reload])
  const choose = (next: PeriodName): void => {
    setName(next)
    if (next !== 'custom') setDays(periodOf(next, today()))
  }
  const change = (to: Partial<typeof days>): void => {
    const next = { ...days, ...to }
    // A field that is being typed, or days in the wrong order, ask for nothing.
    if (/^\d{4}-\d\d-\d\d$/.test(next.from) && /^\d{4}-\d\d-\d\d$/.test(next.to) && next.from <= next.to) setDays(next)
  }
  return (
    <SubscriberPage title={t('activity.title')} polled={polled}>
      {(activity) => (
        <div className="activity">
          <section className="card activity-period" aria-label={t('activity.period')}>
            <SegmentedControl aria-label={t('activity.period')} value={name} onChange={(next) => choose(next as PeriodName)} data={periods.map((one) => ({ value: one, label: t(`activity.periods.${one}`) }))} />
            {name === 'custom' && (
              <div className="field-line">
                <TextInput type="date" label={t('activity.from')} defaultValue={days.from} max={today()} onChange={(event) => change({ from: event.currentTarget.value })} />
                <TextInput type="date" label={t('activity.to')} defaultValue={days.to} max={today()} onChange={(event) => change({ to: event.currentTarget.value })} />
              </div>
            )}
            <a className="plain-button" href={`/api/activity.csv?${query}`} download>
              {t('activity.csv')}
            </a>
          </section>
          <Spent activity={activity} />
        </div>
      )}
    </SubscriberPage>
  )
}

function Spent({ activity }: { readonly activity: Activity }): React.JSX.Element {
  const { t } = useTranslation()
  const locale = useLocale()
  const lines = spentLines(activity.lines)
  const asset = { code: activity.assetCode, scale: activity.assetScale }
  const money = (amount: bigint): string => formatMoney(amount, asset, locale, decimals)
  const returned = sumOf(activity.lines) - sumOf(lines)
  const cameBack = activity.cameBack > 0n && <p className="quiet">{t('activity.cameBack', { amount: money(activity.cameBack) })}</p>
  if (activity.lines.length === 0) {
    return (
      <section className="card">
        <Empty title={t('activity.empty')} why={t('activity.emptyWhy')} />
        {cameBack}
      </section>
    )
  }
  return (
    <>
      <section className="card" aria-labelledby="spent-title">
        <h2 id="spent-title" className="card-label">
          {t('activity.spent')}
        </h2>
        <p className="figure">{money(sumOf(lines))}</p>
        <dl className="activity-kinds">
          {kinds.map((kind) => {
            const amount = sumOf(lines.filter((line) => line.kind === kind))
            return amount === 0n ? null : (
              <div key={kind}>
                <dt>{t(`activity.kind.${kind}`)}</dt>
                <dd>{money(amount)}</dd>
              </div>
            )
          })}
        </dl>
        {returned > 0n && <p className="quiet">{t('activity.returned', { amount: money(returned) })}</p>}
        {cameBack}
        <Days days={daysOf(lines, activity)} asset={asset} />
      </section>
      <div className="plan-page">
        <Totals title={t('activity.byPayee')} lines={lines} of="payee" nameOf={shortPointer} money={money} />
        <Totals title={t('activity.bySite')} lines={lines.filter(({ site }) => site !== null)} of="site" nameOf={shortSite} money={money} />
      </div>
    </>
  )
}

interface TotalsProps {
  readonly title: string
  readonly lines: readonly ActivityLine[]
  readonly of: 'payee' | 'site'
  readonly nameOf: (name: string) => string
  readonly money: (amount: bigint) => string
}

function Totals({ title, lines, of, nameOf, money }: TotalsProps): React.JSX.Element {
  const { t } = useTranslation()
  const totals = totalsBy(lines, of)
  return (
    <section className="card" aria-label={title}>
      <h2>{title}</h2>
      {totals.length === 0 ? (
        <p className="quiet">{t('activity.noSites')}</p>
      ) : (
        <ul className="rows">
          {totals.map((total) => (
            <TotalRow key={total.name} total={total} name={total.name === '' ? t('activity.operator') : nameOf(total.name)} most={totals[0]?.amount ?? 0n} money={money} />
          ))}
        </ul>
      )}
    </section>
  )
}

function TotalRow({ total, name, most, money }: { readonly total: Total; readonly name: string; readonly most: bigint; readonly money: TotalsProps['money'] }): React.JSX.Element {
  const { t } = useTranslation()
  const locale = useLocale()
  return (
    <li className="row activity-total">
      <div className="row-main">
        <p className="row-title">{name}</p>
        {total.seconds > 0 && <p className="quiet">{t('activity.read', { time: formatAge(total.seconds * 1_000, locale) })}</p>}
        <progress className="share-bar" aria-hidden="true" value={most === 0n ? 0 : Number((total.amount * 1_000n) / most)} max={1_000} />
      </div>
      <p className="row-amount">{money(total.amount)}</p>
    </li>
  )
}

/** Days are UTC, as the ledger's. */
function today(): string {
  return new Date().toISOString().slice(0, 10)
}
