import { useTranslation } from 'react-i18next'
import type { ApiFault } from '../api.ts'
import { formatAge } from '../amounts.ts'
import { en } from './en.ts'
import { useLocale } from './words.ts'

type ErrorCode = keyof typeof en.errors

/** What to tell people about a refusal: what happened and what to do. A code without words of its own is shown, so that it can be reported. */
export function useFaultWords(): (fault: ApiFault) => string {
  const { t } = useTranslation()
  const locale = useLocale()
  return (fault) => {
    if (fault.code === 'rate-limited' && fault.retryAfterMs !== undefined) return t('errors.rate-limited-wait', { wait: formatAge(fault.retryAfterMs, locale) })
    if (Object.hasOwn(en.errors, fault.code)) return t(`errors.${fault.code as ErrorCode}`, { why: fault.message })
    if (fault.status === 401) return t('errors.signed-out')
    return t('errors.unknown', { code: fault.code })
  }
}
