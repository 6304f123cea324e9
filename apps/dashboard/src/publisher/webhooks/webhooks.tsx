import { Button, Checkbox, Fieldset, TextInput } from '@mantine/core'
import '@mantine/core/styles/Checkbox.css'
import '@mantine/core/styles/Fieldset.css'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Empty, FaultAlert } from '../../look/notice.tsx'
import { useDeed } from '../../plan/use-deed.ts'
import { usePolled } from '../../use-polled.ts'
import { useLocale } from '../../words/words.ts'
import { PublisherPage } from '../publisher-page.tsx'
import { Deliveries } from './deliveries.tsx'
import { addWebhook, changeWebhook, type EventKind, eventKinds, loadWebhooks, removeWebhook, type Webhook } from './webhooks-api.ts'
import './webhooks.css'

const pollMs = 15_000

/** Where the publisher's own server hears what happens, and what was said to it. */
export function Webhooks(): React.JSX.Element {
  const { t } = useTranslation()
  const [made, setMade] = useState<{ readonly url: string; readonly secret: string }>()
  return (
    <PublisherPage title={t('webhooks.title')} polled={usePolled(loadWebhooks, pollMs)}>
      {({ webhooks }, reload) => (
        <>
          <p className="lead">{t('webhooks.why')}</p>
          <div className="stack">
            {made !== undefined && <Secret {...made} onDone={() => setMade(undefined)} />}
            <AddWebhook onChange={reload} onMade={setMade} />
            {webhooks.length === 0 && (
              <section className="card">
                <Empty title={t('webhooks.empty')} why={t('webhooks.emptyWhy')} />
              </section>
            )}
            {webhooks.map((webhook) => (
              <WebhookCard key={webhook.id} webhook={webhook} onChange={reload} />
            ))}
          </div>
        </>
      )}
    </PublisherPage>
  )
}

/** The secret, this once. */
function Secret({ url, secret, onDone }: { readonly url: string; readonly secret: string; readonly onDone: () => void }): React.JSX.Element {
  const { t } = useTranslation()
  const [copied, setCopied] = useState(false)
  const copy = async (): Promise<void> => {
    await navigator.clipboard.writeText(secret)
    setCopied(true)
  }
  return (
    <section className="card" aria-labelledby="webhooks-secret">
      <h2 id="webhooks-secret">{t('webhooks.secret')}</h2>
      <p role="status">{t('webhooks.secretWhy', { url })}</p>
      <pre className="snippet" tabIndex={0}>
        <code>{secret}</code>
      </pre>
      <div className="deeds">
        <Button onClick={() => void copy()}>{copied ? t('publisher.copied') : t('webhooks.copy')}</Button>
        <Button variant="default" onClick={onDone}>
          {t('webhooks.kept')}
        </Button>
      </div>
    </section>
  )
}

function AddWebhook({ onChange, onMade }: { readonly onChange: () => Promise<void>; readonly onMade: (made: { readonly url: string; readonly secret: string }) => void }): React.JSX.Element {
  const { t } = useTranslation()
  const [url, setUrl] = useState('')
  const [kinds, setKinds] = useState<readonly EventKind[]>(eventKinds)
  const deed = useDeed(onChange)
  const add = async (): Promise<void> => {
    const added = await deed.run(async () => {
      const { webhook, secret } = await addWebhook(url.trim(), kinds)
      onMade({ url: webhook.url, secret })
    })
    if (added) setUrl('')
  }
  return (
    <section className="card" aria-labelledby="webhooks-add">
      <h2 id="webhooks-add">{t('webhooks.add')}</h2>
      <form
        className="webhook-form"
        onSubmit={(event) => {
          event.preventDefault()
          void add()
        }}
      >
        <TextInput label={t('webhooks.url')} placeholder="https://shop.example/paid" value={url} onChange={(event) => setUrl(event.currentTarget.value)} required maxLength={2_000} autoComplete="off" autoCapitalize="none" spellCheck={false} inputMode="url" />
        <Kinds kinds={kinds} onChange={setKinds} />
        {deed.fault !== undefined && <FaultAlert fault={deed.fault} />}
        <div>
          <Button type="submit" loading={deed.busy} disabled={url.trim() === '' || kinds.length === 0}>
            {t('webhooks.addIt')}
          </Button>
        </div>
      </form>
    </section>
  )
}

function Kinds({ kinds, onChange }: { readonly kinds: readonly EventKind[]; readonly onChange: (kinds: readonly EventKind[]) => void }): React.JSX.Element {
  const { t } = useTranslation()
  return (
    <Fieldset legend={t('webhooks.kinds')}>
      <div className="webhook-kinds">
        {eventKinds.map((kind) => (
          <Checkbox
            key={kind}
            label={t(`webhooks.kind.${keyOf(kind)}`)}
            description={kind}
            checked={kinds.includes(kind)}
            onChange={(event) => onChange(event.currentTarget.checked ? eventKinds.filter((one) => one === kind || kinds.includes(one)) : kinds.filter((one) => one !== kind))}
          />
        ))}
      </div>
    </Fieldset>
  )
}

function WebhookCard({ webhook, onChange }: { readonly webhook: Webhook; readonly onChange: () => Promise<void> }): React.JSX.Element {
  const { t } = useTranslation()
  const locale = useLocale()
  const deed = useDeed(onChange)
  const [asked, setAsked] = useState(false)
  const [shown, setShown] = useState(false)
  const [kinds, setKinds] = useState<readonly EventKind[]>()
  const { id, url, paused, createdAtMs } = webhook
  return (
    <section className="card" aria-label={url}>
      <div className="site-head">
        <h2>{url}</h2>
        <span className={`badge ${paused ? 'badge-lost' : 'badge-proven'}`}>{t(paused ? 'webhooks.paused' : 'webhooks.active')}</span>
      </div>
      <p className="quiet">
        {t('wallet.since', { date: new Intl.DateTimeFormat(locale, { dateStyle: 'long' }).format(createdAtMs) })} ·{' '}
        {webhook.kinds.length === eventKinds.length ? t('webhooks.allKinds') : new Intl.ListFormat(locale).format(webhook.kinds.map((kind) => t(`webhooks.kind.${keyOf(kind)}`)))}
      </p>
      {paused && <p>{t('webhooks.pausedWhy')}</p>}
      {kinds !== undefined && <Kinds kinds={kinds} onChange={setKinds} />}
      {deed.fault !== undefined && <FaultAlert fault={deed.fault} />}
      {asked ? (
        <div className="deeds">
          <span>{t('webhooks.removeSure')}</span>
          <Button color="red" size="compact-md" loading={deed.busy} autoFocus onClick={() => void deed.run(() => removeWebhook(id))}>
            {t('webhooks.removeYes')}
          </Button>
          <Button variant="default" size="compact-md" disabled={deed.busy} onClick={() => setAsked(false)}>
            {t('wallet.keep')}
          </Button>
        </div>
      ) : kinds !== undefined ? (
        <div className="deeds">
          <Button size="compact-md" loading={deed.busy} disabled={kinds.length === 0} onClick={() => void deed.run(() => changeWebhook(id, { kinds })).then((done) => done && setKinds(undefined))}>
            {t('payouts.save')}
          </Button>
          <Button variant="default" size="compact-md" disabled={deed.busy} onClick={() => setKinds(undefined)}>
            {t('payouts.cancelChange')}
          </Button>
        </div>
      ) : (
        <div className="deeds">
          <Button variant="default" size="compact-md" aria-expanded={shown} aria-label={t(shown ? 'webhooks.hideDeliveriesOf' : 'webhooks.deliveriesOf', { url })} onClick={() => setShown(!shown)}>
            {t(shown ? 'webhooks.hideDeliveries' : 'webhooks.deliveries')}
          </Button>
          <Button variant="default" size="compact-md" aria-label={t('webhooks.changeKinds', { url })} onClick={() => setKinds(webhook.kinds)}>
            {t('payouts.change')}
          </Button>
          <Button variant="default" size="compact-md" loading={deed.busy} aria-label={t(paused ? 'webhooks.resumeIt' : 'webhooks.pauseIt', { url })} onClick={() => void deed.run(() => changeWebhook(id, { paused: !paused }))}>
            {t(paused ? 'webhooks.resume' : 'webhooks.pause')}
          </Button>
          <Button variant="default" size="compact-md" aria-label={t('webhooks.removeIt', { url })} onClick={() => setAsked(true)}>
            {t('webhooks.remove')}
          </Button>
        </div>
      )}
      {shown && <Deliveries webhookId={id} />}
    </section>
  )
}

/** Words are kept under keys without points. */
function keyOf(kind: EventKind) {
  return kind.replace('.', '_') as 'incoming_payment_received' | 'incoming_payment_completed' | 'stream_closed' | 'payout_sent' | 'payout_settled' | 'payout_failed' | 'payout_returned'
}
