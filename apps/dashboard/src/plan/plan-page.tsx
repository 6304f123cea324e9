import { useTranslation } from 'react-i18next'
import { formatMoney } from '../amounts.ts'
import { Empty } from '../look/notice.tsx'
import { usePolled } from '../use-polled.ts'
import { SubscriberPage } from '../wallet/subscriber-page.tsx'
import { useLocale } from '../words/words.ts'
import { Current } from './current.tsx'
import { Invoices } from './invoices.tsx'
import { Offers } from './offers.tsx'
import { loadSubscription, type Plan, type Statement } from './plan-api.ts'
import { Shares } from './shares.tsx'
import { Sharing } from './sharing.tsx'

const pollMs = 5_000

/** The subscriber's plan: what it costs, how it goes on, what becomes of the rest, and what became of it. */
export function PlanPage(): React.JSX.Element {
  const { t } = useTranslation()
  const polled = usePolled(loadSubscription, pollMs)
  return (
    <SubscriberPage title={t('plan.title')} polled={polled}>
      {({ plans, subscription, statements, invoices }, reload) => (
        <div className="plan-page">
          {subscription === null ? (
            <Offers plans={plans} current={undefined} onChange={reload} />
          ) : (
            <>
              <Current subscription={subscription} onChange={reload} />
              <Sharing key={JSON.stringify(subscription.policy)} subscription={subscription} onChange={reload} />
              {plans.length > 1 && <Offers plans={plans} current={subscription} onChange={reload} />}
            </>
          )}
          {invoices.length > 0 && <Invoices invoices={invoices} />}
          {subscription !== null && <Statements statements={statements} plan={subscription.plan} />}
        </div>
      )}
    </SubscriberPage>
  )
}

function Statements({ statements, plan }: { readonly statements: readonly Statement[]; readonly plan: Plan }): React.JSX.Element {
  const { t } = useTranslation()
  const locale = useLocale()
  const asset = { code: plan.assetCode, scale: plan.assetScale }
  const date = new Intl.DateTimeFormat(locale, { dateStyle: 'medium' })
  return (
    <section className="card" aria-labelledby="statements-title">
      <h2 id="statements-title">{t('plan.statements')}</h2>
      {statements.length === 0 ? (
        <Empty title={t('plan.statementsEmpty')} why={t('plan.statementsEmptyWhy')} />
      ) : (
        <ul className="rows">
          {statements.map(({ period, begunMs, endedMs, rest, rolledOver, shares }) => (
            <li key={period} className="row plan-statement">
              <div className="row-main">
                <p className="row-title">{t('plan.statement', { from: date.format(begunMs), to: date.format(endedMs) })}</p>
                <p className="quiet">{t('plan.statementShared', { shared: formatMoney(rest - rolledOver, asset, locale), rolled: formatMoney(rolledOver, asset, locale) })}</p>
                <Shares shares={shares} plan={plan} />
              </div>
            </li>
          ))}
        </ul>
      )}
    </section>
  )
}
