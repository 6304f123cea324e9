import { Button } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { ApiFault } from '../api.ts'
import { Empty, FaultAlert } from '../look/notice.tsx'
import { SignedInPage } from '../session/signed-in-page.tsx'
import { usePolled } from '../use-polled.ts'
import { useLocale } from '../words/words.ts'
import { type Grant, loadGrants, revokeGrant } from './grants-api.ts'
import { PastGrants } from './past.tsx'
import { nameOf, Spent } from './spent.tsx'
import { Terms } from './terms.tsx'

const pollMs = 5_000

/** What a person has agreed to: each app, its limits, what it has spent, and a way to take it back. */
export function Grants({ entrance }: { readonly entrance: 'wallet' | 'publisher' }): React.JSX.Element {
  const { t } = useTranslation()
  const polled = usePolled(loadGrants, pollMs)
  const [said, setSaid] = useState('')
  return (
    <SignedInPage entrance={entrance} maySignUp={false} title={t('grants.title')} polled={polled}>
      {({ grants }, reload) => (
        <>
          <p className="quiet">{t('grants.why')}</p>
          <p className="unseen" role="status">
            {said}
          </p>
          {grants.length === 0 ? (
            <section className="card">
              <Empty title={t('grants.empty')} why={t('grants.emptyWhy')} />
            </section>
          ) : (
            <ul className="grant-list">
              {grants.map((grant) => (
                <GrantCard
                  key={grant.id}
                  grant={grant}
                  onRevoked={async () => {
                    setSaid(t('grants.revoked', { name: nameOf(grant) }))
                    await reload()
                  }}
                />
              ))}
            </ul>
          )}
          <PastGrants key={said} />
        </>
      )}
    </SignedInPage>
  )
}

function GrantCard({ grant, onRevoked }: { readonly grant: Grant; readonly onRevoked: () => Promise<void> }): React.JSX.Element {
  const { t } = useTranslation()
  const locale = useLocale()
  const [asked, setAsked] = useState(false)
  const [busy, setBusy] = useState(false)
  const [fault, setFault] = useState<ApiFault>()
  const name = nameOf(grant)

  const revoke = async (): Promise<void> => {
    setBusy(true)
    setFault(undefined)
    try {
      await revokeGrant(grant.id)
      await onRevoked()
    } catch (error) {
      if (!(error instanceof ApiFault)) throw error
      setFault(error)
      setBusy(false)
    }
  }

  return (
    <li className="card grant-card">
      <h2>{name}</h2>
      <p className="quiet">{t('wallet.since', { date: new Intl.DateTimeFormat(locale, { dateStyle: 'long' }).format(grant.createdAtMs) })}</p>
      <Spent grant={grant} />
      <Terms terms={grant} />
      {fault !== undefined && <FaultAlert fault={fault} />}
      {asked ? (
        <div className="row-actions">
          <p className="quiet">{t('grants.revokeSure', { name })}</p>
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
