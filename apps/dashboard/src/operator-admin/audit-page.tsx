import { Button, NativeSelect, SegmentedControl, TextInput } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Empty } from '../look/notice.tsx'
import { OperatorPage } from '../operator-payouts/operator-page.tsx'
import '../payouts/payouts.css'
import { usePolled } from '../use-polled.ts'
import { useLocale } from '../words/words.ts'
import { type AuditAsked, auditQuery, type Entry, loadAudit } from './admin-api.ts'
import { SearchRow } from './search-row.tsx'
import { useActionWords } from './use-action-words.ts'

const pollMs = 10_000

const everything: AuditAsked = { operator: '', name: '', about: '', result: 'all', fromDay: '', toDay: '', before: undefined }

/** Every operator action, newest first; `?subject=` names an object to begin with. */
export function AuditPage(): React.JSX.Element {
  const [asked, setAsked] = useState<AuditAsked>(() => ({ ...everything, about: new URLSearchParams(location.search).get('subject')?.slice(0, 200) ?? '' }))
  return <AuditList key={JSON.stringify(asked)} asked={asked} onAsk={setAsked} />
}

function AuditList({ asked, onAsk }: { readonly asked: AuditAsked; readonly onAsk: (asked: AuditAsked) => void }): React.JSX.Element {
  const { t } = useTranslation()
  const actionWords = useActionWords()
  const polled = usePolled(() => loadAudit(asked), pollMs)
  const ask = (change: Partial<AuditAsked>): void => onAsk({ ...asked, before: undefined, ...change })
  const results = ['all', 'done', 'refused', 'failed'] as const
  const title = t('admin.audit')
  return (
    <OperatorPage title={title} polled={polled}>
      {({ entries, more, operators, names }) => (
        <>
          <SearchRow label={t('admin.about')} given={asked.about} onFind={(about) => ask({ about })}>
            {(about) => (
              <>
                <NativeSelect label={t('admin.operator')} value={asked.operator} onChange={(event) => ask({ about, operator: event.currentTarget.value })} data={[{ value: '', label: t('admin.anybody') }, ...operators.map(({ id, name }) => ({ value: id, label: id === 'command' ? t('admin.command') : name }))]} />
                <NativeSelect label={t('admin.action')} value={asked.name} onChange={(event) => ask({ about, name: event.currentTarget.value })} data={[{ value: '', label: t('admin.anything') }, ...names.map((name) => ({ value: name, label: actionWords(name) }))]} />
                <TextInput type="date" label={t('admin.from')} value={asked.fromDay} max={asked.toDay} onChange={(event) => ask({ about, fromDay: event.currentTarget.value })} />
                <TextInput type="date" label={t('admin.to')} value={asked.toDay} min={asked.fromDay} onChange={(event) => ask({ about, toDay: event.currentTarget.value })} />
              </>
            )}
          </SearchRow>
          <section className="card" aria-label={title}>
            <p className="quiet">{t('admin.auditWhy')}</p>
            <div className="payouts-tools">
              <SegmentedControl aria-label={t('admin.result')} value={asked.result} onChange={(result) => ask({ result })} data={results.map((value) => ({ value, label: t(`admin.results.${value}`) }))} />
              <Button component="a" variant="default" href={`/api/audit.csv?${auditQuery({ ...asked, before: undefined })}`} download="audit.csv">
                {t('admin.csv')}
              </Button>
            </div>
            {entries.length === 0 ? (
              JSON.stringify(asked) === JSON.stringify(everything) ? (
                <Empty title={t('admin.auditEmpty')} why={t('admin.auditEmptyWhy')} />
              ) : (
                <Empty title={t('admin.auditNone')}>
                  <Button variant="default" onClick={() => onAsk(everything)}>
                    {t('admin.showAll')}
                  </Button>
                </Empty>
              )
            ) : (
              <ul className="rows">
                {entries.map((entry) => (
                  <Line key={entry.id} entry={entry} />
                ))}
              </ul>
            )}
            <Pages first={asked.before === undefined} last={more ? entries.at(-1)?.id : undefined} onBefore={(before) => onAsk({ ...asked, before })} />
          </section>
        </>
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
