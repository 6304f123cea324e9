import { Button, TextInput } from '@mantine/core'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { formatMoney } from '../amounts.ts'
import { FaultAlert } from '../look/notice.tsx'
import { useDeed } from '../plan/use-deed.ts'
import { Changes } from '../session/changes.tsx'
import { useLocale } from '../words/words.ts'
import { giveUp, type OperatorPayouts, type PayeeElsewhere, tryAgain } from './operator-payouts-api.ts'

const reasonCharactersMin = 3
const reasonCharactersMax = 300

/** Wallet addresses of other providers that take none of the shares which gather for them, and those that are given up. */
export function ElsewherePart({ value, reload }: { readonly value: OperatorPayouts; readonly reload: () => Promise<void> }): React.JSX.Element {
  const { t } = useTranslation()
  return (
    <section className="card" aria-labelledby="elsewhere-title">
      <h2 id="elsewhere-title">{t('operatorPayouts.elsewhere.title')}</h2>
      <p className="quiet">{t('operatorPayouts.elsewhere.why')}</p>
      <ul className="rows">
        {value.payees.map((payee) => (
          <Payee key={payee.id} payee={payee} asset={value.asset} reload={reload} />
        ))}
      </ul>
    </section>
  )
}

function Payee({ payee, asset, reload }: { readonly payee: PayeeElsewhere; readonly asset: OperatorPayouts['asset']; readonly reload: () => Promise<void> }): React.JSX.Element {
  const { t } = useTranslation()
  const locale = useLocale()
  const day = new Intl.DateTimeFormat(locale, { dateStyle: 'medium' })
  const [asked, setAsked] = useState(false)
  const deed = useDeed(reload)
  const { id, walletAddress, failures, failingSinceMs, lastReason, underWay, sharedBy, waiting, givingUp } = payee
  const givenUp = givingUp !== null && givingUp.atMs !== null
  return (
    <li className="row payout-row">
      <div className="row-main">
        <p className="row-title">{walletAddress}</p>
        <p className="quiet">
          {sharedBy !== null && `${t('operatorPayouts.elsewhere.sharedBy', { name: sharedBy })} · `}
          {waiting > 0n ? t('operatorPayouts.elsewhere.waiting', { amount: formatMoney(waiting, asset, locale) }) : t('operatorPayouts.elsewhere.nothing')}
          {failingSinceMs !== null && ` · ${t('operatorPayouts.elsewhere.failing', { count: failures, date: day.format(failingSinceMs) })}`}
        </p>
        {lastReason !== null && !givenUp && <p className="quiet payout-note">{lastReason}</p>}
        {givingUp !== null && <GivingUpWords givingUp={givingUp} />}
        {underWay && <p className="quiet">{t('operatorPayouts.elsewhere.underWay')}</p>}
        <div className="row-actions">
          {asked ? (
            <Why deed={deed} run={(reason) => giveUp(id, reason)} onBack={() => setAsked(false)} />
          ) : (
            <Changes>
              {!givenUp && !underWay && (
                <Button variant="default" size="compact-md" onClick={() => setAsked(true)}>
                  {givingUp === null ? t('operatorPayouts.elsewhere.giveUp') : t('operatorPayouts.elsewhere.agree')}
                </Button>
              )}
              {givingUp !== null && (
                <Button variant="default" size="compact-md" loading={deed.busy} onClick={() => void deed.run(() => tryAgain(id))}>
                  {givenUp ? t('operatorPayouts.elsewhere.tryAgain') : t('operatorPayouts.elsewhere.withdraw')}
                </Button>
              )}
            </Changes>
          )}
          {deed.fault !== undefined && <FaultAlert fault={deed.fault} />}
        </div>
      </div>
      {givingUp !== null && <p className={`payout-status payout-${givenUp ? 'over' : 'open'}`}>{givenUp ? t('operatorPayouts.elsewhere.givenUp') : t('operatorPayouts.elsewhere.asked')}</p>}
    </li>
  )
}

/** By whom, when and why. */
function GivingUpWords({ givingUp: { by, agreedBy, reason, atMs } }: { readonly givingUp: NonNullable<PayeeElsewhere['givingUp']> }): React.JSX.Element {
  const { t } = useTranslation()
  const date = atMs === null ? '' : new Intl.DateTimeFormat(useLocale(), { dateStyle: 'medium' }).format(atMs)
  const words = (): string => {
    if (atMs === null) return t('operatorPayouts.elsewhere.askedBy', { name: by ?? '' })
    if (by === null) return t('operatorPayouts.elsewhere.bySchedule', { date })
    return agreedBy === null ? t('operatorPayouts.elsewhere.byOperator', { date, name: by }) : t('operatorPayouts.elsewhere.byTwo', { date, name: by, other: agreedBy })
  }
  return (
    <p>
      {words()} <span className="quiet payout-note">{reason}</span>
    </p>
  )
}

function Why({ deed, run, onBack }: { readonly deed: ReturnType<typeof useDeed>; readonly run: (reason: string) => Promise<void>; readonly onBack: () => void }): React.JSX.Element {
  const { t } = useTranslation()
  const [reason, setReason] = useState('')
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault()
    if (await deed.run(() => run(reason))) onBack()
  }
  return (
    <form className="payouts-tools" onSubmit={(event) => void submit(event)}>
      <TextInput label={t('operatorPayouts.elsewhere.reason')} required minLength={reasonCharactersMin} maxLength={reasonCharactersMax} value={reason} onChange={(event) => setReason(event.currentTarget.value)} />
      <Button type="submit" loading={deed.busy} disabled={reason.trim().length < reasonCharactersMin}>
        {t('operatorPayouts.elsewhere.confirm')}
      </Button>
      <Button variant="default" onClick={onBack}>
        {t('operatorPayouts.back')}
      </Button>
    </form>
  )
}
