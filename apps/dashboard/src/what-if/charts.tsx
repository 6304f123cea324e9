import { useTranslation } from 'react-i18next'
import { Bar, BarChart, CartesianGrid, Line, LineChart, ReferenceLine, ResponsiveContainer, Tooltip, XAxis, YAxis } from 'recharts'
import { useLocale } from '../words/words.ts'
import type { Calculation } from './what-if-api.ts'

const heightPx = 260

/** The curve and the tornado as pictures; the tables below have the same numbers, and are what a screen reader gets. */
export function Charts({ calculation }: { readonly calculation: Calculation }): React.JSX.Element {
  const { t } = useTranslation()
  const locale = useLocale()
  const short = new Intl.NumberFormat(locale, { notation: 'compact', maximumFractionDigits: 1 })
  const write = (value: unknown): string => short.format(Number(value))
  const base = Number(calculation.profit)
  const curve = calculation.curve.map(({ volume, revenue, costs }) => ({ volume: Number(volume), revenue: Number(revenue), costs: Number(costs) }))
  const bars = calculation.tornado.map(({ input, lower, higher }) => ({ input: t(`whatIf.fields.${input}`), lower: Number(lower) - base, higher: Number(higher) - base }))
  return (
    <div className="what-if-charts" aria-hidden="true">
      <figure className="card">
        <figcaption>{t('whatIf.curve')}</figcaption>
        <ResponsiveContainer width="100%" height={heightPx}>
          <LineChart data={curve} accessibilityLayer={false} margin={{ left: 0, right: 8, top: 8, bottom: 0 }}>
            <CartesianGrid stroke="var(--line)" vertical={false} />
            <XAxis dataKey="volume" type="number" domain={[0, 'dataMax']} tickFormatter={write} stroke="var(--quiet)" tickLine={false} />
            <YAxis tickFormatter={write} stroke="var(--quiet)" width={48} tickLine={false} axisLine={false} />
            <Tooltip formatter={write} labelFormatter={write} contentStyle={{ background: 'var(--card)', borderColor: 'var(--line)' }} />
            {calculation.breakEvenVolume !== null && <ReferenceLine x={Number(calculation.breakEvenVolume)} stroke="var(--drop)" strokeDasharray="4 4" />}
            <Line dataKey="revenue" name={t('whatIf.revenue')} stroke="var(--water)" strokeWidth={2} dot={false} isAnimationActive={false} />
            <Line dataKey="costs" name={t('whatIf.costs')} stroke="var(--money)" strokeWidth={2} dot={false} isAnimationActive={false} />
          </LineChart>
        </ResponsiveContainer>
        <p className="what-if-key">
          <span className="key-water">{t('whatIf.revenue')}</span> <span className="key-money">{t('whatIf.costs')}</span> <span className="key-drop">{t('whatIf.breakEven')}</span>
        </p>
      </figure>
      <figure className="card">
        <figcaption>{t('whatIf.tornado')}</figcaption>
        <ResponsiveContainer width="100%" height={heightPx}>
          <BarChart data={bars} layout="vertical" stackOffset="sign" accessibilityLayer={false} margin={{ left: 0, right: 8, top: 8, bottom: 0 }}>
            <XAxis type="number" tickFormatter={write} stroke="var(--quiet)" tickLine={false} />
            <YAxis type="category" dataKey="input" stroke="var(--quiet)" width={110} tickLine={false} axisLine={false} />
            <Tooltip formatter={write} contentStyle={{ background: 'var(--card)', borderColor: 'var(--line)' }} />
            <ReferenceLine x={0} stroke="var(--ink)" />
            <Bar dataKey="lower" name={t('whatIf.lower')} stackId="swing" fill="var(--money)" isAnimationActive={false} />
            <Bar dataKey="higher" name={t('whatIf.higher')} stackId="swing" fill="var(--water)" isAnimationActive={false} />
          </BarChart>
        </ResponsiveContainer>
        <p className="what-if-key">
          <span className="key-money">{t('whatIf.lower')}</span> <span className="key-water">{t('whatIf.higher')}</span>
        </p>
      </figure>
    </div>
  )
}
