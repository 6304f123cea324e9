import { useCallback } from 'react'
import { useTranslation } from 'react-i18next'
import { formatCount, formatLiveMoney, formatMoney } from '../../amounts.ts'
import { ApiFault } from '../../api.ts'
import { Flow } from '../../look/mark.tsx'
import { Empty, FaultAlert, Loading } from '../../look/notice.tsx'
import { usePolled } from '../../use-polled.ts'
import { pointerParts, shortPointer, shortSite } from '../../words/names.ts'
import { useLocale } from '../../words/words.ts'
import { loadPublisher, type Publisher } from '../publisher-api.ts'
import { PublisherPage } from '../publisher-page.tsx'
import { Snippet } from '../start/snippet.tsx'
import { type Earnings, useEarnings } from './use-earnings.ts'

/** Only asks whether the session still holds: amounts come live. */
const pollMs = 60_000
const hourMs = 3_600_000

/** The publisher's home: what arrives at this moment, and what the day has brought. */
export function Home(): React.JSX.Element {
  const { t } = useTranslation()
  const polled = usePolled(loadPublisher, pollMs)
  return (
    <PublisherPage title={t('publisher.title')} polled={polled}>
      {(publisher, reload) => <Live publisher={publisher} reload={reload} />}
    </PublisherPage>
  )
}

function Live({ publisher, reload }: { readonly publisher: Publisher; readonly reload: () => Promise<void> }): React.JSX.Element {
  const { t } = useTranslation()
  const locale = useLocale()
  const { earnings, state, heardAtMs } = useEarnings(useCallback(() => void reload(), [reload]))
  if (earnings === undefined) return state === 'stale' ? <FaultAlert fault={new ApiFault('offline', 'nothing was heard', { status: 0 })} onRetry={() => void reload()} /> : <Loading />
  return (
    <>
      {state === 'stale' && (
        <p className="stale" role="status">
          {t('earnings.stale', { time: new Intl.DateTimeFormat(locale, { timeStyle: 'medium' }).format(heardAtMs) })}
        </p>
      )}
      <div className="home" data-live={state}>
        <div className="stack">
          {earnings.assets.map((asset) => (
            <Today key={`${asset.assetCode} ${asset.assetScale}`} asset={asset} paying={state === 'live' ? earnings.paying : undefined} />
          ))}
        </div>
        <div className="stack">
          <Places earnings={earnings} />
          <section className="card now" aria-labelledby="snippet-title">
            <h2 id="snippet-title">{t('publisher.snippet')}</h2>
            <p className="quiet">{t('publisher.snippetWhy')}</p>
            <Snippet text={`<link rel="monetization" href="${publisher.paymentPointer}">`} name={t('start.linkTag')} />
            <p>
              <a className="plain-button" href="/start">
                {t('earnings.start')}
              </a>
            </p>
            <h3 className="card-label">{t('publisher.address')}</h3>
            <p className="row-title">{shortPointer(publisher.paymentPointer)}</p>
          </section>
        </div>
      </div>
    </>
  )
}

/** @param paying undefined while nobody knows */
function Today({ asset: { assetCode, assetScale, today, booked, passedOn, arriving, balance }, paying }: { readonly asset: Earnings['assets'][number]; readonly paying: number | undefined }): React.JSX.Element {
  const { t } = useTranslation()
  const locale = useLocale()
  const money = (amount: bigint): string => formatLiveMoney(amount, { code: assetCode, scale: assetScale }, locale, 6)
  const moving = paying !== undefined && paying > 0
  return (
    <section className="card" aria-label={`${t('earnings.today')} (${assetCode})`}>
      <h2 className="card-label">{t('earnings.today')}</h2>
      <p className="figure">{money(today)}</p>
      <p className="income-flow">
        <Flow moving={moving} />
        <span className="quiet" role="status">
          {moving ? t('earnings.paying', { count: paying, number: formatCount(paying, locale) }) : t('publisher.still')}
        </span>
      </p>
      <dl className="income-parts">
        <dt>{t('earnings.booked')}</dt>
        <dd>{money(booked)}</dd>
        <dt>{t('publisher.accrued')}</dt>
        <dd>{money(arriving)}</dd>
        {passedOn > 0n && (
          <>
            <dt>{t('earnings.passedOn')}</dt>
            <dd>{money(-passedOn)}</dd>
          </>
        )}
        <dt>{t('publisher.balance')}</dt>
        <dd>{money(balance)}</dd>
      </dl>
      <p className="quiet earnings-help">{t('earnings.help')}</p>
    </section>
  )
}

function Places({ earnings: { places, overMs, more } }: { readonly earnings: Earnings }): React.JSX.Element {
  const { t } = useTranslation()
  const locale = useLocale()
  return (
    <section className="card" aria-labelledby="places-title">
      <h2 id="places-title">{t('earnings.places')}</h2>
      {places.length === 0 ? (
        <Empty title={t('earnings.nobody')} why={t('earnings.nobodyWhy')} />
      ) : (
        <ul className="rows">
          {places.map(({ pointer, site, assetCode, assetScale, streams, arrived }) => (
            <li key={`${pointer} ${site}`} className="row">
              <div className="row-main">
                <p className="row-title">{site === null ? t('earnings.elsewhere') : shortSite(site)}</p>
                <p className="quiet">
                  {pointerParts(pointer).name} · {t('earnings.streams', { count: streams, number: formatCount(streams, locale) })}
                </p>
              </div>
              <p className="row-amount">{t('earnings.perHour', { amount: formatMoney(overMs === 0 ? 0n : (arrived * BigInt(hourMs)) / BigInt(overMs), { code: assetCode, scale: assetScale }, locale, 2) })}</p>
            </li>
          ))}
        </ul>
      )}
      {more && <p className="quiet">{t('earnings.more')}</p>}
    </section>
  )
}
