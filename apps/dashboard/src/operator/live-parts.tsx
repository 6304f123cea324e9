import { useTranslation } from 'react-i18next'
import { formatAge, formatCount } from '../amounts.ts'
import { en } from '../words/en.ts'
import { useLocale } from '../words/words.ts'
import type { LiveModel } from './live-model.ts'
import type { Live } from './use-live.ts'

/** Whether what is shown is this second's. */
export function Pulse({ live }: { readonly live: Live }): React.JSX.Element {
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

/** The last minute as a line; the figure beside it is the text. */
export function Sparkline({ values }: { readonly values: readonly number[] }): React.JSX.Element {
  const most = Math.max(1, ...values)
  const points = values.map((value, index) => `${(index + 60 - values.length) * 2},${30 - (value / most) * 26}`).join(' ')
  return (
    <svg className="sparkline" viewBox="0 0 120 32" preserveAspectRatio="none" aria-hidden="true" focusable="false">
      <polyline points={points} />
    </svg>
  )
}

export function Rejects({ model }: { readonly model: LiveModel }): React.JSX.Element {
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

export function Processes({ model }: { readonly model: LiveModel }): React.JSX.Element {
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
