import { Button, NativeSelect, SegmentedControl, TextInput } from '@mantine/core'
import { useEffect, useMemo, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { formatCount, formatMoney, perHour } from '../amounts.ts'
import { Figure } from '../look/figure.tsx'
import { Empty, Loading } from '../look/notice.tsx'
import { useLocale } from '../words/words.ts'
import { type LiveModel, type LiveView, rowsOf, type SortColumn, viewFields, viewStates } from './live-model.ts'
import { Pulse, Sparkline } from './live-parts.tsx'
import { OperatorDoor } from './operator-door.tsx'
import { FoundStreams } from './found-streams.tsx'
import { StreamPage } from './stream-page.tsx'
import { StreamTable } from './stream-table.tsx'
import { type Live, useLive } from './use-live.ts'

/** `/streams`: who pays whom, this second. `/streams/strm_x`: one of them. */
export function StreamsPage({ id }: { readonly id: string | undefined }): React.JSX.Element {
  return id === undefined ? <OperatorDoor>{(reload) => <LiveStreams reload={reload} />}</OperatorDoor> : <StreamPage id={id} />
}

function LiveStreams({ reload }: { readonly reload: () => void }): React.JSX.Element {
  const { t } = useTranslation()
  const live = useLive('/api/live', reload)
  useEffect(() => {
    document.title = `${t('operator.title')} · ${t('product')}`
  }, [t])
  return (
    <>
      <div className="live-head">
        <h1 className="page-title">{t('operator.title')}</h1>
        <Pulse live={live} />
      </div>
      {live.model === undefined ? <Loading /> : <Shown live={live} model={live.model} />}
    </>
  )
}

function Shown({ live, model }: { readonly live: Live; readonly model: LiveModel }): React.JSX.Element {
  return (
    <div className={live.state === 'stale' ? 'live live-whole live-stale' : 'live live-whole'}>
      <Figures model={model} />
      <Streams model={model} nowMs={live.nowMs} moving={live.state === 'live'} />
    </div>
  )
}

function Figures({ model }: { readonly model: LiveModel }): React.JSX.Element {
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
    </dl>
  )
}

const everything: LiveView = { text: '', field: 'any', state: 'all', column: 'age', descending: false }

function Streams({ model, nowMs, moving }: { readonly model: LiveModel; readonly nowMs: number; readonly moving: boolean }): React.JSX.Element {
  const { t } = useTranslation()
  const locale = useLocale()
  const [view, setView] = useState(everything)
  const rows = useMemo(() => rowsOf(model, view, locale, nowMs), [model, view, locale, nowMs])
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
        <NativeSelect
          size="sm"
          aria-label={t('operator.field')}
          value={view.field}
          onChange={(event) => setView({ ...view, field: viewFields.find((field) => field === event.currentTarget.value) ?? 'any' })}
          data={viewFields.map((field) => ({ value: field, label: t(`operator.fields.${field}`) }))}
        />
        <SegmentedControl
          size="sm"
          aria-label={t('operator.states')}
          value={view.state}
          onChange={(state) => setView({ ...view, state })}
          data={viewStates.map((state) => ({ value: state, label: t(`operator.views.${state}`) }))}
        />
        <p className="quiet shown">
          {t('operator.shown', { shown: formatCount(rows.length, locale), all: formatCount(all, locale) })}
          {all > streamsListedMax && ` ${t('operator.bounded', { max: formatCount(streamsListedMax, locale) })}`}
        </p>
      </div>
      {rows.length > 0 ? (
        <StreamTable rows={rows} view={view} nowMs={nowMs} moving={moving} onSort={sort} />
      ) : model.rows.size === 0 ? (
        <Empty title={t('operator.empty')} why={t('operator.emptyWhy')} />
      ) : (
        <Empty title={t('operator.noMatch')}>
          <Button variant="default" onClick={() => setView({ ...view, text: '', field: 'any', state: 'all' })}>
            {t('operator.clear')}
          </Button>
        </Empty>
      )}
      <FoundStreams text={view.text.trim()} />
    </section>
  )
}

