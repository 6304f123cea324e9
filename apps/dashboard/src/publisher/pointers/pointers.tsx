import { Button, TextInput } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { formatMoney } from '../../amounts.ts'
import { FaultAlert } from '../../look/notice.tsx'
import { useDeed } from '../../plan/use-deed.ts'
import { usePolled } from '../../use-polled.ts'
import { useFaultWords } from '../../words/use-fault-words.ts'
import { shortPointer } from '../../words/names.ts'
import { useLocale } from '../../words/words.ts'
import { PublisherPage } from '../publisher-page.tsx'
import { addPointer, changeSplit, type Elsewhere, loadPointers, type Pointer } from './pointers-api.ts'
import { SplitForm } from './split-form.tsx'

const pollMs = 5_000

/** All payment pointers of a publisher, and with whom each shares its income. */
export function Pointers(): React.JSX.Element {
  const { t } = useTranslation()
  return (
    <PublisherPage title={t('pointers.title')} polled={usePolled(loadPointers, pollMs)}>
      {({ pointers }, reload) => (
        <>
          <p className="lead">{t('pointers.why')}</p>
          <div className="stack">
            {pointers.map((pointer) => (
              <PointerCard key={pointer.id} pointer={pointer} onChange={reload} />
            ))}
            <AddPointer assetCode={pointers[0]?.assetCode ?? 'EUR'} onChange={reload} />
          </div>
        </>
      )}
    </PublisherPage>
  )
}

function PointerCard({ pointer, onChange }: { readonly pointer: Pointer; readonly onChange: () => Promise<void> }): React.JSX.Element {
  const { t } = useTranslation()
  const [editing, setEditing] = useState(false)
  const keep = useDeed(onChange)
  const { url, main, publicName, split } = pointer
  return (
    <section className="card" aria-label={shortPointer(url)}>
      <div className="site-head">
        <h2>{shortPointer(url)}</h2>
        {main && <span className="badge">{t('pointers.main')}</span>}
      </div>
      <p className="quiet">{publicName}</p>
      {split === null && !editing && <p>{t('pointers.kept')}</p>}
      {split !== null && !editing && <Shared pointer={pointer} split={split} />}
      {keep.fault !== undefined && <FaultAlert fault={keep.fault} />}
      {editing ? (
        <SplitForm
          pointer={pointer}
          onDone={async () => {
            await onChange()
            setEditing(false)
          }}
          onCancel={() => setEditing(false)}
        />
      ) : (
        <div className="deeds">
          <Button variant="default" size="compact-md" onClick={() => setEditing(true)} aria-label={`${split === null ? t('pointers.share') : t('pointers.change')}: ${shortPointer(url)}`}>
            {split === null ? t('pointers.share') : t('pointers.change')}
          </Button>
          {split !== null && (
            <Button variant="default" size="compact-md" loading={keep.busy} aria-label={`${t('pointers.keep')}: ${shortPointer(url)}`} onClick={() => void keep.run(() => changeSplit(pointer.id, []))}>
              {t('pointers.keep')}
            </Button>
          )}
        </div>
      )}
    </section>
  )
}

function Shared({ pointer, split }: { readonly pointer: Pointer; readonly split: NonNullable<Pointer['split']> }): React.JSX.Element {
  const { t } = useTranslation()
  const locale = useLocale()
  const asset = { code: pointer.assetCode, scale: pointer.assetScale }
  const whole = split.parts.reduce((sum, { weight }) => sum + weight, 0)
  const percent = new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 2 })
  return (
    <>
      <p className="quiet">{t('pointers.since', { date: new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short' }).format(split.startedAtMs) })}</p>
      <ul className="rows">
        {split.parts.map(({ pointer: to, weight, amount, elsewhere }) => (
          <li key={to} className="row">
            <div className="row-main">
              <p className="row-title">{to === pointer.url ? t('pointers.itself') : shortPointer(to)}</p>
              <p className="quiet">{percent.format(weight / whole)}</p>
              {elsewhere !== null && <SentElsewhere state={elsewhere} asset={asset} />}
            </div>
            <p className="row-amount">{formatMoney(amount, asset, locale)}</p>
          </li>
        ))}
      </ul>
    </>
  )
}

/** Where the share of a wallet address of another provider is. */
function SentElsewhere({ state, asset }: { readonly state: Elsewhere; readonly asset: { readonly code: string; readonly scale: number } }): React.JSX.Element {
  const { t } = useTranslation()
  const locale = useLocale()
  const { waiting, awaitingApproval, underWay, sent, refused, givenUpMs } = state
  const places = [{ name: 'sent', amount: sent }, { name: 'underWay', amount: underWay }, { name: 'awaitingApproval', amount: awaitingApproval }, { name: 'waiting', amount: waiting }] as const
  return (
    <>
      <p className="quiet">{t('pointers.elsewhere.what')}</p>
      <p>{places.flatMap(({ name, amount }) => (amount > 0n ? [t(`pointers.elsewhere.${name}`, { amount: formatMoney(amount, asset, locale) })] : [])).join(' · ')}</p>
      {refused !== null && <p>{t('pointers.elsewhere.refused', { date: new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short' }).format(refused.atMs), reason: refused.reason ?? t('pointers.elsewhere.unsaid') })}</p>}
      {givenUpMs !== null && <p>{t('pointers.elsewhere.givenUp', { date: new Intl.DateTimeFormat(locale, { dateStyle: 'medium' }).format(givenUpMs) })}</p>}
    </>
  )
}

function AddPointer({ assetCode, onChange }: { readonly assetCode: string; readonly onChange: () => Promise<void> }): React.JSX.Element {
  const { t } = useTranslation()
  const faultWords = useFaultWords()
  const [path, setPath] = useState('')
  const [name, setName] = useState('')
  const deed = useDeed(onChange)
  const { busy, fault } = deed
  const add = async (): Promise<void> => {
    if (!(await deed.run(() => addPointer(path.trim(), name.trim(), assetCode)))) return
    setPath('')
    setName('')
  }
  return (
    <section className="card" aria-labelledby="pointers-add">
      <h2 id="pointers-add">{t('pointers.add')}</h2>
      <form
        className="field-line"
        onSubmit={(event) => {
          event.preventDefault()
          void add()
        }}
      >
        <TextInput label={t('pointers.path')} placeholder="podcast" value={path} onChange={(event) => setPath(event.currentTarget.value)} error={fault === undefined ? undefined : faultWords(fault)} maxLength={40} autoComplete="off" autoCapitalize="none" spellCheck={false} />
        <TextInput label={t('pointers.name')} value={name} onChange={(event) => setName(event.currentTarget.value)} maxLength={100} autoComplete="off" />
        <Button type="submit" loading={busy} disabled={path.trim() === '' || name.trim() === ''}>
          {t('sites.addIt')}
        </Button>
      </form>
    </section>
  )
}
