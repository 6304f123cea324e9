import { Button, SegmentedControl, TextInput } from '@mantine/core'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Empty, FaultAlert } from '../look/notice.tsx'
import { PayoutRow } from '../payouts/payout-row.tsx'
import '../payouts/payouts.css'
import { useDeed } from '../plan/use-deed.ts'
import { Changes } from '../session/changes.tsx'
import { usePolled } from '../use-polled.ts'
import { BankPart } from './bank-part.tsx'
import { decide, type Decision, loadOperatorPayouts, type OperatorPayout } from './operator-payouts-api.ts'
import { ElsewherePart } from './elsewhere-part.tsx'
import { OperatorPage } from './operator-page.tsx'
import { ProviderPart } from './provider-part.tsx'

const pollMs = 5_000

/** What an operator may decide, by where a payout stands; of what a rail reports itself, nothing. That it refused a payout before it was booked, a bank does not report. */
function choicesOf({ status, rail }: OperatorPayout): readonly Decision[] {
  switch (status) {
    case 'awaiting-approval':
      return ['approve', 'reject']
    case 'approved':
      return rail === 'manual' ? ['sent', 'failed'] : []
    case 'sent':
      return rail === 'manual' ? ['settled', 'returned'] : rail === 'sepa' ? ['failed'] : []
    case 'settled':
      return rail === 'manual' ? ['returned'] : []
    case 'failed':
    case 'returned':
      return ['retry']
    case 'requested':
    case 'cancelled':
      return []
  }
}

/** Whether the next morning does it: shares that did not arrive are with their address elsewhere, which is shown once. */
function isTriedAgain({ publisher, status }: OperatorPayout): boolean {
  return publisher === null && (status === 'failed' || status === 'returned')
}

/** Its statements say what becomes of it; only now and then a person must. */
function isAtBank({ rail, status }: OperatorPayout): boolean {
  return rail === 'sepa' && status === 'sent'
}

/** The operators' payouts: what waits for them, the bank's files and statements, and all that was. */
export function OperatorPayoutsPage(): React.JSX.Element {
  const { t } = useTranslation()
  const polled = usePolled(loadOperatorPayouts, pollMs)
  const [show, setShow] = useState<'waiting' | 'all'>('waiting')
  return (
    <OperatorPage title={t('operatorPayouts.title')} polled={polled}>
      {(value) => {
        const shown = value.payouts.filter((payout) => show === 'all' || (choicesOf(payout).length > 0 && payout.status !== 'settled' && !isTriedAgain(payout) && !isAtBank(payout)) || payout.status === 'approved')
        return (
          <>
            <section className="card" aria-labelledby="operator-payouts-list">
              <div className="payouts-tools">
                <h2 id="operator-payouts-list">{t('operatorPayouts.title')}</h2>
                <SegmentedControl aria-label={t('operatorPayouts.title')} value={show} onChange={(next) => setShow(next === 'all' ? 'all' : 'waiting')} data={[{ value: 'waiting', label: t('operatorPayouts.waiting') }, { value: 'all', label: t('operatorPayouts.all') }]} />
                <a href="/reconciliation">{t('operatorPayouts.reconciliation')}</a>
              </div>
              {shown.length === 0 ? (
                <Empty title={t('operatorPayouts.empty')} why={t('operatorPayouts.emptyWhy')} />
              ) : (
                <ul className="rows">
                  {shown.map((payout) => (
                    <Theirs key={payout.id} payout={payout} reload={polled.reload} />
                  ))}
                </ul>
              )}
            </section>
            {value.payees.length > 0 && <ElsewherePart value={value} reload={polled.reload} />}
            <BankPart value={value} reload={polled.reload} />
            <ProviderPart statements={value.providerStatements} reload={polled.reload} />
          </>
        )
      }}
    </OperatorPage>
  )
}

function Theirs({ payout, reload }: { readonly payout: OperatorPayout; readonly reload: () => Promise<void> }): React.JSX.Element {
  const { t } = useTranslation()
  const [asked, setAsked] = useState<'reject' | 'sent' | 'failed' | 'returned'>()
  const deed = useDeed(reload)
  const choose = (decision: Decision): void => {
    if (decision === 'reject' || decision === 'sent' || decision === 'failed' || decision === 'returned') setAsked(decision)
    else void deed.run(() => decide(payout.id, decision, {}))
  }
  return (
    <PayoutRow payout={payout} who={payout.publisher ?? t('operatorPayouts.everybody')}>
      {payout.status === 'awaiting-approval' && <span className="quiet">{t('operatorPayouts.approvals', { given: payout.approvals, needed: payout.approvalsNeeded })}</span>}
      {asked === undefined ? (
        <Changes>
          {choicesOf(payout).map((decision) => (
            <Button key={decision} variant={decision === 'approve' ? 'filled' : 'default'} size="compact-md" loading={deed.busy} onClick={() => choose(decision)}>
              {decision === 'retry' ? t('payouts.retry') : t(`operatorPayouts.${decision}`)}
            </Button>
          ))}
        </Changes>
      ) : (
        <Why payout={payout} decision={asked} deed={deed} onBack={() => setAsked(undefined)} />
      )}
      {deed.fault !== undefined && asked === undefined && <FaultAlert fault={deed.fault} />}
    </PayoutRow>
  )
}

/** What goes with a decision: why, or what the bank calls it. */
function Why({ payout, decision, deed, onBack }: { readonly payout: OperatorPayout; readonly decision: 'reject' | 'sent' | 'failed' | 'returned'; readonly deed: ReturnType<typeof useDeed>; readonly onBack: () => void }): React.JSX.Element {
  const { t } = useTranslation()
  const [said, setSaid] = useState('')
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault()
    const done = await deed.run(() => decide(payout.id, decision, decision === 'sent' ? { reference: said } : { reason: said }))
    if (done) onBack()
  }
  return (
    <form className="payouts-tools" onSubmit={(event) => void submit(event)}>
      <TextInput label={decision === 'sent' ? t('operatorPayouts.reference') : t('operatorPayouts.reason')} required minLength={decision === 'sent' ? 1 : 3} maxLength={decision === 'sent' ? 100 : 300} value={said} onChange={(event) => setSaid(event.currentTarget.value)} />
      <Button type="submit" loading={deed.busy} disabled={said.trim().length < (decision === 'sent' ? 1 : 3)}>
        {t('operatorPayouts.confirm')}
      </Button>
      <Button variant="default" onClick={onBack}>
        {t('operatorPayouts.back')}
      </Button>
      {deed.fault !== undefined && <FaultAlert fault={deed.fault} />}
    </form>
  )
}
