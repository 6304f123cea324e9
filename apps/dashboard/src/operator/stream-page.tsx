import { useTranslation } from 'react-i18next'
import { formatAge, formatCount, formatMoney, perHour } from '../amounts.ts'
import { withOperator } from '../ledger/ledger-api.ts'
import '../ledger/ledger.css'
import { TransferRows } from '../ledger/transfer-rows.tsx'
import { Figure } from '../look/figure.tsx'
import { OperatorPage } from '../operator-payouts/operator-page.tsx'
import '../payouts/payouts.css'
import { usePolled } from '../use-polled.ts'
import { shortSite } from '../words/names.ts'
import { useLocale } from '../words/words.ts'
import { type KeptStream, loadStream } from './operator-api.ts'

const pollMs = 2_000

/** One stream: its money, its life, its transfers, its connection. */
export function StreamPage({ id }: { readonly id: string }): React.JSX.Element {
  const { t } = useTranslation()
  const polled = usePolled(() => withOperator(loadStream(id)), pollMs)
  return (
    <OperatorPage title={t('operator.stream')} polled={polled}>
      {({ value: { stream, debit, credit, transfers, accounts } }) => (
        <>
          <p className="quiet ledger-crumb">
            <a href="/streams">{t('operator.title')}</a> · <span className={`state state-${stream.state}`}>{t(`operator.state.${stream.state}`)}</span> · <code>{stream.id}</code>
          </p>
          <Money stream={stream} />
          <section className="card" aria-labelledby="stream-who">
            <h2 id="stream-who">{t('operator.who')}</h2>
            <dl className="facts">
              <Fact label={t('operator.columns.payer')}>{stream.payer} <Account account={debit} /></Fact>
              <Fact label={t('operator.columns.payee')}>{stream.payee}</Fact>
              <Fact label={t('operator.columns.site')}>{stream.site === null ? t('operator.noSite') : shortSite(stream.site)}</Fact>
              <Fact label={t('operator.over')}><Account account={credit} /></Fact>
            </dl>
          </section>
          <Timeline stream={stream} />
          <section className="card" aria-labelledby="stream-transfers">
            <h2 id="stream-transfers">{t('books.transfers')}</h2>
            {transfers.length === 0 ? <p className="quiet">{t('operator.notPosted')}</p> : <TransferRows transfers={transfers} names={accounts} />}
          </section>
          <Connection stream={stream} />
        </>
      )}
    </OperatorPage>
  )
}

function Money({ stream }: { readonly stream: KeptStream }): React.JSX.Element {
  const { t } = useTranslation()
  const locale = useLocale()
  const asset = { code: stream.assetCode, scale: stream.assetScale }
  const money = (units: bigint): string => formatMoney(units, asset, locale)
  return (
    <dl className="figures">
      <Figure label={t('operator.columns.total')} value={money(stream.total)} why={stream.excess > 0n ? t('operator.excess', { amount: money(stream.excess) }) : undefined} tone={stream.excess > 0n ? 'alarm' : undefined} />
      <Figure label={t('operator.heldNow')} value={money(stream.state === 'closed' ? 0n : stream.held - stream.posted)} why={t('operator.heldWhy')} />
      <Figure label={t('books.accrued')} value={money(stream.total - stream.posted)} why={t('operator.accruedWhy')} />
      <Figure label={t('books.posted')} value={money(stream.posted)} />
      <Figure label={t('operator.columns.rate')} value={formatMoney(perHour(stream.rate), asset, locale, 4)} />
      {stream.received !== null && <Figure label={t('operator.received')} value={money(stream.received)} why={t('operator.receivedWhy')} tone={stream.received < stream.total ? 'alarm' : undefined} />}
      {stream.packetsSeen !== null && <Figure label={t('operator.packetsSeen')} value={formatCount(stream.packetsSeen, locale)} why={t('operator.packetsSeenWhy')} />}
    </dl>
  )
}

/** What its row knows of its life, in order. */
function Timeline({ stream }: { readonly stream: KeptStream }): React.JSX.Element {
  const { t } = useTranslation()
  const locale = useLocale()
  const time = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'medium' })
  const events: readonly (readonly [number, string])[] = [
    [stream.openedAtMs, t('operator.life.opened')],
    ...(stream.posted > 0n ? [[stream.postedAtMs, t('operator.life.posted')] as const] : []),
    ...(stream.state === 'in-doubt' ? [[stream.sendUntilMs, t('operator.life.doubt')] as const] : []),
    ...(stream.closedAtMs === null ? [] : [[stream.closedAtMs, t('operator.life.closed', { reason: stream.closeReason ?? '' })] as const]),
  ]
  return (
    <section className="card" aria-labelledby="stream-life">
      <h2 id="stream-life">{t('operator.life.title')}</h2>
      <ol className="rows">
        {events.toSorted(([one], [other]) => one - other).map(([atMs, what]) => (
          <li key={what} className="row">
            <div className="row-main">
              <p className="row-title">{what}</p>
              <p className="quiet">{time.format(atMs)}</p>
            </div>
          </li>
        ))}
      </ol>
      {stream.closedAtMs !== null && <p className="quiet">{t('operator.life.lasted', { age: formatAge(stream.closedAtMs - stream.openedAtMs, locale) })}</p>}
    </section>
  )
}

function Connection({ stream }: { readonly stream: KeptStream }): React.JSX.Element {
  const { t } = useTranslation()
  const locale = useLocale()
  const time = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'medium' })
  return (
    <section className="card" aria-labelledby="stream-connection">
      <h2 id="stream-connection">{t('operator.connection')}</h2>
      <dl className="facts">
        <Fact label={t('operator.destination')}><code>{stream.destination}</code></Fact>
        <Fact label={t('operator.connectionHash')}><code>{stream.connection}</code></Fact>
        <Fact label={t('operator.receiver')}>{t(stream.receiverIsOurs ? 'operator.receiverOurs' : 'operator.receiverForeign')}</Fact>
        <Fact label={t('operator.sendUntil')}>{time.format(stream.sendUntilMs)}</Fact>
        <Fact label={t('operator.owner')}><code>{stream.ownerId}</code> · {stream.ownerEpoch}</Fact>
        <Fact label={t('operator.ceiling')}>{formatCount(stream.sequenceCeiling, locale)}</Fact>
      </dl>
    </section>
  )
}

function Account({ account }: { readonly account: { readonly id: string; readonly name: string } }): React.JSX.Element {
  return <a href={`/ledger/${account.id}`}>{account.name}</a>
}

function Fact({ label, children }: { readonly label: string; readonly children: React.ReactNode }): React.JSX.Element {
  return (
    <div>
      <dt>{label}</dt>
      <dd>{children}</dd>
    </div>
  )
}
