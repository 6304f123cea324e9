import { Button, TextInput } from '@mantine/core'
import { browserSupportsWebAuthn } from '@simplewebauthn/browser'
import { useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Empty, FaultAlert } from '../look/notice.tsx'
import { useDeed } from '../plan/use-deed.ts'
import { useLocale } from '../words/words.ts'
import { deviceOf } from './device.ts'
import { addPasskey, type Passkey, removePasskey, renamePasskey } from './security-api.ts'

interface Changing {
  readonly onChanged: (words: string) => Promise<void>
}

/** Passkeys: add, name, remove. */
export function Passkeys({ passkeys, onChanged }: Changing & { readonly passkeys: readonly Passkey[] }): React.JSX.Element {
  const { t } = useTranslation()
  const device = deviceOf(navigator.userAgent)
  const [name, setName] = useState(device === undefined ? '' : t('security.device', device))
  const { fault, busy, run } = useDeed(() => Promise.resolve())
  const add = async (): Promise<void> => {
    if (await run(() => addPasskey(name.trim()))) await onChanged(t('security.passkeyAdded', { name: name.trim() }))
  }
  return (
    <section className="card" aria-labelledby="passkeys-title">
      <h2 id="passkeys-title">{t('security.passkeys')}</h2>
      <p className="quiet">{t('security.passkeysWhy')}</p>
      {passkeys.length === 0 ? (
        <Empty title={t('security.passkeysEmpty')} />
      ) : (
        <ul className="rows">
          {passkeys.map((passkey) => (
            <PasskeyRow key={passkey.id} passkey={passkey} onChanged={onChanged} />
          ))}
        </ul>
      )}
      {browserSupportsWebAuthn() ? (
        <form
          className="form"
          onSubmit={(event) => {
            event.preventDefault()
            void add()
          }}
        >
          <TextInput label={t('security.passkeyName')} description={t('security.passkeyNameWhy')} value={name} onChange={(event) => setName(event.currentTarget.value)} maxLength={100} autoComplete="off" />
          {fault !== undefined && <FaultAlert fault={fault} />}
          <Button type="submit" loading={busy} disabled={name.trim() === ''}>
            {t('security.passkeyAdd')}
          </Button>
        </form>
      ) : (
        <p className="quiet">{t('security.passkeysNowhere')}</p>
      )}
    </section>
  )
}

function PasskeyRow({ passkey, onChanged }: Changing & { readonly passkey: Passkey }): React.JSX.Element {
  const { t } = useTranslation()
  const locale = useLocale()
  const [step, setStep] = useState<'shown' | 'naming' | 'removing'>('shown')
  const [name, setName] = useState(passkey.name)
  const { fault, busy, run } = useDeed(() => Promise.resolve())
  const renameButton = useRef<HTMLButtonElement>(null)
  const date = (ms: number): string => new Intl.DateTimeFormat(locale, { dateStyle: 'long' }).format(ms)
  const back = (): void => {
    setStep('shown')
    // The button that was pressed is gone: the keyboard goes on where it was.
    requestAnimationFrame(() => renameButton.current?.focus())
  }
  const rename = async (): Promise<void> => {
    if (!(await run(() => renamePasskey(passkey.id, name.trim())))) return
    await onChanged(t('security.passkeyRenamed', { name: name.trim() }))
    back()
  }
  const remove = async (): Promise<void> => {
    if (await run(() => removePasskey(passkey.id))) await onChanged(t('security.passkeyRemoved', { name: passkey.name }))
  }
  return (
    <li className="row">
      <div className="row-main">
        {step === 'naming' ? (
          <form
            id={`name-${passkey.id}`}
            onSubmit={(event) => {
              event.preventDefault()
              void rename()
            }}
          >
            <TextInput label={t('security.passkeyName')} value={name} autoFocus maxLength={100} autoComplete="off" onChange={(event) => setName(event.currentTarget.value)} />
          </form>
        ) : (
          <p className="row-title">{passkey.name}</p>
        )}
        <p className="quiet">
          {step === 'removing'
            ? t('security.passkeyRemoveSure', { name: passkey.name })
            : [t('security.passkeySince', { date: date(passkey.createdAtMs) }), passkey.usedAtMs === null ? t('security.passkeyUnused') : t('security.passkeyUsed', { date: date(passkey.usedAtMs) }), ...(passkey.synced ? [t('security.passkeySynced')] : [])].join(' · ')}
        </p>
        {fault !== undefined && <FaultAlert fault={fault} />}
      </div>
      <div className="row-actions">
        {step === 'shown' && (
          <>
            <Button ref={renameButton} variant="default" size="compact-md" aria-label={t('security.renameOne', { name: passkey.name })} onClick={() => setStep('naming')}>
              {t('security.rename')}
            </Button>
            <Button variant="default" size="compact-md" aria-label={t('security.removeOne', { name: passkey.name })} onClick={() => setStep('removing')}>
              {t('security.remove')}
            </Button>
          </>
        )}
        {step === 'naming' && (
          <Button type="submit" form={`name-${passkey.id}`} size="compact-md" loading={busy} disabled={name.trim() === ''}>
            {t('security.save')}
          </Button>
        )}
        {step === 'removing' && (
          <Button color="red" size="compact-md" loading={busy} autoFocus onClick={() => void remove()}>
            {t('security.removeYes')}
          </Button>
        )}
        {step !== 'shown' && (
          <Button variant="default" size="compact-md" disabled={busy} onClick={back}>
            {t('wallet.keep')}
          </Button>
        )}
      </div>
    </li>
  )
}
