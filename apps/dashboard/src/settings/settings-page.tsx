import { useTranslation } from 'react-i18next'
import { formatMoney } from '../amounts.ts'
import { Empty } from '../look/notice.tsx'
import { OperatorPage } from '../operator-payouts/operator-page.tsx'
import '../payouts/payouts.css'
import { usePolled } from '../use-polled.ts'
import { operatorEntranceEn } from '../words/operator-entrance-en.ts'
import { useLocale } from '../words/words.ts'
import { loadSettings, type Setting, type SettingValue } from './settings-api.ts'
import './settings.css'

const pollMs = 60_000
const live = [['/peers', 'peers'], ['/safety', 'safety'], ['/people', 'people'], ['/subscriptions', 'subscriptions'], ['/queues', 'queues']] as const

/** What the installation is set up as, read-only, with where each is changed; and what may be changed while it runs. */
export function SettingsPage(): React.JSX.Element {
  const { t } = useTranslation()
  const locale = useLocale()
  const polled = usePolled(loadSettings, pollMs)
  const words = operatorEntranceEn.settings
  return (
    <OperatorPage title={t('settings.title')} polled={polled}>
      {({ startedAtMs, groups }) => (
        <>
          <section className="card" aria-labelledby="settings-live">
            <h2 id="settings-live">{t('settings.live')}</h2>
            <p className="quiet">{t('settings.liveWhy')}</p>
            <ul className="rows">
              {live.map(([path, name]) => (
                <li key={path} className="row">
                  <div className="row-main">
                    <p className="row-title">
                      <a href={path}>{t(`ways.${name}`)}</a>
                    </p>
                    <p className="quiet">{t(`settings.liveOf.${name}`)}</p>
                  </div>
                </li>
              ))}
            </ul>
          </section>
          <p className="settings-locked" role="note">
            <span className="payout-status payout-over">{t('settings.readOnly')}</span>{' '}
            {t('settings.readOnlyWhy', { time: new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short' }).format(startedAtMs) })}
          </p>
          {groups.map(({ name, settings }) => (
            <section key={name} className="card" aria-labelledby={`settings-${name}`}>
              <h2 id={`settings-${name}`}>{Object.hasOwn(words.groups, name) ? t(`settings.groups.${name as keyof typeof words.groups}`) : name}</h2>
              {settings.length === 0 ? (
                <Empty title={t('settings.none')} />
              ) : (
                <dl className="settings">
                  {settings.map((setting) => (
                    <Line key={`${setting.name} ${setting.more ?? ''}`} setting={setting} />
                  ))}
                </dl>
              )}
            </section>
          ))}
        </>
      )}
    </OperatorPage>
  )
}

function Line({ setting }: { readonly setting: Setting }): React.JSX.Element {
  const { t } = useTranslation()
  const { name, more, value, source, at } = setting
  const names = operatorEntranceEn.settings.names
  const term = Object.hasOwn(names, name) ? t(`settings.names.${name as keyof typeof names}`) : name
  return (
    <div>
      <dt>{more === undefined ? term : `${more}: ${term}`}</dt>
      <dd>
        <p className="settings-value">
          <Shown value={value} />
        </p>
        <p className="quiet">
          {t(`settings.sources.${source}`)}
          {at !== '' && (
            <>
              {' · '}
              {t('settings.changeAt')} <code>{at}</code>
            </>
          )}
        </p>
      </dd>
    </div>
  )
}

function Shown({ value }: { readonly value: SettingValue }): React.JSX.Element {
  const { t } = useTranslation()
  const locale = useLocale()
  const words = (): string => {
    switch (value.type) {
      case 'text':
        return value.text
      case 'money':
        return formatMoney(value.units, { code: value.assetCode, scale: value.assetScale }, locale)
      case 'percent':
        return new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 2 }).format(value.basisPoints / 10_000)
      case 'days':
        return new Intl.NumberFormat(locale, { style: 'unit', unit: 'day', unitDisplay: 'long' }).format(value.days)
      case 'seconds':
        return new Intl.NumberFormat(locale, { style: 'unit', unit: 'second', unitDisplay: 'long' }).format(value.seconds)
      case 'flag':
        return t(value.on ? 'settings.yes' : 'settings.no')
      case 'secret':
        return t(value.set ? 'settings.set' : 'settings.notSet')
      case 'none':
        return t('settings.notSet')
    }
  }
  return <>{words()}</>
}
