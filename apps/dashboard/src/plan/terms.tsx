import { useTranslation } from 'react-i18next'
import { formatMoney, perHour } from '../amounts.ts'
import { useLocale } from '../words/words.ts'
import type { Plan } from './plan-api.ts'

const decimals = 4

/** What a plan costs and gives. */
export function PlanTerms({ plan }: { readonly plan: Plan }): React.JSX.Element {
  const { t } = useTranslation()
  const locale = useLocale()
  const asset = { code: plan.assetCode, scale: plan.assetScale }
  const amount = formatMoney(plan.price, asset, locale, decimals)
  return (
    <>
      <p className="plan-price">{plan.period === 'month' ? t('plan.perMonth', { amount }) : t('plan.perYear', { amount })}</p>
      <p className="quiet">{t('plan.budget', { amount: formatMoney(plan.budget, asset, locale, decimals) })}</p>
      <p className="quiet">{t('plan.rate', { amount: formatMoney(perHour(plan.rate), asset, locale, decimals) })}</p>
      {plan.trialDays > 0 && <p className="quiet">{t('plan.trial', { days: plan.trialDays })}</p>}
    </>
  )
}
