import { useTranslation } from 'react-i18next'
import { formatMoney } from '../amounts.ts'
import { useLocale } from '../words/words.ts'
import type { Grant, GrantAmount } from './grants-api.ts'

/** Of the limit, in the interval that lasts now. */
export function Spent({ grant }: { readonly grant: Grant }): React.ReactNode {
  const { t } = useTranslation()
  const locale = useLocale()
  const money = ({ value, assetCode, assetScale }: GrantAmount): string => formatMoney(value, { code: assetCode, scale: assetScale }, locale)
  const limits = grant.access.find(({ type }) => type === 'outgoing-payment')?.limits
  const limit = limits?.debitAmount ?? limits?.receiveAmount
  if (grant.spent === null) return null
  const spent = limits?.receiveAmount === undefined ? grant.spent.debitAmount : (grant.spent.receiveAmount ?? grant.spent.debitAmount)
  const amount = money(spent)
  if (limit === undefined) return <p className="grant-spent">{t('grants.spent', { amount })}</p>
  const date = grant.interval === null ? undefined : new Intl.DateTimeFormat(locale, { dateStyle: 'long' }).format(grant.interval.endMs)
  return <p className="grant-spent">{date === undefined ? t('grants.spentOf', { amount, limit: money(limit) }) : t('grants.spentOfUntil', { amount, limit: money(limit), date })}</p>
}

/** As people know the app, or its address. */
export function nameOf({ client }: Grant): string {
  return client.name ?? client.walletAddress
}
