import { useTranslation } from 'react-i18next'
import { formatMoney } from '../amounts.ts'
import { useLocale } from '../words/words.ts'
import type { Peer } from './peers-api.ts'

/** From here on an operator should look. */
const nearLimit = 80n

/** What a peer owes us against what it may owe, and what we owe it. */
export function Exposure({ peer }: { readonly peer: Peer }): React.JSX.Element {
  const { t } = useTranslation()
  const locale = useLocale()
  const { balance, limits, asset, settlementDue } = peer
  const money = (units: bigint): string => formatMoney(units, asset, locale)
  const percent = limits.owedMax === 0n ? (balance.owedToUs > 0n ? 100n : 0n) : (balance.owedToUs * 100n) / limits.owedMax
  const shown = Number(percent > 100n ? 100n : percent)
  return (
    <div className="peer-exposure">
      <p>{t('peers.owesUs', { amount: money(balance.owedToUs), max: money(limits.owedMax) })}</p>
      <svg className={percent >= nearLimit ? 'peer-meter peer-meter-near' : 'peer-meter'} viewBox="0 0 100 6" preserveAspectRatio="none" role="img" aria-label={t('peers.used', { percent: shown })}>
        <rect className="peer-meter-whole" width="100" height="6" />
        <rect width={shown} height="6" />
      </svg>
      <p>{t('peers.weOwe', { amount: money(balance.owedToPeer) })}</p>
      {settlementDue > 0n ? (
        <p className="peer-due">{t('peers.due', { amount: money(settlementDue) })}</p>
      ) : (
        <p className="quiet">{limits.settlementThreshold === null ? t('peers.noThreshold') : t('peers.threshold', { amount: money(limits.settlementThreshold) })}</p>
      )}
    </div>
  )
}

/** Paused, connected or not; nothing stands between two posts of HTTP. */
export function PeerState({ peer }: { readonly peer: Peer }): React.JSX.Element {
  const { t } = useTranslation()
  const { state, connected, link } = peer
  if (state === 'paused') return <p className="payout-status payout-open">{t('peers.states.paused')}</p>
  if (link.kind === 'http') return <p className="payout-status payout-good">{t('peers.states.http')}</p>
  if (connected === null) return <p className="payout-status payout-over">{t('peers.states.unknown')}</p>
  return <p className={`payout-status ${connected ? 'payout-good' : 'payout-bad'}`}>{t(connected ? 'peers.states.up' : 'peers.states.down')}</p>
}
