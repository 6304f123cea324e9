import { Button } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { ApiFault } from '../api.ts'
import { FaultAlert } from '../look/notice.tsx'
import { useLocale } from '../words/words.ts'
import { type Grant, loadPastGrants } from './grants-api.ts'
import { nameOf, Spent } from './spent.tsx'

/** What was revoked and what has expired, page by page, for whom asks. */
export function PastGrants(): React.JSX.Element {
  const { t } = useTranslation()
  const [shown, setShown] = useState<{ readonly grants: readonly Grant[]; readonly next: string | null }>()
  const [busy, setBusy] = useState(false)
  const [fault, setFault] = useState<ApiFault>()

  const more = async (): Promise<void> => {
    setBusy(true)
    setFault(undefined)
    try {
      const { grants, next } = await loadPastGrants(shown?.next ?? null)
      setShown({ grants: [...(shown?.grants ?? []), ...grants], next })
    } catch (error) {
      if (!(error instanceof ApiFault)) throw error
      setFault(error)
    }
    setBusy(false)
  }

  return (
    <section className="grant-past">
      {shown !== undefined && <h2>{t('grants.past')}</h2>}
      {shown?.grants.length === 0 && <p className="quiet">{t('grants.pastNone')}</p>}
      <ul className="grant-list">
        {shown?.grants.map((grant) => (
          <PastGrant key={grant.id} grant={grant} />
        ))}
      </ul>
      {fault !== undefined && <FaultAlert fault={fault} />}
      {(shown === undefined || shown.next !== null) && (
        <Button variant="default" size="compact-md" loading={busy} onClick={() => void more()}>
          {t(shown === undefined ? 'grants.pastShow' : 'grants.pastMore')}
        </Button>
      )}
    </section>
  )
}

function PastGrant({ grant }: { readonly grant: Grant }): React.JSX.Element {
  const { t } = useTranslation()
  const locale = useLocale()
  const date = (ms: number): string => new Intl.DateTimeFormat(locale, { dateStyle: 'long' }).format(ms)
  return (
    <li className="card grant-card">
      <h3>{nameOf(grant)}</h3>
      <p className="quiet">{t('wallet.since', { date: date(grant.createdAtMs) })}</p>
      {grant.endedAtMs !== null && <p className="quiet">{t(grant.state === 'revoked' ? 'grants.pastRevoked' : 'grants.pastExpired', { date: date(grant.endedAtMs) })}</p>}
      <Spent grant={grant} />
    </li>
  )
}
