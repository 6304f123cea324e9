import { Button } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Empty, FaultAlert } from '../look/notice.tsx'
import { CardForm } from './card-form.tsx'
import { cardPage, type Cards, changePlan, type Plan, subscribe, type Subscription } from './plan-api.ts'
import { PlanTerms } from './terms.tsx'
import { useDeed } from './use-deed.ts'

export interface OffersProps {
  readonly plans: readonly Plan[]
  readonly cards: Cards
  /** What she has; undefined while she has none. */
  readonly current: Subscription | undefined
  readonly onChange: () => Promise<void>
}

/** The plans to choose from: with a card to begin, or in exchange for the one she has. */
export function Offers({ plans, cards, current, onChange }: OffersProps): React.JSX.Element {
  const { t } = useTranslation()
  const deed = useDeed(onChange)
  const [chosen, setChosen] = useState<string>()
  const takes = async (plan: Plan): Promise<void> => {
    if (current === undefined && cards === 'page') await deed.run(async () => location.assign(await cardPage(plan.id)))
    else if (current === undefined) setChosen(plan.id)
    else await deed.run(() => changePlan(plan.id))
  }
  if (plans.length === 0) {
    return (
      <section className="card">
        <Empty title={t('plan.nothingOffered')} why={t('plan.nothingOfferedWhy')} />
      </section>
    )
  }
  return (
    <section className="card" aria-labelledby="offers-title">
      <h2 id="offers-title">{current === undefined ? t('plan.choose') : t('plan.change')}</h2>
      <p className="quiet">{current === undefined ? (cards === 'page' ? `${t('plan.noneWhy')} ${t('plan.cardAtStripe')}` : t('plan.noneWhy')) : t('plan.changeWhy')}</p>
      <ul className="plan-offers">
        {plans.map((plan) => {
          const hers = plan.id === current?.plan.id && current.nextPlan === null
          return (
            <li key={plan.id} className="plan-offer" aria-current={hers || plan.id === chosen}>
              <h3>{plan.name}</h3>
              <PlanTerms plan={plan} />
              {hers ? (
                <p className="quiet">{t('plan.taken')}</p>
              ) : (
                <Button variant={current === undefined ? 'filled' : 'default'} loading={deed.busy} onClick={() => void takes(plan)}>
                  {t('plan.take', { name: plan.name })}
                </Button>
              )}
            </li>
          )
        })}
      </ul>
      {deed.fault !== undefined && <FaultAlert fault={deed.fault} />}
      {chosen !== undefined && current === undefined && (
        <CardForm
          label={t('plan.take', { name: plans.find(({ id }) => id === chosen)?.name ?? '' })}
          onCard={async (number) => {
            await subscribe(chosen, { number })
            await onChange()
          }}
        />
      )}
    </section>
  )
}
