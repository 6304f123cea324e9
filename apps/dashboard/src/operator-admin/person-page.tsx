import { useCallback } from 'react'
import { useTranslation } from 'react-i18next'
import { formatMoney } from '../amounts.ts'
import { Empty } from '../look/notice.tsx'
import { OperatorPage } from '../operator-payouts/operator-page.tsx'
import { usePolled } from '../use-polled.ts'
import { useLocale } from '../words/words.ts'
import { loadPerson, refund, setFrozen, type Shown } from './admin-api.ts'
import { Reasoned } from './reasoned.tsx'
import { useActionWords } from './use-action-words.ts'

const pollMs = 10_000

/** One subscriber or publisher: money and state, and nothing of what she reads. */
export function PersonPage({ id }: { readonly id: string }): React.JSX.Element {
  const { t } = useTranslation()
  const polled = usePolled(useCallback(() => loadPerson(id), [id]), pollMs)
  const locale = useLocale()
  const actionWords = useActionWords()
  const time = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short' })
  return (
    <OperatorPage title={polled.value?.shown.name ?? t('admin.people')} polled={polled}>
      {({ shown, history }) => (
        <>
          <p>
            <a href="/people">{t('admin.backToPeople')}</a>
          </p>
          <Facts shown={shown} reload={polled.reload} />
          {shown.role === 'subscriber' ? <Payments shown={shown} reload={polled.reload} /> : <Payouts shown={shown} />}
          <section className="card" aria-labelledby="history-title">
            <h2 id="history-title">{t('admin.history')}</h2>
            {history.length === 0 ? (
              <Empty title={t('admin.historyEmpty')} />
            ) : (
              <ul className="rows">
                {history.map(({ name, atMs, reason }) => (
                  <li key={`${name} ${atMs}`} className="row">
                    <div className="row-main">
                      <p className="row-title">{actionWords(name)}</p>
                      <p className="quiet">
                        {time.format(atMs)}
                        {reason !== null && ` · ${reason}`}
                      </p>
                    </div>
                  </li>
                ))}
              </ul>
            )}
          </section>
        </>
      )}
    </OperatorPage>
  )
}

function Facts({ shown, reload }: { readonly shown: Shown; readonly reload: () => Promise<void> }): React.JSX.Element {
  const { t } = useTranslation()
  const locale = useLocale()
  const { id, name, email, url, balance, frozen, subscription, connections, role } = shown
  const date = new Intl.DateTimeFormat(locale, { dateStyle: 'medium' })
  const money = (units: bigint): string => (balance === null ? '' : formatMoney(units, { code: balance.assetCode, scale: balance.assetScale }, locale))
  return (
    <section className="card" aria-label={name}>
      {frozen !== null && <p className="payout-status payout-bad">{t('admin.frozenSince', { date: date.format(frozen.sinceMs), reason: frozen.reason })}</p>}
      <dl className="payout-price">
        <dt>{t('admin.email')}</dt>
        <dd>{email}</dd>
        <dt>{t('admin.walletAddress')}</dt>
        <dd>{url ?? '–'}</dd>
        {balance !== null && (
          <>
            <dt>{t('admin.posted')}</dt>
            <dd>{money(balance.posted)}</dd>
            <dt>{t('admin.held')}</dt>
            <dd>{money(balance.pending)}</dd>
          </>
        )}
        {role === 'subscriber' && (
          <>
            <dt>{t('admin.plan')}</dt>
            <dd>{subscription === null ? t('admin.planNone') : t('admin.planUntil', { plan: subscription.plan, status: subscription.status, date: date.format(subscription.periodEndsMs) })}</dd>
            <dt>{t('admin.connections')}</dt>
            <dd>{connections}</dd>
          </>
        )}
      </dl>
      {frozen === null ? (
        <Reasoned label={t('admin.freeze')} warning={t('admin.freezeWhy')} work={(reason) => setFrozen(id, true, reason)} after={reload} />
      ) : (
        <Reasoned label={t('admin.unfreeze')} warning={t('admin.unfreezeWhy')} work={(reason) => setFrozen(id, false, reason)} after={reload} />
      )}
    </section>
  )
}

function Payments({ shown, reload }: { readonly shown: Shown; readonly reload: () => Promise<void> }): React.JSX.Element {
  const { t } = useTranslation()
  const locale = useLocale()
  const date = new Intl.DateTimeFormat(locale, { dateStyle: 'medium' })
  return (
    <section className="card" aria-labelledby="payments-title">
      <h2 id="payments-title">{t('admin.payments')}</h2>
      {shown.payments.length === 0 ? (
        <Empty title={t('admin.paymentsEmpty')} />
      ) : (
        <ul className="rows">
          {shown.payments.map(({ number, kind, issuedMs, total, assetCode, assetScale, refundable }) => (
            <li key={number} className="row payout-row">
              <div className="row-main">
                <p className="row-title">{formatMoney(total, { code: assetCode, scale: assetScale }, locale)}</p>
                <p className="quiet">{t(kind === 'invoice' ? 'admin.invoice' : 'admin.creditNote', { number, date: date.format(issuedMs) })}</p>
                {refundable && <Reasoned label={t('admin.refund')} warning={t('admin.refundWhy')} work={(reason) => refund(number, reason)} after={reload} />}
              </div>
            </li>
          ))}
        </ul>
      )}
    </section>
  )
}

function Payouts({ shown }: { readonly shown: Shown }): React.JSX.Element {
  const { t } = useTranslation()
  const locale = useLocale()
  const date = new Intl.DateTimeFormat(locale, { dateStyle: 'medium' })
  return (
    <section className="card" aria-labelledby="their-payouts-title">
      <h2 id="their-payouts-title">{t('ways.payouts')}</h2>
      {shown.payouts.length === 0 ? (
        <Empty title={t('operatorPayouts.empty')} />
      ) : (
        <ul className="rows">
          {shown.payouts.map(({ id, status, amount, assetCode, assetScale, createdMs }) => (
            <li key={id} className="row">
              <div className="row-main">
                <p className="row-title">{formatMoney(amount, { code: assetCode, scale: assetScale }, locale)}</p>
                <p className="quiet">{date.format(createdMs)}</p>
              </div>
              <p className="payout-status payout-over">{t(`payouts.status.${status}`)}</p>
            </li>
          ))}
        </ul>
      )}
    </section>
  )
}
