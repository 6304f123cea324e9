import { SegmentedControl, Switch } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { formatMoney } from '../amounts.ts'
import { Empty } from '../look/notice.tsx'
import { OperatorPage } from '../operator-payouts/operator-page.tsx'
import '../payouts/payouts.css'
import { usePolled } from '../use-polled.ts'
import { useLocale } from '../words/words.ts'
import { type Listed, loadPeople, type PeopleAsked } from './admin-api.ts'
import { Pages } from './audit-page.tsx'
import { PersonPage } from './person-page.tsx'
import { SearchRow } from './search-row.tsx'

const pollMs = 15_000

/** Subscribers and publishers; with an id, one of them. */
export function PeoplePage({ id }: { readonly id: string | undefined }): React.JSX.Element {
  const [asked, setAsked] = useState<PeopleAsked>({ role: 'subscriber', text: '', frozen: false, before: undefined })
  return id === undefined ? <PeopleList key={JSON.stringify(asked)} asked={asked} onAsk={setAsked} /> : <PersonPage id={id} />
}

function PeopleList({ asked, onAsk }: { readonly asked: PeopleAsked; readonly onAsk: (asked: PeopleAsked) => void }): React.JSX.Element {
  const { t } = useTranslation()
  const polled = usePolled(() => loadPeople(asked), pollMs)
  const ask = (change: Partial<PeopleAsked>): void => onAsk({ ...asked, before: undefined, ...change })
  return (
    <OperatorPage title={t('admin.people')} polled={polled}>
      {({ people, more }) => (
        <section className="card" aria-label={t('admin.people')}>
          <SearchRow label={t('admin.search')} given={asked.text} onFind={(text) => ask({ text })}>
            {(text) => (
              <>
                <SegmentedControl aria-label={t('admin.role')} value={asked.role} onChange={(role) => ask({ text, role: role === 'publisher' ? 'publisher' : 'subscriber' })} data={[{ value: 'subscriber', label: t('admin.subscribers') }, { value: 'publisher', label: t('admin.publishers') }]} />
                <Switch label={t('admin.frozenOnly')} checked={asked.frozen} onChange={(event) => ask({ text, frozen: event.currentTarget.checked })} />
              </>
            )}
          </SearchRow>
          {people.length === 0 ? (
            <Empty title={t('admin.peopleEmpty')} why={t('admin.peopleEmptyWhy')} />
          ) : (
            <ul className="rows">
              {people.map((person) => (
                <Line key={person.id} person={person} />
              ))}
            </ul>
          )}
          <Pages first={asked.before === undefined} last={more ? people.at(-1)?.id : undefined} onBefore={(before) => onAsk({ ...asked, before })} />
        </section>
      )}
    </OperatorPage>
  )
}

function Line({ person }: { readonly person: Listed }): React.JSX.Element {
  const { t } = useTranslation()
  const locale = useLocale()
  const { id, name, email, balance, frozen } = person
  return (
    <li className="row payout-row">
      <div className="row-main">
        <p className="row-title">
          <a href={`/people/${id}`}>{name}</a>
        </p>
        <p className="quiet payout-note">{email}</p>
      </div>
      {frozen !== null && <p className="payout-status payout-bad">{t('admin.frozen')}</p>}
      {balance !== null && <p className="row-amount">{formatMoney(balance.posted, { code: balance.assetCode, scale: balance.assetScale }, locale, 2)}</p>}
    </li>
  )
}
