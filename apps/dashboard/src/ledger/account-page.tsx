import { Button, TextInput } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { ApiFault } from '../api.ts'
import { formatMoney } from '../amounts.ts'
import { Figure } from '../look/figure.tsx'
import { Empty, FaultAlert } from '../look/notice.tsx'
import { OperatorPage } from '../operator-payouts/operator-page.tsx'
import { usePolled } from '../use-polled.ts'
import { useLocale } from '../words/words.ts'
import { type LedgerAccount, loadAccount, loadBalanceAt, withOperator } from './ledger-api.ts'
import { Pages } from './pages.tsx'
import { TransferRows } from './transfer-rows.tsx'

const pollMs = 5_000

/** One account: its counters, what it has, what it had, and its transfers from the newest on. */
export function AccountPage({ id }: { readonly id: string }): React.JSX.Element {
  const [before, setBefore] = useState<string>()
  return <AccountAt key={before} id={id} before={before} onBefore={setBefore} />
}

function AccountAt({ id, before, onBefore }: { readonly id: string; readonly before: string | undefined; readonly onBefore: (before: string | undefined) => void }): React.JSX.Element {
  const { t } = useTranslation()
  const polled = usePolled(() => withOperator(loadAccount(id, before)), pollMs)
  return (
    <OperatorPage title={polled.value?.value.account.name ?? t('books.account')} polled={polled}>
      {({ value: { account, accrued, transfers, accounts, more } }) => (
        <>
          <p className="quiet ledger-crumb">
            <a href="/ledger">{t('books.title')}</a> · {t(`books.kinds.${account.kind}`)} · <code>{account.id}</code>
          </p>
          <Counters account={account} accrued={accrued} />
          <Then account={account} />
          <section className="card" aria-labelledby="account-transfers">
            <h2 id="account-transfers">{t('books.transfers')}</h2>
            {transfers.length === 0 ? <Empty title={t('books.noTransfers')} /> : <TransferRows transfers={transfers} names={accounts} of={account.id} />}
            <Pages onFirst={before === undefined ? undefined : () => onBefore(undefined)} onNext={more ? () => onBefore(transfers.at(-1)?.id) : undefined} first={t('books.newest')} next={t('books.older')} />
          </section>
        </>
      )}
    </OperatorPage>
  )
}

function Counters({ account, accrued }: { readonly account: LedgerAccount; readonly accrued: bigint }): React.JSX.Element {
  const { t } = useTranslation()
  const locale = useLocale()
  const asset = { code: account.assetCode, scale: account.assetScale }
  const money = (units: bigint): string => formatMoney(units, asset, locale)
  return (
    <dl className="figures">
      <Figure label={t('books.balance')} value={money(account.creditsPosted - account.debitsPosted)} why={t(account.debitsMayExceedCredits ? 'books.overdraft' : 'books.noOverdraft')} />
      <Figure label={t('books.accrued')} value={money(accrued)} why={t('books.accruedWhy')} />
      <Figure label={t('books.creditsPosted')} value={money(account.creditsPosted)} />
      <Figure label={t('books.debitsPosted')} value={money(account.debitsPosted)} />
      <Figure label={t('books.creditsPending')} value={money(account.creditsPending)} />
      <Figure label={t('books.debitsPending')} value={money(account.debitsPending)} />
    </dl>
  )
}

/** What the account had at a time. */
function Then({ account }: { readonly account: LedgerAccount }): React.JSX.Element {
  const { t } = useTranslation()
  const locale = useLocale()
  const [when, setWhen] = useState('')
  const [answer, setAnswer] = useState<{ readonly atMs: number; readonly posted: bigint }>()
  const [fault, setFault] = useState<ApiFault>()
  const asset = { code: account.assetCode, scale: account.assetScale }
  const ask = async (event: React.FormEvent): Promise<void> => {
    event.preventDefault()
    const atMs = new Date(when).getTime()
    if (Number.isNaN(atMs)) return
    try {
      const { posted } = await loadBalanceAt(account.id, atMs)
      setAnswer({ atMs, posted })
      setFault(undefined)
    } catch (error) {
      if (!(error instanceof ApiFault)) throw error
      setFault(error)
    }
  }
  return (
    <section className="card" aria-labelledby="account-then">
      <h2 id="account-then">{t('books.pastTitle')}</h2>
      <form className="ledger-search" onSubmit={(event) => void ask(event)}>
        <TextInput type="datetime-local" step={1} label={t('books.pastWhen')} value={when} onChange={(event) => setWhen(event.currentTarget.value)} required />
        <Button type="submit" variant="default">
          {t('books.pastAsk')}
        </Button>
      </form>
      {fault !== undefined && <FaultAlert fault={fault} />}
      {answer !== undefined && (
        <p role="status">
          {t('books.pastWas', { time: new Intl.DateTimeFormat(locale, { dateStyle: 'long', timeStyle: 'medium' }).format(answer.atMs), amount: formatMoney(answer.posted, asset, locale) })}
        </p>
      )}
    </section>
  )
}
