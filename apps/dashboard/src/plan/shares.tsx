import { formatMoney } from '../amounts.ts'
import { shortPointer } from '../words/names.ts'
import { useLocale } from '../words/words.ts'
import type { Plan, Statement } from './plan-api.ts'

/** Who gets how much. */
export function Shares({ shares, plan }: { readonly shares: Statement['shares']; readonly plan: Plan }): React.JSX.Element {
  const locale = useLocale()
  return (
    <dl className="plan-shares">
      {shares.map(({ payee, amount }) => (
        <div key={payee}>
          <dt title={payee}>{shortPointer(payee)}</dt>
          <dd>{formatMoney(amount, { code: plan.assetCode, scale: plan.assetScale }, locale, 6)}</dd>
        </div>
      ))}
    </dl>
  )
}
