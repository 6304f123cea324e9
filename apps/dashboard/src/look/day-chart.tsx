/** The dashboard's chart of days, on Recharts. It is a file of its own so that only pages with a chart load it, and hidden from screen readers: a table beside it says the same. */
import { Bar, BarChart, CartesianGrid, Tooltip, XAxis, YAxis } from 'recharts'
import { useElementSize } from '@mantine/hooks'

export interface DayChartProps {
  /** Each day (UTC, `2026-01-31`) with one height for each series. */
  readonly days: readonly ({ readonly day: string } & Readonly<Record<string, string | number>>)[]
  /** From the bottom up. */
  readonly series: readonly { readonly key: string; readonly name: string; readonly color: string }[]
  readonly dayName: (day: string) => string
  readonly amountName: (height: number) => string
  /** What a day says when it is pointed at: exact, where a height is not. */
  readonly exact: (day: string, key: string) => string
}

const height = 220

export function DayChart({ days, series, dayName, amountName, exact }: DayChartProps): React.JSX.Element {
  const { ref, width } = useElementSize()
  return (
    <div ref={ref} className="day-chart" aria-hidden="true">
      {width > 0 && (
        <BarChart width={width} height={height} data={[...days]} margin={{ top: 8, right: 0, bottom: 0, left: 0 }} accessibilityLayer={false} barCategoryGap="18%">
          <CartesianGrid vertical={false} stroke="var(--line)" />
          <XAxis dataKey="day" tickFormatter={dayName} tickLine={false} axisLine={{ stroke: 'var(--line)' }} tick={{ fill: 'var(--quiet)', fontSize: 12 }} minTickGap={16} />
          <YAxis tickFormatter={amountName} width="auto" tickLine={false} axisLine={false} tick={{ fill: 'var(--quiet)', fontSize: 12 }} tickCount={4} />
          <Tooltip
            cursor={{ fill: 'var(--line)', opacity: 0.5 }}
            isAnimationActive={false}
            content={({ active, label }) =>
              active && typeof label === 'string' ? (
                <div className="chart-tip">
                  <p>{dayName(label)}</p>
                  {series.map(({ key, name }) => (
                    <p key={key} className="quiet">
                      {name}: {exact(label, key)}
                    </p>
                  ))}
                </div>
              ) : null
            }
          />
          {series.map(({ key, name, color }) => (
            <Bar key={key} dataKey={key} name={name} stackId="day" fill={color} maxBarSize={36} isAnimationActive={false} />
          ))}
        </BarChart>
      )}
    </div>
  )
}
