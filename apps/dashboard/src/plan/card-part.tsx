import { Button } from '@mantine/core'
import { useEffect, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { FaultAlert } from '../look/notice.tsx'
import { CardForm } from './card-form.tsx'
import { cardPage, type Cards, changeCard, type Subscription } from './plan-api.ts'
import { useDeed } from './use-deed.ts'

export interface CardPartProps {
  readonly card: Subscription['card']
  readonly cards: Cards
  /** The provider's page on which she has just entered another card. */
  readonly session: string | undefined
  readonly onChange: () => Promise<void>
}

/** The card that is charged, and how another takes its place. */
export function CardPart({ card, cards, session, onChange }: CardPartProps): React.JSX.Element {
  const { t } = useTranslation()
  const [changed, setChanged] = useState(false)
  const deed = useDeed(onChange)
  const taken = useRef<string>(undefined)
  useEffect(() => {
    if (session === undefined || taken.current === session) return
    taken.current = session
    void deed.run(() => changeCard({ session })).then(setChanged)
  }, [session, deed])
  return (
    <>
      <h3>{t('plan.card')}</h3>
      <p className="quiet" role="status">
        {changed ? `${t('plan.cardChanged')} ${t('plan.cardNow', { ...card })}` : t('plan.cardNow', { ...card })}
      </p>
      {deed.fault !== undefined && <FaultAlert fault={deed.fault} />}
      {cards === 'number' ? (
        <CardForm
          label={t('plan.cardChange')}
          onCard={async (number) => {
            await changeCard({ number })
            await onChange()
            setChanged(true)
          }}
        />
      ) : (
        <div className="plan-card">
          <Button variant="default" loading={deed.busy} onClick={() => void deed.run(async () => location.assign(await cardPage()))}>
            {t('plan.cardOther')}
          </Button>
          <p className="quiet">{t('plan.cardAtStripe')}</p>
        </div>
      )}
    </>
  )
}
