import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { formatMoney } from '../amounts.ts'
import { Empty } from '../look/notice.tsx'
import { usePolled } from '../use-polled.ts'
import { SubscriberPage } from '../wallet/subscriber-page.tsx'
import { useLocale } from '../words/words.ts'
import { Current } from './current.tsx'
import { Invoices } from './invoices.tsx'
import { Offers } from './offers.tsx'
import { Order } from './order.tsx'
import { type Cards, loadSubscription, type Plan, type Statement } from './plan-api.ts'
import { PooledSharing, Pools } from './pooled.tsx'
import { useReturned } from './returned.ts'
import { Shares } from './shares.tsx'
import { Sharing } from './sharing.tsx'

const pollMs = 5_000

/** The subscriber's plan: what it costs, how it goes on, what becomes of the rest, and what became of it. */
export function PlanPage(): React.JSX.Element {
  const { t } = useTranslation()
  const polled = usePolled(loadSubscription, pollMs)
  const returned = useReturned()
  const [ordering, setOrdering] = useState(returned.planId)
  return (
    <SubscriberPage title={t('plan.title')} polled={polled}>
      {({ plans, cards, subscription, statements, pools, invoices }, reload) => (
        <div className="plan-page">
          {subscription === null ? (
            <Beginning plans={plans} cards={cards} ordering={plans.find(({ id }) => id === ordering)} session={returned.session} onOther={() => setOrdering(undefined)} onDone={reload} />
          ) : (
            <>
              <Current subscription={subscription} cards={cards} returned={{ ...returned, session: returned.planId === undefined ? returned.session : undefined }} onChange={reload} />
              {subscription.plan.pool === 'none' ? <Sharing key={JSON.stringify(subscription.policy)} subscription={subscription} onChange={reload} /> : <PooledSharing key={JSON.stringify(subscription.policy)} subscription={subscription} />}
              {plans.length > 1 && <Offers plans={plans} cards={cards} current={subscription} onChange={reload} />}
            </>
          )}
          {invoices.length > 0 && <Invoices invoices={invoices} />}
          {subscription !== null && pools.length > 0 && <Pools pools={pools} plan={subscription.plan} />}
          {subscription !== null && <Statements statements={statements} plan={subscription.plan} />}
        </div>
      )}
    </SubscriberPage>
  )
}

interface BeginningProps {
  readonly plans: readonly Plan[]
  readonly cards: Cards
  /** What she has chosen. */
  readonly ordering: Plan | undefined
  readonly session: string | undefined
  readonly onOther: () => void
  readonly onDone: () => Promise<void>
}

/** Who has no plan chooses one; who comes back with a card for it orders it. */
function Beginning({ plans, cards, ordering, session, onOther, onDone }: BeginningProps): React.JSX.Element {
  if (ordering !== undefined && session !== undefined) return <Order plan={ordering} session={session} onDone={onDone} onOther={onOther} />
  return <Offers plans={plans} cards={cards} current={undefined} onChange={onDone} />
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
          {statements.map(({ period, begunMs, endedMs, rest, rolledOver, pooled, shares }) => (
            <li key={period} className="row plan-statement">
              <div className="row-main">
                <p className="row-title">{t('plan.statement', { from: date.format(begunMs), to: date.format(endedMs) })}</p>
                <p className="quiet">{pooled > 0n ? t('plan.statementPooled', { amount: formatMoney(pooled, asset, locale) }) : t('plan.statementShared', { shared: formatMoney(rest - rolledOver, asset, locale), rolled: formatMoney(rolledOver, asset, locale) })}</p>
                <Shares shares={shares} plan={plan} />
              </div>
            </li>
          ))}
        </ul>
      )}
    </section>
  )
}
