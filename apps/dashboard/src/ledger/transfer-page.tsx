import { Button } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { formatMoney } from '../amounts.ts'
import { OperatorPage } from '../operator-payouts/operator-page.tsx'
import { usePolled } from '../use-polled.ts'
import { useLocale } from '../words/words.ts'
import { hashOf } from './chain-hash.ts'
import { type LedgerAccount, loadTransfer, type TransferDetails, withOperator } from './ledger-api.ts'
import { TransferRows } from './transfer-rows.tsx'

const pollMs = 30_000

/** One transfer: both accounts, why, what it belongs to, and its place in the hash chain. */
export function TransferPage({ id }: { readonly id: string }): React.JSX.Element {
  const { t } = useTranslation()
  const locale = useLocale()
  const polled = usePolled(() => withOperator(loadTransfer(id)), pollMs)
  return (
    <OperatorPage title={t('books.transfer')} polled={polled}>
      {({ value: { transfer, debit, credit, sendingStream, chain, sameEntry, accounts } }) => (
        <>
          <p className="quiet ledger-crumb">
            <a href="/ledger">{t('books.title')}</a> · <code>{transfer.id}</code>
          </p>
          <section className="card" aria-label={t('books.transfer')}>
            <p className="ledger-amount">{formatMoney(transfer.amount, { code: debit.assetCode, scale: debit.assetScale }, locale)}</p>
            <dl className="facts">
              <Side label={t('books.debit')} account={debit} />
              <Side label={t('books.credit')} account={credit} />
              <Fact label={t('books.reason')}>{transfer.reason}</Fact>
              <Fact label={t('books.posted')}>{new Intl.DateTimeFormat(locale, { dateStyle: 'full', timeStyle: 'long' }).format(transfer.postedAtMs)}</Fact>
              <Fact label={t('books.key')}>
                <code>{transfer.key}</code>
              </Fact>
              {transfer.stream !== null && (
                <Fact label={t('books.stream')}>{sendingStream === null ? <code>{transfer.stream}</code> : <a href={`/streams/${sendingStream}`}>{sendingStream}</a>}</Fact>
              )}
            </dl>
          </section>
          {sameEntry.length > 0 && (
            <section className="card" aria-labelledby="transfer-entry">
              <h2 id="transfer-entry">{t('books.sameEntry')}</h2>
              <TransferRows transfers={sameEntry} names={accounts} />
            </section>
          )}
          <Chain chain={chain} />
        </>
      )}
    </OperatorPage>
  )
}

function Side({ label, account }: { readonly label: string; readonly account: LedgerAccount }): React.JSX.Element {
  return (
    <Fact label={label}>
      <a href={`/ledger/${account.id}`}>{account.name}</a>
    </Fact>
  )
}

function Fact({ label, children }: { readonly label: string; readonly children: React.ReactNode }): React.JSX.Element {
  return (
    <div>
      <dt>{label}</dt>
      <dd>{children}</dd>
    </div>
  )
}

/** The reader's own browser computes the hash again from what is shown, and need not believe the server. */
function Chain({ chain }: { readonly chain: TransferDetails['chain'] }): React.JSX.Element {
  const { t } = useTranslation()
  const [result, setResult] = useState<'right' | 'wrong'>()
  const recompute = async (): Promise<void> => {
    const hash = chain.previousHash === null ? undefined : await hashOf(chain.previousHash, chain.content)
    setResult(hash === chain.hash ? 'right' : 'wrong')
  }
  return (
    <section className="card" aria-labelledby="transfer-chain">
      <h2 id="transfer-chain">{t('books.chain')}</h2>
      <p className="quiet">{t('books.chainWhy')}</p>
      <dl className="facts">
        <Fact label={t('books.chainPlace')}>
          {String(chain.length)} · <code>{chain.id}</code>
        </Fact>
        <Fact label={t('books.previousHash')}>
          <code>{chain.previousHash ?? t('books.missing')}</code>
        </Fact>
        <Fact label={t('books.content')}>
          <pre tabIndex={0} aria-label={t('books.content')}>{chain.content}</pre>
        </Fact>
        <Fact label={t('books.hash')}>
          <code>{chain.hash}</code>
        </Fact>
      </dl>
      <div className="ledger-pages">
        <Button variant="default" onClick={() => void recompute()}>
          {t('books.recompute')}
        </Button>
        <p role="status" className={result === 'wrong' ? 'payout-bad' : ''}>
          {result !== undefined && t(`books.${result}`)}
        </p>
      </div>
    </section>
  )
}
