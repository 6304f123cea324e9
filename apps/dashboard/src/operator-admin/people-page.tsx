import { Button, SegmentedControl, Switch, TextInput } from '@mantine/core'
import { type FormEvent, useState } from 'react'
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

const pollMs = 15_000

/** Subscribers and publishers; with an id, one of them. */
export function PeoplePage({ id }: { readonly id: string | undefined }): React.JSX.Element {
  const [asked, setAsked] = useState<PeopleAsked>({ role: 'subscriber', text: '', frozen: false, before: undefined })
  return id === undefined ? <PeopleList key={JSON.stringify(asked)} asked={asked} onAsk={setAsked} /> : <PersonPage id={id} />
}

function PeopleList({ asked, onAsk }: { readonly asked: PeopleAsked; readonly onAsk: (asked: PeopleAsked) => void }): React.JSX.Element {
  const { t } = useTranslation()
  const [text, setText] = useState(asked.text)
  const polled = usePolled(() => loadPeople(asked), pollMs)
  const search = (event: FormEvent): void => {
    event.preventDefault()
    onAsk({ ...asked, text: text.trim(), before: undefined })
  }
  return (
    <OperatorPage title={t('admin.people')} polled={polled}>
      {({ people, more }) => (
        <section className="card" aria-label={t('admin.people')}>
          <form className="payouts-tools" role="search" onSubmit={search}>
            <SegmentedControl aria-label={t('admin.role')} value={asked.role} onChange={(role) => onAsk({ ...asked, role: role === 'publisher' ? 'publisher' : 'subscriber', before: undefined })} data={[{ value: 'subscriber', label: t('admin.subscribers') }, { value: 'publisher', label: t('admin.publishers') }]} />
            <TextInput label={t('admin.search')} maxLength={200} value={text} onChange={(event) => setText(event.currentTarget.value)} />
            <Switch label={t('admin.frozenOnly')} checked={asked.frozen} onChange={(event) => onAsk({ ...asked, frozen: event.currentTarget.checked, before: undefined })} />
            <Button type="submit" variant="default">
              {t('admin.find')}
            </Button>
          </form>
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
