import type { Asset } from '@rivulet/money'
import { useTranslation } from 'react-i18next'
import { formatMoney } from '../amounts.ts'
import { useLocale } from '../words/words.ts'
import type { PayoutsPageData } from './payouts-api.ts'

/** Why this threshold is proposed, and a warning while a lower one stands there. */
export function ThresholdWhy({ terms, asset, amount }: { readonly terms: PayoutsPageData['rails'][number] | undefined; readonly asset: Asset; readonly amount: bigint | undefined }): React.JSX.Element | null {
  const { t } = useTranslation()
  const locale = useLocale()
  if (terms === undefined || terms.proposed === null) return null
  const money = (units: bigint): string => formatMoney(units, asset, locale)
  const share = (part: number): string => new Intl.NumberFormat(locale, { style: 'percent' }).format(part)
  if (amount !== undefined && terms.least !== null && amount < terms.least) return <strong role="status">{t('payouts.thresholdLow', { share: share(0.2), amount: money(terms.proposed) })}</strong>
  if (amount !== undefined && amount < terms.proposed) return <strong role="status">{t('payouts.thresholdLow', { share: share(0.15), amount: money(terms.proposed) })}</strong>
  return <>{t('payouts.thresholdWhy', { share: share(0.15), amount: money(terms.proposed) })}</>
}
