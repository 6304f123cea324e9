import { Button, SegmentedControl } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Empty } from '../look/notice.tsx'
import { OperatorPage } from '../operator-payouts/operator-page.tsx'
import '../payouts/payouts.css'
import { usePolled } from '../use-polled.ts'
import { useLocale } from '../words/words.ts'
import { auditQuery, type Entry, loadAudit } from './admin-api.ts'
import { useActionWords } from './use-action-words.ts'

const pollMs = 10_000

/** Every operator action, newest first. */
export function AuditPage(): React.JSX.Element {
  const { t } = useTranslation()
  const [result, setResult] = useState('all')
  const [before, setBefore] = useState<string>()
  return <AuditList key={`${result} ${before ?? ''}`} title={t('admin.audit')} asked={{ name: '', result, before }} onResult={(next) => { setResult(next); setBefore(undefined) }} onBefore={setBefore} />
}

function AuditList({ title, asked, onResult, onBefore }: { readonly title: string; readonly asked: Parameters<typeof auditQuery>[0]; readonly onResult: (result: string) => void; readonly onBefore: (before: string | undefined) => void }): React.JSX.Element {
  const { t } = useTranslation()
  const polled = usePolled(() => loadAudit(asked), pollMs)
  const results = ['all', 'done', 'refused', 'failed'] as const
  return (
    <OperatorPage title={title} polled={polled}>
      {({ entries, more }) => (
        <section className="card" aria-label={title}>
          <p className="quiet">{t('admin.auditWhy')}</p>
          <div className="payouts-tools">
            <SegmentedControl aria-label={t('admin.result')} value={asked.result} onChange={onResult} data={results.map((value) => ({ value, label: t(`admin.results.${value}`) }))} />
            <Button component="a" variant="default" href={`/api/audit.csv?${auditQuery({ ...asked, before: undefined })}`} download="audit.csv">
              {t('admin.csv')}
            </Button>
          </div>
          {entries.length === 0 ? (
            <Empty title={t('admin.auditEmpty')} why={t('admin.auditEmptyWhy')} />
          ) : (
            <ul className="rows">
              {entries.map((entry) => (
                <Line key={entry.id} entry={entry} />
              ))}
            </ul>
          )}
          <Pages first={asked.before === undefined} last={more ? entries.at(-1)?.id : undefined} onBefore={onBefore} />
        </section>
      )}
    </OperatorPage>
  )
}

/** To the first page and to the next. */
export function Pages({ first, last, onBefore }: { readonly first: boolean; readonly last: string | undefined; readonly onBefore: (before: string | undefined) => void }): React.JSX.Element | null {
  const { t } = useTranslation()
  if (first && last === undefined) return null
  return (
    <div className="payouts-tools">
      {!first && (
        <Button variant="default" onClick={() => onBefore(undefined)}>
          {t('admin.newest')}
        </Button>
      )}
      {last !== undefined && (
        <Button variant="default" onClick={() => onBefore(last)}>
          {t('admin.older')}
        </Button>
      )}
    </div>
  )
}

function Line({ entry }: { readonly entry: Entry }): React.JSX.Element {
  const { t } = useTranslation()
  const locale = useLocale()
  const actionWords = useActionWords()
  const { atMs, operatorName, name, subject, subjectName, reason, detail, result, code } = entry
  const tone = result === 'done' ? 'good' : result === 'begun' ? 'over' : 'bad'
  const more = Object.entries(detail).map(([key, value]) => `${key} ${value}`).join(' · ')
  return (
    <li className="row payout-row">
      <div className="row-main">
        <p className="row-title">
          {actionWords(name)} · {subjectName ?? subject}
        </p>
        <p className="quiet payout-note">
          {t('admin.by', { name: operatorName === 'command' ? t('admin.command') : operatorName, time: new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'medium' }).format(atMs) })}
        </p>
        {reason !== null && <p className="payout-note">{reason}</p>}
        {(more !== '' || code !== null) && <p className="quiet payout-note">{[code, more].filter((part) => part !== null && part !== '').join(' · ')}</p>}
      </div>
      <p className={`payout-status payout-${tone}`}>{t(`admin.results.${result}`)}</p>
    </li>
  )
}
