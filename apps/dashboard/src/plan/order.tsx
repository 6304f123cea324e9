import { Button } from '@mantine/core'
import { useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { formatMoney } from '../amounts.ts'
import { ApiFault } from '../api.ts'
import { FaultAlert, Loading } from '../look/notice.tsx'
import { useLocale } from '../words/words.ts'
import { confirmationPath, enteredCard, type Plan, subscribe } from './plan-api.ts'
import { PlanTerms } from './terms.tsx'
import { useDeed } from './use-deed.ts'

export interface OrderProps {
  readonly plan: Plan
  /** The provider's page on which she entered her card. */
  readonly session: string
  readonly onDone: () => Promise<void>
  readonly onOther: () => void
}

/** What she is about to pay for, and with which card: nothing is charged before she says so here. */
export function Order({ plan, session, onDone, onOther }: OrderProps): React.JSX.Element {
  const { t } = useTranslation()
  const locale = useLocale()
  const deed = useDeed(onDone)
  const [card, setCard] = useState<{ readonly brand: string; readonly lastFour: string }>()
  const [fault, setFault] = useState<ApiFault>()
  useEffect(() => {
    enteredCard(session).then(setCard, (error: unknown) => {
      if (!(error instanceof ApiFault)) throw error
      setFault(error)
    })
  }, [session])
  const pay = (): Promise<boolean> =>
    deed.run(async () => {
      if (await subscribe(plan.id, { session })) location.assign(confirmationPath)
    })
  const price = formatMoney(plan.price, { code: plan.assetCode, scale: plan.assetScale }, locale)
  return (
    <section className="card" aria-labelledby="order-title">
      <h2 id="order-title">{t('plan.order')}</h2>
      <p className="plan-name">{plan.name}</p>
      <PlanTerms plan={plan} />
      {card !== undefined && <p className="plan-status">{t('plan.orderCard', { ...card })}</p>}
      {card === undefined && fault === undefined && <Loading />}
      {fault !== undefined && <FaultAlert fault={fault} />}
      {deed.fault !== undefined && <FaultAlert fault={deed.fault} />}
      <div className="row-actions">
        <Button loading={deed.busy} disabled={card === undefined} onClick={() => void pay()}>
          {plan.trialDays > 0 ? t('plan.orderTry', { days: plan.trialDays }) : t('plan.orderPay', { price })}
        </Button>
        <Button variant="default" disabled={deed.busy} onClick={onOther}>
          {t('plan.orderOther')}
        </Button>
      </div>
    </section>
  )
}
