import { Button } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { FaultAlert } from '../look/notice.tsx'
import { useLocale } from '../words/words.ts'
import { CardForm } from './card-form.tsx'
import { changeCard, confirm, type Subscription, wish } from './plan-api.ts'
import { PlanTerms } from './terms.tsx'
import { useDeed } from './use-deed.ts'

export interface CurrentProps {
  readonly subscription: Subscription
  readonly onChange: () => Promise<void>
}

/** The plan as it is, and what she may do about it. */
export function Current({ subscription, onChange }: CurrentProps): React.JSX.Element {
  const { t } = useTranslation()
  const locale = useLocale()
  const deed = useDeed(onChange)
  const [asked, setAsked] = useState(false)
  const { plan, nextPlan, status, cancelled, pausing, periodEndsMs, card, confirmation } = subscription
  const date = new Intl.DateTimeFormat(locale, { dateStyle: 'long' }).format(periodEndsMs)
  const goesOn = !cancelled && !pausing && status !== 'paused'
  const [carded, setCarded] = useState(false)

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
      {nextPlan !== null && <p className="quiet">{t('plan.next', { date, name: nextPlan.name })}</p>}
      {confirmation !== null && (
        <div className="plan-confirm">
          <p>{t('plan.confirmTitle')}</p>
          <Button loading={deed.busy} onClick={() => void deed.run(() => confirm(confirmation))}>
            {t('plan.confirm')}
          </Button>
        </div>
      )}
      {deed.fault !== undefined && <FaultAlert fault={deed.fault} />}
      {asked ? (
        <div className="row-actions">
          <p className="quiet">{t('plan.cancelSure', { date })}</p>
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
              <Button variant="default" size="compact-md" loading={deed.busy} onClick={() => void deed.run(() => wish('pause'))}>
                {t('plan.pause')}
              </Button>
              <Button variant="default" size="compact-md" onClick={() => setAsked(true)}>
                {t('plan.cancel')}
              </Button>
            </>
          )}
        </div>
      )}
      <h3>{t('plan.card')}</h3>
      <p className="quiet">{carded ? t('plan.cardChanged') : t('plan.cardNow', { ...card })}</p>
      <CardForm
        label={t('plan.cardChange')}
        onCard={async (number) => {
          await changeCard(number)
          await onChange()
          setCarded(true)
        }}
      />
    </section>
  )
}

function Status({ subscription, date }: { readonly subscription: Subscription; readonly date: string }): React.ReactNode {
  const { t } = useTranslation()
  const locale = useLocale()
  const { status, cancelled, pausing, retryAtMs } = subscription
  if (status === 'grace' && retryAtMs !== null) return t('plan.status.graceRetry', { date: new Intl.DateTimeFormat(locale, { dateStyle: 'long' }).format(retryAtMs) })
  if (status === 'active' && cancelled) return t('plan.status.cancelled', { date })
  if (status === 'active' && pausing) return t('plan.status.pausing', { date })
  return t(`plan.status.${status}`, { date })
}
