import { NativeSelect } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { formatMoney } from '../amounts.ts'
import { Empty } from '../look/notice.tsx'
import { SearchRow } from '../operator-admin/search-row.tsx'
import { OperatorPage } from '../operator-payouts/operator-page.tsx'
import '../payouts/payouts.css'
import { usePolled } from '../use-polled.ts'
import { useLocale } from '../words/words.ts'
import { AccountPage } from './account-page.tsx'
import { accountKinds, type AccountsQuery, loadAccounts, withOperator } from './ledger-api.ts'
import './ledger.css'
import { Pages } from './pages.tsx'
import { TransferPage } from './transfer-page.tsx'

const pollMs = 10_000

/** `/ledger` lists the accounts, `/ledger/acct_x` is an account, `/ledger/xfer_x` a transfer: an id says what it is of. */
export function LedgerPage({ id }: { readonly id: string | undefined }): React.JSX.Element {
  if (id === undefined) return <Accounts />
  return id.startsWith('xfer_') ? <TransferPage id={id} /> : <AccountPage id={id} />
}

function Accounts(): React.JSX.Element {
  const [query, setQuery] = useState<AccountsQuery>({ text: '', kind: '', after: '' })
  return <AccountList key={`${query.kind} ${query.after} ${query.text}`} query={query} onQuery={setQuery} />
}

/** An id is opened at once, whatever it is of; everything else is looked for in the names. */
function destinationOf(text: string): string | undefined {
  if (/^(acct|xfer)_[0-9a-z]{26}$/.test(text)) return `/ledger/${text}`
  return /^strm_[0-9a-z]{26}$/.test(text) ? `/streams/${text}` : undefined
}

function AccountList({ query, onQuery }: { readonly query: AccountsQuery; readonly onQuery: (query: AccountsQuery) => void }): React.JSX.Element {
  const { t } = useTranslation()
  const locale = useLocale()
  const polled = usePolled(() => withOperator(loadAccounts(query)), pollMs)
  const find = (text: string): void => {
    const destination = destinationOf(text)
    if (destination === undefined) onQuery({ ...query, text, after: '' })
    else location.assign(destination)
  }
  return (
    <OperatorPage title={t('books.title')} polled={polled}>
      {({ value: { accounts, more } }) => (
        <>
          <SearchRow label={t('books.search')} why={t('books.searchWhy')} given={query.text} onFind={find}>
            {(text) => (
              <NativeSelect
                label={t('books.kind')}
                value={query.kind}
                onChange={(event) => onQuery({ text, after: '', kind: accountKinds.find((kind) => kind === event.currentTarget.value) ?? '' })}
                data={[{ value: '', label: t('books.anyKind') }, ...accountKinds.map((kind) => ({ value: kind, label: t(`books.kinds.${kind}`) }))]}
              />
            )}
          </SearchRow>
          <section className="card" aria-label={t('books.accounts')}>
            {accounts.length === 0 ? (
              <Empty title={t('books.none')} why={t('books.noneWhy')} />
            ) : (
              <ul className="rows">
                {accounts.map((account) => {
                  const asset = { code: account.assetCode, scale: account.assetScale }
                  return (
                    <li key={account.id} className="row">
                      <div className="row-main">
                        <p className="row-title">
                          <a href={`/ledger/${account.id}`}>{account.name}</a>
                        </p>
                        <p className="quiet">
                          {t(`books.kinds.${account.kind}`)}
                          {account.debitsPending > 0n && ` · ${t('books.held', { amount: formatMoney(account.debitsPending, asset, locale) })}`}
                        </p>
                      </div>
                      <p className="row-amount">{formatMoney(account.creditsPosted - account.debitsPosted, asset, locale)}</p>
                    </li>
                  )
                })}
              </ul>
            )}
            <Pages onFirst={query.after === '' ? undefined : () => onQuery({ ...query, after: '' })} onNext={more ? () => onQuery({ ...query, after: accounts.at(-1)?.name ?? '' }) : undefined} next={t('books.next')} first={t('books.first')} />
          </section>
        </>
      )}
    </OperatorPage>
  )
}
