import { Button, NativeSelect, TextInput } from '@mantine/core'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { FaultAlert } from '../look/notice.tsx'
import { useDeed } from '../plan/use-deed.ts'
import { LimitFields, noLimits, readLimits } from './limit-fields.tsx'
import { addPeer, type LinkKind } from './peers-api.ts'
import { useWrong } from './use-wrong.ts'

const kinds: readonly LinkKind[] = ['btp-client', 'btp-server', 'http']
const empty = { name: '', code: '', scale: '9', url: '', token: '', incomingToken: '', address: '', prefixes: '' }
type Fields = typeof empty

/** What cannot be taken, before the server is asked. */
function wrongOf(fields: Fields, kind: LinkKind): readonly string[] {
  const { name, code, scale, url, token, incomingToken } = fields
  return [
    ...(/^[a-z][a-z0-9-]{1,39}$/.test(name.trim()) ? [] : ['name']),
    ...(/^[A-Z]{3,8}$/.test(code.trim()) ? [] : ['code']),
    ...(/^(0?[0-9]|1[0-8])$/.test(scale.trim()) ? [] : ['scale']),
    ...(kind === 'btp-server' || (kind === 'http' ? /^https?:\/\/\S+$/ : /^wss?:\/\/\S+$/).test(url.trim()) ? [] : ['url']),
    ...(kind === 'btp-server' || /^[\x21-\x7e]{16,200}$/.test(token.trim()) ? [] : ['token']),
    ...(incomingToken.trim() === '' || /^[\x21-\x7e]{16,200}$/.test(incomingToken.trim()) ? [] : ['incomingToken']),
  ]
}

/** As the server takes it; what was left empty is left to it. */
function specOf(fields: Fields, kind: LinkKind, limits: object): object {
  const text = (name: keyof Fields): string => fields[name].trim()
  const incoming = kind !== 'btp-client' && text('incomingToken') !== '' ? { incomingToken: text('incomingToken') } : {}
  return {
    name: text('name'), asset: { code: text('code'), scale: Number(text('scale')) },
    link: kind === 'btp-server' ? { kind, ...incoming } : { kind, url: text('url'), token: text('token'), ...incoming },
    ...(text('address') !== '' && { address: text('address') }), prefixes: text('prefixes').split(/[\s,;]+/).filter((prefix) => prefix !== ''), limits,
  }
}

/** A form for a new peer; afterwards the token that it must say to us, this once. */
export function AddPeer({ reload, onClose }: { readonly reload: () => Promise<void>; readonly onClose: () => void }): React.JSX.Element {
  const { t } = useTranslation()
  const [kind, setKind] = useState<LinkKind>('btp-server')
  const [fields, setFields] = useState(empty)
  const [texts, setTexts] = useState(noLimits)
  const [made, setMade] = useState<{ readonly name: string; readonly token: string | undefined }>()
  const deed = useDeed(reload)
  const { wrong, check, elsewhere } = useWrong(deed.fault)
  const asset = { code: fields.code.trim(), scale: Number(fields.scale) }

  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault()
    const invalid = wrongOf(fields, kind)
    const { limits, wrong: wrongLimits } = invalid.includes('scale') ? { limits: {}, wrong: [] } : readLimits(texts, noLimits, asset)
    if (!check([...invalid, ...wrongLimits])) return
    await deed.run(async () => setMade({ name: fields.name.trim(), token: await addPeer(specOf(fields, kind, limits)) }))
  }
  const field = (name: keyof Fields, more: { readonly required?: boolean; readonly maxLength: number }) => ({
    label: t(`peers.fields.${name}`), description: t(`peers.fieldsWhy.${name}`), value: fields[name], error: wrong(name), withAsterisk: more.required === true, maxLength: more.maxLength,
    onChange: (event: React.ChangeEvent<HTMLInputElement>) => setFields({ ...fields, [name]: event.currentTarget.value }),
  })

  if (made !== undefined) return <Made {...made} onClose={onClose} />
  return (
    <section className="card" aria-labelledby="add-peer">
      <h2 id="add-peer">{t('peers.add')}</h2>
      <form noValidate onSubmit={(event) => void submit(event)}>
        <div className="peer-fields">
          <TextInput {...field('name', { required: true, maxLength: 40 })} autoCapitalize="none" />
          <NativeSelect label={t('peers.fields.kind')} description={t(`peers.kindsWhy.${kind}`)} value={kind} onChange={(event) => setKind(kinds.find((one) => one === event.currentTarget.value) ?? kind)} data={kinds.map((value) => ({ value, label: t(`peers.kinds.${value}`) }))} />
          <TextInput {...field('code', { required: true, maxLength: 8 })} autoCapitalize="characters" />
          <TextInput {...field('scale', { required: true, maxLength: 2 })} inputMode="numeric" />
          {kind !== 'btp-server' && <TextInput {...field('url', { required: true, maxLength: 2_048 })} inputMode="url" placeholder={kind === 'http' ? 'https://' : 'wss://'} />}
          {kind !== 'btp-server' && <TextInput {...field('token', { required: true, maxLength: 200 })} autoComplete="off" />}
          {kind !== 'btp-client' && <TextInput {...field('incomingToken', { maxLength: 200 })} autoComplete="off" />}
          <TextInput {...field('address', { maxLength: 1_023 })} autoCapitalize="none" />
          <TextInput {...field('prefixes', { maxLength: 8_000 })} autoCapitalize="none" />
        </div>
        <h3>{t('peers.limitsTitle')}</h3>
        <p className="quiet">{t('peers.limitsDefault')}</p>
        <LimitFields texts={texts} assetCode={asset.code} wrong={wrong} onChange={setTexts} />
        <div className="payouts-tools">
          <Button type="submit" loading={deed.busy}>
            {t('peers.add')}
          </Button>
          <Button variant="default" onClick={onClose}>
            {t('admin.back')}
          </Button>
        </div>
        {elsewhere !== undefined && <FaultAlert fault={elsewhere} />}
      </form>
    </section>
  )
}

function Made({ name, token, onClose }: { readonly name: string; readonly token: string | undefined; readonly onClose: () => void }): React.JSX.Element {
  const { t } = useTranslation()
  return (
    <section className="card" aria-labelledby="made-peer">
      <h2 id="made-peer">{t('peers.made', { name })}</h2>
      {token === undefined ? (
        <p role="status">{t('peers.madeWhy')}</p>
      ) : (
        <>
          <p role="status">{t('peers.tokenWhy', { name })}</p>
          <p>
            <code className="peer-token">{token}</code>
          </p>
        </>
      )}
      <div className="payouts-tools">
        {token !== undefined && (
          <Button variant="default" onClick={() => void navigator.clipboard.writeText(token)}>
            {t('peers.copy')}
          </Button>
        )}
        <Button onClick={onClose}>{t('peers.noted')}</Button>
      </div>
    </section>
  )
}
