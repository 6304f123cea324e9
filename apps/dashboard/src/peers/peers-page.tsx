import { Button } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { formatCount } from '../amounts.ts'
import { Empty } from '../look/notice.tsx'
import { OperatorPage } from '../operator-payouts/operator-page.tsx'
import '../ledger/ledger.css'
import '../payouts/payouts.css'
import { useMayChange } from '../session/changes.tsx'
import { usePolled } from '../use-polled.ts'
import { useLocale } from '../words/words.ts'
import { AddPeer } from './add-peer.tsx'
import { Exposure, PeerState } from './exposure.tsx'
import './peers.css'
import { PeerPage } from './peer-page.tsx'
import { loadPeers, type Peer } from './peers-api.ts'

const pollMs = 5_000

/** `/peers`: with whom packets are exchanged; `/peers/NAME`: one of them. */
export function PeersPage({ id }: { readonly id: string | undefined }): React.JSX.Element {
  return id === undefined ? <PeerList /> : <PeerPage name={decodeURIComponent(id)} />
}

function PeerList(): React.JSX.Element {
  const { t } = useTranslation()
  const polled = usePolled(loadPeers, pollMs)
  const [adding, setAdding] = useState(false)
  const mayChange = useMayChange()
  return (
    <OperatorPage title={t('peers.title')} polled={polled}>
      {({ peers, own }) => (
        <>
          <section className="card" aria-label={t('peers.title')}>
            <p className="quiet">{t('peers.why')}</p>
            {peers.length === 0 ? (
              <Empty title={t('peers.empty')} why={t('peers.emptyWhy')} />
            ) : (
              <ul className="rows">
                {peers.map((peer) => (
                  <Line key={peer.name} peer={peer} />
                ))}
              </ul>
            )}
            {!adding && mayChange && (
              <div className="payouts-tools peer-more">
                <Button variant={peers.length === 0 ? 'filled' : 'default'} onClick={() => setAdding(true)}>
                  {t('peers.add')}
                </Button>
              </div>
            )}
          </section>
          {adding && <AddPeer reload={polled.reload} onClose={() => setAdding(false)} />}
          <section className="card" aria-labelledby="own-links">
            <h2 id="own-links">{t('peers.own')}</h2>
            <p className="quiet">{t('peers.ownWhy')}</p>
            {own.length === 0 ? (
              <p>{t('peers.ownNone')}</p>
            ) : (
              <ul className="rows">
                {own.map(({ peer, up }) => (
                  <li key={peer} className="row">
                    <p className="row-title row-main">{t('peers.ownTo', { name: peer })}</p>
                    <p className={`payout-status ${up ? 'payout-good' : 'payout-bad'}`}>{t(up ? 'peers.states.up' : 'peers.states.down')}</p>
                  </li>
                ))}
              </ul>
            )}
          </section>
        </>
      )}
    </OperatorPage>
  )
}

function Line({ peer }: { readonly peer: Peer }): React.JSX.Element {
  const { t } = useTranslation()
  const locale = useLocale()
  const { name, link, asset, limits, prefixes } = peer
  const pace = limits.outgoingPacketsPerSecondMax
  return (
    <li className="row payout-row peer-row">
      <div className="row-main">
        <p className="row-title">
          <a href={`/peers/${name}`}>{name}</a>
        </p>
        <p className="quiet payout-note">
          {t(`peers.kinds.${link.kind}`)} · {asset.code} ({asset.scale}) · {pace === null ? t('peers.noPace') : t('peers.pace', { pace: formatCount(pace, locale) })}
        </p>
        <p className="quiet payout-note">{prefixes.join(' · ')}</p>
      </div>
      <Exposure peer={peer} />
      <PeerState peer={peer} />
    </li>
  )
}
