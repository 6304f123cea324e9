import { Button } from '@mantine/core'
import { useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { formatMoney } from '../amounts.ts'
import { FaultAlert } from '../look/notice.tsx'
import { useLocale } from '../words/words.ts'
import { CardPart } from './card-part.tsx'
import { type Cards, checkPayment, confirm, confirmationPath, type Subscription, wish } from './plan-api.ts'
import type { Returned } from './returned.ts'
import { PlanTerms } from './terms.tsx'
import { useDeed } from './use-deed.ts'

export interface CurrentProps {
  readonly subscription: Subscription
  readonly cards: Cards
  readonly returned: Returned
  readonly onChange: () => Promise<void>
}

/** The plan as it is, and what she may do about it. */
export function Current({ subscription, cards, returned, onChange }: CurrentProps): React.JSX.Element {
  const { t } = useTranslation()
  const locale = useLocale()
  const deed = useDeed(onChange)
  const [asked, setAsked] = useState(false)
  const { plan, nextPlan, status, cancelled, pausing, periodEndsMs, card, confirmation } = subscription
  const date = new Intl.DateTimeFormat(locale, { dateStyle: 'long' }).format(periodEndsMs)
  const { asked: confirmed } = returned
  // The provider tells us as well, in its own time.
  useEffect(() => {
    if (confirmed) void checkPayment().then(onChange, () => undefined)
  }, [confirmed, onChange])
  const goesOn = !cancelled && !pausing
  // Of a period that is not paid, or of none, nothing is left to be enjoyed.
  const endsNow = status === 'paused' || (status === 'grace' && subscription.retryAtMs !== null)

  return (
    <section className="card" aria-labelledby="current-title">
      <h2 id="current-title" className="card-label">
        {t('plan.current')}
      </h2>
      <p className="plan-name">{plan.name}</p>
      <PlanTerms plan={plan} />
      <p className={status === 'grace' ? 'plan-status plan-trouble' : 'plan-status'} role="status">
        <Status subscription={subscription} date={date} />
      </p>
      {nextPlan !== null && !cancelled && <p className="quiet">{t('plan.next', { date, name: nextPlan.name })}</p>}
      {confirmation !== null && (
        <div className="plan-confirm">
          <p>{t('plan.confirmTitle')}</p>
          {cards === 'page' ? (
            <Button component="a" href={confirmationPath}>
              {t('plan.confirm')}
            </Button>
          ) : (
            <Button loading={deed.busy} onClick={() => void deed.run(() => confirm(confirmation))}>
              {t('plan.confirm')}
            </Button>
          )}
        </div>
      )}
      {deed.fault !== undefined && <FaultAlert fault={deed.fault} />}
      {asked ? (
        <div className="row-actions">
          <p className="quiet">{endsNow ? t('plan.cancelNow') : t('plan.cancelSure', { date })}</p>
          <Button color="red" size="compact-md" loading={deed.busy} autoFocus onClick={() => void deed.run(() => wish('cancel')).then(() => setAsked(false))}>
            {t('plan.cancelYes')}
          </Button>
          <Button variant="default" size="compact-md" disabled={deed.busy} onClick={() => setAsked(false)}>
            {t('plan.keep')}
          </Button>
        </div>
      ) : (
        <div className="row-actions">
          {status === 'paused' && (
            <Button size="compact-md" loading={deed.busy} onClick={() => void deed.run(() => wish('resume'))}>
              {t('plan.resume')}
            </Button>
          )}
          {(cancelled || pausing) && (
            <Button size="compact-md" loading={deed.busy} onClick={() => void deed.run(() => wish('keep'))}>
              {t('plan.keep')}
            </Button>
          )}
          {goesOn && (
            <>
              {status !== 'paused' && (
                <Button variant="default" size="compact-md" loading={deed.busy} onClick={() => void deed.run(() => wish('pause'))}>
                  {t('plan.pause')}
                </Button>
              )}
              <Button variant="default" size="compact-md" onClick={() => setAsked(true)}>
                {t('plan.cancel')}
              </Button>
            </>
          )}
        </div>
      )}
      <CardPart card={card} cards={cards} session={returned.session} onChange={onChange} />
    </section>
  )
}

function Status({ subscription, date }: { readonly subscription: Subscription; readonly date: string }): React.ReactNode {
  const { t } = useTranslation()
  const locale = useLocale()
  const { status, cancelled, pausing, retryAtMs, plan, nextPlan } = subscription
  if (status === 'grace' && retryAtMs !== null) return t('plan.status.graceRetry', { date: new Intl.DateTimeFormat(locale, { dateStyle: 'long' }).format(retryAtMs) })
  if (status === 'active' && cancelled) return t('plan.status.cancelled', { date })
  if (status === 'active' && pausing) return t('plan.status.pausing', { date })
  if (status === 'trial' && cancelled) return t('plan.status.trialCancelled', { date })
  if (status === 'trial' && pausing) return t('plan.status.trialPausing', { date })
  const { price, period, assetCode, assetScale } = nextPlan ?? plan
  const amount = formatMoney(price, { code: assetCode, scale: assetScale }, locale)
  return t(`plan.status.${status}`, { date, price: period === 'month' ? t('plan.perMonth', { amount }) : t('plan.perYear', { amount }) })
}
