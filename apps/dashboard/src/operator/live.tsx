import { Button, SegmentedControl, TextInput } from '@mantine/core'
import { useEffect, useMemo, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { formatAge, formatCount, formatMoney, perHour } from '../amounts.ts'
import { Empty, Loading } from '../look/notice.tsx'
import { useLocale } from '../words/words.ts'
import { en } from '../words/en.ts'
import { type LiveModel, type LiveView, rowsOf, type SortColumn } from './live-model.ts'
import type { Books } from './operator-api.ts'
import { StreamTable } from './stream-table.tsx'
import type { Live } from './use-live.ts'

/** The operator's first page: who pays whom, this second. */
export function LivePage({ live, books }: { readonly live: Live; readonly books: Books | undefined }): React.JSX.Element {
  const { t } = useTranslation()
  useEffect(() => {
    document.title = `${t('operator.title')} · ${t('product')}`
  }, [t])
  return (
    <>
      <div className="live-head">
        <h1 className="page-title">{t('operator.title')}</h1>
        <Pulse live={live} />
      </div>
      {live.model === undefined ? (
        <Loading />
      ) : (
        <div className={live.state === 'stale' ? 'live live-stale' : 'live'}>
          <Figures model={live.model} books={books} nowMs={live.nowMs} />
          <Streams model={live.model} nowMs={live.nowMs} moving={live.state === 'live'} />
          <aside className="live-side">
            <Rejects model={live.model} />
            <Processes model={live.model} />
          </aside>
        </div>
      )}
    </>
  )
}

/** Whether what is shown is this second's. */
function Pulse({ live }: { readonly live: Live }): React.JSX.Element {
  const { t } = useTranslation()
  const locale = useLocale()
  const age = formatAge(live.nowMs - (live.model?.heardAtMs ?? live.nowMs), locale)
  return (
    <div className={`pulse pulse-${live.state}`}>
      <span className="pulse-dot" aria-hidden="true" />
      <span role="status">{t(`operator.${live.state}`)}</span>
      {live.state === 'stale' && <span className="quiet">{t('operator.staleWhy', { age })}</span>}
    </div>
  )
}

function Figures({ model, books, nowMs }: { readonly model: LiveModel; readonly books: Books | undefined; readonly nowMs: number }): React.JSX.Element {
  const { t } = useTranslation()
  const locale = useLocale()
  const { figures } = model
  return (
    <dl className="figures">
      <Figure label={t('operator.open')} value={formatCount(figures.streamsOpen, locale)} />
      <Figure
        label={t('operator.flow')}
        value={figures.flows.length === 0 ? '0' : figures.flows.map((flow) => formatMoney(perHour(flow.rate), { code: flow.assetCode, scale: flow.assetScale }, locale, 2)).join(' + ')}
        why={t('operator.flowWhy')}
      />
      <Figure label={t('operator.packets')} value={formatCount(figures.packetsPerSecond, locale)} why={t('operator.packetsWhy')}>
        <Sparkline values={model.packetHistory} />
      </Figure>
      <Figure label={t('operator.inDoubt')} value={formatCount(figures.streamsInDoubt, locale)} why={t('operator.inDoubtWhy')} tone={figures.streamsInDoubt > 0 ? 'warn' : undefined} />
      <Figure
        label={t('operator.books')}
        value={books === undefined ? t('operator.booksUnknown') : books.ok ? t('operator.booksOk') : t('operator.booksWrong')}
        why={books === undefined ? undefined : books.ok ? t('operator.booksWhy', { age: formatAge(nowMs - books.checkedAtMs, locale) }) : books.problem}
        tone={books?.ok === false ? 'alarm' : undefined}
      />
    </dl>
  )
}

interface FigureProps {
  readonly label: string
  readonly value: string
  readonly why?: string | undefined
  readonly tone?: 'warn' | 'alarm' | undefined
  readonly children?: React.ReactNode
}

function Figure({ label, value, why, tone, children }: FigureProps): React.JSX.Element {
  return (
    <div className={tone === undefined ? 'card stat' : `card stat stat-${tone}`}>
      <dt className="card-label">{label}</dt>
      <dd>
        <span className="stat-value">{value}</span>
        {children}
        {why !== undefined && <span className="quiet">{why}</span>}
      </dd>
    </div>
  )
}

/** The last minute as a line; the figure beside it is the text. */
function Sparkline({ values }: { readonly values: readonly number[] }): React.JSX.Element {
  const most = Math.max(1, ...values)
  const points = values.map((value, index) => `${(index + 60 - values.length) * 2},${30 - (value / most) * 26}`).join(' ')
  return (
    <svg className="sparkline" viewBox="0 0 120 32" preserveAspectRatio="none" aria-hidden="true" focusable="false">
      <polyline points={points} />
    </svg>
  )
}

const everything: LiveView = { text: '', state: 'all', column: 'age', descending: false }

function Streams({ model, nowMs, moving }: { readonly model: LiveModel; readonly nowMs: number; readonly moving: boolean }): React.JSX.Element {
  const { t } = useTranslation()
  const locale = useLocale()
  const [view, setView] = useState(everything)
  const rows = useMemo(() => rowsOf(model, view, locale), [model, view, locale])
  const { streamsOpen, streamsInDoubt, streamsListedMax } = model.figures
  const all = streamsOpen + streamsInDoubt
  const sort = (column: SortColumn): void => setView({ ...view, column, descending: view.column === column ? !view.descending : column === 'rate' || column === 'total' })
  return (
    <section className="card streams" aria-labelledby="streams-title">
      <h2 id="streams-title" className="unseen">
        {t('operator.table')}
      </h2>
      <div className="filters">
        <TextInput
          size="sm"
          className="filter-text"
          aria-label={t('operator.filter')}
          placeholder={t('operator.filter')}
          value={view.text}
          onChange={(event) => setView({ ...view, text: event.currentTarget.value })}
        />
        <SegmentedControl
          size="sm"
          aria-label={t('operator.states')}
          value={view.state}
          onChange={(state) => setView({ ...view, state })}
          data={[
            { value: 'all', label: t('operator.stateAll') },
            { value: 'open', label: t('operator.state.open') },
            { value: 'in-doubt', label: t('operator.state.in-doubt') },
          ]}
        />
        <p className="quiet shown">
          {t('operator.shown', { shown: formatCount(rows.length, locale), all: formatCount(all, locale) })}
          {all > streamsListedMax && ` $X`}
        </p>
      </div>
      {rows.length > 0 ? (
        <StreamTable rows={rows} view={view} nowMs={nowMs} moving={moving} onSort={sort} />
      ) : model.rows.size === 0 ? (
        <Empty title={t('operator.empty')} why={t('operator.emptyWhy')} />
      ) : (
        <Empty title={t('operator.noMatch')}>
          <Button variant="default" onClick={() => setView({ ...view, text: '', state: 'all' })}>
            {t('operator.clear')}
          </Button>
        </Empty>
      )}
    </section>
  )
}

function Rejects({ model }: { readonly model: LiveModel }): React.JSX.Element {
  const { t } = useTranslation()
  const locale = useLocale()
  const codes = Object.entries(model.figures.rejectsByCode).toSorted(([, a], [, b]) => b.total - a.total)
  const most = Math.max(1, ...codes.map(([, { total }]) => total))
  return (
    <section className="card" aria-labelledby="rejects-title">
      <h2 id="rejects-title">{t('operator.rejects')}</h2>
      {codes.length === 0 ? (
        <p className="quiet">{t('operator.rejectsEmpty')}</p>
      ) : (
        <>
          <p className="quiet">{t('operator.rejectsWhy')}</p>
          <ul className="bars">
            {codes.map(([code, { total, perSecond }]) => (
              <li key={code}>
                <span className="bar-name">{code}</span>
                <svg className="bar" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true" focusable="false">
                  <rect width={(total / most) * 100} height="6" rx="3" />
                </svg>
                <span className="bar-figure">
                  {t('operator.perSecond', { rate: formatCount(perSecond, locale) })} · {formatCount(total, locale)}
                </span>
              </li>
            ))}
          </ul>
        </>
      )}
    </section>
  )
}

function Processes({ model }: { readonly model: LiveModel }): React.JSX.Element {
  const { t } = useTranslation()
  const locale = useLocale()
  return (
    <section className="card" aria-labelledby="processes-title">
      <h2 id="processes-title">{t('operator.processes')}</h2>
      <ul className="rows">
        {model.figures.processes.map((process) => (
          <li key={process.id} className="row">
            <div className="row-main">
              <p className="row-title">{Object.hasOwn(en.operator.role, process.role) ? t(`operator.role.${process.role as keyof typeof en.operator.role}`) : process.role}</p>
              <p className="quiet">{t('operator.process', { age: formatAge(process.upMs, locale), version: process.version })}</p>
            </div>
          </li>
        ))}
      </ul>
    </section>
  )
}
