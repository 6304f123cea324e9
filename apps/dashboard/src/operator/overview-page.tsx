import { useEffect } from 'react'
import { useTranslation } from 'react-i18next'
import { formatAge, formatCount, formatMoney, perHour } from '../amounts.ts'
import { Figure } from '../look/figure.tsx'
import { Loading } from '../look/notice.tsx'
import { useLocale } from '../words/words.ts'
import type { LiveModel } from './live-model.ts'
import { Processes, Pulse, Rejects, Sparkline } from './live-parts.tsx'
import { OperatorDoor } from './operator-door.tsx'
import './overview.css'
import { useLive } from './use-live.ts'

/** The operator's first page: is the money safe, what runs, what needs somebody. */
export function OverviewPage(): React.JSX.Element {
  return <OperatorDoor>{(reload) => <Overview reload={reload} />}</OperatorDoor>
}

function Overview({ reload }: { readonly reload: () => void }): React.JSX.Element {
  const { t } = useTranslation()
  const live = useLive('/api/pulse', reload)
  useEffect(() => {
    document.title = `${t('overview.title')} · ${t('product')}`
  }, [t])
  return (
    <>
      <div className="live-head">
        <h1 className="page-title">{t('overview.title')}</h1>
        <Pulse live={live} />
      </div>
      {live.model === undefined ? (
        <Loading />
      ) : (
        <div className={live.state === 'stale' ? 'overview overview-stale' : 'overview'}>
          <Light model={live.model} />
          <Alerts model={live.model} />
          <Measures model={live.model} />
          <div className="overview-parts">
            <Rejects model={live.model} />
            <Links model={live.model} />
            <Processes model={live.model} />
          </div>
        </div>
      )}
    </>
  )
}

/** One light for all that proves that the money is where it belongs, and when each was looked at. */
function Light({ model }: { readonly model: LiveModel }): React.JSX.Element {
  const { t } = useTranslation()
  const locale = useLocale()
  const { light, checks, comparedAgoMs } = model.figures.safety
  return (
    <section className={`card light light-${light}`} aria-labelledby="light-title">
      <span className="light-lamp" aria-hidden="true" />
      <div className="light-words">
        <h2 id="light-title" role="status">
          {t(`overview.light.${light}`)}
        </h2>
        <p className="quiet">{t(`overview.lightWhy.${light}`)}</p>
      </div>
      <ul className="light-checks">
        {checks.map(({ name, state, checkedAgoMs, problem }) => (
          <li key={name} className={`check-${state}`}>
            <strong>{t(`overview.checks.${name}`)}</strong> <span>{t(`overview.states.${state}`)}</span>
            <span className="quiet">{checkedAgoMs === null ? t('overview.checking') : t('overview.checked', { age: formatAge(checkedAgoMs, locale) })}</span>
            {problem !== null && <span className="check-problem">{problem}</span>}
            {name === 'reconciliation' && <span className="quiet">{comparedAgoMs === null ? t('overview.neverCompared') : t('overview.compared', { age: formatAge(comparedAgoMs, locale) })}</span>}
          </li>
        ))}
      </ul>
    </section>
  )
}

const destinations = { 'clearing-wrong': '/reconciliation', 'reconciliation-wrong': '/reconciliation', 'doubts-many': '/streams', 'link-down': '/peers', 'peer-away': '/peers', 'books-wrong': '/ledger', 'chains-wrong': '/ledger' } as const

function Alerts({ model }: { readonly model: LiveModel }): React.JSX.Element {
  const { t } = useTranslation()
  const time = new Intl.DateTimeFormat(useLocale(), { dateStyle: 'medium', timeStyle: 'short' })
  const { alerts } = model.figures
  return (
    <section className="card" aria-labelledby="alerts-title">
      <h2 id="alerts-title">{t('overview.alerts')}</h2>
      {alerts.length === 0 ? (
        <p className="quiet">{t('overview.alertsNone')}</p>
      ) : (
        <ul className="rows">
          {alerts.map(({ code, level, about, sinceMs }) => {
            const href = code in destinations ? destinations[code as keyof typeof destinations] : undefined
            return (
              <li key={`${code} ${about}`} className="row">
                <div className="row-main">
                  <p className={`row-title alert-${level}`}>{t(`overview.alert.${code}`, { about })}{sinceMs !== undefined && ` · ${t('overview.since', { time: time.format(sinceMs) })}`}</p>
                  <p className="quiet">{t(`overview.todo.${code}`)}</p>
                </div>
                {href !== undefined && <a href={href}>{t('overview.look')}</a>}
              </li>
            )
          })}
        </ul>
      )}
    </section>
  )
}

function Measures({ model }: { readonly model: LiveModel }): React.JSX.Element {
  const { t } = useTranslation()
  const locale = useLocale()
  const { figures } = model
  const ms = (value: number): string => new Intl.NumberFormat(locale, { style: 'unit', unit: 'millisecond', maximumFractionDigits: value < 10 ? 1 : 0 }).format(value)
  const { lateness, commits } = figures
  return (
    <dl className="figures">
      <Figure label={t('operator.open')} value={formatCount(figures.streamsOpen, locale)} why={t('overview.inDoubt', { count: figures.streamsInDoubt })} />
      <Figure label={t('operator.flow')} value={figures.flows.length === 0 ? '0' : figures.flows.map((flow) => formatMoney(perHour(flow.rate), { code: flow.assetCode, scale: flow.assetScale }, locale, 2)).join(' + ')} why={t('operator.flowWhy')} />
      <Figure label={t('operator.packets')} value={formatCount(figures.packetsPerSecond, locale)} why={t('operator.packetsWhy')}>
        <Sparkline values={model.packetHistory} />
      </Figure>
      <Figure
        label={t('overview.lateness')}
        value={lateness === null ? t('overview.nothing') : ms(lateness.p95)}
        why={lateness === null ? t('overview.latenessWhy') : `${t('overview.percentiles', { p50: ms(lateness.p50), p99: ms(lateness.p99) })} ${t('overview.latenessWhy')}`}
        tone={lateness !== null && lateness.p99 > 1_000 ? 'warn' : undefined}
      />
      <Figure
        label={t('overview.commits')}
        value={commits === null ? t('overview.nothing') : ms(commits.p95)}
        why={commits === null ? t('overview.commitsWhy') : `${t('overview.percentiles', { p50: ms(commits.p50), p99: ms(commits.p99) })} ${t('overview.commitsWhy')}`}
        tone={commits !== null && commits.p95 > 250 ? 'warn' : undefined}
      />
    </dl>
  )
}

function Links({ model }: { readonly model: LiveModel }): React.JSX.Element {
  const { t } = useTranslation()
  const { links } = model.figures
  return (
    <section className="card" aria-labelledby="links-title">
      <h2 id="links-title">{t('overview.links')}</h2>
      {links.length === 0 ? (
        <p className="quiet">{t('overview.linksNone')}</p>
      ) : (
        <ul className="rows">
          {links.map(({ peer, up }) => (
            <li key={peer} className="row">
              <p className="row-title row-main">{peer}</p>
              <span className={up ? 'state state-open' : 'state alert-danger'}>{t(up ? 'overview.linkUp' : 'overview.linkDown')}</span>
            </li>
          ))}
        </ul>
      )}
    </section>
  )
}
