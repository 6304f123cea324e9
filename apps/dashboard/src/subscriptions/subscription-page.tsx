import { useCallback } from 'react'
import { useTranslation } from 'react-i18next'
import { formatMoney } from '../amounts.ts'
import { refund } from '../operator-admin/admin-api.ts'
import { Reasoned } from '../operator-admin/reasoned.tsx'
import { useActionWords } from '../operator-admin/use-action-words.ts'
import { OperatorPage } from '../operator-payouts/operator-page.tsx'
import { usePolled } from '../use-polled.ts'
import { useLocale } from '../words/words.ts'
import { changeSubscription, loadSubscription, type SubscriptionLine, type TimelineEntry } from './subscriptions-api.ts'
import { NextStep, SubscriptionBadge } from './standing.tsx'

const pollMs = 5_000

/** One subscription: how it stands, what an operator may do about it, and all that happened. */
export function SubscriptionPage({ id }: { readonly id: string }): React.JSX.Element {
  const { t } = useTranslation()
  const polled = usePolled(useCallback(() => loadSubscription(id), [id]), pollMs)
  const known = polled.value?.subscription
  return (
    <OperatorPage title={known?.name ?? known?.id ?? t('subscriptions.title')} polled={polled}>
      {({ subscription, open, timeline }) => (
        <>
          <p>
            <a href="/subscriptions">{t('subscriptions.back')}</a>
          </p>
          <Facts subscription={subscription} reload={polled.reload} />
          {open.length > 0 && (
            <section className="card" aria-labelledby="open-steps">
              <h2 id="open-steps">{t('subscriptions.open')}</h2>
              <ul className="rows">
                {open.map(({ type, attempts, error }, index) => (
                  <li key={`${type} ${index}`} className="row">
                    <div className="row-main">
                      <p className="row-title">{type}</p>
                      <p className="quiet payout-note">{attempts === 0 ? t('subscriptions.openWaits') : `${t('subscriptions.attempts', { count: attempts })}${error === null ? '' : ` · ${error}`}`}</p>
                    </div>
                  </li>
                ))}
              </ul>
            </section>
          )}
          <section className="card" aria-labelledby="timeline">
            <h2 id="timeline">{t('subscriptions.timeline')}</h2>
            <ul className="rows">
              {timeline.map((entry, index) => (
                <Entry key={`${entry.kind} ${entry.atMs} ${timeline.length - index}`} entry={entry} subscription={subscription} reload={polled.reload} />
              ))}
            </ul>
          </section>
        </>
      )}
    </OperatorPage>
  )
}

function Facts({ subscription, reload }: { readonly subscription: SubscriptionLine; readonly reload: () => Promise<void> }): React.JSX.Element {
  const { t } = useTranslation()
  const locale = useLocale()
  const { id, personId, name, email, state, plan, price, assetCode, assetScale, period, begunMs, periodEndsMs, attempts, cancelled, pausing, charging } = subscription
  const date = new Intl.DateTimeFormat(locale, { dateStyle: 'long' })
  const amount = formatMoney(price, { code: assetCode, scale: assetScale }, locale, 2)
  const fact = (term: string, value: React.ReactNode): React.JSX.Element => (
    <div>
      <dt>{term}</dt>
      <dd>{value}</dd>
    </div>
  )
  return (
    <section className="card" aria-label={name ?? id}>
      <SubscriptionBadge state={state} />
      <dl className="facts">
        {fact(t('subscriptions.person'), <a href={`/people/${personId}`}>{email ?? personId}</a>)}
        {fact(t('subscriptions.plan'), `${plan} · ${t(period === 'month' ? 'subscriptions.perMonth' : 'subscriptions.perYear', { amount })}`)}
        {fact(t('subscriptions.begun'), date.format(begunMs))}
        {state !== 'ended' && fact(t('subscriptions.periodEnds'), date.format(periodEndsMs))}
        {fact(t('subscriptions.nextStep'), <NextStep subscription={subscription} />)}
        {fact(t('subscriptions.failed'), String(attempts))}
        {fact(t('subscriptions.id'), <code>{id}</code>)}
      </dl>
      {state !== 'ended' && (
        <div className="row-actions">
          {(state === 'past-due' || state === 'grace') && !charging && <Reasoned label={t('subscriptions.retry')} warning={t('subscriptions.retryWhy')} work={(reason) => changeSubscription(id, 'retry', reason)} after={reload} />}
          {cancelled || pausing ? (
            <Reasoned label={t('subscriptions.keep')} warning={t('subscriptions.keepWhy')} work={(reason) => changeSubscription(id, 'keep', reason)} after={reload} />
          ) : (
            <Reasoned label={t('subscriptions.cancel')} warning={t(state === 'active' || state === 'trial' ? 'subscriptions.cancelWhy' : 'subscriptions.cancelNowWhy', { date: date.format(periodEndsMs) })} work={(reason) => changeSubscription(id, 'cancel', reason)} after={reload} />
          )}
        </div>
      )}
    </section>
  )
}

function Entry({ entry, subscription, reload }: { readonly entry: TimelineEntry; readonly subscription: SubscriptionLine; readonly reload: () => Promise<void> }): React.JSX.Element {
  const { t } = useTranslation()
  const locale = useLocale()
  const actionWords = useActionWords()
  const asset = { code: subscription.assetCode, scale: subscription.assetScale }
  const money = (units: bigint): string => formatMoney(units, asset, locale)
  const described = (): readonly [title: string, more: string | undefined] => {
    switch (entry.kind) {
      case 'begun':
        return [t('subscriptions.entries.begun'), undefined]
      case 'charge':
        return [t(`subscriptions.entries.charge.${entry.status}`, { amount: money(entry.amount), provider: entry.provider }), [entry.reason, entry.refunded > 0n ? t('subscriptions.entries.refunded', { amount: money(entry.refunded) }) : null].filter((part) => part !== null).join(' · ')]
      case 'shared':
        return [t('subscriptions.entries.shared', { amount: money(entry.rest - entry.rolledOver), count: entry.shares }), entry.rolledOver > 0n ? t('subscriptions.entries.rolledOver', { amount: money(entry.rolledOver) }) : undefined]
      case 'invoice':
      case 'credit-note':
        return [t(`subscriptions.entries.${entry.kind}`, { number: entry.number, amount: money(entry.total) }), undefined]
      case 'action':
        return [t('subscriptions.entries.action', { action: actionWords(entry.name), result: t(`admin.results.${entry.result}`) }), entry.reason ?? undefined]
    }
  }
  const [title, more] = described()
  return (
    <li className="row payout-row">
      <div className="row-main">
        <p className="row-title">{title}</p>
        <p className="quiet payout-note">
          {new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short' }).format(entry.atMs)}
          {more !== undefined && more !== '' && ` · ${more}`}
        </p>
        {entry.kind === 'invoice' && entry.refundable && <Reasoned label={t('admin.refund')} warning={t('admin.refundWhy')} work={(reason) => refund(entry.number, reason)} after={reload} />}
      </div>
    </li>
  )
}
