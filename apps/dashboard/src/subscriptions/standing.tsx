import { useTranslation } from 'react-i18next'
import { useLocale } from '../words/words.ts'
import type { SubscriptionLine, SubscriptionState } from './subscriptions-api.ts'

const tones: Readonly<Record<SubscriptionState, string>> = { trial: 'good', active: 'good', grace: 'open', 'past-due': 'bad', paused: 'over', cancelled: 'over', starting: 'open', ended: 'over' }

export function SubscriptionBadge({ state }: { readonly state: SubscriptionState }): React.JSX.Element {
  const { t } = useTranslation()
  return <p className={`payout-status payout-${tones[state]}`}>{t(`subscriptions.states.${state}`)}</p>
}

/** What happens next by itself, and when. */
export function NextStep({ subscription }: { readonly subscription: SubscriptionLine }): React.JSX.Element {
  const { t } = useTranslation()
  const locale = useLocale()
  const date = (ms: number): string => new Intl.DateTimeFormat(locale, { dateStyle: 'medium' }).format(ms)
  const { state, cancelled, pausing, charging, waitsUntilMs, retryAtMs, periodEndsMs, begunMs } = subscription
  const words = (): string => {
    if (state === 'ended') return t('subscriptions.next.ended', { date: date(begunMs) })
    if (waitsUntilMs !== null) return t('subscriptions.next.waits', { date: date(waitsUntilMs) })
    if (charging) return t('subscriptions.next.charging')
    if (retryAtMs !== null) return t('subscriptions.next.retry', { date: date(retryAtMs) })
    if (state === 'paused') return t('subscriptions.next.paused')
    return t(cancelled ? 'subscriptions.next.ends' : pausing ? 'subscriptions.next.pauses' : 'subscriptions.next.renews', { date: date(periodEndsMs) })
  }
  return <>{words()}</>
}
