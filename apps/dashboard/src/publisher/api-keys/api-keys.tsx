import { Button, Switch, TextInput } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Empty, FaultAlert } from '../../look/notice.tsx'
import { useDeed } from '../../plan/use-deed.ts'
import { usePolled } from '../../use-polled.ts'
import { useLocale } from '../../words/words.ts'
import { PublisherPage } from '../publisher-page.tsx'
import { Snippet } from '../start/snippet.tsx'
import { type ApiKey, loadApiKeys, type MadeKey, makeApiKey, revokeApiKey, type Scope, scopes } from './api-keys-api.ts'

const pollMs = 10_000

/** The keys with which a publisher's servers read for her. */
export function ApiKeys(): React.JSX.Element {
  const { t } = useTranslation()
  return (
    <PublisherPage title={t('apiKeys.title')} polled={usePolled(loadApiKeys, pollMs)}>
      {({ keys }, reload) => (
        <>
          <p className="lead">{t('apiKeys.why')}</p>
          <div className="stack">
            <MakeKey reload={reload} />
            <section className="card" aria-labelledby="api-keys-list">
              <h2 id="api-keys-list">{t('apiKeys.list')}</h2>
              {keys.length === 0 ? (
                <Empty title={t('apiKeys.empty')} why={t('apiKeys.emptyWhy')} />
              ) : (
                <ul className="rows">
                  {keys.map((key) => (
                    <KeyRow key={key.id} known={key} reload={reload} />
                  ))}
                </ul>
              )}
            </section>
          </div>
        </>
      )}
    </PublisherPage>
  )
}

function MakeKey({ reload }: { readonly reload: () => Promise<void> }): React.JSX.Element {
  const { t } = useTranslation()
  const [name, setName] = useState('')
  const [chosen, setChosen] = useState<readonly Scope[]>(['statements', 'revenue', 'payments'])
  const [tried, setTried] = useState(false)
  const [made, setMade] = useState<MadeKey>()
  const deed = useDeed(reload)
  const make = async (): Promise<void> => {
    setTried(true)
    if (name.trim() === '' || chosen.length === 0) return
    const done = await deed.run(async () => setMade(await makeApiKey(name.trim(), chosen)))
    if (!done) return
    setName('')
    setTried(false)
  }
  if (made !== undefined) {
    return (
      <section className="card" aria-labelledby="api-key-made">
        <h2 id="api-key-made">{t('apiKeys.made', { name: made.name })}</h2>
        <p role="status">{t('apiKeys.once')}</p>
        <Snippet text={made.key} name={t('apiKeys.key')} />
        <p className="quiet">{t('apiKeys.use')}</p>
        <Snippet text={`curl -H 'Authorization: Bearer ${made.key}' ${location.origin}${exampleOf(made.scopes)}`} name={t('apiKeys.example')} />
        <div className="deeds">
          <Button onClick={() => setMade(undefined)}>{t('apiKeys.kept')}</Button>
        </div>
      </section>
    )
  }
  return (
    <section className="card" aria-labelledby="api-key-make">
      <h2 id="api-key-make">{t('apiKeys.make')}</h2>
      <form
        className="form"
        noValidate
        onSubmit={(event) => {
          event.preventDefault()
          void make()
        }}
      >
        <TextInput label={t('apiKeys.name')} description={t('apiKeys.nameWhy')} value={name} maxLength={60} autoComplete="off" error={tried && name.trim() === '' ? t('apiKeys.nameNeeded') : undefined} onChange={(event) => setName(event.currentTarget.value)} />
        <fieldset className="scopes">
          <legend>{t('apiKeys.scopes')}</legend>
          {scopes.map((scope) => (
            <Switch key={scope} label={t(`apiKeys.scope.${scope}`)} checked={chosen.includes(scope)} onChange={(event) => setChosen(event.currentTarget.checked ? [...chosen, scope] : chosen.filter((one) => one !== scope))} />
          ))}
          {tried && chosen.length === 0 && <p role="alert">{t('apiKeys.scopeNeeded')}</p>}
        </fieldset>
        {deed.fault !== undefined && <FaultAlert fault={deed.fault} />}
        <Button type="submit" loading={deed.busy}>
          {t('apiKeys.make')}
        </Button>
      </form>
    </section>
  )
}

function exampleOf(allowed: readonly Scope[]): string {
  if (allowed.includes('payments')) return '/api/payments'
  if (allowed.includes('webhooks')) return '/api/webhooks'
  const today = new Date().toISOString().slice(0, 10)
  return `/api/${allowed[0] ?? 'revenue'}?from=${today.slice(0, 8)}01\\&to=${today}`
}

function KeyRow({ known, reload }: { readonly known: ApiKey; readonly reload: () => Promise<void> }): React.JSX.Element {
  const { t } = useTranslation()
  const locale = useLocale()
  const [asked, setAsked] = useState(false)
  const deed = useDeed(reload)
  const { id, name, start, createdAtMs, usedAtMs, revokedAtMs } = known
  const date = (ms: number): string => new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short' }).format(ms)
  return (
    <li className="row">
      <div className="row-main">
        <p className="row-title">
          {name} <code className="quiet">{start}…</code>
        </p>
        <p className="quiet">{known.scopes.map((scope) => t(`apiKeys.scope.${scope}`)).join(', ')}</p>
        <p className="quiet">
          {t('apiKeys.since', { date: date(createdAtMs) })} · {usedAtMs === null ? t('apiKeys.unused') : t('apiKeys.used', { date: date(usedAtMs) })}
        </p>
        {asked && <p>{t('apiKeys.revokeSure', { name })}</p>}
        {deed.fault !== undefined && <FaultAlert fault={deed.fault} />}
      </div>
      {revokedAtMs !== null ? (
        <span className="badge">{t('apiKeys.revoked', { date: date(revokedAtMs) })}</span>
      ) : asked ? (
        <div className="row-actions">
          <Button color="red" size="compact-md" loading={deed.busy} autoFocus onClick={() => void deed.run(() => revokeApiKey(id))}>
            {t('wallet.revokeYes')}
          </Button>
          <Button variant="default" size="compact-md" disabled={deed.busy} onClick={() => setAsked(false)}>
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
