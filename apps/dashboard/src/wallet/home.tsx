import { Button, Switch } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { formatLiveMoney, formatMoney, perHour } from '../amounts.ts'
import { ApiFault } from '../api.ts'
import { Flow } from '../look/mark.tsx'
import { Empty, FaultAlert } from '../look/notice.tsx'
import { en } from '../words/en.ts'
import { shortPointer, shortSite } from '../words/names.ts'
import { useLocale } from '../words/words.ts'
import { FirstSteps } from './first-steps.tsx'
import { SubscriberPage } from './subscriber-page.tsx'
import { useLiveMe } from './use-live-me.ts'
import { type Me, revokeConnection, setPaused } from './wallet-api.ts'

const budgetDecimals = 4
const streamDecimals = 6

/** The subscriber's home: what is left, what is paid now or why not, and who may start payments. */
export function Home(): React.JSX.Element {
  const { t } = useTranslation()
  const polled = useLiveMe()
  return (
    <SubscriberPage title={t('wallet.title')} polled={polled}>
      {(me, reload) => (
        <div className="home">
          <FirstSteps me={me} />
          <Budget me={me} onChange={reload} />
          <Now me={me} />
          <Sites me={me} onChange={reload} />
        </div>
      )}
    </SubscriberPage>
  )
}

function Budget({ me, onChange }: { readonly me: Me; readonly onChange: () => Promise<void> }): React.JSX.Element {
  const { t } = useTranslation()
  const locale = useLocale()
  const [wanted, setWanted] = useState<boolean>()
  const [fault, setFault] = useState<ApiFault>()
  const asset = { code: me.balance.assetCode, scale: me.balance.assetScale }
  const on = wanted ?? !me.paused

  const turn = async (next: boolean): Promise<void> => {
    setWanted(next)
    setFault(undefined)
    try {
      await setPaused(!next)
      await onChange()
    } catch (error) {
      if (!(error instanceof ApiFault)) throw error
      setFault(error)
    }
    setWanted(undefined)
  }

  return (
    <section className="card budget" aria-labelledby="budget-title">
      <h2 id="budget-title" className="card-label">
        {t('wallet.budget')}
      </h2>
      <p className="figure">{formatLiveMoney(me.balance.posted + me.balance.accrued, asset, locale, budgetDecimals)}</p>
      <BudgetBar me={me} />
      {me.balance.pending > 0n && <p className="quiet">{t('wallet.held', { amount: formatMoney(me.balance.pending, asset, locale, budgetDecimals) })}</p>}
      <dl className="budget-rate">
        <dt>{t('wallet.rate')}</dt>
        <dd>
          {t('wallet.perHour', { amount: formatMoney(perHour(me.rate), asset, locale, budgetDecimals) })}
          <span className="quiet">{t('wallet.perHourWhy')}</span>
        </dd>
        <dt>{t('wallet.today')}</dt>
        <dd>
          {formatLiveMoney(me.spentToday, asset, locale, budgetDecimals)}
          <a className="plain-button budget-more" href="/activity">
            {t('wallet.activity')}
          </a>
        </dd>
      </dl>
      <Switch
        className="budget-switch"
        size="lg"
        label={t('wallet.paying')}
        description={on ? t('wallet.payingOn') : t('wallet.payingOff')}
        checked={on}
        disabled={wanted !== undefined}
        onChange={(event) => void turn(event.currentTarget.checked)}
      />
      {fault !== undefined && <FaultAlert fault={fault} />}
    </section>
  )
}

/** How much of the period's budget is left. */
function BudgetBar({ me }: { readonly me: Me }): React.JSX.Element | null {
  const { t } = useTranslation()
  const locale = useLocale()
  const { budget, periodEndsMs } = me.pace
  if (budget === null || budget === 0n || periodEndsMs === null) return null
  const left = me.balance.posted + me.balance.accrued
  const percent = left >= budget ? 100 : Number((left * 100n) / budget)
  return (
    <>
      <progress className="budget-bar" max={100} value={percent} aria-label={t('wallet.budget')} />
      <p className="quiet">
        {t('wallet.budgetOf', {
          percent: new Intl.NumberFormat(locale, { style: 'percent' }).format(percent / 100),
          whole: formatMoney(budget, { code: me.balance.assetCode, scale: me.balance.assetScale }, locale, 2),
          date: new Intl.DateTimeFormat(locale, { dateStyle: 'long' }).format(periodEndsMs),
        })}
      </p>
    </>
  )
}

function Now({ me }: { readonly me: Me }): React.JSX.Element {
  const { t } = useTranslation()
  const locale = useLocale()
  const asset = { code: me.balance.assetCode, scale: me.balance.assetScale }
  return (
    <section className="card now" aria-labelledby="now-title">
      <h2 id="now-title">{t('wallet.now')}</h2>
      {me.streams.length + me.waiting.length === 0 ? (
        <Empty title={t('wallet.nowEmpty')} why={me.streamsStopped ? t('wallet.nowStopped') : me.paused ? t('wallet.nowPaused') : t('wallet.nowEmptyWhy')} />
      ) : (
        <ul className="rows">
          {me.streams.map((stream) => (
            <li key={stream.id} className="row row-stream">
              <div className="row-main">
                <p className="row-title">{shortPointer(stream.payee)}</p>
                <p className="quiet">
                  {stream.site === '' ? '' : `${t('wallet.on', { site: shortSite(stream.site) })} · `}
                  {t('wallet.perHour', { amount: formatMoney(perHour(stream.rate), asset, locale, budgetDecimals) })}
                </p>
                <p className={`state state-${stream.state}`}>
                  {t(`wallet.state.${stream.state}`)}
                  <Reason reason={stream.reason ?? (me.streamsStopped && stream.state === 'paused' ? 'streams-stopped' : me.paused && stream.state === 'paused' ? 'wallet-paused' : undefined)} />
                </p>
              </div>
              <Flow moving={stream.state === 'paying'} />
              <p className="row-amount">{formatLiveMoney(stream.total, asset, locale, streamDecimals)}</p>
            </li>
          ))}
          {me.waiting.map(({ site, payee, reason }, index) => (
            // A page may ask for the same payee twice: its place is its identity.
            // oxlint-disable-next-line react/no-array-index-key
            <li key={`${site} ${payee} ${index}`} className="row">
              <div className="row-main">
                <p className="row-title">{shortPointer(payee)}</p>
                <p className="quiet">{t('wallet.on', { site: shortSite(site) })}</p>
                <p className="state state-paused">
                  {reason === null ? t('wallet.state.opening') : t('wallet.notPaid')}
                  <Reason reason={reason} />
                </p>
              </div>
            </li>
          ))}
        </ul>
      )}
      {me.waitingInAll > me.waiting.length && <p className="quiet">{t('wallet.more', { count: me.waitingInAll - me.waiting.length })}</p>}
    </section>
  )
}

function Reason({ reason }: { readonly reason: string | null | undefined }): React.ReactNode {
  const { t } = useTranslation()
  if (reason === null || reason === undefined) return null
  return `: ${Object.hasOwn(en.reasons, reason) ? t(`reasons.${reason as keyof typeof en.reasons}`) : reason}`
}

function Sites({ me, onChange }: { readonly me: Me; readonly onChange: () => Promise<void> }): React.JSX.Element {
  const { t } = useTranslation()
  const [said, setSaid] = useState('')
  return (
    <section className="card sites" aria-labelledby="sites-title">
      <h2 id="sites-title">{t('wallet.sites')}</h2>
      <p className="quiet">{t('wallet.sitesWhy')}</p>
      <p className="unseen" role="status">
        {said}
      </p>
      {me.connections.length === 0 ? (
        <Empty title={t('wallet.sitesEmpty')} why={t('wallet.sitesEmptyWhy')} />
      ) : (
        <ul className="rows">
          {me.connections.map((connection) => (
            <Site
              key={connection.id}
              connection={connection}
              onRevoked={async () => {
                setSaid(t('wallet.revoked', { site: shortSite(connection.site) }))
                await onChange()
              }}
            />
          ))}
        </ul>
      )}
    </section>
  )
}

function Site({ connection, onRevoked }: { readonly connection: Me['connections'][number]; readonly onRevoked: () => Promise<void> }): React.JSX.Element {
  const { t } = useTranslation()
  const locale = useLocale()
  const [asked, setAsked] = useState(false)
  const [busy, setBusy] = useState(false)
  const [fault, setFault] = useState<ApiFault>()
  const site = shortSite(connection.site)

  const revoke = async (): Promise<void> => {
    setBusy(true)
    setFault(undefined)
    try {
      await revokeConnection(connection.id)
      await onRevoked()
    } catch (error) {
      if (!(error instanceof ApiFault)) throw error
      setFault(error)
      setBusy(false)
    }
  }

  return (
    <li className="row">
      <div className="row-main">
        <p className="row-title">{site}</p>
        <p className="quiet">{asked ? t('wallet.revokeSure', { site }) : t('wallet.since', { date: new Intl.DateTimeFormat(locale, { dateStyle: 'long' }).format(connection.createdAtMs) })}</p>
        {fault !== undefined && <FaultAlert fault={fault} />}
      </div>
      {asked ? (
        <div className="row-actions">
          <Button color="red" size="compact-md" loading={busy} autoFocus onClick={() => void revoke()}>
            {t('wallet.revokeYes')}
          </Button>
          <Button variant="default" size="compact-md" disabled={busy} onClick={() => setAsked(false)}>
            {t('wallet.keep')}
          </Button>
        </div>
      ) : (
        <Button variant="default" size="compact-md" aria-label={t('wallet.revokeSite', { site })} onClick={() => setAsked(true)}>
          {t('wallet.revoke')}
        </Button>
      )}
    </li>
  )
}
