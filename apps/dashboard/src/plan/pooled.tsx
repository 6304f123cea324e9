import { useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { formatMoney } from '../amounts.ts'
import { ApiFault } from '../api.ts'
import { shortPointer } from '../words/names.ts'
import { useLocale } from '../words/words.ts'
import { type BothWays, type Plan, type Pool, preview, type Preview, type Subscription } from './plan-api.ts'

/** Of a pooled plan: how what she leaves would be divided if her period ended now, by the plan's rule and by the other. */
export function PooledSharing({ subscription }: { readonly subscription: Subscription }): React.JSX.Element {
  const { t } = useTranslation()
  const locale = useLocale()
  const { plan, policy } = subscription
  const [estimate, setEstimate] = useState<Preview>()
  useEffect(() => {
    preview(policy).then(setEstimate, (error: unknown) => {
      // The rule stands without its numbers.
      if (!(error instanceof ApiFault)) throw error
    })
  }, [policy])
  return (
    <section className="card" aria-labelledby="pooled-title">
      <h2 id="pooled-title">{t('plan.sharing')}</h2>
      <p className="quiet">{t(plan.pool === 'pro-rata' ? 'plan.pooledProRata' : 'plan.pooledUserCentric')}</p>
      {estimate !== undefined && (
        <div className="plan-estimate">
          <h3>{t('plan.previewTitle')}</h3>
          {estimate.pool === null || estimate.shares.length === 0 ? (
            <p className="quiet">{t('plan.previewNothing', { amount: formatMoney(estimate.rolledOver, { code: plan.assetCode, scale: plan.assetScale }, locale, 6) })}</p>
          ) : (
            <Both both={estimate.pool} plan={plan} />
          )}
        </div>
      )}
    </section>
  )
}

/** The months that are divided. */
export function Pools({ pools, plan }: { readonly pools: readonly Pool[]; readonly plan: Plan }): React.JSX.Element {
  const { t } = useTranslation()
  const locale = useLocale()
  const month = new Intl.DateTimeFormat(locale, { month: 'long', year: 'numeric', timeZone: 'UTC' })
  return (
    <section className="card" aria-labelledby="pools-title">
      <h2 id="pools-title">{t('plan.pools')}</h2>
      {pools.map((pool) => (
        <div key={pool.month} className="plan-estimate">
          <h3>{month.format(new Date(`${pool.month}-01T00:00:00Z`))}</h3>
          <p className="quiet">{t('plan.poolFrom', { members: pool.members, amount: formatMoney(pool.budget, { code: plan.assetCode, scale: plan.assetScale }, locale) })}</p>
          <Both both={pool} plan={plan} />
        </div>
      ))}
    </section>
  )
}

function Both({ both, plan }: { readonly both: BothWays; readonly plan: Plan }): React.JSX.Element {
  const { t } = useTranslation()
  const locale = useLocale()
  const asset = { code: plan.assetCode, scale: plan.assetScale }
  const payees = [...new Set([...both.proRata, ...both.userCentric].map(({ payee }) => payee))]
  const ways = [
    ['pro-rata', t('plan.byAll'), both.proRata],
    ['user-centric', t('plan.byOwn'), both.userCentric],
  ] as const
  return (
    <table className="plan-both">
      <thead>
        <tr>
          <th scope="col">{t('plan.payee')}</th>
          {ways.map(([rule, name]) => (
            <th key={rule} scope="col">
              {name}
              {rule === both.rule && <strong> {t('plan.paidThisWay')}</strong>}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {payees.map((payee) => (
          <tr key={payee}>
            <th scope="row" title={payee}>
              {shortPointer(payee)}
            </th>
            {ways.map(([rule, , shares]) => (
              <td key={rule}>{formatMoney(shares.find((share) => share.payee === payee)?.amount ?? 0n, asset, locale, 6)}</td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  )
}
