import { Button } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { formatMoney } from '../amounts.ts'
import { Empty } from '../look/notice.tsx'
import '../payouts/payouts.css'
import { usePolled } from '../use-polled.ts'
import { useLocale } from '../words/words.ts'
import { loadReconciliation, type ReconciliationData } from './operator-payouts-api.ts'
import { OperatorPage } from './operator-page.tsx'

const pollMs = 60_000

/** Whether books, providers and bank tell the same, and whether anything is late. */
export function ReconciliationPage(): React.JSX.Element {
  const { t } = useTranslation()
  const locale = useLocale()
  const polled = usePolled(loadReconciliation, pollMs)
  return (
    <OperatorPage title={t('reconciliation.title')} polled={polled}>
      {({ report }) => (
        <>
          <section className="card" aria-labelledby="reconciliation-light">
            <h2 id="reconciliation-light" className={report.ok ? 'payout-good' : 'payout-bad'}>
              {report.ok ? t('reconciliation.fine') : t('reconciliation.wrong')}
            </h2>
            <div className="payouts-tools">
              <span className="quiet">{t('reconciliation.checked', { time: new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'medium' }).format(report.checkedMs) })}</span>
              <Button size="compact-md" variant="default" onClick={() => void polled.reload()}>
                {t('reconciliation.again')}
              </Button>
            </div>
          </section>
          <Clearing report={report} />
          <Comparisons report={report} />
        </>
      )}
    </OperatorPage>
  )
}

function Clearing({ report }: { readonly report: ReconciliationData }): React.JSX.Element {
  const { t } = useTranslation()
  const locale = useLocale()
  const asset = { code: report.assetCode, scale: report.assetScale }
  const day = new Intl.DateTimeFormat(locale, { dateStyle: 'medium' })
  return (
    <section className="card" aria-labelledby="clearing-title">
      <h2 id="clearing-title">{t('reconciliation.clearing')}</h2>
      <p className="quiet">{t('reconciliation.clearingWhy')}</p>
      {report.clearing.length === 0 ? (
        <Empty title={t('reconciliation.clearingEmpty')} />
      ) : (
        <ul className="rows">
          {report.clearing.map(({ name, balance, items, late, unexplained }) => (
            <li key={name} className="row payout-row">
              <div className="row-main">
                <p className="row-title">{name}</p>
                <p className="quiet">{t('reconciliation.open', { count: items })}</p>
                {unexplained !== 0n && <p className="recon-finding payout-bad">{t('reconciliation.unexplained', { amount: formatMoney(unexplained, asset, locale) })}</p>}
                {late.map(({ reference, amount, waitsFor, dueMs }) => (
                  <p key={reference} className="recon-finding payout-bad">
                    {t('reconciliation.late', { date: day.format(dueMs), reference, amount: formatMoney(amount, asset, locale), waitsFor })}
                  </p>
                ))}
              </div>
              <p className="row-amount">{formatMoney(balance, asset, locale)}</p>
            </li>
          ))}
        </ul>
      )}
    </section>
  )
}

function Comparisons({ report }: { readonly report: ReconciliationData }): React.JSX.Element {
  const { t } = useTranslation()
  const locale = useLocale()
  const asset = { code: report.assetCode, scale: report.assetScale }
  const day = new Intl.DateTimeFormat(locale, { dateStyle: 'medium' })
  const side = (name: string): string => (name === 'books' ? t('reconciliation.books') : name === 'bank' ? t('reconciliation.bankSide') : name)
  return (
    <section className="card" aria-labelledby="comparisons-title">
      <h2 id="comparisons-title">{t('reconciliation.comparisons')}</h2>
      <p className="quiet">{t('reconciliation.comparisonsWhy')}</p>
      <ul className="rows">
        {report.comparisons.map(({ between: [one = '', other = ''], untilMs, lines, findings }) => (
          <li key={`${one} ${other}`} className="row payout-row">
            <div className="row-main">
              <p className="row-title">{t('reconciliation.between', { one: side(one), other: side(other) })}</p>
              <p className="quiet">{untilMs === null ? t('reconciliation.noStatement') : t('reconciliation.until', { count: lines, date: day.format(untilMs) })}</p>
              {findings.map(({ kind, reference, booked, stated }) => (
                <p key={`${kind} ${reference}`} className="recon-finding">
                  <strong className="payout-bad">{t(`reconciliation.kinds.${kind}`)}</strong> {reference}{' '}
                  <span className="quiet">
                    {[booked === null ? undefined : t('reconciliation.booked', { amount: formatMoney(booked, asset, locale) }), stated === null ? undefined : t('reconciliation.stated', { amount: formatMoney(stated, asset, locale) })].filter((part) => part !== undefined).join(', ')}
                  </span>
                </p>
              ))}
            </div>
            {untilMs !== null && findings.length === 0 && <p className="payout-status payout-good">{t('reconciliation.agree')}</p>}
          </li>
        ))}
      </ul>
    </section>
  )
}
