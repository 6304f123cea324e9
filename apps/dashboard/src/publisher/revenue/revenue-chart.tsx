import { formatAmount } from '@rivulet/money'
import { useTranslation } from 'react-i18next'
import { Bar, CartesianGrid, ComposedChart, Line, ResponsiveContainer, Tooltip, XAxis, YAxis } from 'recharts'
import { formatMoney } from '../../amounts.ts'
import { useLocale } from '../../words/words.ts'
import type { AssetRevenue } from './revenue-api.ts'

/** Each day as a bar, the day as far into the period before as a line. The exact numbers stand in the table: heights are rounded to what a screen shows. */
export default function RevenueChart({ revenue: { assetCode, assetScale, byDay } }: { readonly revenue: AssetRevenue }): React.JSX.Element {
  const { t } = useTranslation()
  const locale = useLocale()
  const asset = { code: assetCode, scale: assetScale }
  const height = (amount: bigint): number => Number(formatAmount(amount, asset))
  const days = byDay.map(({ day, amount, before }) => ({ day, now: height(amount), earlier: height(before), amount, before }))
  const short = new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'short', timeZone: 'UTC' })
  const axis = new Intl.NumberFormat(locale, { notation: 'compact', maximumSignificantDigits: 3 })
  return (
    <div className="chart" aria-hidden="true">
      <ResponsiveContainer width="100%" height={240}>
        <ComposedChart data={days} margin={{ top: 8, right: 8, bottom: 0, left: 0 }} accessibilityLayer={false}>
          <CartesianGrid vertical={false} className="chart-grid" />
          <XAxis dataKey="day" tickFormatter={(day: string) => short.format(Date.parse(day))} tickLine={false} axisLine={false} minTickGap={24} />
          <YAxis width={72} tickFormatter={(value: number) => axis.format(value)} tickLine={false} axisLine={false} />
          <Tooltip
            isAnimationActive={false}
            content={({ active, payload }) => {
              const day = payload?.[0]?.payload as (typeof days)[number] | undefined
              if (active !== true || day === undefined) return null
              return (
                <div className="chart-tip">
                  <strong>{short.format(Date.parse(day.day))}</strong>
                  <span>{formatMoney(day.amount, asset, locale)}</span>
                  <span className="quiet">{t('revenue.beforeAmount', { amount: formatMoney(day.before, asset, locale) })}</span>
                </div>
              )
            }}
          />
          <Bar dataKey="now" className="chart-now" isAnimationActive={false} radius={3} maxBarSize={36} />
          <Line dataKey="earlier" className="chart-then" isAnimationActive={false} dot={days.length === 1} type="monotone" strokeWidth={2} strokeDasharray="5 4" />
        </ComposedChart>
      </ResponsiveContainer>
    </div>
  )
}
