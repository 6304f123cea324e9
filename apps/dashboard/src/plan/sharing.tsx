import { Button, Radio, TextInput } from '@mantine/core'
import '@mantine/core/styles/Radio.css'
import { useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { formatMoney } from '../amounts.ts'
import { ApiFault } from '../api.ts'
import { FaultAlert } from '../look/notice.tsx'
import { shortPointer } from '../words/names.ts'
import { useFaultWords } from '../words/use-fault-words.ts'
import { useLocale } from '../words/words.ts'
import { changePolicy, type Policy, preview, type Preview, type Subscription } from './plan-api.ts'
import { Shares } from './shares.tsx'
import { useDeed } from './use-deed.ts'

const kinds = ['time', 'equal', 'concave', 'pinned', 'cause', 'roll-over'] as const
const previewPauseMs = 400

interface Pin {
  readonly payee: string
  readonly percent: number
}

/** How the rest of the budget is shared, with what it would come to now. */
export function Sharing({ subscription, onChange }: { readonly subscription: Subscription; readonly onChange: () => Promise<void> }): React.JSX.Element {
  const { t } = useTranslation()
  const locale = useLocale()
  const deed = useDeed(onChange)
  const [kind, setKind] = useState<Policy['kind']>(subscription.policy.kind)
  const [cause, setCause] = useState(subscription.policy.kind === 'cause' ? subscription.policy.payee : '')
  const [pins, setPins] = useState<readonly Pin[]>(
    subscription.policy.kind === 'pinned' ? subscription.policy.pins.map(({ payee, basisPoints }) => ({ payee, percent: basisPoints / 100 })) : [{ payee: '', percent: 10 }],
  )
  const [saved, setSaved] = useState(false)
  /** Why the way that is chosen now has no preview. */
  const [refused, setRefused] = useState<ApiFault>()
  const together = pins.reduce((sum, { percent }) => sum + percent, 0)
  const policy = policyOf(kind, cause, pins)
  const change = (next: () => void): void => {
    setSaved(false)
    next()
  }
  // Said once the server has refused it, not while it is being typed.
  const troubleOf = (payee: string): string | undefined => (refused !== undefined && payee.trim() !== '' && !isAddress(payee) ? t('plan.payeeInvalid') : undefined)
  return (
    <section className="card" aria-labelledby="sharing-title">
      <h2 id="sharing-title">{t('plan.sharing')}</h2>
      <p className="quiet">{t('plan.sharingWhy')}</p>
      <Radio.Group value={kind} onChange={(next) => change(() => setKind(next as Policy['kind']))} aria-labelledby="sharing-title">
        {kinds.map((one) => (
          <Radio key={one} value={one} label={t(`plan.policy.${one}`)} className="plan-policy" />
        ))}
      </Radio.Group>
      {kind === 'cause' && <TextInput label={t('plan.payee')} placeholder="https://" maxLength={300} value={cause} error={troubleOf(cause)} onChange={(event) => change(() => setCause(event.currentTarget.value))} />}
      {kind === 'pinned' && (
        <div className="plan-pins">
          {pins.map((pin, index) => (
            // The place is the row's identity: addresses are being typed.
            // oxlint-disable-next-line react/no-array-index-key
            <div key={index} className="plan-pin">
              <TextInput label={t('plan.payee')} placeholder="https://" maxLength={300} value={pin.payee} error={troubleOf(pin.payee)} onChange={(event) => change(() => setPins(pins.with(index, { ...pin, payee: event.currentTarget.value })))} />
              <TextInput label={t('plan.part')} type="number" min={0.01} max={100} step={0.01} value={pin.percent} onChange={(event) => change(() => setPins(pins.with(index, { ...pin, percent: Number(event.currentTarget.value) })))} />
              <Button variant="default" size="compact-md" aria-label={t('plan.partRemove', { payee: shortPointer(pin.payee) })} onClick={() => change(() => setPins(pins.toSpliced(index, 1)))}>
                ×
              </Button>
            </div>
          ))}
          <p className={together > 100 ? 'plan-trouble' : 'quiet'}>{together > 100 ? t('plan.partsTooMany') : t('plan.partsRest', { rest: new Intl.NumberFormat(locale, { maximumFractionDigits: 2 }).format(100 - together) })}</p>
          <Button variant="default" size="compact-md" onClick={() => change(() => setPins([...pins, { payee: '', percent: 10 }]))}>
            {t('plan.partAdd')}
          </Button>
        </div>
      )}
      <Estimate policy={policy} subscription={subscription} onRefused={setRefused} />
      {deed.fault !== undefined && <FaultAlert fault={deed.fault} />}
      <div className="row-actions">
        <Button loading={deed.busy} disabled={policy === undefined || together > 100} onClick={() => policy !== undefined && void deed.run(() => changePolicy(policy)).then(setSaved)}>
          {t('plan.save')}
        </Button>
        <p className="quiet" role="status">
          {saved ? t('plan.saved') : ''}
        </p>
      </div>
    </section>
  )
}

/** Undefined while it is not complete. */
function policyOf(kind: Policy['kind'], cause: string, pins: readonly Pin[]): Policy | undefined {
  if (kind === 'cause') return cause.trim() === '' ? undefined : { kind, payee: cause.trim() }
  if (kind !== 'pinned') return { kind }
  const named = pins.filter(({ payee }) => payee.trim() !== '')
  return named.length === 0 ? undefined : { kind, pins: named.map(({ payee, percent }) => ({ payee: payee.trim(), basisPoints: Math.round(percent * 100) })) }
}

/** Whether it may be the address of somebody who is paid. */
function isAddress(text: string): boolean {
  const url = URL.parse(text.trim())
  return url !== null && /^https?:$/.test(url.protocol)
}

/** What the chosen way would come to, or that it cannot be told, asked for when the choice has settled. */
function Estimate({ policy, subscription, onRefused }: { readonly policy: Policy | undefined; readonly subscription: Subscription; readonly onRefused: (fault: ApiFault | undefined) => void }): React.ReactNode {
  const { t } = useTranslation()
  const faultWords = useFaultWords()
  const [fault, setFault] = useState<ApiFault>()
  const locale = useLocale()
  const [estimate, setEstimate] = useState<Preview>()
  const asked = policy === undefined ? undefined : JSON.stringify(policy)
  useEffect(() => {
    if (asked === undefined) return
    let wanted = true
    const timer = setTimeout(() => {
      preview(JSON.parse(asked) as Policy).then(
        (answer) => {
          if (!wanted) return
          setEstimate(answer)
          setFault(undefined)
          onRefused(undefined)
        },
        (error: unknown) => {
          if (!(error instanceof ApiFault)) throw error
          if (!wanted) return
          setEstimate(undefined)
          setFault(error)
          onRefused(error)
        },
      )
    }, previewPauseMs)
    return () => {
      wanted = false
      clearTimeout(timer)
    }
  }, [asked, onRefused])
  if (fault !== undefined) {
    return (
      <p className="plan-trouble" role="status">
        {fault.code === 'request-invalid' ? t('plan.previewRefused') : t('plan.previewFailed', { why: faultWords(fault) })}
      </p>
    )
  }
  if (estimate === undefined) return null
  const rolls = formatMoney(estimate.rolledOver, { code: subscription.plan.assetCode, scale: subscription.plan.assetScale }, locale, 6)
  return (
    <div className="plan-estimate" aria-live="polite">
      <h3>{t('plan.previewTitle')}</h3>
      {estimate.shares.length === 0 ? <p className="quiet">{t('plan.previewNothing', { amount: rolls })}</p> : <Shares shares={estimate.shares} plan={subscription.plan} />}
      {estimate.shares.length > 0 && estimate.rolledOver > 0n && <p className="quiet">{t('plan.previewRolls', { amount: rolls })}</p>}
    </div>
  )
}
