import { Button, Switch, TextInput } from '@mantine/core'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { FaultAlert } from '../look/notice.tsx'
import { Reasoned } from '../operator-admin/reasoned.tsx'
import { OperatorPage } from '../operator-payouts/operator-page.tsx'
import '../payouts/payouts.css'
import { useDeed } from '../plan/use-deed.ts'
import { Changes } from '../session/changes.tsx'
import { usePolled } from '../use-polled.ts'
import { useLocale } from '../words/words.ts'
import { invite, inviteAgain, loadOperators, type Operator, setClosed, setReadOnly } from './operators-api.ts'

const pollMs = 15_000

/** Who runs this installation: inviting, who of them may only look, closing out. */
export function OperatorsPage(): React.JSX.Element {
  const { t } = useTranslation()
  const polled = usePolled(loadOperators, pollMs)
  return (
    <OperatorPage title={t('operators.title')} polled={polled}>
      {({ operators }) => (
        <>
          <section className="card" aria-label={t('operators.title')}>
            <p className="quiet">{t('operators.why')}</p>
            <ul className="rows">
              {operators.map((operator) => (
                <Line key={operator.id} operator={operator} reload={polled.reload} />
              ))}
            </ul>
          </section>
          <Changes>
            <section className="card" aria-labelledby="invite-title">
              <h2 id="invite-title">{t('operators.invite')}</h2>
              <Invite reload={polled.reload} />
            </section>
          </Changes>
        </>
      )}
    </OperatorPage>
  )
}

function Line({ operator, reload }: { readonly operator: Operator; readonly reload: () => Promise<void> }): React.JSX.Element {
  const { t } = useTranslation()
  const locale = useLocale()
  const deed = useDeed(reload)
  const { id, name, email, readOnly, createdAtMs, invited, closed, bound, you } = operator
  const day = new Intl.DateTimeFormat(locale, { dateStyle: 'medium' })
  return (
    <li className="row payout-row">
      <div className="row-main">
        <p className="row-title">
          {name}
          {you && ` (${t('operators.you')})`}
        </p>
        <p className="quiet payout-note">
          {email} · {invited ? t('operators.invited', { date: day.format(createdAtMs) }) : t('operators.since', { date: day.format(createdAtMs) })}
        </p>
        {bound !== null && closed === null && <p className="quiet">{t('operators.bound', { name: bound.to, date: day.format(bound.untilMs) })}</p>}
        {closed !== null && <p className="payout-note">{t('operators.closed', { date: day.format(closed.sinceMs), reason: closed.reason })}</p>}
        {!you && (
          <Changes>
            <div className="row-actions operator-actions">
              {closed === null && invited && (
                <Button variant="default" loading={deed.busy} onClick={() => void deed.run(() => inviteAgain(id))}>
                  {t('operators.again')}
                </Button>
              )}
              {closed === null && (readOnly ? (
                <Reasoned label={t('operators.entrust')} warning={t('operators.entrustWhy')} work={(reason) => setReadOnly(id, false, reason)} after={reload} />
              ) : (
                <Reasoned label={t('operators.restrict')} warning={t('operators.restrictWhy')} work={(reason) => setReadOnly(id, true, reason)} after={reload} />
              ))}
              {closed === null ? (
                <Reasoned label={t('operators.close')} warning={t('operators.closeWhy')} work={(reason) => setClosed(id, true, reason)} after={reload} />
              ) : (
                <Reasoned label={t('operators.reopen')} warning={t('operators.reopenWhy')} work={(reason) => setClosed(id, false, reason)} after={reload} />
              )}
            </div>
          </Changes>
        )}
        {deed.fault !== undefined && <FaultAlert fault={deed.fault} />}
      </div>
      <p className={closed === null ? 'payout-status payout-over' : 'payout-status payout-bad'}>{closed === null ? t(readOnly ? 'operators.reads' : 'operators.changes') : t('operators.out')}</p>
    </li>
  )
}

function Invite({ reload }: { readonly reload: () => Promise<void> }): React.JSX.Element {
  const { t } = useTranslation()
  const empty = { name: '', email: '', readOnly: true }
  const [fields, setFields] = useState(empty)
  const [tried, setTried] = useState(false)
  const [done, setDone] = useState<{ readonly name: string; readonly email: string; readonly password: string | undefined }>()
  const deed = useDeed(reload)
  const nameWrong = fields.name.trim() === '' ? t('operators.nameNeeded') : undefined
  const emailWrong = /^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(fields.email.trim()) ? undefined : t('session.emailNeeded')
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault()
    setTried(true)
    setDone(undefined)
    if (nameWrong !== undefined || emailWrong !== undefined) return
    const invitation = { ...fields, name: fields.name.trim(), email: fields.email.trim() }
    if (!(await deed.run(async () => setDone({ ...invitation, password: await invite(invitation) })))) return
    setFields(empty)
    setTried(false)
  }
  return (
    <form noValidate onSubmit={(event) => void submit(event)}>
      <TextInput label={t('operators.name')} maxLength={100} value={fields.name} error={tried ? nameWrong : undefined} onChange={(event) => setFields({ ...fields, name: event.currentTarget.value })} />
      <TextInput label={t('session.email')} type="email" maxLength={254} value={fields.email} error={tried ? emailWrong : undefined} onChange={(event) => setFields({ ...fields, email: event.currentTarget.value })} />
      <Switch className="operator-reads" label={t('operators.readsOnly')} description={t('operators.readsOnlyWhy')} checked={fields.readOnly} onChange={(event) => setFields({ ...fields, readOnly: event.currentTarget.checked })} />
      <div className="payouts-tools">
        <Button type="submit" loading={deed.busy}>
          {t('operators.invite')}
        </Button>
      </div>
      {deed.fault !== undefined && <FaultAlert fault={deed.fault} />}
      {done !== undefined && (
        <p role="status">
          {done.password === undefined ? t('operators.mailed', { email: done.email }) : t('operators.handOver', { name: done.name })} {done.password !== undefined && <code>{done.password}</code>}
        </p>
      )}
    </form>
  )
}
