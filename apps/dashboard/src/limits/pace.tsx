import { Button, Radio, Switch, TextInput } from '@mantine/core'
import '@mantine/core/styles/Radio.css'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { formatMoney, perHour } from '../amounts.ts'
import { FaultAlert } from '../look/notice.tsx'
import { useDeed } from '../plan/use-deed.ts'
import { setPaused } from '../wallet/wallet-api.ts'
import { useLocale } from '../words/words.ts'
import { fieldAmount, typedRate } from './amount-text.ts'
import { changePace, type Limits, type Pacing } from './limits-api.ts'

const decimals = 4

/** Whether she pays at all, how the budget is spent, and at which rate. */
export function Pace({ limits, onChange }: { readonly limits: Limits; readonly onChange: () => Promise<void> }): React.JSX.Element {
  const { t } = useTranslation()
  const locale = useLocale()
  const deed = useDeed(onChange)
  const switching = useDeed(onChange)
  const asset = { code: limits.balance.assetCode, scale: limits.balance.assetScale }
  const { pace } = limits
  const [pacing, setPacing] = useState<Pacing | 'plan'>(pace.chosenPacing ?? 'plan')
  const [typed, setTyped] = useState(fieldAmount(pace.chosenRate === null ? null : perHour(pace.chosenRate), asset, locale))
  const [saved, setSaved] = useState(false)
  const rate = typedRate(typed, asset)
  const money = (units: bigint): string => formatMoney(perHour(units), asset, locale, decimals)

  const save = async (event: FormEvent): Promise<void> => {
    event.preventDefault()
    if (rate === undefined) return
    setSaved(await deed.run(() => changePace({ pacing: pacing === 'plan' ? null : pacing, rate })))
  }
  const change = (next: () => void): void => {
    setSaved(false)
    next()
  }

  return (
    <section className="card" aria-labelledby="pace-title">
      <h2 id="pace-title">{t('limits.pace')}</h2>
      <p className="quiet">{t('limits.now', { amount: money(limits.rate) })}</p>
      <Switch
        className="budget-switch"
        size="lg"
        label={t('wallet.paying')}
        description={limits.paused ? t('wallet.payingOff') : t('wallet.payingOn')}
        checked={!limits.paused}
        disabled={switching.busy}
        onChange={() => void switching.run(() => setPaused(!limits.paused))}
      />
      {switching.fault !== undefined && <FaultAlert fault={switching.fault} />}
      <form className="limits-form" onSubmit={(event) => void save(event)}>
        <Radio.Group value={pacing} onChange={(next) => change(() => setPacing(next as Pacing | 'plan'))} label={t('limits.pacing')}>
          <Radio value="plan" label={t('limits.asPlan', { pacing: t(`limits.short.${pace.planPacing}`) })} className="plan-policy" />
          <Radio value="stream" label={t('limits.stream')} description={t('limits.streamWhy')} className="plan-policy" />
          <Radio value="stretch" label={t('limits.stretch')} description={t('limits.stretchWhy')} className="plan-policy" />
        </Radio.Group>
        <TextInput
          label={t('limits.rate', { asset: asset.code })}
          description={t('limits.rateWhy', { amount: money(pace.planRate), least: money((pace.planRate + 49n) / 50n), most: money(pace.planRate * 20n) })}
          inputWrapperOrder={['label', 'input', 'error', 'description']}
          inputMode="decimal"
          maxLength={24}
          placeholder={fieldAmount(perHour(pace.planRate), asset, locale)}
          value={typed}
          error={rate === undefined ? t('limits.amountInvalid') : undefined}
          onChange={(event) => change(() => setTyped(event.currentTarget.value))}
        />
        {deed.fault !== undefined && <FaultAlert fault={deed.fault} />}
        <div className="row-actions">
          <Button type="submit" loading={deed.busy} disabled={rate === undefined}>
            {t('limits.save')}
          </Button>
          <p className="quiet" role="status">
            {saved ? t('limits.saved') : ''}
          </p>
        </div>
      </form>
    </section>
  )
}
