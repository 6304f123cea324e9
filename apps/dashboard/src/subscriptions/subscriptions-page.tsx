import { NativeSelect } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { formatCount, formatMoney } from '../amounts.ts'
import { Empty } from '../look/notice.tsx'
import { Pages } from '../operator-admin/audit-page.tsx'
import { SearchRow } from '../operator-admin/search-row.tsx'
import { OperatorPage } from '../operator-payouts/operator-page.tsx'
import '../payouts/payouts.css'
import { usePolled } from '../use-polled.ts'
import { useLocale } from '../words/words.ts'
import { NextStep, SubscriptionBadge } from './standing.tsx'
import { SubscriptionPage } from './subscription-page.tsx'
import { loadSubscriptions, type SubscriptionLine, type SubscriptionsAsked, subscriptionStates } from './subscriptions-api.ts'

const pollMs = 10_000

/** `/subscriptions`: all of them, by state, plan and person; `/subscriptions/subs_x`: one. */
export function SubscriptionsPage({ id }: { readonly id: string | undefined }): React.JSX.Element {
  const [asked, setAsked] = useState<SubscriptionsAsked>({ state: '', plan: '', text: '', before: undefined })
  return id === undefined ? <SubscriptionList key={JSON.stringify(asked)} asked={asked} onAsk={setAsked} /> : <SubscriptionPage id={id} />
}

function SubscriptionList({ asked, onAsk }: { readonly asked: SubscriptionsAsked; readonly onAsk: (asked: SubscriptionsAsked) => void }): React.JSX.Element {
  const { t } = useTranslation()
  const locale = useLocale()
  const polled = usePolled(() => loadSubscriptions(asked), pollMs)
  const ask = (change: Partial<SubscriptionsAsked>): void => onAsk({ ...asked, before: undefined, ...change })
  return (
    <OperatorPage title={t('subscriptions.title')} polled={polled}>
      {({ subscriptions, more, counts, plans }) => (
        <>
          <SearchRow label={t('subscriptions.search')} given={asked.text} onFind={(text) => ask({ text })}>
            {(text) => (
              <>
                <NativeSelect
                  label={t('subscriptions.state')}
                  value={asked.state}
                  onChange={(event) => ask({ text, state: subscriptionStates.find((state) => state === event.currentTarget.value) ?? '' })}
                  data={[{ value: '', label: t('subscriptions.anyState') }, ...subscriptionStates.map((state) => ({ value: state, label: `${t(`subscriptions.states.${state}`)} (${formatCount(counts[state] ?? 0, locale)})` }))]}
                />
                <NativeSelect label={t('subscriptions.plan')} value={asked.plan} onChange={(event) => ask({ text, plan: event.currentTarget.value })} data={[{ value: '', label: t('subscriptions.anyPlan') }, ...plans]} />
              </>
            )}
          </SearchRow>
          <section className="card" aria-label={t('subscriptions.title')}>
            {subscriptions.length === 0 ? (
              <Empty title={t('subscriptions.empty')} why={t('subscriptions.emptyWhy')} />
            ) : (
              <ul className="rows">
                {subscriptions.map((subscription) => (
                  <Line key={subscription.id} subscription={subscription} />
                ))}
              </ul>
            )}
            <Pages first={asked.before === undefined} last={more ? subscriptions.at(-1)?.id : undefined} onBefore={(before) => onAsk({ ...asked, before })} />
          </section>
        </>
      )}
    </OperatorPage>
  )
}

function Line({ subscription }: { readonly subscription: SubscriptionLine }): React.JSX.Element {
  const { t } = useTranslation()
  const locale = useLocale()
  const { id, name, email, personId, plan, price, assetCode, assetScale, period, attempts } = subscription
  const amount = formatMoney(price, { code: assetCode, scale: assetScale }, locale, 2)
  return (
    <li className="row payout-row">
      <div className="row-main">
        <p className="row-title">
          <a href={`/subscriptions/${id}`}>{name ?? personId}</a>
        </p>
        <p className="quiet payout-note">{email}</p>
        <p className="quiet payout-note">
          {plan} · {t(period === 'month' ? 'subscriptions.perMonth' : 'subscriptions.perYear', { amount })} · <NextStep subscription={subscription} />
          {attempts > 0 && ` · ${t('subscriptions.attempts', { count: attempts })}`}
        </p>
      </div>
      <SubscriptionBadge state={subscription.state} />
    </li>
  )
}
