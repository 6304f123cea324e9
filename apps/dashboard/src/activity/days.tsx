import { lazy, Suspense } from 'react'
import { useTranslation } from 'react-i18next'
import type { Asset } from '@rivulet/money'
import { formatAge, formatMoney } from '../amounts.ts'
import { useLocale } from '../words/words.ts'
import type { Day } from './totals.ts'

const DayChart = lazy(async () => ({ default: (await import('../look/day-chart.tsx')).DayChart }))
const decimals = 6
/** A chart of one day says nothing. */
const chartDaysMin = 2
const parts = [
  ['reading', 'var(--water)'],
  ['share', 'var(--drop)'],
  ['other', 'var(--quiet)'],
] as const

/** What each day came to: a chart, and a table with the same numbers. */
export function Days({ days, asset }: { readonly days: readonly Day[]; readonly asset: Asset }): React.JSX.Element {
  const { t } = useTranslation()
  const locale = useLocale()
  const money = (amount: bigint): string => formatMoney(amount, asset, locale, decimals)
  const date = new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'short', timeZone: 'UTC' })
  const dayName = (day: string): string => date.format(Date.parse(day))
  const whole = 10 ** asset.scale
  const shown = parts.filter(([part]) => days.some((day) => day[part] > 0n))
  const full = days.filter((day) => day.reading + day.share + day.other > 0n || day.seconds > 0).toReversed()
  const byDay = new Map(days.map((day) => [day.day, day]))
  return (
    <>
      {days.length >= chartDaysMin && (
        <>
          <Suspense fallback={<div className="day-chart" />}>
            <DayChart
              days={days.map(({ day, ...amounts }) => ({ day, ...Object.fromEntries(parts.map(([part]) => [part, Number(amounts[part]) / whole])) }))}
              series={shown.map(([key, color]) => ({ key, name: t(`activity.part.${key}`), color }))}
              dayName={dayName}
              amountName={(height) => formatMoney(BigInt(Math.round(height * whole)), asset, locale, height < 0.1 ? 4 : 2)}
              exact={(day, key) => money(byDay.get(day)?.[key as (typeof parts)[number][0]] ?? 0n)}
            />
          </Suspense>
          <ul className="chart-legend" aria-hidden="true">
            {shown.map(([part]) => (
              <li key={part} className={`chart-${part}`}>
                {t(`activity.part.${part}`)}
              </li>
            ))}
          </ul>
        </>
      )}
      <details className="day-table" open={days.length < chartDaysMin}>
        <summary>{t('activity.byDay')}</summary>
        <div className="table-scroll" tabIndex={0} role="region" aria-label={t('activity.byDay')}>
          <table>
            <caption className="unseen">{t('activity.byDayCaption')}</caption>
            <thead>
              <tr>
                <th scope="col">{t('activity.day')}</th>
                {shown.map(([part]) => (
                  <th key={part} scope="col">
                    {t(`activity.part.${part}`)}
                  </th>
                ))}
                <th scope="col">{t('activity.time')}</th>
              </tr>
            </thead>
            <tbody>
              {full.map((day) => (
                <tr key={day.day}>
                  <th scope="row">{dayName(day.day)}</th>
                  {shown.map(([part]) => (
                    <td key={part}>{money(day[part])}</td>
                  ))}
                  <td>{day.seconds === 0 ? '' : formatAge(day.seconds * 1_000, locale)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </details>
    </>
  )
}
