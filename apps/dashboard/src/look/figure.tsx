export interface FigureProps {
  readonly label: React.ReactNode
  readonly value: string
  readonly why?: string | undefined
  readonly tone?: 'warn' | 'alarm' | undefined
  readonly children?: React.ReactNode
}

/** One number among others, within a `dl` of class `figures`: what it is, how much, and what that means. */
export function Figure({ label, value, why, tone, children }: FigureProps): React.JSX.Element {
  return (
    <div className={tone === undefined ? 'card stat' : `card stat stat-${tone}`}>
      <dt className="card-label">{label}</dt>
      <dd>
        <span className="stat-value">{value}</span>
        {children}
        {why !== undefined && <span className="quiet">{why}</span>}
      </dd>
    </div>
  )
}
