import { Button, NativeSelect, Textarea, TextInput } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { ApiFault } from '../api.ts'
import { Empty, FaultAlert } from '../look/notice.tsx'
import { SignedInPage } from '../session/signed-in-page.tsx'
import { usePolled } from '../use-polled.ts'
import { useLocale } from '../words/words.ts'
import { addKey, type Key, type Keys as Known, loadKeys, revokeKey } from './keys-api.ts'

const pollMs = 10_000

/** The public keys of a person's clients: paste, name, revoke. */
export function Keys({ entrance }: { readonly entrance: 'wallet' | 'publisher' }): React.JSX.Element {
  const { t } = useTranslation()
  const polled = usePolled(loadKeys, pollMs)
  const [said, setSaid] = useState('')
  const tell = async (words: string): Promise<void> => {
    setSaid(words)
    await polled.reload()
  }
  return (
    <SignedInPage entrance={entrance} maySignUp={false} title={t('keys.title')} polled={polled}>
      {({ addresses, keys }) => (
        <>
          <p className="quiet">{t('keys.why')}</p>
          <AddKey addresses={addresses} onAdded={({ kid }) => tell(t('keys.added', { kid }))} />
          <section className="card" aria-labelledby="keys-list">
            <h2 id="keys-list">{t('keys.list')}</h2>
            <p role="status">{said}</p>
            {keys.length === 0 ? (
              <Empty title={t('keys.empty')} why={t('keys.emptyWhy')} />
            ) : (
              <ul className="rows">
                {keys.map((key) => (
                  <KeyRow key={key.id} known={key} onRevoked={() => tell(t('keys.revoked', { name: nameOf(key) }))} />
                ))}
              </ul>
            )}
          </section>
        </>
      )}
    </SignedInPage>
  )
}

function AddKey({ addresses, onAdded }: { readonly addresses: Known['addresses']; readonly onAdded: (key: Key) => Promise<void> }): React.JSX.Element {
  const { t } = useTranslation()
  const [text, setText] = useState('')
  const [name, setName] = useState('')
  const [address, setAddress] = useState(addresses[0]?.id ?? '')
  const [busy, setBusy] = useState(false)
  const [fault, setFault] = useState<ApiFault>()

  const add = async (): Promise<void> => {
    setBusy(true)
    setFault(undefined)
    try {
      const key = await addKey(text.trim(), name.trim(), address)
      setText('')
      setName('')
      await onAdded(key)
    } catch (error) {
      if (!(error instanceof ApiFault)) throw error
      setFault(error)
    }
    setBusy(false)
  }

  return (
    <section className="card" aria-labelledby="keys-add">
      <h2 id="keys-add">{t('keys.add')}</h2>
      <p>{t('keys.order')}</p>
      <form
        className="form"
        onSubmit={(event) => {
          event.preventDefault()
          void add()
        }}
      >
        {addresses.length > 1 && (
          <NativeSelect label={t('keys.address')} value={address} onChange={(event) => setAddress(event.currentTarget.value)} data={addresses.map(({ id, url, assetCode }) => ({ value: id, label: `${url} (${assetCode})` }))} />
        )}
        <Textarea label={t('keys.key')} description={t('keys.keyWhy')} value={text} onChange={(event) => setText(event.currentTarget.value)} rows={4} required spellCheck={false} autoComplete="off" maxLength={4_000} />
        <TextInput label={t('keys.name')} description={t('keys.nameWhy')} value={name} onChange={(event) => setName(event.currentTarget.value)} maxLength={100} autoComplete="off" />
        {fault !== undefined && <FaultAlert fault={fault} />}
        <Button type="submit" loading={busy} disabled={text.trim() === ''}>
          {t('keys.add')}
        </Button>
      </form>
    </section>
  )
}

function KeyRow({ known, onRevoked }: { readonly known: Key; readonly onRevoked: () => Promise<void> }): React.JSX.Element {
  const { t } = useTranslation()
  const locale = useLocale()
  const [asked, setAsked] = useState(false)
  const [busy, setBusy] = useState(false)
  const [fault, setFault] = useState<ApiFault>()
  const name = nameOf(known)

  const revoke = async (): Promise<void> => {
    setBusy(true)
    setFault(undefined)
    try {
      await revokeKey(known.id)
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
        <p className="row-title">{name}</p>
        <p className="quiet">
          {t('keys.id')} <code>{known.kid}</code>
        </p>
        <p className="quiet">{asked ? t('keys.revokeSure', { name }) : `${known.walletAddress} · ${t('wallet.since', { date: new Intl.DateTimeFormat(locale, { dateStyle: 'long' }).format(known.createdAtMs) })}`}</p>
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
        <Button variant="default" size="compact-md" aria-label={t('wallet.revokeSite', { site: name })} onClick={() => setAsked(true)}>
          {t('wallet.revoke')}
        </Button>
      )}
    </li>
  )
}

function nameOf({ name, kid }: Key): string {
  return name === '' ? kid : name
}
