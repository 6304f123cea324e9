import { Button, NativeSelect } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Empty, FaultAlert, Loading, StaleNote } from '../../look/notice.tsx'
import { useDeed } from '../../plan/use-deed.ts'
import { usePolled } from '../../use-polled.ts'
import { useLocale } from '../../words/words.ts'
import { type Delivery, type DeliveryStatus, loadDeliveries, redeliver } from './webhooks-api.ts'

const pollMs = 5_000
const pageSize = 20
const statuses: readonly DeliveryStatus[] = ['delivered', 'pending', 'dead']
const tones: Readonly<Record<DeliveryStatus, string>> = { delivered: 'badge-proven', pending: '', dead: 'badge-lost' }

/** What was sent to one webhook, how it was answered, and the way to send it again. */
export function Deliveries({ webhookId }: { readonly webhookId: string }): React.JSX.Element {
  const { t } = useTranslation()
  const [status, setStatus] = useState<DeliveryStatus>()
  return (
    <div className="deliveries">
      <NativeSelect
        label={t('webhooks.filter')}
        value={status ?? ''}
        onChange={(event) => setStatus(statuses.find((one) => one === event.currentTarget.value))}
        data={[{ value: '', label: t('webhooks.all') }, ...statuses.map((one) => ({ value: one, label: t(`webhooks.status.${one}`) }))]}
      />
      <List key={status} webhookId={webhookId} status={status} />
    </div>
  )
}

function List({ webhookId, status }: { readonly webhookId: string; readonly status: DeliveryStatus | undefined }): React.JSX.Element {
  const { t } = useTranslation()
  const { value, fault, reload } = usePolled(() => loadDeliveries(webhookId, { status, limit: pageSize }), pollMs)
  const [older, setOlder] = useState<readonly Delivery[]>([])
  const [ended, setEnded] = useState(false)
  const more = useDeed(() => Promise.resolve())
  if (value === undefined) return fault === undefined ? <Loading /> : <FaultAlert fault={fault} onRetry={() => void reload()} />
  // The first page moves on while older ones stay as they were.
  const known = new Set(value.map(({ id }) => id))
  const all = [...value, ...older.filter(({ id }) => !known.has(id))]
  const last = all.at(-1)
  const loadMore = (before: string): Promise<boolean> =>
    more.run(async () => {
      const page = await loadDeliveries(webhookId, { status, before, limit: pageSize })
      setOlder([...all.slice(value.length), ...page])
      setEnded(page.length < pageSize)
    })
  if (last === undefined) return <Empty title={t('webhooks.noDeliveries')} why={t('webhooks.noDeliveriesWhy')} />
  return (
    <>
      {fault !== undefined && <StaleNote fault={fault} />}
      <ul className="rows">
        {all.map((delivery) => (
          <Row key={delivery.id} webhookId={webhookId} delivery={delivery} onAgain={reload} />
        ))}
      </ul>
      {more.fault !== undefined && <FaultAlert fault={more.fault} />}
      {all.length >= pageSize && !ended && (
        <Button variant="default" size="compact-md" loading={more.busy} onClick={() => void loadMore(last.id)}>
          {t('webhooks.more')}
        </Button>
      )}
    </>
  )
}

function Row({ webhookId, delivery, onAgain }: { readonly webhookId: string; readonly delivery: Delivery; readonly onAgain: () => Promise<void> }): React.JSX.Element {
  const { t } = useTranslation()
  const locale = useLocale()
  const deed = useDeed(onAgain)
  const { id, eventId, kind, status, attempts, answerCode, error, createdAtMs, dueAtMs } = delivery
  const moment = (ms: number): string => new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'medium' }).format(ms)
  const answer = answerCode !== null ? t('webhooks.answered', { code: answerCode }) : error !== null ? t('webhooks.notAnswered', { error }) : t('webhooks.notTried')
  return (
    <li className="row">
      <div className="row-main">
        <p className="row-title">
          <code>{kind}</code>
        </p>
        <p className="quiet">
          <time dateTime={new Date(createdAtMs).toISOString()}>{moment(createdAtMs)}</time> · {answer} · {t('webhooks.attempts', { count: attempts })}
        </p>
        <p className="quiet">
          <code>{eventId}</code>
          {status === 'pending' && dueAtMs !== null && attempts > 0 && ` · ${t('webhooks.nextAt', { date: moment(dueAtMs) })}`}
        </p>
        {deed.fault !== undefined && <FaultAlert fault={deed.fault} />}
      </div>
      <div className="row-actions">
        <span className={`badge ${tones[status]}`}>{t(`webhooks.status.${status}`)}</span>
        {status !== 'pending' && (
          <Button variant="default" size="compact-md" loading={deed.busy} aria-label={t('webhooks.againIt', { event: eventId })} onClick={() => void deed.run(() => redeliver(webhookId, id))}>
            {t('webhooks.again')}
          </Button>
        )}
      </div>
    </li>
  )
}
