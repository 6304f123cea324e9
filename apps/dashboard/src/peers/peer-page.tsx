import { Button, NativeSelect, TextInput } from '@mantine/core'
import { type FormEvent, useCallback, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { typedAmount } from '../limits/amount-text.ts'
import { FaultAlert } from '../look/notice.tsx'
import { Reasoned } from '../operator-admin/reasoned.tsx'
import { OperatorPage } from '../operator-payouts/operator-page.tsx'
import { useDeed } from '../plan/use-deed.ts'
import { Changes } from '../session/changes.tsx'
import { usePolled } from '../use-polled.ts'
import { useLocale } from '../words/words.ts'
import { Exposure, PeerState } from './exposure.tsx'
import { LimitFields, readLimits, textsOf } from './limit-fields.tsx'
import { limitPeer, loadPeer, type Peer, removePeer, settlePeer, switchPeer } from './peers-api.ts'
import { useWrong } from './use-wrong.ts'

const pollMs = 5_000

/** One peer: how it stands, its limits, what was settled outside of ILP, and its end. */
export function PeerPage({ name }: { readonly name: string }): React.JSX.Element {
  const { t } = useTranslation()
  const polled = usePolled(useCallback(() => loadPeer(name), [name]), pollMs)
  return (
    <OperatorPage title={name} polled={polled}>
      {({ peer }) => (
        <>
          <p>
            <a href="/peers">{t('peers.back')}</a>
          </p>
          <Facts peer={peer} reload={polled.reload} />
          <Limits peer={peer} reload={polled.reload} />
          <Changes>
            <Settlement peer={peer} reload={polled.reload} />
          </Changes>
        </>
      )}
    </OperatorPage>
  )
}

interface Part {
  readonly peer: Peer
  readonly reload: () => Promise<void>
}

function Facts({ peer, reload }: Part): React.JSX.Element {
  const { t } = useTranslation()
  const { name, state, link, address, prefixes, asset, accountId } = peer
  return (
    <section className="card" aria-label={name}>
      <PeerState peer={peer} />
      <Exposure peer={peer} />
      <dl className="facts">
        <Fact name={t('peers.fields.kind')}>{t(`peers.kinds.${link.kind}`)}</Fact>
        {link.url !== undefined && <Fact name={t('peers.fields.url')}>{link.url}</Fact>}
        <Fact name={t('peers.asset')}>
          {asset.code} ({asset.scale})
        </Fact>
        <Fact name={t('peers.fields.address')}>{address}</Fact>
        <Fact name={t('peers.routes')}>{prefixes.join(' · ')}</Fact>
        <Fact name={t('peers.account')}>
          <a href={`/ledger/${accountId}`}>{`link[${name}]`}</a>
        </Fact>
        <Fact name={t('peers.history')}>
          <a href={`/audit?subject=${encodeURIComponent(name)}`}>{t('peers.historyLink')}</a>
        </Fact>
      </dl>
      <div className="payouts-tools peer-more">
        {state === 'active' ? (
          <Reasoned label={t('peers.pauseIt')} warning={t('peers.pauseWhy')} work={(reason) => switchPeer(name, 'pause', reason)} after={reload} />
        ) : (
          <Reasoned label={t('peers.resumeIt')} warning={t('peers.resumeWhy')} work={(reason) => switchPeer(name, 'resume', reason)} after={reload} />
        )}
        <Reasoned label={t('peers.removeIt')} warning={t('peers.removeWhy')} work={(reason) => removePeer(name, reason)} after={() => Promise.resolve(location.assign('/peers'))} />
      </div>
    </section>
  )
}

function Fact({ name, children }: { readonly name: string; readonly children: React.ReactNode }): React.JSX.Element {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  )
}

function Limits({ peer, reload }: Part): React.JSX.Element {
  const { t } = useTranslation()
  const locale = useLocale()
  const before = textsOf(peer, locale)
  const [texts, setTexts] = useState(before)
  const [saved, setSaved] = useState(false)
  const deed = useDeed(reload)
  const { wrong, check, elsewhere } = useWrong(deed.fault)
  const { limits, wrong: wrongLimits } = readLimits(texts, before, peer.asset)
  const changed = Object.keys(limits).length > 0 || wrongLimits.length > 0
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault()
    if (check(wrongLimits)) setSaved(await deed.run(() => limitPeer(peer.name, limits)))
  }
  return (
    <section className="card" aria-labelledby="peer-limits">
      <h2 id="peer-limits">{t('peers.limitsTitle')}</h2>
      <form noValidate onSubmit={(event) => void submit(event)}>
        <LimitFields
          texts={texts}
          assetCode={peer.asset.code}
          wrong={wrong}
          onChange={(next) => {
            setTexts(next)
            setSaved(false)
          }}
        />
        <div className="payouts-tools">
          <Changes>
            <Button type="submit" loading={deed.busy} disabled={!changed}>
              {t('peers.save')}
            </Button>
          </Changes>
          {saved && !changed && <span role="status">{t('peers.saved')}</span>}
        </div>
        {elsewhere !== undefined && <FaultAlert fault={elsewhere} />}
      </form>
    </section>
  )
}

/** A payment over the bank, booked once for its reference. */
function Settlement({ peer, reload }: Part): React.JSX.Element {
  const { t } = useTranslation()
  const empty = { amount: '', key: '' }
  const [fields, setFields] = useState(empty)
  const [direction, setDirection] = useState<'paid' | 'received'>(peer.balance.owedToUs > 0n ? 'received' : 'paid')
  const [booked, setBooked] = useState(false)
  const deed = useDeed(reload)
  const { wrong, check, elsewhere } = useWrong(deed.fault)
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault()
    const amount = typedAmount(fields.amount, peer.asset)
    const fine = check([...(amount === null || amount === undefined ? ['amount'] : []), ...(/^[A-Za-z0-9._:-]{1,100}$/.test(fields.key.trim()) ? [] : ['key'])])
    if (!fine || amount === null || amount === undefined) return
    if (!(await deed.run(() => settlePeer(peer.name, { key: fields.key.trim(), direction, amount: String(amount) })))) return
    setFields(empty)
    setBooked(true)
  }
  return (
    <section className="card" aria-labelledby="peer-settlement">
      <h2 id="peer-settlement">{t('peers.settlement')}</h2>
      <p className="quiet">{t('peers.settlementWhy')}</p>
      <form noValidate onSubmit={(event) => void submit(event)}>
        <div className="peer-fields">
          <NativeSelect label={t('peers.direction')} value={direction} onChange={(event) => setDirection(event.currentTarget.value === 'paid' ? 'paid' : 'received')} data={(['paid', 'received'] as const).map((value) => ({ value, label: t(`peers.directions.${value}`) }))} />
          <TextInput label={t('peers.amount', { asset: peer.asset.code })} inputMode="decimal" maxLength={40} value={fields.amount} error={wrong('amount')} onChange={(event) => setFields({ ...fields, amount: event.currentTarget.value })} />
          <TextInput label={t('peers.key')} description={t('peers.keyWhy')} maxLength={100} value={fields.key} error={wrong('key')} onChange={(event) => setFields({ ...fields, key: event.currentTarget.value })} />
        </div>
        <div className="payouts-tools">
          <Button type="submit" variant="default" loading={deed.busy}>
            {t('peers.book')}
          </Button>
          {booked && fields.key === '' && <span role="status">{t('peers.booked')}</span>}
        </div>
        {elsewhere !== undefined && <FaultAlert fault={elsewhere} />}
      </form>
    </section>
  )
}
