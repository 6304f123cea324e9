import { Button, FileButton } from '@mantine/core'
import type { TFunction } from 'i18next'
import { useTranslation } from 'react-i18next'
import { formatMoney } from '../amounts.ts'
import { Empty, FaultAlert } from '../look/notice.tsx'
import { statusSchema } from '../payouts/payouts-api.ts'
import { useDeed } from '../plan/use-deed.ts'
import { Changes } from '../session/changes.tsx'
import { useLocale } from '../words/words.ts'
import { type BankLine, type BankStatement, explainLine, makeBatch, type OperatorPayouts, uploadStatement } from './operator-payouts-api.ts'

const candidatesMax = 5
const explanations = ['bank-fee', 'own-funds'] as const
const whys = ['booked-before', 'amount-not-payouts', 'amount-not-files', 'back-before', 'another-attempt'] as const

/** Files for the bank, and what it answered. */
export function BankPart({ value, reload }: { readonly value: OperatorPayouts; readonly reload: () => Promise<void> }): React.JSX.Element {
  const { t } = useTranslation()
  const locale = useLocale()
  const deed = useDeed(reload)
  const { bank, batches, statements, payouts, asset } = value
  const time = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short' })
  const ready = payouts.some(({ rail, status }) => rail === 'sepa' && status === 'approved')
  if (!bank) {
    return (
      <section className="card" aria-labelledby="bank-title">
        <h2 id="bank-title">{t('operatorPayouts.bank')}</h2>
        <p className="quiet">{t('operatorPayouts.bankNone')}</p>
      </section>
    )
  }
  return (
    <>
      <section className="card" aria-labelledby="files-title">
        <h2 id="files-title">{t('operatorPayouts.files')}</h2>
        <Changes>
          <div className="payouts-tools">
            <Button loading={deed.busy} disabled={!ready} onClick={() => void deed.run(makeBatch)}>
              {t('operatorPayouts.make')}
            </Button>
            <FileButton accept=".xml,application/xml,text/xml" onChange={(file) => void (file !== null && deed.run(async () => uploadStatement(await file.text())))}>
              {(props) => (
                <Button variant="default" loading={deed.busy} {...props}>
                  {t('operatorPayouts.upload')}
                </Button>
              )}
            </FileButton>
          </div>
        </Changes>
        {deed.fault !== undefined && <FaultAlert fault={deed.fault} />}
        {batches.length === 0 ? (
          <Empty title={t('operatorPayouts.filesEmpty')} />
        ) : (
          <ul className="rows">
            {batches.map(({ id, createdMs, payouts: count, total }) => (
              <li key={id} className="row">
                <div className="row-main">
                  <p className="row-title">{t('operatorPayouts.file', { count, amount: formatMoney(total, asset, locale) })}</p>
                  <p className="quiet">{time.format(createdMs)}</p>
                </div>
                <Button component="a" href={`/api/payout-batches/${id}/file`} download={`${id}.xml`} variant="default" size="compact-md">
                  {t('operatorPayouts.download')}
                </Button>
              </li>
            ))}
          </ul>
        )}
      </section>
      <section className="card" aria-labelledby="statements-title">
        <h2 id="statements-title">{t('operatorPayouts.statements')}</h2>
        {statements.length === 0 ? <Empty title={t('operatorPayouts.statementsEmpty')} /> : statements.map((statement) => <Taken key={statement.id} statement={statement} value={value} reload={reload} />)}
      </section>
    </>
  )
}

function Taken({ statement, value, reload }: { readonly statement: BankStatement; readonly value: OperatorPayouts; readonly reload: () => Promise<void> }): React.JSX.Element {
  const { t } = useTranslation()
  const open = statement.lines.filter(needsWord)
  return (
    <details open={open.length > 0}>
      <summary>{t('operatorPayouts.statement', { name: statement.bankId, count: statement.lines.length })}</summary>
      <ul className="rows">
        {statement.lines.map((line) => (
          <Line key={line.number} statement={statement} line={line} value={value} reload={reload} />
        ))}
      </ul>
    </details>
  )
}

function Line({ statement, line, value, reload }: { readonly statement: BankStatement; readonly line: BankLine; readonly value: OperatorPayouts; readonly reload: () => Promise<void> }): React.JSX.Element {
  const { t } = useTranslation()
  const locale = useLocale()
  const deed = useDeed(reload)
  const tone = needsWord(line) ? 'bad' : line.outcome === 'settled' ? 'good' : 'over'
  return (
    <li className="row payout-row">
      <div className="row-main">
        <p className="row-title">{formatMoney(line.amount, value.asset, locale)}</p>
        <p className="quiet payout-note">
          {new Intl.DateTimeFormat(locale, { dateStyle: 'medium' }).format(line.bookedMs)} · {line.description}
          {line.note !== null && ` · ${noteOf(line.note, t)}`}
        </p>
        {needsWord(line) && (
          <Changes>
            <div className="row-actions">
              <span className="quiet">{t('operatorPayouts.explain')}</span>
              {explanations.map((as) => (
                <Button key={as} variant="default" size="compact-sm" loading={deed.busy} onClick={() => void deed.run(() => explainLine(statement.id, line.number, { as }))}>
                  {t(`operatorPayouts.explanations.${as}`)}
                </Button>
              ))}
              {candidatesOf(line, value.payouts).map(({ id, publisher, createdMs }) => (
                <Button key={id} variant="default" size="compact-sm" loading={deed.busy} onClick={() => void deed.run(() => explainLine(statement.id, line.number, { as: 'payout', payout: id }))}>
                  {t('operatorPayouts.explanations.payout', { name: publisher ?? t('operatorPayouts.everybody'), date: new Intl.DateTimeFormat(locale, { dateStyle: 'medium' }).format(createdMs) })}
                </Button>
              ))}
            </div>
          </Changes>
        )}
        {deed.fault !== undefined && <FaultAlert fault={deed.fault} />}
      </div>
      <p className={`payout-status payout-${tone}`}>{t(`operatorPayouts.outcome.${line.outcome}`)}</p>
    </li>
  )
}

/** What the server notes of a line, in words; of a Rivulet before this one as it stands. */
function noteOf(note: string, t: TFunction): string {
  const status = statusSchema.options.find((one) => note === `payout-${one}`)
  if (status !== undefined) return t('operatorPayouts.lineNotes.payoutIs', { status: t(`payouts.status.${status}`) })
  const why = whys.find((one) => note === one)
  if (why !== undefined) return t(`operatorPayouts.lineNotes.${why}`)
  const explained = explanations.find((one) => note === one)
  return explained === undefined ? note : t(`operatorPayouts.explanations.${explained}`)
}

/** Payouts that a line may be about, whose name the bank lost: it left, or came back, in just this amount. */
function candidatesOf({ outcome, amount }: BankLine, payouts: OperatorPayouts['payouts']): OperatorPayouts['payouts'] {
  if (outcome !== 'unknown') return []
  return payouts.filter(({ rail, status, net }) => rail === 'sepa' && net === (amount < 0n ? -amount : amount) && (status === 'sent' || (amount > 0n && status === 'settled'))).slice(0, candidatesMax)
}

function needsWord({ outcome }: BankLine): boolean {
  return outcome === 'unknown' || outcome === 'doubled' || outcome === 'altered'
}
