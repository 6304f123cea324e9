import { Button, TextInput } from '@mantine/core'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { formatMoney } from '../amounts.ts'
import { Empty, FaultAlert } from '../look/notice.tsx'
import { OperatorPage } from '../operator-payouts/operator-page.tsx'
import '../payouts/payouts.css'
import { useDeed } from '../plan/use-deed.ts'
import { Changes } from '../session/changes.tsx'
import { usePolled } from '../use-polled.ts'
import { useLocale } from '../words/words.ts'
import { approve, type Correction, decline, loadSafety, propose, type Safety, switchStreams } from './admin-api.ts'
import { Reasoned } from './reasoned.tsx'

const pollMs = 5_000

/** What is rarely done and weighs much: stopping all streams, and correcting the books. */
export function SafetyPage(): React.JSX.Element {
  const { t } = useTranslation()
  const polled = usePolled(loadSafety, pollMs)
  return (
    <OperatorPage title={t('admin.safety')} polled={polled}>
      {(value) => (
        <>
          <Streams streams={value.streams} reload={polled.reload} />
          <Corrections corrections={value.corrections} reload={polled.reload} />
        </>
      )}
    </OperatorPage>
  )
}

function Streams({ streams, reload }: { readonly streams: Safety['streams']; readonly reload: () => Promise<void> }): React.JSX.Element {
  const { t } = useTranslation()
  const locale = useLocale()
  const since = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short' }).format(streams.sinceMs)
  return (
    <section className="card" aria-labelledby="streams-title">
      <h2 id="streams-title">{t('admin.streams')}</h2>
      <p role="status">{streams.stopped ? t('admin.stopped', { since, reason: streams.reason }) : t('admin.going')}</p>
      {streams.stopped ? (
        <Reasoned label={t('admin.resume')} warning={t('admin.resumeWhy')} work={(reason) => switchStreams(false, reason)} after={reload} />
      ) : (
        <Reasoned label={t('admin.stop')} warning={t('admin.stopWhy')} work={(reason) => switchStreams(true, reason)} after={reload} />
      )}
    </section>
  )
}

function Corrections({ corrections, reload }: { readonly corrections: readonly Correction[]; readonly reload: () => Promise<void> }): React.JSX.Element {
  const { t } = useTranslation()
  return (
    <>
      <Changes>
        <section className="card" aria-labelledby="propose-title">
          <h2 id="propose-title">{t('admin.propose')}</h2>
          <p className="quiet">{t('admin.proposeWhy')}</p>
          <Proposal reload={reload} />
        </section>
      </Changes>
      <section className="card" aria-labelledby="corrections-title">
        <h2 id="corrections-title">{t('admin.corrections')}</h2>
        {corrections.length === 0 ? (
          <Empty title={t('admin.correctionsEmpty')} />
        ) : (
          <ul className="rows">
            {corrections.map((correction) => (
              <Line key={correction.id} correction={correction} reload={reload} />
            ))}
          </ul>
        )}
      </section>
    </>
  )
}

function Proposal({ reload }: { readonly reload: () => Promise<void> }): React.JSX.Element {
  const { t } = useTranslation()
  const empty = { debit: '', credit: '', amount: '', reason: '' }
  const [fields, setFields] = useState(empty)
  const deed = useDeed(reload)
  const field = (name: keyof typeof empty) => ({ label: t(`admin.fields.${name}`), required: true, value: fields[name], onChange: (event: React.ChangeEvent<HTMLInputElement>) => setFields({ ...fields, [name]: event.currentTarget.value }) })
  const amountWrong = fields.amount !== '' && !/^[1-9][0-9]{0,18}$/.test(fields.amount)
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault()
    if (await deed.run(() => propose(fields))) setFields(empty)
  }
  return (
    <form onSubmit={(event) => void submit(event)}>
      <TextInput {...field('debit')} description={t('admin.accountWhy')} maxLength={200} />
      <TextInput {...field('credit')} maxLength={200} />
      <TextInput {...field('amount')} description={t('admin.amountWhy')} inputMode="numeric" maxLength={19} error={amountWrong ? t('admin.amountWrong') : undefined} />
      <TextInput {...field('reason')} minLength={3} maxLength={500} />
      <div className="payouts-tools">
        <Button type="submit" loading={deed.busy} disabled={amountWrong}>
          {t('admin.propose')}
        </Button>
      </div>
      {deed.fault !== undefined && <FaultAlert fault={deed.fault} />}
    </form>
  )
}

function Line({ correction, reload }: { readonly correction: Correction; readonly reload: () => Promise<void> }): React.JSX.Element {
  const { t } = useTranslation()
  const locale = useLocale()
  const deed = useDeed(reload)
  const { id, debit, credit, amount, assetCode, assetScale, reason, status, proposedBy, decidedBy, proposedMs, note, mine } = correction
  const tone = status === 'posted' ? 'good' : status === 'failed' ? 'bad' : 'over'
  return (
    <li className="row payout-row">
      <div className="row-main">
        <p className="row-title">
          {formatMoney(amount, { code: assetCode, scale: assetScale }, locale)} · {debit} → {credit}
        </p>
        <p className="payout-note">{reason}</p>
        <p className="quiet payout-note">
          {t('admin.by', { name: proposedBy ?? '', time: new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short' }).format(proposedMs) })}
          {decidedBy !== null && ` · ${t('admin.decidedBy', { name: decidedBy })}`}
          {note !== null && ` · ${note}`}
        </p>
        {status === 'proposed' && (
          <div className="row-actions">
            {mine ? (
              <span className="quiet">{t('admin.fourEyes')}</span>
            ) : (
              <Changes>
                <Button loading={deed.busy} onClick={() => void deed.run(() => approve(id))}>
                  {t('admin.approve')}
                </Button>
              </Changes>
            )}
            <Reasoned label={mine ? t('admin.takeBack') : t('admin.decline')} warning={t('admin.declineWhy')} work={(why) => decline(id, why)} after={reload} />
          </div>
        )}
        {deed.fault !== undefined && <FaultAlert fault={deed.fault} />}
      </div>
      <p className={`payout-status payout-${tone}`}>{t(`admin.statuses.${status}`)}</p>
    </li>
  )
}
